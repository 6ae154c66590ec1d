import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { playerKey } from '../src/games/project.ts';
import { bucketOf } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import { startRedis } from '../src/local/redis.ts';
import { registry } from '../src/metrics.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { countStatements, fromBoth } from '../src/testing/both-ways.ts';
import { install } from '../src/testing/engine.ts';
import { everyArchetype, SENTINEL } from '../src/testing/every-archetype.ts';
import { member } from '../src/testing/given.ts';
import { startHalfOpenProxy } from '../src/testing/half-open-proxy.ts';
import { at, gameHistory, makeEvent, makeGame, paymentTrigger, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

const game = gameHistory(
  makeGame({
    cohort_id: 'early',
    progress_state_model: { type: 'numeric_counter', unit: 'count', display_unit: 'payments', max_value: 6 },
    milestone_steps: [
      2,
      { step: 3, step_type: 'EMPTY' },
      {
        step: 4,
        step_type: 'REWARD',
        reward: { reward_type: 'VOUCHER', value: SENTINEL, visibility: 'hidden', display_type: 'upto' },
      },
      { step: 5, step_type: 'FORTUNE_COOKIE' },
      { step: 6, step_type: 'REWARD', reward: { reward_type: 'NC', value: 100, display_type: 'upto' } },
    ],
    triggers: [paymentTrigger({ id: 'plus_one' }), { ...paymentTrigger({ id: 'card', worth: 3 }), event_type: 'card' }],
  }),
);
const memberships = [member('early', { from: '04-01' }), member('early', { user: 'U2', from: '04-01' })];
const given = { games: [game], memberships };
const card = (options: Parameters<typeof makeEvent>[0] = {}) =>
  makeEvent({ type: 'card', attributes: { transaction_amount: 1 }, ...options });

/** Ends the payments that wait at a service, as the worker would. */
async function end(api: TestApi, state: 'done' | 'failed', destination = 'neucoin'): Promise<void> {
  await api.database.pool.query(
    `update milepost.outbox set state = $1, revision = revision + 1, settled_at = clock_timestamp()
      where destination = $2 and state = 'pending'`,
    [state, destination],
  );
}

async function readsFoundIn(where: 'redis' | 'postgres'): Promise<number> {
  const metric = await registry.getSingleMetric('milepost_player_reads_total')?.get();
  return metric?.values.find(({ labels }) => labels.found_in === where)?.value ?? 0;
}

async function metric(name: string): Promise<number | undefined> {
  return (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
}

describe('GET /api/games/active', () => {
  test('shows a cohort member without any event the game at 0, and a non-member nothing', async () => {
    await using api = await testApi(given);
    const { status, body, headers } = await api.get('/api/games/active');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(body).toEqual({
      games: [
        {
          game_id: 'game',
          title: null,
          archetype: 'NUMERIC_COUNTER',
          join: null,
          current_value: 0,
          max_value: 6,
          display_unit: 'payments',
          progress: null,
          next_visible_reward: { step: 2, title: null, reward_type: 'NC', value: 20, display_type: 'flat' },
          last_credited: [],
          steps: [
            { step: 2, title: null, step_type: 'REWARD', state: 'locked' },
            { step: 3, title: null, step_type: 'EMPTY', state: 'locked' },
            { step: 4, title: null, step_type: 'REWARD', state: 'locked' },
            { step: 5, title: null, step_type: 'FORTUNE_COOKIE', state: 'locked' },
            { step: 6, title: null, step_type: 'REWARD', state: 'locked' },
          ],
          window: { start: '2026-05-01T00:00:00Z', end: '2026-05-31T23:59:59Z', seconds_remaining: 21.5 * 86_400 },
          config_version: 1,
          projection_version: 0,
          as_of: expect.stringMatching(/^20\d\d-.*Z$/),
        },
      ],
    });
    expect((await api.get('/api/games/active', 'U3')).body).toEqual({ games: [] });
  });

  test('follows a payment from event to paid', async () => {
    await using api = await testApi(given);
    await api.engine.take([upiPayment(1), card()]);
    await api.project();
    const first = (await api.get('/api/games/active')).body.games[0];
    expect(first).toMatchObject({
      current_value: 4,
      projection_version: 1,
      next_visible_reward: { step: 6, reward_type: 'NC', value: 100, display_type: 'upto' },
    });
    expect(first.steps.map(({ state }: { state: string }) => state)).toEqual([
      'paying',
      'reached',
      'paying',
      'locked',
      'locked',
    ]);
    await end(api, 'done');
    await end(api, 'failed', 'voucher');
    await api.project();
    const second = (await api.get('/api/games/active')).body.games[0];
    expect(second.projection_version).toBe(3);
    expect(second.steps.map(({ state }: { state: string }) => state)).toEqual([
      'paid',
      'reached',
      'failed',
      'locked',
      'locked',
    ]);
  });

  test('opens and closes with the window, by the clock, without an event', async () => {
    await using api = await testApi(given);
    const count = async () => (await api.get('/api/games/active')).body.games.length;
    api.time.now = at('2026-04-30T23:59:59.999Z');
    expect(await count()).toBe(0);
    api.time.now += 1;
    expect(await count()).toBe(1);
    api.time.now = at('2026-06-01T00:00:00Z');
    expect(await count()).toBe(0);
  });

  test('hears of an activated game within a second or two, with one look per second for everybody', async () => {
    await using api = await testApi(given);
    await api.get('/api/games/active');
    await install(api.database.pool, { games: [gameHistory(makeGame({ game_id: 'second' }))] });
    const looks = await countStatements(api, 'from "milepost"."definitions"');
    const startedAt = performance.now();
    await waitFor('the second game', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.get('/api/games/active')));
      return answers.every(({ body }) => body.games.length === 2);
    });
    const seconds = (performance.now() - startedAt) / 1_000;
    // Every look is one statement, two when something has changed.
    expect(looks()).toBeLessThanOrEqual(Math.ceil(seconds) + 2);
    expect(looks()).toBeGreaterThan(0);
  });
});

describe('GET /api/games/{game_id}', () => {
  test('shows every step with its reward and the triggers with what each adds', async () => {
    await using api = await testApi(given);
    await api.engine.take([upiPayment(1), upiPayment(1)]);
    const { status, body } = await api.get('/api/games/game');
    expect(status).toBe(200);
    expect(body).toMatchObject({ game_id: 'game', state: 'active', current_value: 2, projection_version: 1 });
    const condition = 'transaction_amount is at least 0';
    const rest = { title: null, condition, mode: 'increment_by_constant', field: null, cap: null };
    expect(body.triggers).toEqual([
      { trigger_id: 'plus_one', event_type: 'payment_success', adds: 1, ...rest },
      { trigger_id: 'card', event_type: 'card', adds: 3, ...rest },
    ]);
    const plain = { title: null, requires: null, netted: 0, downgraded_from: null };
    expect(body.steps).toEqual([
      {
        step: 2,
        ...plain,
        step_type: 'REWARD',
        state: 'paying',
        reward: { visibility: 'visible', reward_type: 'NC', value: 20, display_type: 'flat' },
        reached_at: expect.stringMatching(/Z$/),
      },
      { step: 3, ...plain, step_type: 'EMPTY', state: 'locked', reward: null, reached_at: null },
      { step: 4, ...plain, step_type: 'REWARD', state: 'locked', reward: { visibility: 'hidden' }, reached_at: null },
      { step: 5, ...plain, step_type: 'FORTUNE_COOKIE', state: 'locked', reward: null, reached_at: null },
      {
        step: 6,
        ...plain,
        step_type: 'REWARD',
        state: 'locked',
        reward: { visibility: 'visible', reward_type: 'NC', value: 100, display_type: 'upto' },
        reached_at: null,
      },
    ]);
  });

  test('answers 404 alike for a game that is not there and for one that is not theirs', async () => {
    await using api = await testApi(given);
    const theirs = await api.get('/api/games/game', 'U3');
    const missing = await api.get('/api/games/nothing', 'U3');
    expect([theirs.status, missing.status]).toEqual([404, 404]);
    expect({ ...theirs.body, request_id: '' }).toEqual({ ...missing.body, request_id: '' });
    expect(theirs.headers.get('content-type')).toBe('application/problem+json');
    for (const odd of ['%00', '%E0%A4%A', '..%2factive', "game'--", '%F0%9F%8E%81']) {
      expect((await api.get(`/api/games/${odd}`)).status, odd).toBe(404);
    }
  });

  test('stays readable after the window', async () => {
    await using api = await testApi(given);
    await api.engine.take([upiPayment(1)]);
    api.time.now = at('06-20');
    expect((await api.get('/api/games/game')).body).toMatchObject({ state: 'ended', current_value: 1 });
  });
});

/** Every archetype at once: see there for the games. */
const every = { games: everyArchetype.map((each) => gameHistory(each)) };
const joining = (options: Parameters<typeof makeEvent>[0] = {}) => makeEvent({ type: 'joined', ...options });
const purchase = (day: string, merchant = 'merchant-1', amount = 100) =>
  upiPayment(amount, { occurred: day, attributes: { merchant_id: merchant } });

describe('games of every kind', () => {
  const widget = async (api: TestApi) =>
    Object.fromEntries(
      (await fromBoth(api, '/api/games/active')).body.games.map((each: { game_id: string }) => [each.game_id, each]),
    );

  test('are offered, joined, advanced and over', async () => {
    await using api = await testApi(every);
    await api.engine.take([purchase('05-09')]);
    const before = await widget(api);
    expect(Object.keys(before)).toEqual(['spend', 'board', 'list', 'run', 'week']);
    for (const id of ['board', 'week']) {
      expect(before[id]).toMatchObject({ join: { state: 'open', joined_at: null }, current_value: 0, progress: null });
    }
    expect(before.spend).toMatchObject({
      current_value: 100 + 0 + 1 + 50,
      join: null,
      window: { start: '2026-05-08T00:00:00.000Z', end: '2026-05-14T23:59:59.999Z' },
    });
    expect(before.list.progress.targets[1]).toMatchObject({ target_id: 'shops', done: 1, count: 2 });
    expect(before.run).toMatchObject({ current_value: 1, progress: { best: 1, current: 1 } });

    await api.engine.take([joining({ occurred: '05-10' }), purchase('05-10', 'merchant-2')]);
    const after = await widget(api);
    expect(Object.keys(after)).toEqual(['spend', 'week', 'board', 'list', 'run']);
    const joined = { state: 'joined', joined_at: '2026-05-10T12:00:00.000Z' };
    expect(after.board).toMatchObject({ join: joined, current_value: 1, progress: { columns: 2 } });
    expect(after.week).toMatchObject({
      join: joined,
      current_value: 1,
      window: { start: joined.joined_at, end: '2026-05-17T11:59:59.999Z', seconds_remaining: 7 * 86_400 },
    });
    expect(after.spend).toMatchObject({ current_value: 151 + 151 });

    api.time.now = at('05-18');
    const later = await widget(api);
    expect(later.spend).toMatchObject({ current_value: 0, projection_version: 0 });
    expect(later.week).toBeUndefined();
    expect((await fromBoth(api, '/api/games/week')).body).toMatchObject({
      state: 'ended',
      current_value: 1,
      join: { state: 'open', joined_at: joined.joined_at },
      window: { seconds_remaining: 0 },
    });
    api.time.now = at('06-18');
    expect(await widget(api)).toEqual({});
    for (const { game_id } of everyArchetype) {
      expect((await fromBoth(api, `/api/games/${game_id}`)).body).toMatchObject({ game_id, state: 'ended' });
    }
  });

  test('of a game that repeats tell every window that the player took part in', async () => {
    await using api = await testApi(every);
    await api.engine.take(['05-02', '05-09', '05-16', '05-23'].map((day) => purchase(day)));
    api.time.now = at('05-24');
    const values = async (window: string) => {
      const { status, body } = await fromBoth(api, `/api/games/spend?window=${window}`);
      return [status, body.state, body.current_value, body.last_credited?.length, body.previous_window?.slice(0, 10)];
    };
    // Redis holds the two newest.
    expect(await values('2026-05-01T00:00:00Z')).toEqual([200, 'ended', 151, 1, undefined]);
    expect(await values('2026-05-15T00:00:00Z')).toEqual([200, 'ended', 151, 1, '2026-05-08']);
    expect(await values('2026-05-22T00:00:00Z')).toEqual([200, 'active', 151, 1, '2026-05-15']);
    expect((await api.get('/api/games/spend?window=2026-05-02T00:00:00Z')).status).toBe(404);
    expect((await api.get('/api/games/spend?window=yesterday')).status).toBe(400);
  });

  test('say when they are paused, and are out of the widget; an end is for good', async () => {
    const statuses = [
      { changeNo: 1, status: 'paused' as const, from: at('05-08') },
      { changeNo: 2, status: 'ended' as const, from: at('05-12') },
    ];
    await using api = await testApi({ games: [{ ...gameHistory(makeGame()), statuses }] });
    await api.engine.take([purchase('05-05'), purchase('05-09')]);
    const states: unknown[] = [];
    for (const day of ['05-06', '05-09', '05-13']) {
      api.time.now = at(day);
      const { body } = await fromBoth(api, '/api/games/game');
      states.push([body.state, body.current_value, body.window.seconds_remaining > 0, Object.keys(await widget(api))]);
    }
    expect(states).toEqual([
      ['active', 1, true, ['game']],
      ['paused', 1, true, []],
      ['ended', 1, false, []],
    ]);
  });

  test('tell of joins and of every window in the history', async () => {
    await using api = await testApi(every);
    await api.engine.take([
      joining({ occurred: '05-02' }),
      purchase('05-02'),
      joining({ occurred: '05-10' }),
      purchase('05-12', 'merchant-2', 5_500),
    ]);
    const entries = async (query = '') => (await api.get(`/api/games/week/history${query}`)).body.entries;
    const lines = (await entries()).map((entry: { kind: string; at: string; window_start?: string }) =>
      [entry.kind, entry.kind === 'claim' ? '' : entry.at.slice(5, 10), entry.window_start?.slice(5, 10)].join(' '),
    );
    // Claims stand at the time they were made, which is now; the windows begin with the joins.
    expect(lines).toEqual([
      'claim  05-10',
      'claim  05-02',
      'credit 05-12 05-10',
      'join 05-10 ',
      'credit 05-02 05-02',
      'join 05-02 ',
    ]);
    expect((await entries()).at(-1)).toEqual({ kind: 'join', at: '2026-05-02T12:00:00.000Z' });
    const pages: unknown[] = [];
    for (let cursor = ''; cursor !== 'null'; ) {
      const { body } = await api.get(`/api/games/week/history?limit=1${cursor}`);
      pages.push(...body.entries);
      cursor = body.next_cursor === null ? 'null' : `&cursor=${body.next_cursor}`;
    }
    expect(pages).toEqual(await entries());
    // The contribution, as the event was worth it before the cap of the day.
    const spent = (await api.get('/api/games/spend/history')).body.entries;
    expect(spent.find(({ trigger_id }: { trigger_id?: string }) => trigger_id === 'rupees')).toMatchObject({
      amount: 5_000,
    });
    expect(JSON.stringify(spent)).not.toContain('merchant-');
  });

  test.each(everyArchetype.map(({ game_id }) => [game_id]))(
    '%s shows its hidden reward once it is earned',
    async (id) => {
      await using api = await testApi(every);
      const paths = ['/api/games/active', `/api/games/${id}`, `/api/games/${id}/history`];
      const hiddenIn = async (when: string) => {
        for (const [path, text] of await answers(api, paths)) {
          for (const secret of [String(SENTINEL), 'VOUCHER']) expect(text, `${when}: ${path}`).not.toContain(secret);
        }
      };
      await hiddenIn('before anything');
      await api.engine.take([joining({ occurred: '05-08' }), purchase('05-08')]);
      await hiddenIn('one step before');
      const flagged = { merchant_id: 'merchant-2', frm_flag: 'VELOCITY' };
      await api.engine.take(
        Array.from({ length: 2 }, () => upiPayment(4_000, { occurred: '05-09', attributes: flagged })),
      );
      await hiddenIn('held');
      await api.project();
      await hiddenIn('held, from Redis');
      expect((await api.get(`/api/games/${id}`)).body.steps[1]).toMatchObject({ state: 'held' });
      await api.engine.take(Array.from({ length: 2 }, () => purchase('05-09', 'merchant-3', 4_000)));
      await api.project();
      for (const [path, text] of await answers(api, paths.slice(1))) expect(text, path).toContain(String(SENTINEL));
    },
  );

  async function answers(api: TestApi, paths: readonly string[]): Promise<[path: string, text: string][]> {
    return Promise.all(paths.map(async (path) => [path, (await api.get(path)).text]));
  }
});

describe('GET /api/games/{game_id}/history', () => {
  test('stays with a player who has left the cohort, beyond the window they played in', async () => {
    const weekly = makeGame({ cohort_id: 'early', time_zone: 'UTC', game_window: { recurrence: 'weekly' } });
    await using api = await testApi({
      games: [gameHistory(weekly)],
      memberships: [member('early', { from: '04-01', to: '05-06' })],
    });
    await api.engine.take([upiPayment(1, { occurred: '05-05' })]);
    expect((await api.get('/api/games/game')).status).toBe(404);
    expect((await api.get('/api/games/game/history')).body.entries).toHaveLength(1);
    expect((await api.get('/api/games/game/history', 'U2')).status).toBe(404);
  });

  test('lists credits, claims and rewards, newest first', async () => {
    await using api = await testApi(given);
    const correlation = { payment_id: 'pay_1', canonical_transaction_id: 'txn_1' };
    await api.engine.take([
      upiPayment(1, { id: 'e1', occurred: '05-03', correlation }),
      upiPayment(1, { id: 'e2', occurred: '05-02' }),
    ]);
    await api.engine.take([
      card({ id: 'e3', occurred: '05-04', attributes: { transaction_amount: 1, frm_flag: 'VELOCITY' } }),
    ]);
    await end(api, 'done');
    const { body, headers } = await api.get('/api/games/game/history');
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(body.game_id).toBe('game');
    expect(body.next_cursor).toBeNull();
    const reward = { visibility: 'visible', reward_type: 'NC', value: 20, display_type: 'flat' };
    const window_start = '2026-05-01T00:00:00.000Z';
    const whole = { netted: 0, downgraded_from: null };
    expect(body.entries.map(({ at: _at, ...entry }: { at: string }) => entry)).toEqual(
      [
        { kind: 'reward', step: 2, state: 'paid', reward },
        { kind: 'claim', step: 5, step_type: 'FORTUNE_COOKIE', state: 'held', reward: null, ...whole },
        { kind: 'claim', step: 4, step_type: 'REWARD', state: 'held', reward: { visibility: 'hidden' }, ...whole },
        { kind: 'claim', step: 3, step_type: 'EMPTY', state: 'held', reward: null, ...whole },
        { kind: 'claim', step: 2, step_type: 'REWARD', state: 'paid', reward, ...whole },
        {
          kind: 'credit',
          trigger_id: 'card',
          amount: 3,
          counts: 3,
          held: true,
          event_id: 'e3',
          payment_id: null,
          transaction_id: null,
        },
        {
          kind: 'credit',
          trigger_id: 'plus_one',
          amount: 1,
          counts: 1,
          held: false,
          event_id: 'e1',
          payment_id: 'pay_1',
          transaction_id: 'txn_1',
        },
        {
          kind: 'credit',
          trigger_id: 'plus_one',
          amount: 1,
          counts: 1,
          held: false,
          event_id: 'e2',
          payment_id: null,
          transaction_id: null,
        },
      ].map((entry) => ({ ...entry, window_start })),
    );
    const times = body.entries.map((entry: { at: string }) => entry.at);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(times.at(-1)).toBe('2026-05-02T12:00:00.000Z');
  });

  test('says of events that did not count why, to whoever takes part', async () => {
    const large = gameHistory(
      makeGame({
        cohort_id: 'early',
        triggers: [paymentTrigger({ id: 'large', from: 100 }), paymentTrigger({ from: 200 })],
      }),
    );
    const later = [member('early', { from: '05-03' }), member('early', { user: 'U2', from: '05-20' })];
    await using api = await testApi({ games: [large], memberships: later });
    const correlation = { payment_id: 'pay_1' };
    await api.engine.take([
      upiPayment(100, { id: 'counted', occurred: '05-05' }),
      upiPayment(99, { id: 'small', occurred: '05-06', correlation }),
      upiPayment(100, { id: 'early', occurred: '05-02' }),
      upiPayment(100, { id: 'late', occurred: '05-04', received: '06-05' }),
      // Another game's business, and nobody's.
      upiPayment(100, { id: 'april', occurred: '04-05' }),
      makeEvent({ id: 'other', occurred: '05-06' }),
      upiPayment(100, { user: 'U2' }),
      upiPayment(100, { user: 'U3' }),
    ]);
    const entries = async (query = '', user = 'U1') =>
      (await api.get(`/api/games/game/history${query}`, user)).body.entries;
    const { at: happened, ...small } = (await entries())[0];
    expect(happened).toBe('2026-05-06T12:00:00.000Z');
    expect(small).toEqual({
      kind: 'not_counted',
      event_id: 'small',
      event_type: 'payment_success',
      payment_id: 'pay_1',
      outcome: 'no_match',
      reason: 'condition_failed',
      detail: 'It is not what the game counts.',
      missed: [
        { trigger_id: 'large', condition: 'transaction_amount is at least 100' },
        { trigger_id: 'payment', condition: 'transaction_amount is at least 200' },
      ],
    });
    const lines = (await entries()).map((entry: Record<string, string>) => [entry.kind, entry.event_id, entry.reason]);
    expect(lines).toEqual([
      ['not_counted', 'small', 'condition_failed'],
      ['credit', 'counted', undefined],
      ['not_counted', 'late', 'window_closed'],
      ['not_counted', 'early', 'not_a_member'],
    ]);
    expect(await entries('?not_counted=false')).toHaveLength(1);
    expect((await api.get('/api/games/game/history?not_counted=maybe')).status).toBe(400);
    const paged: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await api.get(`/api/games/game/history?limit=1${cursor}`);
      paged.push(...body.entries);
      cursor = body.next_cursor === null ? null : `&cursor=${body.next_cursor}`;
    }
    expect(paged).toEqual(await entries());
    // Whose events did not count is no player of the game by that.
    for (const user of ['U2', 'U3']) expect((await api.get('/api/games/game/history', user)).status).toBe(404);
  });

  test('comes page by page, each entry once, also those of one instant', async () => {
    await using api = await testApi(given);
    await api.engine.take(Array.from({ length: 23 }, () => upiPayment(1, { occurred: '05-05' })));
    await end(api, 'done');
    const whole = (await api.get('/api/games/game/history')).body.entries;
    expect(whole).toHaveLength(23 + 5 + 2);
    for (const limit of [1, 4, 15]) {
      const pages: unknown[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const { body } = await api.get(`/api/games/game/history?limit=${limit}${query}`);
        expect(body.entries.length).toBeLessThanOrEqual(limit);
        pages.push(...body.entries);
        cursor = body.next_cursor;
      }
      expect(pages).toEqual(whole);
    }
  });

  test('refuses a limit and a cursor that are not right', async () => {
    await using api = await testApi(given);
    const forged = (text: string) => Buffer.from(text).toString('base64url');
    const wrong = [
      ...['0', '-1', '101', '1.5', 'x', '', '1e2', '99999999999'].map((limit) => `limit=${limit}`),
      ...['', 'x', '%00', forged('1'), forged('1 9:x'), forged("1' or 1=1 1:x"), 'a'.repeat(1_500)].map(
        (cursor) => `cursor=${cursor}`,
      ),
      'limit=1&limit=2',
    ];
    for (const query of wrong) {
      const { status, body } = await api.get(`/api/games/game/history?${query}`);
      expect(status, query).toBe(400);
      expect(body).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400 });
    }
    expect((await api.get('/api/games/game/history?limit=1&limit=2')).body.detail).toBe(
      'query parameter "limit" is given 2 times',
    );
    expect((await api.get(`/api/games/game/history?cursor=${forged('9999999999999999 3:x')}`)).status).toBe(200);
  });

  test('is only there for a player of the game', async () => {
    await using api = await testApi(given);
    expect((await api.get('/api/games/game/history', 'U3')).status).toBe(404);
    expect((await api.get('/api/games/nothing/history')).status).toBe(404);
    expect((await api.get('/api/games/game/history')).body).toEqual({
      game_id: 'game',
      entries: [],
      next_cursor: null,
    });
  });
});

/** A player who lies beside U1 in every index. */
const neighbour = Array.from({ length: 5_000 }, (_, index) => `N${index}`).find(
  (user) => bucketOf(user) === bucketOf('U1'),
) as string;

test('a player reaches nobody else’s data, whatever the request says', async () => {
  await using api = await testApi({
    games: [game],
    memberships: [...memberships, member('early', { user: neighbour, from: '04-01' })],
  });
  await api.engine.take(
    [1, 2, 3].map(() => upiPayment(1, { user: neighbour, correlation: { payment_id: 'pay_of_neighbour' } })),
  );
  await api.engine.take([
    upiPayment(1, { user: 'U2', correlation: { payment_id: 'pay_of_U2' } }),
    upiPayment(1, { user: 'U2' }),
  ]);
  await api.project();
  const foreign = (await api.get('/api/games/game/history?limit=1', 'U2')).body.next_cursor;
  const tries = [
    '/api/games/active?user_id=U2&sub=U2&player=U2',
    '/api/games/game?user_id=U2',
    '/api/games/game/history?user_id=U2',
    `/api/games/game/history?cursor=${foreign}`,
  ];
  for (const path of tries) {
    const token = await api.token();
    const answer = await api.call(path, {
      headers: { Authorization: `Bearer ${token}`, 'X-User-Id': 'U2', 'X-Forwarded-User': 'U2' },
    });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toMatch(/pay_of_(U2|neighbour)/);
    expect(answer.text).not.toMatch(/"current_value":[1-9]|"kind"/);
  }
  expect((await api.get('/api/games/game/history', 'U2')).text).toContain('pay_of_U2');
});

test('a hidden reward’s value is in no byte of any answer before it is earned', async () => {
  await using api = await testApi(given);
  const secrets = [String(SENTINEL), '987,654,321', 'VOUCHER', Buffer.from(String(SENTINEL)).toString('base64')];
  const paths = [
    '/api/games/active',
    '/api/games/game',
    '/api/games/game/history',
    '/api/games/game/history?limit=1',
    '/api/games/game/history?cursor=x',
    '/api/games/none',
    '/health/ready',
  ];
  const everything = async () => {
    const answers = await Promise.all(
      ['U1', 'U2', 'U3', null].flatMap((who) => paths.map((path) => api.get(path, who))),
    );
    return answers.map(({ text }) => text).join('\n');
  };
  const hidden = async (when: string) => {
    for (const secret of secrets) expect(await everything(), when).not.toContain(secret);
  };
  await hidden('before any event');
  await api.engine.take([upiPayment(1), upiPayment(1), upiPayment(1)]);
  await hidden('one step before');
  const flagged = { transaction_amount: 1, frm_flag: 'VELOCITY' };
  await api.engine.take([upiPayment(1, { attributes: flagged })]);
  await hidden('held');
  await api.project();
  await hidden('held, from Redis');
  api.time.now = at('06-20');
  await hidden('not earned in its window');
  api.time.now = at('05-10');

  await api.engine.take([upiPayment(1)]);
  await api.project();
  expect((await api.get('/api/games/game')).text).toContain(String(SENTINEL));
  expect((await api.get('/api/games/game/history')).text).toContain(String(SENTINEL));
  expect((await api.get('/api/games/game', 'U2')).text).not.toContain(String(SENTINEL));
});

describe('where answers come from', () => {
  const value = async (api: TestApi, user = 'U1') =>
    (await api.get('/api/games/active', user)).body.games[0]?.current_value;

  test('Redis absent: from PostgreSQL', async () => {
    await using api = await testApi({ ...given, redisUrl: null });
    await api.engine.take([upiPayment(1)]);
    const before = await readsFoundIn('postgres');
    expect(await value(api)).toBe(1);
    expect(await readsFoundIn('postgres')).toBe(before + 1);
    expect(await metric('milepost_projection_available')).toBe(0);
  });

  test('Redis full: from Redis, without PostgreSQL', async () => {
    await using api = await testApi(given);
    await api.engine.take([upiPayment(1)]);
    await api.project();
    await value(api);
    const statements = await countStatements(api, 'player_facts');
    const before = await readsFoundIn('redis');
    expect(await value(api)).toBe(1);
    expect(await readsFoundIn('redis')).toBe(before + 1);
    expect(statements()).toBe(0);
    expect(await metric('milepost_projection_available')).toBe(1);
  });

  test('Redis empty or wiped: from PostgreSQL, and refilled by the read, for a player without events too', async () => {
    await using api = await testApi(given);
    await api.engine.take([upiPayment(1)]);
    for (const user of ['U1', 'U2', 'U3']) {
      await api.redis.del(playerKey(user));
      const before = await readsFoundIn('postgres');
      const first = await value(api, user);
      await waitFor('the refill', () => api.redis.exists(playerKey(user)));
      expect(await value(api, user)).toBe(first);
      expect(await readsFoundIn('postgres')).toBe(before + 1);
    }
  });

  test('Redis killed, hung and back: never an error, never a wait per request, and a metric says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'milepost-api-'));
    let server = await startRedis({ dataDir: join(folder, 'redis') });
    const { port } = new URL(server.url);
    {
      await using api = await testApi({ ...given, redisUrl: server.url, redisMs: limits.redisReadMs });
      await api.engine.take([upiPayment(1)]);
      await api.project();
      expect(await value(api)).toBe(1);

      // Hung: connected, and silent.
      const control = new Redis(server.url);
      const pid = Number(/process_id:(\d+)/.exec(await control.info('server'))?.[1]);
      control.disconnect();
      process.kill(pid, 'SIGSTOP');
      expect(await value(api)).toBe(1);
      expect(await metric('milepost_projection_available')).toBe(0);
      let asked = 0;
      const hmget = api.redis.hmget.bind(api.redis) as (...args: unknown[]) => unknown;
      api.redis.hmget = ((...args: unknown[]) => {
        asked++;
        return hmget(...args);
      }) as typeof api.redis.hmget;
      const startedAt = performance.now();
      while (performance.now() - startedAt < 1_500) {
        const answers = await Promise.all(Array.from({ length: 10 }, () => value(api)));
        expect(new Set(answers)).toEqual(new Set([1]));
      }
      // One read in a second tries Redis; the others do not even wait for it.
      expect(asked).toBeLessThanOrEqual(Math.ceil((performance.now() - startedAt) / 1_000));
      process.kill(pid, 'SIGCONT');
      await waitFor(
        'Redis again',
        async () => (await value(api)) === 1 && (await metric('milepost_projection_available')),
      );

      await server.kill();
      await waitFor(
        'the switch',
        async () => (await value(api)) === 1 && (await metric('milepost_projection_available')) === 0,
      );
      expect((await api.call('/health/ready')).body).toMatchObject({
        ready: true,
        degraded: true,
        checks: { redis: 'down' },
      });
      server = await startRedis({ dataDir: join(folder, 'redis'), port: Number(port) });
      await waitFor(
        'Redis again',
        async () => (await value(api)) === 1 && (await metric('milepost_projection_available')),
      );
      await waitFor('the refill', () => api.redis.exists(playerKey('U1')));
    }
    await server.stop();
    await rm(folder, { recursive: true });
  });

  test('PostgreSQL silent: 503 within a few seconds', async () => {
    await using api = await testApi(given);
    await api.get('/api/games/active', 'U2');
    const client = await api.database.pool.connect();
    await client.query('begin; lock table milepost.player in access exclusive mode');
    const startedAt = performance.now();
    expect((await api.get('/api/games/active', 'U3')).status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(2 * limits.httpWaitMs);
    await client.query('rollback');
    client.release();
    expect((await api.get('/api/games/active', 'U3')).status).toBe(200);
  });
});

test('without any definitions and without PostgreSQL: 503, and one look per second all the same', async () => {
  let proxy = undefined as Awaited<ReturnType<typeof startHalfOpenProxy>> | undefined;
  await using api = await testApi({
    ...given,
    async databaseUrl(url) {
      proxy = await startHalfOpenProxy(url);
      return proxy.url;
    },
  });
  await proxy?.[Symbol.asyncDispose]();
  let looks = 0;
  const connect = api.db.pool.connect.bind(api.db.pool) as (...args: unknown[]) => unknown;
  api.db.pool.connect = ((...args: unknown[]) => {
    looks++;
    return connect(...args);
  }) as typeof api.db.pool.connect;
  const startedAt = performance.now();
  for (let request = 0; request < 30; request++) expect((await api.get('/api/games/active')).status).toBe(503);
  expect(looks).toBeLessThanOrEqual(Math.ceil((performance.now() - startedAt) / 1_000));
});
