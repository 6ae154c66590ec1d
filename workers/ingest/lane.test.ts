// Judgements on positions: when a partition may be read, and when a person has to decide.
import { describe, expect, test } from 'vitest';
import type { FeedRecord } from './feed.ts';
import { createLane, delayOf, judgeFetch, judgeRecords, judgeStart, lagOf } from './lane.ts';

const marks = (low: bigint, high: bigint) => ({ low, high });
const kindOf = (verdict: { kind: string; alarm?: { reason: string } }) => verdict.alarm?.reason ?? verdict.kind;

describe('where a partition begins', () => {
  const cases: [name: string, next: bigint | undefined, low: bigint, high: bigint, expected: string][] = [
    ['never read: at its oldest record', undefined, 7n, 90n, 'read 7'],
    ['at the stored position', 50n, 7n, 90n, 'read 50'],
    ['at the oldest record, when that is next', 7n, 7n, 90n, 'read 7'],
    ['at the end', 90n, 7n, 90n, 'read 90'],
    ['all read and all gone', 90n, 90n, 90n, 'read 90'],
    ['one record is gone', 6n, 7n, 90n, 'records_gone'],
    ['one beyond the end', 91n, 7n, 90n, 'log_restarted'],
    ['beyond 2^53', 9_007_199_254_740_993n, 0n, 9_007_199_254_740_993n, 'read 9007199254740993'],
  ];
  test.each(cases)('%s', (_name, next, low, high, expected) => {
    const verdict = judgeStart({ next, alarm: undefined }, marks(low, high));
    expect(verdict.kind === 'read' ? `read ${verdict.from}` : kindOf(verdict)).toBe(expected);
  });

  test('an alarm that stands, stands, wherever the position is', () => {
    const alarm = { reason: 'records_gone', detail: 'as it was' } as const;
    expect(judgeStart({ next: 50n, alarm }, marks(7n, 90n))).toEqual({ kind: 'alarm', alarm });
  });
});

describe('a fetch that was not made from where the lane stands', () => {
  const cases: [
    name: string,
    fetch: { from: bigint | undefined; end: bigint },
    low: bigint,
    high: bigint,
    expected: string,
  ][] = [
    ['further on, with all records still there: only marks lay between', { from: 55n, end: 60n }, 7n, 90n, 'read'],
    ['further on, and the records between are gone', { from: 60n, end: 70n }, 60n, 90n, 'records_gone'],
    ['only marks, from nobody knows where', { from: undefined, end: 52n }, 7n, 90n, 'read'],
    ['only marks that are behind', { from: undefined, end: 50n }, 7n, 90n, 'drop'],
    ['behind: fetched before the position was moved', { from: 40n, end: 45n }, 7n, 90n, 'drop'],
    [
      'from the oldest record: the client found nothing and began anew',
      { from: 7n, end: 20n },
      7n,
      90n,
      'log_restarted',
    ],
    ['from the oldest record of a shorter topic', { from: 0n, end: 3n }, 0n, 3n, 'log_restarted'],
  ];
  test.each(cases)('%s', (_name, fetch, low, high, expected) => {
    expect(kindOf(judgeFetch(50n, fetch, marks(low, high)))).toBe(expected);
  });
});

test('broken records are named from the first to the last in a row', () => {
  const record = (offset: bigint, undecodable?: string): FeedRecord => ({
    offset,
    timestamp: 0,
    value: null,
    undecodable,
  });
  const records = [record(1n), record(2n, 'broken'), record(4n, 'broken'), record(5n), record(6n, 'broken')];
  expect(judgeRecords(records, 0)).toBeUndefined();
  expect(judgeRecords(records, 1)).toEqual({
    reason: 'undecodable',
    detail: 'the records 2 to 4 cannot be read: broken; the next ones begin at 5',
  });
  expect(judgeRecords(records, 4)?.detail).toContain('the records 6 to 6');
});

test('the lag is known once the position and the end are', () => {
  const lane = createLane({ topic: 't', partition: 0 });
  expect(lagOf(lane)).toBeUndefined();
  lane.next = 10n;
  lane.watermarks = marks(0n, 25n);
  expect(lagOf(lane)).toBe(15n);
  lane.next = 26n;
  expect(lagOf(lane)).toBe(0n);
});

describe('for how long the oldest record has waited', () => {
  const cases: [string, { caughtUpAt?: number; committedTo?: number; high?: bigint }, number | undefined][] = [
    ['is not known of a backlog before anything is committed', {}, undefined],
    ['is nothing when nothing is left', { high: 10n, committedTo: 1_000 }, 0],
    ['is at most the time since nothing was left', { caughtUpAt: 400, committedTo: 1_000 }, 100],
    ['is at most the age of the last record committed', { caughtUpAt: 100, committedTo: 8_950 }, 50],
    ['is known by either', { committedTo: 8_000 }, 1_000],
    ['is not negative when a producer’s clock is ahead', { committedTo: 20_000 }, 0],
  ];

  test.each(cases)('%s', (_name, { caughtUpAt, committedTo, high = 25n }, expected) => {
    const lane = { ...createLane({ topic: 't', partition: 0 }), next: 10n, watermarks: marks(0n, high) };
    Object.assign(lane, { caughtUpAt, committedTo });
    expect(delayOf(lane, { monotonic: 500, clock: 9_000 })).toBe(expected);
  });
});
