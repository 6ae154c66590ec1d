// The contract of every long-running part: start, stop, and a way to say that it ended by itself.

/**
 * A part that runs until it is stopped.
 * - `start` resolves when the part is ready and rejects when it cannot be.
 * - `stop` finishes what is in flight, within limits.stopMs, is harmless when called twice, and resolves when nothing runs any more.
 * - `failed` rejects when the part ended by itself; the process must then exit non-zero and be restarted. It never resolves.
 */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly failed: Promise<never>;
}

/** Starts services in order; when one cannot start, those already started are stopped and the error is thrown. */
export async function startAll(services: readonly Service[]): Promise<void> {
  const started: Service[] = [];
  for (const service of services) {
    try {
      await service.start();
      started.push(service);
    } catch (error) {
      await stopAll(started);
      throw error;
    }
  }
}

/** Tells all services to stop, and waits for every one: each has the whole of limits.stopMs, and one that fails to stop keeps no other running. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const endings = await Promise.allSettled(services.toReversed().map((service) => service.stop()));
  const errors = endings.filter((ending) => ending.status === 'rejected').map(({ reason }) => reason as unknown);
  if (errors.length > 0) throw new AggregateError(errors, 'not every part stopped cleanly');
}
