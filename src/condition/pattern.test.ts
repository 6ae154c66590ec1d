import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { isFound, readPattern } from './pattern.ts';

describe('isFound', () => {
  test.each([
    ['UPI', 'A UPI payment', true],
    ['^UPI', 'A UPI payment', false],
    ['^UPI', 'UPI payment', true],
    ['payment$', 'UPI payment', true],
    ['^UPI$', 'UPI payment', false],
    ['upi', 'UPI payment', false],
    ['(?i)upi', 'UPI payment', true],
    ['^[a-z0-9.]+@ok(?:axis|hdfc)$', 'asha.k@okaxis', true],
    ['^[a-z0-9.]+@ok(?:axis|hdfc)$', 'asha.k@okicici', false],
    ['a.b', 'a\nb', false],
    ['(?s)a.b', 'a\nb', true],
    ['^b', 'a\nb', false],
    ['(?m)^b', 'a\nb', true],
    ['^.$', '😀', true],
    ['\\p{Devanagari}', 'चाय', true],
    ['x*', '', true],
  ])('%s in %j: %s', (pattern, text, expected) => {
    expect(isFound(readPattern(pattern), text)).toBe(expected);
  });

  test('finds nothing in a text over the limit', () => {
    const pattern = readPattern('a');
    expect(isFound(pattern, 'a'.repeat(limits.patternTextChars))).toBe(true);
    expect(isFound(pattern, 'a'.repeat(limits.patternTextChars + 1))).toBe(false);
  });

  // An engine that backtracks would not come back from any of these before the sun goes out.
  test.each(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*a){20}$', '(a?){50}a{50}$', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    '%s takes time in proportion to the text',
    (text) => {
      const pattern = readPattern(text);
      const long = `${'a'.repeat(100_000)}!`;
      expect(pattern.test(long)).toBe(false);
      expect(isFound(pattern, `${'a'.repeat(limits.patternTextChars - 1)}!`)).toBe(false);
    },
  );
});

describe('readPattern', () => {
  test.each([
    ['a(b', 'missing closing )'],
    ['a[z-a]', 'invalid character class range, "z-a" at character 3'],
    ['ab{2000}', 'invalid repeat count, "{2000}" at character 3'],
    ['*', 'missing argument to repetition operator'],
    ['a**b**', 'invalid nested repetition operator, "**"'],
    ['x(?=a)', 'invalid or unsupported Perl syntax, "(?=" at character 2'],
    ['(a)\\1', 'invalid escape sequence, "\\\\1" at character 4'],
    ['a\\', 'trailing backslash at end of expression'],
    ['\\d{501}', `it unfolds to 503 steps, ${limits.patternSize} are allowed; repeat less`],
  ])('refuses %s', (text, message) => {
    expect(() => readPattern(text)).toThrow(new RangeError(message));
  });

  test('reads or refuses any text', () => {
    const piece = fc.constantFrom(
      ...'()[]{}|*+?.^$\\-,:<>=!PpdwbaA09é😀'.split(''),
      '(?i)',
      '\\p{',
      '{1,9}',
      '[[:alpha:]]',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: limits.patternChars }),
      fc.array(piece).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, fc.string(), (pattern, subject) => {
        try {
          isFound(readPattern(pattern), subject);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
