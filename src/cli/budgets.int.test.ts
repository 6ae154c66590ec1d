// What a game may pay, as its owner reads it in a terminal.
import { expect, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { install } from '../testing/engine.ts';
import { gameHistory, makeGame } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

test('budgets, period by period, and games that have none', { timeout: 180_000 }, async () => {
  await using database = await testDatabase();
  const budgets = [
    { budget_id: 'coins', period: 'day', limit: { amount: 90 } },
    { budget_id: 'first', period: 'game', limit: { claims: 3 } },
  ];
  await install(database.pool, {
    games: [gameHistory(makeGame({ budgets } as never)), gameHistory(makeGame({ game_id: 'free' }))],
  });
  await database.pool.query("insert into milepost.budget_period values (1, 'coins', '2026-05-01T18:30:00Z', 60, 2)");
  const said = async (...args: string[]) => {
    const { status, stdout, stderr } = await milepost(['games', 'budgets', ...args], {
      env: { DATABASE_URL: database.url },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  };
  expect((await said('game')).map((line) => line.split(/ {2,}/))).toEqual([
    ['BUDGET', 'PERIOD FROM', 'LIMIT', 'TAKEN', 'PAID', 'DOWNGRADED', 'HELD', 'SKIPPED', 'RELEASED'],
    ['coins', '2 May 2026 00:00 (Asia/Kolkata)', '90 in all', '2 for 60', '0', '0', '0', '0', '0'],
    ['first', 'none yet', '3 rewards'],
  ]);
  expect(await said('free')).toEqual(['free: version 1 has no budgets; what it pays has no limit.']);
  const [json] = await said('game', '--json');
  expect(JSON.parse(json as string)).toMatchObject({
    game_id: 'game',
    budgets: [{ budget_id: 'coins', periods: [{ taken: { claims: 2, amount: 60 } }] }, { periods: [] }],
  });
});
