// What only a configured service does; what all services do is in conformance.test.ts.
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';
import { createSealer } from '../seal.ts';
import { createConfiguredService } from './configured-service.ts';
import { parseService } from './service-config.ts';

const message: RewardMessage = {
  user_id: 'Ü1',
  reward_type: 'service:pass',
  amount: 2,
  game_id: 'game',
  window_start: '2026-05-01T00:00:00.000Z',
  step: 3,
  earning: 1,
  version: 1,
  event_received_at: '2026-05-10T10:00:00.000Z',
};
const signal = new AbortController().signal;
const sealer = createSealer([{ id: 'k', key: randomBytes(32) }]);

/** A service of this description, and a server that answers its calls with one answer after the other. */
async function scene(description: object, ...answers: [status: number, body: unknown][]) {
  const calls: { method?: string | undefined; url?: string | undefined; headers: IncomingHttpHeaders; body: string }[] =
    [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    calls.push({ method, url, headers, body });
    const [status, answer] = answers[calls.length - 1] ?? [500, {}];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`;
  const text = JSON.stringify({ service_id: 'pass', url, ...description });
  const secrets = new Map([['MILEPOST_SECRET_HMAC', 'hmac-key']]);
  const service = createConfiguredService(parseService(text, 'a test'), { secrets, sealer });
  onTestFinished(async () => {
    await service.close();
    server.close();
    server.closeAllConnections();
  });
  return { service, calls };
}

const done = { status: [200], means: 'done' };

test('the exact body is signed, with the time, and the signature is not on record', async () => {
  const signature = { secret: 'MILEPOST_SECRET_HMAC', header: 'X-Sig' };
  const pay = { method: 'PUT', path: '/p/{key}', body: { who: '{user_id}' }, answers: [done] };
  const lookup = { path: '/p/{key}', answers: [done] };
  const { service, calls } = await scene({ signature, pay, lookup }, [200, {}], [200, {}]);
  const delivery = await service.pay(message, 'k1', signal);
  await service.lookup(message, 'k1', signal);
  expect(calls.map(({ method, url, body }) => [method, url, body])).toEqual([
    ['PUT', '/v2/p/k1', '{"who":"Ü1"}'],
    ['GET', '/v2/p/k1', ''],
  ]);
  for (const { headers, body } of calls) {
    const time = String(headers['x-timestamp']);
    expect(Math.abs(Number(time) - Date.now() / 1_000)).toBeLessThan(60);
    expect(headers['x-sig']).toBe(createHmac('sha256', 'hmac-key').update(`${time}.${body}`, 'utf8').digest('hex'));
  }
  expect(delivery).toEqual({
    kind: 'done',
    request: { method: 'PUT', path: '/p/k1', key: 'k1', body: { who: 'Ü1' } },
    answer: { status: 200 },
    sealed: undefined,
  });
});

test('a code is sealed for its player, and masked everywhere else', async () => {
  const pay = { path: '/p', body: {}, answers: [{ ...done, keep: { id: 'id' }, code: 'codes[0].text' }] };
  const { service } = await scene(
    { pay },
    [200, { id: 'p1', codes: [{ text: 'LOUNGE-2026-ABCD' }] }],
    [200, { id: 'p1' }],
  );
  const delivery = await service.pay(message, 'k1', signal);
  if (delivery.kind !== 'done' || delivery.sealed === undefined) throw new Error(`it was ${delivery.kind}`);
  expect(delivery.answer).toEqual({ status: 200, id: 'p1', masked_code: '****ABCD' });
  expect(sealer.open(delivery.sealed, ['Ü1', 'game'])).toBe('LOUNGE-2026-ABCD');
  // What the rule names must be there.
  expect(await service.pay(message, 'k1', signal)).toMatchObject({ kind: 'retry', reason: 'unexpected_answer' });
});

test('the first rule that fits counts; what none is about is tried again', async () => {
  const answers = [
    { status: [200], where: { ok: false, 'why.code': ['NO_STOCK', 'BLOCKED'] }, means: 'refused', reason: 'why.code' },
    { status: [200], where: { ok: true }, means: 'done' },
    { status: [404], means: 'refused' },
    { status: [409], means: 'ambiguous' },
  ];
  const { service } = await scene(
    { pay: { path: '/p', answers } },
    [200, { ok: false, why: { code: 'NO_STOCK' } }],
    [200, { ok: false, why: { code: 'TRY_LATER' } }],
    [200, { ok: 'true' }],
    [404, null],
    [409, {}],
    [202, {}],
    [200, { ok: true }],
  );
  const results = [];
  for (let call = 1; call <= 7; call++) {
    const delivery = await service.pay(message, 'k1', signal);
    results.push(delivery.kind === 'refused' ? `refused ${delivery.error}` : delivery.kind);
  }
  expect(results).toEqual(['refused NO_STOCK', 'retry', 'retry', 'refused 404', 'ambiguous', 'retry', 'done']);
});

test('what a service is not configured for is said, and nobody is called', async () => {
  const { service, calls } = await scene({ pay: { path: '/p', answers: [done] } });
  expect(await service.lookup(message, 'k1', signal)).toMatchObject({ kind: 'unanswerable' });
  const takeBack: TakeBackMessage = {
    ...message,
    operation: 'take_back',
    paid: { key: 'k1', answer: { status: 200 } },
  };
  expect(await service.takeBack(takeBack, 'k2', signal)).toMatchObject({
    kind: 'refused',
    request: null,
    error: 'the service is not configured to take rewards back',
  });
  expect(await service.lookupTakeBack(takeBack, 'k2', signal)).toMatchObject({ kind: 'unanswerable' });
  expect(calls).toEqual([]);
});

test('a payment that was concluded by hand, without what taking it back needs, is not taken back', async () => {
  const pay = { path: '/p', answers: [{ ...done, keep: { id: 'id' } }] };
  const { service, calls } = await scene({ pay, take_back: { path: '/p/{paid.id}/revoke', answers: [done] } }, [
    200,
    {},
  ]);
  const paid = (answer: { [field: string]: string }): TakeBackMessage => ({
    ...message,
    operation: 'take_back',
    paid: { key: 'k1', answer },
  });
  expect(await service.takeBack(paid({ transaction_id: 't' }), 'k2', signal)).toMatchObject({
    kind: 'refused',
    error: expect.stringContaining('{paid.id}'),
  });
  expect(await service.takeBack(paid({ id: 'a/b' }), 'k2', signal)).toMatchObject({ kind: 'done' });
  expect(calls.map(({ url }) => url)).toEqual(['/v2/p/a%2Fb/revoke']);
});
