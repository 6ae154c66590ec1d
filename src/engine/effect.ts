// What a decision consists of: facts to be written, collected while a batch is decided, written by apply.ts in one go.
import type { Statement } from '../cohorts/cohorts.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { Destination, OutboxMessage } from '../event/message.ts';
import type { Stock } from '../games/cookie.ts';
import type { Claim, ClaimChange, Credit, Join, OpenedCookie, Player, Ruling } from '../games/games.ts';
import type { DebtEntry, Debts } from '../rewards/debts.ts';
import type { Drawn } from '../rewards/draw.ts';
import type { Instant } from '../time.ts';
import type { Outcome } from './batch.ts';

/** A player with what has been stated about the cohorts that a batch asks for; `memberships` follow from it. */
export interface PlayerState extends Player {
  statements: Statement[];
  debts: Debts;
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
  known: { eventNo: number; contentHash: string; outcome: Outcome; reason: string | null } | undefined;
  /** Of an event that names an original: the numbers of the events that it names, of those stored before this batch. */
  originals: readonly number[];
  /** The stock of the cookies that the batch may open, as its events so far have left it. */
  stock: Stock;
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

/** Everything one batch changes. */
export interface Decision {
  judged: JudgedEvent[];
  conflicts: { opened: OpenedEvent; eventNo: number }[];
  credits: { player: Player; judged: JudgedEvent; credit: Credit }[];
  claims: { player: Player; judged: JudgedEvent; claim: Claim; messageKey: string | null }[];
  changes: { player: Player; judged: JudgedEvent; change: ClaimChange }[];
  joins: { player: Player; judged: JudgedEvent; join: Join }[];
  statements: { player: Player; statement: Statement }[];
  rulings: { player: Player; judged: JudgedEvent; ruling: Ruling }[];
  /** Rulings whose wait is over, and why nothing came of one. */
  resolved: { player: Player; ruling: Ruling; reason: string | null }[];
  corrections: { player: Player; credit: Credit; rulingNo: number }[];
  debts: { player: Player; judged: JudgedEvent; entry: DebtEntry }[];
  /** Amounts that were drawn, each with its new claim. */
  draws: { player: Player; claim: Claim; drawn: Drawn }[];
  /** Cookies that were opened. */
  openings: { player: Player; judged: JudgedEvent; opened: OpenedCookie; messageKey: string }[];
  messages: OutboxMessage[];
  /** Messages, by key, that must not be sent any more; and those that a person lets through though their budget is exhausted. */
  cancelled: { bucket: number; messageKey: string }[];
  released: { bucket: number; messageKey: string; destination: Destination }[];
  /** The players whose progress, joins or cohorts changed. */
  touched: Player[];
}
