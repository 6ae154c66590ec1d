import { expect, test } from 'vitest';
import type { Db } from '../src/db/connect.ts';
import { limits } from '../src/limits.ts';
import type { RedisClient } from '../src/redis.ts';
import type { PartitionLag } from './ingest/ingest.ts';
import { createReadiness, type WatchedParts } from './readiness.ts';

/** A database that answers as a migrated one does, or fails. */
function database(answer: 'migrated' | 'away'): Db {
  const query = async () => {
    if (answer === 'away') throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    return { rows: [{ present: true }] };
  };
  return { pool: { query } } as unknown as Db;
}

const lane = (partition: number, state: PartitionLag['state'], delayMs: number | undefined): PartitionLag => ({
  topic: partition < 2 ? 'payments' : 'cards',
  partition,
  state,
  next: 0n,
  lag: 0n,
  delayMs,
});
const ingesting = (lanes: PartitionLag[], problems: string[] = []): NonNullable<WatchedParts['ingest']> => ({
  lag: () => lanes,
  problems: () => problems,
});
const look = (parts: WatchedParts, answer: 'migrated' | 'away' = 'migrated') =>
  createReadiness(database(answer), undefined, parts)();

test('a process that consumes nothing is ready or not, and never behind', async () => {
  expect(await look({})).toEqual({
    ready: true,
    degraded: false,
    checks: { database: 'up', migrations: 'present', redis: 'not_configured' },
  });
  expect(await look({}, 'away')).toMatchObject({ ready: false, checks: { database: 'down', migrations: 'unknown' } });
});

test('a process that can show games from Redis is ready without the database, and degraded; any other is not', async () => {
  const redis = (answer: 'up' | 'down') =>
    ({
      async ping() {
        if (answer === 'down') throw new Error('gone');
      },
    }) as unknown as RedisClient;
  const stale = { readsWithoutDatabase: () => true };
  const away = database('away');
  expect(await createReadiness(away, redis('up'), stale)()).toMatchObject({ ready: true, degraded: true });
  expect(await createReadiness(away, redis('down'), stale)()).toMatchObject({ ready: false });
  expect(await createReadiness(away, undefined, stale)()).toMatchObject({ ready: false });
  expect(await createReadiness(away, redis('up'))()).toMatchObject({ ready: false, degraded: false });
  const knowsNoGames = { readsWithoutDatabase: () => false };
  expect(await createReadiness(away, redis('up'), knowsNoGames)()).toMatchObject({ ready: false, degraded: false });
});

test('a consumer is lagging when the oldest message of any partition has waited for too long, and ready all the same', async () => {
  const within = [lane(0, 'reading', limits.laggingMs), lane(1, 'reading', undefined)];
  expect(await look({ ingest: ingesting(within) })).toMatchObject({
    ready: true,
    lagging: false,
    checks: { kafka: 'reading' },
    delay_seconds: { kafka: limits.laggingMs / 1_000 },
  });
  const beyond = [lane(0, 'reading', 0), lane(1, 'reading', limits.laggingMs + 1_000)];
  expect(await look({ ingest: ingesting(beyond) })).toMatchObject({ ready: true, lagging: true });
  expect(await look({ ingest: ingesting([lane(0, 'opening', undefined)]) })).toMatchObject({
    lagging: false,
    delay_seconds: { kafka: null },
  });
});

test('a pause is told with its topics and is no fault; what holds a partition up is one', async () => {
  const lanes = [lane(0, 'paused', 0), lane(1, 'paused', 0), lane(2, 'reading', 0)];
  expect(await look({ ingest: ingesting(lanes) })).toMatchObject({
    ready: true,
    checks: { kafka: 'paused' },
    paused: ['payments'],
  });
  expect(await look({ ingest: ingesting(lanes, ['cards/2 is not read']) })).toMatchObject({
    ready: false,
    checks: { kafka: 'held_up' },
    paused: ['payments'],
  });
});

test('a worker is lagging when a due message has waited for too long; where it cannot be asked, that is not known', async () => {
  const worker = (delayMs: () => Promise<number>) => ({ worker: { delayMs } });
  expect(await look(worker(async () => limits.laggingMs + 1_000))).toMatchObject({ ready: true, lagging: true });
  expect(await look(worker(async () => 1_234))).toMatchObject({ lagging: false, delay_seconds: { outbox: 1.2 } });
  const away = worker(() => Promise.reject(new Error('gone')));
  expect(await look(away)).toMatchObject({ lagging: false, delay_seconds: { outbox: null } });
});
