// THE transaction: a batch goes in, everything it causes is committed once, or the batch is left untouched. Reads as the life of a batch,
// top to bottom: partitions → verdicts on cohorts → attempt (open, decide, apply, commit) → wake-up; and on failure: wait, split, or set one event aside.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, type CohortResolver, noVerdicts, type Verdicts } from '../cohorts/resolver.ts';
import type { Db } from '../db/connect.ts';
import { failureOf } from '../db/failure.ts';
import { transaction } from '../db/transaction.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import { messageOf, UserError } from '../errors.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { Destination } from '../event/message.ts';
import { formatOrigin } from '../event/origin.ts';
import type { Player } from '../games/games.ts';
import {
  advancePosition,
  databaseClock,
  ensureInboxPartition,
  PositionMoved,
  park,
  type Rejudged,
  recordConflicts,
  recordFailure,
  recordRejudged,
} from '../inbox/store.ts';
import { limits } from '../limits.ts';
import { type Log, playerHash } from '../log.ts';
import { createWaker } from '../outbox/wake.ts';
import { isMerge } from '../players/merge.ts';
import { isPseudonym } from '../players/pseudonym.ts';
import { backoffMs } from '../retry.ts';
import { type Draw, DrawKeyMissing, DrawKeyNeeded, noDraw } from '../rewards/draw.ts';
import { type Instant, utcDay } from '../time.ts';
import { applyDecision } from './apply.ts';
import type { Batch, BatchResult, EventResult, Moved } from './batch.ts';
import { countRefusal, measureBatch, timeSteps } from './batch-metrics.ts';
import { type BatchTrace, traced } from './batch-trace.ts';
import { CohortUnknown, decide, gamesFor, type Occasion, questionsOf } from './decide.ts';
import type { Decision, OpenedEvent } from './effect.ts';
import { type Preview, preview } from './preview.ts';
import { lookBatch, openBatch } from './state.ts';

export interface Engine {
  /**
   * Commits a batch and answers what became of each event. While the database is away it waits and tries again; it throws only when
   * `signal` is aborted, the source's position was moved (PositionMoved), or a command lacks a key (DrawKeyNeeded), and then nothing of the batch (or only
   * whole leading slices of it) is committed. Repeating a batch is harmless.
   */
  process(batch: Batch, signal?: AbortSignal): Promise<BatchResult>;
  /** What an event would do if it came now. Writes nothing and waits for no batch; rejects while the database is away. */
  preview(incoming: IncomingEvent): Promise<Preview>;
  /** The definitions the last batch was decided with, loaded first if there was none. */
  definitions(): Promise<Definitions>;
  /** Resolves when no wake-up is on its way. */
  idle(): Promise<void>;
}

/** An error thrown by the decision itself: the event's fault or ours, never the database's. */
class DecisionError extends Error {}

/** A rehearsal has come to its end: nothing of it is kept. */
class Rehearsed extends Error {
  readonly result: BatchResult;

  constructor(result: BatchResult) {
    super('a rehearsal');
    this.result = result;
  }
}

/** Events of people who have been erased since they occurred: nothing of them may be kept. */
class FromBeforeErasure extends Error {
  readonly events: ReadonlySet<IncomingEvent>;

  constructor(events: readonly IncomingEvent[]) {
    super('events from before an erasure');
    this.events = new Set(events);
  }
}

/** Events of a player who was another person when they, or what they rule on, came: they are that other player's. */
class BelongsToAnother extends Error {
  readonly events: ReadonlyMap<IncomingEvent, string>;

  constructor(events: ReadonlyMap<IncomingEvent, string>) {
    super('events of a merge that was undone');
    this.events = events;
  }
}

/** The definitions in hand are older than the database's: load them and decide anew. */
class StaleDefinitions extends Error {}

const DAY_MS = 24 * 3_600_000;
const RETRY = { baseMs: 100, maxMs: 5_000 };

/** `resolver`: who decides cohorts outside Milepost, if anybody does. `draw`: draws amounts; without it, events that need one wait. */
export function createEngine(db: Db, log: Log, resolver?: CohortResolver, draw: Draw = noDraw): Engine {
  const waker = createWaker(db, log);
  /** How far the database's clock is ahead of ours. */
  let aheadMs = 0;
  /** Days since 1970 whose inbox partition is known to be there. */
  const partitions = new Set<number>();
  let definitions: Definitions | undefined;
  /** The last ones that were found stale: what they know of is not read again. */
  let outdated: Definitions | undefined;

  async function process(batch: Batch, signal?: AbortSignal): Promise<BatchResult> {
    assert(batch.events.length <= limits.batchEvents, `a batch holds at most ${limits.batchEvents} events`);
    const startedAt = performance.now();
    const result = await commit(batch, signal);
    if (!batch.rehearsal) measureBatch(batch, result, startedAt);
    return result;
  }

  /** Repeats an attempt until it commits, or until a data error says to split the batch. */
  async function commit(batch: Batch, signal: AbortSignal | undefined): Promise<BatchResult> {
    // What comes after a merge is read when the merge is done: it stands alone.
    const merge = batch.events.findIndex(({ event }) => isMerge(event));
    if (merge >= 0 && batch.events.length > 1) return divide(batch, Math.max(merge, 1), signal);
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await traced(batch, (trace) => attemptOnce(batch, trace));
      } catch (error) {
        if (error instanceof Rehearsed) return error.result;
        if (error instanceof DrawKeyNeeded) throw error;
        if (error instanceof FromBeforeErasure) return without(error.events, batch, signal);
        if (error instanceof BelongsToAnother) return commit(addressed(batch, error.events), signal);
        if (error instanceof StaleDefinitions) {
          outdated = definitions ?? outdated;
          definitions = undefined;
          continue;
        }
        const failure = error instanceof DecisionError ? 'data' : failureOf(error);
        countRefusal(failure);
        if (failure === 'data' && batch.correction)
          throw new UserError(`it cannot be corrected so: ${messageOf(error)}`);
        if (failure === 'data') return split(batch, error, signal);
        if (failure === 'position_moved') throw new PositionMoved(messageOf(error));
        if (failure === 'defect') throw error;
        if (failure === 'missing_partition') partitions.clear();
        log.warn({ ...placeOf(batch), attempt, error: messageOf(error) }, `${waitingFor(error)}; trying again`);
        await delay(backoffMs(attempt, Math.random(), RETRY), undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  /** One transaction over the whole batch. */
  async function attemptOnce(batch: Batch, trace: BatchTrace | undefined): Promise<BatchResult> {
    const ended = timeSteps(trace?.step);
    // Kept for the whole attempt: another batch that finds these definitions stale may drop them meanwhile.
    definitions ??= await loadDefinitions(db, outdated);
    const current = definitions;
    await ensurePartitions(batch);
    const verdicts = await verdictsOn(batch, current);
    const games = gamesFor(
      batch.events.map(({ event }) => event),
      current,
    );
    ended('prepare');
    const committed = await transaction(db, async (tx) => {
      const opened = await openBatch(tx, batch.events, games, current.games);
      ended('open');
      if (opened.epoch !== current.epoch) throw new StaleDefinitions();
      if (opened.apart.size > 0) throw new BelongsToAnother(opened.apart);
      const gone = opened.events.filter(isFromBeforeErasure);
      if (gone.length > 0) throw new FromBeforeErasure(gone.map(({ incoming }) => incoming));
      const before = batch.rehearsal ? structuredClone(opened.events.map(({ player }) => player)) : [];
      const { decision, results } = decided(() => decide(opened.events, current, verdicts, occasionOf(batch), draw));
      ended('decide');
      if (batch.rehearsal) {
        const moved = movedSince(before, decision);
        throw new Rehearsed({ results, claims: decision.claims.length, moved, rehearsed: claimsOf(decision) });
      }
      trace?.carry(decision);
      if (decision.judged.length > 0 || batch.position !== undefined) {
        await applyDecision(tx, decision, batch.position, opened.now);
      }
      await recordConflicts(
        tx,
        decision.conflicts.map(({ opened: { player, incoming, receivedAt }, eventNo }) => ({
          bucket: player.bucket,
          playerId: player.playerId,
          eventNo,
          incoming,
          receivedAt,
        })),
      );
      await recordRejudged(tx, rejudgedOf(decision), batch.run, opened.now);
      await park(tx, batch.parked, opened.now);
      ended('apply');
      return { results, decision, batchNo: opened.batchNo };
    });
    ended('commit');
    logCommitted(batch, committed);
    waker.wake(
      destinationsOf(committed.decision),
      // Also about events that do not count: somebody may wait to hear so.
      namesIn(committed.decision),
    );
    return { results: committed.results, claims: committed.decision.claims.length };
  }

  function logCommitted(batch: Batch, { batchNo, decision }: { batchNo: number; decision: Decision }): void {
    if (!log.isLevelEnabled('debug')) return;
    const { events, parked } = batch;
    const counts = { events: events.length, parked: parked.length, claims: decision.claims.length };
    log.debug({ batch: batchNo, ...placeOf(batch), ...counts }, 'batch committed');
  }

  /** The same reads and decision as of a batch of one, without its locks and without writing. */
  async function look(incoming: IncomingEvent): Promise<Preview> {
    for (;;) {
      definitions ??= await loadDefinitions(db, outdated);
      const current = definitions;
      const verdicts = await verdictsOn({ events: [incoming], parked: [] }, current);
      const games = gamesFor([incoming.event], current);
      const { epoch, events } = await transaction(db, (tx) => lookBatch(tx, [incoming], games, current.games));
      if (epoch !== current.epoch) {
        outdated = current;
        if (definitions === current) definitions = undefined;
        continue;
      }
      return preview(events[0] as OpenedEvent, current, verdicts);
    }
  }

  /** Asked anew for each attempt, and never inside a transaction. */
  async function verdictsOn(batch: Batch, current: Definitions): Promise<Verdicts> {
    if (resolver === undefined) return noVerdicts;
    const questions = batch.events.flatMap(({ event }) => questionsOf(event, current));
    return ask(resolver, questions);
  }

  /** Commits a batch without some events, which are answered as rejected and leave no trace: their players asked for none to be left. */
  async function without(
    gone: ReadonlySet<IncomingEvent>,
    batch: Batch,
    signal: AbortSignal | undefined,
  ): Promise<BatchResult> {
    const { results, claims } = await commit(
      { ...batch, events: batch.events.filter((event) => !gone.has(event)) },
      signal,
    );
    const others = results.values();
    return {
      claims,
      results: batch.events.map((incoming): EventResult => {
        if (!gone.has(incoming)) return others.next().value as EventResult;
        const { event_id } = incoming.event;
        return { event_id, outcome: 'rejected', reason: 'player_erased', replayed: false };
      }),
    };
  }

  /** Halves a batch that fails on data. An event alone is set aside. */
  async function split(batch: Batch, error: unknown, signal: AbortSignal | undefined): Promise<BatchResult> {
    const [only] = batch.events;
    if (only === undefined) throw error;
    if (batch.events.length === 1) return setAside(only, batch, error, signal);
    return divide(batch, Math.ceil(batch.events.length / 2), signal);
  }

  /** Commits a batch in two parts, in order; only the last one moves the position. */
  async function divide(batch: Batch, at: number, signal: AbortSignal | undefined): Promise<BatchResult> {
    const { position: _, ...rest } = batch;
    const first = await commit({ ...rest, events: batch.events.slice(0, at) }, signal);
    const second = await commit({ ...batch, events: batch.events.slice(at), parked: [] }, signal);
    return { results: [...first.results, ...second.results], claims: first.claims + second.claims };
  }

  /** Stores an event that cannot be judged as `failed`, with its error; the partition goes on. */
  async function setAside(
    incoming: IncomingEvent,
    batch: Batch,
    cause: unknown,
    signal: AbortSignal | undefined,
  ): Promise<BatchResult> {
    const error = messageOf(cause);
    const { event_id, user_id, correlation } = incoming.event;
    log.error(
      {
        event_id,
        player: playerHash(user_id),
        source: incoming.source,
        origin: formatOrigin(incoming.origin),
        ...(correlation.payment_id === null ? {} : { payment_id: correlation.payment_id }),
        error,
      },
      'event failed',
    );
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        const result = await transaction(db, async (tx): Promise<EventResult> => {
          const opened = await openBatch(tx, [incoming], new Map(), []);
          const event = opened.events[0];
          if (event === undefined) throw new Error('open_batch returned no event');
          const { event_id } = incoming.event;
          const { known, receivedAt } = event;
          const failed: EventResult = { event_id, outcome: 'failed', reason: 'data_error', replayed: false };
          if (batch.rehearsal) throw new Rehearsed({ results: [failed], claims: 0 });
          await park(tx, batch.parked, opened.now);
          if (batch.position !== undefined) await advancePosition(tx, batch.position, opened.now);
          // A repeat of what was judged changes nothing, whatever is wrong with this delivery of it.
          if (known !== undefined && known.outcome !== 'failed' && known.contentHash === incoming.contentHash) {
            return { event_id, outcome: known.outcome, reason: known.reason, replayed: true };
          }
          const { bucket, playerId } = event.player;
          const eventNo = known?.eventNo ?? event.eventNo;
          await recordFailure(tx, { bucket, playerId, eventNo, incoming, receivedAt }, error);
          return failed;
        });
        waker.wake([], [incoming.event.user_id]);
        return { results: [result], claims: 0 };
      } catch (failed) {
        if (failed instanceof Rehearsed) return failed.result;
        const failure = failureOf(failed);
        if (failure === 'data' || failure === 'defect') throw failed;
        if (failure === 'position_moved') throw new PositionMoved(messageOf(failed));
        log.warn({ attempt, error: messageOf(failed) }, 'the database refused a failed event; trying again');
        await delay(backoffMs(attempt, Math.random(), RETRY), undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  /**
   * A file may carry any receipt time, so the days a batch needs are made before its transaction. Events without one are received by the
   * database's clock, which may be past midnight already.
   */
  async function ensurePartitions(batch: Batch): Promise<void> {
    // What counts as today is the database's business; its clock is asked for anew whenever a day was missing.
    if (partitions.size === 0) aheadMs = (await databaseClock(db)) - Date.now();
    const now = Date.now() + aheadMs;
    // A batch has a thousand events and a day or two: days are told apart as numbers, and written as text only when one is new.
    const days = new Set([now, now + DAY_MS].map(dayOf));
    // What was received in the future counts as received now.
    for (const { receivedAt } of batch.events) if (receivedAt !== undefined) days.add(dayOf(Math.min(receivedAt, now)));
    for (const day of days) {
      if (partitions.has(day)) continue;
      await ensureInboxPartition(db, utcDay(day * DAY_MS));
      partitions.add(day);
    }
  }

  return {
    process,
    preview: look,
    idle: () => waker.idle(),
    async definitions() {
      definitions ??= await loadDefinitions(db, outdated);
      return definitions;
    },
  };
}

/** Who may wait for news of a decision: the players of its events, under every name that they have. */
function namesIn({ judged, merge }: Decision): string[] {
  const accounts = judged.flatMap(({ opened: { player } }) => [player, ...player.accounts]);
  return [...new Set([...accounts, ...(merge?.members ?? [])].map(({ userId }) => userId))];
}

function occasionOf({ run, correction }: Batch): Occasion {
  if (correction) return 'correction';
  return run === undefined ? 'new' : 'anew';
}

function claimsOf({ claims, changes }: Decision): NonNullable<BatchResult['rehearsed']> {
  return {
    made: claims.map(({ player, claim }) => ({ claim, userId: player.userId })),
    changed: changes.map(({ player, change }) => ({ ...change, userId: (change.claim.account ?? player).userId })),
  };
}

/** Where a batch comes from, for the log. */
function placeOf({ position }: Batch): { topic?: string; partition?: number; next_offset?: string } {
  if (position === undefined) return {};
  return { topic: position.topic, partition: position.partition, next_offset: position.nextOffset };
}

/** Where something is due once a decision is committed: also the budgets of what it has cancelled, which get their part back. */
function destinationsOf({ messages, released, cancelled }: Decision): Set<Destination> {
  const destinations = new Set([...messages, ...released].map(({ destination }) => destination));
  if (cancelled.length > 0) destinations.add('budget');
  return destinations;
}

/** What a decision has changed of players' progress. */
function movedSince(before: readonly Player[], { touched }: Decision): Moved[] {
  return touched.flatMap(({ bucket, playerId, progress }) => {
    const known = before.find((player) => player.bucket === bucket && player.playerId === playerId);
    return progress
      .filter(({ changed }) => changed)
      .map(({ gameNo, windowStart, all }): Moved => {
        const then = known?.progress.find((row) => row.gameNo === gameNo && row.windowStart === windowStart);
        return { gameNo, windowStart, before: then?.all.value ?? 0, after: all.value };
      });
  });
}

/** Whether an event is from before the erasure of its player, or of one that it names, or is about those under whose pseudonym the ledgers stay. */
function isFromBeforeErasure({ incoming, player, named }: OpenedEvent): boolean {
  const about = named === undefined ? [player] : [player, named];
  return about.some(
    ({ userId, erasedAt = Number.NEGATIVE_INFINITY }) => incoming.event.occurred_at <= erasedAt || isPseudonym(userId),
  );
}

/** The batch with some events given to the players whose they are. What they say, and so what they are known by, stays. */
function addressed(batch: Batch, owners: ReadonlyMap<IncomingEvent, string>): Batch {
  const events = batch.events.map((incoming): IncomingEvent => {
    const userId = owners.get(incoming);
    return userId === undefined ? incoming : { ...incoming, event: { ...incoming.event, user_id: userId } };
  });
  return { ...batch, events };
}

function waitingFor(error: unknown): string {
  if (error instanceof CohortUnknown) return 'a batch waits for a cohort';
  if (error instanceof DrawKeyMissing) return 'a batch waits for a key to draw with';
  return 'the database refused a batch';
}

function dayOf(instant: Instant): number {
  return Math.floor(instant / DAY_MS);
}

/** The events that had been judged before. */
function rejudgedOf({ judged }: Decision): Rejudged[] {
  return judged.flatMap(({ redone, opened, eventNo, outcome, reason }): Rejudged[] => {
    const { player, known } = opened;
    if (!redone || known === undefined) return [];
    const from = { outcome: known.outcome, reason: known.reason };
    return [{ ...player, eventNo, judgedNo: opened.eventNo, from, to: { outcome, reason } }];
  });
}

function decided<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if ([CohortUnknown, DrawKeyMissing, DrawKeyNeeded].some((kind) => error instanceof kind)) throw error;
    throw new DecisionError(messageOf(error), { cause: error });
  }
}
