// No digit of a number is lost, and equal data is equal text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from './event.ts';
import { parseExact, sortedCopy } from './exact-json.ts';

describe('numbers', () => {
  test.each([
    ['{"a":12345678901234567890}', { a: '12345678901234567890' }],
    ['{"a":9007199254740993}', { a: '9007199254740993' }],
    ['{"a":1234567890123456}', { a: '1234567890123456' }],
    ['{"a":123456789012345}', { a: 123456789012345 }],
    ['{"a":100.00000000000000001}', { a: '100.00000000000000001' }],
    ['{"a":0.1234567890123456}', { a: '0.1234567890123456' }],
    ['{"a": 1e400}', { a: '1e400' }],
    ['{"a": -1E-400}', { a: '-1E-400' }],
    ['{"a":1e3,"b":2.5E1}', { a: 1000, b: 25 }],
    ['{"a":1.50000000000000000000}', { a: 1.5 }],
    ['{"a":0.00000000000000000000}', { a: 0 }],
    ['[-12345678901234567890, 1]', ['-12345678901234567890', 1]],
    ['{"a":[1,\n\t22222222222222222222]}', { a: [1, '22222222222222222222'] }],
    ['{"id":"12345678901234567890","a":1}', { id: '12345678901234567890', a: 1 }],
  ])('%s', (text, value) => {
    expect(parseExact(text)).toEqual(value);
  });

  test('a number as long as a message takes no time to speak of', () => {
    const source = `1${'0'.repeat(200_000)}1`;
    expect(parseExact(`{"a":${source}}`)).toEqual({ a: source });
  });

  test('a number is either kept to the last digit or its own text', () => {
    const digits = fc.stringMatching(/^-?(?:0|[1-9]\d{0,24})(?:\.\d{1,24})?(?:[eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(digits, (source) => {
        const { n } = parseExact(`{"n":${source}}`) as { n: number | string };
        if (typeof n === 'string') expect(n).toBe(source);
        else expect(decimal(String(n))).toEqual(decimal(source));
      }),
      { numRuns: 2_000 },
    );
  });
});

test('keys are sorted at every level, whatever the order they came in', () => {
  const shuffled = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, entry]) => [key, shuffled(entry)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (given) => {
      const value = JSON.parse(JSON.stringify(given)) as Json;
      const sorted = sortedCopy(value, 'attributes', true);
      expect(sorted).toEqual(value);
      expect(JSON.stringify(sortedCopy(shuffled(value), 'attributes', true))).toBe(JSON.stringify(sorted));
    }),
  );
});

test('a key called __proto__ is data like any other', () => {
  const value = parseExact('{"b":1,"__proto__":{"a":2}}');
  expect(JSON.stringify(sortedCopy(value, 'attributes', false))).toBe('{"__proto__":{"a":2},"b":1}');
});

/** A decimal number as sign, digits without zeros at either end, and the place of its point: compares without arithmetic on floats. */
function decimal(text: string): { sign: string; digits: string; exponent: number } {
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e') as [string, string?];
  const [whole, fraction = ''] = mantissa.replace('-', '').split('.') as [string, string?];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return { sign: '', digits: '', exponent: 0 };
  const sign = mantissa.startsWith('-') ? '-' : '';
  return {
    sign,
    digits: significant,
    exponent: Number(exponent) - fraction.length + digits.length - significant.length,
  };
}
