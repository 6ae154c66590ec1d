// Fortune cookies in the books: drawn once whoever asks, never more than the stock whoever opens at the same time, repeated by verify.
import { describe, expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import type { GameConfig } from '../games/config.ts';
import { noDraw } from '../rewards/draw.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testDrawKey, testEngine } from '../testing/engine.ts';
import { cookieOpening, gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { type Difference, verify } from './verify.ts';

const prizes = [
  { prize_id: 'gold', weight: 50, stock: 10, reward: { reward_type: 'NC', value: 100 } },
  { prize_id: 'silver', weight: 30, stock: 5, reward: { reward_type: 'VOUCHER', value: 50, pool: 'sweets' } },
  { prize_id: 'nothing', weight: 20 },
];
const game = (more: object[] = prizes, options: object = {}): GameConfig =>
  makeGame({ milestone_steps: [{ step: 1, step_type: 'FORTUNE_COOKIE', cookie: { prizes: more } }], ...options });
const open = (user: string) => cookieOpening(1, { user });

async function installed(config = game()): Promise<TestDatabase> {
  const database = await testDatabase();
  await install(database.pool, { games: [gameHistory(config)] });
  return database;
}

async function verified(url: string, drawKeys = [testDrawKey]): Promise<Difference[]> {
  const support = connect(url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return await verify(support, { drawKeys });
  } finally {
    await support.close();
  }
}

async function came({ pool }: TestDatabase): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ prize: string; times: number }>(
    `select coalesce(prize_id, 'none') as prize, count(*)::int as times from milepost.cookie_opening group by 1`,
  );
  return Object.fromEntries(rows.map(({ prize, times }) => [prize, times]));
}

test('64 players open at once by several engines: no stock gives more than it has, and repeats change nothing', async () => {
  const stocked = game([{ ...(prizes[0] as object), weight: 1_000_000 }, prizes[2] as object]);
  await using database = await installed(stocked);
  await using first = testEngine(database.url);
  await using second = testEngine(database.url);
  await using third = testEngine(database.url);
  const engines = [first, second, third];
  const users = Array.from({ length: 64 }, (_, index) => `U${index}`);
  await first.take(users.map((user) => upiPayment(100, { user })));

  const once = () => Promise.all(users.map((user, index) => engines[index % 3]?.take([open(user)])));
  const [results, again] = await Promise.all([once(), once()]);
  const replayed = [...results, ...again].flatMap((batch) => batch?.results ?? []).map((result) => result.replayed);
  expect(replayed.filter((each) => each)).toHaveLength(64);
  expect(await came(database)).toEqual({ gold: 10, nothing: 54 });
  // Each draw saw what the one before had left.
  const { rows: lefts } = await database.pool.query<{ left: number }>(
    "select (prizes -> 0 ->> 'left')::int as left from milepost.cookie_opening where prize_id = 'gold' order by 1",
  );
  expect(lefts.map(({ left }) => left)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const { rows } = await database.pool.query(
    `select (select json_agg(json_build_array(given, stock)) from milepost.cookie_stock) as stock,
            (select count(*)::int from milepost.claim where status = 'opened' and reward_type = 'NC' and amount = 100) as claims,
            (select count(*)::int from milepost.outbox where destination = 'neucoin') as messages`,
  );
  expect(rows).toEqual([{ stock: [[10, 10]], claims: 10, messages: 10 }]);
  expect(await verified(database.url)).toEqual([]);
});

test('openings of one batch see what the ones before have left, and different stocks are locked in one order', async () => {
  await using database = await installed();
  await using first = testEngine(database.url);
  await using second = testEngine(database.url);
  const users = Array.from({ length: 40 }, (_, index) => `U${index}`);
  await first.take(users.map((user) => upiPayment(100, { user })));
  await Promise.all([first.take(users.slice(0, 20).map(open)), second.take(users.slice(20).map(open))]);
  const { gold = 0, silver = 0, nothing = 0 } = await came(database);
  expect({ gold, silver, all: gold + silver + nothing }).toEqual({ gold: 10, silver: 5, all: 40 });
  expect(await verified(database.url)).toEqual([]);
});

test('what came out is on record with its odds and stock, and is what is paid, by way of a budget where one covers it', async () => {
  const budgets = [
    { budget_id: 'cookies', period: 'game' as const, limit: { claims: 3 }, when_exhausted: 'hold' as const },
  ];
  await using database = await installed(game([prizes[0] as object], { budgets }));
  await using engine = testEngine(database.url);
  await engine.take([upiPayment(100), open('U1')]);
  const { rows } = await database.pool.query(
    `select o.version, o.prizes, o.key_id, o.prize_id, c.status, c.reward_type, c.amount::int, m.destination, m.body ->> 'service' as service,
            (m.body ->> 'amount')::int as paid, e.outcome, e.reason
       from milepost.cookie_opening o join milepost.claim c using (bucket, player_id, game_no, window_start, step, earning)
       join milepost.outbox m on m.message_key = c.message_key join milepost.event_key e on e.event_no = o.event_no`,
  );
  expect(rows).toEqual([
    {
      ...{ version: 1, prizes: [{ prize_id: 'gold', weight: 50, left: 10 }], key_id: 'test', prize_id: 'gold' },
      ...{ status: 'awaiting_budget', reward_type: 'NC', amount: 100 },
      ...{ destination: 'budget', service: 'neucoin', paid: 100, outcome: 'applied', reason: 'opened' },
    },
  ]);
  expect(await verified(database.url)).toEqual([]);
});

test('a refused opening is judged again when it is asked for again', async () => {
  await using database = await installed();
  await using engine = testEngine(database.url);
  expect((await engine.take([open('U1')])).results).toMatchObject([{ outcome: 'rejected', reason: 'no_cookie' }]);
  expect((await engine.take([open('U1')])).results).toMatchObject([{ outcome: 'rejected', replayed: true }]);
  await engine.take([upiPayment(100)]);
  const later = cookieOpening(1, { occurred: '05-12' });
  expect((await engine.take([later])).results).toMatchObject([
    { outcome: 'applied', reason: 'opened', replayed: false },
  ]);
  expect((await engine.take([later])).results).toMatchObject([{ outcome: 'applied', replayed: true }]);
  expect(await verified(database.url)).toEqual([]);
});

test('without a key an opening waits, and nothing of it is kept', async () => {
  await using database = await installed();
  await using engine = testEngine(database.url);
  await engine.take([upiPayment(100)]);
  const waiting = new AbortController();
  await using keyless = testEngine(database.url, undefined, (...args) => {
    waiting.abort();
    return noDraw(...args);
  });
  await expect(keyless.process({ events: [open('U1')], parked: [] }, waiting.signal)).rejects.toThrow();
  expect(await came(database)).toEqual({});
  await engine.take([open('U1')]);
  expect(Object.values(await came(database))).toEqual([1]);
});

describe('the database itself', () => {
  test('gives no more than the stock, whatever is decided', async () => {
    await using database = await installed();
    const give = (given: number) =>
      database.pool.query(
        `insert into milepost.cookie_stock values (1, '2026-05-01', 1, 'gold', $1, 10)
         on conflict (game_no, window_start, step, prize_id) do update set given = excluded.given`,
        [given],
      );
    await give(10);
    await expect(give(11)).rejects.toThrow('cookie_stock_given_check');
  });

  test('lets who ingests pay a claim once, and only that of an opened cookie', async () => {
    await using database = await installed();
    await using engine = testEngine(database.url);
    await engine.take([upiPayment(100, { user: 'U1' }), upiPayment(100, { user: 'U2' }), open('U1')]);
    const pay = (user: string) =>
      engine.db.pool.query<{ paid: number }>(
        `select milepost.cookie_pay(array[c.bucket], array[c.player_id], array[c.game_no], array[c.window_start], array[c.step], array[c.earning],
                                    array['NC'], array[7]::bigint[], array[gen_random_uuid()]) as paid
           from milepost.claim c join milepost.player p using (bucket, player_id) where p.user_id = $1`,
        [user],
      );
    await database.pool.query(`update milepost.claim set reward_type = 'NC', amount = 1, message_key = gen_random_uuid()
                                where status = 'opened' and reward_type is null`);
    expect((await pay('U1')).rows).toEqual([{ paid: 0 }]);
    expect((await pay('U2')).rows).toEqual([{ paid: 0 }]);
    await expect(engine.db.pool.query('update milepost.claim set amount = 7')).rejects.toThrow('permission denied');
    await expect(engine.db.pool.query('update milepost.cookie_opening set prize_id = null')).rejects.toThrow(
      'permission denied',
    );
  });
});

test('verify finds what was not opened so, each time for the player concerned', async () => {
  const harms: [check: string, user: string, harm: string][] = [
    [
      'draws_repeat',
      'U1',
      "update milepost.cookie_opening o set prize_id = case prize_id when 'gold' then 'silver' else 'gold' end where",
    ],
    [
      'openings_match_odds',
      'U2',
      "update milepost.cookie_opening o set prizes = jsonb_set(prizes, '{0,weight}', '51') where",
    ],
    ['openings_match_odds', 'U3', "update milepost.cookie_opening o set prizes = '[]' where"],
    ['openings_match_claims', 'U4', 'update milepost.claim o set amount = amount + 1 where'],
    ['openings_match_claims', 'U5', 'delete from milepost.cookie_opening o where'],
    ['opened_matches_openings', 'U5', 'delete from milepost.cookie_opening o where'],
    ['draws_repeat', 'U6', "update milepost.cookie_opening o set key_id = 'lost' where"],
  ];
  const users = harms.map(([, user]) => user);
  await using database = await installed(game(prizes.slice(0, 2)));
  await using engine = testEngine(database.url);
  await engine.take([...new Set(users)].flatMap((user) => [upiPayment(100, { user }), open(user)]));
  expect(await verified(database.url)).toEqual([]);
  for (const [, user, harm] of harms) {
    await database.pool.query(
      `${harm} exists (select from milepost.player p where p.player_id = o.player_id and p.user_id = $1)`,
      [user],
    );
  }
  const found = (await verified(database.url)).map(({ check, user_id }) => `${check} ${user_id}`);
  expect(found).toEqual(expect.arrayContaining(harms.map(([check, user]) => `${check} ${user}`)));
  // What came out for U1 and U5 is not what their stock has given.
  expect(found.filter((each) => each.startsWith('stock_matches_openings')).length).toBeGreaterThan(0);
});
