// The games page tells the truth: its tables are those of the schema, its examples are right, and it names every word that a verdict may hold.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { eventFields, groupSchema } from '../condition/condition.ts';
import { EXACT_DIGITS } from '../digits.ts';
import { gameSchema } from '../games/config.ts';
import { parseGame } from '../games/parse.ts';
import { parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import { scenarioOutcomes, scenarioReasons } from '../scenarios/outcome.ts';
import { objectsIn, withTables } from './field-table.ts';
import { fields } from './make.ts';
import { publish, published, subschemas } from './published.ts';

const file = join(import.meta.dirname, '../../docs/games.md');
const page = readFileSync(file, 'utf8');
const document = publish(published.find((entry) => entry.file === 'game.schema.json') as (typeof published)[number]);

test('its tables are in step (write them anew with `npx vitest run src/testing/games-page.test.ts -u`)', async () => {
  await expect(withTables(page, document)).toMatchFileSnapshot(file);
});

test.each(objectsIn(document))('it has a table of $path', ({ path, forms }) => {
  const markers = [...page.matchAll(/^<!-- fields (\S+)(?: (\w+=\w+))? -->$/gm)].filter((marker) => marker[1] === path);
  // One for all forms, or one for each.
  expect([1, forms.length]).toContain(markers.length);
});

test('every field has an example, unless it is an object or a list of them', () => {
  const rows = [...withTables(page, document).matchAll(/^\| `([$\w]+)` \|.*\| (\S.*) \| (?:.*) \| – \|$/gm)];
  const without = rows.map(([, key, allowed]) => `${key}: ${allowed}`);
  expect(without.filter((row) => !/: (an object|\d+ to \d+ entries|a \[rule\]|text$)/.test(row))).toEqual([]);
});

describe('its examples are right', () => {
  const examples = [...page.matchAll(/```jsonc?\n([\s\S]*?)```/g)].map(([, text]) => text as string);
  const { triggers, ...shape } = gameSchema.shape;
  const parts: Record<string, z.ZodType> = { ...shape, ...triggers.element.shape };

  test.each(examples)('%s', (text) => {
    if (text.includes('"schema_version"')) {
      parseGame(text, 'example', fields);
    } else if (text.includes('"operator"') && !text.includes('"join"')) {
      parseJsonc(text, groupSchema, 'example');
    } else {
      for (const [key, value] of Object.entries(JSON.parse(text))) {
        expect(parts[key]?.safeParse(value)).toMatchObject({ success: true });
      }
    }
  });
});

test.each([...scenarioOutcomes, ...scenarioReasons, 'failed', 'data_error'])('it says what %s means', (word) => {
  expect(page).toMatch(new RegExp(`\\| .*\`${word}\`.*\\|`));
});

test('it describes every operator, and every field that all events have', () => {
  const operators = subschemas(document.$defs?.condition ?? {}).flatMap(({ schema: { properties = {} } }) => [
    ...(properties.operator?.enum ?? []),
    ...(properties.op === undefined ? [] : [properties.op.const]),
  ]);
  expect(operators.length).toBeGreaterThan(12);
  for (const operator of operators) expect(page).toContain(`\`${operator}\``);
  for (const field of eventFields.keys())
    expect(page).toMatch(new RegExp(`\`(\\w*${field.replace(/^\w+/, '')}|${field})\``));
});

test('it names the limits', () => {
  const rows = [
    ['conditions in a rule', `${limits.ruleConditions}`],
    ['groups in groups', `${limits.ruleDepth} levels`],
    [
      'a pattern',
      `${limits.patternChars} characters, ${limits.patternSize} steps; no text over 1,000 characters matches`,
    ],
    ['all patterns of a game', `${limits.gamePatternSize} steps`],
    ['digits of a number in a file', `${EXACT_DIGITS}`],
  ];
  for (const row of rows) expect(page).toContain(`| ${row.join(' | ')} |`);
  expect(limits.patternTextChars).toBe(1_000);
});
