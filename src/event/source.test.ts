// What a source configuration may say, and how it is refused when it says something else.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserError } from '../errors.ts';
import { attributeCatalogue, canonicalSource, parsePath, parseSource, readSources } from './source.ts';

const mapping = {
  event_id: 'id',
  event_type: { const: 'seen' },
  user_id: 'user',
  occurred_at: { path: 'at', as: 'epoch_ms' },
  attributes: { status: 'status' },
};
const least = {
  source_id: 'shop',
  producer: 'shop',
  topics: ['shop'],
  attributes: { status: 'text', total: 'amount' },
  mappings: [mapping],
};

function problemsOf(source: unknown): string[] {
  try {
    parseSource(JSON.stringify(source), 'shop.jsonc');
  } catch (error) {
    return (error as UserError).problems.map(({ path, message }) => `${path}: ${message.replace(/ \(line .*\)$/, '')}`);
  }
  return [];
}
const withMapping = (over: object) => ({ ...least, mappings: [{ ...mapping, ...over }] });
const withAttribute = (rule: unknown, name = 'status') => withMapping({ attributes: { [name]: rule } });

test('the least that a source needs', () => {
  expect(problemsOf(least)).toEqual([]);
  expect(parseSource(JSON.stringify(least), 'f')).toMatchObject({
    sourceId: 'shop',
    shape: 'mapped',
    eventVersion: { const: '1.0' },
  });
});

test('a mapping overrides what is common, field by field', () => {
  const common = {
    user_id: 'customer',
    correlation: { txn_id: 'a', payment_id: 'b' },
    attributes: { status: 'x', total: 'y' },
  };
  const { user_id, ...rest } = mapping;
  const source = parseSource(
    JSON.stringify({ ...least, common, mappings: [{ ...rest, correlation: { txn_id: 'c' } }] }),
    'f',
  );
  if (source.shape !== 'mapped') throw new Error('not mapped');
  expect(source.mappings[0]).toMatchObject({
    userId: { path: ['customer'] },
    correlation: { txn_id: { path: ['c'] }, payment_id: { path: ['b'] } },
    attributes: { status: { path: ['status'] }, total: { path: ['y'] } },
  });
});

test.each([
  ['a', ['a']],
  ['payer.account-no', ['payer', 'account-no']],
  ['items[0].code', ['items', 0, 'code']],
  ['[0][1]', [0, 1]],
  ['["odd.key"].x["a\\"b"]', ['odd.key', 'x', 'a"b']],
  ['पता.city', ['पता', 'city']],
])('the path %s', (text, path) => {
  expect(parsePath(text)).toEqual(path);
});

test.each(['', '.', '.a', 'a.', 'a..b', 'a[', 'a[x]', 'a[-1]', 'a]', 'a"b', '[""]', 'a[0]b', '.[0]'])(
  '%j is no path',
  (text) => {
    expect(parsePath(text)).toBeUndefined();
  },
);

describe('refused', () => {
  const { event_id: _, ...noId } = mapping;
  test.each<[string, unknown, string[]]>([
    [
      'an unknown key',
      { ...least, topic: 'x' },
      [
        '$.topic: unknown key "topic" (did you mean "topics"?); allowed: source_id, producer, topics, shape, controls, event_version, message_type, attributes, common, mappings',
      ],
    ],
    [
      'a control that there is none of',
      { ...least, controls: ['cohort'] },
      [
        '$.controls[0]: expected one of "cohorts", "holds", "cookies", "players" (did you mean "cohorts"?); found "cohort"',
      ],
    ],
    [
      'a name with capitals',
      { ...least, source_id: 'Shop' },
      ['$.source_id: must be lower-case letters, digits and underscores; found "Shop"'],
    ],
    [
      'no producer',
      { ...least, producer: undefined },
      ['$.producer: missing; name the producer, it is half of an event’s identity'],
    ],
    [
      'a topic with a space',
      { ...least, topics: ['a b'] },
      ['$.topics[0]: must be a Kafka topic: letters, digits, ".", "_" and "-"; found "a b"'],
    ],
    [
      'an unknown type of attribute',
      { ...least, attributes: { status: 'string', total: 'amount' } },
      ['$.attributes.status: expected one of "text", "number", "amount", "boolean"; found "string"'],
    ],
    [
      'an attribute with a dot',
      { ...least, attributes: { status: 'text', 'a.b': 'text' } },
      ['$.attributes["a.b"]: the key "a.b": must be letters, digits and underscores'],
    ],
    ['no mappings', { ...least, mappings: [] }, ['$.mappings: at least one mapping is needed; found a list of 0']],
    [
      'mappings of a canonical source',
      { ...least, shape: 'canonical' },
      ['$.mappings: a source of canonical shape has nothing to map; remove them; found a list of 1'],
    ],
    [
      'a field that is missing',
      { ...least, mappings: [noId] },
      ['$.mappings[0].event_id: missing; say how it is read, here or in "common"'],
    ],
    [
      'a path that is none',
      withMapping({ user_id: 'a..b' }),
      ['$.mappings[0].user_id.path: "a..b" is not a path such as payer.account, items[0].code or ["odd.key"].code'],
    ],
    [
      'a rule without a place',
      withMapping({ user_id: {} }),
      ['$.mappings[0].user_id: needs exactly one of "path", "first_of" and "const"; found none; found an object'],
    ],
    [
      'a rule with two places',
      withMapping({ event_id: { path: 'a', digest_of: ['b'] } }),
      [
        '$.mappings[0].event_id: needs exactly one of "path", "first_of" and "const"; found path and digest_of; found an object',
      ],
    ],
    [
      'a misspelt key of a rule',
      withMapping({ user_id: { path: 'a', trimm: true } }),
      [
        '$.mappings[0].user_id.trimm: unknown key "trimm" (did you mean "trim"?); allowed: path, first_of, const, trim, lower_case, values, otherwise, default',
      ],
    ],
    [
      'a number as event type',
      withMapping({ event_type: { const: 5 } }),
      ['$.mappings[0].event_type.const: must be text that is not empty, or null; found 5'],
    ],
    [
      'an unknown reading of a time',
      withMapping({ occurred_at: { path: 'a', as: 'epoch' } }),
      [
        '$.mappings[0].occurred_at.as: expected one of "iso", "epoch_ms", "epoch_s" (did you mean "epoch_ms"?); found "epoch"',
      ],
    ],
    [
      'an offset for epoch times',
      withMapping({ occurred_at: { path: 'a', as: 'epoch_s', zone_offset: '+05:30' } }),
      ['$.mappings[0].occurred_at.zone_offset: has no meaning with "as": "epoch_s"; remove it; found "+05:30"'],
    ],
    [
      'an offset that is a name',
      withMapping({ occurred_at: { path: 'a', zone_offset: 'IST' } }),
      ['$.mappings[0].occurred_at.zone_offset: must be an offset such as "+05:30"; found "IST"'],
    ],
    [
      'a time from nowhere',
      withMapping({ occurred_at: { as: 'iso' } }),
      ['$.mappings[0].occurred_at: needs one of "path" and "first_of", or "record_timestamp": true; found an object'],
    ],
    [
      'an attribute that is not declared',
      withAttribute('a', 'statsu'),
      ['$.mappings[0].attributes.statsu: is not declared in "attributes" (did you mean "status"?); found "a"'],
    ],
    [
      'a reading that yields another type',
      withAttribute({ path: 'a', as: 'paise' }),
      ['$.mappings[0].attributes.status.as: does not yield text; allowed: text; found "paise"'],
    ],
    [
      'a reading beside values',
      withAttribute({ path: 'a', as: 'text', values: { x: 'y' } }),
      ['$.mappings[0].attributes.status.as: has no meaning beside "values"; remove one; found "text"'],
    ],
    [
      'otherwise without values',
      withAttribute({ path: 'a', otherwise: 'x' }),
      ['$.mappings[0].attributes.status.otherwise: has no meaning without "values"; remove it, or add them; found "x"'],
    ],
    [
      'values of another type',
      withAttribute({ path: 'a', values: { x: 'y', z: true } }),
      ['$.mappings[0].attributes.status.values.z: must be text, or null; found true'],
    ],
    [
      'a default that is no amount',
      withAttribute({ path: 'a', default: -1 }, 'total'),
      ['$.mappings[0].attributes.total.default: must be amount, or null; found -1'],
    ],
    [
      'a constant that cannot be stored',
      withAttribute({ const: 'a\0' }),
      [
        '$.mappings[0].attributes.status.const: holds the character NUL or half of a surrogate pair, which cannot be stored; leave it out',
      ],
    ],
    [
      'message types without message_type',
      withMapping({ message_types: ['a'] }),
      [
        '$.mappings[0].message_types: the source does not say where "message_type" is found; add it, or remove this list; found a list of 1',
      ],
    ],
    [
      'message_type without message types',
      { ...least, message_type: 'kind' },
      ['$.mappings[0].message_types: missing; list the message types this mapping reads'],
    ],
    [
      'two mappings of one version',
      { ...least, mappings: [mapping, mapping] },
      ['$.mappings[1]: version 1 is read by another mapping already; found an object'],
    ],
    [
      'two mappings of one type',
      {
        ...least,
        message_type: 'kind',
        mappings: [
          { ...mapping, message_types: ['a', 'b'] },
          { ...mapping, message_types: ['b'] },
        ],
      },
      ['$.mappings[1]: version 1 and message type "b" is read by another mapping already; found an object'],
    ],
  ])('%s', (_name, source, problems) => {
    expect(problemsOf(source)).toEqual(problems);
  });
});

describe('a folder of sources', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-sources-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const write = (file: string, source: unknown) =>
    writeFile(join(folder, file), typeof source === 'string' ? source : JSON.stringify(source));

  test('is read as a whole; the canonical source is always there', async () => {
    await write('shop.jsonc', `// the shop\n${JSON.stringify(least)}`);
    await write('notes.md', 'not a source');
    expect((await readSources(folder)).map((source) => source.sourceId)).toEqual(['canonical', 'shop']);
  });

  test('problems of all files are told at once, each with its file', async () => {
    await write('a.json', { ...least, source_id: 'A' });
    await write('b.json', '{');
    const error = await readSources(folder).catch((thrown: UserError) => thrown);
    expect((error as UserError).problems.map((problem) => problem.path)).toEqual([
      `${join(folder, 'a.json')} $.source_id`,
      `${join(folder, 'b.json')} $`,
    ]);
  });

  test('a name or a topic belongs to one source', async () => {
    await write('a.json', { ...least, source_id: 'shop', topics: ['shop', 'milepost.events'] });
    await rm(join(folder, 'b.json'));
    const error = await readSources(folder).catch((thrown: UserError) => thrown);
    expect((error as UserError).problems).toEqual([
      {
        path: `${join(folder, 'a.json')} $.topics`,
        message: '"milepost.events" is a name or topic of the built-in source already; choose another',
      },
      {
        path: `${join(folder, 'shop.jsonc')} $.source_id`,
        message: `"shop" is a name or topic of ${join(folder, 'a.json')} already; choose another`,
      },
      {
        path: `${join(folder, 'shop.jsonc')} $.topics`,
        message: `"shop" is a name or topic of ${join(folder, 'a.json')} already; choose another`,
      },
    ]);
  });

  test('that is not there is named', async () => {
    await expect(readSources(join(folder, 'nowhere'))).rejects.toThrow(
      /Cannot read the folder of sources .*nowhere: ENOENT/,
    );
  });
});

test('the catalogue holds every declared attribute, and sources must agree on types', () => {
  const shop = parseSource(JSON.stringify(least), 'f');
  expect(attributeCatalogue([canonicalSource, shop]).get('total')).toBe('amount');
  expect(attributeCatalogue([canonicalSource, shop]).get('transaction_amount')).toBe('amount');
  expect(() => attributeCatalogue([canonicalSource, { ...shop, attributes: { currency: 'number' } }])).toThrow(
    /disagree/,
  );
});
