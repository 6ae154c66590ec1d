// Ingestion from Kafka as a service: one consumer, started again when it crashes, but not for ever. What it does with records is assignment.ts; the
// Kafka client is behind feed.ts.
import { setTimeout as delay } from 'node:timers/promises';
import { Counter } from 'prom-client';
import { messageOf } from '../../src/errors.ts';
import { readPauses } from '../../src/inbox/pause.ts';
import { limits } from '../../src/limits.ts';
import { registry } from '../../src/metrics.ts';
import { backoffMs } from '../../src/retry.ts';
import type { Service } from '../service.ts';
import { type Assignment, type AssignmentOptions, createAssignment, StalledFeed, type Turns } from './assignment.ts';
import type { Feed, TopicPartition } from './feed.ts';
import { delayOf, type Lane, lagOf } from './lane.ts';

const restarts = new Counter({
  name: 'milepost_kafka_restarts_total',
  help: 'Consumers started again after a crash.',
  registers: [registry],
});

const RETRY = { baseMs: 1_000, maxMs: 30_000 };

export interface IngestOptions extends AssignmentOptions {
  /** A consumer that has not started; called again after each crash. */
  createFeed: () => Feed;
  /** How often positions are compared with the brokers. */
  checkMs?: number;
  /** How often it looks for what a person has paused. */
  pauseMs?: number;
}

export interface PartitionLag extends TopicPartition {
  state: Lane['state'];
  /** The offset to read next; undefined while it is looked up. */
  next: bigint | undefined;
  /** Messages that are not committed yet; undefined while unknown. */
  lag: bigint | undefined;
  /** For how long, at most, the oldest of them has waited; undefined while unknown. */
  delayMs: number | undefined;
}

export interface Ingest extends Service {
  /** The partitions that this process reads. */
  lag(): PartitionLag[];
  /** What keeps ingestion from working, one sentence each; empty when it is ready. */
  problems(): string[];
}

/** Reads the topics of the feed into `process`. */
export function createIngest(options: IngestOptions): Ingest {
  const { db, log, checkMs = limits.kafkaCheckMs, pauseMs = limits.ingestPauseMs } = options;
  const failed = Promise.withResolvers<never>();
  // Whoever looks later finds it; nobody has to look.
  failed.promise.catch(() => {});
  const turns: Turns = new Map();
  const stopping = new AbortController();
  let feed: Feed | undefined;
  let assignment: Assignment | undefined;
  let crashes: number[] = [];
  let trouble: string | undefined = 'the consumer has not started';
  let stopped: Promise<void> | undefined;

  async function start(): Promise<void> {
    try {
      await startFeed();
    } catch (error) {
      await stop();
      throw error;
    }
    void watch();
    void watchPauses();
  }

  async function startFeed(): Promise<void> {
    const own = options.createFeed();
    feed = own;
    await own.start({
      assigned(partitions) {
        if (feed !== own || stopping.signal.aborted) return;
        assignment?.end();
        assignment = createAssignment(own, partitions, turns, options);
        trouble = undefined;
      },
      async fetched(batch) {
        if (feed === own) await assignment?.fetched(batch);
      },
      crashed(error) {
        if (feed === own) void recover(own, error);
      },
    });
  }

  /** Starts another consumer, unless the last ones crashed in quick succession. Never rejects. */
  async function recover(crashed: Feed, error: unknown): Promise<void> {
    if (stopping.signal.aborted) return;
    feed = undefined;
    assignment?.end();
    assignment = undefined;
    trouble = `the consumer crashed: ${messageOf(error)}`;
    const now = Date.now();
    crashes = [...crashes.filter((at) => at > now - limits.kafkaRestartWindowMs), now];
    if (crashes.length > limits.kafkaRestarts) {
      log.fatal({ err: error, crashes: crashes.length }, 'the Kafka consumer keeps crashing; giving up');
      failed.reject(
        new Error(
          `the Kafka consumer crashed ${crashes.length} times within ten minutes, at last: ${messageOf(error)}`,
        ),
      );
      return;
    }
    log.error(
      { err: error, crash: crashes.length, allowed: limits.kafkaRestarts },
      'the Kafka consumer crashed; starting another',
    );
    restarts.inc();
    await crashed.stop();
    try {
      await delay(backoffMs(crashes.length, Math.random(), RETRY), undefined, { signal: stopping.signal });
      await startFeed();
    } catch (next) {
      if (feed !== undefined) await recover(feed, next);
    }
  }

  /** Never rejects; ends with stop. */
  async function watch(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      const checked = feed;
      try {
        await delay(checkMs, undefined, { signal });
        await assignment?.check();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof StalledFeed)) {
          log.warn({ error: messageOf(error) }, 'positions could not be compared with the brokers');
        } else if (checked !== undefined && checked === feed) {
          await recover(checked, error);
        }
      }
    }
  }

  /** Never rejects; ends with stop. While the database is away, everything stays as it is. */
  async function watchPauses(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      try {
        await delay(pauseMs, undefined, { signal });
        const pauses = await readPauses(db);
        assignment?.follow(pauses);
      } catch (error) {
        if (!signal.aborted) log.warn({ error: messageOf(error) }, 'what is paused could not be read');
      }
    }
  }

  function stop(): Promise<void> {
    stopped ??= stopOnce();
    return stopped;
  }

  async function stopOnce(): Promise<void> {
    stopping.abort();
    assignment?.wind();
    const patience = new AbortController();
    const ended = Promise.all([feed?.stop(), ...turns.values()]).then(() => 'ended' as const);
    const late = delay(limits.stopMs, 'late' as const, { signal: patience.signal }).catch(() => 'ended' as const);
    const outcome = await Promise.race([ended, late]);
    patience.abort();
    assignment?.end();
    trouble = 'the consumer has stopped';
    if (outcome === 'late')
      throw new Error(
        `the batch under way did not end within ${limits.stopMs / 1_000} s; it is repeated at the next start`,
      );
  }

  return {
    name: 'ingest',
    start,
    stop,
    failed: failed.promise,
    lag() {
      const at = { monotonic: performance.now(), clock: Date.now() };
      return (assignment?.lanes ?? []).map((lane) => {
        const { topic, partition, state, next } = lane;
        return { topic, partition, state, next, lag: lagOf(lane), delayMs: delayOf(lane, at) };
      });
    },
    problems() {
      const lanes = (assignment?.lanes ?? []).flatMap(({ topic, partition, state, alarm }) => {
        if (state === 'opening') return [`the position of ${topic}/${partition} is not known yet`];
        return alarm === undefined ? [] : [`${topic}/${partition} is not read: ${alarm.detail}`];
      });
      return trouble === undefined ? lanes : [trouble, ...lanes];
    },
  };
}
