// Amounts are exact: what goes in as paise or text is the same decimal number that comes out.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountProblem, currencyDecimals, fromDecimalText, fromPaise } from './amount.ts';

const paise = fc.integer({ min: 0, max: 999_999_999_999_999 });

/** Paise written as rupees by moving the point, without arithmetic on floats. */
function asRupees(amount: number): string {
  const digits = String(amount).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** `1234567` → `12,34,567`, as amounts are grouped in India. */
function grouped(whole: string): string {
  const head = whole.slice(0, -3);
  return head === '' ? whole : `${head.replace(/\B(?=(\d\d)+$)/g, ',')},${whole.slice(-3)}`;
}

describe('properties', () => {
  test('paise, rupees as text and grouped rupees are the same number, and a valid amount', () => {
    fc.assert(
      fc.property(paise, (amount) => {
        const text = asRupees(amount);
        const [whole, fraction] = text.split('.') as [string, string];
        expect(fromPaise(amount)).toBe(Number(text));
        expect(fromPaise(String(amount))).toBe(Number(text));
        expect(fromDecimalText(text)).toBe(Number(text));
        expect(fromDecimalText(`${grouped(whole)}.${fraction}`)).toBe(Number(text));
        expect(amountProblem(Number(text), 'INR')).toBeUndefined();
        expect(Math.round(Number(text) * 100)).toBe(amount);
      }),
    );
  });

  test('a third decimal is always seen', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999_999 }), fc.integer({ min: 1, max: 9 }), (amount, third) => {
        expect(amountProblem(Number(`${asRupees(amount)}${third}`), 'INR')).toBe('has more than 2 decimals (INR)');
      }),
    );
  });
});

test('currencies have their own decimals', () => {
  expect(['INR', 'JPY', 'KWD', 'inr', 'rupee', ''].map(currencyDecimals)).toEqual([
    2,
    0,
    3,
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  [1200.5, 'INR', undefined],
  [0, null, undefined],
  [1.005, 'KWD', undefined],
  [9_999_999_999_999.99, undefined, undefined],
  [10_000_000_000_000, undefined, 'is too large: 15 digits in minor units are the most'],
  [1e-7, 'INR', 'has more than 2 decimals (INR)'],
  [0.5, 'JPY', 'has more than 0 decimals (JPY)'],
  [-1, 'INR', 'must not be negative'],
  [Number.NaN, 'INR', 'must not be negative'],
  ['1200', 'INR', 'expected a number in major units, such as 1200.5'],
  [1200, 'Rs', 'its currency "Rs" is not three capital letters, such as INR'],
  [1200, 356, 'its currency 356 is not three capital letters, such as INR'],
])('%j in %j: %s', (value, currency, problem) => {
  expect(amountProblem(value, currency)).toBe(problem);
});

test.each([
  '1,2',
  '1,20,0',
  '12,345,6',
  '1.200,50',
  '₹ 10',
  '',
  '.5',
  '5.',
  '1e3',
  ' 10',
  '1234567890123456',
  '0.1234567890123456',
  `1${'0'.repeat(23)}`,
  `0.${'0'.repeat(400)}1`,
])('the text %j is no decimal number', (text) => {
  expect(fromDecimalText(text)).toBeUndefined();
});

test.each([1.5, '1.5', '', null, true, 1e15, '1234567890123456', 'abc'])('%j is no number of paise', (value) => {
  expect(fromPaise(value)).toBeUndefined();
});
