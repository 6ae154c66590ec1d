// How often a player may be read for, and a producer may send. Counted per minute, for all processes together in Redis, and by each for itself while
// Redis is away. Whoever is far below the limit costs no question to Redis: a process asks from a part of the limit on.
import { Counter } from 'prom-client';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { limits } from '../src/limits.ts';
import { registry } from '../src/metrics.ts';
import type { RedisClient } from '../src/redis.ts';
import { Problem } from './problem.ts';

/** Requests in a minute. */
export interface Rates {
  player: number;
  producer: number;
}

export type Limited = keyof Rates;

const refused = new Counter({
  name: 'milepost_http_rate_limited_total',
  help: 'Requests that were refused because their player or producer asked too often.',
  labelNames: ['by'],
  registers: [registry],
});

/** Counts one request. Throws a Problem (429) for one too many. */
export type RateLimits = (by: Limited, who: string) => Promise<void> | undefined;

/** Without `rates` nothing is limited. */
export function createRateLimits(rates: Rates | undefined, redis: RedisClient | undefined): RateLimits {
  if (rates === undefined) return () => undefined;
  const limiters = {
    player: createLimiter('player', rates.player, redis),
    producer: createLimiter('producer', rates.producer, redis),
  };
  return (by, who) => limiters[by](who);
}

function createLimiter(by: Limited, points: number, redis: RedisClient | undefined) {
  const duration = limits.rateSeconds;
  const memory = new RateLimiterMemory({ keyPrefix: by, points, duration });
  const shared =
    redis === undefined
      ? memory
      : new RateLimiterRedis({
          storeClient: redis,
          keyPrefix: `rate:${by}`,
          points,
          duration,
          rejectIfRedisNotReady: true,
          insuranceLimiter: memory,
          inMemoryBlockOnConsumed: points + 1,
        });
  const free = Math.floor(points * limits.rateShareUncounted);
  /** Requests of this process in its present minute. */
  let seen = new Map<string, number>();
  let since = performance.now();

  return (who: string): Promise<void> | undefined => {
    const now = performance.now();
    if (now - since >= duration * 1_000) {
      seen = new Map();
      since = now;
    }
    const count = (seen.get(who) ?? 0) + 1;
    seen.set(who, count);
    if (count <= free) return undefined;
    // The first question tells of those that were not asked about.
    return consume(who, count === free + 1 ? count : 1);
  };

  async function consume(who: string, count: number): Promise<void> {
    try {
      await shared.consume(who, count);
    } catch (result) {
      if (!(result instanceof RateLimiterRes)) throw result;
      refused.inc({ by });
      const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1_000));
      throw new Problem(429, `this ${by} may ask ${points} times in ${duration} seconds; come back later`, {
        'Retry-After': String(seconds),
      });
    }
  }
}
