// What an outage of a service costs: two workers, the stand-in service, and waits short enough that many probes fit into a test.
import { expect, test } from 'vitest';
import type { RewardServices } from '../src/local/reward-services.ts';
import { registry } from '../src/metrics.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { allEnded, attemptRows, outboxRows, owe, testServices, testWorker } from '../src/testing/dispatch.ts';
import { waitFor } from '../src/testing/wait.ts';

/** Ten minutes in a second and a half. */
const compressed = { circuit: { waitMs: 2, waitMaxMs: 150 } };

interface Seen {
  state: string;
  openings: number;
  reason: string | null;
  calls: number;
}

/** The circuit and the number of calls, of one moment in which no call is under way; undefined when this is no such moment. */
async function quietMoment(database: TestDatabase, services: RewardServices): Promise<Seen | undefined> {
  const before = services.calls('neucoin');
  const { rows } = await database.pool.query(
    `select c.state::text, c.openings, c.reason,
            (select count(*)::integer from milepost.outbox where state = 'leased') as leased from milepost.circuit c`,
  );
  const { leased, ...circuit } = rows[0] ?? { leased: 1 };
  return leased === 0 && services.calls('neucoin') === before ? { ...circuit, calls: before } : undefined;
}

async function openedAt(database: TestDatabase, services: RewardServices, openings: number): Promise<Seen> {
  return waitFor(`an open circuit after ${openings} openings`, async () => {
    const seen = await quietMoment(database, services);
    return seen?.state === 'open' && seen.openings >= openings && seen;
  });
}

test('an outage costs no attempt after the circuit has opened but its probes, and all is paid once when it ends', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'status', status: 503 }] });
  const owed = await owe(database.pool, { count: 400 });
  await using first = await testWorker(database.url, services, { timing: compressed });
  await using second = await testWorker(database.url, services, { timing: compressed });

  const opened = await openedAt(database, services, 1);
  // The failures that opened it, and what two workers had under way.
  expect(opened.calls - opened.openings).toBeLessThanOrEqual(2 * (10 + 32));
  const later = await openedAt(database, services, 16);
  expect(later.calls - opened.calls).toBe(later.openings - opened.openings);

  services.setFaults([]);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await Promise.all([first.idle(), second.idle()]);
  expect(services.books()).toHaveLength(owed.length);
  // No attempt is counted that was not a call.
  const rows = await outboxRows(database.pool);
  expect(rows.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(services.calls('neucoin'));
  const attempts = await attemptRows(database.pool);
  expect(attempts.length).toBe(services.calls('neucoin'));
  // The backlog is let go in waves of 1, 2, 4 … messages over both workers: no call begins before the wave before it has ended.
  const paid = attempts.filter(({ result }) => result === 'done');
  for (const sent of [1, 3, 7, 15, 31, 63, 127]) {
    const lastEnd = Math.max(...paid.slice(0, sent).map(({ started_ms, took_ms }) => started_ms + took_ms));
    expect(paid[sent]?.started_ms, `after ${sent}`).toBeGreaterThanOrEqual(lastEnd);
  }
  const { rows: changes } = await database.pool.query(
    'select state::text from milepost.circuit_change order by change_no',
  );
  expect(changes).toEqual([{ state: 'open' }, { state: 'closed' }]);
});

test('a service that hangs is found out too: what is leased and not sent is given back', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'hang' }] });
  const owed = await owe(database.pool, { count: 200 });
  await using worker = await testWorker(database.url, services, {
    timing: { serviceTimeoutMs: 300, leaseMs: 10_000, circuit: { waitMs: 100, waitMaxMs: 200 } },
  });
  const opened = await openedAt(database, services, 1);
  expect(opened.reason).toMatch(/failures in a row, the last: timeout$/);
  expect(opened.calls - opened.openings).toBeLessThanOrEqual(10 + 32);
  // All of one moment: probes go on.
  const { calls, untouched } = await waitFor('a moment without a probe', async () => {
    const before = await quietMoment(database, services);
    const rows = await outboxRows(database.pool);
    const after = await quietMoment(database, services);
    if (before === undefined || after?.calls !== before.calls || after.openings !== before.openings) return undefined;
    return { calls: after.calls, untouched: rows.filter(({ attempts }) => attempts === 0) };
  });
  expect(untouched.length).toBeGreaterThanOrEqual(owed.length - calls);
  for (const row of untouched) expect(row).toMatchObject({ state: 'pending', tried: false, last_error: null });
  services.setFaults([]);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(services.books()).toHaveLength(owed.length);
});

test('429 with Retry-After holds every worker back for so long', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [{ service: 'neucoin', how: 'status', status: 429, retry_after_seconds: 2 }],
  });
  await owe(database.pool, { count: 100 });
  await using first = await testWorker(database.url, services, { timing: compressed });
  await using second = await testWorker(database.url, services, { timing: compressed });
  await openedAt(database, services, 1);
  services.setFaults([]);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await Promise.all([first.idle(), second.idle()]);

  const attempts = await attemptRows(database.pool);
  const limited = attempts.filter(({ result }) => result === 'retry');
  const lastOfThem = Math.max(...limited.map(({ started_ms, took_ms }) => started_ms + took_ms));
  const firstPaid = Math.min(...attempts.filter(({ result }) => result === 'done').map(({ started_ms }) => started_ms));
  expect(firstPaid - lastOfThem).toBeGreaterThanOrEqual(1_990);
});

test('a token that is not accepted opens the circuit at the first answer; the metric says so', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ token: 'right' });
  const [owed] = await owe(database.pool);
  {
    await using _ = await testWorker(database.url, services, {
      neucoin: { url: services.neucoinUrl, token: 'wrong' },
      timing: { circuit: { waitMs: 60_000, waitMaxMs: 60_000 } },
    });
    await waitFor('an open circuit', async () => {
      const { rows } = await database.pool.query('select state::text, reason from milepost.circuit');
      return rows[0]?.state === 'open' && rows[0]?.reason === 'unauthorised';
    });
    const values = (await registry.getSingleMetric('milepost_circuit_state')?.get())?.values ?? [];
    expect(Object.fromEntries(values.map(({ labels, value }) => [labels.destination, value]))).toEqual({
      neucoin: 2,
      voucher: 0,
      projection: 0,
    });
  }
  // As if a minute had gone by.
  await database.pool.query('update milepost.circuit set probe_at = clock_timestamp()');
  await using worker = await testWorker(database.url, services, {
    neucoin: { url: services.neucoinUrl, token: 'right' },
  });
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(services.books()).toMatchObject([{ key: owed?.key }]);
});

test('one service that is away delays no other', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'reset' }] });
  await owe(database.pool, { count: 100 });
  await owe(database.pool, { count: 100, destination: 'voucher' });
  await using _ = await testWorker(database.url, services);
  await waitFor('all vouchers', async () =>
    (await outboxRows(database.pool)).every(({ destination, state }) => destination !== 'voucher' || state === 'done'),
  );
  services.setFaults([]);
});

test('a rate holds for all workers together', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const neucoin = { url: services.neucoinUrl, ratePerSecond: 100 };
  await using first = await testWorker(database.url, services, { neucoin });
  await using second = await testWorker(database.url, services, { neucoin });
  await owe(database.pool, { count: 250 });
  const began = performance.now();
  await database.pool.query("select milepost.outbox_wake(array['neucoin'])");
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await Promise.all([first.idle(), second.idle()]);
  // A second's worth is in store; the other 150 take a second and a half.
  expect(performance.now() - began).toBeGreaterThanOrEqual(1_450);
});

test('no more calls of a service are under way than it is configured to take', async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'hang' }] });
  await owe(database.pool, { count: 50 });
  await using worker = await testWorker(database.url, services, {
    neucoin: { url: services.neucoinUrl, concurrency: 3 },
    timing: { serviceTimeoutMs: 1_000 },
  });
  await waitFor('three calls', () => services.calls('neucoin') === 3);
  // Nor is much leased that could not be sent in time.
  const leased = (await outboxRows(database.pool)).filter(({ state }) => state === 'leased');
  expect(leased.length).toBeLessThanOrEqual(24);
  await waitFor('their end', async () => (await attemptRows(database.pool)).length >= 3);
  expect(services.calls('neucoin')).toBeLessThanOrEqual(6);
  services.setFaults([]);
  await worker.stop();
});
