import { expect, test } from 'vitest';
import type { GameRecord } from './record.ts';
import { describeTracks } from './view.ts';

const day = 86_400_000;

/** What each change of status is called, a day each: [made on, in force from]. */
function statesOn(now: number, ...changes: [made: number, from: number][]): string[] {
  const statuses = changes.map(([made, from], index) => {
    const signed = { at: made * day, by: 'an owner', reason: 'because' };
    return { changeNo: index + 1, status: 'paused' as const, from: from * day, ...signed };
  });
  return describeTracks({ versions: [], statuses } as unknown as GameRecord, now * day).statuses.map(
    ({ state }) => state,
  );
}

test('what was taken back before it began stays cancelled, also once its instant has passed', () => {
  const changes: [number, number][] = [
    [1, 10],
    [2, 5],
  ];
  expect(statesOn(3, ...changes)).toEqual(['cancelled', 'planned']);
  expect(statesOn(7, ...changes)).toEqual(['cancelled', 'in_force']);
  expect(statesOn(20, ...changes)).toEqual(['cancelled', 'in_force']);
});

test('what was in force is past, whether another followed it or was set before its begin afterwards', () => {
  expect(statesOn(20, [1, 5], [6, 10])).toEqual(['past', 'in_force']);
  expect(statesOn(20, [1, 5], [12, 4])).toEqual(['past', 'in_force']);
});
