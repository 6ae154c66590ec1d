// What is held, over HTTP: the list, verdicts by whoever has the scope, and what players are shown before and after.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { testServices, testWorker } from '../src/testing/dispatch.ts';
import { gameHistory, makeGame, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

const budgets = [{ budget_id: 'coins', period: 'game', limit: { claims: 1 } }];
const games = [
  gameHistory(makeGame({ milestone_steps: [1] })),
  gameHistory(makeGame({ game_id: 'short', milestone_steps: [1], frm: 'reject', budgets } as never)),
];

let api: TestApi;
let support: string;
beforeAll(async () => {
  // What players are shown comes from PostgreSQL at once, without a projection that a worker would have to refresh.
  api = await testApi({ games, redisUrl: null });
  support = await api.token({ sub: 'ravi', scope: 'support' });
});
afterAll(() => api[Symbol.asyncDispose]());

const list = async (query = '') => (await api.get(`/api/admin/holds${query}`, { token: support })).body;

function give(verdict: string, holds: unknown, token = support) {
  return api.call('/api/admin/holds/verdicts', {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'X-Request-Id': 'r1' },
    body: JSON.stringify({ verdict, reason: 'ticket 812', holds }),
  });
}

const stateOf = async (user: string, game: string): Promise<string> =>
  (await api.get(`/api/games/${game}`, user)).body.steps[0].state;

test('support sees what is held, and rules on it; players are shown what became of it', async () => {
  await using services = await testServices();
  await using worker = await testWorker(api.database.url, services);
  const settle = async () => {
    await api.engine.idle();
    worker.wake();
    await waitFor('the end of what is due', async () => {
      const { rows } = await api.database.pool.query(
        "select from milepost.outbox where state in ('pending', 'leased')",
      );
      return rows.length === 0;
    });
  };
  const flagged = (user: string) => upiPayment(1, { user, id: `of ${user}`, attributes: { frm_flag: 'VELOCITY' } });
  await api.engine.take([upiPayment(1, { user: 'U1' })]);
  await api.engine.take([upiPayment(1, { user: 'U2' })]);
  await api.engine.take([upiPayment(1, { user: 'U3' })]);
  await api.engine.take([flagged('V1'), flagged('V2')]);
  await settle();

  const { holds, more } = await list();
  expect(more).toBe(false);
  const event = { kind: 'event', producer: 'tests', flag: 'VELOCITY', since: '2026-05-10T12:00:00.000Z' };
  const claim = {
    kind: 'claim',
    game_id: 'short',
    step: 1,
    earning: 1,
    reward_type: 'NC',
    amount: 10,
    budget_id: 'coins',
  };
  expect(holds).toMatchObject([
    { ...event, user_id: 'V1', event_id: 'of V1', games: [{ game_id: 'game', claims: [{ step: 1, amount: 10 }] }] },
    { ...event, user_id: 'V2', event_id: 'of V2' },
    { ...claim, user_id: 'U2' },
    { ...claim, user_id: 'U3' },
  ]);
  expect(await list('?limit=1')).toMatchObject({ holds: [{ user_id: 'V1' }], more: true });
  expect(await list('?user_id=U3')).toEqual({ holds: holds.slice(3), more: false });
  expect(await list(`?kind=claim&game_id=short&since=${encodeURIComponent(holds[3].since)}`)).toMatchObject({
    holds: [{ user_id: 'U3' }],
  });
  expect([await stateOf('V1', 'game'), await stateOf('U2', 'short')]).toEqual(['held', 'held']);

  const name = (user: string) => ({ kind: 'event', user_id: user, producer: 'tests', event_id: `of ${user}` });
  const [key2, key3] = holds.slice(2).map(({ key }: { key: string }) => ({ kind: 'claim', key }));
  const nobody = { kind: 'claim', key: '00000000-0000-0000-0000-000000000000' };
  const released = await give('released', [name('V1'), key2, nobody, { ...name('V2'), producer: 'another' }]);
  const done = { event_id: expect.any(String), outcome: 'applied', reason: 'released', replayed: false };
  const not = { event_id: null, outcome: 'rejected', reason: 'not_held', replayed: false };
  expect(released.body.results).toEqual([
    { hold: name('V1'), ...done },
    { hold: key2, ...done },
    { hold: nobody, ...not },
    { hold: { ...name('V2'), producer: 'another' }, ...not },
  ]);
  const voided = await give('voided', [name('V2'), key3]);
  expect(voided.body.results).toMatchObject([{ reason: 'voided' }, { reason: 'voided' }]);
  await settle();
  expect(
    services
      .books()
      .map(({ user_id }) => user_id)
      .toSorted(),
  ).toEqual(['U1', 'U1', 'U2', 'U2', 'U3', 'V1']);
  expect([await stateOf('V1', 'game'), await stateOf('U2', 'short')]).toEqual(['paid', 'paid']);
  expect([await stateOf('V2', 'game'), await stateOf('U3', 'short')]).toEqual(['locked', 'not_paid']);
  expect(await list()).toEqual({ holds: [], more: false });

  // The same request again changes nothing.
  expect((await give('released', [name('V1'), key2])).body.results).toMatchObject([not, not]);

  const { rows } = await api.database.pool.query(
    `select actor, scope, action, reason, details from milepost.audit where action = 'giveVerdicts' order by audit_no`,
  );
  expect(rows).toHaveLength(3);
  expect(rows[1]).toEqual({
    ...{ actor: 'ravi', scope: 'support', action: 'giveVerdicts', reason: 'ticket 812' },
    details: {
      request_id: 'r1',
      query: null,
      body: { verdict: 'voided', reason: 'ticket 812', holds: [name('V2'), key3] },
    },
  });
  const { rows: verdicts } = await api.database.pool.query(
    `select distinct payload -> 'attributes' ->> 'ruled_by' as by from milepost.inbox where event_type like 'hold_%'`,
  );
  expect(verdicts).toEqual([{ by: 'ravi' }]);
});

test.each<[unknown, string, string]>([
  ['paid', '[]', 'verdict'],
  ['released', '[]', 'holds'],
  ['released', '[{"kind":"claim","key":"x"}]', 'holds[0].key'],
  ['released', '[{"kind":"event","user_id":"U1","event_id":"e"}]', 'holds[0].producer'],
  ['released', '[{"kind":"event","user_id":"U\\u0000","producer":"p","event_id":"e"}]', 'holds[0].user_id'],
])('a verdict that is not right is refused, and says where: %s %s', async (verdict, holds, path) => {
  const { status, body } = await give(verdict as string, JSON.parse(holds));
  expect(status).toBe(400);
  expect(body.problems.map((problem: { path: string }) => problem.path)).toContain(`$.${path}`);
});
