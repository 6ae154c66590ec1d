// What goes into the engine and what it answers: the contract between sources and the one transaction.
import type { IncomingEvent, ParkedMessage } from '../event/event.ts';
import type { ClaimChange, OpenClaim } from '../games/games.ts';
import type { Position } from '../inbox/store.ts';
import type { StoredOutcome } from '../inbox/stored-outcome.ts';
import type { Instant } from '../time.ts';

/** The words for what became of an event; the same in SQL, metrics, API and docs. */
export type Outcome = StoredOutcome | 'duplicate' | 'parked';

/** A slice of one source: at most limits.batchEvents events, in arrival order. */
export interface Batch {
  events: IncomingEvent[];
  parked: ParkedMessage[];
  position?: Position;
  /** The run of reprocessing that asks for it: events that have changed nothing are judged anew (inbox/run.ts). */
  run?: string;
  /** Nothing of it is kept: what comes out is what would be done. */
  rehearsal?: true;
  /**
   * It holds two events: what takes an event back, and what takes its place. Both are judged as one (`Occasion`), or neither: the batch is never divided, and
   * where one of them cannot be judged it is refused with a UserError.
   */
  correction?: true;
}

/** What became of one event. */
export interface EventResult {
  event_id: string;
  outcome: Outcome;
  reason: string | null;
  /** True when the event had been judged before: outcome and reason are the original ones where the content is the same. */
  replayed: boolean;
}

export interface BatchResult {
  /** One per event of the batch, in its order. */
  results: EventResult[];
  claims: number;
  /** Of a rehearsal: what would have become of claims. */
  rehearsed?: { made: Owned<{ claim: OpenClaim }>[]; changed: Owned<ClaimChange>[] };
  /** Of a rehearsal: what progress would change. */
  moved?: Moved[];
}

/** With the id of the player that it stands under. */
export type Owned<Row> = Row & { userId: string };

/** Progress of a player in one window of a game, before and after. */
export interface Moved {
  gameNo: number;
  windowStart: Instant;
  before: number;
  after: number;
}
