import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startRedis } from './redis.ts';

test('an orderly stop keeps what Redis holds; a kill loses what came after', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  const dataDir = join(folder, 'redis');
  try {
    const first = await startRedis({ dataDir });
    await command(first.url, (redis) => redis.set('kept', 'yes'));
    await first.stop();

    const second = await startRedis({ dataDir });
    await command(second.url, (redis) => redis.set('lost', 'yes'));
    await second.kill();

    const port = Number(new URL(second.url).port);
    const third = await startRedis({ dataDir, port });
    expect(third.url).toBe(second.url);
    expect(await command(third.url, (redis) => redis.mget('kept', 'lost'))).toEqual(['yes', null]);
    await third.stop();
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function command<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
