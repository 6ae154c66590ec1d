// The facts about a player that the read API renders from: memberships, joins, and per game and window the progress and its claims. Owns their
// form (fields with versions, the same in PostgreSQL's answer and in the projection) and their reading from PostgreSQL. No configuration, no clock.

import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { arrayOf, arrayOfText } from '../db/sql-function.ts';
import type { Json } from '../event/event.ts';
import type { RewardType } from '../event/message.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Claim, ClaimStatus, Join, Membership } from './games.ts';

/** What has become of a claim's payment, as its outbox row says (pending stands for leased, too); null when there is nothing to pay (yet). */
export type Payment = 'pending' | 'done' | 'failed' | 'ambiguous' | 'held' | 'skipped' | 'cancelled' | null;

/** A step that the player has reached. */
export interface ClaimFact {
  step: number;
  earning: number;
  stepType: Claim['stepType'];
  status: ClaimStatus;
  rewardType: RewardType | null;
  /** Of the reward: what was earned, or less where less was left of its budget. */
  amount: number | null;
  claimedAt: Instant;
  /** The config version that judged the event which reached the step. */
  version: number;
  payment: Payment;
  /** How much of the reward was kept back for what the player owed. */
  netted: number;
  /** What the reward would have been, where less was left of its budget. */
  downgradedFrom: number | null;
  /** Of a cookie that was opened: what came out (null: nothing was left), and the config version that says what that is. */
  opening: { version: number; prizeId: string | null } | null;
}

/** A player's standing in one window of one game. */
export interface GameFacts {
  /** Rises with every change of what is here. */
  version: number;
  value: number;
  cleared: number;
  claims: readonly ClaimFact[];
  /** What the archetype keeps beyond the value, as it is stored. Not for players: its strategy says what of it they see. */
  detail: Json;
  /** The last credits that count, newest first; an event that several triggers credited is there more than once. */
  recent: readonly CreditFact[];
}

/** A credit as far as an app needs it to recognise its own event. */
export interface CreditFact {
  /** Null where the event was credited before ids were kept with credits. */
  eventId: string | null;
  paymentId: string | null;
}

export interface PlayerFacts {
  /** What was committed before this instant is in here. */
  asOf: Instant;
  memberships: readonly Membership[];
  joins: readonly Join[];
  /** By `gameField`; a window without any progress is not here. */
  games: ReadonlyMap<string, GameFacts>;
}

/** One fact under a name; the greater version is the newer fact. */
export interface Field {
  name: string;
  version: number;
  /** JSON; see db/functions/games/player_facts.sql. */
  fact: string | null;
}

export const AS_OF = 'as_of';
export const MEMBERSHIPS = 'memberships';
export const JOINS = 'joins';

/** The name of the field that holds a window of a game. */
export function gameField(gameNo: number, windowStart: Instant): string {
  return `${gameNo}:${windowStart}`;
}

/** Names the fields of games that a reader wants of a player who has joined so: where a window begins with joining, no join, no field. */
export type WantedFields = (joins: readonly Join[]) => readonly string[];

/** What a reader wants of a player, beside memberships and joins. */
export interface Wanted {
  /** The numbers of the games. */
  games: readonly number[];
  fields: WantedFields;
  /** Windows that began by then are wanted; without it, the newest. */
  until?: Instant;
}

interface Row {
  user_id: string;
  field: string;
  version: string;
  fact: string | null;
}

/** All fields of several players, by user id, all of one snapshot. Players that do not exist are not in the answer. */
export async function readPlayers(
  db: Db,
  players: readonly (readonly [bucket: number, playerId: number | string])[],
): Promise<Map<string, Field[]>> {
  const { rows } = await db.pool.query<Row>({
    name: 'player_facts',
    text: `select * from milepost.player_facts(p_bucket => $1::smallint[], p_player_id => $2::bigint[], p_game_no => null::integer[],
             p_until => null::timestamptz, p_recent => $3::integer)`,
    values: [
      arrayOf(players.map(([bucket]) => bucket)),
      arrayOf(players.map(([, playerId]) => playerId)),
      limits.recentCredits,
    ],
  });
  return byUser(rows);
}

/**
 * The fields of several players by their ids, of some games or (null) of all, all of one snapshot; with `until`, of each game the two newest windows
 * that began by then. Players nobody has heard of have no memberships and no joins, as of `now`.
 */
export async function readUsers(
  db: Db,
  userIds: readonly string[],
  wanted: { games: readonly number[] | null; until?: Instant | undefined },
  now: Instant,
): Promise<Map<string, Field[]>> {
  const { rows } = await reading(() =>
    db.pool.query<Row>({
      name: 'player_facts_of',
      // A range in the order of the wanted index: see player_facts.
      text: `select f.* from (
               select array_agg(p.bucket) as buckets, array_agg(p.player_id) as player_ids
                 from unnest($1::smallint[], $2::text[]) as u(bucket, user_id)
                cross join lateral (
                  select p.bucket, p.player_id from milepost.player p
                   where p.bucket = u.bucket and p.user_id between u.user_id and u.user_id
                   order by p.user_id
                   limit 1
                ) as p
             ) as found
             cross join lateral milepost.player_facts(p_bucket => found.buckets, p_player_id => found.player_ids, p_game_no => $3::integer[],
                                                        p_until => $4::timestamptz, p_recent => $5::integer) as f`,
      values: [
        arrayOf(userIds.map(bucketOf)),
        arrayOfText(userIds),
        wanted.games === null ? null : arrayOf(wanted.games),
        wanted.until === undefined ? null : formatInstant(wanted.until),
        limits.recentCredits,
      ],
    }),
  );
  const fields = byUser(rows);
  for (const userId of userIds) if (!fields.has(userId)) fields.set(userId, unknownPlayer(now));
  return fields;
}

/** All fields of one player. */
export async function readPlayer(db: Db, userId: string, now: Instant): Promise<Field[]> {
  return (await readUsers(db, [userId], { games: null }, now)).get(userId) as Field[];
}

function unknownPlayer(now: Instant): Field[] {
  return [
    { name: AS_OF, version: now, fact: null },
    { name: MEMBERSHIPS, version: 0, fact: '[]' },
    { name: JOINS, version: 0, fact: '[]' },
  ];
}

function byUser(rows: readonly Row[]): Map<string, Field[]> {
  const fields = new Map<string, Field[]>();
  for (const row of rows) {
    const known = fields.get(row.user_id);
    if (known === undefined) fields.set(row.user_id, [fieldOfRow(row)]);
    else known.push(fieldOfRow(row));
  }
  return fields;
}

function fieldOfRow({ field, version, fact }: Row): Field {
  return { name: field, version: Number(version), fact };
}

/** Reads fields. Those of memberships and joins are there in every complete set; without them the answer is undefined. */
export function factsOf(fields: readonly Field[]): PlayerFacts | undefined {
  let asOf = 0;
  let memberships: Membership[] | undefined;
  let joins: Join[] | undefined;
  const games = new Map<string, GameFacts>();
  for (const { name, version, fact } of fields) {
    if (name === AS_OF) asOf = version;
    else if (fact === null) continue;
    else if (name === MEMBERSHIPS) memberships = membershipsOf(fact);
    else if (name === JOINS) joins = joinsOf(fact);
    else games.set(name, gameOf(version, fact));
  }
  return memberships === undefined || joins === undefined ? undefined : { asOf, memberships, joins, games };
}

function membershipsOf(fact: string): Membership[] {
  const rows: [cohortId: string, from: Instant, to: Instant | null][] = JSON.parse(fact);
  return rows.map(([cohortId, from, to]) => ({ cohortId, from, to: to ?? Number.POSITIVE_INFINITY }));
}

function joinsOf(fact: string): Join[] {
  const rows: [gameNo: number, at: Instant][] = JSON.parse(fact);
  return rows.map(([gameNo, at]) => ({ gameNo, at }));
}

function gameOf(version: number, fact: string): GameFacts {
  type ClaimRow = [
    step: number,
    earning: number,
    stepType: ClaimFact['stepType'],
    status: ClaimStatus,
    rewardType: ClaimFact['rewardType'],
    amount: number | null,
    claimedAt: Instant,
    version: number,
    payment: Payment,
    netted: number,
    downgradedFrom: number | null,
    opening: [version: number, prizeId: string | null] | null,
  ];
  type CreditRow = [eventId: string | null, paymentId: string | null];
  const [value, cleared, claims, detail, recent]: [number, number, ClaimRow[], Json, CreditRow[]] = JSON.parse(fact);
  return {
    version,
    value,
    cleared,
    detail,
    recent: recent.map(([eventId, paymentId]) => ({ eventId, paymentId })),
    claims: claims.map(([step, earning, stepType, status, rewardType, amount, claimedAt, claimVersion, ...paid]) => {
      const [payment, netted, downgradedFrom, opened] = paid;
      const reward = { rewardType, amount, payment, netted, downgradedFrom };
      const opening = opened === null ? null : { version: opened[0], prizeId: opened[1] };
      return { step, earning, stepType, status, claimedAt, version: claimVersion, ...reward, opening };
    }),
  };
}
