// Administration of cohorts: rights, what is answered and what is refused, against the real database under the roles of production.
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readSources } from '../src/event/source.ts';
import { limits } from '../src/limits.ts';
import { type Answer, type TestApi, testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';
import { formatInstant } from '../src/time.ts';

const now = Date.now();
const day = 86_400_000;
const window = { start: formatInstant(now - 10 * day), end: formatInstant(now + 10 * day) };
const games = [gameHistory(makeGame({ cohort_id: 'early', game_window: window }))];
const from = formatInstant(now - 5 * day);
const until = formatInstant(now + 5 * day);

let api: TestApi;
let owner: string;

beforeAll(async () => {
  api = await testApi({ games, sources: await readSources(join(import.meta.dirname, '../game-configs/sources')) });
  api.time.now = now;
  owner = await api.token({ sub: 'asha', scope: 'owner' });
});
afterAll(() => api[Symbol.asyncDispose]());

let made = 0;
let user: string;
beforeEach(() => {
  user = `user ${++made}`;
});

function change(members: unknown, token = owner, cohort = 'early'): Promise<Answer> {
  return api.call(`/api/admin/cohorts/${encodeURIComponent(cohort)}/members`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ members }),
  });
}

const look = (userId = user, token = owner, cohort = 'early'): Promise<Answer> =>
  api.get(`/api/admin/cohorts/${encodeURIComponent(cohort)}/members/${encodeURIComponent(userId)}`, { token });

describe('who may', () => {
  test.each(['player', 'producer', 'player producer'])('not a token with the scope %s', async (scope) => {
    const token = await api.token({ scope });
    expect((await change([{ user_id: user }], token)).status).toBe(403);
    expect((await look(user, token)).status).toBe(403);
    expect((await look()).body.statements).toEqual([]);
  });

  test('nobody without a token', async () => {
    expect((await api.get(`/api/admin/cohorts/early/members/${user}`, null)).status).toBe(401);
  });

  test('a producer may not through the canonical source: such an event is parked', async () => {
    const event = {
      event_id: `change of ${user}`,
      event_type: 'cohort_changed',
      occurred_at: from,
      producer: 'tests',
      user_id: user,
      attributes: { cohort_id: 'early', member: true },
    };
    const { body } = await api.send(event);
    expect(body.results).toEqual([
      expect.objectContaining({ event_id: null, outcome: 'parked', reason: 'not_permitted' }),
    ]);
    expect((await look()).body.member).toBe(false);
  });

  test('a producer may through a source that may control cohorts, if its token names that source', async () => {
    const message = {
      changeId: `c ${user}`,
      customerId: user,
      segment: 'early',
      change: 'ENTERED',
      effectiveFrom: from,
    };
    const wrong = await api.token({ sub: 'tests', scope: 'producer', sources: ['tests', 'segments'] });
    expect((await api.send(message, { query: '?source=segment_changes', token: wrong })).status).toBe(403);
    const right = await api.token({ sub: 'segments', scope: 'producer', sources: ['segment_changes'] });
    const { body } = await api.send(message, { query: '?source=segment_changes', token: right });
    expect(body.results).toMatchObject([{ outcome: 'applied', reason: 'cohort_changed' }]);
    expect((await look()).body.member).toBe(true);
  });
});

describe('POST /api/admin/cohorts/{cohort_id}/members', () => {
  test('answers each change, and again the same; events after it count', async () => {
    const members = [
      { user_id: user, from },
      { user_id: `${user}, other`, from, until },
    ];
    const first = await change(members);
    expect(first.status).toBe(200);
    const result = { outcome: 'applied', reason: 'cohort_changed', event_id: expect.any(String) };
    expect(first.body).toEqual({
      results: [
        { user_id: user, ...result, replayed: false },
        { user_id: `${user}, other`, ...result, replayed: false },
      ],
    });
    expect((await change(members)).body.results).toMatchObject([{ replayed: true }, { replayed: true }]);
    const payment = {
      event_id: `payment of ${user}`,
      event_type: 'payment_success',
      occurred_at: formatInstant(now - 1_000),
      producer: 'tests',
      user_id: user,
      attributes: { transaction_amount: 10 },
    };
    expect((await api.send(payment)).body.results).toMatchObject([{ outcome: 'applied', reason: null }]);
    expect((await api.get('/api/games/active', user)).body.games).toHaveLength(1);
  });

  test('without an instant a change holds from now on', async () => {
    await change([{ user_id: user }]);
    await change([{ user_id: user, member: false, from: until }]);
    expect((await look()).body).toEqual({
      cohort_id: 'early',
      user_id: user,
      member: true,
      memberships: [{ from: formatInstant(now), until }],
      statements: [
        { from: formatInstant(now), member: true },
        { from: until, member: false },
      ],
    });
  });

  test('keeps who asked', async () => {
    await change([{ user_id: user, from }]);
    const { rows } = await api.database.pool.query(
      `select payload -> 'attributes' ->> 'changed_by' as by from milepost.inbox
        where player_id = (select player_id from milepost.player where user_id = $1)`,
      [user],
    );
    expect(rows).toEqual([{ by: 'asha' }]);
  });

  test('all of a request or nothing: each thing that is not right is named', async () => {
    const { status, body } = await change([
      { user_id: user, from },
      { user_id: '', from },
      { user_id: user, from: until, until: from },
      { user_id: 'x'.repeat(129) },
      { user_id: user, from: '1999-01-01T00:00:00Z' },
    ]);
    expect(status).toBe(400);
    expect(body.detail).toBe('the body is not right; nothing was changed');
    expect(body.problems).toEqual([
      { path: '$.members[1]', message: 'user_id: empty' },
      { path: '$.members[2].until', message: `must lie after from, which is ${until}` },
      { path: '$.members[3]', message: expect.stringContaining('user_id: 129 bytes, at most 128 are allowed') },
      { path: '$.members[4]', message: expect.stringContaining('is not between 2000 and 2100') },
    ]);
    expect((await look()).body.statements).toEqual([]);
  });

  test.each<[unknown, string]>([
    [[{ user_id: 'U', membr: false }], '$.members[0].membr: unknown key "membr" (did you mean "member"?)'],
    [[{ user_id: 'U', member: 'no' }], '$.members[0].member: expected true or false; found "no"'],
    [[{ user_id: 'U', from: '2026-05-01' }], '$.members[0].from: must be a date and time with its offset'],
    [[{}], '$.members[0].user_id: missing; text is required'],
    [[], '$.members: must have at least 1'],
    ['U1', '$.members: expected a list; found "U1"'],
  ])('%j is refused', async (members, problem) => {
    const { status, body } = await change(members);
    expect(status).toBe(400);
    expect(`${body.problems[0].path}: ${body.problems[0].message}`).toContain(problem);
  });

  test.each([
    ['everyone', 'everyone is reserved'],
    ['has space', '"has space" is no cohort'],
  ])('no such cohort: %s', async (cohort, detail) => {
    const answer = await change([{ user_id: user }], owner, cohort);
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toContain(detail);
  });

  test('a request names a bounded number of members', async () => {
    const many = Array.from({ length: limits.httpBatchEvents + 1 }, (_, index) => ({ user_id: `${user} ${index}` }));
    expect((await change(many)).status).toBe(413);
    const { status, body } = await change(many.slice(1));
    expect(status).toBe(200);
    expect(body.results).toHaveLength(limits.httpBatchEvents);
  });
});

describe('GET /api/admin/cohorts/{cohort_id}/members/{user_id}', () => {
  test('of a player nobody has heard of, nothing is stated', async () => {
    expect((await look('nobody/at all')).body).toEqual({
      cohort_id: 'early',
      user_id: 'nobody/at all',
      member: false,
      memberships: [],
      statements: [],
    });
  });

  test('a user_id that cannot be one is refused', async () => {
    expect((await look('\0')).status).toBe(400);
    expect((await look('x'.repeat(129))).status).toBe(400);
  });
});
