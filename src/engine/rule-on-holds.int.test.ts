// Verdicts on what is held, from the finding to the payment: on PostgreSQL, with workers and services, and with the books compared after each.
import { expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import type { GameConfig } from '../games/config.ts';
import { findHolds, type Hold } from '../games/hold.ts';
import type { VerdictRequest } from '../games/verdict.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { type TestServices, testServices, testWorker } from '../testing/dispatch.ts';
import { install, silent, type TestEngine, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, reversalOf, upiPayment } from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';
import { isRuled, ruleOnHolds } from './rule-on-holds.ts';
import { verify } from './verify.ts';

/** One step at the first payment, 10 NC, under a budget of so many rewards. */
const budgeted = (claims: number): GameConfig =>
  makeGame({ milestone_steps: [1], budgets: [{ budget_id: 'coins', period: 'game', limit: { claims } }] } as never);

interface Scene extends AsyncDisposable {
  database: TestDatabase;
  engine: TestEngine;
  services: TestServices;
  support: Db;
  /** Lets workers do all there is to do. */
  settle(): Promise<void>;
  holds(filter?: Parameters<typeof findHolds>[1]): Promise<Hold[]>;
  rule(holds: readonly Hold[], verdict: VerdictRequest['verdict'], by?: string): Promise<string[]>;
  /** Each claim with the state of its reward: `U1 1#1 awaiting_budget done`. */
  claims(): Promise<string[]>;
  paid(): string[];
}

async function scene(...games: GameConfig[]): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  const services = stack.use(await testServices());
  await install(database.pool, { games: games.map((game) => gameHistory(game)) });
  const worker = stack.use(await testWorker(database.url, services));
  const engine = stack.use(testEngine(database.url));
  const support = connect(database.url, { role: 'milepost_support', size: 2, log: silent });
  stack.defer(() => support.close());
  let asked = Date.parse('2026-05-20T00:00:00Z');
  return {
    ...{ database, engine, services, support },
    async settle() {
      await engine.idle();
      worker.wake();
      await waitFor('the end of what is due', async () => {
        const { rows } = await database.pool.query("select from milepost.outbox where state in ('pending', 'leased')");
        return rows.length === 0;
      });
      await worker.idle();
    },
    holds: (filter = {}) => findHolds(support, filter, 100),
    async rule(holds, verdict, by = 'asha') {
      const request = { verdict, by, reason: 'ticket 812', at: asked++, origin: { transport: 'http' } as const };
      return (await ruleOnHolds(engine, holds, request)).map(({ result }) => `${result.outcome} (${result.reason})`);
    },
    async claims() {
      const { rows } = await database.pool.query<{ line: string }>(
        `select p.user_id || ' ' || c.step || '#' || c.earning || ' ' || c.status || coalesce(' ' || o.state, '') as line
           from milepost.claim c join milepost.player p using (bucket, player_id)
           left join milepost.outbox o on o.message_key = c.message_key order by 1`,
      );
      return rows.map(({ line }) => line);
    },
    paid: () =>
      services
        .books()
        .map(({ user_id, amount }) => `${user_id} ${amount}`)
        .sort(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const pay = (user: string, id = `of ${user}`, options: Parameters<typeof upiPayment>[1] = {}) =>
  upiPayment(100, { user, id, ...options });
const flagged = (user: string, id = `of ${user}`, options: Parameters<typeof upiPayment>[1] = {}) =>
  pay(user, id, { ...options, attributes: { frm_flag: 'VELOCITY' } });

test('over a budget: what is released is paid beyond the limit, what is voided never is', async () => {
  await using at = await scene(budgeted(1));
  for (const user of ['U1', 'U2', 'U3']) await at.engine.take([pay(user)]);
  await at.settle();
  const holds = await at.holds();
  const of = { kind: 'claim', game_id: 'game', window_start: '2026-05-01T00:00:00.000Z', step: 1, earning: 1 };
  expect(holds).toMatchObject([
    { ...of, user_id: 'U2', reward_type: 'NC', amount: 10, budget_id: 'coins' },
    { ...of, user_id: 'U3' },
  ]);

  expect(await at.rule(holds.slice(0, 1), 'released')).toEqual(['applied (released)']);
  expect(await at.rule(holds.slice(1), 'voided')).toEqual(['applied (voided)']);
  await at.settle();
  expect(await at.claims()).toEqual(['U1 1#1 awaiting_budget done', 'U2 1#1 earned done', 'U3 1#1 voided cancelled']);
  expect(at.paid()).toEqual(['U1 10', 'U2 10']);
  expect(await at.holds()).toEqual([]);

  // Whoever comes later, or asks again, changes nothing.
  expect(await at.rule(holds, 'released')).toEqual(['rejected (not_held)', 'rejected (not_held)']);
  expect(await at.rule(holds, 'voided')).toEqual(['rejected (not_held)', 'rejected (not_held)']);
  await at.settle();
  expect(at.paid()).toEqual(['U1 10', 'U2 10']);
  expect(await verify(at.support)).toEqual([]);
  // Voided, the step pays nothing more; the limit is as it was for whoever comes next.
  await at.engine.take([pay('U3', 'another'), pay('U4')]);
  await at.settle();
  expect(await at.claims()).toContain('U4 1#1 awaiting_budget held');
  expect(at.paid()).toEqual(['U1 10', 'U2 10']);
});

test('a verdict meets the earning that it names, and no later one', async () => {
  await using at = await scene(budgeted(1));
  await at.engine.take([pay('U1'), pay('U2')]);
  await at.settle();
  const [first] = await at.holds();
  await at.engine.take([reversalOf('of U2', null, { user: 'U2' }), pay('U2', 'again')]);
  await at.settle();
  expect(await at.claims()).toEqual([
    'U1 1#1 awaiting_budget done',
    'U2 1#1 cancelled cancelled',
    'U2 1#2 awaiting_budget held',
  ]);
  expect(await at.rule([first as Hold], 'released')).toEqual(['rejected (not_held)']);
  expect(await at.claims()).toContain('U2 1#2 awaiting_budget held');
  expect(await at.rule(await at.holds(), 'released')).toEqual(['applied (released)']);
  await at.settle();
  expect(at.paid()).toEqual(['U1 10', 'U2 10']);
  expect(await verify(at.support)).toEqual([]);
});

test('in one batch with a reversal, whichever comes first, nothing is paid', async () => {
  await using at = await scene(budgeted(1));
  await at.engine.take([pay('U1'), pay('U2'), pay('U3')]);
  await at.settle();
  const holds = await at.holds();
  const { process } = at.engine;
  // As a consumer that finds them together.
  const together = (first: 'verdict' | 'reversal', user: string) => ({
    process: (batch: Parameters<typeof process>[0]) => {
      const reversal = reversalOf(`of ${user}`, null, { user });
      return process({
        ...batch,
        events: first === 'verdict' ? [...batch.events, reversal] : [reversal, ...batch.events],
      });
    },
  });
  const request = {
    verdict: 'released',
    by: 'asha',
    reason: 'ticket 812',
    at: Date.parse('2026-05-20T00:00:00Z'),
    origin: { transport: 'http' },
  } as const;
  await ruleOnHolds(together('verdict', 'U2'), holds.slice(0, 1), request);
  await ruleOnHolds(together('reversal', 'U3'), holds.slice(1), request);
  await at.settle();
  expect(await at.claims()).toEqual([
    'U1 1#1 awaiting_budget done',
    'U2 1#1 cancelled cancelled',
    'U3 1#1 cancelled cancelled',
  ]);
  expect(at.paid()).toEqual(['U1 10']);
  expect(await verify(at.support)).toEqual([]);
});

test('of two people at once one is heard, and the other is told', async () => {
  await using at = await scene(budgeted(1));
  const users = Array.from({ length: 12 }, (_, index) => `U${index}`);
  await at.engine.take([pay('first'), ...users.map((user) => (user < 'U5' ? pay(user) : flagged(user)))]);
  await at.settle();
  const holds = await at.holds();
  expect(holds).toHaveLength(12);
  await using other = testEngine(at.database.url);
  const verdicts = await Promise.all(
    holds.flatMap((hold) =>
      ([at.engine, other] as const).map(async (engine, index) => {
        const verdict = index === 0 ? 'released' : 'voided';
        const request = { verdict, by: `person ${index}`, reason: 'mine', at: Date.now() } as const;
        const [ruled] = await ruleOnHolds(engine, [hold], { ...request, origin: { transport: 'http' } });
        return { user: hold.user_id, verdict, done: ruled !== undefined && isRuled(ruled), ruled };
      }),
    ),
  );
  for (const of of Map.groupBy(verdicts, ({ user }) => user).values()) {
    expect(of.filter(({ done }) => done)).toHaveLength(1);
    expect(of.find(({ done }) => !done)?.ruled?.result).toMatchObject({ outcome: 'rejected', reason: 'not_held' });
  }
  await at.settle();
  // A flagged event that was released goes to its budget, which is exhausted: its reward waits for another verdict.
  const released = verdicts.filter(({ done, verdict }) => done && verdict === 'released').map(({ user }) => user);
  expect((await at.holds()).map(({ kind, user_id }) => `${kind} ${user_id}`).sort()).toEqual(
    released
      .filter((user) => user >= 'U5')
      .map((user) => `claim ${user}`)
      .sort(),
  );
  expect(at.paid()).toEqual(['first 10', ...released.filter((user) => user < 'U5').map((user) => `${user} 10`)].sort());
  expect(await verify(at.support)).toEqual([]);
});

test('a flagged event: of the games that hold it and no other, of the producer that is named and no other', async () => {
  const plain = (game_id: string, frm: GameConfig['frm'] = 'hold') =>
    makeGame({ game_id, milestone_steps: [1, 2], frm });
  await using at = await scene(plain('careful'), plain('easy', 'ignore'));
  await at.engine.take([
    pay('U1', 'clean'),
    flagged('U1', 'e', { producer: 'switch' }),
    flagged('U1', 'e', { producer: 'shop' }),
    flagged('U2', 'f', { producer: 'switch', occurred: '05-12' }),
  ]);
  await at.settle();
  const holds = await at.holds();
  const waits = { step: 2, earning: 1, step_type: 'REWARD', reward_type: 'NC', amount: 20 };
  expect(holds).toEqual([
    ...['switch', 'shop'].map((producer) => ({
      ...{ kind: 'event', user_id: 'U1', producer, event_id: 'e', since: '2026-05-10T12:00:00.000Z', flag: 'VELOCITY' },
      games: [{ game_id: 'careful', window_start: '2026-05-01T00:00:00.000Z', amount: 1, claims: [waits] }],
    })),
    expect.objectContaining({ user_id: 'U2', since: '2026-05-12T12:00:00.000Z' }),
  ]);
  expect(await at.holds({ gameId: 'easy' })).toEqual([]);
  expect(await at.holds({ gameId: 'careful', userIds: ['U2'] })).toEqual(holds.slice(2));
  expect(await at.holds({ producer: 'shop' })).toEqual(holds.slice(1, 2));
  expect(await at.holds({ since: Date.parse('2026-05-11T00:00:00Z') })).toEqual(holds.slice(2));
  expect(await at.holds({ until: Date.parse('2026-05-11T00:00:00Z'), ids: ['e', 'clean'] })).toEqual(holds.slice(0, 2));
  expect(await at.holds({ kind: 'claim' })).toEqual([]);

  expect(await at.rule(holds.slice(1, 2), 'voided')).toEqual(['applied (voided)']);
  expect(await at.holds({ userIds: ['U1'] })).toEqual(holds.slice(0, 1));
  expect(await at.rule([holds[0] as Hold, holds[2] as Hold], 'released')).toEqual(Array(2).fill('applied (released)'));
  await at.settle();
  // Easy has paid both steps at once; careful pays what is left without the event that was voided.
  expect(at.paid()).toEqual(['U1 10', 'U1 10', 'U1 20', 'U1 20', 'U2 10', 'U2 10']);
  expect(await at.holds()).toEqual([]);
  expect(await verify(at.support)).toEqual([]);
});

test('what a reversal has taken back is held no more', async () => {
  await using at = await scene(makeGame({ milestone_steps: [1] }));
  await at.engine.take([flagged('U1')]);
  const holds = await at.holds();
  expect(holds).toHaveLength(1);
  await at.engine.take([reversalOf('of U1', null, { user: 'U1' })]);
  expect(await at.holds()).toEqual([]);
  expect(await at.rule(holds, 'released')).toEqual(['rejected (not_held)']);
  expect(await verify(at.support)).toEqual([]);
});
