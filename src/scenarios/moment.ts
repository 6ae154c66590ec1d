// Moments as owners write them: what the clocks of the game's zone show. Pure.
import { type Instant, parseInstant } from '../time.ts';
import { parseDay, type Zone } from '../time-zone.ts';

const LOCAL = /^(\d{4}-\d{2}-\d{2})(?:[ T]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?)?$/;
/** How a moment is written; for editors, as it cannot tell whether a day exists. */
export const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:?\d{2})?)?)?$/;

const NOON = 12 * 3_600_000;

/** What a day without a time means: when something happens, when it begins, the first moment after it. */
export type DayMeans = 'noon' | 'beginning' | 'end';

/** Whether this is a day (`2026-05-03`), a time of the game's zone (`2026-05-03 10:00`), or an instant with its offset. */
export function isMoment(text: string): boolean {
  const day = LOCAL.exec(text)?.[1];
  return day === undefined ? parseInstant(text) !== undefined : parseDay(day) !== undefined;
}

/** The instant that a moment means in a zone. */
export function instantOf(moment: string, zone: Zone, dayMeans: DayMeans): Instant {
  const [, date = '', hours, minutes, seconds = '0'] = LOCAL.exec(moment) ?? [];
  const day = parseDay(date);
  if (day === undefined) return parseInstant(moment) as Instant;
  if (hours === undefined) {
    return zone.instantOf(dayMeans === 'end' ? day + 1 : day, dayMeans === 'noon' ? NOON : 0);
  }
  return zone.instantOf(day, ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000);
}

/** The instant some periods (`P1D`, `PT2H`) later; days and weeks are those of the zone's calendar. */
export function later(from: Instant, period: string, count: number, zone: Zone): Instant {
  const [, number = '0', unit] = /(\d+)([DWHM])$/.exec(period) ?? [];
  const units = Number(number) * count;
  if (unit === 'H' || unit === 'M') return from + units * (unit === 'H' ? 3_600_000 : 60_000);
  const { day, ms } = zone.localOf(from);
  return zone.instantOf(day + units * (unit === 'W' ? 7 : 1), ms);
}

/** `2026-05-03 10:00`, as an owner would have written it; with seconds where they are not zero. */
export function formatLocal(at: Instant, zone: Zone): string {
  const { day, ms } = zone.localOf(at);
  return new Date(day * 86_400_000 + ms).toISOString().slice(0, 19).replace('T', ' ').replace(/:00$/, '');
}
