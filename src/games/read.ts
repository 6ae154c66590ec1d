// Reads a player's facts: from Redis, and from PostgreSQL where Redis is absent, empty or down. Owns the pause after an error of Redis (no
// request waits for a dead one) and the refill of what was missing. A reader never needs to know where the facts came from; a metric does.
import { Counter, Gauge } from 'prom-client';
import type { Db } from '../db/connect.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { registry } from '../metrics.ts';
import type { RedisClient } from '../redis.ts';
import type { Instant } from '../time.ts';
import { type Field, factsOf, type PlayerFacts, type Wanted } from './facts.ts';
import { createFactsLoader } from './load.ts';
import { readProjection, storePlayer } from './project.ts';

const reads = new Counter({
  name: 'milepost_player_reads_total',
  help: "Reads of a player's facts by where they were found.",
  labelNames: ['found_in'],
  registers: [registry],
});
/** Found once: by its labels a metric takes longer to be found than to be raised. */
const readsFrom = { redis: reads.labels('redis'), postgres: reads.labels('postgres') };
const available = new Gauge({
  name: 'milepost_projection_available',
  help: '1 while reads are answered from Redis, 0 while they go to PostgreSQL because there is no Redis or it fails.',
  registers: [registry],
});

export interface FactsReader {
  /** A player's facts, with those of the wanted windows that the player has progress in. */
  read(userId: string, wanted: Wanted): Promise<PlayerFacts>;
  /** The same from PostgreSQL, whatever Redis holds: with everything that was committed before this is called. */
  readCommitted(userId: string, wanted: Wanted): Promise<PlayerFacts>;
  /** Resolves when no refill is under way. */
  idle(): Promise<void>;
}

/** `db` works as milepost_api; `redis` gives up after limits.redisReadMs. Without `redis` every read goes to PostgreSQL. */
export function createFactsReader(options: {
  db: Db;
  redis: RedisClient | undefined;
  log: Log;
  clock: () => Instant;
}): FactsReader {
  const { db, redis, log, clock } = options;
  available.set(redis === undefined ? 0 : 1);
  const loader = createFactsLoader(db, clock);
  const refills = new Set<Promise<void>>();
  /** By performance.now(): until then Redis is not asked. */
  let pausedUntil = 0;
  let failing = false;

  async function fromRedis(userId: string, wanted: Wanted): Promise<PlayerFacts | undefined> {
    if (redis === undefined || performance.now() < pausedUntil) return undefined;
    // After an error one read tries; the others do not wait for how it ends.
    if (failing) pause();
    try {
      const facts = await readProjection(redis, userId, wanted.fields);
      recovered();
      return facts;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  function pause(): void {
    pausedUntil = performance.now() + limits.redisPauseMs;
  }

  function failed(error: unknown): void {
    pause();
    if (!failing) log.warn({ error: messageOf(error) }, 'Redis fails; reading from PostgreSQL');
    failing = true;
    available.set(0);
  }

  function recovered(): void {
    if (!failing) return;
    log.info('Redis answers again');
    failing = false;
    pausedUntil = 0;
    available.set(1);
  }

  function mayRefill(): boolean {
    return redis !== undefined && !failing && refills.size < limits.refills;
  }

  /** Versions see to it that a refill that comes late writes nothing over what a refresh has written meanwhile. */
  function refill(userId: string, fields: readonly Field[]): void {
    if (redis === undefined || !mayRefill()) return;
    const storing = storePlayer(redis, userId, fields)
      .catch(failed)
      .finally(() => refills.delete(storing));
    refills.add(storing);
  }

  async function readCommitted(userId: string, { games, until }: Wanted): Promise<PlayerFacts> {
    const scope = until === undefined ? { games } : { games, until };
    return factsOf(await loader.load(userId, scope)) as PlayerFacts;
  }

  return {
    async read(userId, wanted) {
      // Of a game that repeats Redis holds the newest windows only.
      const projected = wanted.until === undefined ? await fromRedis(userId, wanted) : undefined;
      readsFrom[projected === undefined ? 'postgres' : 'redis'].inc();
      if (projected !== undefined) return projected;
      if (wanted.until !== undefined || !mayRefill()) return readCommitted(userId, wanted);
      // All games: in Redis a player's facts are complete, or not there.
      const fields = await loader.load(userId, { games: null });
      refill(userId, fields);
      return factsOf(fields) as PlayerFacts;
    },
    readCommitted,
    async idle() {
      await Promise.all(refills);
    },
  };
}
