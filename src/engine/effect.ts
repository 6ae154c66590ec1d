// What a decision consists of: facts to be written, collected while a batch is decided, written by apply.ts in one go.
import type { Statement } from '../cohorts/cohorts.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { Destination, OutboxMessage } from '../event/message.ts';
import type { Stock } from '../games/cookie.ts';
import type {
  Account,
  Claim,
  ClaimChange,
  Credit,
  Join,
  OpenClaim,
  OpenedCookie,
  Player,
  Ruling,
} from '../games/games.ts';
import type { MergeStatement } from '../players/merge.ts';
import type { DebtEntry, Debts } from '../rewards/debts.ts';
import type { Drawn } from '../rewards/draw.ts';
import type { Instant } from '../time.ts';
import type { Outcome } from './batch.ts';

/** A player who was merged into another. */
export interface MergedAccount extends Account {
  /** The number of the player it was merged into. */
  into: number;
  mergedAt: Instant;
  /** What it owes, which is part of what the person owes. */
  debts: Debts;
}

/** A player with what has been stated about the cohorts that a batch asks for; `memberships` follow from it. */
export interface PlayerState extends Player {
  statements: Statement[];
  /** Of the whole person. */
  debts: Debts;
  /** The players who were merged into this one. */
  accounts: MergedAccount[];
}

/** An event of a batch with what the database said about it. */
export interface OpenedEvent {
  incoming: IncomingEvent;
  player: PlayerState;
  /** The time its message carries, never later than the database's clock; that clock at acceptance where it carries none. */
  receivedAt: Instant;
  /** Its number if it is stored now. */
  eventNo: number;
  /** What is known of its identity already; undefined when it is new. */
  known:
    | {
        eventNo: number;
        contentHash: string;
        outcome: Outcome;
        reason: string | null;
        /** It is known of a player who was merged into the event's. */
        elsewhere?: boolean;
      }
    | undefined;
  /** Of an event that names an original: the numbers of the events that it names, of those stored before this batch. */
  originals: readonly number[];
  /** The stock of the cookies that the batch may open, as its events so far have left it. */
  stock: Stock;
  /** Of a merge, and of its undoing: who counts for the player that it names. */
  named?: PlayerState;
}

/** An event to record, with its outcome. */
export interface JudgedEvent {
  opened: OpenedEvent;
  /** Its place among the judged events of its batch, from 1. */
  place: number;
  eventNo: number;
  outcome: Exclude<Outcome, 'duplicate' | 'parked'>;
  reason: string | null;
  /** It had failed before and keeps its identity. */
  redone: boolean;
}

/** That an event states something about a player besides its own. */
export interface Mention {
  judged: JudgedEvent;
  account: Account;
  into: Account;
}

/** That a player is one person with another from now on, or is not any more. */
export interface Merge extends Mention, Pick<MergeStatement, 'kind' | 'reason' | 'statedBy'> {
  /** Who counts for the account and for those that had been merged into it, and what each of them was merged into. */
  owned: { account: Account; owner: Account; into: Account; mergedAt: Instant }[];
  /** Everybody whose person has changed. */
  members: Account[];
}

/** Everything one batch changes. */
export interface Decision {
  judged: JudgedEvent[];
  conflicts: { opened: OpenedEvent; eventNo: number }[];
  credits: { player: PlayerState; judged: JudgedEvent; credit: Credit }[];
  claims: { player: Player; judged: JudgedEvent; claim: OpenClaim; messageKey: string | null }[];
  changes: { player: PlayerState; judged: JudgedEvent; change: ClaimChange }[];
  joins: { player: PlayerState; judged: JudgedEvent; join: Join }[];
  statements: { player: PlayerState; statement: Statement }[];
  rulings: { player: Player; judged: JudgedEvent; ruling: Ruling }[];
  /** Rulings whose wait is over, and why nothing came of one. */
  resolved: { player: Player; ruling: Ruling; reason: string | null }[];
  corrections: { player: PlayerState; credit: Credit; rulingNo: number }[];
  debts: { player: Account; judged: JudgedEvent; entry: DebtEntry }[];
  /** Amounts that were drawn, each with its new claim. */
  draws: { player: Player; claim: Claim; drawn: Drawn }[];
  /** Cookies that were opened. */
  openings: { player: Player; judged: JudgedEvent; opened: OpenedCookie; messageKey: string }[];
  /** A merge stands alone in its batch. */
  merge: Merge | null;
  /** Of a merge that was refused: whom it names, which an erasure has to find. */
  refusedMerge: Mention | null;
  messages: OutboxMessage[];
  /** Messages, by key, that must not be sent any more; and those that a person lets through though their budget is exhausted. */
  cancelled: { bucket: number; messageKey: string }[];
  released: { bucket: number; messageKey: string; destination: Destination }[];
  /** The players whose progress, joins or cohorts changed. */
  touched: PlayerState[];
}
