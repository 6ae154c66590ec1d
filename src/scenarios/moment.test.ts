import { expect, test } from 'vitest';
import { formatInstant } from '../time.ts';
import { zoneOf } from '../time-zone.ts';
import { type DayMeans, formatLocal, instantOf, isMoment, later, MOMENT } from './moment.ts';

const india = zoneOf('Asia/Kolkata');
const berlin = zoneOf('Europe/Berlin');

test.each([
  ['2026-05-03', 'noon', '2026-05-03T06:30:00.000Z'],
  ['2026-05-03', 'beginning', '2026-05-02T18:30:00.000Z'],
  ['2026-05-03', 'end', '2026-05-03T18:30:00.000Z'],
  ['2026-05-03 10:00', 'end', '2026-05-03T04:30:00.000Z'],
  ['2026-05-03T10:00:30', 'noon', '2026-05-03T04:30:30.000Z'],
  ['2026-05-03T10:00:00.5Z', 'noon', '2026-05-03T10:00:00.500Z'],
  ['2026-05-03T10:00:00+01:00', 'beginning', '2026-05-03T09:00:00.000Z'],
] as [string, DayMeans, string][])('%s as a %s is %s', (text, means, instant) => {
  expect(isMoment(text)).toBe(true);
  expect(text).toMatch(MOMENT);
  expect(formatInstant(instantOf(text, india, means))).toBe(instant);
});

test.each(['', '3 May', '2026-02-30', '2026-05-03 25:00', '2026-05-03 10', '2026-05-03T10:00Z', '2026-05-03 10:60'])(
  '%j is no moment',
  (text) => expect(isMoment(text)).toBe(false),
);

test('days are those of the calendar, hours and minutes those of the clock', () => {
  const evening = instantOf('2026-10-24 20:00', berlin, 'noon');
  const then = (period: string, count: number) => formatLocal(later(evening, period, count, berlin), berlin);
  // The clocks go back on the 25th.
  expect(then('P1D', 1)).toBe('2026-10-25 20:00');
  expect(then('PT24H', 1)).toBe('2026-10-25 19:00');
  expect(then('P1W', 2)).toBe('2026-11-07 20:00');
  expect(then('PT10M', 3)).toBe('2026-10-24 20:30');
  expect(then('P1D', 0)).toBe('2026-10-24 20:00');
});
