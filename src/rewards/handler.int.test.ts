import { expect, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { allEnded, attemptRows, outboxRows, owe, testServices, testWorker } from '../testing/dispatch.ts';
import { waitFor } from '../testing/wait.ts';

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
