// Waits for players' events to be judged. Whoever waits costs the database nothing: news of the player makes them look, together with all others who
// heard something in the same moment. Owns who waits, for how long, and how many may.
import { Gauge } from 'prom-client';
import type { Db } from '../db/connect.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { registry } from '../metrics.ts';
import type { News } from '../outbox/news.ts';
import type { Instant } from '../time.ts';
import { type EventName, type EventOutcome, readOutcomes } from './outcome.ts';

const waitingReaders = new Gauge({
  name: 'milepost_waiting_readers',
  help: 'Readers that wait for an event to be judged.',
  registers: [registry],
});

export interface EventWaits {
  /**
   * What became of a player's event, waited for up to `forMs` unless it is judged already; undefined when it is not judged by then. `signal`: nobody
   * waits any more. While too many wait, and when the process stops, the answer is what is known now.
   */
  outcome(
    userId: string,
    event: EventName,
    options: { forMs: number; signal: AbortSignal },
  ): Promise<EventOutcome | undefined>;
  /** Ends all waiting. */
  stop(): Promise<void>;
}

interface Waiter {
  userId: string;
  event: EventName;
  answer: PromiseWithResolvers<EventOutcome | undefined>;
  /** Whether it stands in the queue to be looked up. */
  due: boolean;
  /** Whether it is kept when it is not found. */
  stays: boolean;
}

export function createEventWaits(options: { db: Db; news: News; log: Log; clock: () => Instant }): EventWaits {
  const { db, news, log, clock } = options;
  const waiters = new Set<Waiter>();
  const ofPlayer = new Map<string, number>();
  let due: Waiter[] = [];
  let scheduled = false;
  let stopped = false;
  let failing = false;
  const lookUps = new Set<Promise<void>>();

  /** At the end of this turn of the event loop: whoever hears something within it is looked up together. */
  function ask(waiter: Waiter): void {
    if (waiter.due) return;
    waiter.due = true;
    due.push(waiter);
    if (!scheduled) setImmediate(turn);
    scheduled = true;
  }

  function turn(): void {
    scheduled = false;
    due = due.filter((waiter) => !waiter.stays || waiters.has(waiter));
    while (due.length > 0 && lookUps.size < limits.lookUpStatements) {
      const batch = due.slice(0, limits.lookedUpEvents);
      due = due.slice(batch.length);
      const looking = lookUp(batch).finally(() => {
        lookUps.delete(looking);
        turn();
      });
      lookUps.add(looking);
    }
  }

  async function lookUp(batch: readonly Waiter[]): Promise<void> {
    for (const waiter of batch) waiter.due = false;
    try {
      const outcomes = await readOutcomes(db, batch, clock());
      failing = false;
      for (const [index, waiter] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome !== undefined || !waiter.stays) waiter.answer.resolve(outcome);
      }
    } catch (error) {
      // Whoever stays hears when the connection is back.
      if (!failing) log.warn({ error: messageOf(error) }, 'events that are waited for could not be looked up');
      failing = true;
      for (const waiter of batch) if (!waiter.stays) waiter.answer.resolve(undefined);
    }
  }

  return {
    async outcome(userId, event, { forMs, signal }) {
      const answer = Promise.withResolvers<EventOutcome | undefined>();
      const others = ofPlayer.get(userId) ?? 0;
      const stays =
        !stopped && forMs > 0 && waiters.size < limits.waiting && others < limits.waitingOfPlayer && !signal.aborted;
      const waiter: Waiter = { userId, event, answer, due: false, stays };
      if (!stays) {
        ask(waiter);
        return answer.promise;
      }
      const giveUp = () => answer.resolve(undefined);
      waiters.add(waiter);
      ofPlayer.set(userId, others + 1);
      waitingReaders.inc();
      const timer = setTimeout(giveUp, forMs);
      signal.addEventListener('abort', giveUp);
      // Heard of before it is looked for: what is judged in between is not missed.
      const unhear = news.about(userId, () => ask(waiter));
      ask(waiter);
      try {
        return await answer.promise;
      } finally {
        unhear();
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        waiters.delete(waiter);
        waitingReaders.dec();
        const left = (ofPlayer.get(userId) ?? 1) - 1;
        if (left > 0) ofPlayer.set(userId, left);
        else ofPlayer.delete(userId);
      }
    },
    async stop() {
      stopped = true;
      for (const waiter of waiters) waiter.answer.resolve(undefined);
      await Promise.all(lookUps);
    },
  };
}
