// The drain of one destination in this process: lease → deliver → settle, until nothing is due. It owns its leases, the calls under way, the
// results not yet settled, and the time of the next look. It must never send what its lease may not outlive, nor end by itself:
// whatever fails here is tried again, by a timer of its own, by the next wake-up or by another process once the leases are over.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Counter, Histogram } from 'prom-client';
import type { Db } from '../db/connect.ts';
import { failureOf } from '../db/failure.ts';
import { transaction } from '../db/transaction.ts';
import { messageOf } from '../errors.ts';
import type { Destination, RewardMessage } from '../event/message.ts';
import { limits } from '../limits.ts';
import { type Log, playerHash } from '../log.ts';
import { registry } from '../metrics.ts';
import { backoffMs } from '../retry.ts';
import { type CircuitRules, circuitRules } from './circuit.ts';
import type { Delivery } from './delivery.ts';
import { endDelivery, traceDelivery } from './delivery-trace.ts';
import { type LeasedMessage, leaseDue } from './lease.ts';
import { remove, type Settled, type Settlement, settle } from './settle.ts';

const deliveries = new Counter({
  name: 'milepost_deliveries_total',
  help: 'Deliveries of outbox messages by destination and result.',
  labelNames: ['destination', 'result', 'reason'],
  registers: [registry],
});
const deliverySeconds = new Histogram({
  name: 'milepost_delivery_seconds',
  help: 'Time of one call of a destination.',
  labelNames: ['destination'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [registry],
});
const fenced = new Counter({
  name: 'milepost_fenced_settlements_total',
  help: 'Results that came after their lease had been given to another worker, and changed nothing.',
  labelNames: ['destination'],
  registers: [registry],
});

/** How the messages of a destination are delivered. */
export interface Handler {
  readonly destination: Destination;
  /** Messages that one call takes together. */
  readonly perCall: number;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Messages per second that all workers together may send; undefined for no limit. */
  readonly ratePerSecond?: number | undefined;
  /** By what messages that were never leased are sent; undefined where it is for ever the same. */
  readonly requestDigest?: string | undefined;
  /** A call is over by then. */
  readonly callMs: number;
  /** The longest wait between two attempts. */
  readonly retryMaxMs: number;
  /** Whether messages stay on record when they are done; otherwise they are removed. */
  readonly recorded: boolean;
  /** One delivery per message, in their order. When it throws, all of them are tried again. */
  deliver(messages: readonly LeasedMessage[], signal: AbortSignal): Promise<Delivery[]>;
}

export interface Drain {
  readonly destination: Destination;
  /** Says that messages may be due. Returns at once; while the drain is at work it looks again without waiting for calls under way. */
  wake(): void;
  /** Resolves when nothing is under way and nothing that this process knows of is due. */
  idle(): Promise<void>;
  /** Leases nothing more, gives back what is not sent, finishes the calls under way and settles them. */
  stop(): Promise<void>;
}

const DATABASE_RETRY = { baseMs: 100, maxMs: 5_000 };

/** Starts a drain; it looks for due messages when it is woken, and by itself when one that it has seen waiting is due. */
export function createDrain(options: {
  db: Db;
  handler: Handler;
  log: Log;
  leaseMs: number;
  /** Other rules for the circuit than the limits; for tests. */
  circuit?: Partial<CircuitRules> | undefined;
  /** Called after a commit that wrote refreshes, with the players whose rewards ended. */
  onRefresh: (userIds: readonly string[]) => void;
}): Drain {
  const { db, handler, leaseMs } = options;
  const { destination } = handler;
  const settleMs = leaseMs / 4;
  // Few calls at once: few messages, so that their lease outlives the calls before theirs.
  const leaseRows = Math.min(limits.leaseRows, 4 * handler.concurrency * handler.perCall);
  const circuit = { ...circuitRules(leaseRows), ...options.circuit };
  assert(
    leaseMs > handler.callMs + settleMs,
    `a lease of ${leaseMs} ms cannot cover a call of ${handler.callMs} ms and its settling`,
  );
  const log = options.log.child({ destination });
  // Looked up once: finding a metric by its labels takes longer than all else that is done about a reward here.
  const seconds = deliverySeconds.labels(destination);
  const doneCount = deliveries.labels(destination, 'done', '');
  // From the beginning, as the first of a process would not be an increase of a count that was not there before.
  for (const result of ['refused', 'ambiguous']) deliveries.inc({ destination, result, reason: '' }, 0);
  const aborted = new AbortController();
  const queue: LeasedMessage[] = [];
  const unsettled: Settlement[] = [];
  let calls = 0;
  let due = false;
  let leasing = false;
  let settling = false;
  let stopping = false;
  let failures = 0;
  /** Results in a row, up to the latest, that ask for another attempt, whether the circuit has heard of them or not. */
  let failedInARow = 0;
  /** How often this process has heard that the circuit was not closed. */
  let warnings = 0;
  let settleTimer: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let whenIdle = Promise.withResolvers<void>();

  /** Does everything that can be done now; called whenever anything has changed. */
  function turn(): void {
    if (stopping) for (const message of queue.splice(0)) release(message);
    while (queue.length > 0 && calls < handler.concurrency && unsettled.length < limits.settleRows && !isFailing()) {
      const batch = queue.splice(0, handler.perCall);
      if (outlives(batch)) void call(batch);
      else for (const message of batch) release(message);
    }
    // The next lease is on its way while a lease's worth of messages still waits, so that calls need not pause for it.
    if (due && !stopping && !leasing && queue.length < leaseRows) void lease();
    if (unsettled.length > 0 && !settling) {
      if (isWorthSettling()) void settleAll();
      else settleTimer ??= setTimeout(() => void settleAll(), limits.settleWaitMs);
    }
    if (isIdle()) {
      whenIdle.resolve();
      whenIdle = Promise.withResolvers<void>();
    }
  }

  /** Whether so many results in a row ask for another attempt that the circuit has to hear of all there are first: it may be about to open. */
  function isFailing(): boolean {
    return failedInARow >= circuit.openAfter && (settling || unsettled.length > 0);
  }

  /** A transaction costs the same for one result as for many: unless something waits for these, a few more are waited for. */
  function isWorthSettling(): boolean {
    return unsettled.length >= limits.settleGroup || calls === 0 || isFailing() || stopping;
  }

  function isIdle(): boolean {
    return calls === 0 && queue.length === 0 && unsettled.length === 0 && !leasing && !settling && (stopping || !due);
  }

  /** Whether the lease leaves time for the call and for settling it. */
  function outlives(messages: readonly LeasedMessage[]): boolean {
    const end = Math.min(...messages.map(({ leasedUntil }) => leasedUntil));
    return performance.now() + handler.callMs + settleMs < end;
  }

  async function lease(): Promise<void> {
    due = false;
    leasing = true;
    const warningsBefore = warnings;
    try {
      const leased = await transaction(db, (tx) =>
        leaseDue(tx, destination, {
          rows: leaseRows,
          leaseMs,
          ratePerSecond: handler.ratePerSecond,
          requestDigest: handler.requestDigest,
        }),
      );
      if (warnings === warningsBefore) queue.push(...leased.messages);
      // It may have been on its way when the circuit opened.
      else for (const message of leased.messages) release(message);
      failures = 0;
      if (leased.dueInMs === 0) due = true;
      else if (leased.dueInMs !== undefined) lookAgainIn(leased.dueInMs);
    } catch (error) {
      failures += 1;
      log.warn({ error: messageOf(error), failures }, 'the database refused a lease; trying again');
      lookAgainIn(backoffMs(failures, Math.random(), DATABASE_RETRY));
    }
    leasing = false;
    turn();
  }

  /** Sets the timer, unless it is set for an earlier moment. */
  function lookAgainIn(ms: number): void {
    const wait = Math.min(Math.ceil(ms), limits.retryMaxMs);
    const at = performance.now() + wait;
    if (stopping || at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(() => {
      timerAt = Number.POSITIVE_INFINITY;
      wake();
    }, wait);
  }

  function wake(): void {
    due = true;
    turn();
  }

  function release(message: LeasedMessage): void {
    const now = performance.now();
    unsettled.push({ message, delivery: { kind: 'released' }, waitMs: 0, startedAt: now, endedAt: now });
  }

  async function call(messages: readonly LeasedMessage[]): Promise<void> {
    calls += 1;
    const startedAt = performance.now();
    const spans = messages.map((message) => traceDelivery(destination, message));
    const delivered = await deliver(messages);
    const endedAt = performance.now();
    seconds.observe((endedAt - startedAt) / 1_000);
    for (const [index, message] of messages.entries()) {
      const delivery = delivered[index] ?? failed('the handler gave no result for a message');
      endDelivery(spans[index], delivery);
      if (handler.recorded) logDelivery(message, delivery);
      if (delivery.kind === 'done') doneCount.inc();
      else
        deliveries.inc({
          destination,
          result: delivery.kind,
          reason: delivery.kind === 'retry' ? delivery.reason : '',
        });
      unsettled.push({ message, delivery, waitMs: waitOf(message, delivery, handler.retryMaxMs), startedAt, endedAt });
      failedInARow = delivery.kind === 'retry' ? failedInARow + 1 : 0;
    }
    calls -= 1;
    turn();
  }

  /** What ends badly is told; the rest only to who wants every detail. */
  function logDelivery({ messageKey, attempt, body }: LeasedMessage, delivery: Delivery): void {
    const level = delivery.kind === 'refused' || delivery.kind === 'ambiguous' ? 'warn' : 'debug';
    if (!log.isLevelEnabled(level)) return;
    const { user_id: userId } = body as Partial<RewardMessage>;
    log[level](
      {
        message_key: messageKey,
        ...(userId === undefined ? {} : { player: playerHash(userId) }),
        attempt,
        result: delivery.kind,
        ...('error' in delivery ? { error: delivery.error.slice(0, limits.errorChars) } : {}),
      },
      'delivery',
    );
  }

  async function deliver(messages: readonly LeasedMessage[]): Promise<Delivery[]> {
    try {
      return await handler.deliver(messages, aborted.signal);
    } catch (error) {
      log.error({ err: error }, 'a delivery failed in our own code; trying again');
      return messages.map(() => failed(messageOf(error)));
    }
  }

  /** Settles what has come in; what comes meanwhile is settled together, next. */
  async function settleAll(): Promise<void> {
    settling = true;
    clearTimeout(settleTimer);
    settleTimer = undefined;
    const batch = unsettled.splice(0, limits.settleRows);
    for (let attempt = 1; ; attempt++) {
      try {
        await commit(batch, attempt > 1);
        break;
      } catch (error) {
        const problem = { error: messageOf(error), attempt, messages: batch.length };
        if (aborted.signal.aborted || failureOf(error) === 'data') {
          log.error(
            problem,
            'results could not be settled; their messages are delivered again, with the same keys, after their leases',
          );
          break;
        }
        // Also past the lease: the token fences, and while the database is away nobody else is given the messages.
        log.warn(problem, 'the database refused results; trying again');
        await delay(backoffMs(attempt, Math.random(), DATABASE_RETRY), undefined, { signal: aborted.signal }).catch(
          () => {},
        );
      }
    }
    settling = false;
    turn();
  }

  async function commit(batch: readonly Settlement[], repeated: boolean): Promise<void> {
    const over = handler.recorded ? [] : batch.filter(({ delivery }) => delivery.kind === 'done');
    const kept = handler.recorded ? batch : batch.filter(({ delivery }) => delivery.kind !== 'done');
    const result = await transaction(db, async (tx) => {
      const removed = over.length > 0 ? await remove(tx, over) : 0;
      const settled = kept.length > 0 ? await settle(tx, destination, kept, circuit) : undefined;
      return { ...settled, settled: removed + (settled?.settled ?? 0) };
    });
    if (result.refreshed || repeated) options.onRefresh(usersOf(kept));
    if (result.circuit !== undefined) follow(result as Settled);
    const waits = kept
      .filter(({ delivery }) => delivery.kind === 'retry' || delivery.kind === 'released')
      .map(({ waitMs }) => waitMs);
    if (waits.length > 0) lookAgainIn(Math.min(...waits));
    const missing = batch.length - result.settled;
    if (missing === 0) return;
    // An earlier COMMIT whose answer was lost has settled these itself.
    if (repeated) log.info({ messages: missing }, 'results had been settled already');
    else {
      fenced.inc({ destination }, missing);
      log.warn(
        { messages: missing },
        'results came after their lease was given to another worker; they changed nothing',
      );
    }
  }

  /** Does what the circuit asks for: unless it is closed, what has not been sent is given back as if it had never been leased, but for the wave. */
  function follow({ circuit: state, circuit_changed: changed, probe_token: wave, ready }: Settled): void {
    if (state !== 'closed') {
      warnings += 1;
      for (const message of queue.splice(0)) {
        if (message.claimToken === wave) queue.push(message);
        else release(message);
      }
    }
    if (ready) due = true;
    if (!changed) return;
    if (state === 'open') log.warn('the circuit is open: the service fails, and is not called until a probe succeeds');
    else log.info('the circuit is closed: the service answers');
  }

  return {
    destination,
    wake,
    async idle() {
      if (!isIdle()) await whenIdle.promise;
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      // Whatever still hangs then is given up, so that the process ends in time; the leases end by themselves.
      const deadline = setTimeout(() => aborted.abort(), limits.giveUpMs);
      turn();
      if (!isIdle()) await whenIdle.promise;
      clearTimeout(deadline);
    },
  };
}

/** The players whose rewards ended. */
function usersOf(settlements: readonly Settlement[]): string[] {
  return settlements.flatMap(({ message, delivery: { kind } }) => {
    const { user_id: userId } = message.body as Partial<RewardMessage>;
    return userId === undefined || kind === 'retry' || kind === 'released' ? [] : [userId];
  });
}

function waitOf(message: LeasedMessage, delivery: Delivery, maxMs: number): number {
  if (delivery.kind !== 'retry') return 0;
  // The jitter comes on top of what the destination asked for, so that not everybody is back at the same instant.
  const asked = Math.min(delivery.retryAfterMs ?? 0, maxMs);
  return asked + backoffMs(message.attempt, Math.random(), { baseMs: limits.retryBaseMs, maxMs });
}

function failed(error: string): Delivery {
  return { kind: 'retry', request: null, reason: 'handler_failed', error };
}
