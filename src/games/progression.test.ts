import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../event/event.ts';
import { makeEvent } from '../testing/make.ts';
import { zoneOf } from '../time-zone.ts';
import type { Progression } from './config.ts';
import { type Contribution, contributionOf } from './progression.ts';

const zone = zoneOf('Asia/Kolkata');

/** What an event with this value in the attribute `field` is worth; undefined leaves the attribute out. */
function worth(progression: Progression, found: Json | undefined): Contribution {
  const { event } = makeEvent({ attributes: found === undefined ? {} : { field: found } });
  return contributionOf(progression, event, zone);
}

type ByAttribute = Extract<Progression, { mode: 'increment_by_attribute' }>;

function byAttribute(scale: number, rounding: ByAttribute['rounding'], max_per_event?: number): ByAttribute {
  const progression: ByAttribute = { mode: 'increment_by_attribute', field: 'attributes.field', scale, rounding };
  return max_per_event === undefined ? progression : { ...progression, max_per_event };
}

test('increment_by_constant is worth its value, whatever the event says', () => {
  expect(worth({ mode: 'increment_by_constant', value: 3 }, undefined)).toEqual({ amount: 3, distinctValue: null });
});

describe('increment_by_attribute', () => {
  test.each<[string, found: Json | undefined, ByAttribute, amount: number]>([
    ['rupees', 1200, byAttribute(1, 'down'), 1200],
    ['paise of an amount that floats get wrong', 1199.99, byAttribute(100, 'down'), 119_999],
    ['paise of a small one', 0.29, byAttribute(100, 'down'), 29],
    ['paise of 4.35, which is 434.99999999999994 in floats', 4.35, byAttribute(100, 'down'), 435],
    ['hundreds of rupees, rounded down', 1199.99, byAttribute(0.01, 'down'), 11],
    ['hundreds of rupees, rounded at the half', 1199.99, byAttribute(0.01, 'half_up'), 12],
    ['hundreds of rupees, rounded up', 1199.99, byAttribute(0.01, 'up'), 12],
    ['a half, down', 150, byAttribute(0.01, 'down'), 1],
    ['a half, half up', 150, byAttribute(0.01, 'half_up'), 2],
    ['a half, up', 150, byAttribute(0.01, 'up'), 2],
    ['just below a half, half up', 149.99, byAttribute(0.01, 'half_up'), 1],
    ['just above a whole, up', 100.01, byAttribute(0.01, 'up'), 2],
    ['a whole, up', 200, byAttribute(0.01, 'up'), 2],
    ['less than one, down', 0.99, byAttribute(1, 'down'), 0],
    ['less than one, up', 0.01, byAttribute(1, 'up'), 1],
    ['0.7 times 10, which is 7 exactly', 0.7, byAttribute(10, 'up'), 7],
    ['1.1 times 1.1, which is 1.2100000000000002 in floats', 1.1, byAttribute(1.1, 'down'), 1],
    ['0.3 times 10, which is 3 exactly', 0.3, byAttribute(10, 'up'), 3],
    ['a scale written with an exponent', 5_000_000, byAttribute(1e-7, 'half_up'), 1],
    ['an amount written with an exponent', 5e-7, byAttribute(1_000_000, 'half_up'), 1],
    ['a very large amount', 900_719_925_474_099, byAttribute(10, 'down'), 9_007_199_254_740_990],
    ['zero', 0, byAttribute(100, 'up'), 0],
    ['less than nothing', -50.5, byAttribute(100, 'up'), 0],
    ['nothing', null, byAttribute(100, 'up'), 0],
    ['a missing attribute', undefined, byAttribute(100, 'up'), 0],
    ['text that looks like a number', '1200', byAttribute(1, 'up'), 0],
    ['a list', [1200], byAttribute(1, 'up'), 0],
    ['more than an event may add', 1200, byAttribute(1, 'down', 1000), 1000],
    ['exactly what an event may add', 1000, byAttribute(1, 'down', 1000), 1000],
    ['less than an event may add', 999, byAttribute(1, 'down', 1000), 999],
  ])('%s', (_name, found, progression, amount) => {
    expect(worth(progression, found)).toEqual({ amount, distinctValue: null });
  });

  test('what cannot be counted exactly is an error that says so', () => {
    expect(() => worth(byAttribute(1_000_000, 'down'), 1e15)).toThrow('1000000000000000 times 1000000 would pass');
  });

  test('any amount in paise times any scale in ten-thousandths is what integers make it', () => {
    const paise = fc.integer({ min: 1, max: 99_999_999_999 });
    const scale = fc.integer({ min: 1, max: 1_000_000 });
    const rounding = fc.constantFrom('down', 'half_up', 'up');
    fc.assert(
      fc.property(paise, scale, rounding, (amount, tenThousandths, mode) => {
        const parts = BigInt(amount) * BigInt(tenThousandths);
        const added = { down: 0n, half_up: 500_000n, up: 999_999n }[mode];
        expect(worth(byAttribute(tenThousandths / 10_000, mode), amount / 100).amount).toBe(
          Number((parts + added) / 1_000_000n),
        );
      }),
    );
  });
});

describe('weighted', () => {
  const byText: Progression = {
    mode: 'weighted',
    field: 'attributes.field',
    weights: { UTILITY: 3, FUEL: 0, constructor: 7 },
    otherwise: 1,
  };
  const byNumber: Progression = {
    mode: 'weighted',
    field: 'attributes.field',
    bands: [
      { at_least: 100, adds: 1 },
      { at_least: 500.5, adds: 5 },
      { at_least: 1000, adds: 0 },
    ],
    otherwise: 2,
  };
  test.each<[string, Progression, found: Json | undefined, amount: number]>([
    ['a listed text', byText, 'UTILITY', 3],
    ['a listed text that is worth nothing', byText, 'FUEL', 0],
    ['another text', byText, 'GROCERY', 1],
    ['a text in other letters', byText, 'utility', 1],
    ['a listed text that every object has a member of', byText, 'constructor', 7],
    ['another that every object has a member of', byText, 'toString', 1],
    ['a missing attribute', byText, undefined, 1],
    ['a number, where texts are listed', byText, 3, 1],
    ['below all bands', byNumber, 99.99, 2],
    ['at the edge of a band', byNumber, 100, 1],
    ['inside a band', byNumber, 500.49, 1],
    ['at the edge of the next', byNumber, 500.5, 5],
    ['in a band that is worth nothing', byNumber, 5000, 0],
    ['a missing attribute, where numbers are listed', byNumber, null, 2],
    ['text, where numbers are listed', byNumber, '700', 2],
  ])('%s', (_name, progression, found, amount) => {
    expect(worth(progression, found)).toEqual({ amount, distinctValue: null });
  });
});

describe('unique', () => {
  const unique: Progression = { mode: 'unique', field: 'attributes.field', value: 2 };
  const distinct = (found: Json | undefined): string | null => worth(unique, found).distinctValue;

  test.each<[string, Json | undefined]>([
    ['null', null],
    ['a missing attribute', undefined],
    ['an empty text', ''],
    ['a list', ['a']],
    ['an object', { a: 1 }],
  ])('%s is no value', (_name, found) => {
    expect(worth(unique, found)).toEqual({ amount: 0, distinctValue: null });
  });

  test('values of all kinds are told apart, also those that look alike', () => {
    const long = 'x'.repeat(1_000);
    const values: Json[] = ['a', 'A', ' a', '5', 5, 5.5, '5.5', true, 'true', false, 'false', 'null', long, `${long}y`];
    values.push('constructor', '__proto__', '"a', '#', distinct(long) as string);
    expect(new Set(values.map(distinct)).size).toBe(values.length);
    expect(values.map((value) => worth(unique, value).amount)).toEqual(values.map(() => 2));
  });

  test('a value that PostgreSQL would not store is kept in another form, and told apart all the same', () => {
    const values = ['\0', '\0\0', '\ud800', '\ud801', 'a\udc00', '😀'];
    const kept = values.map((value) => distinct(value) as string);
    expect(new Set(kept).size).toBe(values.length);
    expect(kept.filter((text) => text.includes('\0') || !text.isWellFormed())).toEqual([]);
    expect(kept.at(-1)).toBe('"😀');
  });

  test('a long value is kept short', () => {
    expect(Buffer.byteLength(distinct('ü'.repeat(10_000)) as string)).toBeLessThanOrEqual(128);
    expect(distinct('ü'.repeat(10_000))).toBe(distinct('ü'.repeat(10_000)));
  });

  test('no value is called like a member that every object has', () => {
    for (const name of ['constructor', '__proto__', 'toString']) expect((distinct(name) as string) in {}).toBe(false);
  });

  test('distinct days of the game, by the clocks of its zone', () => {
    const { event } = makeEvent({ occurred: '2026-05-10T18:30:00Z' });
    const byDay: Progression = { mode: 'unique', field: 'local.date', value: 1 };
    expect(contributionOf(byDay, event, zone)).toEqual({ amount: 1, distinctValue: '"2026-05-11' });
  });
});
