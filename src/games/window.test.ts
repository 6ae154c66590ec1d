import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { preparedGame } from '../testing/credits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { GameConfig } from './config.ts';
import type { Game } from './game.ts';
import { earliestStart, lastWindow, mostDays, type Window, windowAt, windowFromJoin } from './window.ts';

type GameWindow = GameConfig['game_window'];

function gameFor(game_window: Partial<GameWindow>, time_zone = 'Asia/Kolkata'): Game {
  return preparedGame({ game_window, time_zone });
}

/** All windows of a game, one after the other. */
function windowsOf(game: Game): Window[] {
  const windows: Window[] = [];
  for (let at = game.start; at < game.end; ) {
    const { start, end } = windowAt(game, at) as Window;
    windows.push({ start, end });
    at = end;
  }
  return windows;
}

/** `2026-05-01T00:00` as the clocks of the game's zone show it. */
function local(game: Game, at: Instant): string {
  return new Date(at).toLocaleString('sv-SE', { timeZone: game.zone.name }).replace(' ', 'T').slice(0, 16);
}

describe('where windows begin', () => {
  test.each<[string, Partial<GameWindow>, zone: string, starts: string[]]>([
    ['without recurrence, once', {}, 'Asia/Kolkata', ['2026-05-01T00:00']],
    [
      'monthly, from the first',
      { end: '2026-07-31T23:59:59+05:30', recurrence: 'monthly' },
      'Asia/Kolkata',
      ['2026-05-01T00:00', '2026-06-01T00:00', '2026-07-01T00:00'],
    ],
    [
      'monthly from the 31st: on the last day of months without one, and on the 31st again where there is one',
      { start: '2026-01-31T00:00:00+05:30', end: '2026-06-10T00:00:00+05:30', recurrence: 'monthly' },
      'Asia/Kolkata',
      ['2026-01-31T00:00', '2026-02-28T00:00', '2026-03-31T00:00', '2026-04-30T00:00', '2026-05-31T00:00'],
    ],
    [
      'monthly from the 31st, in a leap year',
      { start: '2028-01-31T00:00:00+05:30', end: '2028-03-10T00:00:00+05:30', recurrence: 'monthly' },
      'Asia/Kolkata',
      ['2028-01-31T00:00', '2028-02-29T00:00'],
    ],
    [
      'quarterly, over the turn of the year',
      { start: '2026-11-30T00:00:00+05:30', end: '2027-09-01T00:00:00+05:30', recurrence: 'quarterly' },
      'Asia/Kolkata',
      ['2026-11-30T00:00', '2027-02-28T00:00', '2027-05-30T00:00', '2027-08-30T00:00'],
    ],
    [
      'weekly, from whatever day the game begins on',
      { start: '2026-05-06T00:00:00+05:30', end: '2026-05-26T23:59:59+05:30', recurrence: 'weekly' },
      'Asia/Kolkata',
      ['2026-05-06T00:00', '2026-05-13T00:00', '2026-05-20T00:00'],
    ],
    [
      'daily, at the hour at which the game begins',
      { start: '2026-05-01T09:30:00+05:30', end: '2026-05-04T08:00:00+05:30', recurrence: 'daily' },
      'Asia/Kolkata',
      ['2026-05-01T09:30', '2026-05-02T09:30', '2026-05-03T09:30'],
    ],
    [
      'every ten days',
      { recurrence: 'P10D' },
      'Asia/Kolkata',
      ['2026-05-01T00:00', '2026-05-11T00:00', '2026-05-21T00:00', '2026-05-31T00:00'],
    ],
    [
      'every two weeks',
      { recurrence: 'P2W' },
      'Asia/Kolkata',
      ['2026-05-01T00:00', '2026-05-15T00:00', '2026-05-29T00:00'],
    ],
    [
      'daily over the change to summer time, at midnight all the same',
      { start: '2026-03-28T00:00:00Z', end: '2026-03-31T22:59:59Z', recurrence: 'daily' },
      'Europe/London',
      ['2026-03-28T00:00', '2026-03-29T00:00', '2026-03-30T00:00', '2026-03-31T00:00'],
    ],
    [
      'daily at an hour that the clocks skip once: with the first instant after the gap',
      { start: '2026-03-28T01:30:00Z', end: '2026-03-31T00:00:00Z', recurrence: 'daily' },
      'Europe/London',
      ['2026-03-28T01:30', '2026-03-29T02:00', '2026-03-30T01:30'],
    ],
    [
      'daily where a day has no midnight',
      { start: '2018-11-03T00:00:00-03:00', end: '2018-11-05T12:00:00-02:00', recurrence: 'daily' },
      'America/Sao_Paulo',
      ['2018-11-03T00:00', '2018-11-04T01:00', '2018-11-05T00:00'],
    ],
    [
      'daily where a day does not exist at all',
      { start: '2011-12-28T00:00:00-10:00', end: '2012-01-01T00:00:00+14:00', recurrence: 'daily' },
      'Pacific/Apia',
      ['2011-12-28T00:00', '2011-12-29T00:00', '2011-12-31T00:00', '2012-01-01T00:00'],
    ],
  ])('%s', (_name, game_window, zone, starts) => {
    const game = gameFor(game_window, zone);
    expect(windowsOf(game).map(({ start }) => local(game, start))).toEqual(starts);
  });

  test('the first begins with the game, also at a time that the clocks show twice', () => {
    const start = Date.parse('2026-10-25T01:30:00Z');
    const game = gameFor(
      { start: '2026-10-25T01:30:00Z', end: '2026-10-27T00:00:00Z', recurrence: 'daily' },
      'Europe/London',
    );
    expect(windowsOf(game)).toEqual([
      { start, end: start + 86_400_000 },
      { start: start + 86_400_000, end: game.end },
    ]);
    expect(game.zone.instantOf(game.zone.localOf(start).day, game.zone.localOf(start).ms)).toBe(start - 3_600_000);
  });

  test('a day of summer time is 23 hours long, one of winter time 25', () => {
    const game = gameFor(
      { start: '2026-03-01T00:00:00Z', end: '2026-11-30T23:59:59Z', recurrence: 'daily' },
      'Europe/London',
    );
    const hours = (at: string): number => {
      const { start, end } = windowAt(game, Date.parse(at)) as Window;
      return (end - start) / 3_600_000;
    };
    expect([hours('2026-03-29T12:00:00Z'), hours('2026-10-25T12:00:00Z'), hours('2026-05-01T12:00:00Z')]).toEqual([
      23, 25, 24,
    ]);
  });
});

describe('a window is', () => {
  const monthly = gameFor({ end: '2026-07-10T12:00:00+05:30', recurrence: 'monthly' });
  const may = { start: monthly.start, end: Date.parse('2026-06-01T00:00:00+05:30') };

  test('none before the game and after it', () => {
    expect([windowAt(monthly, monthly.start - 1), windowAt(monthly, monthly.end)]).toEqual([undefined, undefined]);
  });

  test('from its first instant to the one before the next', () => {
    expect(windowAt(monthly, may.start)).toEqual(may);
    expect(windowAt(monthly, may.end - 1)).toEqual(may);
    expect(windowAt(monthly, may.end)?.start).toBe(may.end);
  });

  test('cut by the end of the game, whose last second belongs to it', () => {
    const last = windowAt(monthly, Date.parse('2026-07-05T00:00:00Z')) as Window;
    expect(formatInstant(last.end)).toBe('2026-07-10T06:30:01.000Z');
  });

  test('found as well ten years on', () => {
    const long = gameFor({ end: '2036-05-31T23:59:59+05:30', recurrence: 'monthly' });
    const { start, end } = windowAt(long, Date.parse('2036-02-29T12:00:00Z')) as Window;
    expect([local(long, start), local(long, end)]).toEqual(['2036-02-01T00:00', '2036-03-01T00:00']);
  });

  test('the last one long after the game, and before it there is none', () => {
    expect(local(monthly, (lastWindow(monthly, Date.parse('2030-01-01T00:00:00Z')) as Window).start)).toBe(
      '2026-07-01T00:00',
    );
    expect(lastWindow(monthly, may.end + 5)?.start).toBe(may.end);
    expect(lastWindow(monthly, monthly.start - 1)).toBeUndefined();
  });
});

describe('a window from a join', () => {
  const join = Date.parse('2026-05-10T15:00:00+05:30');
  const day = 24 * 3_600_000;

  test.each([
    ['P7D', 7 * day],
    ['P2W', 14 * day],
    ['PT48H', 2 * day],
    ['P1D', day],
    ['P90D', Date.parse('2026-06-01T00:00:00+05:30') - join],
  ])('of %s begins with it, and ends that much later or with the game', (from_join, length) => {
    expect(windowFromJoin(gameFor({ from_join }), join, [join])).toEqual({ start: join, end: join + length });
  });

  test('is as many days on the clock, and as many hours whatever the clock shows', () => {
    const start = Date.parse('2026-03-28T12:00:00Z');
    const game_window = { start: '2026-03-01T00:00:00Z', end: '2026-04-30T00:00:00Z' };
    const lengthOf = (from_join: string): number => {
      const window = windowFromJoin(gameFor({ ...game_window, from_join }, 'Europe/London'), start, [start]) as Window;
      return (window.end - window.start) / 3_600_000;
    };
    expect([lengthOf('P2D'), lengthOf('PT48H')]).toEqual([47, 48]);
  });

  test('is that of the last join by then, in whatever order they are known', () => {
    const game = gameFor({ from_join: 'P7D' });
    const joins = [join + 8 * day, join, join + 20 * day];
    expect(windowFromJoin(game, join - 1, joins)).toBeUndefined();
    expect(windowFromJoin(game, join + 9 * day, joins)?.start).toBe(join + 8 * day);
    expect(windowFromJoin(game, join + 7.5 * day, joins)?.start).toBe(join);
    expect(windowFromJoin(game, join, [])).toBeUndefined();
  });
});

/** Any game of some weeks to two years, in zones whose clocks change, that begins at any hour. */
const anyGame = fc
  .record({
    zone: fc.constantFrom(
      'Asia/Kolkata',
      'Europe/London',
      'America/New_York',
      'Australia/Lord_Howe',
      'America/Sao_Paulo',
      'Pacific/Apia',
    ),
    start: fc.integer({ min: Date.parse('2010-01-01T00:00:00Z'), max: Date.parse('2027-12-31T00:00:00Z') }),
    onTheHour: fc.boolean(),
    days: fc.integer({ min: 1, max: 700 }),
    recurrence: fc.constantFrom('daily', 'weekly', 'monthly', 'quarterly', 'P10D', 'P3W', undefined),
  })
  .map(({ zone, start, onTheHour, days, recurrence }) => {
    const first = onTheHour ? Math.floor(start / 3_600_000) * 3_600_000 : start;
    const game_window = { start: formatInstant(first), end: formatInstant(first + days * 86_400_000) };
    return gameFor({ ...game_window, ...(recurrence === undefined ? {} : { recurrence }) }, zone);
  });

describe('windows of any game', () => {
  test('cover it from start to end without a gap and without touching twice', () => {
    fc.assert(
      fc.property(anyGame, (game) => {
        const windows = windowsOf(game);
        expect(windows[0]?.start).toBe(game.start);
        expect(windows.at(-1)?.end).toBe(game.end);
        windows.forEach(({ start, end }, index) => {
          expect(end).toBeGreaterThan(start);
          expect(start).toBe(index === 0 ? game.start : windows[index - 1]?.end);
        });
      }),
    );
  });

  test('hold the instant that they are asked for, whatever was asked before', () => {
    const anyMoments = fc.array(fc.integer({ min: 0, max: 9_999 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyGame, anyMoments, (game, moments) => {
        const windows = windowsOf(game);
        for (const moment of moments) {
          const at = game.start + Math.floor((moment / 10_000) * (game.end - game.start));
          const window = windowAt(game, at) as Window;
          expect(window.start <= at && at < window.end).toBe(true);
          expect(windows).toContainEqual({ start: window.start, end: window.end });
        }
      }),
    );
  });

  test('begin at the time of day of the game, or where the clocks jump over it', () => {
    fc.assert(
      fc.property(anyGame, ({ zone, ...game }) => {
        const clock = (at: Instant): number => zone.localOf(at).day * 86_400_000 + zone.localOf(at).ms;
        for (const { start } of windowsOf({ zone, ...game })) {
          const jumps = clock(start) - clock(start - 1) > 1;
          if (!jumps) expect(zone.localOf(start).ms).toBe(zone.localOf(game.start).ms);
        }
      }),
    );
  });

  test('touch no more days than any can', () => {
    fc.assert(
      fc.property(anyGame, (game) => {
        for (const { start, end } of windowsOf(game)) {
          const days = game.zone.localOf(end - 1).day - game.zone.localOf(start).day + 1;
          expect(days).toBeLessThanOrEqual(mostDays(game.config));
        }
      }),
    );
  });
});

test.each<[string, Partial<GameWindow>, days: number]>([
  ['all of them without recurrence', {}, 31],
  ['one more when it begins at noon', { start: '2026-05-01T12:00:00+05:30', end: '2026-05-08T11:59:59+05:30' }, 8],
  ['a month at most', { end: '2026-08-31T23:59:59+05:30', recurrence: 'monthly' }, 31],
  ['a quarter at most', { end: '2027-08-31T23:59:59+05:30', recurrence: 'quarterly' }, 92],
  ['a week that begins at nine', { start: '2026-05-01T09:00:00+05:30', recurrence: 'weekly' }, 8],
  ['ten days', { recurrence: 'P10D' }, 10],
  ['no more than the game', { end: '2026-05-03T23:59:59+05:30', recurrence: 'weekly' }, 3],
  ['seven days from a join at any hour', { from_join: 'P7D' }, 8],
  ['48 hours from a join at any hour', { from_join: 'PT48H' }, 3],
])('the local days that a window touches at most: %s', (_name, game_window, days) => {
  expect(mostDays(gameFor(game_window).config)).toBe(days);
});

test('no window that an instant falls into starts before the earliest start', () => {
  const zone = fc.constantFrom('Asia/Kolkata', 'Europe/London', 'America/New_York');
  const length = fc.constantFrom('P1D', 'P2W', 'P200D', 'PT1H', 'PT500H');
  const minutes = fc.integer({ min: 0, max: 400 * 24 * 60 });
  fc.assert(
    fc.property(zone, length, minutes, minutes, (time_zone, from_join, joined, later) => {
      const game = gameFor({ start: '2026-01-01T00:00:00Z', end: '2027-12-31T23:59:59Z', from_join }, time_zone);
      const join = game.start + joined * 60_000;
      const at = Math.min(join + later * 60_000, game.end - 1);
      const window = windowFromJoin(game, at, [join]) as Window;
      fc.pre(at < window.end);
      expect(earliestStart(game, at)).toBeLessThanOrEqual(window.start);
    }),
  );
});
