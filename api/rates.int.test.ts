import { expect, test } from 'vitest';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';

const games = [gameHistory(makeGame())];
const rates = { player: 5, producer: 3 };

async function statuses(count: number, ask: () => Promise<{ status: number }>): Promise<number[]> {
  const answers: number[] = [];
  for (let n = 0; n < count; n++) answers.push((await ask()).status);
  return answers;
}

async function readFor(api: TestApi, user: string, count: number): Promise<number[]> {
  return statuses(count, () => api.get('/api/games/active', user));
}

test.each([
  ['with Redis', {}],
  ['without Redis, each process for itself', { redisUrl: null }],
])('%s: one too many is 429 with Retry-After, for that player or producer alone', async (_, given) => {
  await using api = await testApi({ games, rates, ...given });
  expect(await readFor(api, 'U1', 6)).toEqual([200, 200, 200, 200, 200, 429]);
  const refused = await api.get('/api/games/active', 'U1');
  expect(refused.body).toMatchObject({ status: 429, title: 'Too Many Requests' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await readFor(api, 'U2', 1)).toEqual([200]);
  expect(await statuses(4, () => api.send({ events: [{}] }))).toEqual([200, 200, 200, 429]);
});

test('a service is counted by the players it reads for, not by itself', async () => {
  await using api = await testApi({ games, rates });
  const token = await api.token({ sub: 'the app', scope: 'bff' });
  const read = (player: string) => () =>
    api.call('/api/games/active', { headers: { Authorization: `Bearer ${token}`, 'X-Player-Id': player } });
  expect(await statuses(6, read('U1'))).toEqual([200, 200, 200, 200, 200, 429]);
  expect(await statuses(5, read('U2'))).toEqual([200, 200, 200, 200, 200]);
});

test('while Redis is away counting goes on in the process', async () => {
  await using api = await testApi({ games, rates });
  expect(await readFor(api, 'U1', 1)).toEqual([200]);
  api.redis.disconnect();
  expect(await readFor(api, 'U1', 6)).toEqual([200, 200, 200, 200, 200, 429]);
});
