import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { limits } from '../src/limits.ts';
import { registry } from '../src/metrics.ts';
import { testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';

const games = [gameHistory(makeGame())];

describe('every answer', () => {
  test('carries security headers and a request id; a usable one of the caller is kept', async () => {
    await using api = await testApi({ games });
    const answers = [
      await api.get('/api/games/active'),
      await api.get('/nowhere', null),
      await api.get('/health/live', null),
    ];
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toMatch(/private|no-store/);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
    const named = async (id: string) =>
      (await api.call('/health/live', { headers: { 'X-Request-Id': id } })).headers.get('x-request-id');
    expect(await named('trace.7_a-B')).toBe('trace.7_a-B');
    expect(await named('two words')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await named('x'.repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is measured by route', async () => {
    await using api = await testApi({ games });
    await api.get('/api/games/game');
    await api.get('/api/games/a-game-nobody-has');
    await api.call('/some/path/of/their/own', { method: 'PROPFIND' });
    const text = await registry.metrics();
    expect(text).toContain(
      'milepost_http_request_seconds_count{method="GET",route="/api/games/:game_id",status="200"}',
    );
    expect(text).toContain('milepost_http_request_seconds_count{method="other",route="none",status="501"}');
    expect(text).not.toMatch(/a-game-nobody-has|their\/own/);
  });
});

describe('what nobody serves', () => {
  test('is a problem document: 404, 405 with Allow, 414', async () => {
    await using api = await testApi({ games });
    const token = await api.token();
    const headers = { Authorization: `Bearer ${token}` };
    const answers = [
      [404, await api.call('/')],
      [404, await api.call('/api')],
      [404, await api.call('/api/games', { headers })],
      [404, await api.call('/api/games/active/history/more', { headers })],
      [405, await api.call('/api/games/active', { method: 'POST', headers })],
      [405, await api.call('/api/events', { headers })],
      [405, await api.call('/health/live', { method: 'DELETE' })],
      [501, await api.call('/health/live', { method: 'PROPFIND' })],
      [414, await api.call(`/api/games/active?x=${'x'.repeat(limits.httpTargetBytes)}`, { headers })],
    ] as const;
    for (const [status, answer] of answers) {
      expect(answer.status, answer.text).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.body).toEqual({
        type: 'about:blank',
        title: expect.any(String),
        status,
        detail: expect.any(String),
        request_id: answer.headers.get('x-request-id'),
      });
    }
    expect(answers[4][1].headers.get('allow')).toBe('HEAD, GET');
    expect(answers[5][1].headers.get('allow')).toBe('POST');
  });

  test('headers over their bound are refused before anything is done', async () => {
    await using api = await testApi({ games });
    const { status } = await api.call('/health/live', { headers: { 'X-Long': 'x'.repeat(limits.httpHeaderBytes) } });
    expect(status).toBe(431);
  });

  test('what is not HTTP gets a refusal and no more', async () => {
    await using api = await testApi({ games });
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.write('\x16\x03\x01 not http\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 Bad Request\r\nConnection: close/);
  });
});

test('HEAD answers as GET does, without the body', async () => {
  await using api = await testApi({ games });
  const headers = { Authorization: `Bearer ${await api.token()}` };
  const { status, body } = await api.call('/api/games/active', { method: 'HEAD', headers });
  expect([status, body]).toEqual([200, '']);
});

test('an error of our own is a bare 500: nothing from inside', async () => {
  await using api = await testApi({ games });
  const token = await api.token();
  Object.defineProperty(api.time, 'now', {
    get: () => {
      throw new RangeError('no time left in secret_table');
    },
  });
  const { status, text: everything, body } = await api.get('/api/games/active', { token });
  expect(status).toBe(500);
  expect(everything).not.toMatch(/secret_table|RangeError|\.ts/);
  expect(body.request_id).toBeDefined();
});

test('health tells balancers what they need', async () => {
  await using api = await testApi({ games });
  expect(await api.call('/health/live')).toMatchObject({ status: 200, body: { live: true } });
  expect(await api.call('/health/ready')).toMatchObject({
    status: 200,
    body: { ready: true, degraded: false, checks: { database: 'up', migrations: 'present', redis: 'up' } },
  });
  await api.database.pool.query('drop function milepost.player_facts');
  expect(await api.call('/health/ready')).toMatchObject({
    status: 503,
    body: { ready: false, checks: { database: 'up', migrations: 'missing' } },
  });
});
