// Times and places in which random histories happen: a month in India, and the two nights of a year in which clocks are changed.
import { at } from './make.ts';

/** A time and a place in which a history happens. */
export interface Era {
  zone: string;
  start: string;
  end: string;
  /** Another window now and then, so that an event is inside one game's and outside another's. */
  shifted: { start: string; end: string };
  /** A window of months, whose months and quarters begin on the days that matter. */
  long: { start: string; end: string };
  /** To when a version may prolong a game. */
  prolonged: string;
  /** From when second and third versions are in force. */
  versions: readonly [number, number];
  /** Where something changes: the midnights and the starts of windows of a few days in a row. */
  boundaries: readonly number[];
  /** Other times, so that days follow each other. */
  between: readonly number[];
}

export const DAY = 24 * 3_600_000;

function daysFrom(first: string, count: number): number[] {
  return Array.from({ length: count }, (_, day) => at(first) + day * DAY);
}

export const india: Era = {
  zone: 'Asia/Kolkata',
  start: '2026-05-01T00:00:00Z',
  end: '2026-05-31T23:59:59Z',
  shifted: { start: '2026-05-12T00:00:00+05:30', end: '2026-05-19T23:59:59.999+05:30' },
  long: { start: '2026-02-12T00:00:00Z', end: '2026-05-31T23:59:59Z' },
  prolonged: '2026-06-03T23:59:59Z',
  versions: [at('2026-05-12T00:00:00Z'), at('2026-05-20T00:00:00Z')],
  // Midnight is 18:30 in UTC; windows that follow the start begin at 5:30.
  boundaries: [
    ...daysFrom('2026-05-10T18:30:00Z', 5),
    ...daysFrom('2026-05-12T00:00:00Z', 2),
    at('2026-05-08T00:00:00Z'),
    at('2026-05-15T00:00:00Z'),
    at('2026-05-19T18:30:00Z'),
  ],
  between: daysFrom('2026-05-09T22:00:00Z', 8),
};

/** The night in which clocks go from 2 to 3: there is no half past two, at which windows begin. */
export const spring: Era = {
  zone: 'Europe/Berlin',
  start: '2026-03-25T02:30:00+01:00',
  end: '2026-04-03T23:59:59+02:00',
  shifted: { start: '2026-03-28T00:00:00+01:00', end: '2026-03-30T23:59:59.999+02:00' },
  long: { start: '2026-01-29T00:00:00+01:00', end: '2026-04-03T23:59:59+02:00' },
  prolonged: '2026-04-07T23:59:59+02:00',
  versions: [at('2026-03-28T12:00:00+01:00'), at('2026-03-30T00:00:00+02:00')],
  boundaries: [
    ...daysFrom('2026-03-28T00:00:00+01:00', 2),
    ...daysFrom('2026-03-30T00:00:00+02:00', 2),
    at('2026-03-28T02:30:00+01:00'),
    at('2026-03-29T01:30:00+01:00'),
    at('2026-03-29T02:00:00+01:00'),
    at('2026-03-30T02:30:00+02:00'),
    at('2026-04-01T02:30:00+02:00'),
  ],
  between: daysFrom('2026-03-27T10:00:00Z', 6),
};

/** The night in which clocks show the hour from 1 to 2 twice: windows begin with the first of the two. */
export const autumn: Era = {
  zone: 'America/New_York',
  start: '2025-10-29T01:30:00-04:00',
  end: '2025-11-07T23:59:59-05:00',
  shifted: { start: '2025-11-01T00:00:00-04:00', end: '2025-11-03T23:59:59.999-05:00' },
  long: { start: '2025-08-02T01:30:00-04:00', end: '2025-11-07T23:59:59-05:00' },
  prolonged: '2025-11-10T23:59:59-05:00',
  versions: [at('2025-11-01T12:00:00-04:00'), at('2025-11-03T00:00:00-05:00')],
  boundaries: [
    ...daysFrom('2025-11-01T00:00:00-04:00', 2),
    ...daysFrom('2025-11-03T00:00:00-05:00', 2),
    at('2025-11-01T01:30:00-04:00'),
    at('2025-11-02T01:30:00-04:00'),
    at('2025-11-02T01:30:00-05:00'),
    at('2025-11-03T01:30:00-05:00'),
    at('2025-11-05T01:30:00-05:00'),
  ],
  between: daysFrom('2025-10-31T16:00:00Z', 6),
};
