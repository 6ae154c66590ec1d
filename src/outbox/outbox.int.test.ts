import { expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { Destination } from '../event/message.ts';
import { createLog } from '../log.ts';
import { registry } from '../metrics.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { attemptRows, outboxRows, owe } from '../testing/dispatch.ts';
import { startHalfOpenProxy } from '../testing/half-open-proxy.ts';
import { waitFor } from '../testing/wait.ts';
import type { Delivery } from './delivery.ts';
import { createDrain, type Drain, type Handler } from './drain.ts';
import { type Lease, type LeasedMessage, leaseDue } from './lease.ts';
import { remove, type Settled, type Settlement, settle } from './settle.ts';

const log = createLog({ level: 'silent' });
const done: Delivery = { kind: 'done', request: { sent: true }, answer: { paid: true } };
const retry: Delivery = { kind: 'retry', request: { sent: true }, reason: 'timeout', error: 'no answer' };

interface Worker extends Db, AsyncDisposable {
  lease(options?: { destination?: Destination; rows?: number; leaseMs?: number }): Promise<Lease>;
  settle(messages: readonly LeasedMessage[], delivery: Settlement['delivery'], waitMs?: number): Promise<Settled>;
}

/** Connections as a worker has them, and what it does with them. */
function worker(url: string): Worker {
  const db = connect(url, { role: 'milepost_worker', size: 4, log });
  return {
    ...db,
    lease: ({ destination = 'neucoin', rows = 10, leaseMs = 60_000 } = {}) =>
      transaction(db, (tx) => leaseDue(tx, destination, { rows, leaseMs })),
    settle(messages, delivery, waitMs = 0) {
      const endedAt = performance.now() - 10;
      const results = messages.map((message) => ({ message, delivery, waitMs, startedAt: endedAt - 30, endedAt }));
      return transaction(db, (tx) => settle(tx, 'neucoin', results));
    },
    [Symbol.asyncDispose]: () => db.close(),
  };
}

/** Puts the end of all leases into the past, as if time had gone by. */
async function endLeases(database: TestDatabase): Promise<void> {
  await database.pool.query(
    "update milepost.outbox set leased_until = leased_until - interval '1 hour', next_attempt_at = next_attempt_at - interval '1 hour' where state = 'leased'",
  );
}

test('a leased message is given to nobody else until its lease is over', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  // Not received before the first attempt, so that the age is that of our own attempts.
  await owe(database.pool, { count: 5, receivedAt: Date.now() + 60_000 });
  const first = await db.lease({ rows: 3 });
  const second = await db.lease();
  expect([first.messages.length, second.messages.length, (await db.lease()).messages.length]).toEqual([3, 2, 0]);
  expect(first.messages.map(({ attempt, ageMs }) => [attempt, ageMs])).toEqual([
    [1, 0],
    [1, 0],
    [1, 0],
  ]);
  await endLeases(database);
  const again = await db.lease();
  expect(again.messages).toHaveLength(5);
  expect(again.messages[0]).toMatchObject({ attempt: 2, messageKey: expect.any(String), body: { amount: 10 } });
  expect(again.messages[0]?.ageMs).toBeGreaterThan(0);
});

test('says when to look again: at once, when the next is due or a lease ends, or never', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  expect(await db.lease()).toEqual({ messages: [], dueInMs: undefined });
  await owe(database.pool, { count: 2 });
  const { messages, dueInMs } = await db.lease({ rows: 1 });
  expect([messages.length, dueInMs]).toEqual([1, 0]);
  await db.lease({ leaseMs: 50_000 });
  expect((await db.lease()).dueInMs).toBeGreaterThan(30_000);
  expect((await db.lease()).dueInMs).toBeLessThanOrEqual(50_000);
  await db.settle(messages, retry, 20_000);
  expect((await db.lease()).dueInMs).toBeLessThanOrEqual(20_000);
});

test('a due message that somebody has locked is passed over, without a hot loop', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  await owe(database.pool);
  const human = await database.pool.connect();
  await human.query('begin');
  await human.query('select from milepost.outbox for update');
  expect(await db.lease()).toEqual({ messages: [], dueInMs: undefined });
  await human.query('rollback');
  human.release();
  expect((await db.lease()).messages).toHaveLength(1);
});

test('a holder that comes back after its lease was given to another changes nothing', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  await owe(database.pool, { count: 2 });
  const zombie = (await db.lease()).messages;
  await endLeases(database);
  const holder = (await db.lease()).messages;

  const before = await outboxRows(database.pool);
  expect(await db.settle(zombie, { kind: 'refused', request: {}, answer: null, error: 'USER_BLOCKED' })).toMatchObject({
    settled: 0,
    refreshed: false,
  });
  expect(await db.settle(zombie, { kind: 'released' })).toMatchObject({ settled: 0, refreshed: false });
  expect(await outboxRows(database.pool)).toEqual(before.map((row) => ({ ...row, due_in_s: expect.any(Number) })));
  expect(await attemptRows(database.pool)).toEqual([]);

  expect(await db.settle(holder, done)).toMatchObject({ settled: 2, refreshed: true });
  expect(await db.settle(holder, done)).toMatchObject({ settled: 0, refreshed: false });
  expect(await attemptRows(database.pool)).toMatchObject([{ attempt: 2, result: 'done' }, { attempt: 2 }]);
});

test('each ending leaves its state, its attempt, and a refresh of the player where a reward ended', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  const refused: Delivery = { kind: 'refused', request: {}, answer: { code: 'USER_BLOCKED' }, error: 'USER_BLOCKED' };
  const ambiguous: Delivery = { kind: 'ambiguous', request: {}, answer: null, error: 'cannot be asked' };
  const endings = [done, refused, ambiguous, retry, { kind: 'released' }] as const;
  await owe(database.pool, { count: endings.length });
  const { messages } = await db.lease();
  for (const [index, message] of messages.entries()) await db.settle([message], endings[index] ?? done, 300_000);

  const rows = await outboxRows(database.pool);
  const of = new Map(rows.map((row) => [row.key, row]));
  expect(messages.map(({ messageKey }) => of.get(messageKey))).toMatchObject([
    { state: 'done', attempts: 1, revision: 1, last_error: null, answer: { paid: true }, leased: false },
    { state: 'failed', attempts: 1, revision: 1, last_error: 'USER_BLOCKED', answer: { code: 'USER_BLOCKED' } },
    { state: 'ambiguous', attempts: 1, revision: 1, last_error: 'cannot be asked', answer: null },
    { state: 'pending', attempts: 1, revision: 0, last_error: 'timeout: no answer', tried: true, leased: false },
    { state: 'pending', attempts: 0, revision: 0, last_error: null, tried: false, leased: false },
  ]);
  expect(of.get(messages[3]?.messageKey ?? '')?.due_in_s).toBeGreaterThan(200);
  const attempts = await attemptRows(database.pool);
  expect(attempts.map(({ result }) => result).sort()).toEqual(['ambiguous', 'done', 'refused', 'retry']);
  for (const { took_ms } of attempts) expect(took_ms).toBeCloseTo(30, -1);

  const refreshes = rows.filter(({ destination }) => destination === 'projection');
  expect(refreshes.map(({ state, key }) => [state, key])).toEqual(Array(3).fill(['pending', null]));
  const lease = await db.lease({ destination: 'projection' });
  const refreshed = lease.messages.flatMap(({ body }) => (body as { players: [number, string][] }).players);
  const { rows: players } = await database.pool.query(
    `select bucket, player_id::text from milepost.player where user_id = any ($1)`,
    [messages.slice(0, 3).map(({ body }) => (body as { user_id: string }).user_id)],
  );
  expect(refreshed.toSorted()).toEqual(players.map(({ bucket, player_id }) => [bucket, player_id]).toSorted());
  const settlements = lease.messages.map((message) => ({
    message,
    delivery: done,
    waitMs: 0,
    startedAt: 0,
    endedAt: 0,
  }));
  expect(await transaction(db, (tx) => remove(tx, settlements))).toBe(3);
  expect(await transaction(db, (tx) => remove(tx, settlements))).toBe(0);
});

test('a refresh is removed by its holder only', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  await owe(database.pool);
  await db.settle((await db.lease()).messages, done);
  const removal = async () => {
    const { messages } = await db.lease({ destination: 'projection' });
    const settlements = messages.map((message) => ({ message, delivery: done, waitMs: 0, startedAt: 0, endedAt: 0 }));
    return () => transaction(db, (tx) => remove(tx, settlements));
  };
  const zombie = await removal();
  await endLeases(database);
  const holder = await removal();
  expect([await zombie(), await holder()]).toEqual([0, 1]);
});

test('many rewards that end together are one refresh', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  await owe(database.pool, { count: 10 });
  await db.settle((await db.lease()).messages, done);
  const [refresh, ...more] = (await db.lease({ destination: 'projection' })).messages;
  expect(more).toEqual([]);
  expect(refresh?.body).toEqual({ players: Array(10).fill([expect.any(Number), expect.any(String)]) });
});

test('texts that PostgreSQL cannot store do not keep a result from being settled', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  await owe(database.pool);
  const { messages } = await db.lease();
  const text = 'a\0b\ud800c';
  await db.settle(messages, {
    kind: 'refused',
    request: {},
    answer: { message: text },
    error: `${text}${'x'.repeat(9_999)}`,
  });
  const [row] = await outboxRows(database.pool);
  expect(row).toMatchObject({ state: 'failed', answer: { message: 'a\ufffdb\ufffdc' } });
  expect(row?.last_error?.startsWith('a\ufffdb\ufffdcx')).toBe(true);
  expect(row?.last_error).toHaveLength(500);
});

test('a lease reads no more than it takes, also by a plan made while the table was small', async () => {
  await using database = await testDatabase();
  const client = await database.pool.connect();
  try {
    const lease = () => client.query("select * from milepost.outbox_lease('neucoin', 64, 60000, 1000)");
    await owe(client, { count: 10 });
    await client.query('analyze milepost.outbox');
    for (let times = 0; times < 10; times++) await lease();
    await owe(client, { count: 6_000 });
    await client.query(
      "update milepost.outbox set state = 'done', settled_at = now() where state = 'pending' and message_no % 3 > 0",
    );
    const reads = async () => {
      const { rows } = await client.query(
        "select seq_tup_read::integer as seq, idx_tup_fetch::integer as idx from pg_stat_xact_user_tables where relname = 'outbox'",
      );
      return rows[0] as { seq: number; idx: number };
    };
    await client.query('begin');
    const before = await reads();
    const { rows } = await lease();
    const after = await reads();
    expect(JSON.parse(rows[0].messages)).toHaveLength(64);
    expect(after.seq).toBe(before.seq);
    // The rows it takes, and dead versions beside them; not the backlog.
    expect(after.idx - before.idx).toBeLessThan(1_000);
    await client.query('commit');
  } finally {
    client.release();
  }
});

test('workers of the version before go on working while a new one is brought out', async () => {
  await using database = await testDatabase();
  await using db = worker(database.url);
  await owe(database.pool, { count: 2 });
  const { rows } = await db.pool.query(
    "select * from milepost.outbox_lease(p_destination => 'neucoin', p_limit => 2, p_lease_ms => 60000)",
  );
  const messages = JSON.parse(rows[0].messages) as [number, string][];
  const settled = await db.pool.query(
    `select settled, refreshed from milepost.outbox_settle(
       p_bucket => $1, p_message_no => $2, p_claim_token => $3, p_result => '{done,retry}', p_wait_ms => '{0,0}', p_error => '{null,no}',
       p_answer => '{"{}",null}', p_request => '{"{}","{}"}', p_started_ms_ago => '{2,2}', p_ended_ms_ago => '{1,1}')`,
    [messages.map(([bucket]) => bucket), messages.map(([, no]) => no), messages.map(() => rows[0].claim_token)],
  );
  expect(settled.rows).toEqual([{ settled: 2, refreshed: true }]);
  expect((await database.pool.query('select from milepost.circuit')).rowCount).toBe(0);
});

interface Scene extends AsyncDisposable {
  drain: Drain;
  delivered: LeasedMessage[];
}

/** A drain whose handler does as the test says. */
function scene(
  url: string,
  options: { leaseMs?: number; deliver: (messages: readonly LeasedMessage[]) => Promise<Delivery> },
): Scene {
  const db = connect(url, { role: 'milepost_worker', size: 4, log });
  const delivered: LeasedMessage[] = [];
  const handler: Handler = {
    destination: 'neucoin',
    perCall: 1,
    concurrency: 4,
    callMs: 100,
    retryMaxMs: 10_000,
    recorded: true,
    async deliver(messages) {
      delivered.push(...messages);
      const delivery = await options.deliver(messages);
      return messages.map(() => delivery);
    },
  };
  const drain = createDrain({ db, handler, log, leaseMs: options.leaseMs ?? 60_000, onRefresh: () => {} });
  return {
    drain,
    delivered,
    async [Symbol.asyncDispose]() {
      await drain.stop();
      await db.close();
    },
  };
}

async function fencedCount(): Promise<number> {
  const metric = await registry.getSingleMetric('milepost_fenced_settlements_total')?.get();
  return metric?.values.find(({ labels }) => labels.destination === 'neucoin')?.value ?? 0;
}

test('a drain whose lease is lost in the middle of a call says so and goes on', async () => {
  await using database = await testDatabase();
  await using other = worker(database.url);
  const before = await fencedCount();
  await using it = scene(database.url, {
    async deliver([message]) {
      if (message?.attempt === 1) {
        await endLeases(database);
        await other.settle((await other.lease()).messages, done);
      }
      return { kind: 'refused', request: {}, answer: null, error: 'too late' };
    },
  });
  await owe(database.pool);
  it.drain.wake();
  await it.drain.idle();
  expect(await fencedCount()).toBe(before + 1);
  expect((await outboxRows(database.pool))[0]).toMatchObject({ state: 'done', attempts: 2 });
});

test('a COMMIT of results whose answer is lost is repeated to no effect, and counts as ours', async () => {
  await using database = await testDatabase();
  await using proxy = await startHalfOpenProxy(database.url);
  const before = await fencedCount();
  let cut: Promise<void> | undefined;
  await using it = scene(proxy.url, {
    async deliver() {
      cut = proxy.cutNextCommit();
      return done;
    },
  });
  await owe(database.pool);
  it.drain.wake();
  await waitFor('the settled message', async () => (await outboxRows(database.pool))[0]?.state === 'done');
  await it.drain.idle();
  await cut;
  expect(it.delivered).toHaveLength(1);
  expect(await attemptRows(database.pool)).toHaveLength(1);
  expect(await fencedCount()).toBe(before);
});

test('a message whose lease may end before its call is given back, and leased anew', async () => {
  await using database = await testDatabase();
  const calls: { release: () => void; message: LeasedMessage }[] = [];
  await using it = scene(database.url, {
    leaseMs: 1_500,
    deliver: ([message]) =>
      new Promise((resolve) => {
        if (message !== undefined) calls.push({ message, release: () => resolve(done) });
      }),
  });
  await owe(database.pool, { count: 6 });
  it.drain.wake();
  await waitFor('four calls', () => calls.length === 4);
  const late = calls[0]?.message.leasedUntil ?? 0;
  await waitFor('too little left of the lease', () => performance.now() > late - 450);
  for (const { release } of calls) release();
  await waitFor('the other two', () => calls.length === 6);
  for (const { release } of calls.slice(4)) release();
  await it.drain.idle();
  // Given back, so that the second lease is the first attempt.
  expect(it.delivered.map(({ attempt }) => attempt)).toEqual(Array(6).fill(1));
  expect(new Set(it.delivered.map(({ claimToken }) => claimToken)).size).toBe(2);
  expect((await attemptRows(database.pool)).map(({ result }) => result)).toEqual(Array(6).fill('done'));
});

test('a wake-up while a call hangs is served at once', async () => {
  await using database = await testDatabase();
  const { promise, resolve } = Promise.withResolvers<Delivery>();
  await using it = scene(database.url, {
    deliver: () => (it.delivered.length === 1 ? promise : Promise.resolve(done)),
  });
  await owe(database.pool);
  it.drain.wake();
  await waitFor('the first call', () => it.delivered.length === 1);
  await owe(database.pool);
  it.drain.wake();
  await waitFor('the second call', () => it.delivered.length === 2);
  await waitFor(
    'its result',
    async () => (await outboxRows(database.pool)).filter(({ state }) => state === 'done').length === 1,
  );
  resolve(done);
  await it.drain.idle();
});

test('a bug in a handler is tried again, not lost', async () => {
  await using database = await testDatabase();
  await using it = scene(database.url, {
    async deliver([message]) {
      if (message?.attempt === 1) throw new Error('a bug');
      return done;
    },
  });
  await owe(database.pool);
  it.drain.wake();
  await waitFor('the second attempt', async () => (await outboxRows(database.pool))[0]?.state === 'done');
  await it.drain.idle();
  expect((await outboxRows(database.pool))[0]).toMatchObject({ attempts: 2 });
});
