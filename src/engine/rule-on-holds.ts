// Rules on what is held, on a person's order: a verdict on each hold, as an event through the front door, some in each transaction. Owns nothing: what
// is held is found by games/hold.ts, what a verdict does is decided like everything else. Whoever was faster is heard of in the result.
import type { Origin } from '../event/event.ts';
import type { Hold } from '../games/hold.ts';
import { createHoldNormaliser, HOLD_SOURCE, type VerdictRequest, verdictMessage } from '../games/verdict.ts';
import { limits } from '../limits.ts';
import type { EventResult } from './batch.ts';
import type { Engine } from './process.ts';

/** What became of a verdict on a hold. */
export interface RuledHold {
  hold: Hold;
  result: EventResult;
}

const normaliser = createHoldNormaliser();

/** Gives a verdict on holds. In each result the outcome is `applied`, or else its reason says why not: `not_held` where somebody was faster. */
export async function ruleOnHolds(
  engine: Pick<Engine, 'process'>,
  holds: readonly Hold[],
  request: VerdictRequest & { origin: Origin },
  options: { signal?: AbortSignal; progress?: (done: number) => void } = {},
): Promise<RuledHold[]> {
  const ruled: RuledHold[] = [];
  for (let from = 0; from < holds.length; from += limits.ruledRows) {
    const some = holds.slice(from, from + limits.ruledRows);
    const events = some.map((hold) => {
      const normalised = normaliser.normalise(HOLD_SOURCE, verdictMessage(hold, request, request.origin));
      if (normalised.kind === 'event') return normalised.event;
      // What names a hold has passed this door before.
      throw new Error(`a verdict cannot be read: ${normalised.parked.detail}`);
    });
    const { results } = await engine.process({ events, parked: [] }, options.signal);
    ruled.push(...some.map((hold, index) => ({ hold, result: results[index] as EventResult })));
    options.progress?.(ruled.length);
  }
  return ruled;
}

/** Whether a verdict has changed something. */
export function isRuled({ result }: RuledHold): boolean {
  return result.outcome === 'applied' && !result.replayed;
}
