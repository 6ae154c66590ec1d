import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSealer } from '../src/seal.ts';
import { testApi } from '../src/testing/api.ts';
import { allEnded, owePaidBack, testServices, testWorker, wakeWorkers } from '../src/testing/dispatch.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';
import { formatInstant } from '../src/time.ts';

// Of today: the door to the engine goes by the database's clock.
const now = Date.now();
const window = { start: formatInstant(now - 10 * 86_400_000), end: formatInstant(now + 10 * 86_400_000) };
const games = [
  gameHistory(
    makeGame({
      game_window: window,
      milestone_steps: [{ step: 1, step_type: 'REWARD', reward: { reward_type: 'VOUCHER', value: 50 } }, 2],
    }),
  ),
];
const sealer = createSealer([{ id: 'k', key: randomBytes(32) }]);
const path = '/api/games/game/claims/1/code';

/** A player U1 whose payment has earned a voucher, which was issued. */
async function scene() {
  const api = await testApi({ games, voucherCodes: sealer });
  api.time.now = now;
  const services = await testServices();
  const producer = await api.client({ sub: 'tests', scope: 'producer' });
  const event = {
    event_type: 'payment_success',
    producer: 'tests',
    user_id: 'U1',
    attributes: { transaction_amount: 10 },
  };
  await producer.POST('/api/events', { body: { ...event, event_id: 'e1', occurred_at: formatInstant(now - 1_000) } });
  const worker = await testWorker(api.database.url, services, { voucherCodes: sealer });
  await waitFor('the voucher', async () => (await allEnded(api.database.pool)) && services.books().length === 1);
  await worker.idle();
  return {
    api,
    services,
    async [Symbol.asyncDispose]() {
      await worker.stop();
      await services[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

test('a player is shown the code that they earned, and nobody else is', async () => {
  await using it = await scene();
  const [booking] = it.services.books();
  const issued = await (await fetch(`${it.services.voucherUrl}/v1/vouchers/${booking?.key}`)).json();
  const { status, body, headers } = await it.api.get(path);
  expect([status, body]).toEqual([
    200,
    { game_id: 'game', step: 1, window_start: expect.any(String), code: (issued as { code: string }).code },
  ]);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('etag')).toBeNull();
  expect((await it.api.get(`${path}?window=${encodeURIComponent(body.window_start)}`)).body.code).toBe(body.code);

  const other = await it.api.get(path, 'U2');
  expect([other.status, other.text.includes(body.code)]).toEqual([404, false]);
  for (const where of [
    '/api/games/game/claims/2/code',
    '/api/games/none/claims/1/code',
    `${path}?window=2020-01-01T00:00:00Z`,
  ]) {
    expect((await it.api.get(where)).status, where).toBe(404);
  }
  // Nowhere else in what a player reads.
  for (const where of ['/api/games/active', '/api/games/game', '/api/games/game/history']) {
    expect((await it.api.get(where)).text, where).not.toContain(body.code);
  }
});

test('the code of a voucher that was taken back is not shown', async () => {
  await using it = await scene();
  const [booking] = it.services.books();
  await owePaidBack(it.api.database.pool, String(booking?.key));
  await wakeWorkers(it.api.database.pool, ['voucher']);
  await waitFor(
    'its cancellation',
    async () => it.services.books().length === 2 && (await allEnded(it.api.database.pool)),
  );
  expect((await it.api.get(path)).status).toBe(409);
});
