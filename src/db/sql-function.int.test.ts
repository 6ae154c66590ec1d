import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { silent } from '../testing/engine.ts';
import { connect, type Db } from './connect.ts';
import { arrayOf, arrayOfJson, arrayOfText, callFunction } from './sql-function.ts';
import { transaction } from './transaction.ts';

let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await testDatabase();
  db = connect(database.url, { role: 'login', size: 1, log: silent });
  // Gives back what arrived, each value on its own: the way back holds no array literal.
  await db.pool.query(`
    create function milepost.echo(p_numbers bigint[], p_texts text[], p_documents jsonb[]) returns table (kind text, place bigint, value text)
    language sql as $$
      select 'number', place, value::text from unnest(p_numbers) with ordinality as n(value, place)
      union all select 'text', place, value from unnest(p_texts) with ordinality as t(value, place)
      union all select 'document', place, value::text from unnest(p_documents) with ordinality as d(value, place)
      order by 1, 2
    $$`);
});
afterAll(async () => {
  await db.close();
  await database[Symbol.asyncDispose]();
});

async function echo(numbers: number[], texts: (string | null)[], documents: (string | null)[]) {
  const rows = await transaction(db, (tx) =>
    callFunction<{ kind: string; value: string | null }>(tx, 'echo', [
      { name: 'p_numbers', type: 'bigint[]', value: arrayOf(numbers) },
      { name: 'p_texts', type: 'text[]', value: arrayOfText(texts) },
      { name: 'p_documents', type: 'jsonb[]', value: arrayOfJson(documents), joined: true },
    ]),
  );
  const of = (wanted: string) => rows.filter(({ kind }) => kind === wanted).map(({ value }) => value);
  return { numbers: of('number').map(Number), texts: of('text'), documents: of('document') };
}

/** Any text that PostgreSQL can hold, with what array literals and JSON give a meaning to. */
const unit = fc.oneof(
  fc.constantFrom(
    '"',
    '\\',
    '{',
    '}',
    ',',
    ' ',
    "'",
    '\n',
    '\t',
    '\b',
    '\f',
    '\r',
    '\u0001',
    '\u001e',
    '\u001f',
    '\u007f',
    '\u2028',
    '-',
    'u0041',
    '☕',
  ),
  fc
    .integer({ min: 1, max: 0x10ffff })
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCodePoint(code)),
);
const text = fc.oneof(
  fc.string({ unit, maxLength: 30 }),
  fc.constantFrom('', 'NULL', 'null', '{}', '\\', '"', '\\"', '\\N'),
);

// Keys are plain: V8's JSON.parse, which the test reads the answer with, may take an escaped key for another one (nodejs/node#63785).
const { document } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, 1.5, 1e100),
    fc.string({ unit, maxLength: 30 }),
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ unit: fc.constantFrom('a', 'b', ' ', '☕', '{', ',', '-'), maxLength: 4 }),
      tie('document'),
      { maxKeys: 4 },
    ),
  ),
}));

test('any texts, numbers and documents arrive as they were sent', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.maxSafeInteger(), { maxLength: 20 }),
      fc.array(fc.option(text), { maxLength: 20 }),
      fc.array(fc.option(document), { maxLength: 20 }),
      async (numbers, texts, values) => {
        const documents = values.map((value) => (value === null ? null : JSON.stringify(value)));
        const found = await echo(numbers, texts, documents);
        expect(found.numbers).toEqual(numbers.map((number) => number + 0));
        expect(found.texts).toEqual(texts);
        expect(found.documents.map((text) => text && JSON.parse(text))).toEqual(values);
      },
    ),
    { numRuns: 300 },
  );
});

test.each<[string, (string | null)[]]>([
  ['nothing', []],
  ['one null', [null]],
  ['an empty text', ['']],
  ['words that mean null elsewhere', ['NULL', 'null', null, '\\N']],
  ['a control character among quotes and backslashes', ['a"b', 'c\\d', '\u0007', null, '{e,f}']],
])('%s', async (_, texts) => {
  expect((await echo([], texts, [])).texts).toEqual(texts);
});

test('NUL is refused by the database, which makes it an error of data', async () => {
  await expect(echo([], ['a\u0000b'], [])).rejects.toMatchObject({ code: '22021' });
});

test('half a surrogate pair becomes the replacement character, never other text', async () => {
  expect((await echo([], ['a\ud800b', 'c\udfff'], [])).texts).toEqual(['a\ufffdb', 'c\ufffd']);
});

test('a document holds a record separator as an escape, and null is no document', async () => {
  const documents = [null, '"\\u001e"', '"-"', 'null', '{}'];
  expect((await echo([], [], documents)).documents).toEqual([null, '"\\u001e"', '"-"', 'null', '{}']);
  expect((await echo([], [], [])).documents).toEqual([]);
  expect((await echo([], [], [null])).documents).toEqual([null]);
});
