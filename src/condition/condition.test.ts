import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../event/event.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { makeEvent } from '../testing/make.ts';
import { zoneOf } from '../time-zone.ts';
import {
  type Condition,
  checkCondition,
  eventFields,
  type FieldTypes,
  failing,
  fieldOf,
  groupSchema,
} from './condition.ts';
import { describeCondition, explainFailure } from './words.ts';

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
    ['matches', '.', ['UPI', 'upi', '5']],
    ['matches', '^(?i)upi$', ['UPI', 'upi']],
    ['matches', '^[0-9]*$', ['', '5']],
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

describe('what is local: when it occurred, in the zone that is asked for', () => {
  // Saturday 23:45 in London, Sunday 04:15 in Kolkata.
  const { event } = makeEvent({ occurred: '2026-05-09T22:45:59.999Z' });

  test.each([
    ['Asia/Kolkata', '04:15', 'sunday', '2026-05-10'],
    ['Europe/London', '23:45', 'saturday', '2026-05-09'],
    ['America/New_York', '18:45', 'saturday', '2026-05-09'],
    ['Asia/Kathmandu', '04:30', 'sunday', '2026-05-10'],
    ['Pacific/Kiritimati', '12:45', 'sunday', '2026-05-10'],
  ])('in %s', (name, ...expected) => {
    const fields = ['local.time', 'local.weekday', 'local.date'];
    expect(fields.map((field) => fieldOf(event, field, zoneOf(name)))).toEqual(expected);
  });

  test.each<[field: string, op: string, value: unknown, holds: boolean]>([
    ['local.time', 'eq', '04:15', true],
    ['local.time', 'eq', '04:16', false],
    ['local.time', 'ne', '04:15', false],
    ['local.time', 'gt', '04:15', false],
    ['local.time', 'gt', '04:14', true],
    ['local.time', 'gte', '04:15', true],
    ['local.time', 'lt', '04:15', false],
    ['local.time', 'lte', '04:15', true],
    ['local.time', 'in', ['04:00', '04:15'], true],
    ['local.time', 'not_in', ['04:15'], false],
    ['local.time', 'between', ['04:15', '04:15'], true],
    ['local.time', 'between', ['04:16', '21:00'], false],
    ['local.time', 'between', ['22:00', '06:00'], true],
    ['local.time', 'between', ['22:00', '04:15'], true],
    ['local.time', 'between', ['22:00', '04:14'], false],
    ['local.time', 'between', ['04:15', '03:00'], true],
    ['local.weekday', 'eq', 'sunday', true],
    ['local.weekday', 'ne', 'sunday', false],
    ['local.weekday', 'in', ['saturday', 'sunday'], true],
    ['local.weekday', 'not_in', ['saturday', 'sunday'], false],
    ['local.date', 'eq', '2026-05-10', true],
    ['local.date', 'ne', '2026-05-10', false],
    ['local.date', 'gt', '2026-05-09', true],
    ['local.date', 'gte', '2026-05-11', false],
    ['local.date', 'lt', '2026-12-01', true],
    ['local.date', 'lte', '2026-05-10', true],
    ['local.date', 'between', ['2026-05-01', '2026-05-10'], true],
    ['local.date', 'between', ['2026-05-11', '2026-05-20'], false],
    ['local.date', 'in', ['2026-05-10'], true],
    ['local.date', 'not_in', ['2026-05-10'], false],
  ])('%s %s %j', (field, op, value, expected) => {
    const condition = read({ field, op, value });
    expect(checkCondition(condition, new Map(), didYouMean)).toEqual([]);
    expect(failing(condition, event, zone) === undefined).toBe(expected);
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

  const leaf = fc.oneof(
    fc.record({
      field: fc.constant('attributes.x'),
      op: fc.constantFrom('eq', 'ne'),
      value: fc.constantFrom(1, 'a', null),
    }),
    fc.record({ field: fc.constant('attributes.x'), op: fc.constantFrom('gt', 'gte', 'lt', 'lte'), value: fc.nat(3) }),
    fc.record({
      field: fc.constant('attributes.x'),
      op: fc.constantFrom('in', 'not_in'),
      value: fc.constant([1, null]),
    }),
    fc.record({
      field: fc.constant('attributes.x'),
      op: fc.constantFrom('starts_with', 'matches'),
      value: fc.constant('a'),
    }),
    fc.record({ field: fc.constant('attributes.x'), op: fc.constant('exists'), value: fc.boolean() }),
    fc.record({
      field: fc.constant('local.time'),
      op: fc.constantFrom('gt', 'lte'),
      value: fc.constantFrom('09:00', '23:00'),
    }),
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      leaf,
      fc.record({
        operator: fc.constantFrom('and', 'or'),
        conditions: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ operator: fc.constant('not'), conditions: fc.tuple(tie('node')) }),
    ),
  }));

  test('a not is the opposite of what it negates, and of and-or it is or-and of the opposites', () => {
    const value = fc.constantFrom<(Json | undefined)[]>(undefined, null, 0, 1, 2, 3, 4, 'a', 'ab', 'b', true, [1], {});
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 3 }), value, (nodes, found) => {
        const not = (of: unknown) => ({ operator: 'not', conditions: [of] });
        for (const one of nodes) expect(holds(read(not(one)), found)).toBe(!holds(read(one), found));
        expect(holds(read(not(group('and', ...nodes))), found)).toBe(holds(group('or', ...nodes.map(not)), found));
        expect(holds(read(not(group('or', ...nodes))), found)).toBe(holds(group('and', ...nodes.map(not)), found));
      }),
    );
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
  const everyField = [...eventFields.keys(), ...fields.keys()].join(', ');
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
    ['a pattern', { field: 'attributes.payment_status', op: 'matches', value: '^(?:SUCCESS|PART.*)$' }],
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
      `field: unknown field "zzz"; a source has to declare it; known are ${everyField}`,
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
      `conditions.1.conditions.0.field: unknown field "nope"; a source has to declare it; known are ${everyField}`,
    ],
  ])('finds %s', (_, condition, problem) => {
    expect(problemsOf(condition)).toEqual([problem]);
  });

  test.each<[string, string, unknown, string]>([
    [
      'local.time',
      'gte',
      '25:00',
      'is a time of day, compared with text "25:00"; write it as "09:30", from "00:00" to "23:59"',
    ],
    [
      'local.time',
      'eq',
      '9:00',
      'is a time of day, compared with text "9:00"; write it as "09:30", from "00:00" to "23:59"',
    ],
    [
      'local.time',
      'lt',
      '24:00',
      'is a time of day, compared with text "24:00"; write it as "09:30", from "00:00" to "23:59"',
    ],
    [
      'local.time',
      'lt',
      '09:60',
      'is a time of day, compared with text "09:60"; write it as "09:30", from "00:00" to "23:59"',
    ],
    ['local.time', 'gt', 9, 'is a time of day, compared with number 9; write it as "09:30", from "00:00" to "23:59"'],
    ['local.time', 'eq', null, 'is a time of day, compared with null; write it as "09:30", from "00:00" to "23:59"'],
    [
      'local.time',
      'between',
      ['09:00', 21],
      'is a time of day, compared with number 21; write it as "09:30", from "00:00" to "23:59"',
    ],
    [
      'local.weekday',
      'eq',
      'munday',
      'is a weekday, compared with text "munday" (did you mean "monday"?); write one of monday, tuesday, wednesday, thursday, friday, saturday, sunday',
    ],
    [
      'local.weekday',
      'in',
      ['monday', 'Sunday'],
      'is a weekday, compared with text "Sunday" (did you mean "sunday"?); write one of monday, tuesday, wednesday, thursday, friday, saturday, sunday',
    ],
    [
      'local.weekday',
      'ne',
      1,
      'is a weekday, compared with number 1; write one of monday, tuesday, wednesday, thursday, friday, saturday, sunday',
    ],
    [
      'local.date',
      'eq',
      '2026-02-30',
      'is a date, compared with text "2026-02-30"; write a day that exists as "2026-05-01"',
    ],
    [
      'local.date',
      'gt',
      '1.5.2026',
      'is a date, compared with text "1.5.2026"; write a day that exists as "2026-05-01"',
    ],
    ['local.date', 'not_in', [null], 'is a date, compared with null; write a day that exists as "2026-05-01"'],
    ['attributes.age', 'gt', '18', 'is a number, compared with text "18"'],
    ['attributes.transaction_amount', 'between', [1, '2'], 'is a number, compared with text "2"'],
  ])('refuses %s %s %j', (field, op, value, problem) => {
    expect(problemsOf({ field, op, value })).toEqual([`value: ${field} ${problem}`]);
  });

  test('takes an operator on the types that it suits, and on no others', () => {
    // For each type a value of it; for each operator the types on which it means something.
    const values: Record<string, [field: string, value: Json]> = {
      text: ['attributes.payment_status', 'SUCCESS'],
      number: ['attributes.age', 18],
      amount: ['attributes.transaction_amount', 1_200],
      boolean: ['attributes.first_time', true],
      time_of_day: ['local.time', '09:00'],
      weekday: ['local.weekday', 'monday'],
      date: ['local.date', '2026-05-01'],
    };
    const all = Object.keys(values);
    const ordered = ['number', 'amount', 'time_of_day', 'date'];
    const operators: Record<string, [types: string[], valueFor: (value: Json) => Json]> = {
      eq: [all, (value) => value],
      ne: [all, (value) => value],
      in: [all, (value) => [value]],
      not_in: [all, (value) => [value]],
      gt: [ordered, (value) => value],
      gte: [ordered, (value) => value],
      lt: [ordered, (value) => value],
      lte: [ordered, (value) => value],
      between: [ordered, (value) => [value, value]],
      exists: [['text', 'number', 'amount', 'boolean'], () => true],
      starts_with: [['text'], () => 'a'],
      matches: [['text'], () => 'a'],
    };
    for (const [op, [types, valueFor]] of Object.entries(operators)) {
      for (const [type, [field, own]] of Object.entries(values)) {
        // A value of each type, the field's own and all others: right only when it is of the field's own.
        for (const [other, [, value]] of Object.entries(values)) {
          const parsed = groupSchema.safeParse({
            operator: 'and',
            conditions: [{ field, op, value: valueFor(value) }],
          });
          const problems = parsed.success ? checkCondition(parsed.data, fields, didYouMean) : [parsed.error];
          const isAlike = ['text', 'time_of_day', 'weekday', 'date'].includes(other)
            ? type === 'text'
            : typeof value === typeof own;
          const isRight = types.includes(type) && (valueFor(own) === valueFor(value) || type === other || isAlike);
          expect([op, type, other, problems.length === 0]).toEqual([op, type, other, isRight]);
        }
      }
    }
  });

  test.each([
    ['(a', 'missing closing )'],
    ['[z-a]x', 'invalid character class range, "z-a" at character 2'],
    ['a(?!b)', 'invalid or unsupported Perl syntax, "(?!" at character 2'],
  ])('refuses the pattern %s', (value, reason) => {
    expect(problemsOf({ field: 'producer', op: 'matches', value })).toEqual([
      `value: no pattern in RE2's syntax (which has no look-around and no back references): ${reason}`,
    ]);
  });

  test('refuses a pattern that is too long', () => {
    const parse = (length: number) =>
      groupSchema.safeParse({
        operator: 'and',
        conditions: [{ field: 'producer', op: 'matches', value: 'a'.repeat(length) }],
      });
    expect(parse(limits.patternChars).success).toBe(true);
    expect(parse(limits.patternChars + 1).error?.issues).toMatchObject([{ path: ['conditions', 0, 'value'] }]);
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

  const key = fc.constantFrom('operator', 'conditions', 'field', 'op', 'value', '__proto__', 'other');
  const field = fc.constantFrom(...eventFields.keys(), ...fields.keys(), 'constructor', '__proto__', '');
  const op = fc.constantFrom(
    ...[
      'eq',
      'ne',
      'gt',
      'gte',
      'lt',
      'lte',
      'between',
      'in',
      'not_in',
      'exists',
      'starts_with',
      'matches',
      'constructor',
    ],
  );
  const right = fc.constantFrom(
    { field: 'attributes.age', op: 'gt', value: 1 },
    { field: 'attributes.transaction_amount', op: 'between', value: [1, 2] },
    { field: 'attributes.payment_status', op: 'matches', value: '(a|b)+$' },
    { field: 'attributes.payment_status', op: 'not_in', value: ['a', null] },
    { field: 'attributes.first_time', op: 'ne', value: true },
    { field: 'producer', op: 'starts_with', value: 'tes' },
    { field: 'correlation.txn_id', op: 'exists' },
    { field: 'local.time', op: 'between', value: ['09:00', '08:00'] },
    { field: 'local.weekday', op: 'in', value: ['monday', 'sunday'] },
    { field: 'local.date', op: 'lte', value: '2026-05-01' },
  );
  const { anything, rule } = fc.letrec((tie) => ({
    anything: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(field, op, fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie('anything'), { maxLength: 4 }),
      fc.dictionary(key, tie('anything')),
    ),
    // Mostly right, so that it comes far.
    part: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 30, arbitrary: right },
      { weight: 10, arbitrary: tie('rule') },
      { weight: 5, arbitrary: fc.tuple(right, right).map(([one, other]) => ({ ...one, value: other.value })) },
      { weight: 1, arbitrary: fc.record({ field, op, value: tie('anything') }) },
      { weight: 1, arbitrary: tie('anything') },
    ),
    rule: fc.record({
      operator: fc.constantFrom('and', 'or', 'not'),
      conditions: fc.array(tie('part'), { minLength: 1, maxLength: 3 }),
    }),
  }));

  test('any JSON is a rule or is refused, and what is a rule can be judged', () => {
    let judged = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 5, arbitrary: rule }, anything, fc.jsonValue()), anything, (json, found) => {
        const parsed = groupSchema.safeParse(json);
        if (!parsed.success) return;
        const problems = checkCondition(parsed.data, fields, didYouMean);
        for (const { path, message } of problems) expect(`${path.join('.')} ${message}`).not.toBe('');
        if (problems.length > 0) return;
        judged++;
        const { event } = makeEvent({ attributes: { age: found as Json, payment_status: found as Json } });
        const failed = failing(parsed.data, event, zone);
        expect(describeCondition(parsed.data)).not.toBe('');
        if (failed !== undefined) expect(explainFailure(failed, event, zone)).toHaveProperty('op');
      }),
      { numRuns: 5_000 },
    );
    expect(judged).toBeGreaterThan(500);
  });
});
