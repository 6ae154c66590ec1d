// A person's history in one game, under all of its players and in all windows: joins, credits and what was ruled about them, claims, what was paid, taken
// back and owed, events that did not count, and merges, newest first, page by page, from PostgreSQL. Owns the cursor and what of an entry a player may see.
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import type { CanonicalEvent } from '../event/event.ts';
import type { RewardType } from '../event/message.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Timeline } from './decide.ts';
import type { Payment } from './facts.ts';
import type { Claim, ClaimStatus, Ruling } from './games.ts';
import { type Known, type Refusal, refusalOf } from './refusal.ts';
import { type ClaimState, claimState, type PrizeView, prizeView, type RewardView, rewardView } from './view.ts';

/** What is told of a merge. */
interface MergePart {
  what: 'merged' | 'unmerged';
  user_id: string | null;
  /** Who counts for both. */
  into: string | null;
}

/** What is told of a claim's reward. */
interface RewardPart {
  window_start: string;
  step: number;
  reward: RewardView;
}

/**
 * Joins, credits and events that did not count stand at their event's time, claims at the time the step was claimed, rewards at the time the payment
 * ended; rulings, what takes rewards back, debts, openings of cookies and merges when they were made. `window_start` says in which of the game's windows,
 * `account` under which other account of the person it came; left out: under the one that is asked for.
 */
export type HistoryEntry = { at: string; account?: string } & (
  | { kind: 'join' }
  /** Two accounts are one person from here on, or are not any more. Null: one that is not this person's any more. */
  | ({ kind: 'merge' } & MergePart & { detail: string })
  | {
      kind: 'credit';
      window_start: string;
      trigger_id: string;
      /** What the event was worth by itself, before caps and repeated values. */
      amount: number;
      /** What is left of that after rulings: 0 when all of it was taken back. */
      counts: number;
      /** Counts, but the rewards it earns wait for a release. */
      held: boolean;
      /** Null where the event was credited before ids were kept with credits. */
      event_id: string | null;
      payment_id: string | null;
      transaction_id: string | null;
    }
  | ({ kind: 'not_counted'; event_id: string; event_type: string; payment_id: string | null } & Refusal)
  | {
      kind: 'ruling';
      window_start: string;
      /** The event was taken back, in whole or in part; or what was held of it was released, or taken away. */
      what: Ruling['kind'];
      trigger_id: string;
      /** What the event counts since, before caps and repeated values. */
      amount: number;
      /** How much less that is than before. */
      taken: number;
      /** What is left of the event's amount, in major units; null where nothing of it was taken back. */
      remaining: number | null;
      event_id: string | null;
      payment_id: string | null;
    }
  | {
      kind: 'claim';
      window_start: string;
      step: number;
      step_type: Claim['stepType'];
      state: ClaimState;
      reward: RewardView | null;
      /** As in the journey. */
      netted: number;
      downgraded_from: number | null;
    }
  /** What came out of a cookie; null when nothing was left. */
  | { kind: 'opening'; window_start: string; step: number; prize: PrizeView | null }
  /** What the payment came to. */
  | ({ kind: 'reward'; state: 'paid' | 'failed' | 'not_paid' } & RewardPart)
  /** A reward that was paid goes back: under way, gone, or refused by the service. */
  | ({ kind: 'take_back'; state: 'taking_back' | 'taken_back' | 'failed' } & RewardPart)
  | {
      kind: 'debt';
      window_start: string;
      step: number;
      /** The player owes the amount since the step's reward was taken back; or it was kept back of the step's reward, and is owed no more. */
      what: 'owed' | 'netted';
      reward_type: RewardType;
      amount: number;
    }
);

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
  const [, atUs, place] = /^(\d{1,16}) ([0-8]:[\x20-\x7e]{1,256})$/.exec(decoded) ?? [];
  return atUs === undefined || place === undefined ? undefined : { atUs: Number(atUs), place };
}

interface Row {
  account: string | null;
  at_us: string;
  place: string;
  entry: Entry;
}

/** A claim as db/functions/games/player_history.sql tells it. */
interface ClaimRow {
  window_start: Instant;
  step: number;
  step_type: Claim['stepType'];
  status: ClaimStatus;
  reward_type: RewardType | null;
  amount: number | null;
  version: number;
  payment: Payment;
  netted: number;
  downgraded_from: number | null;
  /** Also of a claim that was taken back since. */
  earned: boolean;
}

type Told<Kind extends HistoryEntry['kind']> = Omit<Extract<HistoryEntry, { kind: Kind }>, 'at' | 'window_start'> & {
  window_start: Instant;
};
type Entry =
  | { kind: 'join' }
  | ({ kind: 'merge' } & MergePart)
  | Told<'credit'>
  | Told<'ruling'>
  | Told<'debt'>
  | { kind: 'not_counted'; event: CanonicalEvent; received_at: Instant; outcome: string; reason: string | null }
  | { kind: 'claim'; claim: ClaimRow }
  | { kind: 'opening'; claim: ClaimRow; opened_by: number; prize_id: string | null }
  | { kind: 'reward'; claim: ClaimRow; amount: number }
  | { kind: 'take_back'; claim: ClaimRow; amount: number; state: string };

export interface HistoryOptions {
  limit: number;
  cursor: Cursor | undefined;
  /** Whether events that did not count are told, and merges: what makes nobody a player of the game. */
  notCounted: boolean;
  merges: boolean;
}

/** Reads a page of at most `limit` entries, after `cursor` if given. `player` is asked for where an event did not count. */
export async function readHistory(
  db: Db,
  timeline: Timeline,
  userId: string,
  { limit, cursor, notCounted, merges }: HistoryOptions,
  player: () => Promise<Known>,
): Promise<HistoryPage> {
  const { types, from, to, until } = reachOf(timeline);
  const { rows } = await reading(() =>
    db.pool.query<Row>({
      name: 'player_history',
      text: `select h.* from (
               select case when own.user_id <> $2 then own.user_id end as account, h.*
                 from milepost.accounts_of(p_bucket => $1::smallint, p_user_id => $2::text) as own
                cross join lateral milepost.player_history(p_bucket => own.bucket, p_user_id => own.user_id, p_game_no => $3::integer,
                  p_before_us => $4::bigint, p_before_place => $5::text, p_limit => $6::integer, p_not_counted => $7::boolean,
                  p_event_type => $8::text[], p_from => $9::timestamptz, p_to => $10::timestamptz, p_received_from => $11::timestamptz,
                  p_received_to => $12::timestamptz, p_events => $13::integer) as h
               union all
               select null, m.*
                 from milepost.person_history(p_bucket => $1::smallint, p_user_id => $2::text, p_before_us => $4::bigint,
                   p_before_place => $5::text, p_limit => $6::integer) as m
                where $14::boolean
             ) as h
             order by h.at_us desc, h.place collate "C" desc
             limit $6::integer`,
      values: [
        ...[bucketOf(userId), userId, timeline.gameNo, cursor?.atUs ?? null, cursor?.place ?? null, limit + 1],
        ...[notCounted, types, ...[from, to, from - limits.clockSkewMs, until].map(formatInstant)],
        ...[limits.historyEvents, merges],
      ],
    }),
  );
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const known = shown.some(({ entry }) => entry.kind === 'not_counted')
    ? await player()
    : { memberships: [], joins: [] };
  return {
    game_id: timeline.gameId,
    entries: shown.map((row) => {
      const entry = entryOf(row, timeline, known);
      return row.account === null ? entry : { ...entry, account: row.account };
    }),
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

function entryOf({ at_us, entry }: Row, timeline: Timeline, player: Known): HistoryEntry {
  const at = formatInstant(Math.floor(Number(at_us) / 1_000));
  switch (entry.kind) {
    case 'join':
      return { at, ...entry };
    case 'merge':
      return { at, ...entry, detail: mergeInWords(entry) };
    case 'credit':
    case 'ruling':
    case 'debt':
      return { at, ...entry, window_start: formatInstant(entry.window_start) };
    case 'not_counted': {
      const { kind, event, received_at: receivedAt, outcome, reason } = entry;
      const { event_id, event_type, correlation } = event;
      const refusal = refusalOf(timeline, { event, receivedAt, outcome, reason }, player);
      return { at, kind, event_id, event_type, payment_id: correlation.payment_id, ...refusal };
    }
    case 'claim': {
      const { step, step_type, reward_type, amount, netted, downgraded_from } = entry.claim;
      const window_start = formatInstant(entry.claim.window_start);
      const state = claimState(entry.claim);
      const pays = step_type === 'REWARD' || reward_type !== null;
      const reward = pays ? rewardOf(entry.claim, amount, timeline) : null;
      return { at, kind: 'claim', window_start, step, step_type, state, reward, netted, downgraded_from };
    }
    case 'opening': {
      const { step, window_start, reward_type: rewardType, amount } = entry.claim;
      const opening = { version: entry.opened_by, prizeId: entry.prize_id };
      const prize = prizeView(timeline, { step, rewardType, amount, opening }) ?? null;
      return { at, kind: 'opening', window_start: formatInstant(window_start), step, prize };
    }
    case 'reward': {
      const state = entry.claim.payment === 'done' ? 'paid' : entry.claim.payment === 'failed' ? 'failed' : 'not_paid';
      return { at, kind: 'reward', state, ...partOf(entry, timeline) };
    }
    case 'take_back': {
      const state = entry.state === 'done' ? 'taken_back' : entry.state === 'failed' ? 'failed' : 'taking_back';
      return { at, kind: 'take_back', state, ...partOf(entry, timeline) };
    }
  }
}

function mergeInWords({ what, user_id, into }: MergePart): string {
  if (user_id === null || into === null) {
    return what === 'merged'
      ? `From here on ${user_id ?? into} was one person with another account, which is not any more.`
      : `From here on ${user_id ?? into} and the other account were two again.`;
  }
  return what === 'merged'
    ? `From here on ${user_id} and ${into} are one person: what comes for either counts for ${into}.`
    : `From here on ${user_id} and ${into} were two, until they were merged again.`;
}

function partOf({ claim, amount }: { claim: ClaimRow; amount: number }, timeline: Timeline): RewardPart {
  const { step, window_start } = claim;
  return { window_start: formatInstant(window_start), step, reward: rewardOf(claim, amount, timeline) };
}

/** Before it was earned as promised by the version that judged the claim. */
function rewardOf(
  { step, step_type, version, reward_type, earned }: ClaimRow,
  amount: number | null,
  timeline: Timeline,
): RewardView {
  if (step_type === 'FORTUNE_COOKIE' && reward_type !== null && amount !== null) {
    return { visibility: 'visible', reward_type, value: amount, display_type: 'flat' };
  }
  const game = timeline.versions.find((candidate) => candidate.version === version);
  const configured = game?.config.milestone_steps.find((candidate) => candidate.step === step);
  if (configured?.step_type !== 'REWARD') return { visibility: 'hidden' };
  return rewardView(configured.reward, earned ? { rewardType: reward_type, amount } : undefined);
}
