// What becomes of prizes when the events that earned their cookies are reversed, or their budgets are used up, with a real database, workers and services.
import { describe, expect, test } from 'vitest';
import { connect } from '../src/db/connect.ts';
import { verify } from '../src/engine/verify.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import { testDatabase } from '../src/testing/database.ts';
import { allEnded, testServices, testWorker } from '../src/testing/dispatch.ts';
import { install, silent, testDrawKey, testEngine } from '../src/testing/engine.ts';
import { cookieOpening, gameHistory, makeEvent, makeGame, reversalOf, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

const pay = (id: string) => upiPayment(100, { id });
const open = (earning = 1) => cookieOpening(1, { earning });
const gold = { prize_id: 'gold', weight: 1, stock: 9, reward: { reward_type: 'NC', value: 100 } };

/** A game in which one payment earns a cookie with 100 NeuCoins, an engine, and services. */
async function scene(options: Parameters<typeof makeGame>[0]) {
  const database = await testDatabase();
  const milestone_steps = [{ step: 1, step_type: 'FORTUNE_COOKIE', cookie: { prizes: [gold] } }];
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps, ...options }))] });
  const engine = testEngine(database.url);
  const services = await testServices();
  return {
    take: async (...events: IncomingEvent[]) => {
      const { results } = await engine.take(events);
      return results.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome} (${reason})`));
    },
    /** Runs a worker until nothing is left to do; then every claim with its messages. */
    async drain(): Promise<string[]> {
      await using worker = await testWorker(database.url, services);
      await waitFor('the end of all rewards', () => allEnded(database.pool));
      await worker.idle();
      const { rows } = await database.pool.query<{ line: string }>(
        `select earning || ' ' || status || coalesce(' ' || (
                  select string_agg(o.state::text, ' ') from milepost.outbox o where o.message_key = c.message_key), '') as line
           from milepost.claim c order by step, earning`,
      );
      return rows.map(({ line }) => line);
    },
    paid: () => services.books().map(({ operation, amount }) => `${operation} ${amount}`),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await services.stop();
      const db = connect(database.url, { role: 'milepost_support', size: 2, log: silent });
      expect(await verify(db, { drawKeys: [testDrawKey] })).toEqual([]);
      await db.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

describe('a prize whose cookie is taken back', () => {
  test('is cancelled where it was never sent, whatever the policy', async () => {
    await using it = await scene({ on_reversal: 'claw_back' });
    expect(await it.take(pay('a'), open(), reversalOf('a'))).toEqual(['applied', 'applied (opened)', 'reversed']);
    expect(await it.drain()).toEqual(['1 cancelled cancelled']);
    await it.take(pay('b'));
    expect(await it.take(open(1))).toEqual(['applied (opened)']);
    expect(await it.take(open(2))).toEqual(['applied (opened)']);
    expect(await it.drain()).toEqual(['1 cancelled cancelled', '2 opened done']);
    expect(it.paid()).toEqual(['pay 100']);
  });

  test.each<[policy: 'keep' | 'claw_back' | 'offset', reversed: string[], again: string[], paid: string[]]>([
    ['keep', ['1 kept done'], ['1 opened done'], ['pay 100']],
    [
      'claw_back',
      ['1 clawed_back done'],
      ['1 clawed_back done', '2 opened done'],
      ['pay 100', 'take_back 100', 'pay 100'],
    ],
    // What is owed eats up the second prize.
    ['offset', ['1 offset done'], ['1 offset done', '2 opened'], ['pay 100']],
  ])('goes by the policy %s once it was paid', async (on_reversal, reversed, again, paid) => {
    await using it = await scene({ on_reversal });
    await it.take(pay('a'), open());
    expect(await it.drain()).toEqual(['1 opened done']);
    await it.take(reversalOf('a'));
    expect(await it.drain()).toEqual(reversed);
    await it.take(pay('b'));
    await it.take(open(2));
    expect(await it.drain()).toEqual(again);
    expect(it.paid()).toEqual(paid);
  });
});

describe('a prize over its budget', () => {
  const budgets = [{ budget_id: 'b', period: 'game' as const, limit: { claims: 0 }, when_exhausted: 'hold' as const }];
  const verdict = (type: string) =>
    makeEvent({ type, attributes: { game_id: 'game', window_start: '2026-05-01T00:00:00Z', step: 1 } });

  test('is paid when a person lets it through', async () => {
    await using it = await scene({ budgets });
    await it.take(pay('a'), open());
    expect(await it.drain()).toEqual(['1 awaiting_budget held']);
    expect(await it.take(verdict('hold_released'))).toEqual(['applied (released)']);
    expect(await it.drain()).toEqual(['1 opened done']);
    expect(it.paid()).toEqual(['pay 100']);
  });

  test('is voided by a verdict', async () => {
    await using it = await scene({ budgets });
    await it.take(pay('a'), open());
    expect(await it.drain()).toEqual(['1 awaiting_budget held']);
    expect(await it.take(verdict('hold_voided'))).toEqual(['applied (voided)']);
    expect(await it.drain()).toEqual(['1 voided cancelled']);
    expect(it.paid()).toEqual([]);
  });
});
