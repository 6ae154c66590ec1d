// Reading instants: only what names its offset and exists.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInstant, parseInstant } from './time.ts';

test.each([
  ['2026-06-10T11:05:00+05:30', '2026-06-10T05:35:00.000Z'],
  ['2026-06-10T11:05:00+0530', '2026-06-10T05:35:00.000Z'],
  ['2026-06-10 11:05:00-08:00', '2026-06-10T19:05:00.000Z'],
  ['2026-06-10T11:05:00.5Z', '2026-06-10T11:05:00.500Z'],
  ['2026-06-10T11:05:00.129999999z', '2026-06-10T11:05:00.129Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
])('%s is %s', (text, written) => {
  expect(formatInstant(parseInstant(text) as number)).toBe(written);
});

test.each([
  '2026-06-10T11:05:00',
  '2026-06-10',
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-06-00T00:00:00Z',
  '2026-06-10T24:00:00Z',
  '2026-06-10T23:59:60Z',
  '2026-06-10T11:05:00+24:00',
  '2026-06-10T11:05:00+05:60',
  '0026-06-10T11:05:00Z',
  '2026-06-10T11:05:00.Z',
  ' 2026-06-10T11:05:00Z',
  '2026-06-10T11:05:00Z\n',
  '',
])('%j is refused', (text) => {
  expect(parseInstant(text)).toBeUndefined();
});

test('whatever is written is read back', () => {
  const between = { min: new Date('1900-01-01'), max: new Date('2199-12-31'), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(between), fc.integer({ min: -1439, max: 1439 }), (date, minutes) => {
      const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
      const size = Math.abs(minutes);
      const offset = `${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
      expect(parseInstant(`${local}${minutes < 0 ? '-' : '+'}${offset}`)).toBe(date.getTime());
    }),
  );
});
