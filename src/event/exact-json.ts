// JSON that loses nothing. Owns two things: reading numbers without rounding them, and the one way in which an event's data is written.
import { exactNumber } from '../digits.ts';
import { limits } from '../limits.ts';
import type { Json } from './event.ts';
import { Refusal } from './refusal.ts';

/** A number that might lose digits: sixteen digits in a row, or an exponent. In a text it may match by chance; that costs time only. */
const SUSPECT_NUMBER = /[:[,]\s*-?(?:\d[\d.]{15,}|[\d.]+[eE])/;

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => Json;

/**
 * JSON.parse, except that a number a double cannot keep (more than 15 significant digits, or beyond ±2^53) becomes its own text:
 * `12345678901234567890` is read as `"12345678901234567890"`. Throws SyntaxError as JSON.parse does.
 */
export function parseExact(text: string): Json {
  return SUSPECT_NUMBER.test(text) ? parseWithSource(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_key: string, value: unknown, context: { source?: string }): unknown {
  return typeof value === 'number' && context.source !== undefined
    ? (exactNumber(context.source) ?? context.source)
    : value;
}

/**
 * A copy with the keys of every object in order, so that equal data is equal text. Refuses what nests too deeply; with `checkText` also
 * NUL and lone surrogates, which PostgreSQL cannot store, anywhere in keys and values.
 */
export function sortedCopy(value: Json, where: string, checkText: boolean, depth = 0): Json {
  if (typeof value === 'string') {
    if (checkText) assertStorable(value, where);
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= limits.messageDepth) {
    throw new Refusal('too_large', `${where}: nested more than ${limits.messageDepth} levels deep`);
  }
  if (Array.isArray(value)) return value.map((entry) => sortedCopy(entry, where, checkText, depth + 1));
  const copy: { [key: string]: Json } = {};
  for (const key of Object.keys(value).sort()) {
    if (checkText) assertStorable(key, where);
    const entry = value[key] as Json;
    const sorted = typeof entry === 'object' || checkText ? sortedCopy(entry, where, checkText, depth + 1) : entry;
    // Assigning to this key would set the prototype and lose the value.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: sorted, enumerable: true });
    else copy[key] = sorted;
  }
  return copy;
}

function assertStorable(text: string, where: string): void {
  if (text.includes('\0'))
    throw new Refusal('invalid_field', `${where}: holds the character NUL (\\u0000); leave it out`);
  if (!text.isWellFormed())
    throw new Refusal('invalid_field', `${where}: holds half of a surrogate pair (broken text)`);
}
