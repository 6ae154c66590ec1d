// The code of docs/app-integration.md, run as it stands there.
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { registry } from '../src/metrics.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

interface Game {
  game_id: string;
  current_value: number;
  shown_value: number;
  projection_version: number;
}
interface Guess {
  paymentId: string;
  adds: Record<string, number>;
  until: number;
}
type Body = { games: Game[]; after?: { status: string; detail: string } };
interface Page {
  call(milepost: object, player: string, path: string): Promise<Body>;
  gamesAfterPayment(milepost: object, player: string, paymentId: string, patienceMs?: number): Promise<Body>;
  guess(milepost: object, player: string, paymentId: string, attributes: object): Promise<Guess>;
  draw(answer: Body, drawn: Game[], guesses: Guess[], now?: number): { games: Game[]; guesses: Guess[] };
  openCookie(
    milepost: object,
    player: string,
    game: string,
    step: number,
  ): Promise<{ prize: object; replayed: boolean }>;
  gamesOf(milepost: object, player: string, signal: AbortSignal): AsyncGenerator<Body>;
}

let page: Page;

beforeAll(async () => {
  const text = await readFile(join(import.meta.dirname, '../docs/app-integration.md'), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join('\n');
  page = await import(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(blocks))}`);
});

const player = 'Ünal 1';
const games = [gameHistory(makeGame())];
const pay = (paymentId: string, amount = 1) =>
  upiPayment(amount, { user: player, correlation: { payment_id: paymentId } });

function bff(api: TestApi) {
  return { url: api.url, token: () => api.token({ sub: 'bff', scope: 'bff' }) };
}

async function waiting(count: number): Promise<void> {
  await waitFor('a waiting reader', async () => {
    const metric = await registry.getSingleMetric('milepost_waiting_readers')?.get();
    return metric?.values[0]?.value === count;
  });
}

test('authoritative: the answer comes with the event, and without one in the end all the same', async () => {
  await using api = await testApi({ games });
  const answer = page.gamesAfterPayment(bff(api), player, 'p1');
  await waiting(1);
  await api.engine.take([pay('p1')]);
  expect(await answer).toMatchObject({ games: [{ current_value: 1 }], after: { status: 'applied' } });
  expect(await page.gamesAfterPayment(bff(api), player, 'never', 0)).toMatchObject({
    games: [{ current_value: 1 }],
    after: { status: 'pending' },
  });
});

test('optimistic: the number never moves back while guesses come true, in whatever order answers come', async () => {
  await using api = await testApi({ games });
  const read = () => page.call(bff(api), player, '/api/games/active');
  const first = await read();
  const guesses = [
    await page.guess(bff(api), player, 'p1', { transaction_amount: 1 }),
    await page.guess(bff(api), player, 'p2', { transaction_amount: 1 }),
  ];
  let shown = page.draw(first, [], guesses);
  const value = () => shown.games[0]?.shown_value;
  expect(value()).toBe(2);
  await api.engine.take([pay('p1')]);
  const second = await page.call(bff(api), player, '/api/games/active?after_payment=p1');
  await api.engine.take([pay('p2')]);
  const third = await page.call(bff(api), player, '/api/games/active?after_payment=p2');
  for (const [answer, left] of [
    [second, 1],
    [third, 0],
    [second, 0],
  ] as const) {
    shown = page.draw(answer, shown.games, shown.guesses);
    expect([value(), shown.guesses.length]).toEqual([2, left]);
  }
});

test('optimistic: a guess that does not come true goes, with the reason or by its time', async () => {
  await using api = await testApi({ games });
  const guess = await page.guess(bff(api), player, 'p1', { transaction_amount: 1 });
  await api.engine.take([pay('p1', -1)]);
  const answer = await page.call(bff(api), player, '/api/games/active?after_payment=p1');
  expect(answer.after).toMatchObject({ status: 'not_applicable', detail: 'It is not what the game counts.' });
  expect(page.draw(answer, [], [guess])).toMatchObject({ games: [{ shown_value: 0 }], guesses: [] });

  const never = { ...guess, paymentId: 'never' };
  const plain = await page.call(bff(api), player, '/api/games/active');
  expect(page.draw(plain, [], [never], never.until - 1)).toMatchObject({ games: [{ shown_value: 1 }] });
  expect(page.draw(plain, [], [never], never.until)).toMatchObject({ games: [{ shown_value: 0 }], guesses: [] });
});

test('a cookie is opened, and a second tap says the same', async () => {
  const prize = { prize_id: 'gold', title: 'Gold', reward: { reward_type: 'NC', value: 5 } };
  const cookie = { prizes: [{ ...prize, weight: 1 }] };
  const step = { step: 1, step_type: 'FORTUNE_COOKIE', cookie };
  await using api = await testApi({ games: [gameHistory(makeGame({ milestone_steps: [step] }))] });
  await api.engine.take([pay('p1')]);
  // The engine goes by the database's clock.
  api.time.now = Date.now();
  const tap = () => page.openCookie(bff(api), player, 'game', 1);
  expect(await tap()).toMatchObject({ prize, replayed: false });
  expect(await tap()).toMatchObject({ prize, replayed: true });
});

test('a stream yields what changes', async () => {
  await using api = await testApi({ games });
  const leave = new AbortController();
  const stream = page.gamesOf(bff(api), player, leave.signal);
  expect((await stream.next()).value).toMatchObject({ games: [{ current_value: 0 }] });
  await api.engine.take([pay('p1')]);
  expect((await stream.next()).value).toMatchObject({ games: [{ current_value: 1 }] });
  leave.abort();
  await expect(stream.next()).rejects.toThrow();
});
