import { describe, expect, test } from 'vitest';
import { makeEvent } from '../testing/make.ts';
import { zoneOf } from '../time-zone.ts';
import { type Condition, failing, groupSchema } from './condition.ts';
import { describeCondition, explainFailure } from './words.ts';

const zone = zoneOf('Asia/Kolkata');
const read = (condition: unknown) => groupSchema.parse({ operator: 'and', conditions: [condition] });
const amount = { field: 'attributes.transaction_amount', op: 'gte', value: 1_200 };
const status = { field: 'attributes.payment_status', op: 'eq', value: 'SUCCESS' };
const morning = { field: 'local.time', op: 'between', value: ['09:00', '21:00'] };
const group = (operator: string, ...conditions: unknown[]) => ({ operator, conditions });

describe('describeCondition', () => {
  test.each<[unknown, string]>([
    [
      group('and', amount, status, morning),
      'transaction_amount is at least 1200 and payment_status is SUCCESS and it happens between 09:00 and 21:00',
    ],
    [
      group('and', amount, group('or', status, morning)),
      'transaction_amount is at least 1200 and (payment_status is SUCCESS or it happens between 09:00 and 21:00)',
    ],
    [
      group('or', group('and', group('or', group('and', amount, status))), morning),
      '(transaction_amount is at least 1200 and payment_status is SUCCESS) or it happens between 09:00 and 21:00',
    ],
    [
      group('and', group('not', status), amount),
      'not (payment_status is SUCCESS) and transaction_amount is at least 1200',
    ],
    [
      group('not', group('or', status, amount)),
      'not (payment_status is SUCCESS or transaction_amount is at least 1200)',
    ],
    [group('not', group('not', status)), 'not (not (payment_status is SUCCESS))'],
    [{ ...amount, op: 'gt' }, 'transaction_amount is more than 1200'],
    [{ ...amount, op: 'lt', value: 0.5 }, 'transaction_amount is less than 0.5'],
    [{ ...amount, op: 'lte' }, 'transaction_amount is at most 1200'],
    [{ ...amount, op: 'between', value: [1, 2] }, 'transaction_amount is between 1 and 2'],
    [{ ...status, op: 'ne' }, 'payment_status is not SUCCESS'],
    [{ ...status, value: 'not yet' }, 'payment_status is "not yet"'],
    [{ ...status, value: '' }, 'payment_status is ""'],
    [{ ...status, value: '5' }, 'payment_status is "5"'],
    [{ ...status, value: 'true' }, 'payment_status is "true"'],
    [{ ...status, value: true }, 'payment_status is true'],
    [{ ...status, value: null }, 'payment_status is missing'],
    [{ ...status, op: 'ne', value: null }, 'payment_status is given'],
    [{ ...status, op: 'in', value: ['A'] }, 'payment_status is A'],
    [{ ...status, op: 'in', value: ['A', 'B', null] }, 'payment_status is A, B or missing'],
    [{ ...status, op: 'not_in', value: ['A', 'B'] }, 'payment_status is not A or B'],
    [{ ...status, op: 'starts_with', value: 'SUC' }, 'payment_status starts with SUC'],
    [{ ...status, op: 'matches', value: '^SUC\\w+$' }, 'payment_status matches the pattern ^SUC\\w+$'],
    [{ field: 'correlation.payment_id', op: 'exists' }, 'payment_id is given'],
    [{ field: 'producer', op: 'exists', value: false }, 'producer is missing'],
    [{ ...morning, op: 'eq', value: '09:00' }, 'it happens at 09:00'],
    [{ ...morning, op: 'ne', value: '09:00' }, 'it does not happen at 09:00'],
    [{ ...morning, op: 'gt', value: '09:00' }, 'it happens after 09:00'],
    [{ ...morning, op: 'gte', value: '09:00' }, 'it happens at 09:00 or later'],
    [{ ...morning, op: 'lt', value: '09:00' }, 'it happens before 09:00'],
    [{ ...morning, op: 'lte', value: '09:00' }, 'it happens at 09:00 or earlier'],
    [{ field: 'local.weekday', op: 'in', value: ['saturday', 'sunday'] }, 'it happens on Saturday or Sunday'],
    [{ field: 'local.weekday', op: 'not_in', value: ['monday'] }, 'it does not happen on Monday'],
    [{ field: 'local.date', op: 'gte', value: '2026-05-01' }, 'it happens on 2026-05-01 or later'],
    [
      { field: 'local.date', op: 'between', value: ['2026-05-01', '2026-05-07'] },
      'it happens between 2026-05-01 and 2026-05-07',
    ],
  ])('%j', (condition, words) => {
    expect(describeCondition(read(condition))).toBe(words);
  });
});

describe('explainFailure', () => {
  const { event } = makeEvent({ occurred: '2026-05-10T02:30:00Z', attributes: { transaction_amount: 500 } });

  test.each<[unknown, object]>([
    [amount, { field: 'attributes.transaction_amount', op: 'gte', wanted: 1_200, found: 500 }],
    [status, { field: 'attributes.payment_status', op: 'eq', wanted: 'SUCCESS', found: null }],
    [morning, { field: 'local.time', op: 'between', wanted: ['09:00', '21:00'], found: '08:00' }],
    [group('or', morning, status), { field: 'local.time', op: 'between', wanted: ['09:00', '21:00'], found: '08:00' }],
    [group('not', { ...amount, op: 'lt' }), { op: 'not', unwanted: 'transaction_amount is less than 1200' }],
  ])('%j', (condition, failure) => {
    const failed = failing(read(condition), event, zone) as Condition;
    expect(explainFailure(failed, event, zone)).toEqual(failure);
  });
});
