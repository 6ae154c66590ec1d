// Events that said something wrong: what they should have said counts in their place, whatever came before and comes after; what they said is kept.
import { beforeEach, expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { explainEvent, openRecords } from '../explain/explain.ts';
import { listEvents } from '../inbox/stored.ts';
import { readBooks } from '../testing/books.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, type TestEngine, testEngine } from '../testing/engine.ts';
import {
  gameHistory,
  makeEvent,
  makeGame,
  paymentReversal,
  paymentTrigger,
  reversalOf,
  upiPayment,
} from '../testing/make.ts';
import { type CorrectionOrder, correctEvent } from './correct.ts';
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
      const { recomputed } = await explainEvent(records, stored);
      expect(recomputed, `${stored.producer} ${stored.event_id}`).toMatchObject({ agrees: true, differences: [] });
    }
  } finally {
    await support.close();
  }
}

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
  const both = await Promise.allSettled([correct(1_500), correct(2_500), correct(3_500)]);
  const refused = both.filter(({ status }) => status === 'rejected');
  for (const { reason } of refused as PromiseRejectedResult[])
    expect(reason.message).toMatch(/somebody else has corrected evt/);
  expect(await value()).toBe(1);
  expect((await readBooks(database.pool)).claims.filter(({ status }) => status === 'earned')).toHaveLength(1);
  await expectRight();
});

test('what cannot be corrected says so, and nothing is changed', async () => {
  await engine.take([
    paid(900),
    paid(900, { id: 'twice', producer: 'one' }),
    paid(900, { id: 'twice', producer: 'two' }),
    reversalOf('evt', null, { id: 'reversal' }),
    makeEvent({ id: 'cohort', type: 'cohort_changed', attributes: { cohort_id: 'a', member: true, until: null } }),
  ]);
  const before = await readBooks(database.pool);
  await expect(correct(1, { eventId: 'unknown' })).rejects.toThrow('there is no event unknown of player U1');
  await expect(correct(1, { userId: 'U2' })).rejects.toThrow('there is no event evt of player U2');
  await expect(correct(1, { eventId: 'twice' })).rejects.toThrow(
    /several producers .* --producer (one or two|two or one)/,
  );
  await expect(correct(1, { eventId: 'reversal' })).rejects.toThrow(/only events that count in games/);
  await expect(correct(1, { eventId: 'cohort' })).rejects.toThrow(/only events that count in games/);
  await expect(correct(12.345)).rejects.toMatchObject({
    problems: [{ message: expect.stringContaining('transaction_amount') }],
  });
  await database.pool.query('delete from milepost.inbox');
  await expect(correct(1_500)).rejects.toThrow(/older than retention/);
  expect(await readBooks(database.pool)).toEqual(before);
});

test('a batch that is to be whole is refused as a whole', async () => {
  const poisoned = { ...paid(1_500, { id: 'bad' }), payload: '{"attributes":' };
  await expect(engine.process({ events: [paid(1_500), poisoned], parked: [], whole: true })).rejects.toThrow(/json/);
  expect(await outcomes()).toEqual([]);
});

test('rewards are taken back only where that is meant, and the dry run lists them', async () => {
  const policy = makeGame({
    milestone_steps: [1, 2],
    triggers: [paymentTrigger({ from: 1_000 })],
    on_reversal: 'claw_back',
  });
  await install(database.pool, { games: [gameHistory({ ...policy, game_id: 'clawing' })] });
  await engine.take([paid(1_500)]);
  const before = await readBooks(database.pool);
  const tried = await correctEvent({ db: engine.db, engine, dryRun: true }, order(1_600));
  expect(tried.ended).toMatchObject([
    { game_id: 'game', step: 1, status: 'cancelled' },
    { game_id: 'clawing', step: 1, status: 'cancelled' },
  ]);
  await expect(correct(1_600)).rejects.toThrow(/takes rewards back: .* --take-back/);
  expect(await readBooks(database.pool)).toEqual(before);
  expect(await correct(1_600, { takeBack: true })).toMatchObject({ claims: 2, ended: tried.ended });
  await expectRight();
});

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
