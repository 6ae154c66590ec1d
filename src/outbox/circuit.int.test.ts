import { expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { builtInDestinations } from '../event/message.ts';
import { createLog } from '../log.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { owe } from '../testing/dispatch.ts';
import { type CircuitRules, readCircuits, setCircuit } from './circuit.ts';
import type { Delivery, RetryReason } from './delivery.ts';
import { type LeasedMessage, leaseDue } from './lease.ts';
import { type Settlement, settle } from './settle.ts';

const log = createLog({ level: 'silent' });
const rules: CircuitRules = {
  openAfter: 3,
  openShare: 0.5,
  shareResults: 12,
  windowMs: 3_600_000,
  // Not over by itself while a test goes on.
  waitMs: 60_000,
  waitMaxMs: 480_000,
  fullWave: 8,
};
const done: Delivery = { kind: 'done', request: {}, answer: {} };
const refused: Delivery = { kind: 'refused', request: {}, answer: {}, error: 'USER_BLOCKED' };
const failing = (reason: RetryReason, retryAfterMs?: number): Delivery => ({
  kind: 'retry',
  request: {},
  reason,
  error: 'no',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

interface Scene extends AsyncDisposable {
  database: TestDatabase;
  db: Db;
  lease(rows?: number, ratePerSecond?: number): Promise<{ messages: LeasedMessage[]; dueInMs: number | undefined }>;
  /** Settles messages, each with its own result or all with one. */
  settle(messages: readonly LeasedMessage[], ...results: Settlement['delivery'][]): ReturnType<typeof settle>;
  circuit(): Promise<Record<string, unknown> | undefined>;
  /** Lets the wait for the next probe be over. */
  waited(): Promise<void>;
}

/** A worker's hands on an outbox of `count` due messages. */
async function scene(count: number): Promise<Scene> {
  const database = await testDatabase();
  const db = connect(database.url, { role: 'milepost_worker', size: 4, log });
  await owe(database.pool, { count });
  return {
    database,
    db,
    lease: (rows = 8, ratePerSecond = undefined) =>
      transaction(db, (tx) => leaseDue(tx, 'neucoin', { rows, leaseMs: 60_000, ratePerSecond })),
    settle: (messages, ...results) =>
      transaction(db, (tx) =>
        settle(
          tx,
          'neucoin',
          messages.map((message, index) => ({
            message,
            delivery: results[index] ?? (results[0] as Delivery),
            waitMs: 0,
            startedAt: 0,
            endedAt: 0,
          })),
          rules,
        ),
      ),
    async circuit() {
      const { rows } = await database.pool.query(
        `select state::text, failures, openings, wave, by_hand, reason, window_results, window_failures,
                extract(epoch from probe_at - changed_at)::double precision * 1000 as wait_ms from milepost.circuit`,
      );
      return rows[0];
    },
    async waited() {
      await database.pool.query('update milepost.circuit set probe_at = clock_timestamp()');
    },
    async [Symbol.asyncDispose]() {
      await db.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Fails as often as it takes; the messages that failed are not due again before the test is over. */
async function open(it: Scene): Promise<void> {
  const { messages } = await it.lease(rules.openAfter);
  expect(await it.settle(messages, failing('timeout'))).toMatchObject({ circuit: 'open', circuit_changed: true });
  await it.database.pool.query(
    "update milepost.outbox set next_attempt_at = next_attempt_at + interval '1 hour' where attempts > 0",
  );
}

test('failures in a row open it, over leases and workers; a success between them does not', async () => {
  await using it = await scene(20);
  const [a, b] = [(await it.lease(2)).messages, (await it.lease(2)).messages];
  expect(await it.settle(a, failing('timeout'))).toMatchObject({ circuit: 'closed', circuit_changed: false });
  expect(await it.circuit()).toMatchObject({ state: 'closed', failures: 2 });
  // In the order in which the calls ended: the first of these two works.
  expect(await it.settle(b, done, failing('server_error'))).toMatchObject({ circuit: 'closed' });
  expect(await it.circuit()).toMatchObject({ failures: 1 });
  await it.settle((await it.lease(1)).messages, refused);
  expect(await it.circuit()).toMatchObject({ state: 'closed', failures: 0 });

  const [c, d] = [(await it.lease(2)).messages, (await it.lease(1)).messages];
  await it.settle(c, failing('unreachable'));
  expect(await it.settle(d, failing('overloaded'))).toMatchObject({ circuit: 'open', circuit_changed: true });
  expect(await it.circuit()).toMatchObject({ state: 'open', reason: '3 failures in a row, the last: overloaded' });
  const { rows } = await it.database.pool.query('select state::text, changed_by, reason from milepost.circuit_change');
  expect(rows).toEqual([
    { state: 'open', changed_by: 'milepost', reason: '3 failures in a row, the last: overloaded' },
  ]);
});

test('a large part of all results within a time opens it, whoever had them and however they are mixed', async () => {
  await using it = await scene(40);
  // What succeeded before the first failure is not counted.
  await it.settle((await it.lease(8)).messages, done);
  const [a, b, c] = [(await it.lease(4)).messages, (await it.lease(7)).messages, (await it.lease(2)).messages];
  await it.settle(a, failing('timeout'), done, failing('timeout'), done);
  expect(await it.circuit()).toMatchObject({ state: 'closed', window_results: 4, window_failures: 2 });
  await it.settle(
    b,
    done,
    failing('timeout'),
    done,
    failing('server_error'),
    done,
    failing('timeout'),
    failing('timeout'),
  );
  expect(await it.circuit()).toMatchObject({ state: 'closed', window_results: 11, window_failures: 6 });
  // Enough results, but nothing failed now.
  await it.settle(c, done);
  expect(await it.circuit()).toMatchObject({ state: 'closed', window_results: 13, window_failures: 6 });
  expect(await it.settle((await it.lease(1)).messages, failing('overloaded'))).toMatchObject({ circuit: 'open' });
  expect(await it.circuit()).toMatchObject({
    reason: '7 of 14 results were failures, the last: overloaded',
    window_results: 0,
  });
});

test('failures that are a small part, or of another time, do not open it; and it is forgotten when its time is over', async () => {
  await using it = await scene(60);
  await it.settle((await it.lease(5)).messages, done, done, failing('timeout'), done, done);
  for (let lease = 0; lease < 3; lease++) {
    await it.settle((await it.lease(5)).messages, failing('timeout'), failing('timeout'), done, done, done);
  }
  expect(await it.circuit()).toMatchObject({ state: 'closed', window_results: 20, window_failures: 7 });
  await it.database.pool.query("update milepost.circuit set window_from = window_from - interval '1 hour'");
  await it.settle((await it.lease(4)).messages, failing('timeout'), done, failing('timeout'), done);
  expect(await it.circuit()).toMatchObject({ state: 'closed', window_results: 4, window_failures: 2 });
  await it.database.pool.query("update milepost.circuit set window_from = window_from - interval '1 hour'");
  await it.settle((await it.lease(1)).messages, done);
  expect(await it.circuit()).toBeUndefined();
});

test('answers we do not understand, and errors of ours, do not open it', async () => {
  await using it = await scene(8);
  const { messages } = await it.lease();
  await it.settle(messages.slice(0, 4), failing('unexpected_answer'));
  await it.settle(messages.slice(4), failing('handler_failed'));
  expect(await it.circuit()).toBeUndefined();
});

test.each(['unauthorised', 'no_route', 'untrusted'] as const)('%s opens it at once', async (reason) => {
  await using it = await scene(2);
  await it.settle((await it.lease(1)).messages, failing(reason));
  expect(await it.circuit()).toMatchObject({ state: 'open', reason });
});

test('while it is open nothing is leased, whoever asks, and a drain is told when to look again', async () => {
  await using it = await scene(10);
  await open(it);
  const { messages, dueInMs } = await it.lease();
  expect(messages).toEqual([]);
  expect(dueInMs).toBeGreaterThan(0);
  expect(dueInMs).toBeLessThanOrEqual(rules.waitMs);
  const { rows } = await it.database.pool.query('select sum(attempts)::integer as attempts from milepost.outbox');
  expect(rows[0].attempts).toBe(rules.openAfter);
});

test('one of many workers gets the probe, and it is one message', async () => {
  await using it = await scene(20);
  await open(it);
  await it.waited();
  const leases = await Promise.all(Array.from({ length: 12 }, () => it.lease()));
  expect(leases.map(({ messages }) => messages.length).toSorted()).toEqual([...Array(11).fill(0), 1]);
  for (const { messages, dueInMs } of leases) {
    if (messages.length === 0) expect(dueInMs).toBeLessThanOrEqual(1_000);
  }
  expect(await it.circuit()).toMatchObject({ state: 'half_open' });
});

test('a probe that fails, for whatever reason, makes the wait grow, with jitter and a bound', async () => {
  await using it = await scene(30);
  await open(it);
  for (const [opening, reason] of (
    ['timeout', 'unexpected_answer', 'timeout', 'timeout', 'timeout'] as const
  ).entries()) {
    const { wait_ms, openings } = (await it.circuit()) as { wait_ms: number; openings: number };
    const ceiling = Math.min(rules.waitMaxMs, rules.waitMs * 2 ** opening);
    expect(openings).toBe(opening + 1);
    expect(wait_ms).toBeGreaterThanOrEqual(ceiling / 2);
    expect(wait_ms).toBeLessThanOrEqual(ceiling);
    await it.waited();
    const { messages } = await it.lease();
    expect(messages).toHaveLength(1);
    expect(await it.settle(messages, failing(reason))).toMatchObject({ circuit: 'open', circuit_changed: true });
  }
});

test('what the service asks for is waited for, also when calls under way bring it later', async () => {
  await using it = await scene(10);
  const { messages } = await it.lease(5);
  await it.settle(messages.slice(0, 4), failing('overloaded', 200_000));
  expect((await it.circuit())?.wait_ms).toBeGreaterThanOrEqual(200_000);
  expect(await it.settle(messages.slice(4), failing('overloaded', 400_000))).toMatchObject({
    circuit: 'open',
    circuit_changed: false,
  });
  expect((await it.lease()).dueInMs).toBeGreaterThan(300_000);
});

test('it lets go of the backlog in waves of one worker, each twice the last, and closes after a full one', async () => {
  await using it = await scene(60);
  await open(it);
  await it.waited();
  for (const wave of [1, 2, 4, 8]) {
    const { messages } = await it.lease();
    expect(messages).toHaveLength(wave);
    expect((await it.lease()).messages).toEqual([]);
    // Settled in parts: the next begins when all of it is.
    if (wave > 1) {
      expect(await it.settle(messages.slice(1), done)).toMatchObject({ ready: false, circuit: 'half_open' });
      expect((await it.lease()).messages).toEqual([]);
    }
    expect(await it.settle(messages.slice(0, 1), refused)).toMatchObject({ ready: true, circuit_changed: wave === 8 });
  }
  expect(await it.circuit()).toBeUndefined();
  const { rows } = await it.database.pool.query(
    'select state::text, reason from milepost.circuit_change order by change_no',
  );
  expect(rows.at(-1)).toEqual({ state: 'closed', reason: 'the service answers' });
  expect([(await it.lease()).messages.length, (await it.lease()).messages.length]).toEqual([8, 8]);
});

test('a failure in a wave opens it again; what comes of the rest of that wave changes nothing', async () => {
  await using it = await scene(30);
  await open(it);
  await it.waited();
  await it.settle((await it.lease()).messages, done);
  const { messages } = await it.lease();
  await it.settle(messages.slice(0, 1), failing('server_error'));
  expect(await it.circuit()).toMatchObject({ state: 'open', openings: 2, wave: 1 });
  expect(await it.settle(messages.slice(1), done)).toMatchObject({ circuit: 'open', circuit_changed: false });
});

test('a wave that is all there was closes it', async () => {
  await using it = await scene(3);
  await open(it);
  await owe(it.database.pool, { count: 1 });
  await it.waited();
  // It cannot know yet that there is no second.
  expect(await it.settle((await it.lease()).messages, done)).toMatchObject({ circuit: 'half_open', ready: true });
  expect((await it.lease()).messages).toEqual([]);
  expect(await it.circuit()).toBeUndefined();

  await owe(it.database.pool, { count: 6 });
  await open(it);
  await it.waited();
  await it.database.pool.query('update milepost.circuit set wave = 4');
  const { messages } = await it.lease();
  expect(messages).toHaveLength(3);
  expect(await it.settle(messages, done)).toMatchObject({ circuit: 'closed', circuit_changed: true });
});

test('a probe whose worker died is over with its lease; one that was given back proves nothing', async () => {
  await using it = await scene(10);
  await open(it);
  await it.waited();
  const lost = (await it.lease()).messages;
  await it.waited();
  const given = (await it.lease()).messages;
  expect(given).toHaveLength(1);
  expect(await it.settle(lost, done)).toMatchObject({ circuit: 'half_open', ready: false });
  expect(await it.settle(given, { kind: 'released' })).toMatchObject({ circuit: 'half_open', ready: true });
  expect(await it.circuit()).toMatchObject({ wave: 1 });
  expect((await it.lease()).messages).toHaveLength(1);
});

test('opened by hand it stays open, whatever succeeds, until it is closed by hand; then it begins with one message', async () => {
  await using it = await scene(10);
  const support = connect(it.database.url, { role: 'milepost_support', size: 1, log });
  const set = (change: boolean) =>
    transaction(support, (tx) => setCircuit(tx, 'neucoin', { open: change, by: 'asha', reason: 'their migration' }));
  const under_way = (await it.lease(2)).messages;
  expect([await set(true), await set(true)]).toEqual([true, false]);
  expect(await it.settle(under_way, done)).toMatchObject({ circuit: 'open', circuit_changed: false });
  await it.waited();
  expect(await it.lease()).toMatchObject({ messages: [], dueInMs: 1_000 });
  expect((await readCircuits(support, builtInDestinations))[0]).toMatchObject({
    destination: 'neucoin',
    state: 'open',
    by_hand: true,
    probe_at: null,
    reason: 'their migration',
    waiting: 8,
  });
  expect([await set(false), await set(false)]).toEqual([true, false]);
  expect((await it.lease()).messages).toHaveLength(1);
  const { rows } = await it.database.pool.query(
    'select state::text, changed_by from milepost.circuit_change order by change_no',
  );
  expect(rows).toEqual([
    { state: 'open', changed_by: 'asha' },
    { state: 'half_open', changed_by: 'asha' },
  ]);
  await expect(
    transaction(support, (tx) => setCircuit(tx, 'neucoin', { open: true, by: 'asha', reason: ' ' })),
  ).rejects.toThrow('who changes a circuit, and why, must be told');
  await expect(support.pool.query("update milepost.circuit set state = 'closed'")).rejects.toThrow('permission denied');
  await support.close();
});

test('a rate is kept over all who lease, with a second of it in store', async () => {
  await using it = await scene(40);
  const began = performance.now();
  const leases = await Promise.all(Array.from({ length: 8 }, () => it.lease(8, 20)));
  const seconds = (performance.now() - began) / 1_000;
  const leased = leases.reduce((sum, { messages }) => sum + messages.length, 0);
  expect(leased).toBeGreaterThanOrEqual(20);
  // What has flowed in meanwhile.
  expect(leased).toBeLessThanOrEqual(20 + 20 * seconds);
  const { rows } = await it.database.pool.query('select tokens from milepost.dispatch_rate');
  expect(rows[0].tokens).toBeLessThan(20);
  await it.database.pool.query(
    "update milepost.dispatch_rate set tokens = 0, filled_at = now() + interval '10 seconds'",
  );
  const empty = await it.lease(8, 20);
  expect(empty.messages).toEqual([]);
  expect(empty.dueInMs).toBeCloseTo(50, 0);
  expect((await it.lease(8)).messages).toHaveLength(8);
});
