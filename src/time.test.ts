import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatInstant, parseInstant, utcDay } from './time.ts';

const first = Date.parse('0100-01-01T00:00:00Z');
const last = Date.parse('9999-12-31T23:59:59.999Z');
const anyInstant = fc.integer({ min: first, max: last });

describe('parseInstant', () => {
  test('reads back what formatInstant writes', () => {
    fc.assert(
      fc.property(anyInstant, (instant) => {
        expect(parseInstant(formatInstant(instant))).toBe(instant);
      }),
    );
  });

  test('means the same instant whatever the offset it is written with', () => {
    const dayMs = 86_400_000;
    fc.assert(
      fc.property(
        fc.integer({ min: first + dayMs, max: last - dayMs }),
        fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }),
        fc.boolean(),
        (instant, minutes, colon) => {
          const local = formatInstant(instant + minutes * 60_000).slice(0, -1);
          const size = Math.abs(minutes);
          const offset = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${colon ? ':' : ''}${pad(size % 60)}`;
          expect(parseInstant(`${local}${offset}`)).toBe(instant);
        },
      ),
    );
  });

  test('agrees with Date.parse on every ISO date-time that it takes', () => {
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: 0, max: 3 }), (instant, digits) => {
        const [whole, fraction = ''] = formatInstant(instant).slice(0, -1).split('.');
        const text = `${whole}${digits === 0 ? '' : `.${fraction.slice(0, digits)}`}Z`;
        expect(parseInstant(text)).toBe(Date.parse(text));
      }),
    );
  });

  test.each([
    ['2026-06-10T11:05:00+05:30', '2026-06-10T05:35:00.000Z'],
    ['2026-06-10T11:05:00+0530', '2026-06-10T05:35:00.000Z'],
    ['2026-06-10 11:05:00Z', '2026-06-10T11:05:00.000Z'],
    ['2026-06-10T11:05:00z', '2026-06-10T11:05:00.000Z'],
    ['2026-06-10T11:05:00.1Z', '2026-06-10T11:05:00.100Z'],
    ['2026-06-10T11:05:00.123999999Z', '2026-06-10T11:05:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-06-10T00:10:00-00:00', '2026-06-10T00:10:00.000Z'],
    ['0100-01-01T00:00:00Z', '0100-01-01T00:00:00.000Z'],
  ])('reads %s', (text, instant) => {
    expect(formatInstant(parseInstant(text) as number)).toBe(instant);
  });

  test.each([
    ['no offset', '2026-06-10T11:05:00'],
    ['no time', '2026-06-10'],
    ['no seconds', '2026-06-10T11:05Z'],
    ['a day that does not exist', '2026-02-29T00:00:00Z'],
    ['a month that does not exist', '2026-13-01T00:00:00Z'],
    ['a day of zero', '2026-06-00T00:00:00Z'],
    ['hour 24', '2026-06-10T24:00:00Z'],
    ['minute 60', '2026-06-10T11:60:00Z'],
    ['a leap second', '2026-06-30T23:59:60Z'],
    ['an empty fraction', '2026-06-10T11:05:00.Z'],
    ['too many digits', '2026-06-10T11:05:00.1234567890Z'],
    ['an offset of more than a day', '2026-06-10T11:05:00+24:00'],
    ['an offset with 60 minutes', '2026-06-10T11:05:00+05:60'],
    ['a bare offset of hours', '2026-06-10T11:05:00+05'],
    ['the year 0', '0000-01-01T00:00:00Z'],
    ['a year of two digits', '0026-01-01T00:00:00Z'],
    ['a five-digit year', '+12026-06-10T11:05:00Z'],
    ['white space', ' 2026-06-10T11:05:00Z'],
    ['a line break at the end', '2026-06-10T11:05:00Z\n'],
    ['other digits', '２０２６-06-10T11:05:00Z'],
    ['words', 'yesterday'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

test('a UTC day begins at midnight UTC', () => {
  expect(utcDay(Date.parse('2026-06-10T00:00:00.000Z'))).toBe('2026-06-10');
  expect(utcDay(Date.parse('2026-06-10T00:00:00.000Z') - 1)).toBe('2026-06-09');
  expect(utcDay(Date.parse('2026-06-10T00:30:00+05:30'))).toBe('2026-06-09');
});

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
