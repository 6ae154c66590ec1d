import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { preparedGame } from '../testing/credits.ts';
import { makeEvent, paymentTrigger } from '../testing/make.ts';
import type { Credit, Ruling } from './games.ts';
import { correct, isReversal, namesEvent, readReversal, readVerdict } from './ruling.ts';

const game = preparedGame({
  triggers: [
    { ...paymentTrigger({ id: 'constant', from: 1200 }) },
    {
      ...paymentTrigger({ id: 'rupees' }),
      progression_config: {
        mode: 'increment_by_attribute',
        field: 'attributes.transaction_amount',
        scale: 1,
        rounding: 'down',
      },
    },
    {
      ...paymentTrigger({ id: 'bands' }),
      progression_config: {
        mode: 'weighted',
        field: 'attributes.transaction_amount',
        bands: [
          { at_least: 100, adds: 1 },
          { at_least: 1000, adds: 5 },
        ],
        otherwise: 0,
      },
    },
  ],
});

function credit(triggerId: string, options: Partial<Credit> = {}): Credit {
  return {
    gameNo: 1,
    windowStart: game.start,
    eventNo: 1,
    triggerId,
    amount: 1,
    distinctValue: null,
    held: false,
    version: 1,
    occurredAt: game.start,
    paymentId: 'pay',
    transactionId: null,
    transactionAmount: 2000.5,
    correction: null,
    ...options,
  };
}

function ruling(options: Partial<Ruling> = {}): Ruling {
  return {
    kind: 'reversed',
    eventNo: 2,
    eventId: 'r',
    producer: 'tests',
    originalEventId: 'e',
    originalProducer: null,
    paymentId: null,
    amount: null,
    waiting: false,
    ...options,
  };
}

/** The amounts of a credit after each of some partial reversals. */
function afterEach(one: Credit, ...amounts: (number | null)[]): (number | undefined)[] {
  let current = one;
  return amounts.map((amount) => {
    const correction = correct(current, ruling({ amount }), game);
    if (correction !== undefined) current = { ...current, correction };
    return correction?.amount;
  });
}

describe('what is left of a credit', () => {
  test.each<[string, Credit, (number | null)[], (number | undefined)[]]>([
    ['all of it is taken back', credit('constant'), [null], [0]],
    ['nothing more can be', credit('constant'), [null, null, 5], [0, undefined, undefined]],
    ['an event without an amount is taken back whole', credit('constant', { transactionAmount: null }), [5], [0]],
    ['a rule on the amount that the rest does not pass any more', credit('constant'), [800, 0.5, 0.01], [1, 1, 0]],
    ['by the amount, to the paisa', credit('rupees', { amount: 2000 }), [0.5, 0.01, 1999.98], [2000, 1999, 0]],
    ['more than there was', credit('rupees', { amount: 2000 }), [3000], [0]],
    ['by bands', credit('bands', { amount: 5 }), [1000.5, 0.01, 900], [5, 1, 0]],
  ])('%s', (_, one, amounts, expected) => {
    expect(afterEach(one, ...amounts)).toEqual(expected);
  });

  test('does not depend on the order of what was said', () => {
    const rulings = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 90_000 }).map((paise) => ruling({ amount: paise / 100 })),
        fc.constantFrom(ruling({ kind: 'released' }), ruling()),
      ),
      { maxLength: 6 },
    );
    const shuffled = rulings.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    const start = fc
      .constantFrom('constant', 'rupees', 'bands')
      .chain((id) => fc.boolean().map((held) => credit(id, { amount: id === 'rupees' ? 2000 : 1, held })));
    fc.assert(
      fc.property(start, shuffled, (one, [first, second]) => {
        const counts = (all: readonly Ruling[]) => {
          let current = one;
          for (const each of all) {
            current = { ...current, correction: correct(current, each, game) ?? current.correction };
          }
          const { correction } = current;
          // Of what counts nothing it does not matter whether it is held.
          return correction?.amount === 0 ? 0 : (correction ?? { amount: one.amount, held: one.held, remaining: null });
        };
        expect(counts(first)).toEqual(counts(second));
      }),
    );
  });

  test('a verdict is about what is held only', () => {
    expect(correct(credit('constant'), ruling({ kind: 'released' }), game)).toBeUndefined();
    expect(correct(credit('constant'), ruling({ kind: 'voided' }), game)).toBeUndefined();
    const held = credit('constant', { held: true });
    expect(correct(held, ruling({ kind: 'released' }), game)).toEqual({ remaining: null, amount: 1, held: false });
    expect(correct(held, ruling({ kind: 'voided' }), game)).toEqual({ remaining: 0, amount: 0, held: true });
  });
});

describe('what a ruling names', () => {
  const event = (id: string, payment: string | null, producer = 'shop') =>
    makeEvent({ id, producer, correlation: { payment_id: payment } }).event;

  test('an event by its id, of any producer unless one is named', () => {
    expect(namesEvent(ruling(), event('e', null))).toBe(true);
    expect(namesEvent(ruling(), event('other', null))).toBe(false);
    expect(namesEvent(ruling({ originalProducer: 'shop' }), event('e', null))).toBe(true);
    expect(namesEvent(ruling({ originalProducer: 'switch' }), event('e', null))).toBe(false);
  });

  test('all events of a payment, where it names no event', () => {
    const ofPayment = ruling({ originalEventId: null, paymentId: 'pay' });
    expect(namesEvent(ofPayment, event('anything', 'pay'))).toBe(true);
    expect(namesEvent(ofPayment, event('anything', 'other'))).toBe(false);
    expect(namesEvent(ofPayment, event('anything', null))).toBe(false);
  });
});

describe('reading', () => {
  test('an event that names an original takes it back, whatever it is called', () => {
    expect(isReversal(makeEvent({ type: 'refund_done', correlation: { original_event_id: 'e' } }).event)).toBe(true);
    expect(isReversal(makeEvent({ type: 'payment_reversed' }).event)).toBe(true);
    expect(isReversal(makeEvent({ correlation: { payment_id: 'pay' } }).event)).toBe(false);
  });

  test.each([
    ['names nothing', {}, {}, 'correlation: a reversal names an original_event_id or a payment_id'],
    ['of no amount', { original_event_id: 'e' }, { transaction_amount: 0 }, 'found 0'],
  ])('a reversal that %s is refused', (_, correlation, attributes, problem) => {
    const { event } = makeEvent({ type: 'payment_reversed', correlation, attributes });
    expect(readReversal(event, 1)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test.each([
    ['a game', {}, 'attributes.game_id: expected text; found nothing'],
    ['a window', { game_id: 'g' }, 'attributes.window_start: expected a time; found nothing'],
    [
      'a step',
      { game_id: 'g', window_start: '2026-05-01T00:00:00Z' },
      'attributes.step: expected the number of a step',
    ],
    [
      'a number of an earning, if any',
      { game_id: 'g', window_start: '2026-05-01T00:00:00Z', step: 1, earning: '2' },
      'attributes.earning: expected the number of an earning, or null; found "2"',
    ],
  ])('a verdict on a claim needs %s', (_, attributes, problem) => {
    const { event } = makeEvent({ type: 'hold_released', attributes });
    expect(readVerdict(event, 1)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test('a verdict on a claim names an earning, or whichever is held', () => {
    const claim = { game_id: 'g', window_start: '2026-05-01T00:00:00Z', step: 1 };
    const read = (attributes: Record<string, string | number>) =>
      readVerdict(makeEvent({ type: 'hold_voided', attributes }).event, 1);
    expect(read(claim)).toMatchObject({ claim: { kind: 'voided', step: 1, earning: null } });
    expect(read({ ...claim, earning: 2 })).toMatchObject({ claim: { earning: 2 } });
  });
});
