// Everybody who is, or ever was, one person with a player: what stands under one of them may have been decided on what stood under the others. Owns who was
// one person with whom when something was judged. Reads only.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { bucketOf } from '../ids.ts';

/** A player by number and name. */
export interface PlayerName {
  bucket: number;
  player_id: string;
  user_id: string;
}

/** A player's kin: the player first. A player who was never merged has none but itself. */
export interface Kin {
  members: readonly [PlayerName, ...PlayerName[]];
  /** Each merge among them and each undoing of one, in the order in which they were decided. */
  merges: readonly Merging[];
}

interface Merging {
  kind: 'merged' | 'unmerged';
  eventNo: number;
  /** Who was merged, and into whom; by player_id. */
  account: string;
  into: string;
}

/** Undefined for a player of whom nothing has come. */
export async function findKin(db: Db, userId: string): Promise<Kin | undefined> {
  const found = await db.query
    .selectFrom('player')
    .select(['bucket', 'player_id', 'user_id', 'merges'])
    .where('bucket', '=', bucketOf(userId))
    .where('user_id', '=', userId)
    .executeTakeFirst();
  if (found === undefined) return undefined;
  const { merges, ...player } = found;
  return merges === 0 ? { members: [player], merges: [] } : readKin(db, player);
}

export async function readKin(db: Pick<Db, 'query'>, player: PlayerName): Promise<Kin> {
  const { bucket, player_id } = player;
  const { rows } = await sql<{ members: PlayerName[]; merges: Merging[] }>`
    with kin as materialized (select * from milepost.kin_of(${bucket}::smallint, ${player_id}::bigint))
    select
      (select json_agg(json_build_object('bucket', p.bucket, 'player_id', p.player_id::text, 'user_id', p.user_id)
                       order by p.player_id <> ${player_id}::bigint, p.player_id)
         from kin k join milepost.player p on p.bucket = k.bucket and p.player_id = k.player_id) as members,
      (select coalesce(json_agg(json_build_object('kind', m.kind, 'eventNo', m.event_no, 'account', m.player_id::text,
                                                  'into', m.into_player_id::text) order by m.event_no), '[]')
         from kin k join milepost.player_merge m on m.bucket = k.bucket and m.player_id = k.player_id) as merges`.execute(
    db.query,
  );
  const [{ members, merges }] = rows as [{ members: PlayerName[]; merges: Merging[] }];
  return { members: [player, ...members.slice(1)], merges };
}

/** Some players as rows `own(bucket, player_id)` of a statement. */
export function rowsOf(players: readonly PlayerName[]): RawBuilder<unknown> {
  const buckets = players.map(({ bucket }) => bucket);
  const playerIds = players.map(({ player_id }) => player_id);
  return sql`unnest(${buckets}::smallint[], ${playerIds}::bigint[]) as own(bucket, player_id)`;
}

/** Those who were one person with one of the kin before what has this number; without a number, who are so now. Who counted for them comes first. */
export function personAt({ members, merges }: Kin, playerId: string, eventNo = Number.POSITIVE_INFINITY): PlayerName[] {
  const into = new Map<string, string>();
  for (const merge of merges) {
    if (merge.eventNo >= eventNo) break;
    if (merge.kind === 'merged') into.set(merge.account, merge.into);
    else into.delete(merge.account);
  }
  const ownerOf = (id: string): string => {
    const next = into.get(id);
    return next === undefined ? id : ownerOf(next);
  };
  const owner = ownerOf(playerId);
  return members
    .filter(({ player_id }) => ownerOf(player_id) === owner)
    .sort((a, b) => Number(b.player_id === owner) - Number(a.player_id === owner));
}
