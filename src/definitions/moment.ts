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
  const { day, ms } = zone.localOf(at);
  const [year, month, date] = formatDay(day).split('-').map(Number) as [number, number, number];
  const clock = new Date(ms).toISOString().slice(11, 19).replace(/:00$/, '');
  return `${date} ${months[month - 1]} ${year} ${clock} (${zone.name})`;
}
