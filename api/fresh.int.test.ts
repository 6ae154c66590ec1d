import { describe, expect, test } from 'vitest';
import { limits } from '../src/limits.ts';
import { registry } from '../src/metrics.ts';
import { type Answer, type TestApi, testApi } from '../src/testing/api.ts';
import { at, gameHistory, makeEvent, makeGame, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

const games = [gameHistory(makeGame()), gameHistory(makeGame({ game_id: 'second' }))];

async function waiting(count: number): Promise<void> {
  await waitFor(`${count} waiting readers`, async () => {
    const metric = await registry.getSingleMetric('milepost_waiting_readers')?.get();
    return metric?.values[0]?.value === count;
  });
}

describe('after_event', () => {
  test('of an event that is judged answers at once, with what it changed, whatever Redis still holds', async () => {
    await using api = await testApi({ games });
    await api.project();
    await api.engine.take([upiPayment(1, { id: 'first' })]);
    await api.project();
    await api.engine.take([upiPayment(1, { id: 'e1', correlation: { payment_id: 'p1' } })]);
    expect((await api.get('/api/games/active')).body.games[0].current_value).toBe(1);
    for (const query of ['after_event=e1', 'after_payment=p1', 'after_event=e1&wait=0']) {
      const { body } = await api.get(`/api/games/active?${query}`);
      expect(body.after, query).toEqual({
        event_id: 'e1',
        payment_id: query.includes('payment') ? 'p1' : null,
        status: 'applied',
        outcome: 'applied',
        reason: null,
        detail: 'It counted.',
      });
      expect(body.games[0], query).toMatchObject({
        current_value: 2,
        last_credited: [
          { event_id: 'e1', payment_id: 'p1' },
          { event_id: 'first', payment_id: null },
        ],
      });
    }
    expect((await api.get('/api/games/second?after_event=e1')).body).toMatchObject({
      current_value: 2,
      after: { status: 'applied' },
    });
  });

  test('waits for one that comes, and for one that does not count', async () => {
    await using api = await testApi({ games });
    const counted = api.get('/api/games/active?after_event=e1');
    const paid = api.get('/api/games/game?after_payment=p1');
    const refused = api.get('/api/games/active?after_event=e2', 'U2');
    const other = api.get('/api/games/active?after_event=e1&wait=25', 'U3');
    await waiting(4);
    await api.engine.take([
      upiPayment(1, { id: 'e1', correlation: { payment_id: 'p1' } }),
      makeEvent({ id: 'e2', user: 'U2', type: 'payment_success', attributes: { transaction_amount: -1 } }),
    ]);
    expect((await counted).body).toMatchObject({ games: [{ current_value: 1 }, {}], after: { status: 'applied' } });
    expect((await paid).body).toMatchObject({ current_value: 1, after: { event_id: 'e1', status: 'applied' } });
    expect((await refused).body).toMatchObject({
      games: [{ current_value: 0 }, {}],
      after: { status: 'not_applicable', outcome: 'no_match', reason: 'condition_failed' },
    });
    // The same id is another player's, too.
    await waiting(1);
    await api.engine.take([upiPayment(1, { id: 'e1', user: 'U3' })]);
    expect((await other).body.after.status).toBe('applied');
    await waiting(0);
  });

  test('says pending when it has not come', async () => {
    await using api = await testApi({ games });
    for (const query of ['after_event=never', 'after_payment=never']) {
      const { status, body } = await api.get(`/api/games/active?${query}&wait=0`);
      expect([status, body.after.status, body.after.outcome]).toEqual([200, 'pending', null]);
    }
    expect((await api.get('/api/games/active?after_event=never&wait=1')).body.after.status).toBe('pending');
  });

  test.each([
    ['after_event=', 400],
    ['after_event=a&after_payment=b', 400],
    ['after_event=a&after_event=b', 400],
    ['after_event=a&wait=26', 400],
    ['after_event=a&wait=-1', 400],
    [`after_event=${'x'.repeat(129)}`, 400],
    ['after_event=%00', 400],
    ['wait=5', 200],
  ])('%s: %i', async (query, status) => {
    await using api = await testApi({ games });
    expect((await api.get(`/api/games/active?${query}`)).status).toBe(status);
  });

  test('costs the database nothing while nothing happens; a commit wakes those whom it concerns', async () => {
    await using api = await testApi({ games });
    const readers = 60;
    const seen = countLookUps(api);
    // Once the first is woken, the connection that listens is there: nobody looks again because it has come.
    const first = api.get('/api/games/active?after_event=first&wait=25', 'first');
    await waitFor('the first look', () => seen.ended.includes('first'));
    await api.engine.take([upiPayment(1, { id: 'first', user: 'first' })]);
    expect((await first).body.after.status).toBe('applied');

    const answers: Promise<Answer>[] = [];
    for (let reader = 0; reader < readers; reader++) {
      answers.push(api.get(`/api/games/active?after_event=e${reader}&wait=25`, `R${reader}`));
    }
    const ofReaders = () => seen.ended.filter((player) => player !== 'first');
    await waitFor('a look for each reader', () => ofReaders().length >= readers);
    await waiting(readers);
    const before = seen.lookUps;
    await api.engine.take([upiPayment(1, { id: 'unrelated', user: 'somebody else' })]);
    await api.engine.take([0, 1, 2].map((reader) => upiPayment(1, { id: `e${reader}`, user: `R${reader}` })));
    for (const answer of answers.slice(0, 3)) expect((await answer).body.after.status).toBe('applied');
    // One look for the three together (at most one each), none for all the others.
    expect(seen.lookUps - before).toBeLessThanOrEqual(3);
    expect(ofReaders()).toHaveLength(readers + 3);
    expect(ofReaders().slice(readers).sort()).toEqual(['R0', 'R1', 'R2']);
    await waiting(readers - 3);
    await api.engine.take(
      Array.from({ length: readers }, (_, index) => upiPayment(1, { id: `e${index}`, user: `R${index}` })),
    );
    for (const answer of await Promise.all(answers)) expect(answer.body.after.status).toBe('applied');
  });

  test('of one player only so many wait; the others are told at once what is known', async () => {
    await using api = await testApi({ games });
    const most = Array.from({ length: limits.waitingOfPlayer }, () =>
      api.get('/api/games/active?after_event=e1&wait=25'),
    );
    await waiting(limits.waitingOfPlayer);
    expect((await api.get('/api/games/active?after_event=e1&wait=25')).body.after.status).toBe('pending');
    await api.engine.take([upiPayment(1, { id: 'e1' })]);
    for (const answer of await Promise.all(most)) expect(answer.body.after.status).toBe('applied');
  });

  test('is answered after the connection that listens broke, also when the event came meanwhile', async () => {
    await using api = await testApi({ games });
    const answer = api.get('/api/games/active?after_event=e1&wait=25');
    await waiting(1);
    const { rowCount } = await api.database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen %'`,
    );
    expect(rowCount).toBe(1);
    await api.engine.take([upiPayment(1, { id: 'e1' })]);
    expect((await answer).body.after.status).toBe('applied');
  });

  test('does not hold up a graceful stop', async () => {
    let answer: Promise<Answer> | undefined;
    {
      await using api = await testApi({ games });
      answer = api.get('/api/games/active?after_event=never&wait=25');
      await waiting(1);
    }
    expect((await answer).body.after.status).toBe('pending');
  });

  test('ends when the caller leaves', async () => {
    await using api = await testApi({ games });
    const leaving = new AbortController();
    const token = await api.token();
    const answer = api.call('/api/games/active?after_event=never&wait=25', {
      headers: { Authorization: `Bearer ${token}` },
      signal: leaving.signal,
    });
    await waiting(1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await waiting(0);
  });
});

/** Counts the statements that look up awaited events from now on, and keeps whose events those that have ended were about. */
function countLookUps(api: TestApi): { lookUps: number; ended: string[] } {
  const seen = { lookUps: 0, ended: [] as string[] };
  const { pool } = api.db;
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  pool.query = (async (...args: unknown[]) => {
    const { name, values } = args[0] as { name?: string; values: [string, string] };
    if (name !== 'inbox_outcomes') return query(...args);
    seen.lookUps += 1;
    const answer = await query(...args);
    seen.ended.push(...values[1].slice(1, -1).replaceAll('"', '').split(','));
    return answer;
  }) as typeof pool.query;
  return seen;
}

describe('the tag of an answer', () => {
  const known = (token: string, tag: string, path = '/api/games/active') => ({
    path,
    init: { headers: { Authorization: `Bearer ${token}`, 'If-None-Match': tag } },
  });

  test.each(['/api/games/active', '/api/games/game', '/api/games/game/history'])(
    'stays while nothing happens, though time passes; then %s is not sent again',
    async (path) => {
      await using api = await testApi({ games });
      await api.engine.take([upiPayment(1)]);
      const token = await api.token();
      const first = await api.get(path, { token });
      const tag = first.headers.get('etag') as string;
      expect(tag).toMatch(/^W\/"[\w-]{20,}"$/);
      api.time.now += 60_000;
      await api.project();
      for (const tags of [tag, tag.slice(2), `"other", ${tag}`, '*']) {
        const { path: to, init } = known(token, tags, path);
        const again = await api.call(to, init);
        expect([again.status, again.body, again.headers.get('etag')], tags).toEqual([304, '', tag]);
        expect(again.headers.get('cache-control')).toBe('private, no-cache');
      }
      const { path: to, init } = known(token, '"other"', path);
      expect((await api.call(to, init)).status).toBe(200);
      await api.engine.take([upiPayment(1)]);
      await api.project();
      expect((await api.call(path, known(token, tag).init)).status).toBe(200);
    },
  );

  test('changes with the clock where what is shown does', async () => {
    await using api = await testApi({ games });
    const token = await api.token();
    const tag = (await api.get('/api/games/active', { token })).headers.get('etag') as string;
    api.time.now = at('06-02');
    const after = await api.call('/api/games/active', known(token, tag).init);
    expect([after.status, after.body]).toEqual([200, { games: [] }]);
  });
});
