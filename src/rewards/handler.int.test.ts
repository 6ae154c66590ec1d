import { expect, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import {
  allEnded,
  attemptRows,
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

/** A message whose first attempt was two days ago, longer than the service remembers its key. */
async function oweSinceLong(database: Awaited<ReturnType<typeof testDatabase>>) {
  const [owed] = await owe(database.pool);
  if (owed === undefined) throw new Error('nothing owed');
  await database.pool.query("update milepost.outbox set attempts = 1, first_attempt_at = now() - interval '2 days'");
  return owed;
}

test('a payment whose key is too old to be sent is looked up, and found', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const { key, userId } = await oweSinceLong(database);
  const body = { user_id: userId, amount: 10, currency: 'NC', reference: null, idempotency_key: key };
  await fetch(`${services.neucoinUrl}/v1/credits`, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(await outboxRows(database.pool)).toMatchObject([
    { state: 'done', answer: { status: 'credited', amount: 10 } },
  ]);
  expect(services.calls('neucoin')).toBe(1);
  expect(await attemptRows(database.pool)).toMatchObject([{ attempt: 2, result: 'done', request: { lookup: key } }]);
});

test('a payment that the service never had is made', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const { key } = await oweSinceLong(database);
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(services.books()).toMatchObject([{ key, calls: 1 }]);
});

test('a payment that cannot be looked up is ambiguous, and not made', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [{ service: 'neucoin', on: 'lookup', how: 'status', status: 501 }],
  });
  await oweSinceLong(database);
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(await outboxRows(database.pool)).toMatchObject([
    { state: 'ambiguous', revision: 1, last_error: expect.stringContaining('501') },
  ]);
  expect(await attemptRows(database.pool)).toMatchObject([{ result: 'ambiguous' }]);
  expect(services.calls('neucoin')).toBe(0);
});

test.each(['neucoin', 'voucher'] as const)(
  'what %s paid is taken back, once, or not with the reason',
  async (destination) => {
    await using database = await testDatabase();
    const takeBackRefusals: Record<string, string> = {};
    await using services = await testServices({
      takeBackRefusals,
      faults: [{ service: destination, on: 'take_back', when: 'after', how: 'reset', one_in: 2 }],
    });
    await using worker = await testWorker(database.url, services);
    const paid = await owe(database.pool, { destination, count: 3 });
    await wakeWorkers(database.pool, [destination]);
    await waitFor('the payments', () => allEnded(database.pool));
    const [first, spent, wrong] = paid as [Owed, Owed, Owed];
    takeBackRefusals[spent.userId] = destination === 'neucoin' ? 'INSUFFICIENT_BALANCE' : 'ALREADY_USED';
    for (const { key } of [first, spent]) await owePaidBack(database.pool, key);
    await owePaidBack(database.pool, wrong.key, { key: first.key });
    await wakeWorkers(database.pool, [destination]);
    await waitFor('the end of all messages', () => allEnded(database.pool));
    await worker.idle();
    expect((await outboxRows(database.pool)).slice(3)).toMatchObject([
      {
        key: takeBackKey(first.key),
        state: 'done',
        answer: { status: destination === 'neucoin' ? 'debited' : 'cancelled' },
      },
      { key: takeBackKey(spent.key), state: 'failed', last_error: takeBackRefusals[spent.userId] },
      { key: takeBackKey(wrong.key), state: 'failed', last_error: expect.stringMatching(/^(CREDIT|VOUCHER)_UNKNOWN$/) },
    ]);
    expect(services.books().filter(({ operation }) => operation === 'take_back')).toMatchObject([
      { service: destination, key: takeBackKey(first.key), user_id: first.userId, amount: 10, takes_back: first.key },
    ]);
  },
);

test('what took a reward back long ago is looked up, and found', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [{ service: 'neucoin', on: 'take_back', when: 'after', how: 'reset' }],
  });
  const [paid] = await owe(database.pool);
  if (paid === undefined) throw new Error('nothing owed');
  {
    await using worker = await testWorker(database.url, services);
    await waitFor('the payment', () => allEnded(database.pool));
    await owePaidBack(database.pool, paid.key);
    await wakeWorkers(database.pool, ['neucoin']);
    await waitFor('the call', () => services.calls('neucoin', 'take_back') > 0);
    services.setFaults([{ service: 'neucoin', on: 'take_back', how: 'status', status: 500 }]);
    await worker.idle();
  }
  await database.pool.query(
    "update milepost.outbox set first_attempt_at = now() - interval '2 days', next_attempt_at = now() where state = 'pending'",
  );
  await using _worker = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  expect((await attemptRows(database.pool)).at(-1)).toMatchObject({
    key: takeBackKey(paid.key),
    result: 'done',
    request: { lookup: takeBackKey(paid.key) },
    answer: { status: 'debited', amount: 10 },
  });
});

test('a look-up that fails is repeated; nothing is sent meanwhile', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [{ service: 'neucoin', on: 'lookup', how: 'status', status: 503 }],
  });
  const { key } = await oweSinceLong(database);
  await using worker = await testWorker(database.url, services);
  await waitFor('two look-ups', async () => (await attemptRows(database.pool)).length >= 2);
  expect(services.calls('neucoin')).toBe(0);
  services.setFaults([]);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(services.books()).toMatchObject([{ key, calls: 1 }]);
});
