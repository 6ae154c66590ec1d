// Calendars: what a clock on the wall of a time zone shows at an instant, and the days of the local calendar, counted from 1970-01-01.
// Pure, but for what it remembers of each zone's offsets; asked for every event, so that the calendar of Intl is not asked twice for a day.
import { limits } from './limits.ts';
import type { Instant } from './time.ts';

const dayMs = 86_400_000;

/** The days of the week, Monday first. */
export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

/** The clocks of one time zone. */
export interface Zone {
  readonly name: string;
  /** What the clocks show at an instant: the day, counted from 1970-01-01, and the milliseconds on the clock since midnight. */
  localOf(at: Instant): { day: number; ms: number };
  /**
   * When the clocks show this. A time that they show twice is the earlier one; one that they skip is the first instant after the gap, so that
   * a day without a midnight begins with its first instant.
   */
  instantOf(day: number, ms: number): Instant;
}

/** A UTC day's offsets: `before` up to the change, `after` from it on. On nearly all days they are the same. */
interface Offsets {
  change: Instant;
  before: number;
  after: number;
}

const zones = new Map<string, Zone>();

/**
 * The zone of an IANA name such as `Asia/Kolkata`.
 * @throws RangeError for a name that is none.
 */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    if (zones.size >= limits.cachedZones) zones.clear();
    zone = makeZone(name);
    zones.set(name, zone);
  }
  return zone;
}

/**
 * Whether this is the IANA name of a time zone: UTC, or an area and a place. A bare offset such as `+05:30` is none, as it knows no daylight
 * saving, nor is an abbreviation: IST is the time of India, of Ireland and of Israel.
 */
export function isTimeZone(name: string): boolean {
  if (name !== 'UTC' && !name.includes('/')) return false;
  try {
    clockOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function makeZone(name: string): Zone {
  const offsetAt = clockOf(name);
  const cache = new Map<number, Offsets>();
  let lastDay = Number.NaN;
  let last: Offsets = { change: 0, before: 0, after: 0 };

  const offsetsOf = (utcDay: number): Offsets => {
    // Events of one time come together: mostly the day is the one asked for before.
    if (utcDay === lastDay) return last;
    let offsets = cache.get(utcDay);
    if (offsets === undefined) {
      if (cache.size >= limits.cachedZoneDays) cache.clear();
      offsets = readOffsets(utcDay * dayMs, offsetAt);
      cache.set(utcDay, offsets);
    }
    lastDay = utcDay;
    last = offsets;
    return offsets;
  };
  const offsetOf = (at: Instant): number => {
    const offsets = offsetsOf(Math.floor(at / dayMs));
    return at < offsets.change ? offsets.before : offsets.after;
  };

  return {
    name,
    localOf(at) {
      const local = at + offsetOf(at);
      const day = Math.floor(local / dayMs);
      return { day, ms: local - day * dayMs };
    },
    instantOf(day, ms) {
      const local = day * dayMs + ms;
      // No offset is as large as a day, so these are surely the offsets on both sides of a change nearby.
      const before = offsetOf(local - dayMs);
      const after = offsetOf(local + dayMs);
      const earlier = local - before;
      if (before === after || offsetOf(earlier) === before) return earlier;
      const later = local - after;
      if (offsetOf(later) === after) return later;
      // Neither: the clocks skip it. The change lies between the two, within at most two UTC days.
      const { change } = offsetsOf(Math.floor(later / dayMs));
      return change > later && change <= earlier ? change : offsetsOf(Math.floor(earlier / dayMs)).change;
    },
  };
}

/** Finds the offsets of the UTC day that begins here. */
function readOffsets(start: Instant, offsetAt: (at: Instant) => number): Offsets {
  let low = start;
  let high = start + dayMs;
  const before = offsetAt(low);
  const after = offsetAt(high);
  if (before === after) return { change: start, before, after };
  while (high - low > 1_000) {
    const middle = low + Math.floor((high - low) / 2_000) * 1_000;
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return { change: high, before, after };
}

/**
 * How far the clocks of a zone are ahead of UTC at a whole second, in milliseconds, as Intl knows it.
 * @throws RangeError for a name that is none.
 */
function clockOf(name: string): (at: Instant) => number {
  if (/^[+-]/.test(name)) throw new RangeError(`Invalid time zone specified: ${name}`);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of format.formatToParts(at)) if (type !== 'literal') shown[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = shown;
    // Date.UTC would take a year below 100 for one of the 20th century.
    return new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1_000 - at;
  };
}

/** `2026-05-01`. */
export function formatDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** Reads a day written as `2026-05-01`; undefined for anything else, and for a day that does not exist. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const day = Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)) - 1, Number(text.slice(8))) / dayMs;
  return formatDay(day) === text ? day : undefined;
}

/** The day of the week. */
export function weekdayOf(day: number): Weekday {
  // 1970-01-01 was a Thursday.
  return weekdays[(((day + 3) % 7) + 7) % 7] as Weekday;
}

/** The Monday of a day's week. */
export function weekStart(day: number): number {
  return day - weekdays.indexOf(weekdayOf(day));
}

/** The first of a day's month. */
export function monthStart(day: number): number {
  return day - (new Date(day * dayMs).getUTCDate() - 1);
}

/** The same day some months later, or earlier when negative; the month's last day where the month is too short for it. */
export function addMonths(day: number, months: number): number {
  const date = new Date(day * dayMs);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + months;
  const lastOfMonth = Date.UTC(year, month + 1, 0) / dayMs;
  return Math.min(Date.UTC(year, month, date.getUTCDate()) / dayMs, lastOfMonth);
}
