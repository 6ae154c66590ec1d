// Drawn amounts in the books: recorded with their odds and key, paid as drawn, repeated by verify, and never without a key.
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { drawWith, noDraw, refuseDraw } from '../rewards/draw.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testDrawKey, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { type Difference, verify } from './verify.ts';

const distribution = Array.from({ length: 50 }, (_, index) => ({ value: index + 1, weight: 1 }));
const game = makeGame({
  milestone_steps: [
    {
      step: 1,
      step_type: 'REWARD',
      reward: { reward_type: 'NC', value: 50, visibility: 'visible', display_type: 'upto', distribution },
    },
  ],
});
const identity = { purpose: 'upto' as const, userId: 'U1', gameId: 'game', windowStart: Date.UTC(2026, 4, 1), step: 1 };
const drawn = drawWith(testDrawKey)(identity, distribution).chosen.value;

async function installed(): Promise<TestDatabase> {
  const database = await testDatabase();
  await install(database.pool, { games: [gameHistory(game)] });
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

test('a draw is on record with its claim, and is what is paid', async () => {
  await using database = await installed();
  await using engine = testEngine(database.url);
  await engine.take([upiPayment(100, { user: 'U1' })]);
  const { rows } = await database.pool.query(
    `select d.key_id, d.odds, d.value::int, c.amount::int, (m.body ->> 'amount')::int as paid
       from milepost.draw d join milepost.claim c using (bucket, player_id, game_no, window_start, step, earning)
       join milepost.outbox m on m.message_key = c.message_key`,
  );
  expect(rows).toEqual([{ key_id: 'test', odds: distribution, value: drawn, amount: drawn, paid: drawn }]);
  expect(await verified(database.url)).toEqual([]);
});

test('verify finds what was not drawn so, with which key ever', async () => {
  await using database = await installed();
  await using engine = testEngine(database.url);
  await engine.take([upiPayment(100, { user: 'U1' })]);
  const other = drawn === 50 ? 49 : 50;
  expect(await verified(database.url, [{ id: 'other', key: Buffer.alloc(32) }])).toMatchObject([
    { check: 'draws_repeat', user_id: 'U1', expected: 'the key test in DRAW_KEYS', found: 'no such key' },
  ]);
  await database.pool.query(`update milepost.draw set value = ${other}`);
  expect(await verified(database.url)).toMatchObject([
    { check: 'draws_match_claims', user_id: 'U1' },
    { check: 'draws_repeat', user_id: 'U1', expected: String(drawn), found: String(other) },
  ]);
  await database.pool.query('delete from milepost.draw');
  expect(await verified(database.url)).toMatchObject([
    { check: 'draws_match_claims', user_id: 'U1', found: 'no draw' },
  ]);
});

test('without a key an event that needs a draw waits, but in a command; nothing of it is kept, and then it is drawn', async () => {
  await using database = await installed();
  const waiting = new AbortController();
  const messages: string[] = [];
  await using keyless = testEngine(database.url, undefined, (...args) => {
    try {
      return noDraw(...args);
    } catch (error) {
      messages.push((error as Error).message);
      if (messages.length === 2) waiting.abort();
      throw error;
    }
  });
  const events = [upiPayment(100, { user: 'U1' })];
  await expect(keyless.process({ events, parked: [] }, waiting.signal)).rejects.toThrow();
  expect(messages).toEqual(Array(2).fill('the reward of step 1 of game has to be drawn, and DRAW_KEYS is not set'));
  // A command does not wait.
  await using command = testEngine(database.url, undefined, refuseDraw);
  await expect(command.take(events)).rejects.toThrow('DRAW_KEYS is not set: set it as consumers have it');
  expect((await database.pool.query('select from milepost.event_key')).rowCount).toBe(0);

  await using engine = testEngine(database.url);
  expect((await engine.take(events)).results).toMatchObject([{ outcome: 'applied', replayed: false }]);
  expect((await database.pool.query('select value::int from milepost.draw')).rows).toEqual([{ value: drawn }]);
});
