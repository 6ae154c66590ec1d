import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { readSources } from '../src/event/source.ts';
import { bucketOf } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { startHalfOpenProxy } from '../src/testing/half-open-proxy.ts';
import { gameHistory, makeGame } from '../src/testing/make.ts';
import { formatInstant } from '../src/time.ts';

const now = Date.now();
const day = 86_400_000;
/** HTTP events are received now, by the database's clock: so is this game's window. */
const games = [
  gameHistory(
    makeGame({
      milestone_steps: [2],
      game_window: { start: formatInstant(now - day), end: formatInstant(now + day) },
    }),
  ),
];

let made = 0;
const event = (change: Record<string, unknown> = {}) => ({
  event_id: `evt_${++made}`,
  event_type: 'payment_success',
  occurred_at: formatInstant(now - 1_000),
  producer: 'tests',
  user_id: 'U1',
  attributes: { transaction_amount: 10 },
  ...change,
});

async function stored(api: TestApi): Promise<{ events: number; parked: number }> {
  const { rows } = await api.database.pool.query(
    'select (select count(*)::int from milepost.event_key) as events, (select count(*)::int from milepost.parked_message) as parked',
  );
  return rows[0];
}

describe('POST /api/events', () => {
  test('takes one event and says what became of it, the first time and again', async () => {
    await using api = await testApi({ games });
    const given = event();
    const first = await api.send(given);
    expect(first.status).toBe(200);
    expect(first.headers.get('cache-control')).toBe('no-store');
    const result = { event_id: given.event_id, outcome: 'applied', reason: null };
    expect(first.body).toEqual({ results: [{ ...result, replayed: false }] });
    expect((await api.send(given)).body).toEqual({ results: [{ ...result, replayed: true }] });
    expect((await api.send({ ...given, attributes: {} })).body.results[0]).toMatchObject({
      outcome: 'rejected',
      reason: 'conflicting_content',
    });
    api.time.now = now;
    expect((await api.get('/api/games/active')).body.games[0].current_value).toBe(1);
  });

  test('takes a batch and answers each event in its place, also those that are parked', async () => {
    await using api = await testApi({ games });
    const good = [event(), event({ event_type: 'login' }), event({ occurred_at: formatInstant(now + day) })];
    const bad = [
      event({ user_id: '' }),
      'text',
      event({ event_version: '9.0' }),
      event({ attributes: { transaction_amount: '10' } }),
    ];
    const { status, body } = await api.send({
      events: [good[0], bad[0], bad[1], good[1], bad[2], good[2], bad[3], good[0]],
    });
    expect(status).toBe(200);
    const parked = { event_id: null, outcome: 'parked', detail: expect.any(String), replayed: false };
    expect(body.results).toEqual([
      { event_id: good[0]?.event_id, outcome: 'applied', reason: null, replayed: false },
      { ...parked, reason: 'invalid_field', detail: 'user_id: empty' },
      { ...parked, reason: 'not_an_object' },
      { event_id: good[1]?.event_id, outcome: 'no_match', reason: 'no_game', replayed: false },
      { ...parked, reason: 'unknown_version' },
      { event_id: good[2]?.event_id, outcome: 'rejected', reason: 'occurred_in_future', replayed: false },
      { ...parked, reason: 'invalid_field' },
      { event_id: good[0]?.event_id, outcome: 'applied', reason: null, replayed: true },
    ]);
    expect(await stored(api)).toEqual({ events: 3, parked: 4 });
    await api.send({ events: bad });
    expect((await stored(api)).parked).toBe(4);
  });

  test('takes a producer’s own shape with ?source=', async () => {
    const sources = await readSources(join(import.meta.dirname, '../game-configs/sources'));
    await using api = await testApi({ games, sources });
    const token = await api.token({ sub: 'upi-switch', scope: 'producer' });
    const message = {
      hdr: { ver: '2.0', msgType: 'TXN_STATUS', ts: now - 1_000 },
      payer: { custRef: ' U1 ' },
      payee: { merchantId: 'm', mcc: '5411' },
      txn: { upiTxnId: 'T1', rrn: 'R1', respCode: '00', amtPaise: 1_050, subType: 'P2M' },
    };
    const answer = await api.send(message, { query: '?source=upi_switch', token });
    expect(answer.body.results).toMatchObject([{ outcome: 'applied', replayed: false }]);
    expect((await api.send({ events: [message] }, { query: '?source=upi_switch', token })).body.results).toMatchObject([
      { outcome: 'applied', replayed: true },
    ]);
    expect((await api.send(message, { query: '?source=nobody', token })).status).toBe(400);
    expect((await api.send(message, { query: '?source=upi.switch.transactions', token })).status).toBe(400);
    expect((await api.send(message, { query: '?source=upi_switch&source=canonical', token })).status).toBe(400);
  });

  test('takes Idempotency-Key for a missing event_id, of one event only', async () => {
    await using api = await testApi({ games });
    const headers = { 'Idempotency-Key': 'order-77' };
    const given = event({ event_id: undefined });
    expect((await api.send(given, { headers })).body.results).toMatchObject([
      { event_id: 'order-77', replayed: false },
    ]);
    expect((await api.send(given, { headers })).body.results).toMatchObject([{ event_id: 'order-77', replayed: true }]);
    expect((await api.send({ events: [given] }, { headers })).status).toBe(400);
  });

  test('keeps numbers exactly as Kafka would: many digits are text, alone and in a batch', async () => {
    await using api = await testApi({ games });
    const raw = JSON.stringify(event({ event_id: 'digits' })).replace(
      '"transaction_amount":10',
      '"transaction_amount":10,"ref":12345678901234567890',
    );
    expect((await api.send(raw)).body.results).toMatchObject([{ replayed: false }]);
    expect((await api.send(`{"events":[${raw}]}`)).body.results).toMatchObject([
      { outcome: 'applied', replayed: true },
    ]);
    const { rows } = await api.database.pool.query('select payload from milepost.inbox');
    expect(rows[0].payload.attributes.ref).toBe('12345678901234567890');
  });
});

describe('what a producer may send', () => {
  test.each([
    ['its own events, by sub', { sub: 'tests' }, 200],
    ['events of producers its token lists', { sub: 'gateway', sources: ['tests', 'others'] }, 200],
    ['anything of a source its token lists', { sub: 'gateway', sources: ['canonical'] }, 200],
    ['not those of another producer', { sub: 'somebody' }, 403],
    ['not what its list leaves out, its own name or not', { sub: 'tests', sources: ['others'] }, 403],
    ['nothing with an empty list', { sub: 'tests', sources: [] }, 403],
    ['nothing with a list that is no list of names', { sub: 'tests', sources: [{ tests: true }] }, 403],
  ])('%s', async (_, claims, status) => {
    await using api = await testApi({ games });
    const token = await api.token({ scope: 'producer', ...claims });
    expect((await api.send(event(), { token })).status).toBe(status);
  });

  test('one event for somebody else refuses the whole batch, and nothing is stored', async () => {
    await using api = await testApi({ games });
    const { status, body } = await api.send({ events: [event(), 'parked', event({ producer: 'rival' })] });
    expect(status).toBe(403);
    expect(body.detail).toBe('this token may not send events of producer "rival" (event 2)');
    expect(await stored(api)).toEqual({ events: 0, parked: 0 });
  });

  test('a source with a producer of its own is closed to others, unreadable messages included', async () => {
    const sources = await readSources(join(import.meta.dirname, '../game-configs/sources'));
    await using api = await testApi({ games, sources });
    expect((await api.send({ no: 'sense' }, { query: '?source=upi_switch' })).status).toBe(403);
    expect(await stored(api)).toEqual({ events: 0, parked: 0 });
  });
});

describe('a body that is not right', () => {
  test.each<[string, string | Uint8Array, number]>([
    ['nothing', '', 400],
    ['not JSON', '{"event_id": ', 400],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400],
    ['text', '"text"', 400],
    ['a number', '7', 400],
    ['null', 'null', 400],
    ['a bare list', '[{}]', 400],
    ['an empty batch', '{"events": []}', 400],
    [
      'a batch over its bound',
      JSON.stringify({ events: Array.from({ length: limits.httpBatchEvents + 1 }, () => ({})) }),
      413,
    ],
    ['too long', `"${'x'.repeat(limits.httpBodyBytes)}"`, 413],
    ['nested deeply in a batch', `{"events":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}`, 400],
  ])('%s', async (_, body, status) => {
    await using api = await testApi({ games });
    const token = await api.token({ sub: 'tests', scope: 'producer' });
    const answer = await api.call('/api/events', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: body as NonNullable<RequestInit['body']>,
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status, detail: expect.any(String), request_id: expect.any(String) });
    expect(await stored(api)).toEqual({ events: 0, parked: 0 });
  });

  test('one event that is nested deeply, holds NUL or is too long is parked, and harms nobody', async () => {
    await using api = await testApi({ games });
    const deep = `{"attributes":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`;
    expect((await api.send(deep)).body.results).toMatchObject([{ outcome: 'parked' }]);
    expect((await api.send(event({ user_id: 'U\0' }))).body.results).toMatchObject([{ outcome: 'parked' }]);
    expect((await api.send(event({ attributes: { note: '\ud800' } }))).body.results).toMatchObject([
      { outcome: 'parked' },
    ]);
    expect(
      (await api.send(event({ attributes: { note: 'x'.repeat(limits.messageBytes) } }))).body.results,
    ).toMatchObject([{ outcome: 'parked', reason: 'too_large' }]);
    expect((await api.send(event())).body.results).toMatchObject([{ outcome: 'applied' }]);
    const deepest = `{"n":1234567890123456,"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
    expect((await api.send(deepest)).body).toMatchObject({ status: 400, detail: 'the body is nested too deeply' });
  });

  test.each([
    [{ 'Content-Type': 'text/plain' }],
    [{ 'Content-Type': 'application/x-www-form-urlencoded' }],
    [{ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }],
  ])('of another kind is 415: %o', async (headers) => {
    await using api = await testApi({ games });
    expect((await api.send(event(), { headers: headers as unknown as Record<string, string> })).status).toBe(415);
  });

  test('of unannounced length is cut off at its bound, and the connection with it', async () => {
    await using api = await testApi({ games });
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    const token = await api.token({ sub: 'tests', scope: 'producer' });
    socket.write(
      `POST /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    socket.on('error', () => {}); // the server may close while we still write
    for (let sent = 0; sent <= limits.httpBodyBytes; sent += 0x10000) socket.write(chunk);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toMatch(/connection: close/i);
  });

  test('cut off in the middle stores nothing', async () => {
    await using api = await testApi({ games });
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    const token = await api.token({ sub: 'tests', scope: 'producer' });
    socket.end(
      `POST /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"event_id":`,
    );
    await text(socket).catch(() => {});
    expect(await stored(api)).toEqual({ events: 0, parked: 0 });
    expect((await api.send(event())).status).toBe(200);
  });
});

describe('when the database', () => {
  test('is away, the answer is 503 with Retry-After within a few seconds, and repeating is safe', async () => {
    let proxy = undefined as Awaited<ReturnType<typeof startHalfOpenProxy>> | undefined;
    await using api = await testApi({
      games,
      async databaseUrl(url) {
        proxy = await startHalfOpenProxy(url);
        return proxy.url;
      },
    });
    await proxy?.[Symbol.asyncDispose]();
    let signal: AbortSignal | undefined;
    const process = api.engine.process;
    api.engine.process = (batch, given) => {
      signal = given;
      return process(batch, given);
    };
    const startedAt = performance.now();
    const { status, headers, body } = await api.send(event());
    // Nobody waits any more, so nothing goes on trying.
    expect(signal?.aborted).toBe(true);
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('2');
    expect(body.detail).not.toMatch(/ECONN|127/);
    expect(performance.now() - startedAt).toBeLessThan(2 * limits.httpWaitMs);
  });

  test('does not answer, so is it; the event that was under way counts once', async () => {
    await using api = await testApi({ games });
    await api.send(event({ user_id: 'U2' }));
    const client = await api.database.pool.connect();
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock(77001, $1)', [bucketOf('U1')]);
    const given = event();
    expect((await api.send(given)).status).toBe(503);
    await client.query('rollback');
    client.release();
    const { body } = await api.send(given);
    expect(body.results).toMatchObject([{ outcome: 'applied' }]);
    expect((await api.database.pool.query('select from milepost.credit')).rowCount).toBe(2);
  });
});
