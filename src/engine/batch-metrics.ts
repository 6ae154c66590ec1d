// What is measured of batches: how many events came to what, how large batches are, and where their time goes. Owns the metrics, no judgement.
import { Counter, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';
import type { Batch, BatchResult } from './batch.ts';

/**
 * The steps of one transaction: `open` (waiting for a connection and for the players' buckets, reading), `decide`, `apply` (writing) and `commit`.
 * Beside it stands `prepare`: definitions, the inbox's partitions, verdicts of others on cohorts.
 */
export const steps = ['prepare', 'open', 'decide', 'apply', 'commit'] as const;
export type Step = (typeof steps)[number];

const events = new Counter({
  name: 'milepost_events_total',
  help: 'Events by outcome; repeats count as duplicate, unreadable messages as parked.',
  labelNames: ['outcome'],
  registers: [registry],
});
const batchSeconds = new Histogram({
  name: 'milepost_batch_seconds',
  help: 'Time from opening a batch to its commit, retries included.',
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
  registers: [registry],
});
const batchEvents = new Histogram({
  name: 'milepost_batch_events',
  help: 'Messages of a batch, parked ones included: small ones say that events come slowly, full ones that there is a backlog.',
  buckets: [1, 5, 10, 25, 50, 100, 250, 500, 999, 1_000],
  registers: [registry],
});
const stepSeconds = new Histogram({
  name: 'milepost_batch_step_seconds',
  help: 'Time of each step of an attempt at a batch; a step that failed is not in it.',
  labelNames: ['step'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
  registers: [registry],
});
const batchRetries = new Counter({
  name: 'milepost_batch_retries_total',
  help: 'Attempts of a batch that the database refused, by what the refusal means.',
  labelNames: ['failure'],
  registers: [registry],
});
const conflicts = new Counter({
  name: 'milepost_event_conflicts_total',
  help: 'Deliveries under a known identity with another content; they change nothing.',
  registers: [registry],
});
const claimsMade = new Counter({
  name: 'milepost_claims_total',
  help: 'Milestone steps claimed.',
  registers: [registry],
});

// From the beginning, as the first failure of a process would not be an increase of a count that was not there before.
for (const outcome of ['failed', 'parked']) events.inc({ outcome }, 0);

// Looked up once: every batch takes all of them.
const stepsMeasured = Object.fromEntries(steps.map((step) => [step, stepSeconds.labels(step)])) as Record<
  Step,
  Histogram.Internal<'step'>
>;

/** Measures a committed batch that was begun at `startedAt`, by the monotonic clock. */
export function measureBatch(batch: Batch, result: BatchResult, startedAt: number): void {
  batchSeconds.observe((performance.now() - startedAt) / 1_000);
  batchEvents.observe(batch.events.length + batch.parked.length);
  const words = result.results.map(({ outcome, replayed }) => (replayed ? 'duplicate' : outcome));
  for (const [outcome, all] of Map.groupBy(words, (word) => word)) events.inc({ outcome }, all.length);
  if (batch.parked.length > 0) events.inc({ outcome: 'parked' }, batch.parked.length);
  conflicts.inc(result.results.filter(({ reason }) => reason === 'conflicting_content').length);
  claimsMade.inc(result.claims);
}

/** Counts an attempt that was refused. */
export function countRefusal(failure: string): void {
  batchRetries.inc({ failure });
}

/** A clock for the steps of one attempt: each call says which step has just ended. `also` hears of it, by performance.now(). */
export function timeSteps(also?: (step: Step, startedAt: number, endedAt: number) => void): (ended: Step) => void {
  let since = performance.now();
  return (ended) => {
    const now = performance.now();
    stepsMeasured[ended].observe((now - since) / 1_000);
    also?.(ended, since, now);
    since = now;
  };
}
