// The projection against PostgreSQL: what verify finds in Redis, and what it leaves alone.
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { playerKey, projectPlayers } from '../games/project.ts';
import { connectRedis } from '../redis.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { type Difference, verify } from './verify.ts';

let redis: Redis;
beforeAll(() => {
  redis = connectRedis(inject('redis'), { log: silent, timeoutMs: 5_000 });
  return new Promise<void>((resolve) => redis.once('ready', resolve));
});
afterAll(() => redis.disconnect());

/** Users of one test of this run only: Redis is shared. */
let users = 0;
let first = '';
let second = '';
let third = '';
const field = `1:${Date.parse('2026-05-01T00:00:00Z')}`;

/** Three players with a claim each, projected, and no refresh due. */
async function projected(): Promise<TestDatabase> {
  [first, second, third] = [1, 2, 3].map(() => `verify-${process.pid}-${Date.now()}-${++users}`) as [
    string,
    string,
    string,
  ];
  const database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
  await pay(database, first, second, third);
  await project(database);
  return database;
}

async function pay(database: TestDatabase, ...users: string[]): Promise<void> {
  await using engine = testEngine(database.url);
  await engine.take(users.map((user) => upiPayment(1, { user })));
}

/** Delivers all refreshes. */
async function project(database: TestDatabase): Promise<void> {
  const worker = connect(database.url, { role: 'milepost_worker', size: 1, log: silent });
  const { rows } = await database.pool.query('select bucket, player_id from milepost.player');
  await projectPlayers(
    worker,
    redis,
    rows.map(({ bucket, player_id }) => [bucket, player_id]),
  );
  await worker.close();
  await database.pool.query("delete from milepost.outbox where destination = 'projection'");
}

async function verifyAsSupport(database: TestDatabase, rowsPerCheck?: number): Promise<Omit<Difference, 'subject'>[]> {
  const support = connect(database.url, { role: 'milepost_support', size: 2, log: silent });
  try {
    const found = await verify(support, { redis, ...(rowsPerCheck === undefined ? {} : { rowsPerCheck }) });
    return found.map(({ subject: _, ...difference }) => difference);
  } finally {
    await support.close();
  }
}

test('finds nothing where every fact is as committed, or is not there', async () => {
  await using database = await projected();
  await redis.del(playerKey(second));
  expect(await verifyAsSupport(database)).toEqual([]);
});

test('a fact that is behind is a fault only when no refresh is due', async () => {
  await using database = await projected();
  await pay(database, first);
  expect(await verifyAsSupport(database)).toEqual([]);
  await database.pool.query("delete from milepost.outbox where destination = 'projection'");
  const check = 'projected_facts_are_refreshed';
  const behind = { check, user_id: first, expected: 'version 2', found: 'version 1, and no refresh is due' };
  expect(await verifyAsSupport(database)).toEqual([behind]);
  // One of another player is no excuse.
  await pay(database, second);
  expect(await verifyAsSupport(database)).toEqual([behind]);
  await redis.hdel(playerKey(third), field);
  expect(await verifyAsSupport(database)).toContainEqual({
    ...{ check, user_id: third, expected: 'version 1' },
    found: 'nothing, and no refresh is due',
  });
});

test('another fact under the same version, and a version that was never committed', async () => {
  await using database = await projected();
  const fact = (await redis.hget(playerKey(first), field)) as string;
  await redis.hset(playerKey(first), field, fact.replace('[1, 1,', '[2, 1,'));
  await redis.hset(playerKey(second), field, fact.replace(/^\d+/, '9'));
  await redis.hset(playerKey(third), field, fact.replace(/^\d+/, '9'));
  const found = await verifyAsSupport(database);
  expect(found).toHaveLength(3);
  expect(found).toContainEqual({
    ...{ check: 'projected_facts_match', user_id: first },
    ...{ expected: expect.stringMatching(/^\[1, 1,/), found: expect.stringMatching(/^\[2, 1,/) },
  });
  const check = 'projected_facts_were_committed';
  expect(found).toContainEqual({ check, user_id: second, expected: 'version 1', found: 'version 9' });
  expect((await verifyAsSupport(database, 1)).filter((one) => one.check === check)).toHaveLength(1);
});
