// Budgets in the database: several drains at once, what each policy does to a message, what is given back, and what a failure costs.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import type { Tx } from '../db/transaction.ts';
import { bucketOf } from '../ids.ts';
import type { Drain } from '../outbox/drain.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { silent } from '../testing/engine.ts';
import { startHalfOpenProxy } from '../testing/half-open-proxy.ts';
import { waitFor } from '../testing/wait.ts';
import { allot, type Limit, type LimitOf, type Period } from './allot.ts';
import { createBudgetDrain } from './drain.ts';
import { applyAllotments, openRound } from './store.ts';

let database: TestDatabase;
let worker: Db;
let drains: Drain[];
let moved: string[];

beforeEach(async () => {
  database = await testDatabase();
  await database.pool.query("insert into milepost.game (game_id) values ('one'), ('two')");
  worker = connect(database.url, { role: 'milepost_worker', size: 8, log: silent });
  drains = [];
  moved = [];
});
afterEach(async () => {
  await Promise.all(drains.map((drain) => drain.stop()));
  await worker.close();
  await database[Symbol.asyncDispose]();
});

type Limits = Record<string, Limit>;
const fixed = (limits: Limits) => async (): Promise<LimitOf> => (_gameNo, budgetId) => limits[budgetId];

function drain(limitsAt: Parameters<typeof createBudgetDrain>[0]['limitsAt'], rows?: number, db = worker): Drain {
  const made = createBudgetDrain({
    db,
    log: silent,
    limitsAt,
    onMoved: (destinations) => moved.push(...destinations),
    ...(rows === undefined ? {} : { rows }),
  });
  drains.push(made);
  return made;
}

async function drainAll(limits: Limits, options: { drains?: number; rows?: number } = {}): Promise<void> {
  const all = Array.from({ length: options.drains ?? 1 }, () => drain(fixed(limits), options.rows));
  for (const each of all) each.wake();
  await Promise.all(all.map((each) => each.idle()));
}

interface Reward {
  amount?: number;
  budgets?: string[];
  game?: string;
  period?: string;
}

let made = 0;

/** Rewards that wait for their budgets, in this order. */
async function owe(rewards: Reward[]): Promise<void> {
  const users = rewards.map(() => `B${++made}`);
  const buckets = users.map(bucketOf);
  const sorted = users.toSorted((a, b) => bucketOf(a) - bucketOf(b) || (a < b ? -1 : 1));
  await database.pool.query('select milepost.players_of($1, $2)', [sorted.map(bucketOf), sorted]);
  const bodies = rewards.map(({ amount = 10, budgets = ['coins'], game = 'one', period = '2026-05-01' }, index) => ({
    user_id: users[index],
    reward_type: 'NC',
    amount,
    game_id: game,
    service: 'neucoin',
    budgets: budgets.map((budget_id) => ({ budget_id, period_start: `${period}T00:00:00.000Z` })),
  }));
  await database.pool.query('select milepost.outbox_append($1, $2, $3, $4)', [
    buckets,
    users.map(() => 'budget'),
    users.map((_, index) => `00000000-0000-0000-0000-${String(made * 1_000 + index).padStart(12, '0')}`),
    bodies.map((body) => JSON.stringify(body)),
  ]);
}

/** What has become of each reward, in order: `neucoin pending 10`. */
async function messages(): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select destination || ' ' || state || ' ' || (body ->> 'amount') as message from milepost.outbox
      where destination <> 'projection' order by message_no`,
  );
  return rows.map(({ message }) => message);
}

/** What is taken of each period, as it stands there and as its reservations add up; both must say the same. */
async function taken(): Promise<Record<string, string>> {
  const { rows } = await database.pool.query(
    `select g.game_id || ' ' || p.budget_id || ' ' || to_char(p.period_start at time zone 'UTC', 'MM-DD') as period,
            p.taken_claims || ' for ' || p.taken_amount as taken,
            count(r) filter (where r.state = 'reserved') || ' for ' || coalesce(sum(r.amount) filter (where r.state = 'reserved'), 0) as sums
       from milepost.budget_period p join milepost.game g using (game_no)
       left join milepost.budget_reservation r using (game_no, budget_id, period_start)
      group by p.game_no, g.game_id, p.budget_id, p.period_start order by 1`,
  );
  for (const row of rows) expect(row.taken, row.period).toBe(row.sums);
  return Object.fromEntries(rows.map((row) => [row.period, row.taken]));
}

describe('many at once', () => {
  test.each([1, 5, 500])(
    '64 rewards, 4 drains, %i in a round: exactly the first 10 of a budget of 10',
    async (rows) => {
      await owe(Array.from({ length: 64 }, () => ({})));
      await drainAll({ coins: { claims: 10, whenExhausted: 'hold' } }, { drains: 4, rows });
      expect(await messages()).toEqual([
        ...Array.from({ length: 10 }, () => 'neucoin pending 10'),
        ...Array.from({ length: 54 }, () => 'neucoin held 10'),
      ]);
      expect(await taken()).toEqual({ 'one coins 05-01': '10 for 100' });
    },
  );

  test('several drains, budgets and sizes: what one drain alone would have decided', async () => {
    const names = ['a', 'b', 'c'];
    const [wanted = [], limits = {}] = fc.sample(
      fc.tuple(
        fc.array(
          fc.record({
            amount: fc.integer({ min: 1, max: 20 }),
            budgets: fc.subarray(names, { minLength: 1 }),
            game: fc.constantFrom('one', 'two'),
            period: fc.constantFrom('2026-05-01', '2026-05-02'),
          }),
          { minLength: 300, maxLength: 300 },
        ),
        fc.constant<Limits>({
          a: { amount: 150, whenExhausted: 'hold' },
          b: { amount: 300, claims: 40, whenExhausted: 'downgrade', downgradeTo: 2 },
          c: { claims: 15, whenExhausted: 'skip' },
        }),
      ),
      1,
    )[0] ?? [[], {}];
    await owe(wanted);
    await drainAll(limits, { drains: 4, rows: 7 });

    const periods = new Map<string, Period>();
    const periodOf = (game: string, period: string, budgetId: string): Period => {
      const key = `${game} ${budgetId} ${period.slice(5)}`;
      const known = periods.get(key) ?? { gameNo: game === 'one' ? 1 : 2, budgetId, amount: 0, claims: 0 };
      periods.set(key, known);
      return known;
    };
    const alone = wanted.map(({ amount, budgets, game, period }) => ({
      ...{ bucket: 0, messageNo: '0', gameNo: 0, gameId: game, userId: '', amount },
      periods: budgets.map((name) => periodOf(game, period, name)),
    }));
    const expected = allot(alone, (_gameNo, budgetId) => limits[budgetId]).map(({ result, amount }) =>
      result === 'held' || result === 'skipped' ? `neucoin ${result} ${amount}` : `neucoin pending ${amount}`,
    );
    expect(await messages()).toEqual(expected);
    expect(await taken()).toEqual(
      Object.fromEntries([...periods].map(([key, { amount, claims }]) => [key, `${claims} for ${amount}`])),
    );
  });
});

describe('what becomes of a message', () => {
  const rows = async () => {
    const { rows } = await database.pool.query(
      `select state::text, destination, body -> 'amount' as amount, body -> 'downgraded_from' as downgraded_from, reserved, revision,
              settled_at is not null as settled, next_attempt_at <= clock_timestamp() as due
         from milepost.outbox where destination <> 'projection' order by message_no`,
    );
    return rows;
  };
  const refreshed = async () => {
    const { rows } = await database.pool.query(
      `select p.user_id from milepost.outbox o
        cross join lateral jsonb_array_elements(o.body -> 'players') as r
         join milepost.player p on p.bucket = (r ->> 0)::smallint and p.player_id = (r ->> 1)::bigint
        where o.destination = 'projection' order by 1`,
    );
    return rows.map(({ user_id }) => user_id);
  };

  test('reserved: it goes on to its service, and nothing else is changed', async () => {
    await owe([{}]);
    await drainAll({ coins: { claims: 1, whenExhausted: 'hold' } });
    expect(await rows()).toEqual([
      {
        state: 'pending',
        destination: 'neucoin',
        amount: 10,
        downgraded_from: null,
        reserved: true,
        revision: 0,
        settled: false,
        due: true,
      },
    ]);
    expect(await refreshed()).toEqual([]);
    expect(moved).toEqual(['neucoin']);
  });

  test.each<[Limit, object]>([
    [
      { amount: 12, whenExhausted: 'hold' },
      { state: 'held', reserved: false, settled: false, amount: 10 },
    ],
    [
      { amount: 12, whenExhausted: 'skip' },
      { state: 'skipped', reserved: false, settled: true, amount: 10 },
    ],
    [
      { amount: 12, whenExhausted: 'downgrade', downgradeTo: 2 },
      { state: 'pending', reserved: true, settled: false, amount: 2, downgraded_from: 10 },
    ],
    [
      { amount: 12, whenExhausted: 'downgrade', downgradeTo: 3 },
      { state: 'skipped', reserved: false, settled: true, amount: 10, downgraded_from: null },
    ],
  ])('%j', async (limit, expected) => {
    await owe([{}, {}]);
    await drainAll({ coins: limit });
    expect((await rows())[1]).toMatchObject({ destination: 'neucoin', revision: 1, due: true, ...expected });
    expect(await refreshed()).toEqual([`B${made}`]);
    expect(moved).toEqual(['neucoin', 'projection']);
    await taken();
  });

  test('nothing is decided twice, and a drain that finds nothing writes nothing', async () => {
    await owe([{}, {}]);
    const limits: Limits = { coins: { claims: 1, whenExhausted: 'hold' } };
    await drainAll(limits);
    const before = await rows();
    await drainAll(limits);
    expect(await rows()).toEqual(before);
    expect(await taken()).toEqual({ 'one coins 05-01': '1 for 10' });
  });

  test('each period and each game has its own', async () => {
    await owe([{}, { period: '2026-05-02' }, { game: 'two' }, {}]);
    await drainAll({ coins: { claims: 1, whenExhausted: 'skip' } });
    expect(await messages()).toEqual([...Array(3).fill('neucoin pending 10'), 'neucoin skipped 10']);
  });
});

describe('a reward that is cancelled', () => {
  const cancel = (message: number) =>
    database.pool.query(
      `update milepost.outbox set state = 'cancelled', settled_at = clock_timestamp()
        where message_no = (select message_no from milepost.outbox where destination <> 'projection' order by message_no offset $1 limit 1)`,
      [message],
    );
  const limits: Limits = { coins: { claims: 1, whenExhausted: 'skip' }, all: { amount: 100, whenExhausted: 'skip' } };

  test('before it was sent gives its part back, once, to those who come after', async () => {
    await owe([{ budgets: ['coins', 'all'] }, {}]);
    await drainAll(limits);
    await cancel(0);
    await owe([{}, {}]);
    await drainAll(limits, { drains: 3 });
    expect(await messages()).toEqual([
      'neucoin cancelled 10',
      'neucoin skipped 10',
      'neucoin pending 10',
      'neucoin skipped 10',
    ]);
    expect(await taken()).toEqual({ 'one all 05-01': '0 for 0', 'one coins 05-01': '1 for 10' });
    const { rows } = await database.pool.query(
      `select budget_id, state::text, released_at is not null as released from milepost.budget_reservation
        where bucket = (select bucket from milepost.outbox where state = 'cancelled') and state <> 'refused' order by 1`,
    );
    expect(rows).toEqual([
      { budget_id: 'all', state: 'released', released: true },
      { budget_id: 'coins', state: 'released', released: true },
    ]);
    await drainAll(limits);
    expect(await taken()).toEqual({ 'one all 05-01': '0 for 0', 'one coins 05-01': '1 for 10' });
  });

  test('while it waits for its budgets takes nothing', async () => {
    await owe([{}, {}]);
    await cancel(0);
    await drainAll(limits);
    expect(await messages()).toEqual(['budget cancelled 10', 'neucoin pending 10']);
  });

  test('while a drain waits for a period: it is passed over, or gives back', async () => {
    await owe(Array.from({ length: 40 }, () => ({ budgets: ['all'] })));
    const all: Limits = { all: { amount: 1_000, whenExhausted: 'skip' } };
    const working = drainAll(all, { drains: 3, rows: 3 });
    for (let message = 0; message < 40; message += 3) await cancel(message);
    await working;
    await drainAll(all);
    expect(await taken()).toEqual({ 'one all 05-01': '26 for 260' });
  });
});

describe('a failure', () => {
  test('costs nothing but time: it is tried again by itself', async () => {
    await owe([{}]);
    let calls = 0;
    const failing = drain(async () => {
      if (++calls < 3) throw new Error('the definitions could not be read');
      return fixed({ coins: { claims: 1, whenExhausted: 'hold' } })();
    });
    failing.wake();
    await waitFor('the reward', async () => (await messages())[0] === 'neucoin pending 10');
    expect(calls).toBe(3);
    expect(await taken()).toEqual({ 'one coins 05-01': '1 for 10' });
  });

  test('of the commit itself: whether or not it was applied, nothing is taken twice', async () => {
    await owe([{}, {}]);
    const limits: Limits = { coins: { claims: 1, whenExhausted: 'hold' } };
    await using proxy = await startHalfOpenProxy(database.url);
    const cutOff = connect(proxy.url, { role: 'milepost_worker', size: 1, log: silent });
    const cut = proxy.cutNextCommit();
    const failing = drain(fixed(limits), undefined, cutOff);
    failing.wake();
    await cut;
    await waitFor('both', async () => (await messages()).every((message) => !message.startsWith('budget')));
    await failing.stop();
    await cutOff.close();
    expect(await messages()).toEqual(['neucoin pending 10', 'neucoin held 10']);
    expect(await taken()).toEqual({ 'one coins 05-01': '1 for 10' });
  });
});

test('uses definitions that are no older than the rewards', async () => {
  await owe([{}]);
  await database.pool.query('update milepost.definitions set epoch = 41');
  const asked: number[] = [];
  const seen = drain(async (epoch, at) => {
    asked.push(epoch);
    expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
    return () => undefined;
  });
  seen.wake();
  await seen.idle();
  expect(asked).toEqual([41]);
});

test('a round reads no more than it takes, also by plans made while the tables were small', async () => {
  const client = await worker.pool.connect();
  try {
    const round = async (rows: number) => {
      const tx = { client } as unknown as Tx;
      const { rewards } = await openRound(tx, rows);
      await applyAllotments(
        tx,
        allot(rewards, () => ({ claims: 1_000, whenExhausted: 'hold' })),
      );
      return rewards.length;
    };
    await owe(Array.from({ length: 10 }, () => ({})));
    await database.pool.query('analyze milepost.outbox');
    for (let times = 0; times < 10; times++) await round(1);
    await owe(Array.from({ length: 3_000 }, () => ({ budgets: ['coins', 'all'] })));
    await database.pool.query(
      `update milepost.outbox set state = 'cancelled', reserved = true, settled_at = now()
        where destination = 'budget' and message_no % 100 = 0`,
    );
    const reads = async () => {
      const { rows } = await client.query(
        `select sum(seq_tup_read)::integer as seq, sum(idx_tup_fetch)::integer as idx from pg_stat_xact_user_tables
          where relname in ('outbox', 'budget_period', 'budget_reservation')`,
      );
      return rows[0] as { seq: number; idx: number };
    };
    await client.query('begin');
    const before = await reads();
    expect(await round(100)).toBe(100);
    const after = await reads();
    await client.query('commit');
    expect(after.seq).toBe(before.seq);
    // Each reward a few times, with its reservations and periods, and what was cancelled; not the backlog.
    expect(after.idx - before.idx).toBeLessThan(1_500);
  } finally {
    client.release();
  }
});
