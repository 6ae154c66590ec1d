// The commands of support for rewards and circuits: what they print, what they change, what they leave alone.
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { createLog } from '../log.ts';
import { retryRewards } from '../outbox/retry.ts';
import { rewardKey, takeBackKey } from '../rewards/decide.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { allEnded, type Owed, outboxRows, owe, testServices, testWorker } from '../testing/dispatch.ts';
import { install, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, paymentTrigger, reversalOf, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';
import { waitFor } from '../testing/wait.ts';

const timeout = 180_000;
const nobody = '00000000-0000-0000-0000-000000000000';

async function run(database: TestDatabase, ...args: string[]) {
  return milepost(args, { env: { DATABASE_URL: database.url } });
}

/** The document that a command prints for programs. */
// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
async function json(database: TestDatabase, ...args: string[]): Promise<{ status: number | null; document: any }> {
  const { status, stdout, stderr } = await run(database, ...args, '--json');
  expect(stderr).toBe('');
  return { status, document: JSON.parse(stdout) };
}

/** As support does by command, without the second that a process takes. */
async function retry(database: TestDatabase, owed: readonly Owed[], state: 'failed' | 'ambiguous' = 'failed') {
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: createLog({ level: 'silent' }) });
  try {
    return await retryRewards(
      support,
      owed.map(({ key }) => key),
      { state, by: 'asha', reason: 'ticket 812' },
    );
  } finally {
    await support.close();
  }
}

test('support sees what was refused, has it tried again once that is mended, and it is paid', { timeout }, async () => {
  await using database = await testDatabase();
  const owed = await owe(database.pool, { count: 3 });
  const [first, second, third] = owed as [Owed, Owed, Owed];
  const refusals: Record<string, string> = { [first.userId]: 'USER_BLOCKED', [second.userId]: 'USER_UNKNOWN' };
  await using services = await testServices({ refusals });
  await using _ = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));

  const { document } = await json(database, 'rewards', 'list');
  expect(document.rewards.map((found: { key: string; state: string }) => [found.key, found.state]).toSorted()).toEqual(
    [first, second].map(({ key }) => [key, 'failed']).toSorted(),
  );
  expect((await run(database, 'rewards', 'list', '--error', 'user_unk')).stdout).toMatch(
    new RegExp(`^KEY .*\n${second.key}  neucoin  pays  failed  ${second.userId} .* USER_UNKNOWN\n$`),
  );
  expect((await run(database, 'rewards', 'list', '--service', 'voucher')).stdout).toBe('No reward has ended badly.\n');

  delete refusals[first.userId];
  const done = await json(database, 'rewards', 'retry', first.key, third.key, nobody, '--reason', 'ticket 812');
  expect(done).toEqual({
    status: 1,
    document: {
      retried: [first.key],
      left: [
        { key: third.key, state: 'done' },
        { key: nobody, state: null },
      ],
    },
  });
  await waitFor('its payment', async () => services.books().length === 2);
  const story = await waitFor('its end', async () => {
    const shown = (await json(database, 'rewards', 'show', first.key)).document;
    return shown.state === 'done' && shown;
  });
  expect(story).toMatchObject({
    key: first.key,
    attempts: 2,
    calls: [
      { attempt: 1, result: 'refused' },
      { attempt: 2, result: 'done', request: { idempotency_key: story.service_key } },
    ],
    retries: [{ from_state: 'failed', error: 'USER_BLOCKED', reason: 'ticket 812', key_before: first.key }],
  });
  expect(story.service_key).not.toBe(first.key);
  // A service that knows only the key it was sent can ask us by it.
  expect((await json(database, 'rewards', 'show', story.service_key)).document.key).toBe(first.key);
  expect(
    services
      .books()
      .map(({ user_id }) => user_id)
      .toSorted(),
  ).toEqual([first.userId, third.userId].toSorted());
});

test('a filter only counts, until --yes', { timeout }, async () => {
  await using database = await testDatabase();
  const owed = await owe(database.pool, { count: 5 });
  await database.pool.query(
    "update milepost.outbox set state = 'failed', settled_at = now(), last_error = 'USER_BLOCKED', attempts = 1, revision = 1",
  );
  const args = ['rewards', 'retry', '--service', 'neucoin', '--error', 'USER_BLOCKED', '--reason', 'ticket 812'];
  expect((await run(database, ...args)).stdout).toBe(
    '5 rewards would be tried again. Nothing was changed: add --yes to do it.\n',
  );
  expect((await outboxRows(database.pool)).every(({ state }) => state === 'failed')).toBe(true);
  expect((await json(database, ...args, '--yes')).document).toEqual({ found: 5, retried: 5, more: false });
  const rows = (await outboxRows(database.pool)).filter(({ key }) => key !== null);
  expect(rows.map(({ key, state }) => [key, state]).toSorted()).toEqual(
    owed.map(({ key }) => [key, 'pending']).toSorted(),
  );
  const { rows: records } = await database.pool.query(
    'select distinct reason, retried_by, count(*) over ()::integer as count from milepost.outbox_retry',
  );
  expect(records).toEqual([
    { reason: 'ticket 812', retried_by: expect.stringContaining('on the command line'), count: 5 },
  ]);
});

test('what waits for long is listed, with what keeps it', { timeout }, async () => {
  await using database = await testDatabase();
  const [old] = await owe(database.pool, { count: 1 });
  await database.pool.query(
    "update milepost.outbox set created_at = now() - interval '3 hours', attempts = 9, last_error = 'timeout: no answer in time'",
  );
  await owe(database.pool);
  const stuck = ['rewards', 'list', '--state', 'pending', '--older-than', '2h', '--attempts', '5'];
  expect((await json(database, ...stuck)).document).toMatchObject({
    rewards: [{ key: old?.key, state: 'pending', attempts: 9, last_error: 'timeout: no answer in time' }],
    more: false,
  });
  expect((await json(database, 'rewards', 'list', '--state', 'pending', '--limit', '1')).document).toMatchObject({
    rewards: [{ key: old?.key }],
    more: true,
  });
});

test('a refusal after a call without an answer: the service is asked for the old key before another is sent', async () => {
  await using database = await testDatabase();
  const [lost, sure] = (await owe(database.pool, { count: 2 })) as [Owed, Owed];
  // Of the first, a call was made that no attempt tells of: its worker died. The service has paid it.
  await using services = await testServices();
  const pay = (key: string, userId: string) =>
    fetch(`${services.neucoinUrl}/v1/credits`, {
      method: 'POST',
      headers: { 'idempotency-key': key },
      body: JSON.stringify({ user_id: userId, amount: 10, currency: 'NC', reference: null, idempotency_key: key }),
    });
  await pay(lost.key, lost.userId);
  await database.pool.query(
    `update milepost.outbox set state = 'failed', settled_at = now(), last_error = 'USER_BLOCKED', revision = 1,
            attempts = case when message_key = $1 then 2 else 1 end`,
    [lost.key],
  );
  await database.pool.query(
    `insert into milepost.dispatch_attempt (bucket, message_no, attempt, started_at, ended_at, result, request, error)
     select bucket, message_no, attempts, now(), now(), 'refused', '{}', 'USER_BLOCKED' from milepost.outbox`,
  );
  expect(await retry(database, [lost, sure])).toEqual(new Set([lost.key, sure.key]));
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect(
    services
      .books()
      .map(({ user_id }) => user_id)
      .toSorted(),
  ).toEqual([lost.userId, sure.userId].toSorted());
  const { rows } = await database.pool.query(
    'select message_key, ask_key, state::text from milepost.outbox where message_key = any ($1)',
    [[lost.key, sure.key]],
  );
  expect(new Map(rows.map(({ message_key, ask_key }) => [message_key, ask_key]))).toEqual(
    new Map([
      [lost.key, lost.key],
      [sure.key, null],
    ]),
  );
});

test('a retry is the same key again after a restore, another key the next time, and raises what the player sees', async () => {
  await using database = await testDatabase();
  const owed = await owe(database.pool, { count: 1 });
  const refuse = () =>
    database.pool.query(
      "update milepost.outbox set state = 'failed', settled_at = now(), revision = revision + 1, attempts = attempts + 1 where destination = 'neucoin'",
    );
  const keyAndRevision = async () => {
    const { rows } = await database.pool.query(
      "select service_key, revision from milepost.outbox where destination = 'neucoin'",
    );
    return [rows[0].service_key, rows[0].revision];
  };
  await refuse();
  await retry(database, owed);
  const [key, revision] = await keyAndRevision();
  expect(revision).toBe(2);
  expect((await outboxRows(database.pool)).filter(({ destination }) => destination === 'projection')).toHaveLength(1);
  expect(await retry(database, owed)).toEqual(new Set());
  await refuse();
  await retry(database, owed);
  expect((await keyAndRevision())[0]).not.toBe(key);

  await database.pool.query('delete from milepost.outbox_retry');
  await database.pool.query(
    'update milepost.outbox set service_key = null, retried_at = null, retried_after = null, ask_key = null',
  );
  await refuse();
  await retry(database, owed);
  expect((await keyAndRevision())[0]).toBe(key);
});

test('an ambiguous reward is asked for again: paid already, never paid, or still nobody can tell', async () => {
  await using database = await testDatabase();
  const owed = (await owe(database.pool, { count: 2 })) as [Owed, Owed];
  const ambiguous = () =>
    database.pool.query(
      "update milepost.outbox set state = 'ambiguous', settled_at = now(), revision = 1, attempts = 1 where destination = 'neucoin'",
    );
  await ambiguous();
  const [paid] = owed;
  await using services = await testServices({
    faults: [{ service: 'neucoin', on: 'lookup', how: 'status', status: 501 }],
  });
  await fetch(`${services.neucoinUrl}/v1/credits`, {
    method: 'POST',
    headers: { 'idempotency-key': paid.key },
    body: JSON.stringify({
      user_id: paid.userId,
      amount: 10,
      currency: 'NC',
      reference: null,
      idempotency_key: paid.key,
    }),
  });
  await retry(database, owed, 'ambiguous');
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  await worker.idle();
  expect((await outboxRows(database.pool)).map(({ state }) => state)).toEqual(['ambiguous', 'ambiguous']);
  expect(services.calls('neucoin')).toBe(1);

  services.setFaults([]);
  await retry(database, owed, 'ambiguous');
  await waitFor('the end of all messages', async () =>
    (await outboxRows(database.pool)).every(({ state }) => state === 'done'),
  );
  await worker.idle();
  // Under their own keys: nothing was refused under them.
  expect(
    services
      .books()
      .map(({ key }) => key)
      .toSorted(),
  ).toEqual(owed.map(({ key }) => key).toSorted());
  expect(services.calls('neucoin')).toBe(2);
});

test('support may do this and no more: not without a reason, not to what has not ended, not past the function', async () => {
  await using database = await testDatabase();
  const [owed] = (await owe(database.pool)) as [Owed];
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: createLog({ level: 'silent' }) });
  const call = (state: string, reason: string) =>
    support.pool.query('select * from milepost.outbox_retry($1, $2, $3, $4)', [[owed.key], state, 'asha', reason]);
  await expect(call('failed', ' ')).rejects.toThrow('who has a reward tried again, and why, must be told');
  await expect(call('done', 'again')).rejects.toThrow('a message that is done cannot be tried again by hand');
  expect((await call('failed', 'ticket 812')).rows).toEqual([]);
  for (const statement of [
    "update milepost.outbox set state = 'pending'",
    "select * from milepost.outbox_lease('neucoin', 1, 1000, 1000)",
    'delete from milepost.outbox_retry',
  ]) {
    await expect(support.pool.query(statement)).rejects.toThrow('permission denied');
  }
  await support.close();
});

test('a service is paused and called again by command', { timeout }, async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  expect(await run(database, 'circuits', 'open', 'neucoin', '--reason', 'their migration')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('neucoin is paused'),
  });
  await owe(database.pool, { count: 20 });
  await owe(database.pool, { destination: 'voucher' });
  await using _ = await testWorker(database.url, services);
  await waitFor('the voucher', () => services.calls('voucher') === 1);
  expect((await run(database, 'circuits', 'list')).stdout).toMatch(/^neucoin +open, by hand .* 20 +their migration$/m);
  expect(services.calls('neucoin')).toBe(0);
  expect((await json(database, 'circuits', 'close', 'neucoin')).document).toEqual({
    service: 'neucoin',
    changed: true,
  });
  await waitFor('the end of all messages', () => allEnded(database.pool));
  expect(services.books()).toHaveLength(21);
  expect((await run(database, 'circuits', 'close', 'neucoin')).stdout).toContain('nothing to change');
});

test('what is held over a budget is listed, and says by which budget', { timeout }, async () => {
  await using database = await testDatabase();
  const [held, skipped, lowered] = (await owe(database.pool, { count: 3 })) as [Owed, Owed, Owed];
  const budgets = `{"budgets": [{"budget_id": "coins", "period_start": "2026-05-01T00:00:00.000Z"}]}`;
  await database.pool.query(
    `update milepost.outbox o set body = o.body || $4 || case when o.message_key = $3 then '{"amount": 5, "downgraded_from": 10}'::jsonb else '{}' end,
            state = case o.message_key when $1 then 'held' when $2 then 'skipped' else 'pending' end::milepost.outbox_state,
            settled_at = case o.message_key when $2 then now() end`,
    [held.key, skipped.key, lowered.key, budgets],
  );
  for (const [state, { key }] of [
    ['held', held],
    ['skipped', skipped],
  ] as const) {
    const { document } = await json(database, 'rewards', 'list', '--state', state);
    expect(document.rewards.map((found: { key: string; state: string }) => [found.key, found.state])).toEqual([
      [key, state],
    ]);
  }
  expect((await run(database, 'rewards', 'list')).stdout).toBe('No reward has ended badly.\n');
  const { stdout } = await run(database, 'rewards', 'show', lowered.key);
  expect(stdout).toContain('budget    coins, from 2026-05-01T00:00:00.000Z\n');
  expect(stdout).toContain('amounts   5 less, as a budget had not enough left, 0 paid\n');
});

test('a payment and what takes it back name one another, with what was claimed, kept back and paid', {
  timeout,
}, async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using engine = testEngine(database.url);
  const recharged = [{ ...paymentTrigger(), event_type: 'recharged' }];
  const games = [
    makeGame({ game_id: 'claw', milestone_steps: [2], on_reversal: 'claw_back' }),
    makeGame({ game_id: 'off', milestone_steps: [1], on_reversal: 'offset', triggers: recharged }),
  ];
  await install(database.pool, { games: games.map((game) => gameHistory(game)) });
  const keyOf = (gameId: string, step: number) =>
    rewardKey({ userId: 'U1', gameId, windowStart: Date.UTC(2026, 4, 1), step, earning: 1 });
  const [clawed, offset] = [keyOf('claw', 2), keyOf('off', 1)];
  await using worker = await testWorker(database.url, services);
  const take = async (...events: Parameters<typeof engine.take>[0]) => {
    await engine.take(events);
    worker.wake();
    await waitFor('the end of all messages', () => allEnded(database.pool));
  };
  await take(upiPayment(100, { id: 'r', type: 'recharged' }));
  await take(reversalOf('r'));
  await take(upiPayment(100, { id: 'a' }), upiPayment(100, { id: 'b' }));
  await take(reversalOf('b'));
  await worker.idle();

  const show = async (key: string) => (await json(database, 'rewards', 'show', key)).document;
  expect(await show(offset)).toMatchObject({
    ...{ kind: 'pay', state: 'done', follows: null, followed_by: null, claim: { status: 'offset', amount: 10 } },
    amounts: { claimed: 10, netted: 0, lowered: 0, paid: 10 },
    debts: [{ amount: 10, waiting: false }],
  });
  expect(await show(clawed)).toMatchObject({
    ...{ kind: 'pay', state: 'done', follows: null, claim: { status: 'clawed_back', amount: 20 } },
    amounts: { claimed: 20, netted: 10, lowered: 0, paid: 10 },
    followed_by: { key: takeBackKey(clawed), state: 'done' },
    debts: [{ amount: -10 }, { amount: 10 }],
  });
  expect(await show(takeBackKey(clawed))).toMatchObject({
    ...{ kind: 'take_back', state: 'done', follows: clawed, followed_by: null, amounts: null },
    reward: { amount: 10 },
  });

  const { stdout } = await run(database, 'rewards', 'show', clawed);
  expect(stdout).toContain('window 2026-05-01T00:00:00.000Z, earning 1: clawed_back\n');
  expect(stdout).toContain('amounts   20 claimed, 10 kept back for what was owed, 10 paid\n');
  expect(stdout).toContain(`taken back by ${takeBackKey(clawed)} (done)\n`);
  const taken = (await run(database, 'rewards', 'show', takeBackKey(clawed))).stdout;
  expect(taken).toMatch(/^takes back 10 NC from U1, by neucoin\n/);
  expect(taken).toContain(`of        ${clawed}, the payment\n`);
  const list = (await run(database, 'rewards', 'list', '--state', 'done')).stdout;
  expect(list).toMatch(new RegExp(`^${clawed}  neucoin  pays        done`, 'm'));
  expect(list).toMatch(new RegExp(`^${takeBackKey(clawed)}  neucoin  takes back  done`, 'm'));
});
