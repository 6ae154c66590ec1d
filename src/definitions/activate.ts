// Activates config versions. A version is immutable; activating the same configuration again changes nothing.
import { sql } from 'kysely';
import type { Tx } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { forbiddenChanges, type GameConfig, gameSchema, prepareGame } from '../games/config.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

export interface Activation {
  gameId: string;
  version: number;
  inForceFrom: Instant;
  /** False when this configuration is the newest version already. */
  changed: boolean;
}

/**
 * Activates a checked game. The first version is in force from its window's start, a later one 2 seconds after now (the database's clock).
 * `text` is kept as the owner wrote it; `by` and `reason` go on record.
 * @throws UserError when the window has begun and the version changes what players have been told.
 */
export async function activateGame(
  tx: Tx,
  game: { config: GameConfig; text: string; file: string; by: string; reason: string },
): Promise<Activation> {
  const { config } = game;
  // Raised first: it serialises activations, and whoever reads the new epoch sees the version too, as both commit together.
  await tx.query
    .updateTable('definitions')
    .set((eb) => ({ epoch: eb('epoch', '+', '1') }))
    .execute();
  const { game_no } = await tx.query
    .insertInto('game')
    .values({ game_id: config.game_id })
    .onConflict((conflict) => conflict.column('game_id').doUpdateSet({ game_id: config.game_id }))
    .returning('game_no')
    .executeTakeFirstOrThrow();
  const newest = await tx.query
    .selectFrom('game_version')
    .select(['version', 'config', 'in_force_from'])
    .where('game_no', '=', game_no)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  const clock = await sql<{ now: Instant }>`select clock_timestamp() as now`.execute(tx.query);
  const now = clock.rows[0]?.now as Instant;

  if (newest !== undefined) {
    const before = gameSchema.parse(newest.config);
    if (JSON.stringify(before) === JSON.stringify(config)) {
      return { gameId: config.game_id, version: newest.version, inForceFrom: newest.in_force_from, changed: false };
    }
    const begun = prepareGame(before, { gameNo: game_no, version: newest.version, inForceFrom: 0 }).windowStart <= now;
    const forbidden = begun ? forbiddenChanges(before, config) : [];
    if (forbidden.length > 0) {
      throw new UserError(`${game.file}: ${config.game_id} cannot change like this while its window runs`, forbidden);
    }
  }

  const version = (newest?.version ?? 0) + 1;
  const prepared = prepareGame(config, { gameNo: game_no, version, inForceFrom: 0 });
  const inForceFrom = newest === undefined ? prepared.windowStart : now + limits.activationDelayMs;
  await tx.query
    .insertInto('game_version')
    .values({
      game_no,
      version,
      in_force_from: formatInstant(inForceFrom),
      config: JSON.stringify(config),
      source_text: game.text,
      activated_at: formatInstant(now),
      activated_by: game.by,
      reason: game.reason,
    })
    .execute();
  return { gameId: config.game_id, version, inForceFrom, changed: true };
}
