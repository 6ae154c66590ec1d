// The nouns of the games feature: what the engine reads before deciding, and what it writes after.

import type { Json } from '../event/event.ts';
import type { RewardType } from '../event/message.ts';
import type { Instant } from '../time.ts';
import type { Zone } from '../time-zone.ts';
import type { Reward } from './config.ts';

/** A player by number and name. */
export interface Account {
  bucket: number;
  playerId: number;
  userId: string;
}

/** What one event was worth by one trigger, before caps. The set of a player's live credits in a window is all that progress depends on. */
export interface Credit {
  gameNo: number;
  windowStart: Instant;
  eventNo: number;
  triggerId: string;
  amount: number;
  /** The value that a `unique` trigger counts once; null for the other modes. */
  distinctValue: string | null;
  held: boolean;
  version: number;
  occurredAt: Instant;
  /** The payment and the canonical transaction of its event. */
  paymentId: string | null;
  transactionId: string | null;
  /** The amount of its event in major units; null where it had none. */
  transactionAmount: number | null;
  /** What it counts since a ruling; null while there was none. */
  correction: Correction | null;
  /** The merged player under whom it stands; left out: the player's own. */
  account?: Account;
}

/** What a credit counts since a ruling. */
export interface Correction {
  /** What is left of the amount of its event; null while nothing of it was taken back. */
  remaining: number | null;
  amount: number;
  held: boolean;
}

/** The fold over a set of credits. Raw: clamping to max_value is for views. Never changed in place. */
export interface Standing {
  value: number;
  /** What capped and unique triggers have counted, by allowance; null without any. */
  counted: Counted | null;
  /** What the archetype needs beyond the value; null when nothing. */
  detail: Json;
}

/** By allowance: a trigger under its cap. */
export type Counted = Readonly<Record<string, Allowance>>;
export interface Allowance {
  /** What it has counted in the window, after caps. */
  total: number;
  /** Before caps, by local day; only with a cap per day. */
  days?: Record<string, number>;
  /** The distinct values seen and what each is worth; only for `unique`. */
  values?: Record<string, number>;
}

/** A player's progress while a batch is decided: read once, folded on, written once if changed. */
export interface Progress {
  gameNo: number;
  windowStart: Instant;
  /** Over all live credits. */
  all: Standing;
  /** Over those that no hold touches; the same object as `all` while nothing is held. */
  cleared: Standing;
  /** The steps that have a claim: a live one, or one that was kept or voided. */
  claimed: number[];
  /** Of what has been taken back: the last earning of each step that has ended, and the steps whose claims are kept though they are not reached. */
  ended: Readonly<Record<number, number>>;
  kept: readonly number[];
  changed: boolean;
}

/**
 * `earned` payable · `awaiting_budget` payable within a budget · `held` until a release · `unopened` and `opened` of a cookie · `voided` by a verdict.
 * Taken back: `cancelled` before anything was sent; after it `kept`, `clawed_back` or `offset`.
 */
export type ClaimStatus =
  | 'earned'
  | 'held'
  | 'unopened'
  | 'awaiting_budget'
  | 'opened'
  | 'voided'
  | 'cancelled'
  | 'kept'
  | 'clawed_back'
  | 'offset';

/** A step reached. */
export interface Claim {
  gameNo: number;
  gameId: string;
  windowStart: Instant;
  step: number;
  earning: number;
  stepType: 'REWARD' | 'EMPTY' | 'FORTUNE_COOKIE';
  status: ClaimStatus;
  version: number;
  /** Null for steps that pay nothing by themselves. */
  reward: ClaimedReward | null;
  /** The budgets that cover it, once it is payable. */
  budgets: readonly Budget[];
  /** The merged player under whom it stands, to whom it is paid; left out: the player's own. */
  account?: Account;
}

/** A budget that covers a claim, under the version that judged it. */
export interface Budget {
  budgetId: string;
  period: 'game' | 'window' | 'day' | 'week' | 'month';
  /** Where periods are counted from, and whose calendar they follow. */
  gameStart: Instant;
  zone: Zone;
}

export interface ClaimedReward {
  rewardType: RewardType;
  amount: number;
  /** The pool that a voucher comes from, once it is payable; null for any. */
  pool: string | null;
  /** What the amount is still to be drawn from; until then it is the most that may come out. */
  odds?: NonNullable<Reward['distribution']>;
}

/**
 * What is known of a claim's message: there is `none`; it is `unsent`, and nobody is sending it; it ended `unpaid`; or it may have been paid (`sent`:
 * it was leased at least once).
 */
export type Sending = 'none' | 'unsent' | 'unpaid' | 'sent';

/** A claim that the decision may change. */
export interface OpenClaim extends Claim {
  /** How much of the reward was kept back for what its player owed. */
  netted: number;
  sending: Sending;
  /** Its message waits over a budget for a verdict. */
  overBudget: boolean;
}

/** A change of a claim's status. */
export interface ClaimChange {
  claim: OpenClaim;
  from: ClaimStatus;
}

/** What a ruling says about the events that it names. */
export interface Ruling {
  kind: 'reversed' | 'released' | 'voided';
  /** The number and the identity of the event that says so. */
  eventNo: number;
  eventId: string;
  producer: string;
  /** The event that it names, of one producer or (null) of any; null where it names all events of a payment. */
  originalEventId: string | null;
  originalProducer: string | null;
  paymentId: string | null;
  /** How much of the event's amount is taken back, in major units; null for all of it. */
  amount: number | null;
  /** Nothing that it names has come yet. */
  waiting: boolean;
  /** The merged player under whom it stands; left out: the player's own. */
  account?: Account;
}

/** A player asks for a cookie to be opened. */
export interface Opening {
  gameId: string;
  windowStart: Instant;
  step: number;
  earning: number;
}

/** A prize of a cookie as a draw finds it. */
export interface PrizeChance {
  prize_id: string;
  weight: number;
  /** How many are left of its stock; null where it has none. */
  left: number | null;
}

/** A cookie that was opened: what came out, and from what. */
export interface OpenedCookie {
  change: ClaimChange;
  /** The config version whose odds were drawn from. */
  version: number;
  /** All prizes as they were before the draw. */
  prizes: readonly PrizeChance[];
  /** What came out, and the key it was drawn with; null where nothing was left. */
  drawn: { keyId: string; prizeId: string; stock: { windowStart: Instant; most: number } | null } | null;
}

/** A verdict on one claim whose reward is held over a budget. */
export interface ClaimRuling {
  kind: 'released' | 'voided';
  gameId: string;
  windowStart: Instant;
  step: number;
  /** Which earning of the step; null where the verdict does not say, and then whichever is held. */
  earning: number | null;
}

export interface Membership {
  cohortId: string;
  from: Instant;
  /** Infinity when it has no end. */
  to: Instant;
}

/** A player's joining of an opt-in game. */
export interface Join {
  gameNo: number;
  at: Instant;
}

/** A player as the engine sees them while a batch is decided. */
export interface Player extends Account {
  progress: Progress[];
  /** Those that are held; in windows on which the batch rules, all of them; and those that the batch has made. */
  claims: OpenClaim[];
  memberships: Membership[];
  joins: Join[];
  /** Those in the games whose progress cannot be folded on but only anew (`foldsAnew`); in windows on which the batch rules; and those that it has made. */
  credits: Credit[];
  /** What has been ruled about the player's events. */
  rulings: Ruling[];
  /** When this person was erased, who has come back since; absent for nearly everybody. */
  erasedAt?: Instant | undefined;
}

/** Why one game did or did not count an event; closed. */
export type Verdict =
  | {
      outcome: 'applied' | 'held' | 'reversed';
      /** What the event added, or why it counted and yet added nothing. */
      reason: null | 'capped' | 'repeated_value' | 'transaction_counted' | 'reversed_before';
      credits: Credit[];
      claims: OpenClaim[];
      changes: ClaimChange[];
    }
  | { outcome: 'applied'; reason: 'joined'; join: Join }
  | { outcome: 'rejected'; reason: 'frm_flagged' }
  | { outcome: 'late'; reason: 'window_closed' }
  | { outcome: 'not_in_cohort'; reason: 'not_a_member' | 'not_joined' }
  | { outcome: 'outside_window'; reason: 'before_window' | 'after_window' | 'player_erased' | 'paused' | 'ended' }
  | { outcome: 'no_match'; reason: 'condition_failed' | 'worth_nothing' | 'already_joined' };
