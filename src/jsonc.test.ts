// How a configuration that is wrong is described to the person who wrote it.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Problem, UserError } from './errors.ts';
import { parseJsonc } from './jsonc.ts';

const schema = z.strictObject({
  name: z.string(),
  mode: z.enum(['constant', 'amount']).default('constant'),
  steps: z.array(z.strictObject({ step: z.int().min(1) })).optional(),
  shape: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('circle'), radius: z.number() }),
      z.strictObject({ kind: z.literal('square'), side: z.number() }),
    ])
    .optional(),
  either: z.union([z.string(), z.strictObject({ path: z.string() })]).optional(),
  codes: z.record(z.string().regex(/^[a-z]+$/, 'must be lower-case letters'), z.string()).optional(),
});

function problemsOf(text: string): Problem[] {
  try {
    parseJsonc(text, schema, 'games/a.jsonc');
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message, problems } = error as UserError;
    expect(message).toBe(`games/a.jsonc: ${problems.length} problem${problems.length === 1 ? '' : 's'}`);
    return [...problems];
  }
  return [];
}

describe('what is accepted', () => {
  test('comments, trailing commas and a byte order mark; defaults are filled in', () => {
    const text = '\uFEFF{ // one\n "name": "a", /* two */ "steps": [{ "step": 1 },], }';
    expect(parseJsonc(text, schema, 'f')).toEqual({ name: 'a', mode: 'constant', steps: [{ step: 1 }] });
  });
});

describe('$schema, by which editors find the JSON Schema', () => {
  test('is no part of the value', () => {
    expect(parseJsonc('{ "$schema": "../a.schema.json", "name": "a" }', schema, 'f')).toEqual({
      name: 'a',
      mode: 'constant',
    });
    expect(parseJsonc('["$schema"]', z.array(z.string()), 'f')).toEqual(['$schema']);
  });

  test('is text, and stands at the top only', () => {
    expect(problemsOf('{ "$schema": 1, "name": "a" }')).toEqual([
      { path: '$["$schema"]', message: 'expected text; found 1 (line 1, column 14)' },
    ]);
    expect(problemsOf('{ "name": "a", "steps": [{ "$schema": "x", "step": 1 }] }')).toEqual([
      { path: '$.steps[0]["$schema"]', message: 'unknown key "$schema"; allowed: step (line 1, column 28)' },
    ]);
  });
});

describe('what is wrong is named with path, value, mend and position', () => {
  test.each(['\\u0000', '\\ud800'])('text that PostgreSQL cannot store: %s', (half) => {
    expect(problemsOf(`{ "name": "a${half}b" }`)).toEqual([
      {
        path: '$.name',
        message:
          'holds the character NUL or half of a surrogate pair, which cannot be stored; leave it out (line 1, column 11)',
      },
    ]);
  });

  const cases: [name: string, text: string, path: string, message: string][] = [
    [
      'an unknown key',
      '{\n  "nme": "a", "name": "b" }',
      '$.nme',
      'unknown key "nme" (did you mean "name"?); allowed: name, mode, steps, shape, either, codes (line 2, column 3)',
    ],
    ['a missing key', '{ }', '$.name', 'missing; text is required (line 1, column 1)'],
    ['a wrong type', '{ "name": 12 }', '$.name', 'expected text; found 12 (line 1, column 11)'],
    [
      'a misspelt word',
      '{ "name": "a", "mode": "ammount" }',
      '$.mode',
      'expected one of "constant", "amount" (did you mean "amount"?); found "ammount" (line 1, column 24)',
    ],
    [
      'a number out of bounds',
      '{ "name": "a", "steps": [\n{ "step": 0 }] }',
      '$.steps[0].step',
      'must be at least 1; found 0 (line 2, column 11)',
    ],
    [
      'a form that does not exist',
      '{ "name": "a", "shape": { "kind": "sqare" } }',
      '$.shape.kind',
      'expected one of "circle", "square" (did you mean "square"?); found "sqare" (line 1, column 35)',
    ],
    [
      'a key of another form',
      '{ "name": "a", "shape": { "kind": "circle", "radius": 1, "side": 2 } }',
      '$.shape.side',
      'unknown key "side"; allowed: kind, radius (line 1, column 58)',
    ],
    [
      'none of two types',
      '{ "name": "a", "either": 5 }',
      '$.either',
      'expected text, or an object; found 5 (line 1, column 26)',
    ],
    [
      'the nearest of two forms',
      '{ "name": "a", "either": { "pth": "x", "path": "y" } }',
      '$.either.pth',
      'unknown key "pth" (did you mean "path"?); allowed: path (line 1, column 28)',
    ],
    [
      'a key with a wrong form',
      '{ "name": "a", "codes": { "A": "x" } }',
      '$.codes.A',
      'the key "A": must be lower-case letters (line 1, column 27)',
    ],
    [
      'a key written twice',
      '{ "name": "a",\n  "name": "b" }',
      '$.name',
      'the key "name" is written twice, first (line 1, column 3) and again (line 2, column 3); keep one',
    ],
    [
      'a number that would lose digits',
      '{ "name": "a", "steps": [{ "step": 1234567890123456789 }] }',
      '$.steps[0].step',
      '1234567890123456789 cannot be kept exactly (more than 15 digits, or too large); write it as text or round it (line 1, column 36)',
    ],
    [
      'a missing comma',
      '{ "name": "a"\n  "mode": "amount" }',
      '$',
      'a comma is expected here; found "mode" (line 2, column 3)',
    ],
    [
      'the prototype as a key',
      '{ "name": "a", "__proto__": 1 }',
      '$.__proto__',
      'the key "__proto__" is not allowed (line 1, column 16)',
    ],
  ];
  test.each(cases)('%s', (_name, text, path, message) => {
    expect(problemsOf(text)).toEqual([{ path, message }]);
  });

  test('all problems are told at once', () => {
    expect(problemsOf('{ "nam": "a", "mode": 1, "steps": {} }').map((problem) => problem.path)).toEqual([
      '$.name',
      '$.mode',
      '$.steps',
      '$.nam',
    ]);
  });

  test.each(['', '   ', '// nothing\n', '[', '{"name": "a"} {', '\u0000', '['.repeat(200_000)])(
    'a text that is not JSON (%#)',
    (text) => {
      expect(problemsOf(text).length).toBeGreaterThan(0);
    },
  );
});
