// What is held until a person says what becomes of it: events that fraud and risk management had flagged, and rewards that a budget had not enough left
// for. Owns finding them; a verdict on them is an event (verdict.ts). Reads only.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Json } from '../event/event.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

/** A flagged event: what it counts is progress already, and is no reason yet to pay anything. */
export interface HeldEvent {
  kind: 'event';
  user_id: string;
  producer: string;
  event_id: string;
  /** When it occurred. */
  since: string;
  /** What it was flagged with; null where its payload is no longer stored. */
  flag: Json;
  /** What it counts, by window, and the claims there that wait for this event or for others. */
  games: { game_id: string; window_start: string; amount: number; claims: WaitingClaim[] }[];
}

interface WaitingClaim {
  step: number;
  earning: number;
  step_type: string;
  reward_type: string | null;
  amount: number | null;
}

/** A claim whose reward is held over a budget. */
export interface HeldClaim {
  kind: 'claim';
  user_id: string;
  /** The key of its reward. */
  key: string;
  /** When its reward was written. */
  since: string;
  game_id: string;
  window_start: string;
  step: number;
  earning: number;
  reward_type: string;
  amount: number;
  /** The budget that had not enough left. */
  budget_id: string | null;
}

export type Hold = HeldEvent | HeldClaim;

export const holdKinds = ['event', 'claim'] as const satisfies Hold['kind'][];

/** What the key of a claim's reward looks like. */
export const HOLD_KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What is looked for; what is absent does not matter. */
export interface HoldFilter {
  kind?: Hold['kind'] | undefined;
  gameId?: string | undefined;
  userIds?: readonly string[] | undefined;
  /** Of events only: of this producer. */
  producer?: string | undefined;
  /** Held since this instant or later, and since before that. */
  since?: Instant | undefined;
  until?: Instant | undefined;
  /** Any of these: ids of events, keys of claims' rewards. */
  ids?: readonly string[] | undefined;
}

/** The holds that a filter names, longest held first, at most `limit`. */
export async function findHolds(db: Db, filter: HoldFilter, limit: number): Promise<Hold[]> {
  const { kind, producer } = filter;
  const events = kind === 'claim' ? [] : await findEvents(db, filter, limit);
  const claims = kind === 'event' || producer !== undefined ? [] : await findClaims(db, filter, limit);
  return [...events, ...claims].sort((a, b) => (a.since < b.since ? -1 : Number(a.since > b.since))).slice(0, limit);
}

// A credit that was held stays so on record; its last correction says what it is now. The conditions that name the index of held credits (0075).
const CORRECTED = sql`
  left join lateral (
    select k.amount, k.held from milepost.credit_correction k
     where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
       and k.event_no = c.event_no and k.trigger_id = c.trigger_id
     order by k.correction_no desc limit 1
  ) as now on true`;
const IS_HELD = sql`c.held and c.occurred_at > '-infinity' and coalesce(now.held, true) and coalesce(now.amount, c.amount) > 0`;

const EVERY_BUCKET = Array.from({ length: limits.buckets }, (_, bucket) => bucket);

async function findEvents(db: Db, filter: HoldFilter, limit: number): Promise<HeldEvent[]> {
  const { gameId, userIds, producer, since, until, ids } = filter;
  // Events that are named are found by their identities, of all others by what is held.
  const credits =
    ids === undefined
      ? sql`milepost.credit c
           cross join lateral (
              select k.producer, k.event_id, k.received_at from milepost.event_key k
               where k.bucket = c.bucket and k.event_id = c.event_id and k.player_id = c.player_id and k.event_no = c.event_no limit 1
            ) as e`
      : sql`(select * from milepost.event_key k
              where k.bucket = any (${userIds?.map(bucketOf) ?? EVERY_BUCKET}::smallint[]) and k.event_id = any (${ids}::text[]) offset 0) as e
           cross join lateral (
              select c.* from milepost.credit c where c.bucket = e.bucket and c.player_id = e.player_id and c.event_no = e.event_no offset 0
            ) as c`;
  const { rows } = await sql<Omit<HeldEvent, 'kind' | 'since'> & { since: Instant }>`
    with held as (
      select distinct on (c.occurred_at, c.event_no) c.bucket, c.player_id, c.event_no, c.occurred_at, e.producer, e.event_id, e.received_at
        from ${credits} ${CORRECTED}
       where ${IS_HELD}
         ${gameId === undefined ? sql`` : sql`and c.game_no = (select g.game_no from milepost.game g where g.game_id = ${gameId})`}
         ${userIds === undefined ? sql`` : ofPlayers(userIds)}
         ${producer === undefined ? sql`` : sql`and e.producer = ${producer}`}
         ${between(sql`c.occurred_at`, since, until)}
       order by c.occurred_at, c.event_no
       limit ${limit}
    )
    select p.user_id, h.producer, h.event_id, h.occurred_at as since, i.payload -> 'attributes' -> 'frm_flag' as flag, games.list as games
      from held h
      join milepost.player p on p.bucket = h.bucket and p.player_id = h.player_id
      left join milepost.inbox i
        on i.bucket = h.bucket and i.player_id = h.player_id and i.received_at = h.received_at and i.event_no = h.event_no
     cross join lateral (
        select json_agg(json_build_object('game_id', g.game_id, 'window_start', w.window_start, 'amount', w.amount, 'claims', claims.list)
                        order by g.game_id) as list
          from (select c.game_no, c.window_start, sum(coalesce(now.amount, c.amount)) as amount
                  from milepost.credit c ${CORRECTED}
                 where c.bucket = h.bucket and c.player_id = h.player_id and c.event_no = h.event_no and ${IS_HELD}
                 group by c.game_no, c.window_start) as w
          join milepost.game g on g.game_no = w.game_no
         cross join lateral (
            select coalesce(json_agg(json_build_object('step', m.step, 'earning', m.earning, 'step_type', m.step_type,
                                                       'reward_type', m.reward_type, 'amount', m.amount) order by m.step), '[]') as list
              from milepost.claim m
             where m.bucket = h.bucket and m.player_id = h.player_id and m.game_no = w.game_no and m.window_start = w.window_start
               and m.status = 'held'
          ) as claims
      ) as games
     order by h.occurred_at, h.event_no`.execute(db.query);
  return rows.map(({ since: at, games, ...event }) => ({
    kind: 'event',
    ...event,
    since: formatInstant(at),
    games: games.map((game) => ({ ...game, window_start: formatInstant(Date.parse(game.window_start)) })),
  }));
}

async function findClaims(db: Db, filter: HoldFilter, limit: number): Promise<HeldClaim[]> {
  const { gameId, userIds, since, until, ids } = filter;
  const keys = ids?.filter((id) => HOLD_KEY.test(id));
  if (keys?.length === 0) return [];
  const { rows } = await sql<Omit<HeldClaim, 'kind' | 'since'> & { since: Instant }>`
    select o.body ->> 'user_id' as user_id, o.message_key as key, o.created_at as since, o.body ->> 'game_id' as game_id,
           o.body ->> 'window_start' as window_start, (o.body ->> 'step')::double precision as step, (o.body ->> 'earning')::integer as earning,
           o.body ->> 'reward_type' as reward_type, (o.body ->> 'amount')::double precision as amount, refused.budget_id
      from milepost.outbox o
      left join lateral (
        select r.budget_id
          from jsonb_to_recordset(o.body -> 'budgets') as b(budget_id text)
          join milepost.game g on g.game_id = o.body ->> 'game_id'
          join milepost.budget_reservation r on r.game_no = g.game_no and r.budget_id = b.budget_id and r.message_key = o.message_key
         where r.state = 'refused' limit 1
      ) as refused on true
     where o.state = 'held'
       ${gameId === undefined ? sql`` : sql`and o.body ->> 'game_id' = ${gameId}`}
       ${userIds === undefined ? sql`` : sql`and o.bucket = any (${userIds.map(bucketOf)}::smallint[]) and o.body ->> 'user_id' = any (${userIds}::text[])`}
       ${keys === undefined ? sql`` : sql`and o.message_key = any (${keys}::uuid[])`}
       ${between(sql`o.created_at`, since, until)}
     order by o.created_at, o.message_no
     limit ${limit}`.execute(db.query);
  return rows.map(({ since: at, ...claim }) => ({ kind: 'claim', ...claim, since: formatInstant(at) }));
}

function ofPlayers(userIds: readonly string[]): RawBuilder<unknown> {
  return sql`and (c.bucket, c.player_id) in
    (select p.bucket, p.player_id from milepost.player p where p.bucket = any (${userIds.map(bucketOf)}::smallint[]) and p.user_id = any (${userIds}::text[]))`;
}

function between(
  column: RawBuilder<unknown>,
  since: Instant | undefined,
  until: Instant | undefined,
): RawBuilder<unknown> {
  const instant = (value: Instant) => sql`${formatInstant(value)}::timestamptz`;
  return sql`${since === undefined ? sql`` : sql`and ${column} >= ${instant(since)}`}
    ${until === undefined ? sql`` : sql`and ${column} < ${instant(until)}`}`;
}
