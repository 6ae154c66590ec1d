import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatInstant, type Instant } from './time.ts';
import { addMonths, formatDay, isTimeZone, parseDay, weekdayOf, zoneOf } from './time-zone.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const names = [
  'Asia/Kolkata',
  'Europe/London',
  'America/New_York',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'UTC',
];
const anyInstant = fc.integer({ min: Date.parse('1890-01-01T00:00:00Z'), max: Date.parse('2100-01-01T00:00:00Z') });
const day = (text: string): number => parseDay(text) as number;
const instant = (text: string): Instant => Date.parse(text);

/** A clock of Intl's own, to compare with. */
function intlClock(name: string): (at: Instant) => string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: name,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return (at) => format.format(at);
}

function written(local: { day: number; ms: number }): string {
  const { day, ms } = local;
  return new Date(day * dayMs + ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** Instants around which the clocks of a zone change, found by looking at each hour. */
function changesOf(name: string, from: string, to: string): Instant[] {
  const clock = intlClock(name);
  const changes: Instant[] = [];
  const offset = (at: Instant): number => Date.parse(`${clock(at).replace(' ', 'T')}Z`) - at;
  let before = offset(instant(from));
  for (let at = instant(from); at < instant(to); at += hourMs) {
    const now = offset(at);
    if (now !== before) changes.push(at);
    before = now;
  }
  return changes;
}

describe.each(names)('%s', (name) => {
  const zone = zoneOf(name);
  const clock = intlClock(name);

  test('shows what the clocks of Intl show', () => {
    fc.assert(
      fc.property(anyInstant, (at) => {
        const local = zone.localOf(at);
        expect(written(local)).toBe(clock(at));
        expect(local.ms % 1_000).toBe(((at % 1_000) + 1_000) % 1_000);
      }),
      { numRuns: 500 },
    );
  });

  test('shows it to the minute where clocks change', () => {
    for (const change of changesOf(name, '2010-01-01T00:00:00Z', '2013-01-01T00:00:00Z')) {
      for (let at = change - 2 * hourMs; at <= change + 2 * hourMs; at += 60_000) {
        expect(written(zone.localOf(at))).toBe(clock(at));
        expect(written(zone.localOf(at - 1))).toBe(clock(at - 1));
      }
    }
  });

  test('comes back to the instant, or to the earlier one that shows the same', () => {
    const check = (at: Instant): void => {
      const { day, ms } = zone.localOf(at);
      const back = zone.instantOf(day, ms);
      if (back === at) return;
      expect(back).toBeLessThan(at);
      expect(zone.localOf(back)).toEqual({ day, ms });
    };
    fc.assert(fc.property(anyInstant, check), { numRuns: 500 });
    for (const change of changesOf(name, '2010-01-01T00:00:00Z', '2013-01-01T00:00:00Z')) {
      for (let at = change - 2 * dayMs; at <= change + 2 * dayMs; at += 7 * 60_000) check(at);
    }
  });

  test('a day begins at the first instant of which the clocks show that day', () => {
    for (let local = day('2010-01-01'); local < day('2013-01-01'); local++) {
      const start = zone.instantOf(local, 0);
      expect(zone.localOf(start).day).toBeGreaterThanOrEqual(local);
      expect(zone.localOf(start - 1).day).toBeLessThan(local);
    }
  });
});

describe('where clocks change', () => {
  test.each([
    ['a gap: the first instant after it', 'Europe/London', '2026-03-29', '01:30', '2026-03-29T01:00:00.000Z'],
    ['the start of a gap', 'Europe/London', '2026-03-29', '01:00', '2026-03-29T01:00:00.000Z'],
    ['just before a gap', 'Europe/London', '2026-03-29', '00:59', '2026-03-29T00:59:00.000Z'],
    ['just after a gap', 'Europe/London', '2026-03-29', '02:00', '2026-03-29T01:00:00.000Z'],
    ['an overlap: the earlier one', 'Europe/London', '2026-10-25', '01:30', '2026-10-25T00:30:00.000Z'],
    ['just after an overlap', 'Europe/London', '2026-10-25', '02:00', '2026-10-25T02:00:00.000Z'],
    ['an overlap west of Greenwich', 'America/New_York', '2026-11-01', '01:30', '2026-11-01T05:30:00.000Z'],
    ['a gap of half an hour', 'Australia/Lord_Howe', '2026-10-04', '02:15', '2026-10-03T15:30:00.000Z'],
    ['an overlap of half an hour', 'Australia/Lord_Howe', '2026-04-05', '01:45', '2026-04-04T14:45:00.000Z'],
    ['a midnight that was skipped', 'America/Sao_Paulo', '2018-11-04', '00:00', '2018-11-04T03:00:00.000Z'],
    ['a day that was skipped', 'Pacific/Apia', '2011-12-30', '12:00', '2011-12-30T10:00:00.000Z'],
    ['the day after it', 'Pacific/Apia', '2011-12-31', '00:00', '2011-12-30T10:00:00.000Z'],
    ['a zone without changes', 'Asia/Kolkata', '2026-05-01', '00:00', '2026-04-30T18:30:00.000Z'],
    ['a quarter of an hour', 'Asia/Kathmandu', '2026-05-01', '00:00', '2026-04-30T18:15:00.000Z'],
  ])('%s', (_, name, date, time, expected) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number);
    expect(formatInstant(zoneOf(name).instantOf(day(date), (hours * 60 + minutes) * 60_000))).toBe(expected);
  });
});

describe('names', () => {
  test.each(['Asia/Kolkata', 'Asia/Calcutta', 'UTC', 'Europe/London'])('%s is a zone', (name) => {
    expect(isTimeZone(name)).toBe(true);
    expect(zoneOf(name).name).toBe(name);
    expect(zoneOf(name)).toBe(zoneOf(name));
  });

  test.each(['', 'Asia/Bombay', 'IST ', '+05:30', '-04:00', 'Asia/Kolkata\0', 'constructor'])('%j is none', (name) => {
    expect(isTimeZone(name)).toBe(false);
    expect(() => zoneOf(name)).toThrow(RangeError);
  });
});

describe('days', () => {
  const anyDay = fc.integer({ min: day('0100-01-01'), max: day('9999-12-31') });

  test('are read back as they are written', () => {
    fc.assert(
      fc.property(anyDay, (local) => {
        expect(parseDay(formatDay(local))).toBe(local);
      }),
    );
  });

  test.each([
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-06-00',
    '2026-6-1',
    '26-06-01',
    '0026-01-01',
    '',
    '٢٠٢٦-01-01',
    '2026-06-01\n',
  ])('%j is no day', (text) => {
    expect(parseDay(text)).toBeUndefined();
  });

  test('have the weekday that Intl gives them', () => {
    const format = new Intl.DateTimeFormat('en-US', { weekday: 'long', timeZone: 'UTC' });
    fc.assert(
      fc.property(anyDay, (local) => {
        expect(weekdayOf(local)).toBe(format.format(local * dayMs).toLowerCase());
      }),
    );
  });

  test.each([
    ['2026-01-31', 1, '2026-02-28'],
    ['2024-01-31', 1, '2024-02-29'],
    ['2026-01-31', 3, '2026-04-30'],
    ['2026-05-01', 1, '2026-06-01'],
    ['2026-12-15', 1, '2027-01-15'],
    ['2026-03-31', -1, '2026-02-28'],
    ['2026-01-01', -13, '2024-12-01'],
    ['1969-12-31', 2, '1970-02-28'],
    ['2026-05-01', 0, '2026-05-01'],
  ])('%s and %d months is %s', (from, months, to) => {
    expect(formatDay(addMonths(day(from), months))).toBe(to);
  });
});
