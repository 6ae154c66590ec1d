import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { builtInDestinations } from '../event/message.ts';
import type { RewardServices } from '../local/reward-services.ts';
import { createLog } from '../log.ts';
import { readCircuits } from '../outbox/circuit.ts';
import { retryRewards } from '../outbox/retry.ts';
import { createSealer } from '../seal.ts';
import { testDatabase } from '../testing/database.ts';
import {
  allEnded,
  type Owed,
  outboxRows,
  owe,
  owePaidBack,
  testServices,
  testWorker,
  wakeWorkers,
} from '../testing/dispatch.ts';
import { waitFor } from '../testing/wait.ts';
import { takeBackKey } from './decide.ts';
import { parseService } from './service-config.ts';
import { readVoucherCode } from './voucher-code.ts';

const [, example = ''] =
  /```jsonc\n(.*?)```/s.exec(readFileSync(new URL('../../docs/services.md', import.meta.url), 'utf8')) ?? [];
const sealer = createSealer([{ id: 'k', key: randomBytes(32) }]);

/** What a worker is given to know the service of docs/services.md, at the stand-in. */
const knowing = ({ partnerUrl }: Pick<RewardServices, 'partnerUrl'>, file = example) => ({
  voucherCodes: sealer,
  configured: {
    services: [parseService(file, 'docs/services.md')],
    secrets: new Map([
      ['MILEPOST_SECRET_LOUNGE_URL', partnerUrl],
      ['MILEPOST_SECRET_LOUNGE_TOKEN', 'T'],
      ['MILEPOST_SECRET_LOUNGE_HMAC', 'k'],
    ]),
  },
});

test('rewards of a configured service are paid and taken back like any others, through repeats', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [
      { service: 'partner', how: 'reset', when: 'after', one_in: 3 },
      { service: 'partner', on: 'take_back', how: 'status', status: 503, one_in: 2 },
    ],
  });
  const owed = await owe(database.pool, { destination: 'service:lounge_pass', count: 5, amount: 1 });
  await using worker = await testWorker(database.url, services, knowing(services));
  await waitFor('the passes', () => allEnded(database.pool));
  const [first] = owed as [Owed];
  await owePaidBack(database.pool, first.key);
  await wakeWorkers(database.pool, ['service:lounge_pass']);
  await waitFor('the revocation', () => allEnded(database.pool));
  await worker.idle();
  const books = services.books().map(({ service, operation, key, amount }) => [service, operation, key, amount]);
  expect(books.toSorted()).toEqual(
    [
      ...owed.map(({ key }) => ['partner', 'pay', key, 1]),
      ['partner', 'take_back', takeBackKey(first.key), 1],
    ].toSorted(),
  );
  const db = connect(database.url, { role: 'milepost_api', size: 1, log: createLog({ level: 'silent' }) });
  const claim = { gameId: 'game', windowStart: Date.UTC(2026, 4, 1), step: 3, earning: 1 };
  const codes = await Promise.all(owed.map(({ userId }) => readVoucherCode(db, sealer, { ...claim, userId })));
  expect(codes.map(({ kind }) => kind)).toEqual(['taken_back', 'code', 'code', 'code', 'code']);
  await db.close();
});

test('rewards of a service that no worker knows wait and are listed; one that knows it pays them', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await owe(database.pool, { destination: 'service:lounge_pass' });
  {
    await using without = await testWorker(database.url, services);
    await without.idle();
    expect(await without.delayMs()).toBeGreaterThan(0);
  }
  expect(await outboxRows(database.pool)).toMatchObject([{ state: 'pending', attempts: 0 }]);
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: createLog({ level: 'silent' }) });
  expect((await readCircuits(support, builtInDestinations)).at(-1)).toMatchObject({
    destination: 'service:lounge_pass',
    state: 'closed',
    waiting: 1,
  });
  await support.close();
  await using _worker = await testWorker(database.url, services, knowing(services));
  await waitFor('the pass', () => allEnded(database.pool));
  expect(services.books()).toHaveLength(1);
});

test('the file changed between two attempts: the repeat is the same to the byte; a new key, and a new reward, go by the new file', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using partner = await startPartner();
  const [lost, refused] = (await owe(database.pool, { destination: 'service:lounge_pass', count: 2 })) as [Owed, Owed];
  partner.answers.set(lost.userId, 'none').set(refused.userId, 'USER_BLOCKED');
  {
    await using _worker = await testWorker(database.url, services, knowing(partner));
    await waitFor('a call of each', async () => {
      const rows = await outboxRows(database.pool);
      return rows.filter(({ key }) => key !== null).every(({ last_error }) => last_error !== null);
    });
  }
  partner.answers.clear();
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: createLog({ level: 'silent' }) });
  await retryRewards(support, [refused.key], { state: 'failed', by: 'asha', reason: 'ticket 812' });
  await support.close();
  const [fresh] = (await owe(database.pool, { destination: 'service:lounge_pass' })) as [Owed];
  const before = partner.calls.find(({ body }) => body.includes(lost.key));
  const first = partner.calls.length;

  const file = example
    .replace('"path": "/passes",\n    "body"', '"path": "/v2/passes",\n    "body"')
    .replace(
      '"customer": "{user_id}", "units": "{amount}", "campaign": "{game_id} step {step}"',
      '"units": "{amount}", "customer": "{user_id}", "of": "{game_id}"',
    );
  await database.pool.query(
    "update milepost.outbox set next_attempt_at = clock_timestamp() where state in ('pending', 'leased')",
  );
  await using _worker = await testWorker(database.url, services, knowing(partner, file));
  await waitFor('the passes', async () => (await outboxRows(database.pool)).every(({ state }) => state === 'done'));
  const called = partner.calls.slice(first);
  expect(called.find(({ body }) => body.includes(lost.key))).toEqual(before);
  const changed = called.filter(({ url }) => url === '/v2/passes').map(({ body }) => JSON.parse(body));
  expect(changed.map(({ customer }) => customer).toSorted()).toEqual([refused.userId, fresh.userId].toSorted());
  expect(changed[0]).toEqual({ external_id: expect.any(String), units: 10, customer: expect.any(String), of: 'game' });
});

/** A partner that tells what it was sent, to the byte, and answers some of its customers otherwise than with a pass: not at all, or with a refusal. */
async function startPartner() {
  const calls: { url: string | undefined; body: string }[] = [];
  const answers = new Map<string, string>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url } = request;
    const answer = (status: number, document: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    };
    if (method !== 'POST') return answer(404, { error: { code: 'KEY_UNKNOWN' } });
    calls.push({ url, body });
    const { customer, units } = JSON.parse(body);
    const code = answers.get(customer);
    if (code === 'none') return void request.socket.destroy();
    if (code !== undefined) return answer(422, { error: { code } });
    answer(201, { data: { id: 'P1', state: 'ACTIVE', units, pin: '1234' } });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    partnerUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    answers,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
