// milepost verify
import { readConfig } from '../config.ts';
import { verify } from '../engine/verify.ts';
import { withDatabase } from './database.ts';
import { exitCodes, print, table } from './output.ts';

export async function runVerify(options: { json?: boolean }): Promise<void> {
  const differences = await withDatabase(readConfig(), 'milepost_support', verify);
  if (differences.length > 0) process.exitCode = exitCodes.notRight;
  print(options, { agree: differences.length === 0, differences }, () =>
    differences.length === 0
      ? 'The books agree.'
      : table(
          ['CHECK', 'PLAYER', 'SUBJECT', 'EXPECTED', 'FOUND'],
          differences.map(({ check, user_id, subject, expected, found }) => [check, user_id, subject, expected, found]),
        ),
  );
}
