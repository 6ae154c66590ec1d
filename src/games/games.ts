// The nouns of the games feature: what the engine reads before deciding, and what it writes after.
import type { Json } from '../event/event.ts';
import type { Instant } from '../time.ts';

/** The fold over a player's live credits in one window of one game. Raw totals; clamping to max_value is for views. */
export interface Fold {
  value: number;
  /** The part of value that no hold touches. */
  cleared: number;
  /** What an archetype needs beyond the totals; null when nothing. */
  state: Json;
}

/** A player's progress while a batch is decided: read once, folded on, written once if changed. */
export interface Progress extends Fold {
  gameNo: number;
  windowStart: Instant;
  /** The greatest value for which steps have been claimed. */
  reached: number;
  changed: boolean;
}

/** What one event was worth by one trigger. */
export interface Credit {
  gameNo: number;
  windowStart: Instant;
  triggerId: string;
  amount: number;
  held: boolean;
  version: number;
}

export type ClaimStatus = 'earned' | 'held' | 'unopened';

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
  reward: { rewardType: 'NC' | 'VOUCHER'; amount: number } | null;
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

/** A player as the engine sees them while a batch is decided. */
export interface Player {
  bucket: number;
  playerId: number;
  userId: string;
  progress: Progress[];
  heldClaims: HeldClaim[];
  memberships: Membership[];
}

/** Why one game did or did not count an event; closed. */
export type Verdict =
  | { outcome: 'applied' | 'held'; reason: null; credits: Credit[]; claims: Claim[]; released: Claim[] }
  | { outcome: 'rejected'; reason: 'frm_flagged' }
  | { outcome: 'late'; reason: 'window_closed' }
  | { outcome: 'not_in_cohort'; reason: 'not_a_member' }
  | { outcome: 'outside_window'; reason: 'before_window' | 'after_window' }
  | { outcome: 'no_match'; reason: 'condition_failed' };
