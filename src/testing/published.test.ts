// The published schemas say what the code reads: they are in step with it, they describe every key, and an editor that checks a file by them finds
// its mistakes. That they and the code agree on any file is tried in src/games/config.fuzz.test.ts.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { type JsonSchema, publish, published, subschemas } from './published.ts';

const root = join(import.meta.dirname, '../..');

/** Strict: a keyword that is misspelt is an error. Units and formats are for people. */
function compile(schema: JsonSchema): ValidateFunction {
  return new Ajv2020({
    allErrors: true,
    keywords: ['unit'],
    validateFormats: false,
    allowUnionTypes: true,
    strictRequired: false,
  }).compile(schema);
}

describe.each(published)('$file', (entry) => {
  const document = publish(entry);

  test('is in step (write it anew with `npx vitest run src/testing/published.test.ts -u`)', async () => {
    await expect(formatted(`${JSON.stringify(document, null, 2)}\n`)).toMatchFileSnapshot(
      `../../docs/schemas/${entry.file}`,
    );
  });

  test('is a JSON Schema', () => {
    expect(() => compile(document)).not.toThrow();
  });

  test('describes every key in a sentence', () => {
    const without = subschemas(document)
      .flatMap(({ path, schema }) =>
        Object.entries(schema.properties ?? {}).map(([key, value]) => [`${path}.${key}`, value.description] as const),
      )
      .filter(([, description]) => !/^[A-Za-z"$].*\.$/.test(description ?? ''));
    // What is compared is written as the field's type wants it.
    expect(without.map(([path]) => path).filter((path) => !path.endsWith('.value'))).toEqual([]);
  });

  test('gives examples and defaults that are right', () => {
    for (const { path, schema } of subschemas(document)) {
      const { $defs } = document;
      const validate = compile($defs === undefined ? schema : { ...schema, $defs });
      for (const value of [...(schema.examples ?? []), ...('default' in schema ? [schema.default] : [])]) {
        expect(validate(value), `${path}: ${JSON.stringify(value)}`).toBe(true);
      }
    }
  });
});

/** Which schema a file of game-configs is written by. */
function schemaOf(file: string): string {
  if (file.includes('/sources/')) return 'source.schema.json';
  if (file.includes('/scenarios/')) return 'scenario.schema.json';
  return basename(file).startsWith('cohorts') ? 'cohorts.schema.json' : 'game.schema.json';
}

// biome-ignore lint/suspicious/noExplicitAny: what is written into the files is wrong on purpose.
type Anything = any;

describe.each(globSync('game-configs/**/*.{json,jsonc}', { cwd: root }))('%s', (file) => {
  const entry = published.find((each) => each.file === schemaOf(file));
  const read = (): Anything => parse(readFileSync(join(root, file), 'utf8'), [], { allowTrailingComma: true });
  const validate = compile(entry === undefined ? {} : publish(entry));

  test('has a schema and is right by it', () => {
    expect(entry?.isFile).toBe(true);
    validate(read());
    expect(validate.errors).toBeNull();
    expect(validate({ ...read(), $schema: `../docs/schemas/${entry?.file}` })).toBe(true);
  });

  test('a key misspelt, of another type or missing is found', () => {
    const { required = [] } = publish(entry as Anything);
    for (const key of Object.keys(read()).filter((each) => each !== '$schema')) {
      const { [key]: value, ...others } = read();
      expect(validate({ ...others, [`${key}s`]: value }), `${key}s`).toBe(false);
      expect(validate({ ...others, [key]: typeof value === 'number' ? 'x' : 1 }), `${key} of another type`).toBe(false);
      expect(validate(others), `without ${key}`).toBe(!required.includes(key));
    }
  });
});

test('mistakes deep inside a game are found', () => {
  const validate = compile(publish(published.find(({ file }) => file === 'game.schema.json') as Anything));
  const game = (): Anything =>
    JSON.parse(readFileSync(join(root, 'game-configs/upi_fs_milestone_may_2026.json'), 'utf8'));
  const mistakes: ((game: Anything) => void)[] = [
    ({ triggers }) => Object.assign(triggers[0].rule.conditions[0], { op: 'equals' }),
    ({ triggers }) => Object.assign(triggers[0].rule.conditions[0], { valu: 1 }),
    ({ triggers }) => Object.assign(triggers[0].rule, { conditions: [] }),
    ({ triggers }) => Object.assign(triggers[0].rule, { conditions: [{ operator: 'xor', conditions: [] }] }),
    ({ triggers }) => Object.assign(triggers[0].rule, { conditions: ['attributes.payment_status'] }),
    ({ triggers }) => delete triggers[0].rule.conditions[0].field,
    ({ triggers }) => Object.assign(triggers[0].progression_config, { mode: 'weighted' }),
    ({ milestone_steps }) => Object.assign(milestone_steps[0], { step: 2.5 }),
    ({ milestone_steps }) => Object.assign(milestone_steps[0], { step_type: 'EMPTY' }),
    ({ milestone_steps }) => Object.assign(milestone_steps[0], { requires: { targets: ['a'], row: 1 } }),
    ({ game_window }) => Object.assign(game_window, { start: '2026-05-01' }),
    ({ game_window }) => Object.assign(game_window, { grace: '3 days' }),
    (wrong) => Object.assign(wrong, { game_id: 'active' }),
    (wrong) => Object.assign(wrong, { $schema: 1 }),
  ];
  expect(validate(game())).toBe(true);
  for (const mistake of mistakes) {
    const wrong = game();
    mistake(wrong);
    expect(validate(wrong), mistake.toString()).toBe(false);
  }
});

/** Short lists on one line, as the formatter wants them; inner ones first. */
function formatted(text: string): string {
  const item = String.raw`(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|\[.*\])`;
  const list = new RegExp(String.raw`^(.*)\[\n\s+(${item}(?:,\n\s+${item})*)\n\s+\](,?)$`, 'gm');
  const joined = text.replaceAll(list, (written, before: string, items: string, comma: string) => {
    const line = `${before}[${items.replaceAll(/,\n\s+/g, ', ')}]${comma}`;
    return line.length <= 120 ? line : written;
  });
  return joined === text ? text : formatted(joined);
}
