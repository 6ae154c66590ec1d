import { describe, expect, test } from 'vitest';
import { connect } from '../src/db/connect.ts';
import { verify } from '../src/engine/verify.ts';
import type { GameConfig } from '../src/games/config.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { silent, testDrawKey } from '../src/testing/engine.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';
import { formatInstant } from '../src/time.ts';

// Of today: the door to the engine goes by the database's clock.
const now = Date.now();
const game_window = { start: formatInstant(now - 10 * 86_400_000), end: formatInstant(now + 10 * 86_400_000) };
const cookie = {
  prizes: [
    { prize_id: 'gold', title: 'A pot of gold', weight: 1, stock: 5, reward: { reward_type: 'NC', value: 100 } },
  ],
};
const step = { step: 1, step_type: 'FORTUNE_COOKIE' };
const withCookie = (more: object = {}): GameConfig =>
  makeGame({ game_window, milestone_steps: [{ ...step, cookie, ...more }, 2] });
const path = '/api/games/game/claims/1/open';

/** An API, and a way in for payments of U1. */
async function scene(game = withCookie()) {
  const api = await testApi({ games: [gameHistory(game)] });
  api.time.now = now;
  const producer = await api.client({ sub: 'tests', scope: 'producer' });
  let sent = 0;
  return {
    api,
    pay: (more: object = {}) =>
      producer.POST('/api/events', {
        body: {
          ...{ event_type: 'payment_success', producer: 'tests', user_id: 'U1', event_id: `e${++sent}` },
          ...{ attributes: { transaction_amount: 10, ...more }, occurred_at: formatInstant(now - 1_000) },
        },
      }),
    open: async (at = path, token = api.token({ sub: 'U1' })) => {
      const headers = { Authorization: `Bearer ${await token}` };
      const { status, body } = await api.call(at, { method: 'POST', headers });
      return { status, ...(body as { detail?: string; replayed?: boolean }) };
    },
    async [Symbol.asyncDispose]() {
      const db = connect(api.database.url, { role: 'milepost_support', size: 1, log: silent });
      expect(await verify(db, { drawKeys: [testDrawKey] })).toEqual([]);
      await db.close();
      await api[Symbol.asyncDispose]();
    },
  };
}

const prize = { prize_id: 'gold', title: 'A pot of gold', reward: { reward_type: 'NC', value: 100 } };
const opened = {
  ...{ game_id: 'game', step: 1, window_start: game_window.start, state: 'paying', prize },
  ...{ netted: 0, downgraded_from: null },
};

const stepOf = async (api: TestApi, at = '/api/games/game') => {
  const { body } = await api.get(at);
  const game = 'games' in body ? (body.games as { steps: object[] }[])[0] : (body as { steps: object[] });
  return game?.steps[0];
};

test('a cookie is shown, opened, and shown with what came out', async () => {
  await using it = await scene();
  expect(await it.open()).toMatchObject({ status: 404, detail: 'this player has no fortune cookie on that step' });
  await it.pay();
  expect(await stepOf(it.api, '/api/games/active')).toMatchObject({ state: 'cookie_to_open' });
  expect(await it.open()).toEqual({ status: 200, ...opened, replayed: false });
  expect(await it.open(`${path}?window=${game_window.start}`)).toEqual({ status: 200, ...opened, replayed: true });
  await it.api.project();
  expect(await stepOf(it.api)).toMatchObject({ state: 'paying', prize, reward: null });
  expect(await stepOf(it.api, '/api/games/active')).toMatchObject({ state: 'paying', prize });
  const { body } = await it.api.get('/api/games/game/history');
  expect((body as { entries: object[] }).entries).toMatchObject([
    { kind: 'opening', window_start: game_window.start, step: 1, prize },
    { kind: 'claim', step: 1, step_type: 'FORTUNE_COOKIE', state: 'paying', reward: { reward_type: 'NC', value: 100 } },
    { kind: 'credit' },
  ]);
});

test('what a budget has made of the prize since is told beside what came out', async () => {
  await using it = await scene();
  await it.pay();
  await it.open();
  const write = (body: string) =>
    it.api.database.pool.query(`update milepost.outbox set body = ${body} where destination = 'neucoin'`);
  await write(`body || '{"amount": 5, "downgraded_from": 100}'`);
  expect(await it.open()).toMatchObject({
    ...{ replayed: true, downgraded_from: 100, netted: 0 },
    prize: { prize_id: 'gold', reward: { value: 5 } },
  });
  await write(`(body - 'downgraded_from') || '{"amount": 100}'`);
});

test('a preview of a refund shows the prize that it would take back, and none of a cookie that is closed', async () => {
  await using it = await scene();
  await it.pay();
  const lost = async () => {
    const { body } = await it.api.call('/api/games/preview', {
      method: 'POST',
      headers: { Authorization: `Bearer ${await it.api.token({ sub: 'U1' })}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ event_type: 'payment_reversed', correlation: { original_event_id: 'e1' } }),
    });
    return (body as { games: { steps_lost: object[] }[] }).games[0]?.steps_lost;
  };
  expect(await lost()).toMatchObject([{ step: 1, kept: false, reward: null }]);
  await it.open();
  expect(await lost()).toMatchObject([
    { step: 1, reward: { visibility: 'visible', reward_type: 'NC', value: 100, display_type: 'flat' } },
  ]);
});

test('whoever opens it at once from several devices is told the same, and it is opened once', async () => {
  await using it = await scene();
  await it.pay();
  const answers = await Promise.all(Array.from({ length: 8 }, () => it.open()));
  expect(answers.map(({ replayed: _, ...answer }) => answer)).toEqual(Array(8).fill({ status: 200, ...opened }));
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  const { rows } = await it.api.database.pool.query('select count(*)::int from milepost.cookie_opening');
  expect(rows).toEqual([{ count: 1 }]);
});

test('a player opens none but their own; a service opens for whom it names', async () => {
  await using it = await scene();
  await it.pay();
  expect(await it.open(path, it.api.token({ sub: 'U2' }))).toMatchObject({ status: 404 });
  const token = await it.api.token({ sub: 'bff', scope: 'bff' });
  const { body } = await it.api.call(path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'X-Player-Id': 'U1' },
  });
  expect(body).toEqual({ ...opened, replayed: false });
});

describe('is refused', () => {
  test('where there is none', async () => {
    await using it = await scene();
    await it.pay();
    await it.pay();
    for (const other of [
      '/api/games/game/claims/2/open',
      '/api/games/other/claims/1/open',
      `${path}?window=2020-01-01T00:00:00Z`,
    ]) {
      expect(await it.open(other)).toMatchObject({ status: 404 });
    }
    expect(await it.open('/api/games/game/claims/x/open')).toMatchObject({ status: 400 });
  });

  test('while it is held', async () => {
    await using it = await scene();
    await it.pay({ frm_flag: 'REVIEW' });
    expect(await it.open()).toMatchObject({
      status: 409,
      detail: 'the fortune cookie waits for a release; ask again later',
    });
  });

  test('while the game does not say what may come out', async () => {
    await using it = await scene(withCookie({ cookie: undefined }));
    await it.pay();
    for (const _ of [1, 2])
      expect(await it.open()).toMatchObject({ status: 409, detail: expect.stringContaining('cannot be opened yet') });
  });
});
