// What reversals and verdicts do, as sentences: without a database, where nothing is ever sent.
import { describe, test } from 'vitest';
import { given } from '../testing/given.ts';
import { gameHistory, makeEvent, makeGame, paymentReversal, reversalOf, upiPayment } from '../testing/make.ts';

const game = makeGame({ milestone_steps: [2, { step: 3, step_type: 'EMPTY' }] });
/** Counts the rupees of a payment. */
const perRupee = {
  progression_config: {
    mode: 'increment_by_attribute' as const,
    field: 'attributes.transaction_amount',
    scale: 1,
    rounding: 'down' as const,
  },
};
const pay = (id: string, options: Parameters<typeof upiPayment>[1] = {}) => upiPayment(100, { id, ...options });
const flagged = (id: string) => pay(id, { attributes: { frm_flag: 'REVIEW' } });
const verdict = (type: 'hold_released' | 'hold_voided', original: string) =>
  makeEvent({ type, correlation: { original_event_id: original } });

describe('a reversal', () => {
  test('takes back what its original counted, and the steps that are not reached any more', () => {
    given(game)
      .when(pay('a'), pay('b'), pay('c'), reversalOf('b'))
      .thenBooks({
        outcomes: ['applied', 'applied', 'applied', 'reversed'],
        progress: 2,
        claims: ['2 earned NC 20', '3 cancelled'],
        rewards: ['NC 20'],
      })
      .when(reversalOf('a'))
      .thenBooks({ outcomes: ['reversed'], progress: 1, claims: ['2 cancelled NC 20', '3 cancelled'], rewards: [] });
  });

  test('lets a step be earned again, as another earning', () => {
    given(game)
      .when(pay('a'), pay('b'), reversalOf('a'), pay('c'))
      .thenBooks({ progress: 2, claims: ['2 cancelled NC 20', '2 earned NC 20'], rewards: ['NC 20'] });
  });

  test('is itself taken once, and of what is gone takes nothing', () => {
    const once = reversalOf('a', null, { id: 'r' });
    given(game)
      .when(pay('a'), pay('b'), once)
      .when(once, reversalOf('a'))
      .thenBooks({ outcomes: ['reversed again', 'reversed (already_reversed)'], progress: 1 });
  });

  test('before its original it waits; then the original counts nothing', () => {
    given(game)
      .when(reversalOf('b'), pay('a'))
      .thenBooks({ outcomes: ['waiting (original_unknown)', 'applied'], progress: 1 })
      .when(pay('b'))
      .thenBooks({ outcomes: ['reversed (reversed_before)'], progress: 1, claims: [], rewards: [] });
  });

  test('long after the window and its grace takes back all the same, in whole and in part', () => {
    given(game)
      .when(pay('a'), pay('b'), pay('c', { correlation: { payment_id: 'P' } }))
      .when(reversalOf('b', null, { occurred: '12-24' }))
      .thenBooks({ outcomes: ['reversed'], progress: 2, claims: ['2 earned NC 20', '3 cancelled'], rewards: ['NC 20'] })
      .when(paymentReversal('P', 40, { occurred: '12-25' }))
      .thenBooks({ outcomes: ['reversed'], progress: 2 })
      .when(paymentReversal('P', 60, { occurred: '12-26' }))
      .thenBooks({ outcomes: ['reversed'], progress: 1, claims: ['2 cancelled NC 20', '3 cancelled'], rewards: [] });
  });

  test('by payment takes back everything that the payment counted, in all games, also what comes later', () => {
    const other = makeGame({ game_id: 'other', milestone_steps: [2] });
    given(game, other)
      .when(pay('a', { correlation: { payment_id: 'P' } }), pay('b'), paymentReversal('P'))
      .thenBooks({ outcomes: ['applied', 'applied', 'reversed'], progress: { game: 1, other: 1 }, rewards: [] })
      .when(pay('c', { correlation: { payment_id: 'P' } }))
      .thenBooks({ outcomes: ['reversed (reversed_before)'], progress: { game: 1, other: 1 } });
  });

  test('of an event that counted nothing', () => {
    given(game)
      .when(makeEvent({ id: 'x' }), reversalOf('x'))
      .thenBooks({ outcomes: ['no_match (no_game)', 'reversed (nothing_counted)'], progress: 0 });
  });

  test('of a payment waits for what counts of it, however events fall into batches', () => {
    const unheard = makeEvent({ correlation: { payment_id: 'P' } });
    given(game)
      .when(unheard, paymentReversal('P'), paymentReversal('P'))
      .thenBooks({
        outcomes: ['no_match (no_game)', 'waiting (original_unknown)', 'waiting (original_unknown)'],
        progress: 0,
      })
      .when(pay('a', { correlation: { payment_id: 'P' } }))
      .thenBooks({ outcomes: ['reversed (reversed_before)'], progress: 0 });
  });

  test('that names nothing is refused', () => {
    given(game)
      .when(makeEvent({ type: 'payment_reversed' }))
      .thenBooks({ outcomes: ['rejected (reversal_invalid)'] });
  });

  test('of another player’s event waits for an event of its own player', () => {
    given(game)
      .when(pay('a'), reversalOf('a', null, { user: 'U2' }))
      .thenBooks({ outcomes: ['applied', 'waiting (original_unknown)'], progress: 1 });
  });

  test('of a part takes back the share, in one or more parts, before or after the original', () => {
    const rupees = makeGame({
      milestone_steps: [100],
      triggers: [perRupee],
    });
    given(rupees)
      .when(reversalOf('a', 30), pay('a'))
      .thenBooks({ outcomes: ['waiting (original_unknown)', 'applied'], progress: 70, claims: [] })
      .when(pay('b'), reversalOf('b', 20.5), reversalOf('a', 30))
      .thenBooks({ progress: 119, claims: ['100 earned NC 1000'] })
      .when(reversalOf('a', 30))
      .thenBooks({ progress: 89, claims: ['100 cancelled NC 1000'], rewards: [] });
  });

  test('may let another event of the transaction count, and reach a step', () => {
    const first = makeGame({
      milestone_steps: [5],
      evaluation_scope: 'LOGICAL_TRANSACTION',
      transaction_policy: 'first',
      triggers: [perRupee],
    });
    const of = (id: string, amount: number) =>
      upiPayment(amount, { id, correlation: { canonical_transaction_id: 'T' } });
    given(first)
      .when(of('a', 1), of('b', 9))
      .thenBooks({ progress: 1, claims: [] })
      .when(reversalOf('a'))
      .thenBooks({ progress: 9, claims: ['5 earned NC 50'], rewards: ['NC 50'] });
  });

  test('is judged by the version that judged its original', () => {
    const later = makeGame({
      milestone_steps: [2],
      triggers: [{ progression_config: { mode: 'increment_by_constant', value: 5 } }],
    });
    given(gameHistory(makeGame({ milestone_steps: [2] }), ['05-11', later]))
      .when(
        pay('a', { occurred: '05-10' }),
        pay('b', { occurred: '05-12' }),
        reversalOf('b', null, { occurred: '05-13' }),
      )
      .thenBooks({ progress: 1, claims: ['2 cancelled NC 20 by version 2'] });
  });

  test('of what only a flagged event then reaches holds the step', () => {
    given(game)
      .when(pay('a'), pay('b'), flagged('c'), reversalOf('a'))
      .thenBooks({
        progress: 2,
        cleared: 1,
        claims: ['2 cancelled NC 20', '3 cancelled', '2 held NC 20'],
        rewards: [],
      });
  });
});

describe('a verdict on a flagged event', () => {
  test('releases it: what it reached may be paid', () => {
    given(game)
      .when(pay('a'), flagged('b'))
      .thenBooks({ cleared: 1, claims: ['2 held NC 20'], rewards: [] })
      .when(verdict('hold_released', 'b'))
      .thenBooks({ outcomes: ['applied (released)'], cleared: 2, claims: ['2 earned NC 20'], rewards: ['NC 20'] });
  });

  test('voids it: it counts nothing any more', () => {
    given(game)
      .when(pay('a'), flagged('b'), verdict('hold_voided', 'b'))
      .thenBooks({ progress: 1, cleared: 1, claims: ['2 cancelled NC 20'], rewards: [] })
      .when(pay('c'))
      .thenBooks({ progress: 2, claims: ['2 cancelled NC 20', '2 earned NC 20'], rewards: ['NC 20'] });
  });

  test.each([
    ['of what is not held', pay('a'), verdict('hold_released', 'a'), 'rejected (not_held)'],
    ['of what was released', flagged('a'), verdict('hold_voided', 'a'), 'rejected (not_held)'],
    ['of what never came', pay('a'), verdict('hold_released', 'x'), 'rejected (original_unknown)'],
    ['that says of nothing', pay('a'), makeEvent({ type: 'hold_released' }), 'rejected (verdict_invalid)'],
  ])('%s is refused', (_, event, said, outcome) => {
    given(game)
      .when(event, verdict('hold_released', 'a'))
      .when(said)
      .thenBooks({ outcomes: [outcome] });
  });
});
