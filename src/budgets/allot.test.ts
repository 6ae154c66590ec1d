// The arithmetic of budgets against a model that keeps nothing but a list of what was paid, and adds it all up anew for every question.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allot, type Limit, type LimitOf, type Period, type Waiting } from './allot.ts';

const named = (limits: Record<string, Limit>): LimitOf => {
  return (_gameNo, budgetId) => limits[budgetId];
};

function periods(...names: string[]): Record<string, Period> {
  return Object.fromEntries(names.map((budgetId) => [budgetId, { gameNo: 1, budgetId, amount: 0, claims: 0 }]));
}

let messages = 0;
function reward(amount: number, ...in_: (Period | undefined)[]): Waiting {
  const periods = in_.filter((period) => period !== undefined);
  return { bucket: 0, messageNo: String(++messages), gameNo: 1, gameId: 'game', userId: 'U1', amount, periods };
}

function results(rewards: Waiting[], limits: Record<string, Limit>): string[] {
  return allot(rewards, named(limits)).map(({ result, amount, refusedBy }) =>
    refusedBy === null ? `${result} ${amount}` : `${result} by ${refusedBy}`,
  );
}

describe('what becomes of a reward', () => {
  test('reserved up to the limit itself, then held; a smaller one may still fit', () => {
    const { a } = periods('a');
    const limits: Record<string, Limit> = { a: { amount: 25, whenExhausted: 'hold' } };
    expect(
      results(
        [10, 10, 10, 5, 1].map((amount) => reward(amount, a)),
        limits,
      ),
    ).toEqual(['reserved 10', 'reserved 10', 'held by a', 'reserved 5', 'held by a']);
    expect(a).toMatchObject({ amount: 25, claims: 3 });
  });

  test('both limits hold', () => {
    const { a } = periods('a');
    const limits: Record<string, Limit> = { a: { amount: 100, claims: 2, whenExhausted: 'skip' } };
    expect(
      results(
        [10, 95, 90, 1].map((amount) => reward(amount, a)),
        limits,
      ),
    ).toEqual(['reserved 10', 'skipped by a', 'reserved 90', 'skipped by a']);
  });

  test('downgraded where that fits; not where it is no less, nor where not even that is left', () => {
    const { a } = periods('a');
    const limits: Record<string, Limit> = { a: { amount: 10, whenExhausted: 'downgrade', downgradeTo: 4 } };
    expect(
      results(
        [20, 3, 8, 4, 3, 8].map((amount) => reward(amount, a)),
        limits,
      ),
    ).toEqual(['downgraded 4', 'reserved 3', 'skipped by a', 'skipped by a', 'reserved 3', 'skipped by a']);
  });

  test('of several budgets it needs all, and takes from none when one has not enough; the first of these decides', () => {
    const { a, b, c } = periods('a', 'b', 'c');
    const limits: Record<string, Limit> = {
      a: { claims: 5, whenExhausted: 'hold' },
      b: { amount: 10, whenExhausted: 'skip' },
      c: { claims: 0, whenExhausted: 'hold' },
    };
    expect(results([reward(11, a, b, c), reward(10, a, b), reward(1, c, b)], limits)).toEqual([
      'skipped by b',
      'reserved 10',
      'held by c',
    ]);
    expect([a, b, c].map((period) => period?.claims)).toEqual([1, 1, 0]);
  });

  test('what another budget has not left is not downgraded to', () => {
    const { a, b } = periods('a', 'b');
    const limits: Record<string, Limit> = {
      a: { amount: 5, whenExhausted: 'downgrade', downgradeTo: 3 },
      b: { amount: 2, whenExhausted: 'hold' },
    };
    expect(results([reward(10, a, b)], limits)).toEqual(['skipped by b']);
    expect(a).toMatchObject({ amount: 0, claims: 0 });
  });

  test('the example of docs/rewards.md', () => {
    const example = (whenExhausted: Limit['whenExhausted']) => {
      const { a } = periods('a');
      if (a !== undefined) a.amount = 820;
      const limits: Record<string, Limit> = { a: { amount: 1_000, whenExhausted, downgradeTo: 20 } };
      return [
        ...results(
          [100, 300, 100, 300].map((amount) => reward(amount, a)),
          limits,
        ),
        a?.amount,
      ];
    };
    expect(example('downgrade')).toEqual(['reserved 100', ...Array(3).fill('downgraded 20'), 980]);
    expect(example('hold')).toEqual(['reserved 100', ...Array(3).fill('held by a'), 920]);
    expect(example('skip')).toEqual(['reserved 100', ...Array(3).fill('skipped by a'), 920]);
  });

  test('a budget that is no longer configured limits nothing, and counts on', () => {
    const { a } = periods('a');
    expect(results([reward(1_000, a)], {})).toEqual(['reserved 1000']);
    expect(a).toMatchObject({ amount: 1_000, claims: 1 });
  });
});

// ---- the model

interface Paid {
  amount: number;
  budgets: readonly string[];
}

/** Pays one reward after the other, or does not. */
function modelled(rewards: { amount: number; budgets: string[] }[], limits: Record<string, Limit>): string[] {
  const paid: Paid[] = [];
  const isOver = (name: string): boolean => {
    const own = paid.filter(({ budgets }) => budgets.includes(name));
    const { amount, claims } = limits[name] ?? {};
    const sum = own.map(({ amount }) => amount).reduce((a, b) => a + b, 0);
    return (amount !== undefined && sum > amount) || (claims !== undefined && own.length > claims);
  };
  const tryToPay = (amount: number, budgets: string[]): string | undefined => {
    paid.push({ amount, budgets });
    const over = budgets.find(isOver);
    if (over !== undefined) paid.pop();
    return over;
  };
  return rewards.map(({ amount, budgets }) => {
    const over = tryToPay(amount, budgets);
    if (over === undefined) return `reserved ${amount}`;
    const limit = limits[over] as Limit;
    if (limit.whenExhausted === 'hold') return `held by ${over}`;
    if (limit.whenExhausted === 'skip' || (limit.downgradeTo as number) >= amount) return `skipped by ${over}`;
    const still = tryToPay(limit.downgradeTo as number, budgets);
    return still === undefined ? `downgraded ${limit.downgradeTo}` : `skipped by ${still}`;
  });
}

const names = ['a', 'b', 'c'];
const amount = fc.integer({ min: 1, max: 20 });
const limit: fc.Arbitrary<Limit> = fc.record({
  amount: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined }),
  claims: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  whenExhausted: fc.constantFrom('hold', 'skip', 'downgrade'),
  downgradeTo: fc.integer({ min: 1, max: 10 }),
});

test('is what the model says, in one round or in many, and never beyond a limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ amount, budgets: fc.subarray(names) }), { maxLength: 40 }),
      fc.record({ a: limit, b: limit, c: limit }),
      fc.integer({ min: 1, max: 40 }),
      (wanted, limits, perRound) => {
        const all = periods(...names);
        const rewards = wanted.map(({ amount, budgets }) => reward(amount, ...budgets.map((name) => all[name])));
        const found: string[] = [];
        for (let from = 0; from < rewards.length; from += perRound) {
          found.push(...results(rewards.slice(from, from + perRound), limits));
        }
        expect(found).toEqual(modelled(wanted, limits));
        for (const [name, { amount, claims }] of Object.entries(all)) {
          const limit = limits[name as 'a'];
          expect(amount).toBeLessThanOrEqual(limit.amount ?? Number.POSITIVE_INFINITY);
          expect(claims).toBeLessThanOrEqual(limit.claims ?? Number.POSITIVE_INFINITY);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
