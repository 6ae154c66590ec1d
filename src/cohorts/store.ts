// Cohort memberships: who belongs to which cohort, and when. The engine reads them as of each event's occurred_at.
import { sql } from 'kysely';
import type { Tx } from '../db/transaction.ts';
import { bucketOf } from '../ids.ts';
import { formatInstant, type Instant } from '../time.ts';

/**
 * Adds players to a cohort from an instant on, with no end. Players that are members at that instant stay as they are, so that repeating is harmless.
 * Returns the players that became members, as [bucket, player_id]; their projections are due for a refresh.
 */
export async function addMembers(
  tx: Tx,
  cohortId: string,
  userIds: readonly string[],
  from: Instant,
): Promise<[number, string][]> {
  const players = [...new Set(userIds)]
    .map((userId) => ({ userId, bucket: bucketOf(userId) }))
    .sort((a, b) => a.bucket - b.bucket || (a.userId < b.userId ? -1 : 1));
  const added = await sql<{ bucket: number; player_id: string }>`
    with wanted as (
      select u.bucket, u.player_id
        from unnest(
               ${players.map(({ bucket }) => bucket)}::smallint[],
               milepost.players_of(${players.map(({ bucket }) => bucket)}::smallint[], ${players.map(({ userId }) => userId)}::text[])
             ) as u(bucket, player_id)
    )
    insert into milepost.cohort_membership (bucket, player_id, cohort_id, valid_from)
    select w.bucket, w.player_id, ${cohortId}, ${formatInstant(from)}
      from wanted w
     where not exists (
       select 1 from milepost.cohort_membership m
        where m.bucket = w.bucket and m.player_id = w.player_id and m.cohort_id = ${cohortId}
          and m.valid_from <= ${formatInstant(from)} and ${formatInstant(from)} < m.valid_to
     )
    on conflict do nothing
    returning bucket, player_id`.execute(tx.query);
  return added.rows.map(({ bucket, player_id }) => [bucket, player_id]);
}
