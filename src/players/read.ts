// Reads whether players are one person with others, for people. Reads only.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { bucketOf } from '../ids.ts';
import type { Instant } from '../time.ts';

/** A player, as a person sees them. */
export interface PersonOf {
  userId: string;
  /** How often the player's person has changed. */
  merges: number;
  /** Who counts for the player: itself, unless it was merged. */
  owner: string;
  /** When it was merged. */
  mergedAt: Instant | null;
  /** Those for whom the player counts besides itself. */
  accounts: string[];
}

/** Undefined for a player of whom nothing has come. */
export async function readPerson(db: Db, userId: string): Promise<PersonOf | undefined> {
  const { rows } = await reading(() =>
    sql<{ merges: number; owner: string | null; merged_at: Instant | null; accounts: string[] }>`
    select p.merges, w.user_id as owner, o.merged_at,
           array(select u.user_id from milepost.player_owner m join milepost.player u on u.bucket = m.bucket and u.player_id = m.player_id
                  where m.owner_bucket = p.bucket and m.owner_id = p.player_id order by u.user_id) as accounts
      from milepost.player p
      left join milepost.player_owner o on o.bucket = p.bucket and o.player_id = p.player_id
      left join milepost.player w on w.bucket = o.owner_bucket and w.player_id = o.owner_id
     where p.bucket = ${bucketOf(userId)} and p.user_id = ${userId}`.execute(db.query),
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  const { merges, owner, merged_at, accounts } = found;
  return { userId, merges, owner: owner ?? userId, mergedAt: merged_at, accounts };
}

/** The ids of all accounts of a player's person, its own among them; none for a player of whom nothing has come. */
export async function accountsOf(db: Db, userId: string): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select a.user_id from milepost.accounts_of(p_bucket => ${bucketOf(userId)}::smallint, p_user_id => ${userId}) as a`.execute(
    db.query,
  );
  return rows.map(({ user_id }) => user_id);
}
