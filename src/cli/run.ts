// Runs the services of a process until it is told to stop, or until one of them ends by itself.

import { type Service, startAll, stopAll } from '../../workers/service.ts';
import { messageOf, UserError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';

/** A signal that comes this soon after the first is the same one: npm passes on what the terminal has sent already. */
const SAME_SIGNAL_MS = 1_000;

/** Resolves at the first SIGINT or SIGTERM. A later one ends the process at once: whoever sends it does not want to wait. */
export function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    let toldAt: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const now = performance.now();
        if (toldAt !== undefined && now - toldAt > SAME_SIGNAL_MS) process.exit(130);
        toldAt ??= now;
        resolve();
      });
    }
  });
}

/**
 * Starts the services in order, runs `running` beside them, and stops them when told to; `running` is called off first, by its signal. A service that
 * ends by itself stops the others too, and the process exits with 1, to be restarted by whoever runs it.
 */
export async function runServices(
  services: readonly Service[],
  options: { log: Log; told: Promise<void>; running: (signal: AbortSignal) => Promise<void> },
): Promise<void> {
  const { log, told } = options;
  await startAll(services);
  log.info({ services: services.map(({ name }) => name) }, 'started');
  const stopping = new AbortController();
  const running = options.running(stopping.signal);
  const ended = Promise.race([told, ...services.map((service) => service.failed)]);
  let failure: unknown;
  try {
    await Promise.race([ended, running.then(() => ended)]);
  } catch (error) {
    failure = error;
    if (!(error instanceof UserError)) {
      log.fatal({ error: messageOf(error) }, 'a part ended by itself');
      process.exitCode = 1;
    }
  }
  const timer = setTimeout(() => {
    log.fatal({ afterMs: limits.stopMs }, 'a graceful stop took too long');
    process.exit(1);
  }, limits.stopMs);
  stopping.abort();
  await running.catch(() => {}); // told above, or called off
  await stopAll(services);
  clearTimeout(timer);
  log.info('stopped');
  if (failure instanceof UserError) throw failure;
}
