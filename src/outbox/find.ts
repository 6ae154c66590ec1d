// Finding rewards in the outbox, for people: what did not end well, what waits for long, and the story of one. Reads only.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { arrayOf } from '../db/sql-function.ts';
import type { Json } from '../event/event.ts';
import type { Destination, RewardMessage } from '../event/message.ts';
import type { Instant } from '../time.ts';

/**
 * `pending` are also those that are leased at this moment; `held` and `skipped` those for which a budget had not enough left; `waiting` those that take
 * back what is not known to be paid yet; `cancelled` those that nobody may send any more.
 */
export type RewardState = 'failed' | 'ambiguous' | 'pending' | 'done' | 'held' | 'skipped' | 'waiting' | 'cancelled';
export type RewardDestination = Exclude<Destination, 'projection'>;

/** What is looked for; what is absent does not matter. */
export interface RewardFilter {
  /** Absent: failed or ambiguous. */
  state?: RewardState | undefined;
  service?: RewardDestination | undefined;
  /** Ended at or after this; for those that have not ended: written. */
  since?: Instant | undefined;
  /** Written before this. */
  before?: Instant | undefined;
  /** At least so many attempts. */
  attempts?: number | undefined;
  /** Part of the last error, in any case. */
  error?: string | undefined;
}

export interface FoundReward {
  /** The claim's key: the message's identity. */
  key: string;
  service: RewardDestination;
  /** Whether it pays a reward or takes one back. */
  kind: 'pay' | 'take_back';
  state: RewardState;
  /** The key of the payment that it takes back. */
  follows: string | null;
  /** What was earned, and what has become of that; null where no claim is known. */
  claim: { status: string; amount: number } | null;
  reward: RewardMessage;
  attempts: number;
  created_at: Instant;
  /** When it ended; null while it has not. */
  settled_at: Instant | null;
  /** When it is tried next; null when it has ended. */
  next_attempt_at: Instant | null;
  last_error: string | null;
}

const columns = sql`
  o.message_key as key, o.destination as service, coalesce(o.body ->> 'operation', 'pay') as kind,
  case o.state when 'leased' then 'pending' else o.state::text end as state, o.after_key as follows, c.claim,
  o.body as reward, o.attempts, o.created_at, o.settled_at, case when o.state in ('pending', 'leased') then o.next_attempt_at end as next_attempt_at, o.last_error`;

/** The messages, each with its claim. */
const source = sql`
  milepost.outbox o
  left join lateral (
    select json_build_object('status', c.status, 'amount', c.amount) as claim
      from milepost.player p
      join milepost.claim c on c.bucket = p.bucket and c.player_id = p.player_id and c.message_key = coalesce(o.after_key, o.message_key)
     where p.bucket = o.bucket and p.user_id = o.body ->> 'user_id'
     limit 1
  ) as c on true`;

// As constants, since the indexes of what waits and of what ended badly are partial.
const inState = {
  failed: sql`o.state = 'failed'`,
  ambiguous: sql`o.state = 'ambiguous'`,
  pending: sql`o.state in ('pending', 'leased')`,
  done: sql`o.state = 'done'`,
  held: sql`o.state = 'held'`,
  skipped: sql`o.state = 'skipped'`,
  waiting: sql`o.state = 'waiting'`,
  cancelled: sql`o.state = 'cancelled'`,
  dead: sql`o.state in ('failed', 'ambiguous')`,
} as const;

/** The rewards that a filter names, at most `limit`: first those that ended last, or those that wait longest. */
export async function findRewards(db: Db, filter: RewardFilter, limit: number): Promise<FoundReward[]> {
  const { state = 'dead', since, before, service, attempts, error } = filter;
  const instant = (value: Instant) => sql`to_timestamp(${value}::double precision / 1000)`;
  const isOpen = state === 'pending' || state === 'held' || state === 'waiting';
  const sinceColumn = isOpen ? sql`o.created_at` : sql`o.settled_at`;
  const { rows } = await sql<FoundReward>`
    select ${columns}
      from ${source}
     where ${inState[state]} and o.destination ${service === undefined ? sql`<> 'projection'` : sql`= ${service}`}
       ${since === undefined ? sql`` : sql`and ${sinceColumn} >= ${instant(since)}`}
       ${before === undefined ? sql`` : sql`and o.created_at < ${instant(before)}`}
       ${attempts === undefined ? sql`` : sql`and o.attempts >= ${attempts}`}
       ${error === undefined ? sql`` : sql`and strpos(lower(o.last_error), lower(${error})) > 0`}
     order by ${sinceColumn} ${isOpen ? sql`asc` : sql`desc`}, o.message_no
     limit ${limit}`.execute(db.query);
  return rows;
}

/** The states of messages, by their keys; of keys that no message has, nothing. */
export async function findStates(db: Db, keys: readonly string[]): Promise<ReadonlyMap<string, RewardState>> {
  const { rows } = await sql<{ key: string; state: RewardState }>`
    select o.message_key as key, case o.state when 'leased' then 'pending' else o.state::text end as state
      from milepost.outbox o where o.message_key = any(${arrayOf(keys)}::uuid[])`.execute(db.query);
  return new Map(rows.map(({ key, state }) => [key, state]));
}

/** A call of the service. */
export interface Attempt {
  attempt: number;
  started_at: Instant;
  ended_at: Instant;
  result: string;
  error: string | null;
  request: Json;
  answer: Json;
}

/** When a person had it tried again. */
export interface Retry {
  retried_at: Instant;
  retried_by: string;
  reason: string;
  from_state: RewardState;
  error: string | null;
  key_before: string;
  key_after: string;
}

/** When a person ended it while it was ambiguous, by what the service's statement says. */
export interface ConclusionMade {
  concluded_at: Instant;
  concluded_by: string;
  reason: string;
  paid: boolean;
  error: string | null;
}

/** A change of what the player owes because of the reward: less, where it made up for something; more, since it was taken back. */
export interface DebtChange {
  entered_at: Instant;
  amount: number;
  /** Whether it waits for the payment to be done. */
  waiting: boolean;
}

export interface RewardStory extends FoundReward {
  /** The key that the service is sent, where it is not the claim's any more. */
  service_key: string | null;
  answer: Json;
  calls: Attempt[];
  retries: Retry[];
  conclusions: ConclusionMade[];
  debts: DebtChange[];
}

/** All that is known about a reward, by its claim's key or by one that the service was sent; undefined when there is none. */
export async function findReward(db: Db, key: string): Promise<RewardStory | undefined> {
  const { rows } = await sql<
    Omit<RewardStory, 'calls' | 'retries' | 'conclusions' | 'debts'> & { bucket: number; message_no: string }
  >`
    select ${columns}, o.service_key, o.answer, o.bucket, o.message_no
      from ${source}
     where o.message_key = ${key}
        or (o.bucket, o.message_no) in (select r.bucket, r.message_no from milepost.outbox_retry r where r.key_after = ${key})
     limit 1`.execute(db.query);
  const [found] = rows;
  if (found === undefined) return undefined;
  const { bucket, message_no, ...reward } = found;
  const calls = await db.query
    .selectFrom('dispatch_attempt')
    .select(['attempt', 'started_at', 'ended_at', 'result', 'error', 'request', 'answer'])
    .where('bucket', '=', bucket)
    .where('message_no', '=', message_no)
    .orderBy('attempt')
    .execute();
  const retries = await db.query
    .selectFrom('outbox_retry')
    .select(['retried_at', 'retried_by', 'reason', 'from_state', 'error', 'key_before', 'key_after'])
    .where('bucket', '=', bucket)
    .where('message_no', '=', message_no)
    .orderBy('retry_no')
    .execute();
  const conclusions = await db.query
    .selectFrom('outbox_conclusion')
    .select(['concluded_at', 'concluded_by', 'reason', 'paid', 'error'])
    .where('bucket', '=', bucket)
    .where('message_no', '=', message_no)
    .orderBy('conclusion_no')
    .execute();
  const { rows: debts } = await sql<DebtChange>`
    select d.entered_at, d.amount::double precision as amount, d.after_key is not null and o.state <> 'done' as waiting
      from milepost.outbox o
      join milepost.player p on p.bucket = o.bucket and p.user_id = o.body ->> 'user_id'
      join milepost.claim c on c.bucket = p.bucket and c.player_id = p.player_id and c.message_key = o.message_key
      join milepost.debt_entry d on d.bucket = c.bucket and d.player_id = c.player_id and d.reward_type = c.reward_type
       and d.game_no = c.game_no and d.window_start = c.window_start and d.step = c.step and d.earning = c.earning
     where o.bucket = ${bucket} and o.message_no = ${message_no}
     order by d.entry_no`.execute(db.query);
  return {
    ...reward,
    calls: calls as Attempt[],
    retries: retries as Retry[],
    conclusions: conclusions as ConclusionMade[],
    debts,
  };
}
