// Doing what must be done before anything else can go on, however long the database or the brokers are away.
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import { backoffMs } from '../../src/retry.ts';

const RETRY = { baseMs: 100, maxMs: 5_000 };

/** Repeats `work` until it succeeds. Rejects only when `signal` is aborted; `what` says in the log what is waited for. */
export async function insist<T>(
  what: string,
  work: () => Promise<T>,
  options: { signal: AbortSignal; log: Log },
): Promise<T> {
  const { signal, log } = options;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      log.warn({ attempt, error: messageOf(error) }, `${what} failed; trying again`);
    }
    await delay(backoffMs(attempt, Math.random(), RETRY), undefined, { signal });
  }
}
