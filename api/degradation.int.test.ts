// What players get while PostgreSQL, Redis or both are away, and while the process stops: real servers, stopped or cut off.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { playerKey } from '../src/games/project.ts';
import { limits } from '../src/limits.ts';
import { type LocalRedis, startRedis } from '../src/local/redis.ts';
import { registry } from '../src/metrics.ts';
import { type Answer, type TestApi, testApi } from '../src/testing/api.ts';
import { startHalfOpenProxy } from '../src/testing/half-open-proxy.ts';
import { gameHistory, makeGame, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

const games = [gameHistory(makeGame())];
const widget = '/api/games/active';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function ownRedis(): Promise<LocalRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-api-'));
  const server = await startRedis({ dataDir: join(folder, 'redis') });
  cleanUps.push(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  return server;
}

/** An API whose database `cut` takes away for good. */
async function cuttable(options: Parameters<typeof testApi>[0] = {}) {
  let proxy = undefined as Awaited<ReturnType<typeof startHalfOpenProxy>> | undefined;
  const api = await testApi({
    games,
    ...options,
    async databaseUrl(url) {
      proxy = await startHalfOpenProxy(url);
      return proxy.url;
    },
  });
  return { api, cut: async () => proxy?.[Symbol.asyncDispose]() };
}

async function metric(name: string): Promise<number | undefined> {
  return (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
}

function expectUnavailable({ status, headers, body }: Answer, what: string): void {
  expect([status, headers.get('retry-after')], what).toEqual([503, String(limits.httpRetryAfterSeconds)]);
  expect(headers.get('content-type'), what).toBe('application/problem+json');
  expect(body.detail, what).not.toMatch(/ECONN|127|milepost_/);
}

/** The statements that read players' facts: how many there were, of whom, and how many at the same time. */
function watchReads(api: TestApi) {
  const seen = { players: [] as string[][], most: 0 };
  const underWay = new Set<object>();
  const { pool } = api.db;
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  pool.query = (async (...args: unknown[]) => {
    const statement = args[0] as { name?: string; values: [string, string] };
    if (statement.name !== 'player_facts_of') return query(...args);
    seen.players.push(statement.values[1].slice(1, -1).replaceAll('"', '').split(','));
    underWay.add(statement);
    seen.most = Math.max(seen.most, underWay.size);
    return query(...args).finally(() => underWay.delete(statement));
  }) as typeof pool.query;
  return seen;
}

/** Keeps everybody from reading players until the function that it returns is called. */
async function holdPlayers(api: TestApi): Promise<() => Promise<void>> {
  const client = await api.database.pool.connect();
  await client.query('begin; lock table milepost.player in access exclusive mode');
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

describe('Redis away', () => {
  test('a crowd costs PostgreSQL a handful of statements, each player one; ready all the while', async () => {
    const redis = await ownRedis();
    await using api = await testApi({ games, redisUrl: redis.url });
    await api.engine.take([upiPayment(1)]);
    await api.project();
    expect((await api.get(widget)).body.games[0].current_value).toBe(1);
    await redis.kill();
    await waitFor('the switch', async () => {
      await api.get(widget);
      return (await metric('milepost_projection_available')) === 0;
    });
    const tokens = await Promise.all(Array.from({ length: 80 }, (_, number) => api.token({ sub: `U${number}` })));
    const seen = watchReads(api);
    const letGo = await holdPlayers(api);
    const answers = [...tokens, ...tokens, ...tokens].map((token) => api.get(widget, { token }));
    await waitFor('the crowd', async () => (await metric('milepost_player_reads_waiting')) === answers.length);
    await letGo();
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    // Those under way when the others came, and those for the others.
    const most = limits.readStatements + Math.ceil(tokens.length / limits.readPlayers) + 1;
    expect(seen.players.length).toBeLessThanOrEqual(most);
    expect(seen.most).toBeLessThanOrEqual(limits.readStatements);
    for (const player of seen.players.flat()) {
      expect(seen.players.flat().filter((other) => other === player).length).toBeLessThanOrEqual(2);
    }
    expect(await metric('milepost_player_reads_waiting')).toBe(0);
    expect(await metric('milepost_projection_available')).toBe(0);
    expect(await api.call('/health/ready')).toMatchObject({
      status: 200,
      body: { ready: true, degraded: true, checks: { database: 'up', redis: 'down' } },
    });
  });

  test('wiped, it is filled again by the reads, so many players at once; the others by their next read', async () => {
    await using api = await testApi({ games });
    const users = Array.from({ length: limits.refills + 10 }, (_, number) => `U${number}`);
    await api.engine.take(users.map((user) => upiPayment(1, { user })));
    await api.project();
    await api.redis.del(users.map(playerKey));
    const tokens = await Promise.all(users.map((sub) => api.token({ sub })));
    const readAll = async () => {
      const answers = await Promise.all(tokens.map((token) => api.get(widget, { token })));
      for (const { body } of answers) expect(body.games[0].current_value).toBe(1);
    };
    const letGo = Promise.withResolvers<void>();
    let refills = 0;
    const evalsha = api.redis.evalsha.bind(api.redis) as (...args: unknown[]) => Promise<unknown>;
    api.redis.evalsha = (async (...args: unknown[]) => {
      refills += 1;
      await letGo.promise;
      return evalsha(...args);
    }) as typeof api.redis.evalsha;
    await readAll();
    await readAll();
    expect(refills).toBe(limits.refills);
    letGo.resolve();
    await waitFor('everybody', async () => {
      await readAll();
      return (await api.redis.exists(users.map(playerKey))) === users.length;
    });
    const seen = watchReads(api);
    await readAll();
    expect(seen.players).toEqual([]);
  });
});

describe('Redis wiped under load', () => {
  test('every answer is right, and it is full again by itself, at the cost of a read or two of each player', async () => {
    const redis = await ownRedis();
    await using api = await testApi({ games, redisUrl: redis.url });
    const control = new Redis(redis.url);
    cleanUps.push(async () => control.disconnect());
    const users = Array.from({ length: 150 }, (_, number) => `U${number}`);
    const tokens = await Promise.all(users.map((sub) => api.token({ sub })));
    const payEverybody = async () => {
      await api.engine.take(users.map((user) => upiPayment(1, { user })));
      await api.project();
    };
    const isFull = async () => (await control.dbsize()) === users.length;

    /** What an answer may be: while everybody pays, also what it was before. */
    let right = [1];
    let answered = 0;
    let stopped = false;
    async function readOn(first: number): Promise<void> {
      for (let next = first; !stopped; next++) {
        const rightBefore = right;
        const { status, body } = await api.get(widget, { token: tokens[next % tokens.length] as string });
        expect(status).toBe(200);
        expect([...rightBefore, ...right]).toContain(body.games[0].current_value);
        answered += 1;
      }
    }

    await payEverybody();
    expect(await isFull()).toBe(true);
    const refills = watchRefills(api);
    const load = Promise.all(Array.from({ length: 12 }, (_, number) => readOn(number * 12)));
    load.catch(() => {}); // reported below
    try {
      for (const paid of [1, 2, 3]) {
        if (paid > 1) {
          right = [paid - 1, paid];
          await payEverybody();
          right = [paid];
        }
        const seen = watchReads(api);
        refills.most = 0;
        await control.flushall();
        await waitFor('all players in Redis again', isFull);
        const read = seen.players.flat().length;
        // More than once only by who asked before the first one's refill was there.
        expect(read).toBeLessThanOrEqual(2 * users.length);
        expect(seen.most).toBeLessThanOrEqual(limits.readStatements);
        expect(refills.most).toBeLessThanOrEqual(limits.refills);
        const before = answered;
        await waitFor('everybody’s next reads', () => answered > before + 2 * users.length);
        // Whoever had asked by then; nobody since.
        expect(seen.players.flat().length).toBeLessThanOrEqual(read + 12);
      }
    } finally {
      stopped = true;
      await load;
    }
    expect(await metric('milepost_projection_available')).toBe(1);
  });
});

/** How many players are written back to Redis at the same time. */
function watchRefills(api: TestApi): { most: number } {
  const seen = { most: 0 };
  let underWay = 0;
  const evalsha = api.redis.evalsha.bind(api.redis) as (...args: unknown[]) => Promise<unknown>;
  api.redis.evalsha = (async (...args: unknown[]) => {
    underWay += 1;
    seen.most = Math.max(seen.most, underWay);
    return evalsha(...args).finally(() => {
      underWay -= 1;
    });
  }) as typeof api.redis.evalsha;
  return seen;
}

describe('PostgreSQL away', () => {
  test('widget and journey are shown as they were, and say of when; what takes the database is 503; still ready', async () => {
    const { api: made, cut } = await cuttable();
    await using api = made;
    await api.engine.take([upiPayment(1)]);
    await api.project();
    const before = [await api.get(widget), await api.get('/api/games/game')];
    await cut();

    for (const [index, path] of [widget, '/api/games/game'].entries()) {
      const { status, body } = await api.get(path);
      const [was, is] = [before[index]?.body, body].map((each) => each.games?.[0] ?? each);
      expect(status).toBe(200);
      expect(is).toMatchObject({ current_value: 1, as_of: was.as_of, projection_version: was.projection_version });
    }
    // The event cannot be looked for, so it is pending, beside what is known.
    expect((await api.get(`${widget}?after_event=e2&wait=1`)).body).toMatchObject({
      games: [{ current_value: 1 }],
      after: { status: 'pending' },
    });
    expectUnavailable(await api.get(widget, 'U3'), 'a player whom Redis does not know');
    expectUnavailable(await api.get('/api/games/game/history'), 'a history');
    expectUnavailable(await api.send({ event_id: 'e3' }), 'an event');
    // Balancers must go on sending it readers.
    expect(await api.call('/health/ready')).toMatchObject({
      status: 200,
      body: { ready: true, degraded: true, checks: { database: 'down', migrations: 'unknown', redis: 'up' } },
    });
    expect((await api.call('/health/live')).status).toBe(200);
  });

  test('and Redis too: 503 with Retry-After for every read, and not ready', async () => {
    const redis = await ownRedis();
    const { api: made, cut } = await cuttable({ redisUrl: redis.url });
    await using api = made;
    await api.engine.take([upiPayment(1)]);
    await api.project();
    expect((await api.get(widget)).status).toBe(200);
    await cut();
    await redis.kill();
    for (const path of [widget, '/api/games/game', '/api/games/game/history', `${widget}?after_event=e2&wait=0`]) {
      expectUnavailable(await api.get(path), path);
    }
    expect(await api.call('/health/ready')).toMatchObject({
      status: 503,
      body: { ready: false, checks: { database: 'down', redis: 'down' } },
    });
    expect((await api.call('/health/live')).status).toBe(200);
  });
});

test('a stop finishes the reads that wait for the database, and those that wait for an event', async () => {
  const answers: Promise<Answer>[] = [];
  let letGo: Promise<void> | undefined;
  {
    await using api = await testApi({ games, redisUrl: null });
    await api.engine.take([upiPayment(1)]);
    await api.get(widget);
    const tokens = await Promise.all(['U1', 'U2', 'U3', 'U4'].map((sub) => api.token({ sub })));
    const waits = api.get(`${widget}?after_event=never&wait=25`, 'U5');
    await waitFor('a waiting reader', async () => (await metric('milepost_waiting_readers')) === 1);
    const release = await holdPlayers(api);
    answers.push(...tokens.map((token) => api.get(widget, { token })), waits);
    await waitFor('the reads', async () => (await metric('milepost_player_reads_waiting')) === tokens.length);
    // The stop ends the wait of the fifth, who then reads as the others do.
    letGo = waitFor('the fifth', async () => (await metric('milepost_player_reads_waiting')) === answers.length).then(
      release,
    );
  }
  await letGo;
  const all = await Promise.all(answers);
  expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(all[0]?.body.games[0].current_value).toBe(1);
  expect(all[4]?.body.after.status).toBe('pending');
});
