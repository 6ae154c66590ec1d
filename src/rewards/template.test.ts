import { expect, test } from 'vitest';
import { fill, fillPath, placeholdersIn } from './template.ts';

const fields = { key: 'k/1', amount: 10, 'paid.id': 'p 1', user_id: '..' };

test('a placeholder alone is the value; in other text it is written out; braces are written twice', () => {
  expect(
    fill({ a: '{amount}', b: ['{amount} of {key}', 1, null, true], c: { d: '{{amount}}', e: 'no brace' } }, fields),
  ).toEqual({
    a: 10,
    b: ['10 of k/1', 1, null, true],
    c: { d: '{amount}', e: 'no brace' },
  });
});

test('what comes from outside cannot be more than a part of a path', () => {
  expect(fillPath('/passes/{key}/{user_id}?of={paid.id}&n={amount}', fields)).toBe(
    '/passes/k%2F1/%2E%2E?of=p%201&n=10',
  );
});

test('a value is not read for placeholders again, and names of objects are none', () => {
  expect(fill('{key} {key}', { key: '{amount}' })).toBe('{amount} {amount}');
  expect(() => fill('{constructor}', fields)).toThrow('nothing is known of {constructor}');
  expect(placeholdersIn('{a} {{b}} {c.d} {}')).toEqual(['a', 'c.d', '']);
});
