// Rebuilds progress from the ledgers: folds all credits again, a few players at a time, and puts right what is not the fold. Besides batches the one
// writer of game state, and by their rules: under the lock of the bucket, in one short transaction, so that consumers go on meanwhile
// (docs/decisions/0026). It adds nothing to a ledger: no credit, no claim, no payment. How far it is stands in the database, so it can be gone on with.
import type { Db } from '../db/connect.ts';
import { arrayOf, arrayOfJson, callFunction } from '../db/sql-function.ts';
import { type Tx, transaction } from '../db/transaction.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import { UserError } from '../errors.ts';
import type { Json } from '../event/event.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type Folded, refold } from './refold.ts';

/** A row of progress that was not what the credits add up to. */
export interface RebuildChange {
  user_id: string;
  game_no: number;
  window_start: Instant;
  /** Null where there was no row. */
  before: Json;
  after: Json;
}

export interface RebuildReport {
  players: number;
  windows: number;
  changed: number;
  /** The first changes, as many as were asked for. */
  changes: RebuildChange[];
  /** Of everything, also of what an earlier run had done: what the ledgers add up to, and what stands in progress. */
  checksums: { expected: string; stored: string };
  /** Whether an earlier run that had not ended was gone on with. */
  resumed: boolean;
}

export interface RebuildOptions {
  /** Nothing is written; only what would be is told. */
  dryRun: boolean;
  by: string;
  reason: string;
  shown: number;
  /** Hears how far it is, after each few players. */
  progress?: (at: { bucket: number; players: number; changed: number }) => void;
  /** Lets the projection forget these players; it fills itself in again. */
  forget?: ((userIds: readonly string[]) => Promise<void>) | undefined;
}

interface Position {
  bucket: number;
  playerId: string;
}

/** `db` works as milepost_ingest. One rebuild at a time; one that was cut short is gone on with by the next call. */
export async function rebuild(db: Db, options: RebuildOptions): Promise<RebuildReport> {
  const { dryRun, progress = () => {}, forget = async () => {} } = options;
  const run = dryRun ? undefined : await openRun(db, options);
  const report: RebuildReport = {
    ...{ players: 0, windows: 0, changed: 0, changes: [] },
    checksums: { expected: '0', stored: '0' },
    resumed: run?.resumed ?? false,
  };
  let sums: readonly [expected: bigint, stored: bigint] = [0n, 0n];
  let position = run?.position ?? { bucket: 0, playerId: '0' };
  let definitions = await loadDefinitions(db);
  while (position.bucket < limits.buckets) {
    const from = position;
    const done = await transaction(db, (tx) => rebuildSome(tx, from, definitions, run?.rebuildNo));
    if (done === 'reload') {
      definitions = await loadDefinitions(db);
      continue;
    }
    position = done.position;
    report.players += done.users.length;
    report.windows += done.windows;
    report.changed += done.changes.length;
    report.changes.push(...done.changes.slice(0, options.shown - report.changes.length));
    sums = [sums[0] + done.expected, sums[1] + done.stored];
    if (!dryRun && done.users.length > 0) await forget(done.users);
    progress({ bucket: from.bucket, players: report.players, changed: report.changed });
  }
  report.checksums = { expected: String(sums[0]), stored: String(sums[1]) };
  if (run !== undefined) report.checksums = await closeRun(db, run.rebuildNo);
  return report;
}

/** The rebuild that has not ended, or a new one. */
async function openRun(
  db: Db,
  { by, reason }: RebuildOptions,
): Promise<{ rebuildNo: string; position: Position; resumed: boolean }> {
  return transaction(db, async (tx) => {
    const { rows: open } = await tx.client.query<{ rebuild_no: string; bucket: number; player_id: string }>(
      'select rebuild_no, bucket, player_id from milepost.rebuild where ended_at is null for update',
    );
    const [found] = open;
    if (found !== undefined) {
      const position = { bucket: found.bucket, playerId: found.player_id };
      return { rebuildNo: found.rebuild_no, position, resumed: true };
    }
    const { rows } = await tx.client.query<{ rebuild_no: string }>(
      `insert into milepost.rebuild (started_by, reason, started_at, updated_at) values ($1, $2, clock_timestamp(), clock_timestamp())
       returning rebuild_no`,
      [by, reason],
    );
    return { rebuildNo: rows[0]?.rebuild_no as string, position: { bucket: 0, playerId: '0' }, resumed: false };
  });
}

async function closeRun(db: Db, rebuildNo: string): Promise<RebuildReport['checksums']> {
  return transaction(db, async (tx) => {
    await tx.client.query('update milepost.rebuild set ended_at = clock_timestamp() where rebuild_no = $1', [
      rebuildNo,
    ]);
    const { rows } = await tx.client.query<RebuildReport['checksums']>(
      `select coalesce(sum(expected), 0)::text as expected, coalesce(sum(stored), 0)::text as stored
         from milepost.rebuild_bucket where rebuild_no = $1`,
      [rebuildNo],
    );
    return rows[0] as RebuildReport['checksums'];
  });
}

interface Done {
  position: Position;
  users: string[];
  windows: number;
  changes: RebuildChange[];
  expected: bigint;
  stored: bigint;
}

/** The next players of a bucket, under its lock; `reload` when a game has changed meanwhile. Writes only as part of a run. */
async function rebuildSome(
  tx: Tx,
  from: Position,
  definitions: Definitions,
  rebuildNo: string | undefined,
): Promise<Done | 'reload'> {
  // Statements that begin after this see what committed before whoever held it let go.
  await tx.client.query('select pg_advisory_xact_lock(77001, $1)', [from.bucket]);
  const { rows: epochs } = await tx.client.query<{ epoch: string }>('select epoch from milepost.definitions');
  if (Number(epochs[0]?.epoch ?? 0) !== definitions.epoch) return 'reload';

  const { rows: players } = await tx.client.query<{ player_id: string; user_id: string }>(
    'select player_id, user_id from milepost.player where bucket = $1 and player_id > $2 order by player_id limit $3',
    [from.bucket, from.playerId, limits.rebuildPlayers],
  );
  const last = players.at(-1);
  const to: Position =
    last === undefined ? { bucket: from.bucket + 1, playerId: '0' } : { bucket: from.bucket, playerId: last.player_id };
  const done: Done = { position: to, users: [], windows: 0, changes: [], expected: 0n, stored: 0n };
  if (last !== undefined) await rebuildPlayers(tx, from, last.player_id, players, definitions, rebuildNo, done);
  if (rebuildNo !== undefined) await record(tx, rebuildNo, from, done);
  return done;
}

async function rebuildPlayers(
  tx: Tx,
  { bucket, playerId: after }: Position,
  to: string,
  players: readonly { player_id: string; user_id: string }[],
  definitions: Definitions,
  rebuildNo: string | undefined,
  done: Done,
): Promise<void> {
  const users = new Map(players.map(({ player_id, user_id }) => [player_id, user_id]));
  const folds: Folded[] = [];
  const folded = (fold: Folded) => folds.push(fold);
  await refold(tx.client, definitions, () => {}, { folded, part: { bucket, after, to } });
  const columns = [
    { name: 'p_player_id', type: 'bigint[]', value: arrayOf(folds.map(({ player_id }) => player_id)) },
    { name: 'p_game_no', type: 'integer[]', value: arrayOf(folds.map(({ game_no }) => game_no)) },
    { name: 'p_window_start', type: 'bigint[]', value: arrayOf(folds.map(({ window_start }) => window_start)) },
    { name: 'p_value', type: 'bigint[]', value: arrayOf(folds.map(({ value }) => value)) },
    { name: 'p_cleared', type: 'bigint[]', value: arrayOf(folds.map(({ cleared }) => cleared)) },
    {
      name: 'p_state',
      type: 'jsonb[]',
      value: arrayOfJson(folds.map(({ state }) => (state === null ? null : JSON.stringify(state)))),
      joined: true as const,
    },
  ];
  const changed = await callFunction<{
    player_id: string;
    game_no: number;
    window_start: Instant;
    progress_before: Json;
    progress_after: Json;
  }>(tx, 'rebuild_progress', [
    { name: 'p_bucket', type: 'smallint', value: bucket },
    ...columns,
    { name: 'p_write', type: 'boolean', value: String(rebuildNo !== undefined) },
  ]);
  const [sums] = await callFunction<{ expected: string; stored: string }>(tx, 'rebuild_sums', [
    { name: 'p_bucket', type: 'smallint', value: bucket },
    { name: 'p_after', type: 'bigint', value: after },
    { name: 'p_to', type: 'bigint', value: to },
    ...columns,
  ]);
  done.users = [...users.values()];
  done.windows = folds.length;
  done.expected = BigInt(sums?.expected ?? 0);
  done.stored = BigInt(sums?.stored ?? 0);
  done.changes = changed.map(({ player_id, game_no, window_start, progress_before, progress_after }) => ({
    ...{ user_id: users.get(player_id) as string, game_no, window_start },
    ...{ before: progress_before, after: progress_after },
  }));
  if (rebuildNo === undefined || changed.length === 0) return;
  await tx.client.query(
    `insert into milepost.rebuild_change
       (rebuild_no, bucket, player_id, game_no, window_start, progress_before, progress_after, changed_at)
     select $1, $2, c.player_id, c.game_no, c.window_start, c.progress_before, c.progress_after, clock_timestamp()
       from unnest($3::bigint[], $4::integer[], $5::timestamptz[], $6::jsonb[], $7::jsonb[])
         as c(player_id, game_no, window_start, progress_before, progress_after)`,
    [
      rebuildNo,
      bucket,
      changed.map((row) => row.player_id),
      changed.map((row) => row.game_no),
      changed.map((row) => formatInstant(row.window_start)),
      changed.map((row) => (row.progress_before === null ? null : JSON.stringify(row.progress_before))),
      changed.map((row) => JSON.stringify(row.progress_after)),
    ],
  );
  const touched = [...new Set(changed.map(({ player_id }) => player_id))].map((player_id) => [bucket, player_id]);
  await tx.client.query(
    `select milepost.outbox_append(array[$1]::smallint[], array['projection'], array[null]::uuid[], array[$2]::jsonb[], clock_timestamp())`,
    [bucket, JSON.stringify({ players: touched })],
  );
}

/** Writes how far the rebuild is, in the same transaction as what was done. */
async function record(tx: Tx, rebuildNo: string, from: Position, done: Done): Promise<void> {
  const { rowCount } = await tx.client.query(
    `update milepost.rebuild
        set bucket = $4, player_id = $5, players = players + $6, changed = changed + $7, updated_at = clock_timestamp()
      where rebuild_no = $1 and bucket = $2 and player_id = $3 and ended_at is null`,
    [
      ...[rebuildNo, from.bucket, from.playerId, done.position.bucket, done.position.playerId],
      ...[done.users.length, done.changes.length],
    ],
  );
  if (rowCount !== 1) throw new UserError('somebody else goes on with this rebuild at this moment');
  await tx.client.query(
    `insert into milepost.rebuild_bucket as b (rebuild_no, bucket, windows, expected, stored) values ($1, $2, $3, $4, $5)
     on conflict (rebuild_no, bucket) do update
       set windows = b.windows + excluded.windows, expected = b.expected + excluded.expected, stored = b.stored + excluded.stored`,
    [rebuildNo, from.bucket, done.windows, String(done.expected), String(done.stored)],
  );
}
