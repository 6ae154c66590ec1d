// Instants. Inside the engine a time is an Instant: whole milliseconds since 1970-01-01T00:00:00Z. Text and days exist only at the edges.

/** Whole milliseconds since the Unix epoch, UTC. */
export type Instant = number;

/** How an instant is written, as far as a pattern can say. */
export const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:?\d{2})$/;

/**
 * Reads an ISO 8601 date-time that names its offset, such as `2026-06-10T11:05:00+05:30`; digits past the millisecond are cut.
 * Returns undefined for anything else: no offset, a day that does not exist, a leap second.
 */
export function parseInstant(text: string): Instant | undefined {
  // Runs for every event: the pattern has fixed places, so that digits are read by position instead of being captured.
  if (!ISO_INSTANT.test(text)) return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(local);
  const exists =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  if (!exists) return undefined;
  const offset = offsetMs(text);
  return offset === undefined ? undefined : local + millisecondsOf(text) - offset;
}

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) value = value * 10 + text.charCodeAt(at) - 48;
  return value;
}

/** What follows the second: `.5` is 500, nothing is 0. */
function millisecondsOf(text: string): number {
  if (text[19] !== '.') return 0;
  let value = 0;
  let worth = 100;
  for (let at = 20; worth >= 1; at++, worth /= 10) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    value += digit * worth;
  }
  return value;
}

/** The offset at the end of the text: `Z`, `+05:30` or `+0530`. Undefined when there is no such offset. */
function offsetMs(text: string): number | undefined {
  const last = text.length - 1;
  if (text[last] === 'Z' || text[last] === 'z') return 0;
  const hoursAt = text[last - 2] === ':' ? last - 4 : last - 3;
  const hours = digits(text, hoursAt, 2);
  const minutes = digits(text, last - 1, 2);
  if (hours > 23 || minutes > 59) return undefined;
  return (text[hoursAt - 1] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** `2026-06-10T05:35:00.000Z`: how an instant is written everywhere outside the engine. */
export function formatInstant(instant: Instant): string {
  return new Date(instant).toISOString();
}

/** The UTC day of an instant, `2026-06-10`; names an inbox partition. */
export function utcDay(instant: Instant): string {
  return formatInstant(instant).slice(0, 10);
}
