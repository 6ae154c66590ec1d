// milepost verify
import { readConfig } from '../config.ts';
import { verify } from '../engine/verify.ts';
import { messageOf, OutOfReach } from '../errors.ts';
import { limits } from '../limits.ts';
import { createLog } from '../log.ts';
import { connectRedis, type RedisClient } from '../redis.ts';
import { withDatabase } from './database.ts';
import { drawKeysOf } from './draw-keys.ts';
import { exitCodes, print, table } from './output.ts';
import { createProgress } from './progress.ts';

export async function runVerify(options: { json?: boolean }): Promise<void> {
  const config = readConfig();
  const progress = createProgress();
  const drawKeys = await drawKeysOf(config);
  const redis = config.REDIS_URL === undefined ? undefined : await openRedis(config.REDIS_URL);
  try {
    const differences = await withDatabase(config, 'milepost_support', (db) =>
      verify(db, { redis, drawKeys, progress: (doing) => progress.at(() => doing) }),
    );
    progress.clear();
    if (differences.length > 0) process.exitCode = exitCodes.notRight;
    const document = {
      agree: differences.length === 0,
      projection: redis !== undefined,
      draws: drawKeys !== undefined,
      differences,
    };
    print(options, document, () =>
      differences.length === 0
        ? `The books agree${redis === undefined ? '' : ', and the projection with them'}.`
        : table(
            ['CHECK', 'PLAYER', 'SUBJECT', 'EXPECTED', 'FOUND'],
            differences.map(({ check, user_id, subject, expected, found }) => [
              check,
              user_id,
              subject,
              expected,
              found,
            ]),
          ),
    );
  } finally {
    progress.clear();
    redis?.disconnect();
  }
}

/** A Redis that answers; to be compared with one that is away would be to compare with nothing. */
export async function openRedis(url: string): Promise<RedisClient> {
  const redis = connectRedis(url, { log: createLog({ level: 'silent' }), timeoutMs: limits.redisWriteMs });
  const ready = Promise.withResolvers<void>();
  redis.once('ready', ready.resolve);
  redis.once('error', (error) =>
    ready.reject(new OutOfReach(`Redis does not answer: ${messageOf(error)}; check REDIS_URL`)),
  );
  try {
    await ready.promise;
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
