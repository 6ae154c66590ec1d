// Cohort memberships: who belongs to which cohort, and when. The engine reads them as of each event's occurred_at.
import { sql } from 'kysely';
import type { Tx } from '../db/transaction.ts';
import { bucketOf } from '../ids.ts';
import { appendRefresh } from '../outbox/append.ts';
import { formatInstant, type Instant } from '../time.ts';

/**
 * Adds players (at most limits.refreshPlayers) to a cohort from an instant on, with no end. Players that are members at that instant already stay
 * as they are, so repeating is harmless. Their projections are due for a refresh. Returns how many became members.
 */
export async function addMembers(tx: Tx, cohortId: string, userIds: readonly string[], from: Instant): Promise<number> {
  const players = [...new Set(userIds)]
    .map((userId) => ({ userId, bucket: bucketOf(userId) }))
    .sort((a, b) => a.bucket - b.bucket || (a.userId < b.userId ? -1 : 1));
  const buckets = players.map(({ bucket }) => bucket);
  const ids = players.map(({ userId }) => userId);
  const since = formatInstant(from);
  const added = await sql<{ bucket: number; player_id: string }>`
    insert into milepost.cohort_membership (bucket, player_id, cohort_id, valid_from)
    select w.bucket, w.player_id, ${cohortId}, ${since}
      from unnest(${buckets}::smallint[], milepost.players_of(${buckets}::smallint[], ${ids}::text[])) as w(bucket, player_id)
     where not exists (
       select 1 from milepost.cohort_membership m
        where m.bucket = w.bucket and m.player_id = w.player_id and m.cohort_id = ${cohortId}
          and m.valid_from <= ${since} and ${since} < m.valid_to
     )
    on conflict do nothing
    returning bucket, player_id`.execute(tx.query);
  await appendRefresh(
    tx,
    added.rows.map(({ bucket, player_id }) => [bucket, player_id]),
  );
  return added.rows.length;
}
