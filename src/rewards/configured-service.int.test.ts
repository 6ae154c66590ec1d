import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { builtInDestinations } from '../event/message.ts';
import type { RewardServices } from '../local/reward-services.ts';
import { createLog } from '../log.ts';
import { readCircuits } from '../outbox/circuit.ts';
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
const knowing = ({ partnerUrl }: RewardServices) => ({
  voucherCodes: sealer,
  configured: {
    services: [parseService(example, 'docs/services.md')],
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
