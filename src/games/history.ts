// A player's history in one game, in all its windows: joins, credits and what was ruled about them, claims and rewards, and events that did not count,
// newest first, page by page, from PostgreSQL. Owns the cursor and what of an entry a player may see.
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Timeline } from './decide.ts';
import type { ClaimFact, Payment } from './facts.ts';
import type { Claim, ClaimStatus, Ruling } from './games.ts';
import { type Known, type Refusal, refusalOf } from './refusal.ts';
import { isTakenBack, type RewardView, rewardView, type StepState, stepState } from './view.ts';

/** What has become of a claim: unlike in the journey, one that was taken back says so. */
export type ClaimState = StepState | 'taken_back';

/**
 * Joins, credits and events that did not count stand at their event's time, claims at the time the step was claimed, rewards at the time the payment ended, rulings when they
 * were made. `window_start` says
 * in which of the game's windows.
 */
export type HistoryEntry =
  | { kind: 'join'; at: string }
  | {
      kind: 'credit';
      at: string;
      window_start: string;
      trigger_id: string;
      /** What the event was worth, before caps and repeated values; what it added after them is not known. */
      amount: number;
      /** Counted, but the rewards it earns wait for a release. */
      held: boolean;
      /** Null where the event was credited before ids were kept with credits. */
      event_id: string | null;
      payment_id: string | null;
      transaction_id: string | null;
    }
  | ({ kind: 'not_counted'; at: string; event_id: string; event_type: string; payment_id: string | null } & Refusal)
  | {
      kind: 'claim';
      at: string;
      window_start: string;
      step: number;
      step_type: Claim['stepType'];
      state: ClaimState;
      reward: RewardView | null;
    }
  | { kind: 'reward'; at: string; window_start: string; step: number; state: ClaimState; reward: RewardView }
  | {
      kind: 'ruling';
      at: string;
      window_start: string;
      /** The event was taken back, in whole or in part; or what was held of it was released, or taken away. */
      what: Ruling['kind'];
      trigger_id: string;
      /** What the event counts since, before caps and repeated values. */
      amount: number;
      event_id: string | null;
      payment_id: string | null;
    };

export interface HistoryPage {
  game_id: string;
  entries: HistoryEntry[];
  /** Asks for the page after this one; null on the last. */
  next_cursor: string | null;
}

/** The last entry of a page. */
export interface Cursor {
  atUs: number;
  place: string;
}

export function formatCursor({ atUs, place }: Cursor): string {
  return Buffer.from(`${atUs} ${place}`).toString('base64url');
}

/** Undefined for a text that `formatCursor` did not write. */
export function parseCursor(text: string): Cursor | undefined {
  const decoded = Buffer.from(text, 'base64url').toString('utf8');
  const [, atUs, place] = /^(\d{1,16}) ([0-5]:[\x20-\x7e]{1,256})$/.exec(decoded) ?? [];
  return atUs === undefined || place === undefined ? undefined : { atUs: Number(atUs), place };
}

type Row = { at_us: string; place: string } & (
  | { kind: 'join' }
  | {
      kind: 'credit';
      window_start: Instant;
      amount: string;
      trigger_id: string;
      held: boolean;
      event_id: string | null;
      payment_id: string | null;
      transaction_id: string | null;
    }
  | {
      kind: 'ruling';
      window_start: Instant;
      amount: string;
      trigger_id: string;
      event_id: string | null;
      payment_id: string | null;
      reason: Ruling['kind'];
    }
  | {
      kind: 'not_counted';
      event_id: string;
      event_type: string;
      event_version: string;
      occurred_at: Instant;
      received_at: Instant;
      payload: Pick<CanonicalEvent, 'attributes' | 'correlation'>;
      producer: string;
      outcome: string;
      reason: string | null;
    }
  | {
      kind: 'claim' | 'reward';
      window_start: Instant;
      version: number;
      amount: string | null;
      step: string;
      earning: number;
      step_type: Claim['stepType'];
      status: ClaimStatus;
      reward_type: ClaimFact['rewardType'];
      claimed_at: Instant;
      payment: Payment;
    }
);

export interface HistoryOptions {
  limit: number;
  cursor: Cursor | undefined;
  /** Whether events that did not count are told. */
  notCounted: boolean;
}

/** Reads a page of at most `limit` entries, after `cursor` if given. `player` is asked for where an event did not count. */
export async function readHistory(
  db: Db,
  timeline: Timeline,
  userId: string,
  { limit, cursor, notCounted }: HistoryOptions,
  player: () => Promise<Known>,
): Promise<HistoryPage> {
  const { types, from, to, until } = reachOf(timeline);
  const { rows } = await reading(() =>
    db.pool.query<Row>({
      name: 'player_history',
      text: `select * from milepost.player_history(p_bucket => $1::smallint, p_user_id => $2::text, p_game_no => $3::integer,
               p_before_us => $4::bigint, p_before_place => $5::text, p_limit => $6::integer, p_event_type => $7::text[],
               p_from => $8::timestamptz, p_to => $9::timestamptz, p_received_from => $10::timestamptz, p_received_to => $11::timestamptz,
               p_events => $12::integer)`,
      values: [
        ...[bucketOf(userId), userId, timeline.gameNo, cursor?.atUs ?? null, cursor?.place ?? null, limit + 1],
        ...[
          types,
          formatInstant(from),
          formatInstant(to),
          formatInstant(from - limits.clockSkewMs),
          formatInstant(until),
        ],
        notCounted ? limits.historyEvents : 0,
      ],
    }),
  );
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const known = shown.some(({ kind }) => kind === 'not_counted') ? await player() : { memberships: [], joins: [] };
  return {
    game_id: timeline.gameId,
    entries: shown.map((row) => entryOf(row, timeline, known)),
    next_cursor: last === undefined ? null : formatCursor({ atUs: Number(last.at_us), place: last.place }),
  };
}

/** Which events a game may have looked at, in any version: their types, when they occurred, and until when those that came late are told of. */
function reachOf({ versions }: Timeline): { types: string[]; from: Instant; to: Instant; until: Instant } {
  const types = versions.flatMap(({ triggersByType, config }) => [
    ...triggersByType.keys(),
    ...(config.join === undefined ? [] : [config.join.event_type]),
  ]);
  const to = Math.max(...versions.map(({ end }) => end));
  const graceMs = Math.max(...versions.map((version) => version.graceMs));
  return {
    types: [...new Set(types)],
    from: Math.min(...versions.map(({ start }) => start)),
    to,
    until: to + graceMs + limits.historyLateMs,
  };
}

function entryOf(row: Row, timeline: Timeline, player: Known): HistoryEntry {
  const at = formatInstant(Math.floor(Number(row.at_us) / 1_000));
  if (row.kind === 'join') return { kind: 'join', at };
  if (row.kind === 'not_counted') {
    const { event_id, event_type, payload, outcome, reason, received_at: receivedAt } = row;
    const event: CanonicalEvent = {
      ...{
        event_id,
        event_type,
        event_version: row.event_version,
        occurred_at: row.occurred_at,
        producer: row.producer,
      },
      ...{ user_id: '', correlation: payload.correlation, attributes: payload.attributes },
    };
    return {
      ...{ kind: 'not_counted', at, event_id, event_type, payment_id: payload.correlation.payment_id },
      ...refusalOf(timeline, { event, receivedAt, outcome, reason }, player),
    };
  }
  const window_start = formatInstant(row.window_start);
  if (row.kind === 'credit') {
    const { trigger_id, held, event_id, payment_id, transaction_id } = row;
    return {
      kind: 'credit',
      at,
      window_start,
      trigger_id,
      amount: Number(row.amount),
      held,
      event_id,
      payment_id,
      transaction_id,
    };
  }
  if (row.kind === 'ruling') {
    const { reason: what, trigger_id, event_id, payment_id } = row;
    return { kind: 'ruling', at, window_start, what, trigger_id, amount: Number(row.amount), event_id, payment_id };
  }
  const claim: ClaimFact = {
    step: Number(row.step),
    earning: row.earning,
    stepType: row.step_type,
    status: row.status,
    rewardType: row.reward_type,
    amount: row.amount === null ? null : Number(row.amount),
    claimedAt: row.claimed_at,
    version: row.version,
    payment: row.payment,
  };
  const reward = rewardOf(claim, timeline);
  const state: ClaimState = isTakenBack(claim) ? 'taken_back' : stepState(claim);
  if (row.kind === 'reward') {
    return {
      kind: 'reward',
      at,
      window_start,
      step: claim.step,
      state,
      reward: reward ?? { visibility: 'hidden' },
    };
  }
  return {
    kind: 'claim',
    at,
    window_start,
    step: claim.step,
    step_type: claim.stepType,
    state,
    reward,
  };
}

/** As promised by the version that judged the claim. */
function rewardOf(claim: ClaimFact, timeline: Timeline): RewardView | null {
  if (claim.stepType !== 'REWARD') return null;
  const version = timeline.versions.find((candidate) => candidate.version === claim.version);
  const step = version?.config.milestone_steps.find((candidate) => candidate.step === claim.step);
  return step?.step_type === 'REWARD' ? rewardView(step.reward, claim) : { visibility: 'hidden' };
}
