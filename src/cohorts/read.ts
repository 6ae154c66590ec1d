// Reads what has been stated about players, for people: the API of owners, and the command line.
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { bucketOf } from '../ids.ts';
import type { Statement } from './cohorts.ts';

/** A player's statements, of one cohort or of all, oldest first. Of a player nobody has heard of: none. */
export async function readStatements(db: Db, userId: string, cohortId?: string): Promise<Statement[]> {
  const rows = await reading(() =>
    db.query
      .selectFrom('player as p')
      .innerJoin('cohort_membership as m', (join) =>
        join.onRef('m.bucket', '=', 'p.bucket').onRef('m.player_id', '=', 'p.player_id'),
      )
      .select(['m.cohort_id', 'm.valid_from', 'm.member'])
      .where('p.bucket', '=', bucketOf(userId))
      .where('p.user_id', '=', userId)
      .$if(cohortId !== undefined, (query) => query.where('m.cohort_id', '=', cohortId as string))
      .orderBy('m.cohort_id')
      .orderBy('m.valid_from')
      .execute(),
  );
  return rows.map(({ cohort_id, valid_from, member }) => ({ cohortId: cohort_id, from: valid_from, member }));
}
