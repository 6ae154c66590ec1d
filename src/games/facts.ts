// The facts about a player that the read API renders from: memberships, joins, and per game and window the progress and its claims. Owns their
// form (fields with versions, the same in PostgreSQL's answer and in the projection) and their reading from PostgreSQL. No configuration, no clock.
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { arrayOf } from '../db/sql-function.ts';
import type { Json } from '../event/event.ts';
import { bucketOf } from '../ids.ts';
import type { Instant } from '../time.ts';
import type { Claim, ClaimStatus, Join, Membership } from './games.ts';

/** What has become of a claim's payment, as its outbox row says (pending stands for leased, too); null when there is nothing to pay (yet). */
export type Payment = 'pending' | 'done' | 'failed' | 'ambiguous' | 'held' | 'skipped' | 'cancelled' | null;

/** A step that the player has reached. */
export interface ClaimFact {
  step: number;
  earning: number;
  stepType: Claim['stepType'];
  status: ClaimStatus;
  rewardType: 'NC' | 'VOUCHER' | null;
  amount: number | null;
  claimedAt: Instant;
  /** The config version that judged the event which reached the step. */
  version: number;
  payment: Payment;
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
export type Wanted = (joins: readonly Join[]) => readonly string[];

interface Row {
  user_id: string;
  field: string;
  version: string;
  fact: string | null;
}

/** The fields of several players, by user id, all of one snapshot. Players that do not exist are not in the answer. */
export async function readPlayers(
  db: Db,
  players: readonly (readonly [bucket: number, playerId: number | string])[],
): Promise<Map<string, Field[]>> {
  const { rows } = await db.pool.query<Row>({
    name: 'player_facts',
    text: 'select * from milepost.player_facts($1::smallint[], $2::bigint[])',
    values: [arrayOf(players.map(([bucket]) => bucket)), arrayOf(players.map(([, playerId]) => playerId))],
  });
  const fields = new Map<string, Field[]>();
  for (const row of rows) {
    const known = fields.get(row.user_id);
    if (known === undefined) fields.set(row.user_id, [fieldOfRow(row)]);
    else known.push(fieldOfRow(row));
  }
  return fields;
}

/** The fields of one player. Of a player nobody has heard of: no memberships and no joins, as of `now`. */
export async function readPlayer(db: Db, userId: string, now: Instant): Promise<Field[]> {
  const { rows } = await reading(() =>
    db.pool.query<Row>({
      name: 'player_facts_of',
      // A range in the order of the wanted index: see player_facts.
      text: `select f.* from (
               select p.bucket, p.player_id from milepost.player p
                where p.bucket = $1::smallint and p.user_id between $2::text and $2::text
                order by p.user_id
                limit 1
             ) as p
             cross join lateral milepost.player_facts(array[p.bucket], array[p.player_id]) as f`,
      values: [bucketOf(userId), userId],
    }),
  );
  if (rows.length > 0) return rows.map(fieldOfRow);
  return [
    { name: AS_OF, version: now, fact: null },
    { name: MEMBERSHIPS, version: 0, fact: '[]' },
    { name: JOINS, version: 0, fact: '[]' },
  ];
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
  ];
  const [value, cleared, claims, detail]: [number, number, ClaimRow[], Json] = JSON.parse(fact);
  return {
    version,
    value,
    cleared,
    detail,
    claims: claims.map(([step, earning, stepType, status, rewardType, amount, claimedAt, claimVersion, payment]) => ({
      step,
      earning,
      stepType,
      status,
      rewardType,
      amount,
      claimedAt,
      version: claimVersion,
      payment,
    })),
  };
}
