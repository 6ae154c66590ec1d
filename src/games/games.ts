// The nouns of the games feature: what the engine reads before deciding, and what it writes after.

import type { Json } from '../event/event.ts';
import type { RewardType } from '../event/message.ts';
import type { Instant } from '../time.ts';
import type { Zone } from '../time-zone.ts';

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
  /** The canonical transaction of its event. */
  transactionId: string | null;
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
  /** The steps that have been claimed. */
  claimed: number[];
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
}

/** A claim that waits for its player's progress to clear. */
export interface HeldClaim extends Claim {
  status: 'held';
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
export interface Player {
  bucket: number;
  playerId: number;
  userId: string;
  progress: Progress[];
  heldClaims: HeldClaim[];
  memberships: Membership[];
  joins: Join[];
  /** The live credits in the games whose progress cannot be folded on but only anew (`foldsAnew`). */
  credits: Credit[];
}

/** Why one game did or did not count an event; closed. */
export type Verdict =
  | {
      outcome: 'applied' | 'held';
      /** What the event added, or why it counted and yet added nothing. */
      reason: null | 'capped' | 'repeated_value' | 'transaction_counted';
      credits: Credit[];
      claims: Claim[];
      released: Claim[];
    }
  | { outcome: 'applied'; reason: 'joined'; join: Join }
  | { outcome: 'rejected'; reason: 'frm_flagged' }
  | { outcome: 'late'; reason: 'window_closed' }
  | { outcome: 'not_in_cohort'; reason: 'not_a_member' | 'not_joined' }
  | { outcome: 'outside_window'; reason: 'before_window' | 'after_window' | 'paused' | 'ended' }
  | { outcome: 'no_match'; reason: 'condition_failed' | 'worth_nothing' | 'already_joined' };
