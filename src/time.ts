// Instants. Inside the engine a time is an Instant: whole milliseconds since 1970-01-01T00:00:00Z. Text and days exist only at the edges.

/** Whole milliseconds since the Unix epoch, UTC. */
export type Instant = number;

const ISO_INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|z|[+-]\d{2}:?\d{2})$/;

/**
 * Reads an ISO 8601 date-time that names its offset, such as `2026-06-10T11:05:00+05:30`; digits past the millisecond are cut.
 * Returns undefined for anything else: no offset, a day that does not exist, a leap second.
 */
export function parseInstant(text: string): Instant | undefined {
  const match = ISO_INSTANT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', offset = 'Z'] = match;
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(local);
  const exists =
    Number(year) >= 1 &&
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60;
  if (!exists) return undefined;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return local + milliseconds - offsetMs(offset);
}

function offsetMs(offset: string): number {
  if (offset === 'Z' || offset === 'z') return 0;
  const sign = offset.startsWith('-') ? -1 : 1;
  const digits = offset.slice(1).replace(':', '');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}

/** `2026-06-10T05:35:00.000Z`: how an instant is written everywhere outside the engine. */
export function formatInstant(instant: Instant): string {
  return new Date(instant).toISOString();
}

/** The UTC day of an instant, `2026-06-10`; names an inbox partition. */
export function utcDay(instant: Instant): string {
  return formatInstant(instant).slice(0, 10);
}
