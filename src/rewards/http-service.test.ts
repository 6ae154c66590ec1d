import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RewardMessage } from '../event/message.ts';
import { type Fault, startRewardServices } from '../local/reward-services.ts';
import type { HttpServiceOptions } from './http-service.ts';
import { createNeucoin } from './neucoin.ts';
import type { RewardService } from './service.ts';
import { createVoucher } from './voucher.ts';

const message: RewardMessage = {
  user_id: 'U1',
  reward_type: 'NC',
  amount: 10,
  game_id: 'game',
  window_start: '2026-05-01T00:00:00.000Z',
  step: 3,
  earning: 1,
  version: 1,
  event_received_at: '2026-05-10T10:00:00.000Z',
};
const key = '3f0b8f4e-0000-4000-8000-000000000001';
const signal = new AbortController().signal;

const adapters = [
  { name: 'neucoin', create: createNeucoin, refund: { transaction_id: 't', status: 'credited', amount: 11 } },
  {
    name: 'voucher',
    create: createVoucher,
    refund: { voucher_id: 'v', status: 'issued', amount: 11, code: 'TOPSECRETCODE' },
  },
] as const;

function closing(service: RewardService): RewardService {
  onTestFinished(() => service.close());
  return service;
}

async function standIn(
  name: 'neucoin' | 'voucher',
  faults: Omit<Fault, 'service'>[] = [],
  refusals: Record<string, string> = {},
) {
  const services = await startRewardServices({
    faults: faults.map((fault) => ({ ...fault, service: name })),
    refusals,
    token: 'T',
  });
  onTestFinished(() => services.stop());
  return { services, url: name === 'neucoin' ? services.neucoinUrl : services.voucherUrl };
}

/** A server that answers as the test says. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

describe.each(adapters)('the $name adapter', ({ name, create, refund }) => {
  const adapter = (options: Partial<HttpServiceOptions> & { url: string }) =>
    closing(create({ token: 'T', timeoutMs: 2_000, ...options }));

  test('pays once under one key, whatever is repeated', async () => {
    const { services, url } = await standIn(name);
    const service = adapter({ url });
    const first = await service.pay(message, key, signal);
    expect(first).toMatchObject({
      kind: 'done',
      request: { idempotency_key: key, user_id: 'U1', amount: 10 },
      answer: { amount: 10 },
    });
    expect(await Promise.all([service.pay(message, key, signal), service.pay(message, key, signal)])).toEqual([
      first,
      first,
    ]);
    expect(services.books()).toMatchObject([{ service: name, key, user_id: 'U1', amount: 10, calls: 3 }]);
  });

  test('finds a payment by its key, and knows when there is none', async () => {
    const { url } = await standIn(name);
    const service = adapter({ url });
    expect(await service.lookup(message, key, signal)).toEqual({ kind: 'absent' });
    const paid = await service.pay(message, key, signal);
    const found = await service.lookup(message, key, signal);
    expect(found).toMatchObject({
      kind: 'applied',
      delivery: { kind: 'done', answer: 'answer' in paid ? paid.answer : null },
    });
  });

  test('a listed refusal is final, with its code', async () => {
    const { url } = await standIn(name, [], { U1: 'USER_BLOCKED' });
    expect(await adapter({ url }).pay(message, key, signal)).toMatchObject({
      kind: 'refused',
      error: 'USER_BLOCKED',
      answer: { code: 'USER_BLOCKED' },
    });
  });

  test('a refusal that is not listed is tried again', async () => {
    const { url } = await standIn(name, [], { U1: 'FULL_MOON' });
    expect(await adapter({ url }).pay(message, key, signal)).toMatchObject({ kind: 'retry', error: '422 FULL_MOON' });
  });

  test('another payment under the same key is ambiguous, as is another amount', async () => {
    const { url } = await standIn(name);
    const service = adapter({ url });
    await service.pay(message, key, signal);
    expect(await service.pay({ ...message, amount: 11 }, key, signal)).toMatchObject({ kind: 'ambiguous' });
    const other = adapter({ url: await answering(json(200, refund)) });
    const delivery = await other.pay(message, key, signal);
    expect(delivery).toMatchObject({ kind: 'ambiguous', error: expect.stringContaining('11 where 10') });
    expect(JSON.stringify(delivery)).not.toContain('TOPSECRETCODE');
  });

  test.each([
    [{ how: 'status', status: 500 }, 'server_error', '500 TOLD_TO_FAIL'],
    [{ how: 'status', status: 401 }, 'unauthorised', '401 TOLD_TO_FAIL'],
    [{ how: 'status', status: 403 }, 'unauthorised', '403 TOLD_TO_FAIL'],
    [{ how: 'status', status: 404 }, 'no_route', '404 TOLD_TO_FAIL'],
    [{ how: 'status', status: 409 }, 'unexpected_answer', '409 TOLD_TO_FAIL'],
    [{ how: 'redirect' }, 'no_route', '307'],
    [{ how: 'garbage' }, 'unexpected_answer', '200 with a body that is not a receipt'],
    [{ how: 'hang' }, 'timeout', 'no answer in time; whether it was applied is not known'],
    [{ how: 'reset' }, 'unreachable', expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/)],
  ] as const)('%o is tried again', async (fault, reason, error) => {
    const { url } = await standIn(name, [fault, { ...fault, on: 'lookup' }]);
    const service = adapter({ url, timeoutMs: 300 });
    expect(await service.pay(message, key, signal)).toMatchObject({ kind: 'retry', reason, error });
    if (!('status' in fault && fault.status === 404)) {
      expect(await service.lookup(message, key, signal)).toMatchObject({ kind: 'retry', reason, error });
    }
  });

  test('takes heed of Retry-After, in seconds or as a date', async () => {
    const { url } = await standIn(name, [{ how: 'status', status: 429, retry_after_seconds: 7 }]);
    expect(await adapter({ url }).pay(message, key, signal)).toMatchObject({
      reason: 'overloaded',
      retryAfterMs: 7_000,
    });
    const date = await answering((_request, response) => {
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }).end();
    });
    const delivery = await adapter({ url: date }).pay(message, key, signal);
    const wait = 'retryAfterMs' in delivery ? delivery.retryAfterMs : 0;
    expect(wait).toBeGreaterThan(50_000);
    expect(wait).toBeLessThanOrEqual(60_000);
  });

  test('an answer without end is not read to its end', async () => {
    const url = await answering((_request, response) => {
      response.writeHead(200).end('x'.repeat(1_000_000));
    });
    expect(await adapter({ url }).pay(message, key, signal)).toMatchObject({
      kind: 'retry',
      reason: 'unexpected_answer',
      error: 'an answer of more than 8192 bytes',
    });
  });

  test('an answer that drips is cut off', async () => {
    const url = await answering(async (_request, response) => {
      response.writeHead(200);
      while (!response.destroyed) {
        response.write(' ');
        await delay(50);
      }
    });
    expect(await adapter({ url, timeoutMs: 300 }).pay(message, key, signal)).toMatchObject({
      kind: 'retry',
      reason: 'timeout',
    });
  });

  test('a service that is not there, or not to be trusted, is tried again', async () => {
    expect(await adapter({ url: 'http://127.0.0.1:1' }).pay(message, key, signal)).toMatchObject({
      reason: 'unreachable',
      error: expect.stringContaining('ECONNREFUSED'),
    });
    const plain = (await answering(json(200, {}))).replace('http:', 'https:');
    expect(await adapter({ url: plain }).pay(message, key, signal)).toMatchObject({
      kind: 'retry',
      reason: 'untrusted',
    });
  });

  test('a service that cannot be asked for a key says so', async () => {
    const { url } = await standIn(name, [{ on: 'lookup', how: 'status', status: 404 }]);
    expect(await adapter({ url }).lookup(message, key, signal)).toMatchObject({
      kind: 'unanswerable',
      request: { lookup: key },
    });
  });

  test('a stop that has waited long enough ends a call', async () => {
    const { url } = await standIn(name, [{ how: 'hang' }]);
    const stop = new AbortController();
    const delivery = adapter({ url, timeoutMs: 60_000 }).pay(message, key, stop.signal);
    stop.abort(new Error('the worker stops'));
    expect(await delivery).toMatchObject({ kind: 'retry', error: 'the worker stops' });
  });

  test('a wrong token is told from a refusal', async () => {
    const { url } = await standIn(name);
    expect(await adapter({ url, token: 'wrong' }).pay(message, key, signal)).toMatchObject({
      reason: 'unauthorised',
      error: '401 TOKEN_INVALID',
    });
  });
});

test('what is sent stays what it was: a service may compare a repeat with the first', async () => {
  const sent: { path?: string | undefined; headers: object; body: string }[] = [];
  const url = await answering(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { accept, authorization, 'content-type': type, 'idempotency-key': idempotency } = request.headers;
    sent.push({ path: request.url, headers: { accept, authorization, type, idempotency }, body });
    response.writeHead(500).end();
  });
  await closing(createNeucoin({ url: `${url}/base/`, token: 'secret', timeoutMs: 2_000 })).pay(message, key, signal);
  await closing(createVoucher({ url, timeoutMs: 2_000 })).pay({ ...message, reward_type: 'VOUCHER' }, key, signal);
  const reference = '"reference":{"game_id":"game","window_start":"2026-05-01T00:00:00.000Z","step":3,"earning":1}';
  expect(sent).toEqual([
    {
      path: '/base/v1/credits',
      headers: {
        accept: 'application/json',
        authorization: 'Bearer secret',
        type: 'application/json',
        idempotency: key,
      },
      body: `{"idempotency_key":"${key}","user_id":"U1","amount":10,"currency":"NC",${reference}}`,
    },
    {
      path: '/v1/vouchers',
      headers: { accept: 'application/json', authorization: undefined, type: 'application/json', idempotency: key },
      body: `{"idempotency_key":"${key}","user_id":"U1","amount":10,"currency":"INR",${reference}}`,
    },
  ]);
});
