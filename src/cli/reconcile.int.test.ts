// A service's statement against our books: what agrees, what does not, and what follows for rewards of which nobody could tell.
import { expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { allEnded, type Owed, outboxRows, owe, owePaidBack, testServices, testWorker } from '../testing/dispatch.ts';
import { milepost } from '../testing/milepost.ts';
import { waitFor } from '../testing/wait.ts';

const timeout = 180_000;
const stranger = '00000000-0000-0000-0000-000000000000';
const header = 'idempotency_key,kind,amount,transaction_id,time';
/** An hour in which all of these tests happen, and a day of long ago. */
const now = [
  '--from',
  new Date(Date.now() - 1_800_000).toISOString(),
  '--to',
  new Date(Date.now() + 1_800_000).toISOString(),
];
const longAgo = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-01-02T00:00:00Z'];

async function run(database: TestDatabase, lines: readonly string[], ...args: string[]) {
  const { status, stdout, stderr } = await milepost(
    ['rewards', 'reconcile', '--service', 'neucoin', '--statement', '-', ...args],
    { env: { DATABASE_URL: database.url }, input: lines.join('\n') },
  );
  return { status, stdout, stderr };
}

// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
async function json(database: TestDatabase, lines: readonly string[], ...args: string[]): Promise<any> {
  const { status, stdout, stderr } = await run(database, lines, ...args, '--json');
  expect(stderr).toBe('');
  return { status, ...JSON.parse(stdout) };
}

const none = { count: 0, first: [] };

/** Ends rewards without any call; first attempted and ended just now unless said. */
async function end(database: TestDatabase, owed: readonly Owed[], state: string, ended = new Date()): Promise<void> {
  await database.pool.query(
    `update milepost.outbox set state = $2::milepost.outbox_state, first_attempt_at = $3, settled_at = $3, attempts = 1,
            answer = '{"transaction_id": "T", "status": "credited", "amount": 10}'
      where message_key = any($1)`,
    [owed.map(({ key }) => key), state, ended],
  );
}

test('books that agree: what was paid, and taken back, by the service’s own account', { timeout }, async () => {
  await using database = await testDatabase();
  const owed = await owe(database.pool, { count: 3 });
  await using services = await testServices();
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await owePaidBack(database.pool, (owed[0] as Owed).key);
  worker.wake();
  await waitFor('the end of all messages', () => allEnded(database.pool));

  const lines = services.books().map(({ key, operation, amount, transaction_id }) =>
    JSON.stringify({
      idempotency_key: key,
      kind: operation === 'pay' ? 'credit' : 'debit',
      amount,
      transaction_id,
      currency: 'NC',
    }),
  );
  expect(lines).toHaveLength(4);
  expect(await json(database, lines, ...now)).toMatchObject({
    status: 0,
    agree: true,
    lines: 4,
    unknown: none,
    unpaid: none,
    differs: none,
    doubled: none,
    at_the_edges: 0,
  });
  const { stdout } = await run(database, lines, ...now);
  expect(stdout).toMatch(/^4 lines of neucoin, .*\n\nThe books agree\.\n$/);
  // Of another day, nothing is said to be missing.
  expect(await json(database, [header], ...longAgo)).toMatchObject({ status: 0, unpaid: none, at_the_edges: 0 });
});

test('each kind of disagreement is listed, with its lines', { timeout }, async () => {
  await using database = await testDatabase();
  const done = await owe(database.pool, { count: 5 });
  const [missing, dearer, twice, back, right] = done as [Owed, Owed, Owed, Owed, Owed];
  await end(database, done, 'done');
  const [refused, waiting] = (await owe(database.pool, { count: 2 })) as [Owed, Owed];
  await end(database, [refused], 'failed');
  const [voucher] = (await owe(database.pool, { destination: 'voucher' })) as [Owed];
  await end(database, [voucher], 'done');
  const lines = [
    header,
    `${dearer.key},credit,10.01,T1,`,
    `${twice.key},credit,10,T2,`,
    `${twice.key.toUpperCase()},credit,10,T3,`,
    `${back.key},debit,10,T4,`,
    `${right.key},credit,10.00,T5,`,
    `${refused.key},credit,10,T6,`,
    `${waiting.key},credit,10,T7,`,
    `${voucher.key},credit,10,T8,`,
    `${stranger},credit,3,T9,`,
    'paid-by-hand,credit,3,T10,',
    'paid-by-hand,credit,4,T11,',
    'nonsense',
  ];
  const found = await json(database, lines, ...now);
  expect(found).toMatchObject({ status: 1, agree: false, lines: 12, at_the_edges: 0, ambiguous: none });
  expect(found.problems).toMatchObject({ count: 1, first: [{ line: 13 }] });
  expect(found.unknown.first.map((line: { line: number; state: string | null }) => [line.line, line.state])).toEqual([
    [7, 'failed'],
    [8, 'pending'],
    [9, 'of voucher'],
    [10, null],
    [11, null],
    [12, null],
  ]);
  expect(found.unpaid).toMatchObject({
    count: 1,
    first: [{ key: missing.key, user_id: missing.userId, amount: '10' }],
  });
  expect(found.differs.first).toMatchObject([
    { line: 2, idempotency_key: dearer.key, amount: '10.01', ours: 'paid 10' },
    { line: 5, idempotency_key: back.key, kind: 'taken back', ours: 'paid 10' },
  ]);
  expect(found.doubled.first).toEqual([
    { key: twice.key, kind: 'paid', lines: [3, 4], transaction_ids: ['T2', 'T3'] },
    { key: 'paid-by-hand', kind: 'paid', lines: [11, 12], transaction_ids: ['T10', 'T11'] },
  ]);

  const { stdout, stderr, status } = await run(database, lines, ...now, '--limit', '2');
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout).toContain('6 paid, and not by our books\nLINE  KEY');
  expect(stdout).toContain('… and 4 more: --limit');
  expect(stdout).toMatch(/The books do not agree\.\n$/);
});

test(
  'a reward that was tried again is known by its old key and its new one, and paid under both it is doubled',
  async () => {
    await using database = await testDatabase();
    const [owed] = (await owe(database.pool)) as [Owed];
    await end(database, [owed], 'failed');
    const { rows } = await database.pool.query<{ key: string }>(
      `select * from milepost.outbox_retry(array[$1]::uuid[], 'failed', 'asha', 'ticket 812')`,
      [owed.key],
    );
    expect(rows).toHaveLength(1);
    const { rows: retries } = await database.pool.query<{ key_after: string }>(
      'select key_after from milepost.outbox_retry',
    );
    const again = retries[0]?.key_after as string;
    await end(database, [owed], 'done');
    expect(await json(database, [header, `${again},credit,10,T1,`], ...now)).toMatchObject({ agree: true });
    expect(await json(database, [header, `${owed.key},credit,10,T1,`], ...now)).toMatchObject({ agree: true });
    expect(await json(database, [header, `${again},credit,10,T1,`, `${owed.key},credit,10,T2,`], ...now)).toMatchObject(
      { agree: false, doubled: { count: 1, first: [{ key: owed.key, lines: [2, 3] }] }, unknown: none },
    );
  },
  timeout,
);

test('without a period a statement speaks for the time from its first line to its last', { timeout }, async () => {
  await using database = await testDatabase();
  const owed = await owe(database.pool, { count: 4 });
  const [before, first, between, last] = owed as [Owed, Owed, Owed, Owed];
  const at = (minute: number) => new Date(Date.UTC(2026, 4, 1, 12, minute));
  for (const [index, one] of [before, first, between, last].entries()) await end(database, [one], 'done', at(index));
  // Its attempts began before the statement does.
  await database.pool.query('update milepost.outbox set first_attempt_at = $2 where message_key = $1', [
    first.key,
    at(0),
  ]);
  const line = (key: string, minute: number) => `${key},credit,10,T,${at(minute).toISOString()}`;
  expect(await json(database, [header, line(stranger, 1), line(last.key, 3)])).toMatchObject({
    period: { from: at(1).toISOString(), to: at(3).toISOString() },
    unpaid: { count: 1, first: [{ key: between.key }] },
    at_the_edges: 1,
  });
  const untimed = await run(database, [header, `${last.key},credit,10,T,`]);
  expect(untimed).toMatchObject({
    status: 2,
    stderr: 'error: line 2 of the statement has no time: say with --from and --to what it covers\n',
  });
});

test('what nobody could tell is told by a statement: paid, or not paid and then tried again without asking', {
  timeout,
}, async () => {
  await using database = await testDatabase();
  const owed = await owe(database.pool, { count: 4 });
  const [paid, unpaid, other, untold] = owed as [Owed, Owed, Owed, Owed];
  await end(database, [paid, unpaid, other], 'ambiguous');
  await end(database, [untold], 'ambiguous', new Date('2026-01-01T12:00:00Z'));
  const lines = [header, `${paid.key},credit,10,T1,`, `${other.key},credit,11,T2,`];
  const found = await json(database, lines, ...now);
  expect(found).toMatchObject({ agree: false, unknown: none, unpaid: none, differs: none });
  const says = (list: { key: string; statement: string }[]) =>
    Object.fromEntries(list.map(({ key, statement }) => [key, statement]));
  expect(says(found.ambiguous.first)).toEqual({
    [paid.key]: 'paid',
    [unpaid.key]: 'not paid',
    [other.key]: 'differs',
    [untold.key]: 'untold',
  });

  expect((await run(database, lines, ...now, '--settle')).stderr).toContain('--settle needs --reason');
  const settled = await json(database, lines, ...now, '--settle', '--reason', 'statement of May');
  expect(settled.settled).toEqual({ paid: [paid.key], not_paid: [unpaid.key] });
  expect(says((await json(database, lines, ...now)).ambiguous.first)).toEqual({
    [other.key]: 'differs',
    [untold.key]: 'untold',
  });
  const rows = new Map((await outboxRows(database.pool)).map((row) => [row.key, row]));
  expect(rows.get(paid.key)).toMatchObject({
    state: 'done',
    answer: { transaction_id: 'T1', status: 'credited', amount: 10 },
  });
  expect(rows.get(unpaid.key)).toMatchObject({ state: 'failed', last_error: 'NOT_PAID: statement of May' });

  // Without --as it would be asked for, which such a service cannot answer; and by hand, what support was told in writing.
  const env = { DATABASE_URL: database.url };
  const byHand = ['rewards', 'resolve', untold.key, '--reason', 'ticket 907'];
  expect((await milepost([...byHand, '--as', 'paid'], { env })).stderr).toContain('with --transaction');
  expect((await milepost([...byHand, '--as', 'paid', '--transaction', 'T77'], { env })).stdout).toBe(
    `${untold.key} is done: paid\n`,
  );
  expect((await milepost(['rewards', 'show', untold.key], { env })).stdout).toMatch(
    /ambiguous, concluded paid by .* on the command line: ticket 907\n$/,
  );
  await milepost(['rewards', 'retry', unpaid.key, '--reason', 'pay it'], { env });
  const { rows: asked } = await database.pool.query(
    'select ask_key, service_key is not null as renewed from milepost.outbox where message_key = $1',
    [unpaid.key],
  );
  expect(asked).toEqual([{ ask_key: null, renewed: true }]);
});

test('of a configured service; one that nobody knows is none', { timeout }, async () => {
  await using database = await testDatabase();
  const owed = await owe(database.pool, { count: 2, destination: 'service:lounge_pass' });
  await end(database, owed, 'done');
  const [told, missing] = owed as [Owed, Owed];
  const statement = (service: string, lines: readonly string[]) =>
    milepost(['rewards', 'reconcile', '--service', service, '--statement', '-', ...now, '--json'], {
      env: { DATABASE_URL: database.url },
      input: [header, ...lines].join('\n'),
    });
  const { status, stdout } = await statement('service:lounge_pass', [
    `${told.key},credit,10,P1,`,
    `${stranger},credit,3,P2,`,
  ]);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    service: 'service:lounge_pass',
    agree: false,
    unknown: { count: 1, first: [{ idempotency_key: stranger }] },
    unpaid: { count: 1, first: [{ key: missing.key }] },
    differs: none,
  });
  const { status: right } = await statement(
    'service:lounge_pass',
    owed.map(({ key }) => `${key},credit,10,,`),
  );
  expect(right).toBe(0);
  const mistyped = await statement('service:lunge_pass', []);
  expect(mistyped).toMatchObject({ status: 2, stdout: '' });
  expect(mistyped.stderr).toContain('--service service:lunge_pass: we never had a reward for it');
});
