import { expect, test } from 'vitest';
import { chart } from './chart.ts';

test('the longest bar ends at the last column, and what is there is never drawn as nothing', () => {
  const bars = [
    { labels: ['3', '1,000'], value: 1_000 },
    { labels: ['12', '500'], value: 500 },
    { labels: ['100', '1'], value: 1 },
    { labels: ['200', '0'], value: 0 },
  ];
  expect(chart(bars, 32)).toEqual([
    '  3  1,000  ████████████████████',
    ' 12    500  ██████████',
    '100      1  ▏',
    '200      0',
  ]);
});

test('a chart of nothing, and one without room, are drawn all the same', () => {
  expect(chart([], 40)).toEqual([]);
  expect(chart([{ labels: ['nobody'], value: 0 }], 40)).toEqual(['nobody']);
  expect(chart([{ labels: ['a long label'], value: 2 }], 5)).toEqual(['a long label  █']);
});
