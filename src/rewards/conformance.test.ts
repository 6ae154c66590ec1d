// What every adapter of a reward service must do, whatever the service: the same tests over each of them, for payments and for taking back. Whoever
// writes another adds it to the list.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Json } from '../event/event.ts';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';
import { type Fault, type RewardServices, startRewardServices } from '../local/reward-services.ts';
import type { Delivery } from '../outbox/delivery.ts';
import { createConfiguredService } from './configured-service.ts';
import { createNeucoin } from './neucoin.ts';
import type { Lookup, RewardService } from './service.ts';
import { parseService } from './service-config.ts';
import { createVoucher } from './voucher.ts';

interface Options {
  url: string;
  token?: string;
  timeoutMs?: number;
}

interface Adapter {
  name: 'neucoin' | 'voucher' | 'partner';
  create(options: Options & { timeoutMs: number }): RewardService;
  urlOf(services: RewardServices): string;
  /** What is kept of a payment of 10, where no stand-in made it. */
  paid: Json;
  /** An answer that says another amount than 10, and holds what must not be repeated. */
  otherAmount: object;
  /** A listed refusal of a take-back that says that the payment is not known. */
  unknown: string;
}

const SECRET = 'TOPSECRETCODE';

/** The example of docs/services.md, as somebody would copy it. */
const [, example = ''] =
  /```jsonc\n(.*?)```/s.exec(readFileSync(new URL('../../docs/services.md', import.meta.url), 'utf8')) ?? [];
const config = parseService(example, 'docs/services.md');

const adapters: Adapter[] = [
  {
    name: 'neucoin',
    create: createNeucoin,
    urlOf: ({ neucoinUrl }) => neucoinUrl,
    paid: { transaction_id: 't', status: 'credited', amount: 10 },
    otherAmount: { transaction_id: 't', status: 'credited', amount: 11 },
    unknown: 'CREDIT_UNKNOWN',
  },
  {
    name: 'voucher',
    create: createVoucher,
    urlOf: ({ voucherUrl }) => voucherUrl,
    paid: { voucher_id: 'v', status: 'issued', amount: 10, masked_code: '****' },
    otherAmount: { voucher_id: 'v', status: 'issued', amount: 11, code: SECRET },
    unknown: 'VOUCHER_UNKNOWN',
  },
  {
    name: 'partner',
    create: ({ token = '', ...options }) =>
      createConfiguredService(config, {
        ...options,
        secrets: new Map([
          ['MILEPOST_SECRET_LOUNGE_URL', options.url],
          ['MILEPOST_SECRET_LOUNGE_TOKEN', token],
          ['MILEPOST_SECRET_LOUNGE_HMAC', 'k'],
        ]),
      }),
    urlOf: ({ partnerUrl }) => partnerUrl,
    paid: { status: 201, pass_id: 'p' },
    otherAmount: { data: { id: 'p', state: 'ACTIVE', units: 11, pin: SECRET } },
    unknown: 'PASS_UNKNOWN',
  },
];

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
const paidKey = '3f0b8f4e-0000-4000-8000-000000000001';
const keys = { pay: paidKey, take_back: '3f0b8f4e-0000-4000-8000-000000000002' } as const;
type Operation = keyof typeof keys;
const signal = new AbortController().signal;

/** One operation of an adapter, with everything it needs. */
interface Acting {
  apply(changes?: { key?: string; user_id?: string; amount?: number; signal?: AbortSignal }): Promise<Delivery>;
  lookup(key?: string): Promise<Lookup>;
}

function acting(adapter: Adapter, operation: Operation, options: Options, paid: TakeBackMessage['paid']): Acting {
  const service = adapter.create({ token: 'T', timeoutMs: 2_000, ...options });
  onTestFinished(() => service.close());
  const takeBack: TakeBackMessage = { ...message, operation: 'take_back', paid };
  return operation === 'pay'
    ? {
        apply: ({ key = keys.pay, signal: stop = signal, ...changes } = {}) =>
          service.pay({ ...message, ...changes }, key, stop),
        lookup: (key = keys.pay) => service.lookup(message, key, signal),
      }
    : {
        apply: ({ key = keys.take_back, signal: stop = signal, ...changes } = {}) =>
          service.takeBack({ ...takeBack, ...changes }, key, stop),
        lookup: (key = keys.take_back) => service.lookupTakeBack(takeBack, key, signal),
      };
}

/** A stand-in in which the payment is made that may be taken back. */
async function standIn(adapter: Adapter, operation: Operation, told: Parameters<typeof startRewardServices>[0] = {}) {
  const services = await startRewardServices({ token: 'T', ...told });
  onTestFinished(() => services.stop());
  const url = adapter.urlOf(services);
  let paid: TakeBackMessage['paid'] = null;
  if (operation === 'take_back') {
    const faults = told.faults ?? [];
    services.setFaults([]);
    const payer = adapter.create({ url, token: 'T', timeoutMs: 2_000 });
    const delivery = await payer.pay(message, paidKey, signal);
    await payer.close();
    if (delivery.kind !== 'done') throw new Error(`the payment was ${delivery.kind}`);
    paid = { key: paidKey, answer: delivery.answer };
    services.setFaults(faults);
  }
  return {
    services,
    act: (options: Partial<Options> = {}) => acting(adapter, operation, { url, ...options }, paid),
    /** What the operation has done at the service. */
    booked: () => services.books().filter((booking) => booking.operation === operation),
  };
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

describe.each(
  adapters.flatMap((adapter) => (['pay', 'take_back'] as const).map((operation) => ({ adapter, operation }))),
)('$adapter.name, $operation', ({ adapter, operation }) => {
  const fault = (of: Omit<Fault, 'service'>): Fault => ({ on: operation, ...of, service: adapter.name });
  const asking = operation === 'pay' ? 'lookup' : 'lookup_take_back';
  const refusing = (refusals: Record<string, string>) =>
    operation === 'pay' ? { refusals } : { takeBackRefusals: refusals };
  const actAt = (url: string, options: Partial<Options> = {}) =>
    acting(adapter, operation, { url, ...options }, { key: paidKey, answer: adapter.paid });

  test('is done once under one key, whatever is repeated and at once', async () => {
    const { act, booked } = await standIn(adapter, operation);
    const { apply } = act();
    const first = await apply();
    expect(first.kind).toBe('done');
    const { answer, request } = first as Extract<Delivery, { kind: 'done' }>;
    for (const again of await Promise.all(Array.from({ length: 8 }, () => apply()))) {
      // The status alone may differ: made, or there already.
      expect(again).toMatchObject({
        kind: 'done',
        request,
        answer: { ...(answer as object), status: expect.anything() },
      });
    }
    expect(booked()).toMatchObject([
      { service: adapter.name, key: keys[operation], user_id: 'U1', amount: 10, calls: 9 },
    ]);
  });

  test('is found by its key, and known not to be there', async () => {
    const { act } = await standIn(adapter, operation);
    const { apply, lookup } = act();
    expect(await lookup()).toEqual({ kind: 'absent' });
    const done = (await apply()) as Extract<Delivery, { kind: 'done' }>;
    expect(await lookup()).toMatchObject({
      kind: 'applied',
      delivery: { kind: 'done', answer: { ...(done.answer as object), status: expect.anything() } },
    });
    expect(await lookup('3f0b8f4e-0000-4000-8000-000000000009')).toEqual({ kind: 'absent' });
  });

  test.each([{ how: 'reset' }, { how: 'hang' }, { how: 'status', status: 500 }, { how: 'garbage' }] as const)(
    '$how after it was applied: the repeat finds it done, once',
    async (how) => {
      const { act, booked, services } = await standIn(adapter, operation, {
        faults: [fault({ ...how, when: 'after' })],
      });
      const { apply } = act({ timeoutMs: 300 });
      expect(await apply()).toMatchObject({ kind: 'retry' });
      services.setFaults([]);
      expect(await apply()).toMatchObject({ kind: 'done' });
      expect(booked()).toHaveLength(1);
    },
  );

  test.each([{ how: 'reset' }, { how: 'hang' }, { how: 'status', status: 503 }] as const)(
    '$how before it was applied: it is not there, and the repeat does it',
    async (how) => {
      const { act, booked, services } = await standIn(adapter, operation, { faults: [fault(how)] });
      const { apply, lookup } = act({ timeoutMs: 300 });
      expect(await apply()).toMatchObject({ kind: 'retry' });
      expect([booked(), await lookup()]).toEqual([[], { kind: 'absent' }]);
      services.setFaults([]);
      expect(await apply()).toMatchObject({ kind: 'done' });
      expect(booked()).toHaveLength(1);
    },
  );

  test('a listed refusal is final, with its code', async () => {
    const listed =
      operation === 'pay'
        ? 'USER_BLOCKED'
        : { neucoin: 'INSUFFICIENT_BALANCE', voucher: 'ALREADY_USED', partner: 'ALREADY_USED' }[adapter.name];
    const { act, booked } = await standIn(adapter, operation, refusing({ U1: listed }));
    expect(await act().apply()).toMatchObject({ kind: 'refused', error: listed });
    expect(booked()).toEqual([]);
  });

  test('a refusal that is not listed is tried again', async () => {
    const { act } = await standIn(adapter, operation, refusing({ U1: 'FULL_MOON' }));
    expect(await act().apply()).toMatchObject({
      kind: 'retry',
      reason: 'unexpected_answer',
      error: expect.stringContaining('422'),
    });
  });

  test('something else under the same key is ambiguous', async () => {
    const { act, booked } = await standIn(adapter, operation);
    const { apply } = act();
    await apply();
    expect(await apply({ user_id: 'U2' })).toMatchObject({ kind: 'ambiguous' });
    expect(booked()).toHaveLength(1);
  });

  test.each([
    [{ how: 'status', status: 500 }, 'server_error', '500'],
    [{ how: 'status', status: 401 }, 'unauthorised', '401'],
    [{ how: 'status', status: 403 }, 'unauthorised', '403'],
    [{ how: 'status', status: 404 }, 'no_route', '404'],
    [{ how: 'status', status: 409 }, 'unexpected_answer', '409'],
    [{ how: 'redirect' }, 'no_route', '307'],
    [{ how: 'garbage' }, 'unexpected_answer', '200'],
    [{ how: 'hang' }, 'timeout', 'no answer in time; whether it was applied is not known'],
    [{ how: 'reset' }, 'unreachable', ''],
  ] as const)('%o is tried again', async (how, reason, error) => {
    const { act } = await standIn(adapter, operation, { faults: [fault(how), fault({ ...how, on: asking })] });
    const { apply, lookup } = act({ timeoutMs: 300 });
    const again = { kind: 'retry', reason, error: expect.stringContaining(error) };
    expect(await apply()).toMatchObject(again);
    // A service that has no such route says nothing about a key.
    const asked = await lookup();
    if (!('status' in how && how.status === 404)) expect(asked).toMatchObject(again);
    expect(asked.kind).not.toBe('absent');
  });

  test('takes heed of Retry-After, in seconds or as a date', async () => {
    const seconds = fault({ how: 'status', status: 429, retry_after_seconds: 7 });
    const { act } = await standIn(adapter, operation, { faults: [seconds] });
    expect(await act().apply()).toMatchObject({ reason: 'overloaded', retryAfterMs: 7_000 });
    const url = await answering((_request, response) => {
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }).end();
    });
    const delivery = await actAt(url).apply();
    const wait = 'retryAfterMs' in delivery ? delivery.retryAfterMs : 0;
    expect(wait).toBeGreaterThan(50_000);
    expect(wait).toBeLessThanOrEqual(60_000);
  });

  test('an answer without end is not read to its end', async () => {
    const url = await answering((_request, response) => {
      response.writeHead(200).end('x'.repeat(1_000_000));
    });
    expect(await actAt(url).apply()).toMatchObject({
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
    expect(await actAt(url, { timeoutMs: 300 }).apply()).toMatchObject({ kind: 'retry', reason: 'timeout' });
  });

  test('a service that is not there, or not to be trusted, is tried again', async () => {
    expect(await actAt('http://127.0.0.1:1').apply()).toMatchObject({
      reason: 'unreachable',
      error: expect.stringContaining('ECONNREFUSED'),
    });
    const plain = (await answering(json(200, {}))).replace('http:', 'https:');
    expect(await actAt(plain).apply()).toMatchObject({ kind: 'retry', reason: 'untrusted' });
  });

  test('a stop that has waited long enough ends a call', async () => {
    const { act } = await standIn(adapter, operation, { faults: [fault({ how: 'hang' })] });
    const stop = new AbortController();
    const delivery = act({ timeoutMs: 60_000 }).apply({ signal: stop.signal });
    stop.abort(new Error('the worker stops'));
    expect(await delivery).toMatchObject({ kind: 'retry', error: 'the worker stops' });
  });

  test('a wrong token is told from a refusal', async () => {
    const { act } = await standIn(adapter, operation);
    expect(await act({ token: 'wrong' }).apply()).toMatchObject({ kind: 'retry', reason: 'unauthorised' });
  });
});

describe.each(adapters)('$name', (adapter) => {
  test('another amount than was asked for is ambiguous, and no code is repeated', async () => {
    const url = await answering(json(200, adapter.otherAmount));
    const delivery = await acting(adapter, 'pay', { url }, null).apply();
    expect(delivery).toMatchObject({ kind: 'ambiguous', error: expect.stringContaining('11 where 10') });
    expect(JSON.stringify(delivery)).not.toContain(SECRET);
  });

  test('no code is repeated of an answer that is not understood', async () => {
    const url = await answering(json(200, { code: SECRET, data: { pin: SECRET } }));
    const { apply, lookup } = acting(adapter, 'pay', { url }, null);
    expect(JSON.stringify([await apply(), await lookup()])).not.toContain(SECRET);
  });

  test('of a payment that the service does not know nothing is taken back', async () => {
    const { act, booked } = await standIn(adapter, 'pay');
    await act().apply();
    const services = await standIn(adapter, 'take_back');
    const { apply } = services.act();
    expect(await apply({ user_id: 'U2' })).toMatchObject({ kind: 'refused', error: adapter.unknown });
    expect(booked()).toHaveLength(1);
    expect(services.booked()).toEqual([]);
  });

  test('what is not known to be paid is not taken back', async () => {
    const service = adapter.create({ url: 'http://127.0.0.1:1', token: 'T', timeoutMs: 2_000 });
    onTestFinished(() => service.close());
    const early: TakeBackMessage = { ...message, operation: 'take_back', paid: null };
    await expect((async () => service.takeBack(early, keys.take_back, signal))()).rejects.toThrow(
      'before it was known',
    );
  });
});

test('a service that cannot be asked for a key says so', async () => {
  for (const adapter of adapters.filter(({ name }) => name !== 'partner')) {
    const faults = [{ service: adapter.name, on: 'lookup', how: 'status', status: 404 } as const];
    const { act } = await standIn(adapter, 'pay', { faults });
    expect(await act().lookup()).toMatchObject({ kind: 'unanswerable', request: { lookup: keys.pay } });
  }
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
  for (const adapter of adapters) {
    for (const operation of ['pay', 'take_back'] as const) {
      await acting(adapter, operation, { url: `${url}/base/` }, { key: paidKey, answer: adapter.paid }).apply();
    }
  }
  const headers = (key: string) => ({
    accept: 'application/json',
    authorization: 'Bearer T',
    type: 'application/json',
    idempotency: key,
  });
  const common = (key: string) => `{"idempotency_key":"${key}","user_id":"U1"`;
  const reference = '"reference":{"game_id":"game","window_start":"2026-05-01T00:00:00.000Z","step":3,"earning":1}}';
  const [pay, back] = [keys.pay, keys.take_back];
  expect(sent).toEqual([
    {
      path: '/base/v1/credits',
      headers: headers(pay),
      body: `${common(pay)},"amount":10,"currency":"NC",${reference}`,
    },
    {
      path: '/base/v1/debits',
      headers: headers(back),
      body: `${common(back)},"amount":10,"currency":"NC","credit":{"idempotency_key":"${pay}","transaction_id":"t"},${reference}`,
    },
    {
      path: '/base/v1/vouchers',
      headers: headers(pay),
      body: `${common(pay)},"amount":10,"currency":"INR",${reference}`,
    },
    {
      path: '/base/v1/cancellations',
      headers: headers(back),
      body: `${common(back)},"voucher":{"idempotency_key":"${pay}","voucher_id":"v"},${reference}`,
    },
    {
      path: '/base/passes',
      headers: headers(pay),
      body: `{"external_id":"${pay}","customer":"U1","units":10,"campaign":"game step 3"}`,
    },
    {
      path: '/base/revocations',
      headers: headers(back),
      body: `{"external_id":"${back}","customer":"U1","pass":"p","of":"${pay}"}`,
    },
  ]);
});
