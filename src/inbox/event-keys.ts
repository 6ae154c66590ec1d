// Identities of events that are older than they are kept, with what is known of nothing but them. They go in small statements, while batches go on; a run
// that is broken off leaves the rest to the next.
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Prunes the identities of what was received before an instant, and of no day whose payloads are still there. Every batch that begins from now on has to know
 * already that they may be gone (src/definitions/forget.ts). Returns how many went. Works as milepost_retention.
 */
export async function pruneEventKeys(db: Db, before: Instant, signal?: AbortSignal): Promise<number> {
  await endOfBatches(db);
  const { rows } = await db.pool.query<{ oldest: Instant | null; before: Instant }>(
    `select (select min(received_at) from milepost.event_key where received_at < $1) as oldest,
            least($1::timestamptz, (select min(day)::timestamp at time zone 'UTC' from milepost_dba.inbox_partition)) as before`,
    [formatInstant(before)],
  );
  const { oldest, before: until } = rows[0] as (typeof rows)[number];
  let pruned = 0;
  // Slices of time get shorter where there is more than one statement takes: of a slice, what went is looked through again.
  let slice = DAY_MS;
  for (let from = oldest ?? until; from < until && signal?.aborted !== true; ) {
    const to = Math.min(from + slice, until);
    const some = await pruneSome(db, from, to);
    pruned += some;
    const full = some === limits.prunedKeys;
    slice = full ? Math.max(slice / 2, 1_000) : Math.min(slice * 2, DAY_MS);
    if (!full) from = to;
  }
  return pruned;
}

/** Waits until the batches of this moment have ended, bucket by bucket: one that began before may count what it does not know. */
async function endOfBatches(db: Db): Promise<void> {
  for (let bucket = 0; bucket < limits.buckets; bucket++) {
    await db.pool.query('select pg_advisory_xact_lock(77001, $1)', [bucket]);
  }
}

async function pruneSome(db: Db, from: Instant, until: Instant): Promise<number> {
  return transaction(db, async ({ client }) => {
    const { rows } = await client.query<{ bucket: number; player_id: string; event_no: string }>(
      // A row that is written anew meanwhile is left for the next run.
      `delete from milepost.event_key
        where ctid = any (array(select ctid from milepost.event_key where received_at >= $1 and received_at < $2 limit $3))
          and received_at >= $1 and received_at < $2
       returning bucket, player_id, event_no`,
      [formatInstant(from), formatInstant(until), limits.prunedKeys],
    );
    const columns = [rows.map((row) => row.bucket), rows.map((row) => row.player_id), rows.map((row) => row.event_no)];
    for (const table of ['event_failure', 'event_conflict', 'event_rejudged']) {
      await client.query(
        `delete from milepost.${table} t using unnest($1::smallint[], $2::bigint[], $3::bigint[]) as k(bucket, player_id, event_no)
          where t.bucket = k.bucket and t.player_id = k.player_id and t.event_no = k.event_no`,
        columns,
      );
    }
    return rows.length;
  });
}
