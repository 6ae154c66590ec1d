// Instants in an owner's words: what the clocks of the game's zone show. For sentences only; programs are given ISO 8601.
import type { Instant } from '../time.ts';
import { formatDay, type Zone } from '../time-zone.ts';

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** `1 June 2026 00:00 (Asia/Kolkata)`; with seconds where they are not zero. */
export function formatMoment(at: Instant, zone: Zone): string {
  const clock = new Date(zone.localOf(at).ms).toISOString().slice(11, 19).replace(/:00$/, '');
  return `${formatDate(at, zone)} ${clock} (${zone.name})`;
}

/** `1 June 2026`. */
export function formatDate(at: Instant, zone: Zone): string {
  const [year, month, date] = formatDay(zone.localOf(at).day).split('-').map(Number) as [number, number, number];
  return `${date} ${months[month - 1]} ${year}`;
}
