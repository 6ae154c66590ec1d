// Budgets from the event to the service: several engines and workers at once, a limit that must hold to the last reward, and what is seen of it.
import { expect, test } from 'vitest';
import { connect } from '../src/db/connect.ts';
import { viewBudgets } from '../src/definitions/budget-view.ts';
import { readRecord } from '../src/definitions/record.ts';
import { verify } from '../src/engine/verify.ts';
import type { GameConfig } from '../src/games/config.ts';
import { readPlayers } from '../src/games/facts.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { testServices, testWorker } from '../src/testing/dispatch.ts';
import { install, silent, testEngine } from '../src/testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

const players = Array.from({ length: 64 }, (_, index) => `U${index}`);

function gameWith(...budgets: object[]): GameConfig {
  const budget_defaults = { budget_id: 'coins', period: 'window' };
  return makeGame({
    milestone_steps: [1],
    budgets: budgets.map((budget) => ({ ...budget_defaults, ...budget })),
  } as never);
}

/** What the owner is shown, and that the books are right. */
async function look(database: TestDatabase) {
  const db = connect(database.url, { role: 'milepost_support', size: 2, log: silent });
  try {
    expect(await verify(db)).toEqual([]);
    return (await viewBudgets(db, await readRecord(db, 'game'), Date.now())).budgets;
  } finally {
    await db.close();
  }
}

async function allDecided(database: TestDatabase): Promise<boolean> {
  const { rows } = await database.pool.query(
    "select from milepost.outbox where state in ('pending', 'leased') and destination <> 'projection'",
  );
  return rows.length === 0;
}

test('64 players at once on a budget of 10: exactly 10 are paid, by several engines and workers', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await install(database.pool, { games: [gameHistory(gameWith({ limit: { claims: 10 } }))] });
  await using first = await testWorker(database.url, services);
  await using second = await testWorker(database.url, services);
  await using third = await testWorker(database.url, services);
  await Promise.all(
    [0, 1, 2, 3].map(async (quarter) => {
      await using engine = testEngine(database.url);
      for (const user of players.slice(quarter * 16, quarter * 16 + 16)) await engine.take([upiPayment(1, { user })]);
    }),
  );
  for (const worker of [first, second, third]) worker.wake();
  await waitFor('a decision on all', () => allDecided(database));
  await Promise.all([first.idle(), second.idle(), third.idle()]);

  expect(services.books()).toHaveLength(10);
  expect(services.calls('neucoin')).toBe(10);
  const [budget] = await look(database);
  expect(budget).toMatchObject({
    limit: { claims: 10, amount: null },
    periods: [
      {
        start: '2026-05-01T00:00:00.000Z',
        taken: { claims: 10, amount: 100 },
        paid: { claims: 10, amount: 100 },
        held: { claims: 54, amount: 540 },
        skipped: { claims: 0, amount: 0 },
      },
    ],
  });
});

test('a later version raises the limit, for what comes; what was held stays so', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const game = gameWith({ limit: { claims: 1 } });
  await install(database.pool, { games: [gameHistory(game)] });
  await using worker = await testWorker(database.url, services);
  await using engine = testEngine(database.url);
  const play = async (...users: string[]) => {
    await engine.take(users.map((user) => upiPayment(1, { user })));
    worker.wake();
    await waitFor('a decision on all', () => allDecided(database));
  };
  await play('U1', 'U2');
  await database.pool.query(
    `insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
     values (1, 2, '2026-05-20T00:00:00Z', $1::text::jsonb, $1, now(), 'test', 'test')`,
    [JSON.stringify(gameWith({ limit: { claims: 2 } }))],
  );
  await database.pool.query('update milepost.definitions set epoch = epoch + 1');
  await play('U3', 'U4');
  expect(services.books()).toHaveLength(2);
  const [budget] = await look(database);
  expect(budget).toMatchObject({ limit: { claims: 2 }, periods: [{ paid: { claims: 2 }, held: { claims: 2 } }] });
});

test('a player sees what became of it: less was paid, nothing was, or somebody has to decide', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const budgets = {
    held: { limit: { claims: 1 } },
    skipped: { limit: { claims: 1 }, when_exhausted: 'skip' },
    downgraded: { limit: { amount: 12 }, when_exhausted: 'downgrade', downgrade_to: 2 },
  };
  for (const [game_id, budget] of Object.entries(budgets)) {
    await install(database.pool, { games: [gameHistory({ ...gameWith(budget), game_id })] });
  }
  await using worker = await testWorker(database.url, services);
  await using engine = testEngine(database.url);
  for (const user of ['U1', 'U2']) await engine.take([upiPayment(1, { user })]);
  worker.wake();
  await waitFor('a decision on all', () => allDecided(database));

  const { rows } = await database.pool.query<{ bucket: number; player_id: string }>(
    "select bucket, player_id from milepost.player where user_id = 'U2'",
  );
  const db = connect(database.url, { role: 'milepost_worker', size: 1, log: silent });
  const fields = (await readPlayers(db, [[rows[0]?.bucket as number, rows[0]?.player_id as string]])).get('U2') ?? [];
  await db.close();
  const claims = fields.filter(({ name }) => name.includes(':')).map(({ fact }) => JSON.parse(fact as string)[2][0]);
  // … status, reward_type, amount, claimed_at, version, payment
  expect(claims.map(([, , , status, , amount, , , payment]) => [status, amount, payment])).toEqual([
    ['awaiting_budget', 10, 'held'],
    ['awaiting_budget', 10, 'skipped'],
    ['awaiting_budget', 2, 'done'],
  ]);
  expect(services.books().map(({ amount }) => amount)).toEqual(expect.arrayContaining([2, 10, 10, 10]));
});
