// Identities of events that are older than they are kept, with what is known of nothing but them. They go in small statements, while batches go on; a run
// that is broken off leaves the rest to the next. A reversal that still waits has waited in vain then: its wait ends, and it stays listed for a while.
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Prunes the identities of what was received before an instant, and of no day whose payloads are still there. Every batch that begins from now on has to know
 * already that they may be gone (src/definitions/forget.ts). Returns how many went, and how many reversals wait no longer. Works as milepost_retention.
 */
export async function pruneEventKeys(
  db: Db,
  before: Instant,
  signal?: AbortSignal,
): Promise<{ pruned: number; ended: number }> {
  await endOfBatches(db);
  const { rows } = await db.pool.query<{ oldest: Instant | null; before: Instant }>(
    `select (select min(received_at) from milepost.event_key where received_at < $1) as oldest,
            least($1::timestamptz, (select min(day)::timestamp at time zone 'UTC' from milepost_dba.inbox_partition)) as before`,
    [formatInstant(before)],
  );
  const { oldest, before: until } = rows[0] as (typeof rows)[number];
  let [pruned, ended] = [0, 0];
  // Slices of time get shorter where there is more than one statement takes: of a slice, what went is looked through again.
  let slice = DAY_MS;
  for (let from = oldest ?? until; from < until && signal?.aborted !== true; ) {
    const to = Math.min(from + slice, until);
    const some = await pruneSome(db, from, to, until - limits.endedWaitMs);
    pruned += some.pruned;
    ended += some.ended;
    const full = some.pruned === limits.prunedKeys || some.ended === limits.prunedKeys;
    slice = full ? Math.max(slice / 2, 1_000) : Math.min(slice * 2, DAY_MS);
    if (!full) from = to;
  }
  return { pruned, ended };
}

/** Waits until the batches of this moment have ended, bucket by bucket: one that began before may count what it does not know. */
async function endOfBatches(db: Db): Promise<void> {
  for (let bucket = 0; bucket < limits.buckets; bucket++) {
    await db.pool.query('select pg_advisory_xact_lock(77001, $1)', [bucket]);
  }
}

async function pruneSome(
  db: Db,
  from: Instant,
  until: Instant,
  listedFrom: Instant,
): Promise<{ pruned: number; ended: number }> {
  return transaction(db, async ({ client }) => {
    // What it names occurred before it, and so before the instant from which identities are kept. Were it to come all the same, it would be netted.
    const { rowCount: ended } = await client.query(
      `with ended as (
         update milepost.event_key set outcome = 'reversed', reason = 'original_gone'
          where ctid = any (array(select ctid from milepost.event_key
                                   where received_at >= $1 and received_at < $2 and outcome = 'waiting' limit $3))
            and outcome = 'waiting'
         returning bucket, player_id, event_no
       )
       update milepost.ruling r set waiting = false from ended as e
        where r.bucket = e.bucket and r.player_id = e.player_id and r.event_no = e.event_no`,
      [formatInstant(from), formatInstant(until), limits.prunedKeys],
    );
    const { rows } = await client.query<{ bucket: number; player_id: string; event_no: string }>(
      // A row that is written anew meanwhile is left for the next run.
      `delete from milepost.event_key
        where ctid = any (array(select ctid from milepost.event_key
                                 where received_at >= $1 and received_at < $2 and (received_at < $4 or reason is distinct from 'original_gone')
                                   and outcome <> 'waiting' limit $3))
          and received_at >= $1 and received_at < $2
       returning bucket, player_id, event_no`,
      [formatInstant(from), formatInstant(until), limits.prunedKeys, formatInstant(listedFrom)],
    );
    const columns = [rows.map((row) => row.bucket), rows.map((row) => row.player_id), rows.map((row) => row.event_no)];
    for (const table of ['event_failure', 'event_conflict', 'event_rejudged']) {
      await client.query(
        `delete from milepost.${table} t using unnest($1::smallint[], $2::bigint[], $3::bigint[]) as k(bucket, player_id, event_no)
          where t.bucket = k.bucket and t.player_id = k.player_id and t.event_no = k.event_no`,
        columns,
      );
    }
    return { pruned: rows.length, ended: ended ?? 0 };
  });
}
