// milepost players export: what is stored of a player, as one document.
import { readConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { exportPlayer } from '../explain/export.ts';
import { withDatabase } from './database.ts';

export async function exportPlayerData(userId: string): Promise<void> {
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => exportPlayer(db, userId));
  if (found === undefined) throw new UserError(`there is no player ${JSON.stringify(userId)}`);
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  if (found.left_out.length > 0) {
    process.stderr.write(`left out, since support may not read it: ${found.left_out.join(', ')}\n`);
  }
}
