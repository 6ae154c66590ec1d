// Reads what has been stated about players, for people: the API of owners, and the command line.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { bucketOf } from '../ids.ts';
import type { Instant } from '../time.ts';
import type { Statement } from './cohorts.ts';

/** A person's statements, under any of its players, of one cohort or of all, oldest first. Of a player nobody has heard of: none. */
export async function readStatements(db: Db, userId: string, cohortId?: string): Promise<Statement[]> {
  const { rows } = await reading(() =>
    sql<{ cohort_id: string; valid_from: Instant; member: boolean }>`
      select m.cohort_id, m.valid_from, bool_and(m.member) as member
        from milepost.accounts_of(p_bucket => ${bucketOf(userId)}::smallint, p_user_id => ${userId}) as p
        join milepost.cohort_membership m on m.bucket = p.bucket and m.player_id = p.player_id
       where ${cohortId ?? null}::text is null or m.cohort_id = ${cohortId ?? null}
       group by m.cohort_id, m.valid_from
       order by m.cohort_id, m.valid_from`.execute(db.query),
  );
  return rows.map(({ cohort_id, valid_from, member }) => ({ cohortId: cohort_id, from: valid_from, member }));
}
