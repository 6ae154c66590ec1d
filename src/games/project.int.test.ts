import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { Destination } from '../event/message.ts';
import { bucketOf } from '../ids.ts';
import { freePort } from '../local/free-port.ts';
import { startServer } from '../local/server-process.ts';
import type { Delivery } from '../outbox/delivery.ts';
import { leaseDue } from '../outbox/lease.ts';
import { settle } from '../outbox/settle.ts';
import { connectRedis } from '../redis.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { everyArchetype } from '../testing/every-archetype.ts';
import { member } from '../testing/given.ts';
import { histories } from '../testing/histories.ts';
import { at, gameHistory, makeDefinitions, makeEvent, makeGame, reversalOf, upiPayment } from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';
import {
  AS_OF,
  type Field,
  factsOf,
  gameField,
  JOINS,
  MEMBERSHIPS,
  type PlayerFacts,
  readPlayer,
  readPlayers,
  type WantedFields,
} from './facts.ts';
import { wantedOf } from './presence.ts';
import { playerKey, projectPlayers, readProjection, storePlayer } from './project.ts';
import { renderJourney, renderWidget } from './view.ts';

const may = at('2026-05-01T00:00:00Z');
const game = gameHistory(makeGame({ milestone_steps: [2, { step: 3, step_type: 'FORTUNE_COOKIE' }, 4] }));
const done: Delivery = { kind: 'done', request: {}, answer: {} };

let made = 0;
/** Users of this run only: Redis is shared. */
const newUser = () => `project-${process.pid}-${Date.now()}-${++made}`;

let redis: Redis;
beforeAll(() => {
  redis = connectRedis(inject('redis'), { log: silent, timeoutMs: 5_000 });
  return new Promise<void>((resolve) => redis.once('ready', resolve));
});
afterAll(() => redis.disconnect());

function workerOf(database: TestDatabase): Db & AsyncDisposable {
  const db = connect(database.url, { role: 'milepost_worker', size: 2, log: silent });
  return { ...db, [Symbol.asyncDispose]: () => db.close() };
}

/** Delivers what is due to a destination, all with one result. */
async function deliver(db: Db, destination: Destination, delivery: Delivery): Promise<void> {
  const { messages } = await transaction(db, (tx) => leaseDue(tx, destination, { rows: 1_000, leaseMs: 60_000 }));
  const now = performance.now();
  await transaction(db, (tx) =>
    settle(
      tx,
      destination,
      messages.map((message) => ({ message, delivery, waitMs: 0, startedAt: now, endedAt: now })),
    ),
  );
}

async function allPlayers(database: TestDatabase): Promise<[number, string][]> {
  const { rows } = await database.pool.query(
    'select bucket, player_id from milepost.player order by bucket, player_id',
  );
  return rows.map(({ bucket, player_id }) => [bucket, player_id]);
}

const withoutAsOf = (fields: readonly Field[]) =>
  fields.filter(({ name }) => name !== AS_OF).sort((a, b) => (a.name < b.name ? -1 : 1));

describe('facts from PostgreSQL', () => {
  test('hold memberships, progress, claims and payments, and are the same by id and by user', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await using worker = workerOf(database);
    await install(database.pool, {
      games: [game],
      memberships: [member('early', { from: '04-01', to: '06-01' }), member('late', { from: '05-01' })],
    });
    await engine.take([1, 2, 3, 4, 5].map(() => upiPayment(1)));
    await deliver(worker, 'neucoin', done);

    const fields = await readPlayers(worker, await allPlayers(database));
    expect([...fields.keys()]).toEqual(['U1']);
    const facts = factsOf(fields.get('U1') ?? []);
    expect(facts?.memberships.toSorted((a, b) => a.from - b.from)).toEqual([
      { cohortId: 'early', from: at('04-01'), to: at('06-01') },
      { cohortId: 'late', from: at('05-01'), to: Number.POSITIVE_INFINITY },
    ]);
    const claim = {
      ...{ earning: 1, claimedAt: expect.any(Number), version: 1, netted: 0, downgradedFrom: null },
      opening: null,
    };
    const nothing = { rewardType: null, amount: null, payment: null };
    expect(facts?.games).toEqual(
      new Map([
        [
          gameField(1, may),
          {
            version: 1 + 2,
            value: 5,
            cleared: 5,
            detail: null,
            recent: Array(5).fill({ eventId: expect.stringMatching(/^evt_/), paymentId: null }),
            claims: [
              {
                step: 2,
                stepType: 'REWARD',
                status: 'earned',
                rewardType: 'NC',
                amount: 20,
                payment: 'done',
                ...claim,
              },
              { step: 3, stepType: 'FORTUNE_COOKIE', status: 'unopened', ...nothing, ...claim },
              {
                step: 4,
                stepType: 'REWARD',
                status: 'earned',
                rewardType: 'NC',
                amount: 40,
                payment: 'done',
                ...claim,
              },
            ],
          },
        ],
      ]),
    );
    const asApi = connect(database.url, { role: 'milepost_api', size: 1, log: silent });
    expect(withoutAsOf(await readPlayer(asApi, 'U1', 0))).toEqual(withoutAsOf(fields.get('U1') ?? []));
    await asApi.close();
  });

  test('hold joins, what an archetype keeps, and of a repeating game the two newest windows', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await using worker = workerOf(database);
    await install(database.pool, { games: everyArchetype.map((each) => gameHistory(each)) });
    const days = ['05-02', '05-09', '05-16', '05-23'];
    const pay = (occurred: string) => upiPayment(100, { occurred, attributes: { merchant_id: 'merchant-1' } });
    await engine.take([makeEvent({ type: 'joined', occurred: '05-02' }), ...days.map(pay)]);

    const fields = (await readPlayers(worker, await allPlayers(database))).get('U1') ?? [];
    const facts = factsOf(fields);
    expect(facts?.joins).toEqual([
      { gameNo: 4, at: at('05-02') },
      { gameNo: 5, at: at('05-02') },
    ]);
    const own = (gameNo: number, window: string) => facts?.games.get(gameField(gameNo, at(window)));
    const weekly = [...(facts?.games.keys() ?? [])].filter((name) => name.startsWith('1:')).sort();
    expect(weekly).toEqual(['05-15', '05-22'].map((day) => gameField(1, at(`2026-${day}T00:00:00Z`))));
    expect(own(2, '2026-05-01T00:00:00Z')).toMatchObject({ value: 1, detail: { pay: 4, shops: 1, often: 4 } });
    expect(own(4, '2026-05-01T00:00:00Z')).toMatchObject({ value: 1, detail: { pay: 4, shops: 1 } });
    expect(own(5, '05-02')).toMatchObject({ value: 1, detail: { 1: 1 } });
    // What caps and distinct values have counted is for folding alone.
    expect(JSON.stringify(fields)).not.toMatch(/merchant|counted|\|/);
  });

  test('of a player nobody has heard of are empty', async () => {
    await using database = await testDatabase();
    await using worker = workerOf(database);
    expect(factsOf(await readPlayer(worker, 'nobody', 1_000))).toEqual({
      asOf: 1_000,
      memberships: [],
      joins: [],
      games: new Map(),
    });
    expect(await readPlayers(worker, [[1, 1]])).toEqual(new Map());
  });

  test('come by index probes, also from a plan that was made when the tables were empty', async () => {
    await using database = await testDatabase();
    await database.pool.query(`insert into milepost.player (bucket, user_id) values (0, 'first')`);
    await database.pool.query(
      `analyze milepost.player; analyze milepost.progress; analyze milepost.claim; analyze milepost.outbox;
       analyze milepost.game_join`,
    );
    const single = connect(database.url, { role: 'milepost_worker', size: 1, log: silent });
    // The sixth execution of a prepared statement gets the plan that is kept.
    for (let round = 0; round < 7; round++) await readPlayers(single, [[0, 1]]);
    await database.pool.query(
      `insert into milepost.player (bucket, user_id) select 7, 'p' || n from generate_series(1, 20000) as n`,
    );
    await database.pool.query(
      `insert into milepost.outbox (bucket, destination, message_key, body, next_attempt_at, created_at)
       select 7, 'neucoin', md5(n::text)::uuid, '{}', now(), now() from generate_series(1, 20000) as n`,
    );
    await database.pool.query(
      `insert into milepost.progress (bucket, player_id, game_no, window_start, value, cleared, version, updated_at)
       select 7, player_id, 1, date '2026-05-01' + day, 1, 1, 1, now()
         from milepost.player, generate_series(0, 7) as day where bucket = 7`,
    );
    await database.pool.query(
      `insert into milepost.claim
       select 7, player_id, 1, date '2026-05-01' + day, 1, 1, 'REWARD', 'earned', 1, 1, 'NC', 1,
              md5(substr(user_id, 2))::uuid, now()
         from milepost.player, generate_series(0, 7) as day where bucket = 7`,
    );
    await database.pool.query(
      `insert into milepost.game_join select 7, player_id, 1, '2026-05-01', 1 from milepost.player where bucket = 7`,
    );
    const players = (await allPlayers(database)).filter(([bucket]) => bucket === 7).slice(0, 200);
    await database.pool.query('select pg_stat_force_next_flush()');
    const before = await rowsRead(database);
    expect((await readPlayers(single, players)).size).toBe(200);
    await single.close();
    const after = await rowsRead(database);
    // Of most tables one row per player; a scan, or a walk along another index of the bucket, reads thousands for each. Of progress all eight
    // windows, but of claims only those of two.
    const most = { player: 500, progress: 8 * 200 + 100, claim: 2 * 200 + 100, outbox: 2 * 500, game_join: 500 };
    for (const [table, rows] of Object.entries(most)) {
      expect((after[table] ?? 0) - (before[table] ?? 0), table).toBeLessThan(rows);
    }
  });
});

/** Rows that PostgreSQL has taken from tables and indexes, by table. */
async function rowsRead(database: TestDatabase): Promise<Record<string, number>> {
  const { rows } = await database.pool.query(
    `select t.relname, t.seq_tup_read + sum(i.idx_tup_read) as read
       from pg_stat_user_tables t join pg_stat_user_indexes i using (relid) where t.schemaname = 'milepost' group by t.relname, t.seq_tup_read`,
  );
  return Object.fromEntries(rows.map(({ relname, read }) => [relname, Number(read)]));
}

describe('versions', () => {
  /** Every step of a life, and after each what the facts of U1 are. */
  test('rise with every change of a fact, and only then', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await using worker = workerOf(database);
    await install(database.pool, { games: [game], memberships: [member('early', { from: '04-01' })] });
    const flagged = { attributes: { frm_flag: 'VELOCITY' } };
    const states: Record<string, Field>[] = [];
    const look = async () => {
      const fields = (await readPlayers(worker, await allPlayers(database))).get('U1') ?? [];
      states.push(Object.fromEntries(withoutAsOf(fields).map((field) => [field.name, field])));
    };
    const steps: [string, () => Promise<unknown>][] = [
      ['a member', async () => {}],
      ['a held claim', () => engine.take([upiPayment(1, flagged), upiPayment(1, flagged)])],
      ['released', () => engine.take([upiPayment(1), upiPayment(1)])],
      [
        'an unreleased lease changes nothing',
        () => transaction(worker, (tx) => leaseDue(tx, 'neucoin', { rows: 1, leaseMs: 1 })),
      ],
      ['an event that does not count changes nothing', () => engine.take([upiPayment(1, { occurred: '07-01' })])],
      ['paid', () => deliver(worker, 'neucoin', done)],
      [
        'a second cohort',
        () => install(database.pool, { games: [], memberships: [member('late', { from: '04-01' })] }),
      ],
    ];
    for (const [, change] of steps) {
      await change();
      await look();
    }
    const versions = (name: string) => states.map((state) => state[name]?.version);
    expect(versions(MEMBERSHIPS)).toEqual([1, 1, 1, 1, 1, 1, 2]);
    expect(versions(gameField(1, may))).toEqual([undefined, 1, 3, 3, 3, 4, 4]);
    const facts = states.map((state) => state[gameField(1, may)]?.fact);
    expect([facts[3], facts[4], facts[6]]).toEqual([facts[2], facts[2], facts[5]]);
    expect(new Set(facts).size).toBe(4);
  });

  test('tell equal facts from different ones, in any history', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(histories({ maxEvents: 40 }), fc.infiniteStream(fc.nat(3)), async (history, draws) => {
        await using database = await testDatabase();
        await using engine = testEngine(database.url);
        await using worker = workerOf(database);
        await install(database.pool, history);
        const seen = new Map<string, string | null>();
        const latest = new Map<string, number>();
        for (const event of history.events) {
          await engine.take([event]);
          const { event_id, user_id, producer } = event.event;
          const original = { user: user_id, attributes: { original_producer: producer } };
          if (draws.next().value === 0) await engine.take([reversalOf(event_id, null, original)]);
          if (draws.next().value === 0) await deliver(worker, 'neucoin', done);
          if (draws.next().value === 0)
            await deliver(worker, 'voucher', { kind: 'refused', request: {}, answer: {}, error: 'no' });
          for (const [user, fields] of await readPlayers(worker, await allPlayers(database))) {
            for (const { name, version, fact } of withoutAsOf(fields)) {
              const field = `${user} ${name}`;
              expect(version).toBeGreaterThanOrEqual(latest.get(field) ?? 0);
              latest.set(field, version);
              const known = seen.get(`${field} ${version}`);
              if (known === undefined) seen.set(`${field} ${version}`, fact);
              else expect(fact).toBe(known);
            }
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('the projection', () => {
  const fact = (version: number) => `[${version},${version},[],null,[]]`;
  const fields = (...versions: [string, number][]): Field[] => [
    { name: MEMBERSHIPS, version: 0, fact: '[]' },
    { name: JOINS, version: 0, fact: '[]' },
    ...versions.map(([name, version]) => ({ name, version, fact: fact(version) })),
  ];

  test('the first player that a client stores does not disturb what is read in the same turn', async () => {
    const fresh = connectRedis(inject('redis'), { log: silent, timeoutMs: 5_000 });
    try {
      await new Promise<void>((resolve) => fresh.once('ready', resolve));
      await fresh.script('FLUSH');
      const user = newUser();
      const read = fresh.hget(playerKey(newUser()), AS_OF);
      const stored = storePlayer(fresh, user, fields(['1:0', 1]));
      const readToo = fresh.hget(playerKey(newUser()), AS_OF);
      expect(await Promise.allSettled([read, stored, readToo])).toEqual([
        { status: 'fulfilled', value: null },
        { status: 'fulfilled', value: undefined },
        { status: 'fulfilled', value: null },
      ]);
      expect(await fresh.hget(playerKey(user), '1:0')).toMatch(/^1 /);
    } finally {
      fresh.disconnect();
    }
  });

  test('gives back what was stored, and knows nothing of others', async () => {
    const user = newUser();
    await storePlayer(redis, user, [...fields(['1:0', 3], ['2:0', 1]), { name: AS_OF, version: 500, fact: null }]);
    expect(await readProjection(redis, user, () => ['1:0', '9:0'])).toEqual({
      asOf: 500,
      memberships: [],
      joins: [],
      games: new Map([['1:0', { version: 3, value: 3, cleared: 3, claims: [], detail: null, recent: [] }]]),
    });
    expect(await readProjection(redis, newUser(), () => ['1:0'])).toBeUndefined();
  });

  test('an older fact never overwrites a newer one, field by field', async () => {
    const user = newUser();
    await storePlayer(redis, user, fields(['1:0', 10], ['2:0', 9]));
    await storePlayer(redis, user, fields(['1:0', 9], ['2:0', 10]));
    const { games } = (await readProjection(redis, user, () => ['1:0', '2:0'])) ?? {};
    expect([games?.get('1:0')?.value, games?.get('2:0')?.value]).toEqual([10, 10]);
  });

  test('refreshes in any order, repeated and side by side, end with the newest of each field', async () => {
    const field = fc.tuple(fc.constantFrom('1:0', '2:0', '3:0'), fc.integer({ min: 1, max: 12 }));
    const refreshes = fc.array(
      fc.tuple(fc.uniqueArray(field, { selector: ([name]) => name, minLength: 1 }), fc.boolean()),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    await fc.assert(
      fc.asyncProperty(refreshes, async (list) => {
        const user = newUser();
        const newest = new Map<string, number>();
        const underWay: Promise<void>[] = [];
        for (const [versions, wait] of list) {
          for (const [name, version] of versions) newest.set(name, Math.max(newest.get(name) ?? 0, version));
          const stored = storePlayer(redis, user, fields(...versions));
          if (wait) await stored;
          underWay.push(stored);
        }
        await Promise.all(underWay);
        const found = await readProjection(redis, user, () => [...newest.keys()]);
        expect(new Map([...(found?.games ?? [])].map(([name, { version }]) => [name, version]))).toEqual(newest);
      }),
      { numRuns: 100 },
    );
  });

  test('lets go of windows that newer ones have replaced, and of nothing else', async () => {
    const user = newUser();
    const names = async () => (await redis.hkeys(playerKey(user))).filter((name) => name.includes(':')).sort();
    await storePlayer(redis, user, fields(['1:0', 1], ['1:10', 1], ['12:0', 1], ['2:0', 1]));
    await storePlayer(redis, user, fields(['1:10', 1], ['1:20', 1], ['12:0', 1]));
    expect(await names()).toEqual(['12:0', '1:10', '1:20', '2:0']);
    // A refresh that comes late brings an old one back; the next lets it go again.
    await storePlayer(redis, user, fields(['1:0', 1], ['1:10', 1]));
    expect(await names()).toEqual(['12:0', '1:0', '1:10', '1:20', '2:0']);
    await storePlayer(redis, user, fields(['1:10', 1], ['1:20', 2]));
    expect(await names()).toEqual(['12:0', '1:10', '1:20', '2:0']);
    // One window alone says nothing about which others there are.
    await storePlayer(redis, user, fields(['1:30', 1]));
    expect(await names()).toEqual(['12:0', '1:10', '1:20', '1:30', '2:0']);
  });

  test('is asked a second time only where a join says which window is wanted', async () => {
    const user = newUser();
    const joins = { name: JOINS, version: 1, fact: '[[5,20]]' };
    const ownWindow: WantedFields = (known) => ['1:0', ...known.map(({ gameNo, at }) => gameField(gameNo, at))];
    let asked = 0;
    const counting = new Proxy(redis, {
      get(target, key) {
        if (key === 'hmget') asked++;
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const read = async (wanted: WantedFields) => {
      asked = 0;
      const { games } = (await readProjection(counting, user, wanted)) ?? {};
      return [asked, [...(games ?? [])].map(([name, { version }]) => `${name} v${version}`)];
    };
    await storePlayer(redis, user, fields(['1:0', 3], ['5:20', 4]));
    expect(await read(ownWindow)).toEqual([1, ['1:0 v3']]);
    await storePlayer(redis, user, [joins]);
    expect(await read(ownWindow)).toEqual([2, ['1:0 v3', '5:20 v4']]);
    expect(await read(() => ['1:0'])).toEqual([1, ['1:0 v3']]);
  });

  test('expires in 35 days, counted from the last refresh', async () => {
    const user = newUser();
    await storePlayer(redis, user, fields());
    await redis.expire(playerKey(user), 10);
    await storePlayer(redis, user, fields());
    expect(await redis.ttl(playerKey(user))).toBeGreaterThan(34 * 86_400);
  });

  test('a server that has forgotten its scripts is taught again', async () => {
    await storePlayer(redis, newUser(), fields());
    await redis.script('FLUSH');
    const user = newUser();
    await storePlayer(redis, user, fields(['1:0', 1]));
    expect(await readProjection(redis, user, () => [])).toBeDefined();
  });

  test('equals PostgreSQL after refreshes that race with events, for a thousand players at once', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await using worker = workerOf(database);
    await install(database.pool, { games: [game] });
    const users = Array.from({ length: 1_000 }, newUser);
    for (let round = 0; round < 3; round++) {
      const events = users.map((user) => upiPayment(1, { user }));
      await engine.take(events);
      const players = await allPlayers(database);
      await Promise.all([
        engine.take(users.slice(0, 300).map((user) => upiPayment(1, { user }))),
        projectPlayers(worker, redis, players),
        projectPlayers(worker, redis, players.toReversed()),
      ]);
    }
    await deliver(worker, 'neucoin', done);
    await projectPlayers(worker, redis, await allPlayers(database));
    const expected = await readPlayers(worker, await allPlayers(database));
    expect(expected.size).toBe(1_000);
    for (const [user, known] of expected) {
      const found = await readProjection(redis, user, () => [gameField(1, may)]);
      expect({ ...found, asOf: 0 }).toEqual({ ...factsOf(known), asOf: 0 });
    }
  });

  test('works on a Redis Cluster', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await using worker = workerOf(database);
    await install(database.pool, { games: [game] });
    const users = Array.from({ length: 50 }, newUser);
    await engine.take(users.map((user) => upiPayment(1, { user })));
    await using cluster = await startCluster();
    await projectPlayers(worker, cluster.client, await allPlayers(database));
    for (const user of users) {
      expect((await readProjection(cluster.client, user, () => [gameField(1, may)]))?.games.size).toBe(1);
    }
  });

  test('fails when Redis does, and is not half believed', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await using worker = workerOf(database);
    await install(database.pool, { games: [game] });
    await engine.take([upiPayment(1)]);
    const dead = connectRedis('redis://127.0.0.1:1', { log: silent, timeoutMs: 100 });
    await expect(projectPlayers(worker, dead, [[bucketOf('U1'), 1]])).rejects.toThrow();
    dead.disconnect();
  });
});

describe('what is shown', () => {
  const games = everyArchetype.map((each) => gameHistory(each));
  const timelines = makeDefinitions(games).games;
  const looks = ['05-02', '05-09', '05-16', '2026-05-31T23:59:59.999Z', '06-15'].map(at);
  const occurred = fc.constantFrom(
    '05-01',
    '05-02',
    '05-08',
    '05-09',
    '05-10',
    '2026-05-15T00:00:00Z',
    '05-16',
    '05-30',
  );
  const action = fc.oneof(
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('join' as const), occurred, user: fc.nat(1) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('pay' as const),
        occurred,
        user: fc.nat(1),
        amount: fc.constantFrom(1, 999.99, 5_500),
        attributes: fc.record({
          merchant_id: fc.constantFrom('merchant-1', 'merchant-2', 'merchant-3'),
          merchant_category: fc.constantFrom('UTILITY', 'FUEL', 'FOOD'),
          frm_flag: fc.constantFrom(null, null, 'VELOCITY'),
        }),
      }),
    },
  );

  test('is the same from Redis as from PostgreSQL, for every archetype and kind of window', {
    timeout: 120_000,
  }, async () => {
    const advanced = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 60 }), async (actions) => {
        await using database = await testDatabase();
        await using engine = testEngine(database.url);
        await using worker = workerOf(database);
        await install(database.pool, { games });
        const users = [newUser(), newUser()] as const;
        const events = actions.map((each) => {
          const options = { user: users[each.user] as string, occurred: each.occurred };
          return each.kind === 'join'
            ? makeEvent({ type: 'joined', ...options })
            : upiPayment(each.amount, { ...options, attributes: each.attributes });
        });
        const half = Math.ceil(events.length / 2);
        for (const batch of [events.slice(0, half), events.slice(half)]) {
          await engine.take(batch);
          await projectPlayers(worker, redis, await allPlayers(database));
        }
        await deliver(worker, 'neucoin', done);
        await projectPlayers(worker, redis, await allPlayers(database));

        for (const user of new Set(actions.map((each) => users[each.user] as string))) {
          const truth = factsOf(await readPlayer(worker, user, 0)) as PlayerFacts;
          expect(JSON.stringify(await redis.hgetall(playerKey(user)))).not.toContain('merchant');
          for (const now of looks) {
            const found = await readProjection(redis, user, wantedOf(timelines, now).fields);
            const shown = (facts: PlayerFacts | undefined) => {
              const known = { ...(facts as PlayerFacts), asOf: 0 };
              return [renderWidget(timelines, known, now), timelines.map((each) => renderJourney(each, known, now))];
            };
            expect(shown(found)).toEqual(shown(truth));
            for (const { game_id, current_value } of renderWidget(timelines, truth, now)) {
              if (current_value > 0) advanced.add(game_id);
            }
          }
        }
      }),
      { numRuns: 20 },
    );
    expect(advanced).toEqual(new Set(everyArchetype.map(({ game_id }) => game_id)));
  });
});

/** One node that holds every slot: enough to refuse a call whose keys lie in several. */
async function startCluster(): Promise<{ client: Cluster } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-cluster-'));
  await mkdir(join(folder, 'data'));
  const [port, busPort] = [await freePort(), await freePort()];
  const control = new Redis({ host: '127.0.0.1', port, lazyConnect: true });
  control.on('error', () => {});
  const server = await startServer({
    name: 'Redis Cluster',
    command: [
      'redis-server',
      ...[
        '--bind',
        '127.0.0.1',
        '--port',
        String(port),
        '--cluster-port',
        String(busPort),
        '--cluster-enabled',
        'yes',
        '--cluster-announce-ip',
        '127.0.0.1',
      ],
      ...['--dir', join(folder, 'data'), '--save', ''],
    ],
    stopSignal: 'TERM',
    killSignal: 'KILL',
    logFile: join(folder, 'redis.log'),
    probe: () => control.ping(),
    whenMissing: 'install redis-server',
  });
  await control.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor('the cluster', async () => String(await control.cluster('INFO')).includes('cluster_state:ok'));
  const client = new Cluster([{ host: '127.0.0.1', port }], { enableAutoPipelining: true });
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.disconnect();
      control.disconnect();
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
