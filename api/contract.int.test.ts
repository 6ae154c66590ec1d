// The contract as a client meets it: the document that is served, the page for people, and the generated client through what an app and its producers do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';
import { formatInstant } from '../src/time.ts';

// Of today: the door to the engine goes by the database's clock.
const now = Date.now();
const window = { start: formatInstant(now - 10 * 86_400_000), end: formatInstant(now + 10 * 86_400_000) };
const games = [gameHistory(makeGame({ game_window: window }))];

test('the document that is served is the one in the clone', async () => {
  await using api = await testApi({ games });
  const { status, body } = await api.get('/api/openapi.json', null);
  expect(status).toBe(200);
  expect(body).toEqual(JSON.parse(readFileSync(join(import.meta.dirname, '../docs/openapi.json'), 'utf8')));
});

test('the page for people has all its parts here, and may load nothing from elsewhere', async () => {
  await using api = await testApi({ games });
  const page = await api.get('/api/reference', null);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part as string);
  expect(parts).toHaveLength(3);
  for (const part of parts) {
    const { status, headers } = await api.get(new URL(part, `${api.url}/api/reference`).pathname, null);
    expect([part, status]).toEqual([part, 200]);
    expect(headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
  }
  for (const part of ['nothing.js', '..%2fpackage.json', 'toString', '%00']) {
    expect((await api.get(`/api/reference/${part}`, null)).status, part).toBe(404);
  }
});

test('the generated client does what an app, a producer and an owner do', async () => {
  await using api = await testApi({ games });
  api.time.now = now;
  const producer = await api.client({ sub: 'tests', scope: 'producer' });
  const event = {
    event_id: 'e1',
    event_type: 'payment_success',
    occurred_at: formatInstant(api.time.now - 1_000),
    producer: 'tests',
    user_id: 'U1',
    attributes: { transaction_amount: 10 },
  };
  const sent = await producer.POST('/api/events', { body: event });
  expect(sent.data?.results).toMatchObject([{ event_id: 'e1', outcome: 'applied' }]);

  const app = await api.client({ sub: 'U1' });
  const widget = await app.GET('/api/games/active', { params: { query: { after_event: 'e1', wait: 0 } } });
  expect(widget.data?.games[0]?.current_value).toBe(1);
  expect(widget.data?.after?.status).toBe('applied');
  const one = { params: { path: { game_id: 'game' } } };
  expect((await app.GET('/api/games/{game_id}', one)).data?.steps.length).toBeGreaterThan(0);
  expect((await app.GET('/api/games/{game_id}/history', one)).data?.entries).toMatchObject([{ kind: 'credit' }]);
  const correlation = { original_event_id: 'e1' };
  const refund = { event_type: 'event_reversed', correlation };
  const preview = await app.POST('/api/games/preview', { body: refund });
  expect(preview.data?.games[0]).toMatchObject({ adds: -1, steps_lost: [] });
  await producer.POST('/api/events', { body: { ...event, ...refund, event_id: 'e2' } });
  const { data } = await app.GET('/api/games/{game_id}/history', one);
  const told = data?.entries.flatMap((entry) => {
    if (entry.kind === 'ruling') return [[entry.what, entry.amount, entry.taken, entry.remaining]];
    return entry.kind === 'credit' ? [[entry.amount, entry.counts]] : [];
  });
  expect(told).toEqual([
    ['reversed', 0, 1, 0],
    [1, 0],
  ]);
  const refused = await app.GET('/api/games/{game_id}', { params: { path: { game_id: 'none' } } });
  expect(refused.error).toMatchObject({ status: 404, detail: 'this player takes part in no such game' });

  const owner = await api.client({ sub: 'asha', scope: 'owner' });
  expect((await owner.GET('/api/admin/games')).data?.games).toMatchObject([{ game_id: 'game' }]);
  const seen = (await owner.GET('/api/admin/games/{game_id}', one)).response.headers.get('etag') as string;
  const paused = await owner.POST('/api/admin/games/{game_id}/pause', {
    params: { ...one.params, header: { 'if-match': seen } },
    body: { reason: 'the switch sends payments twice' },
  });
  expect(paused.data).toMatchObject({ status: 'paused' });
});

test('a service reads for the player it names; a player only for themselves', async () => {
  await using api = await testApi({ games });
  api.time.now = now;
  const user = 'Zoë/2 ✓';
  const bff = { Authorization: `Bearer ${await api.token({ sub: 'the app', scope: 'bff' })}` };
  const own = { Authorization: `Bearer ${await api.token({ sub: user })}` };
  const named = (headers: Record<string, string>, player: string) =>
    api.call('/api/games/active', { headers: { ...headers, 'X-Player-Id': player } });
  const event = {
    event_id: 'e1',
    event_type: 'payment_success',
    occurred_at: formatInstant(api.time.now - 1_000),
    producer: 'tests',
    user_id: user,
    attributes: { transaction_amount: 10 },
  };
  expect((await api.send(event)).body.results).toMatchObject([{ outcome: 'applied' }]);

  expect((await named(bff, encodeURIComponent(user))).body.games).toMatchObject([{ current_value: 1 }]);
  expect((await named(bff, 'U1')).body.games).toMatchObject([{ current_value: 0 }]);
  expect((await api.call('/api/games/active', { headers: bff })).body).toMatchObject({
    status: 400,
    detail: expect.stringContaining('send X-Player-Id'),
  });
  for (const wrong of ['%E0%A4', 'x'.repeat(129), '%00']) expect((await named(bff, wrong)).status, wrong).toBe(400);
  expect((await named(own, encodeURIComponent(user))).body.games).toMatchObject([{ current_value: 1 }]);
  expect((await named(own, 'U1')).status).toBe(403);
});
