import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './retry.ts';

const bounds = { baseMs: 500, maxMs: 60_000 };
const almostOne = 1 - 2 ** -53;

test('the ceiling doubles with each attempt, up to the longest wait', () => {
  const ceilings = [1, 2, 3, 7, 8, 9, 40, 1_000].map((attempt) => backoffMs(attempt, almostOne, bounds));
  expect(ceilings).toEqual([499, 999, 1_999, 31_999, 59_999, 59_999, 59_999, 59_999]);
});

test('the wait is drawn evenly between nothing and the ceiling', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: almostOne, noNaN: true }),
      (attempt, draw) => {
        const wait = backoffMs(attempt, draw, bounds);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBe(Math.floor(draw * Math.min(60_000, 500 * 2 ** Math.min(attempt - 1, 30))));
        expect(wait).toBeLessThan(60_000);
      },
    ),
  );
  expect(backoffMs(1, 0, bounds)).toBe(0);
  expect(backoffMs(3, 0.5, bounds)).toBe(1_000);
});
