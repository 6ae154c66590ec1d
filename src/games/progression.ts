// Progression modes: what an event that matched a trigger is worth, before caps. Exact: decimals are computed as integers, never as floats.
import { fieldOf } from '../condition/condition.ts';
import { decimalOf } from '../digits.ts';
import type { CanonicalEvent, Json } from '../event/event.ts';
import { digestOf, isIdentifier } from '../ids.ts';
import type { Zone } from '../time-zone.ts';
import type { Progression } from './config.ts';

export interface Contribution {
  /** A whole number of progress units, at least 0. */
  amount: number;
  /** The value that counts once in the window; null for the modes that count every event. */
  distinctValue: string | null;
}

/** What an event is worth by a progression. Nothing (0) when the field it counts is missing or is no such value,
 * but for `weighted`, which then gives what it gives to everything else. */
export function contributionOf(progression: Progression, event: CanonicalEvent, zone: Zone): Contribution {
  switch (progression.mode) {
    case 'increment_by_constant':
      return { amount: progression.value, distinctValue: null };
    case 'increment_by_attribute': {
      const found = fieldOf(event, progression.field, zone);
      const amount = typeof found === 'number' ? scaled(found, progression.scale, progression.rounding) : 0;
      return { amount: Math.min(amount, progression.max_per_event ?? amount), distinctValue: null };
    }
    case 'weighted':
      return { amount: weightOf(progression, fieldOf(event, progression.field, zone)), distinctValue: null };
    case 'unique': {
      const distinctValue = distinct(fieldOf(event, progression.field, zone));
      return { amount: distinctValue === null ? 0 : progression.value, distinctValue };
    }
  }
}

type Rounding = Extract<Progression, { mode: 'increment_by_attribute' }>['rounding'];

/** value * scale as a whole number; what is not positive is worth nothing. A RangeError beyond 2^53. */
function scaled(value: number, scale: number, rounding: Rounding): number {
  if (value <= 0) return 0;
  const a = decimalOf(value);
  const b = decimalOf(scale);
  const digits = a.digits * b.digits;
  const divisor = 10n ** BigInt(a.places + b.places);
  const whole = digits / divisor;
  const rest = digits % divisor;
  const up = rounding === 'up' ? rest > 0n : rounding === 'half_up' && rest * 2n >= divisor;
  const amount = Number(up ? whole + 1n : whole);
  if (!Number.isSafeInteger(amount))
    throw new RangeError(`${value} times ${scale} would pass ${Number.MAX_SAFE_INTEGER}`);
  return amount;
}

function weightOf(progression: Extract<Progression, { mode: 'weighted' }>, found: Json): number {
  if (typeof found === 'string' && progression.weights !== undefined && Object.hasOwn(progression.weights, found)) {
    return progression.weights[found] as number;
  }
  if (typeof found === 'number') {
    const band = progression.bands?.findLast(({ at_least }) => found >= at_least);
    if (band !== undefined) return band.adds;
  }
  return progression.otherwise;
}

/**
 * A value as the text it is told apart by: a number and the same digits as text are two values. A text that is long, or that PostgreSQL would not
 * store (with NUL, or half a surrogate pair), is told apart by its digest.
 */
function distinct(found: Json): string | null {
  if (found === null || found === '' || typeof found === 'object') return null;
  const text = typeof found === 'string' ? `"${found}` : String(found);
  // JSON writes the two halves of a pair apart; as UTF-8 they would be the same.
  return isIdentifier(text) ? text : `#${digestOf(JSON.stringify(text))}`;
}
