import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { asRole } from '../src/db/connect.ts';
import type { RewardServices } from '../src/local/reward-services.ts';
import { registry } from '../src/metrics.ts';
import { testDatabase } from '../src/testing/database.ts';
import {
  allEnded,
  attemptRows,
  type Owed,
  outboxRows,
  owe,
  testServices,
  testWorker,
} from '../src/testing/dispatch.ts';
import { waitFor } from '../src/testing/wait.ts';

/** Short enough that a test can outwait it, long enough for a busy machine. */
const shortLease = { leaseMs: 4_000, serviceTimeoutMs: 1_000 };

async function wake(url: string, ...destinations: string[]): Promise<number> {
  const client = new pg.Client(asRole(url, 'milepost_ingest'));
  await client.connect();
  try {
    const { rows } = await client.query('select milepost.outbox_wake($1) as added', [destinations]);
    return rows[0].added;
  } finally {
    await client.end();
  }
}

function expectPaidOnce(services: RewardServices, owed: readonly Owed[]): void {
  const paid = services.books().map(({ key, user_id: userId, amount }) => ({ key, userId, amount }));
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
  expect(paid.toSorted(byKey)).toEqual(owed.toSorted(byKey));
}

test('each reward is paid once, though one call in ten fails after it was applied', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [
      { service: 'neucoin', how: 'status', when: 'after', one_in: 10 },
      { service: 'neucoin', how: 'reset', when: 'after', one_in: 13 },
      { service: 'voucher', how: 'garbage', when: 'after', one_in: 10 },
      { service: 'voucher', how: 'status', status: 503, one_in: 7 },
    ],
  });
  const refreshed = new Set<string>();
  await using worker = await testWorker(database.url, services, {
    refresh: async (players) => {
      for (const player of players) refreshed.add(player.join());
    },
  });
  const owed = [
    ...(await owe(database.pool, { count: 300 })),
    ...(await owe(database.pool, { count: 100, destination: 'voucher', amount: 50 })),
  ];
  await wake(database.url, 'neucoin', 'voucher');
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();

  expectPaidOnce(services, owed);
  const rows = await outboxRows(database.pool);
  expect(new Set(rows.map(({ state, revision, leased }) => `${state} ${revision} ${leased}`))).toEqual(
    new Set(['done 1 false']),
  );
  const attempts = await attemptRows(database.pool);
  expect(attempts).toHaveLength(rows.reduce((sum, row) => sum + row.attempts, 0));
  expect(attempts).toHaveLength(services.calls('neucoin') + services.calls('voucher'));
  expect(attempts.filter(({ result }) => result === 'retry').length).toBeGreaterThan(40);

  const { rows: players } = await database.pool.query(
    "select bucket || ',' || player_id as player from milepost.player",
  );
  expect([...refreshed].sort()).toEqual(players.map(({ player }) => player).sort());
});

test('what a service answered is on record, but no voucher code', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using worker = await testWorker(database.url, services);
  const [coins] = await owe(database.pool);
  const [voucher] = await owe(database.pool, { destination: 'voucher', amount: 250 });
  await wake(database.url, 'neucoin', 'voucher');
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();

  const answers = new Map((await outboxRows(database.pool)).map(({ key, answer }) => [key, answer]));
  expect(answers.get(coins?.key ?? '')).toEqual({ transaction_id: expect.any(String), status: 'credited', amount: 10 });
  expect(answers.get(voucher?.key ?? '')).toEqual({
    voucher_id: expect.any(String),
    status: 'issued',
    amount: 250,
    masked_code: expect.stringMatching(/^\*{4}[0-9A-F]{4}$/),
  });
  const attempts = await attemptRows(database.pool);
  expect(attempts.find(({ key }) => key === coins?.key)?.request).toEqual({
    idempotency_key: coins?.key,
    user_id: coins?.userId,
    amount: 10,
    currency: 'NC',
    reference: { game_id: 'game', window_start: '2026-05-01T00:00:00.000Z', step: 3, earning: 1 },
  });
  const receipt = await fetch(`${services.voucherUrl}/v1/vouchers/${voucher?.key}`);
  const { code } = (await receipt.json()) as { code: string };
  const { rows } = await database.pool.query(
    'select o::text as row from milepost.outbox o union all select a::text from milepost.dispatch_attempt a',
  );
  for (const { row } of rows) expect(row).not.toContain(code);
});

test('a definite refusal ends failed, once, with the reason to be seen', async () => {
  await using database = await testDatabase();
  const [blocked] = await owe(database.pool);
  await using services = await testServices({ refusals: { [blocked?.userId ?? '']: 'USER_BLOCKED' } });
  const refreshed: [number, string][] = [];
  await using worker = await testWorker(database.url, services, {
    refresh: async (players) => {
      refreshed.push(...players);
    },
  });
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();

  expect(await outboxRows(database.pool)).toMatchObject([
    { state: 'failed', attempts: 1, revision: 1, last_error: 'USER_BLOCKED', answer: { code: 'USER_BLOCKED' } },
  ]);
  expect(await attemptRows(database.pool)).toMatchObject([{ result: 'refused', error: 'USER_BLOCKED' }]);
  expect(services.books()).toEqual([]);
  expect(refreshed).toHaveLength(1);
});

test('a service that asks for patience is not called before, and needs no sweep to be called again', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [{ service: 'neucoin', how: 'status', status: 429, retry_after_seconds: 1 }],
  });
  await using worker = await testWorker(database.url, services);
  const owed = await owe(database.pool);
  await wake(database.url, 'neucoin');
  await waitFor('the first attempt', async () => (await attemptRows(database.pool)).length > 0);
  services.setFaults([]);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();

  const attempts = await attemptRows(database.pool);
  expect(attempts.map(({ result, error }) => [result, error])).toEqual([
    ['retry', 'overloaded: 429 TOLD_TO_FAIL'],
    ['done', null],
  ]);
  expect((attempts[1]?.started_ms ?? 0) - (attempts[0]?.started_ms ?? 0)).toBeGreaterThanOrEqual(1_000);
  expectPaidOnce(services, owed);
});

test('after a long outage of Redis no refresh waits long for its next attempt', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const count = 40;
  await database.pool.query(
    `select milepost.outbox_append(array_fill(0::smallint, array[$1::integer]), array_fill('projection'::text, array[$1]),
                                   array_fill(null::uuid, array[$1]), array_fill('{"players": [[0, "1"]]}'::jsonb, array[$1]))`,
    [count],
  );
  await database.pool.query('update milepost.outbox set attempts = 20');
  await using worker = await testWorker(database.url, services, {
    async refresh() {
      throw new Error('Redis is away');
    },
  });
  const tried = await waitFor('an attempt of each', async () => {
    const rows = await outboxRows(database.pool);
    return rows.every(({ state, attempts }) => state === 'pending' && attempts > 20) && rows;
  });
  await worker.stop();
  const waits = tried.map(({ due_in_s }) => due_in_s);
  expect(waits).toHaveLength(count);
  expect(Math.max(...waits)).toBeLessThanOrEqual(10);
});

test('a destination that hangs delays no other, however often it is woken', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'hang' }] });
  await using worker = await testWorker(database.url, services, {
    concurrency: 1,
    // Longer than the test waits.
    timing: { serviceTimeoutMs: 100_000, leaseMs: 400_000 },
  });
  await owe(database.pool, { count: 100 });
  await wake(database.url, 'neucoin');
  await waitFor('hanging calls', () => services.calls('neucoin') >= 32);
  for (let more = 0; more < 5; more++) await wake(database.url, 'neucoin');
  await owe(database.pool, { count: 100, destination: 'voucher' });
  await wake(database.url, 'voucher');

  const vouchers = async () => (await outboxRows(database.pool)).filter(({ destination }) => destination === 'voucher');
  await waitFor('all vouchers', async () => (await vouchers()).every(({ state }) => state === 'done'));
  expect(services.calls('neucoin')).toBe(32);
  services.setFaults([]);
  services.forgetKeys(); // and closes the connections that hang
  await worker.stop();
});

test('after a restore, a reward that the lost database had paid long ago is not paid again', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const twoDaysAgo = Date.now() - 2 * 86_400_000;
  const [paid] = await owe(database.pool, { receivedAt: twoDaysAgo });
  {
    await using worker = await testWorker(database.url, services);
    await worker.idle();
  }
  expect(services.calls('neucoin')).toBe(1);

  // The restored database knows nothing of the attempt; the event was read again from Kafka, with its old time of receipt.
  await database.pool.query('delete from milepost.dispatch_attempt');
  await database.pool.query(
    `update milepost.outbox set state = 'pending', attempts = 0, first_attempt_at = null, answer = null, settled_at = null, revision = 0`,
  );
  {
    await using worker = await testWorker(database.url, services);
    await worker.idle();
  }
  expect(await outboxRows(database.pool)).toMatchObject([{ state: 'done' }]);
  expect(services.calls('neucoin')).toBe(1);
  expect(services.books()).toMatchObject([{ key: paid?.key }]);
});

test('messages whose wake-up was lost are found by the sweep', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using worker = await testWorker(database.url, services);
  await worker.idle();
  const owed = await owe(database.pool, { count: 5 });
  const client = new pg.Client(asRole(database.url, 'milepost_worker'));
  await client.connect();
  await client.query("select graphile_worker.add_job('sweep')");
  await client.end();
  await waitFor('the end of all messages', () => allEnded(database.pool));
  expectPaidOnce(services, owed);

  await waitFor('the partitions of the coming days', async () => {
    const { rows } = await database.pool.query(
      "select count(*)::integer as days from pg_inherits where inhparent = 'milepost.inbox'::regclass",
    );
    return rows[0].days >= 4;
  });
});

test('a worker killed in the middle leaves nothing unpaid and nothing paid twice', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [{ service: 'neucoin', how: 'slow', when: 'after', delay_ms: 100 }],
  });
  const owed = await owe(database.pool, { count: 200 });
  const child = fork(join(import.meta.dirname, '../src/testing/worker-process.ts'), [
    JSON.stringify({
      databaseUrl: database.url,
      concurrency: 2,
      neucoin: { url: services.neucoinUrl },
      voucher: { url: services.voucherUrl },
      timing: shortLease,
    }),
  ]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await waitFor('the middle of the drain', () => services.calls('neucoin') > 80);
  const dead = once(child, 'exit');
  child.kill('SIGKILL');
  await dead;
  const atDeath = await outboxRows(database.pool);
  expect(atDeath.filter(({ state }) => state === 'leased').length).toBeGreaterThan(30);

  // The next worker is told by nobody when the leases end.
  await using worker = await testWorker(database.url, services, { timing: shortLease });
  // Sooner than the next sweep, most of the time.
  await waitFor('the end of all messages', () => allEnded(database.pool), { deadlineMs: 20_000 });
  await worker.idle();
  expectPaidOnce(services, owed);
  const again = services.books().filter(({ calls }) => calls > 1);
  expect(again.length).toBeGreaterThan(0);
});

test('a graceful stop finishes the calls under way and leaves nothing leased', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'slow', delay_ms: 300 }] });
  await using worker = await testWorker(database.url, services);
  const owed = await owe(database.pool, { count: 200 });
  await wake(database.url, 'neucoin');
  await waitFor('calls under way', () => services.calls('neucoin') >= 32);
  await Promise.all([worker.stop(), worker.stop()]);

  const called = services.calls('neucoin');
  const rows = await outboxRows(database.pool);
  const paid = rows.filter(({ state }) => state === 'done');
  const left = rows.filter(({ state }) => state === 'pending' && rows.length > 0);
  expect(paid).toHaveLength(called);
  expect(called).toBeLessThan(owed.length);
  const unsent = left.filter(({ destination }) => destination === 'neucoin');
  expect(unsent).toHaveLength(owed.length - called);
  for (const row of unsent) expect(row).toMatchObject({ attempts: 0, leased: false, tried: false, last_error: null });
  for (const row of unsent) expect(row.due_in_s).toBeLessThanOrEqual(0);

  await using _ = await testWorker(database.url, services);
  services.setFaults([]);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  expectPaidOnce(services, owed);
  expect(services.books().every(({ calls }) => calls === 1)).toBe(true);
});

test('broken connections to the database delay rewards, no more', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'slow', delay_ms: 20 }] });
  await using worker = await testWorker(database.url, services);
  const owed = await owe(database.pool, { count: 600 });
  await wake(database.url, 'neucoin');
  for (const paid of [50, 200, 350]) {
    await waitFor(`${paid} rewards`, () => services.books().length >= paid);
    await database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'milepost worker'",
    );
  }
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expectPaidOnce(services, owed);
});

test('wake-ups coalesce, and none but the queue’s owner can add jobs otherwise', async () => {
  await using database = await testDatabase();
  expect(await wake(database.url, 'neucoin', 'voucher')).toBe(2);
  expect(await wake(database.url, 'neucoin')).toBe(0);
  expect(await wake(database.url, 'neucoin', 'projection')).toBe(1);
  const client = new pg.Client(asRole(database.url, 'milepost_ingest'));
  await client.connect();
  await expect(client.query("select graphile_worker.add_job('sweep')")).rejects.toThrow(/permission denied/);
  await client.end();
});

test('a job runner that ends by itself fails the worker', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using worker = await testWorker(database.url, services);
  onTestFinished(() => {
    process.exitCode = undefined; // set by the job queue when it meets a newer version of itself
  });
  await database.pool.query(`select pg_notify('worker:migrate', '{"breaking": true, "migrationNumber": 999999}')`);
  await expect(worker.failed).rejects.toThrow('the job runner ended by itself');
});

test('a worker that cannot reach its database does not start', async () => {
  await using services = await testServices();
  await expect(testWorker('postgres://nobody:wrong@127.0.0.1:1/none', services)).rejects.toThrow(/ECONNREFUSED/);
});

test('without a projection refreshes are cleared away', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using worker = await testWorker(database.url, services);
  await owe(database.pool, { count: 3 });
  await wake(database.url, 'neucoin');
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect((await outboxRows(database.pool)).map(({ destination }) => destination)).toEqual([
    'neucoin',
    'neucoin',
    'neucoin',
  ]);
});

test('a refresh that fails is tried again', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  let calls = 0;
  await using worker = await testWorker(database.url, services, {
    refresh: async () => {
      calls += 1;
      if (calls === 1) throw new Error('no projection today');
    },
  });
  await owe(database.pool);
  await wake(database.url, 'neucoin');
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(calls).toBe(2);
});

test('the age of the oldest due message is a metric', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using worker = await testWorker(database.url, services);
  await worker.idle();
  // Nobody is woken; held by somebody, so that a sweep finds nothing either.
  await owe(database.pool);
  const holder = await database.pool.connect();
  await holder.query('begin; select from milepost.outbox for update');
  const gauge = registry.getSingleMetric('milepost_outbox_oldest_due_seconds');
  const values = (await gauge?.get())?.values ?? [];
  const ages = Object.fromEntries(values.map(({ labels, value }) => [labels.destination, value]));
  expect(ages).toEqual({ budget: 0, neucoin: expect.any(Number), voucher: 0, projection: 0 });
  expect(ages.neucoin).toBeGreaterThan(0);
  await holder.query('rollback');
  holder.release();
});

test('the age of the oldest change that Redis has not been told of is a metric, also between two attempts', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using worker = await testWorker(database.url, services, {
    refresh: () => Promise.reject(new Error('no projection today')),
  });
  const age = async () =>
    (await registry.getSingleMetric('milepost_projection_age_seconds')?.get())?.values[0]?.value ?? Number.NaN;
  expect(await age()).toBe(0);
  await database.pool.query(`
    insert into milepost.outbox (bucket, destination, body, state, created_at, next_attempt_at)
    values (0, 'projection', '{"players": [[0, "1"]]}', 'pending', now() - interval '90 s', now() + interval '1 h')`);
  expect(await age()).toBeGreaterThan(89);
  expect(await worker.delayMs()).toBe(0);
});
