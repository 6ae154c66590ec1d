// The job `drain_outbox`: the wake-up of a destination's drain. It is over at once, so that a slow service never fills the job slots; what is
// left to do stands in the outbox, not in the job.
import type { Task } from 'graphile-worker';
import { z } from 'zod';
import type { Drain } from '../../src/outbox/drain.ts';

const payload = z.object({ destination: z.string() });

export function drainOutbox(drains: ReadonlyMap<string, Drain>): Task {
  return async (given) => {
    const { destination } = payload.parse(given);
    const drain = drains.get(destination);
    // A newer version may know more destinations; its own sweep finds them.
    if (drain === undefined) throw new Error(`no drain for the destination ${destination} in this version`);
    drain.wake();
  };
}
