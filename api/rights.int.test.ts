// The rights that a role does not have, each tried: every route of the contract with a token of every scope that it does not take. A new route is tried
// without a word here.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';
import { contract } from './contract/contract.ts';
import { type Route, scopes } from './contract/route.ts';

let api: TestApi;
beforeAll(async () => {
  api = await testApi({ games: [gameHistory(makeGame())] });
});
afterAll(() => api[Symbol.asyncDispose]());

/** A request that lacks nothing but the right. */
function ask({ method, path, body }: Route, headers: Record<string, string>) {
  const target = path
    .replace('{game_id}', 'game')
    .replace('{cohort_id}', 'early')
    .replace('{user_id}', 'U1')
    .replaceAll(/\{\w+\}/g, '1');
  return api.call(target, {
    method: method.toUpperCase(),
    headers: { 'If-Match': '"1"', 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body.example ?? {}) }),
  });
}

const guarded = contract.filter((route) => route.scopes.length > 0);

describe.each(guarded.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  test('without a token, or with one that is no token', async () => {
    expect((await ask(route, {})).status).toBe(401);
    expect((await ask(route, { Authorization: 'Bearer a.b.c' })).status).toBe(401);
  });

  test.each(['', 'all', 'Player', ...scopes.filter((scope) => !route.scopes.includes(scope))])(
    'not with the scope %j',
    async (scope) => {
      const token = await api.token({ sub: 'tests', scope });
      const { status, body } = await ask(route, { Authorization: `Bearer ${token}` });
      expect(status).toBe(403);
      expect(Object.keys(body).sort()).toEqual(['detail', 'request_id', 'status', 'title', 'type']);
    },
  );
});

test('nothing of all that has been done or recorded', async () => {
  const { rows } = await api.database.pool.query(
    `select (select count(*)::int from milepost.audit) as asked, (select count(*)::int from milepost.inbox) as events,
            (select count(*)::int from milepost.game_status_change) as changes`,
  );
  expect(rows).toEqual([{ asked: 0, events: 0, changes: 0 }]);
});

test.each(guarded.filter((route) => route.scopes.includes('bff')).map((route) => [route.path, route] as const))(
  '%s: a player’s token reads for nobody else',
  async (_, route) => {
    const headers = { Authorization: `Bearer ${await api.token({ sub: 'U1' })}`, 'X-Player-Id': 'U2' };
    expect((await ask(route, headers)).status).toBe(403);
  },
);

test('what is for everybody says nothing of anybody', async () => {
  const open = contract.filter((route) => route.scopes.length === 0).map(({ path }) => path);
  expect(open).toEqual([
    '/health/live',
    '/health/ready',
    '/api/openapi.json',
    '/api/reference',
    '/api/reference/{file}',
  ]);
});

describe('the record', () => {
  test('tells of what owners and support ask for, with the reason', async () => {
    const owner = { Authorization: `Bearer ${await api.token({ sub: 'asha', scope: 'owner' })}` };
    const support = { Authorization: `Bearer ${await api.token({ sub: 'ravi', scope: 'support' })}` };
    await api.call('/api/admin/games', { headers: owner });
    const paused = await api.call('/api/admin/games/game/pause', {
      method: 'POST',
      headers: { ...owner, 'Content-Type': 'application/json', 'If-Match': '"7"', 'X-Request-Id': 'r1' },
      body: JSON.stringify({ reason: 'paid twice' }),
    });
    expect(paused.status).toBe(412);
    await api.call('/api/support/explanations?user_id=U1', { headers: support });
    const { rows } = await api.database.pool.query(
      'select actor, scope, action, subject, reason, details from milepost.audit order by audit_no',
    );
    expect(rows).toEqual([
      { actor: 'asha', scope: 'owner', action: 'listGames', subject: '', reason: null, details: expect.anything() },
      {
        ...{ actor: 'asha', scope: 'owner', action: 'pauseGame', subject: 'game', reason: 'paid twice' },
        details: { request_id: 'r1', query: null },
      },
      {
        ...{ actor: 'ravi', scope: 'support', action: expect.any(String), subject: '', reason: null },
        details: expect.objectContaining({ query: expect.objectContaining({ user_id: 'U1' }) }),
      },
    ]);
  });

  test('comes first: where it cannot be written, nothing is done', async () => {
    await api.database.pool.query('alter table milepost.audit rename to audit_away');
    const owner = { Authorization: `Bearer ${await api.token({ sub: 'asha', scope: 'owner' })}` };
    const { status } = await api.call('/api/admin/cohorts/early/members', {
      method: 'POST',
      headers: { ...owner, 'Content-Type': 'application/json' },
      body: JSON.stringify({ members: [{ user_id: 'U9' }] }),
    });
    expect(status).toBe(503);
    const { rows } = await api.database.pool.query(`select 1 from milepost.player where user_id = 'U9'`);
    expect(rows).toEqual([]);
    await api.database.pool.query('alter table milepost.audit_away rename to audit');
  });
});
