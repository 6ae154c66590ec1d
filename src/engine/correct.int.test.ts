// Events that said something wrong: what they should have said counts in their place, whatever came before and comes after; what they said is kept.
import { beforeEach, expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { explainEvent, openRecords } from '../explain/explain.ts';
import type { GameConfig } from '../games/config.ts';
import { listEvents, type StoredEvent } from '../inbox/stored.ts';
import { isMerge } from '../players/merge.ts';
import { readBooks } from '../testing/books.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { allEnded, testServices, testWorker } from '../testing/dispatch.ts';
import { install, silent, type TestEngine, testEngine } from '../testing/engine.ts';
import {
  cookieOpening,
  gameHistory,
  makeEvent,
  makeGame,
  paymentReversal,
  paymentTrigger,
  reversalOf,
  upiPayment,
} from '../testing/make.ts';
import { mergeOf, unmergeOf } from '../testing/merge.ts';
import { waitFor } from '../testing/wait.ts';
import { type CorrectionOrder, correctEvent } from './correct.ts';
import { rebuild } from './rebuild.ts';
import { verify } from './verify.ts';

/** A game that counts payments from 1,000 rupees on; over for long. */
const game = makeGame({ milestone_steps: [1, 2], triggers: [paymentTrigger({ from: 1_000 })] });

let database: TestDatabase;
let engine: TestEngine;
beforeEach(async () => {
  database = await testDatabase();
  await install(database.pool, { games: [gameHistory(game)] });
  engine = testEngine(database.url);
  return async () => {
    await engine[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
});

const order = (amount: unknown, more: Partial<CorrectionOrder> = {}): CorrectionOrder => ({
  ...{ eventId: 'evt', userId: 'U1', set: { transaction_amount: amount as number }, by: 'asha', reason: 'ticket 815' },
  ...more,
});
const correct = (...given: Parameters<typeof order>) =>
  correctEvent({ db: engine.db, engine, dryRun: false }, order(...given));
const paid = (amount: number, options: Parameters<typeof upiPayment>[1] = {}) =>
  upiPayment(amount, { id: 'evt', occurred: '05-10', correlation: { payment_id: 'pay' }, ...options });

async function value(): Promise<number> {
  const { progress } = await readBooks(database.pool);
  return progress[0]?.value ?? 0;
}

async function outcomes(): Promise<string[]> {
  const { rows } = await database.pool.query(
    'select producer, outcome, reason from milepost.event_key order by event_no',
  );
  return rows.map(({ producer, outcome, reason }) => `${producer}: ${outcome}${reason === null ? '' : ` (${reason})`}`);
}

/** The books agree, and every event is explained as it was judged. */
async function expectRight(): Promise<void> {
  const support = connect(database.url, { role: 'milepost_support', size: 2, log: silent });
  try {
    expect(await verify(support)).toEqual([]);
    const records = await openRecords(support);
    for (const stored of await listEvents(support, {}, 100)) {
      if (isMerge({ event_type: stored.event_type ?? '' })) continue;
      const { recomputed } = await explainEvent(records, stored);
      expect(recomputed, `${stored.producer} ${stored.event_id}`).toMatchObject({ agrees: true, differences: [] });
    }
  } finally {
    await support.close();
  }
}

test('what one game counted and another left out counts there once it is judged anew, and stays as it was in the first', async () => {
  const other = makeGame({ game_id: 'other', cohort_id: 'early', milestone_steps: [1] });
  await install(database.pool, { games: [gameHistory(other)] });
  await engine.take([paid(1_500)]);
  const again = { set: {}, again: true };
  // As long as nothing is known that was not known then, there is nothing to do.
  expect(await correct(0, again)).toMatchObject({ changed: false });
  const { claims } = await readBooks(database.pool);
  expect(claims).toHaveLength(1);

  const attributes = { cohort_id: 'early', member: true };
  await engine.take([makeEvent({ type: 'cohort_changed', occurred: '05-02', attributes })]);
  expect(await correct(0, again)).toMatchObject({
    changed: true,
    from: { outcome: 'applied' },
    to: { outcome: 'applied', attributes: {} },
    moved: [{ gameNo: 2, before: 0, after: 1 }],
    claims: 1,
    ended: [],
  });
  const after = await readBooks(database.pool);
  expect(after.claims).toHaveLength(2);
  expect(after.claims).toEqual(expect.arrayContaining(claims));
  expect(after.progress.map((row) => row.value)).toEqual([1, 1]);

  expect(await correct(0, again)).toMatchObject({ changed: false });
  expect(await readBooks(database.pool)).toEqual(after);
  await expectRight();
  // A refund that names the event takes back what it counts in both.
  await engine.take([reversalOf('evt', null, { occurred: '05-20' })]);
  expect((await readBooks(database.pool)).progress.map((row) => row.value)).toEqual([0, 0]);
  await expectRight();
});

test('what a producer sends in a version of its own is corrected in that version', async () => {
  const sent = paid(900);
  await engine.take([{ ...sent, event: { ...sent.event, event_version: '2.1' } }]);
  expect(await correct(1_500)).toMatchObject({ to: { outcome: 'applied' } });
  const { rows } = await database.pool.query('select distinct event_version from milepost.inbox');
  expect(rows).toEqual([{ event_version: '2.1' }]);
});

test('what it should have said counts, by the time and receipt of what it said; a dry run and a repeat change nothing', async () => {
  await engine.take([paid(900)]);
  const before = await readBooks(database.pool);
  const tried = await correctEvent({ db: engine.db, engine, dryRun: true }, order(1_500));
  expect(tried).toMatchObject({
    from: { outcome: 'no_match', reason: 'condition_failed', attributes: { transaction_amount: 900 } },
    to: { outcome: 'applied', reason: null, attributes: { transaction_amount: 1_500 } },
    changed: true,
    claims: 1,
    moved: [{ gameNo: 1, before: 0, after: 1 }],
  });
  expect(await readBooks(database.pool)).toEqual(before);

  expect(await correct(1_500)).toEqual(tried);
  expect(await outcomes()).toEqual([
    'tests: no_match (condition_failed)',
    'reversal-1/tests: reversed (nothing_counted)',
    'correction-1/tests: applied',
  ]);
  const { rows } = await database.pool.query(
    `select payload -> 'attributes' as attributes, occurred_at, received_at from milepost.inbox order by event_no`,
  );
  expect(rows[0].attributes).toMatchObject({ transaction_amount: 900 });
  expect(rows[1].attributes).toEqual({
    corrected_by: 'asha',
    correction_reason: 'ticket 815',
    original_producer: 'tests',
  });
  expect(rows[2]).toMatchObject({
    attributes: { transaction_amount: 1_500, correction_of: { event_id: 'evt', producer: 'tests' } },
    occurred_at: rows[0].occurred_at,
    received_at: rows[0].received_at,
  });

  const books = await readBooks(database.pool);
  expect(await correct(1_500)).toMatchObject({ changed: false });
  // As it came, it may come again.
  expect((await engine.take([paid(900)])).results).toMatchObject([{ outcome: 'no_match', replayed: true }]);
  expect(await readBooks(database.pool)).toEqual(books);
  await expectRight();
});

test('it can be corrected again and back, and then counts as it was corrected last', async () => {
  await engine.take([paid(1_500), upiPayment(2_000, { id: 'other' })]);
  expect(await value()).toBe(2);
  await correct(900, { takeBack: true });
  expect(await value()).toBe(1);
  await correct(1_200);
  expect(await value()).toBe(2);
  await correct(900, { takeBack: true });
  await correct(null, { set: { transaction_amount: 3_000, note: 'by hand', currency: null } });
  expect(await value()).toBe(2);
  expect((await outcomes()).slice(-2)).toEqual([
    'reversal-4/tests: reversed (nothing_counted)',
    'correction-4/tests: applied',
  ]);
  const { rows } = await database.pool.query(
    `select payload -> 'attributes' ->> 'note' as note, (payload -> 'attributes' -> 'currency')::text as currency from milepost.inbox order by event_no desc limit 1`,
  );
  expect(rows).toEqual([{ note: 'by hand', currency: null }]);
  const { claims } = await readBooks(database.pool);
  expect(claims.map(({ step, earning, status }) => `${step}/${earning} ${status}`).sort()).toEqual([
    ...['1/1 earned', '2/1 cancelled', '2/2 cancelled', '2/3 earned'],
  ]);
  await expectRight();
});

test('a refund takes back what is left of it, whether it came before the correction or comes after', async () => {
  await engine.take([paid(5_000), reversalOf('evt', 4_500, { id: 'refund', occurred: '05-11' })]);
  expect(await value()).toBe(0);
  // 6,000 less the 4,500 that were refunded.
  await correct(6_000);
  expect(await value()).toBe(1);
  expect(await outcomes()).toContain('correction-1/tests: applied');
  await engine.take([reversalOf('evt', 800, { id: 'refund-2', occurred: '05-12' })]);
  expect(await value()).toBe(0);
  await correct(9_000);
  expect(await value()).toBe(1);
  await engine.take([paymentReversal('pay', null, { id: 'refund-3', occurred: '05-12' })]);
  expect(await value()).toBe(0);
  await expectRight();
});

test('of two corrections at once one counts, and the other is told', async () => {
  await engine.take([paid(900)]);
  // The second has looked at the event, and the first is done before it commits.
  const overtaken: typeof engine.process = async (batch) => {
    if (!batch.rehearsal) await correct(1_500);
    return engine.process(batch);
  };
  const second = (given: CorrectionOrder) =>
    correctEvent({ db: engine.db, engine: { process: overtaken }, dryRun: false }, given);
  await expect(second(order(2_500, { by: 'ravi' }))).rejects.toThrow(/somebody else has corrected evt at this moment/);
  expect(await value()).toBe(1);
  expect(await outcomes()).toHaveLength(3);

  const both = await Promise.allSettled([correct(1_600), correct(2_600), correct(3_600)]);
  for (const result of both) if (result.status === 'rejected') expect(result.reason.message).toMatch(/somebody else/);
  expect(await value()).toBe(1);
  expect((await readBooks(database.pool)).claims.map(({ status }) => status)).toEqual(['earned']);
  await expectRight();
});

test('what cannot be corrected says so, and nothing is changed', async () => {
  await engine.take([
    paid(900),
    paid(900, { id: 'twice', producer: 'one' }),
    paid(900, { id: 'twice', producer: 'two' }),
    ...[paid(900, { id: 'shared', user: 'U3' }), paid(900, { id: 'shared', user: 'U4' })],
    reversalOf('evt', null, { id: 'reversal' }),
    makeEvent({ id: 'cohort', type: 'cohort_changed', attributes: { cohort_id: 'a', member: true, until: null } }),
  ]);
  await engine.take([mergeOf('U3', 'U4')]);
  const before = await readBooks(database.pool);
  await expect(correct(1, { eventId: 'shared', userId: 'U3' })).rejects.toThrow(
    /came for two players who are one person since/,
  );
  await expect(correct(1, { eventId: 'unknown' })).rejects.toThrow('there is no event unknown of player U1');
  await expect(correct(1, { userId: 'U2' })).rejects.toThrow('there is no event evt of player U2');
  await expect(correct(1, { eventId: 'twice' })).rejects.toThrow(
    /several producers .* --producer (one or two|two or one)/,
  );
  await expect(correct(1, { eventId: 'reversal' })).rejects.toThrow(/only events that count in games/);
  await expect(correct(1, { eventId: 'cohort' })).rejects.toThrow(/only events that count in games/);
  await expect(correct(1_500, { set: { frm_flag: 'REVIEW' } })).rejects.toThrow(/for a verdict to say/);
  await expect(correct(12.345)).rejects.toMatchObject({
    problems: [{ message: expect.stringContaining('transaction_amount') }],
  });
  await database.pool.query('delete from milepost.inbox');
  await expect(correct(1_500)).rejects.toThrow(/older than retention/);
  expect(await readBooks(database.pool)).toEqual(before);
});

test('a batch that is to be whole is refused as a whole', async () => {
  const poisoned = { ...paid(1_500, { id: 'bad' }), payload: '{"attributes":' };
  await expect(engine.process({ events: [paid(1_500), poisoned], parked: [], correction: true })).rejects.toThrow(
    /json/,
  );
  expect(await outcomes()).toEqual([]);
});

/** Games of one policy that count rupees, each with another kind of reward at 1,000; a budget has enough for two. The next step is far off. */
function gamesOf(on_reversal: 'claw_back' | 'offset'): GameConfig[] {
  const reward = { reward_type: 'NC' as const, value: 20 };
  const inRupees = {
    ...{
      mode: 'increment_by_attribute' as const,
      field: 'attributes.transaction_amount',
      scale: 1,
      rounding: 'down' as const,
    },
  };
  const kinds: { [name: string]: [step: object, more?: Parameters<typeof makeGame>[0]] } = {
    voucher: [{ step_type: 'REWARD', reward: { ...reward, reward_type: 'VOUCHER' } }],
    budget: [
      { step_type: 'REWARD', reward },
      { budgets: [{ budget_id: 'purse', period: 'game', limit: { claims: 2 }, when_exhausted: 'hold' }] },
    ],
    drawn: [
      { step_type: 'REWARD', reward: { ...reward, display_type: 'upto', distribution: [{ value: 20, weight: 1 }] } },
    ],
    cookie: [{ step_type: 'FORTUNE_COOKIE', cookie: { prizes: [{ prize_id: 'gold', weight: 1, reward }] } }],
  };
  return Object.entries(kinds).map(([name, [step, more]]) =>
    makeGame({
      ...{ game_id: `${on_reversal}_${name}`, on_reversal, ...more },
      milestone_steps: [{ step: 1_000, ...step } as never, 5_000],
      triggers: [{ ...paymentTrigger({ id: name }), progression_config: inRupees }],
    }),
  );
}

/** Everything about claims and rewards, row by row. */
async function rewards(users: string[]): Promise<string[]> {
  const { rows } = await database.pool.query<{ row: string }>(
    `select 'claim ' || to_jsonb(c)::text as row from milepost.claim c join milepost.player p using (bucket, player_id) where p.user_id = any ($1)
     union all select 'transition ' || to_jsonb(t)::text from milepost.claim_transition t join milepost.player p using (bucket, player_id) where p.user_id = any ($1)
     union all select 'debt ' || to_jsonb(d)::text from milepost.debt_entry d join milepost.player p using (bucket, player_id) where p.user_id = any ($1)
     union all select 'draw ' || to_jsonb(d)::text from milepost.draw d join milepost.player p using (bucket, player_id) where p.user_id = any ($1)
     union all select 'opening ' || to_jsonb(o)::text from milepost.cookie_opening o join milepost.player p using (bucket, player_id) where p.user_id = any ($1)
     union all select 'reservation ' || to_jsonb(r)::text from milepost.budget_reservation r
     union all select 'message ' || to_jsonb(o)::text from milepost.outbox o where body ->> 'user_id' = any ($1)`,
    [users],
  );
  return rows.map(({ row }) => row).sort();
}

async function drain(): Promise<void> {
  await using services = await testServices();
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all rewards', () => allEnded(database.pool));
  await worker.idle();
}

test('a step that it reaches as well stays claimed as it was, whatever has become of its reward', async () => {
  const games = [...gamesOf('claw_back'), ...gamesOf('offset')];
  await install(database.pool, { games: games.map((each) => gameHistory(each)) });
  const users = ['paid', 'over', 'waiting'];
  const said = (user: string, amount: number) => paid(amount, { id: user, user, correlation: { payment_id: user } });
  const open = (user: string) =>
    games
      .slice(3)
      .filter(({ game_id }) => game_id.endsWith('cookie'))
      .map(({ game_id }) => cookieOpening(1_000, { user, game: game_id }));
  await engine.take([said('first', 1_500), said('paid', 1_500), ...open('paid')]);
  await drain();
  await engine.take([said('over', 1_500), ...open('over')]);
  await drain();
  await engine.take([said('waiting', 1_500)]);
  const { rows: states } = await database.pool.query<{ state: string }>(
    "select distinct status || coalesce(' ' || o.state::text, '') as state from milepost.claim left join milepost.outbox o using (bucket, message_key) order by 1",
  );
  expect(states.map(({ state }) => state)).toEqual([
    ...['awaiting_budget done', 'awaiting_budget held', 'awaiting_budget pending'],
    ...['earned done', 'earned pending', 'opened done', 'unopened'],
  ]);

  const before = await rewards(users);
  for (const userId of users) {
    expect(await correct(1_200, { userId, eventId: userId })).toMatchObject({
      to: { outcome: 'applied' },
      claims: 0,
      ended: [],
    });
    expect(await correct(1_400, { userId, eventId: userId })).toMatchObject({
      to: { outcome: 'applied' },
      claims: 0,
      ended: [],
    });
  }
  expect(await rewards(users)).toEqual(before);
  const { rows } = await database.pool.query(
    "select min(value) as value, count(*)::int as windows from milepost.progress join milepost.player p using (bucket, player_id) where user_id <> 'first' and game_no > 1",
  );
  expect(rows).toEqual([{ value: '1400', windows: 3 * games.length }]);
  await expectRight();
  const rebuilt = await rebuild(engine.db, { dryRun: true, by: 'asha', reason: 'ticket 815', shown: 1 });
  expect(rebuilt).toMatchObject({ windows: 4 + 4 * games.length, changed: 0 });

  const told = await explained('paid', 'reversal-2/tests');
  expect(told).toContain('Step 1000 stays as it was claimed: what the event was corrected to reaches it as well.');
  expect(told).not.toMatch(/not reached any more|taken back from/);
});

test('what it does not reach is taken back by the policy, only where that is meant, and the dry run lists it', async () => {
  await install(database.pool, { games: gamesOf('claw_back').map((each) => gameHistory(each)) });
  await engine.take([paid(1_500)]);
  await drain();
  const before = await readBooks(database.pool);
  const tried = await correctEvent({ db: engine.db, engine, dryRun: true }, order(999));
  expect(tried.ended).toMatchObject([
    { game_id: 'claw_back_voucher', step: 1_000, status: 'clawed_back', reward_type: 'VOUCHER', amount: 20 },
    { game_id: 'claw_back_budget', step: 1_000, status: 'clawed_back' },
    { game_id: 'claw_back_drawn', step: 1_000, status: 'clawed_back' },
    { game_id: 'claw_back_cookie', step: 1_000, status: 'cancelled', reward_type: null },
  ]);
  await expect(correct(999)).rejects.toThrow(/takes rewards back: .* --take-back/);
  expect(await readBooks(database.pool)).toEqual(before);
  expect(await correct(999, { takeBack: true })).toMatchObject({ claims: 0, ended: tried.ended });
  expect(await explained('U1', 'reversal-1/tests')).toContain('Step 1000 of claw_back_voucher is not reached any more');
  await expectRight();
  // It earns them anew, as another earning.
  expect(await correct(1_100)).toMatchObject({ ended: [], claims: 4 });
  await expectRight();
});

test('of a player who was merged, what stands under either of the two stays there', async () => {
  await engine.take([paid(1_500, { user: 'U2' }), upiPayment(2_000, { id: 'other', user: 'U1' })]);
  await engine.take([mergeOf('U2', 'U1')]);
  const before = await rewards(['U1', 'U2']);
  const progress = async () => (await readBooks(database.pool)).progress.find(({ user_id }) => user_id === 'U1')?.value;
  expect(await progress()).toBe(2);
  expect(await correct(1_600, { userId: 'U2' })).toMatchObject({ ended: [], claims: 0 });
  expect(await rewards(['U1', 'U2'])).toEqual(before);
  expect(await progress()).toBe(2);
  await expect(correct(900, { userId: 'U2' })).rejects.toThrow(/--take-back/);
  expect(await correct(900, { userId: 'U2', takeBack: true })).toMatchObject({
    ended: [{ step: 2, status: 'cancelled' }],
  });
  expect(await progress()).toBe(1);
  await expectRight();
});

/** What support is told about an event of a player, by its producer. */
async function explained(userId: string, producer: string): Promise<string> {
  const support = connect(database.url, { role: 'milepost_support', size: 2, log: silent });
  try {
    const stored = await listEvents(support, { userId }, 100);
    const event = stored.find((each) => each.producer === producer) as StoredEvent;
    return (await explainEvent(await openRecords(support), event)).answer;
  } finally {
    await support.close();
  }
}

test('what was flagged is not corrected past the verdict on it', async () => {
  await engine.take([paid(1_500, { attributes: { frm_flag: 'REVIEW' } })]);
  await expect(correct(1_600)).rejects.toThrow(/for a verdict to say/);
  await engine.take([makeEvent({ type: 'hold_voided', correlation: { original_event_id: 'evt' } })]);
  const before = await readBooks(database.pool);
  await expect(correct(1_600)).rejects.toThrow(/for a verdict to say/);
  await expect(correct(1_600, { set: { frm_flag: null } })).rejects.toThrow(/for a verdict to say/);
  expect(await readBooks(database.pool)).toEqual(before);
  await expectRight();
});

test('of a person it is corrected whichever account is named; taken apart since, it stays where it was corrected', async () => {
  await engine.take([
    paid(900, { user: 'one' }),
    upiPayment(2_000, { user: 'two', id: 'other' }),
    mergeOf('one', 'two'),
  ]);
  const one = { userId: 'one' };
  const two = { userId: 'two' };
  expect(await correct(1_500, one)).toMatchObject({ changed: true, moved: [{ before: 1, after: 2 }], claims: 1 });
  expect(await correct(1_500, two)).toMatchObject({ changed: false });
  expect(await correct(1_200, one)).toMatchObject({
    changed: true,
    from: { attributes: { transaction_amount: 1_500 } },
  });
  await expectRight();

  await engine.take([unmergeOf('one', 'two')]);
  await expectRight();
  await expect(correct(1_100, one)).rejects.toThrow(
    'what evt says now came while one was one person with two, and stands with two since: correct it there',
  );
  await correct(900, { ...two, takeBack: true });
  await expectRight();
  const { progress } = await readBooks(database.pool);
  expect(progress).toMatchObject([{ value: 1 }]);
});
