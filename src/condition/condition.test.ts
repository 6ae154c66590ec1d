import { describe, expect, test } from 'vitest';
import type { Json } from '../event/event.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { makeEvent } from '../testing/make.ts';
import { zoneOf } from '../time-zone.ts';
import { type Condition, checkCondition, type FieldTypes, failing, fieldOf, groupSchema } from './condition.ts';

/** Reads a condition as it stands in a configuration, so that defaults are filled in. */
function read(...conditions: unknown[]): Condition {
  return groupSchema.parse({ operator: 'and', conditions }).conditions[0] as Condition;
}

const zone = zoneOf('Asia/Kolkata');
const eventOf = (value?: Json) => makeEvent(value === undefined ? {} : { attributes: { x: value } }).event;
const holds = (condition: Condition, value?: Json) => failing(condition, eventOf(value), zone) === undefined;

describe('every operator on every kind of value', () => {
  // For each operator, the values on which it holds; on all others of `values` it does not.
  const values: (Json | undefined)[] = [
    undefined,
    null,
    true,
    false,
    '',
    'UPI',
    'upi',
    '5',
    4,
    4.99,
    5,
    5.01,
    6,
    -5,
    0,
    [5],
    { a: 5 },
  ];
  const nothing = [undefined, null];
  const all = (except: (Json | undefined)[]) => values.filter((value) => !except.includes(value));

  test.each<[op: string, value: Json | undefined, holds: (Json | undefined)[]]>([
    ['eq', 5, [5]],
    ['eq', '5', ['5']],
    ['eq', 'UPI', ['UPI']],
    ['eq', '', ['']],
    ['eq', true, [true]],
    ['eq', false, [false]],
    ['eq', null, nothing],
    ['ne', 5, all([5])],
    ['ne', 'UPI', all(['UPI'])],
    ['ne', null, all(nothing)],
    ['gt', 5, [5.01, 6]],
    ['gte', 5, [5, 5.01, 6]],
    ['lt', 5, [4, 4.99, -5, 0]],
    ['lte', 5, [4, 4.99, 5, -5, 0]],
    ['between', [4.99, 5], [4.99, 5]],
    ['in', [5, 'UPI'], ['UPI', 5]],
    ['in', [null, true], [...nothing, true]],
    ['not_in', [5, 'UPI'], all([5, 'UPI'])],
    ['not_in', [null], all(nothing)],
    ['exists', true, all(nothing)],
    ['exists', undefined, all(nothing)],
    ['exists', false, nothing],
    ['starts_with', 'UP', ['UPI']],
    ['starts_with', '5', ['5']],
  ])('%s %j', (op, value, expected) => {
    const condition = read({ field: 'attributes.x', op, ...(value === undefined ? {} : { value }) });
    expect(values.filter((found) => holds(condition, found))).toEqual(expected);
  });
});

describe('amounts compare as the decimals they are', () => {
  test.each([
    ['gte', 1_200, 1_199.99, false],
    ['gte', 1_200, 1_200, true],
    ['gte', 1_200, 1_200.01, true],
    ['eq', 0.3, 0.3, true],
    ['eq', 1_200.1, 1_200.1, true],
    ['gt', 9_999_999_999_999.98, 9_999_999_999_999.99, true],
    ['lt', 9_999_999_999_999.99, 9_999_999_999_999.98, true],
    ['between', [0.1, 0.2], 0.2, true],
  ])('%s %d, found %d', (op, value, found, expected) => {
    expect(holds(read({ field: 'attributes.x', op, value }), found)).toBe(expected);
  });
});

describe('groups', () => {
  const yes = { field: 'producer', op: 'exists' };
  const no = { field: 'producer', op: 'eq', value: 'nobody' };
  const group = (operator: string, ...conditions: unknown[]) => read({ operator, conditions });

  test.each<[string, unknown[], boolean]>([
    ['and', [yes, yes], true],
    ['and', [yes, no], false],
    ['or', [no, yes], true],
    ['or', [no, no], false],
    ['not', [no], true],
    ['not', [yes], false],
    ['not', [{ operator: 'or', conditions: [no, no] }], true],
    [
      'and',
      [
        { operator: 'not', conditions: [no] },
        { operator: 'or', conditions: [no, yes] },
      ],
      true,
    ],
  ])('%s of %j', (operator, conditions, expected) => {
    expect(holds(group(operator, ...conditions))).toBe(expected);
  });

  test('the first comparison that does not hold is named; of a not, the not itself', () => {
    expect(failing(group('and', yes, no, { ...no, value: 'later' }), eventOf(), zone)).toEqual(no);
    expect(failing(group('or', no, { ...no, value: 'later' }), eventOf(), zone)).toEqual(no);
    const not = group('not', yes);
    expect(failing(not, eventOf(), zone)).toBe(not);
    expect(failing(group('and', group('or', no), yes), eventOf(), zone)).toEqual(no);
  });
});

describe('fields', () => {
  const { event } = makeEvent({
    attributes: { plain: 1, deep: { list: [7], 'with.dot': 2 }, nothing: null },
    correlation: { payment_id: 'p1' },
    producer: 'switch',
  });

  test.each<[string, Json]>([
    ['producer', 'switch'],
    ['event_type', 'something_happened'],
    ['correlation.payment_id', 'p1'],
    ['correlation.txn_id', null],
    ['attributes.plain', 1],
    ['attributes.deep.list', [7]],
    ['attributes.nothing', null],
    ['attributes.nothing.more', null],
    ['attributes.plain.more', null],
    ['attributes.absent', null],
    ['attributes.constructor', null],
    ['attributes.__proto__', null],
    ['attributes.deep.list.length', [7].length],
    ['', null],
  ])('%s', (field, value) => {
    expect(fieldOf(event, field, zone)).toEqual(value);
  });
});

describe('checkCondition', () => {
  const fields: FieldTypes = new Map([
    ['attributes.payment_status', 'text'],
    ['attributes.transaction_amount', 'amount'],
    ['attributes.age', 'number'],
    ['attributes.first_time', 'boolean'],
  ]);
  const problemsOf = (condition: unknown) =>
    checkCondition(read(condition), fields, didYouMean).map(({ path, message }) => `${path.join('.')}: ${message}`);

  test.each<[string, unknown]>([
    ['text', { field: 'attributes.payment_status', op: 'eq', value: 'SUCCESS' }],
    ['text or nothing', { field: 'attributes.payment_status', op: 'in', value: ['SUCCESS', null] }],
    ['an amount', { field: 'attributes.transaction_amount', op: 'gte', value: 1_200 }],
    ['a number', { field: 'attributes.age', op: 'between', value: [18, 18] }],
    ['a boolean', { field: 'attributes.first_time', op: 'ne', value: true }],
    ['what every event has', { field: 'correlation.payment_id', op: 'exists', value: false }],
    ['the start of a text', { field: 'producer', op: 'starts_with', value: 'upi' }],
  ])('finds nothing in a comparison with %s', (_, condition) => {
    expect(problemsOf(condition)).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    [
      'a misspelt field',
      { field: 'attributes.transaction_amout', op: 'gte', value: 1 },
      'field: unknown field "attributes.transaction_amout" (did you mean "attributes.transaction_amount"?); a source has to declare it',
    ],
    [
      'a field nobody declares',
      { field: 'zzz', op: 'exists' },
      'field: unknown field "zzz"; a source has to declare it',
    ],
    [
      'text where a number is',
      { field: 'attributes.transaction_amount', op: 'eq', value: '1200' },
      'value: attributes.transaction_amount is a number, compared with text "1200"',
    ],
    [
      'a number where text is',
      { field: 'attributes.payment_status', op: 'ne', value: 1 },
      'value: attributes.payment_status is text, compared with number 1',
    ],
    [
      'a wrong one among many',
      { field: 'attributes.first_time', op: 'in', value: [true, 'yes'] },
      'value: attributes.first_time is true or false, compared with text "yes"',
    ],
    [
      'an order of text',
      { field: 'attributes.payment_status', op: 'gt', value: 1 },
      'value: attributes.payment_status is text; gt compares numbers, times of day and dates',
    ],
    [
      'the start of a number',
      { field: 'attributes.age', op: 'starts_with', value: '1' },
      'value: attributes.age is a number; starts_with compares text',
    ],
    [
      'a range of text',
      { field: 'attributes.payment_status', op: 'between', value: [1, 2] },
      'value: attributes.payment_status is text; between compares numbers, times of day and dates',
    ],
    [
      'a range upside down',
      { field: 'attributes.age', op: 'between', value: [2, 1] },
      'value: between takes the lower bound first',
    ],
    [
      'a not of two',
      {
        operator: 'not',
        conditions: [
          { field: 'producer', op: 'exists' },
          { field: 'producer', op: 'exists' },
        ],
      },
      'conditions: not takes exactly one condition, found 2',
    ],
    [
      'something wrong deep inside',
      {
        operator: 'or',
        conditions: [
          { field: 'producer', op: 'exists' },
          { operator: 'not', conditions: [{ field: 'nope', op: 'exists' }] },
        ],
      },
      'conditions.1.conditions.0.field: unknown field "nope"; a source has to declare it',
    ],
  ])('finds %s', (_, condition, problem) => {
    expect(problemsOf(condition)).toEqual([problem]);
  });

  test('bounds how many conditions a rule has and how deep they nest', () => {
    const leaf = { field: 'producer', op: 'exists' };
    const nested = (depth: number): unknown =>
      depth === 1 ? { operator: 'and', conditions: [leaf] } : { operator: 'and', conditions: [nested(depth - 1)] };
    expect(groupSchema.safeParse(nested(limits.ruleDepth)).success).toBe(true);
    expect(groupSchema.safeParse(nested(limits.ruleDepth + 1)).error?.issues).toMatchObject([
      {
        path: new Array(limits.ruleDepth).fill(['conditions', 0]).flat(),
        message: `nested deeper than ${limits.ruleDepth} levels`,
      },
    ]);
    expect(groupSchema.safeParse(nested(2_000)).success).toBe(false);
    const wide = (count: number) => ({ operator: 'and', conditions: new Array(count).fill(leaf) });
    expect(problemsOf(wide(limits.ruleConditions))).toEqual([]);
    expect(problemsOf(wide(limits.ruleConditions + 1))).toEqual([
      `: ${limits.ruleConditions + 1} conditions; a rule may have ${limits.ruleConditions}`,
    ]);
  });
});
