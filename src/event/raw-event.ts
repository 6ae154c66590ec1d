// A raw event: what a source's shape yields, in canonical names but unchecked. Owns the rules every event obeys whatever its source;
// past check(), an event is canonical.
import { show } from '../errors.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import { amountProblem } from './amount.ts';
import type { CanonicalEvent, Correlation, Json } from './event.ts';
import { sortedCopy } from './exact-json.ts';
import { Refusal } from './refusal.ts';

export interface RawEvent {
  event_id: Json | undefined;
  event_type: Json | undefined;
  event_version: string;
  occurred_at: Instant;
  producer: Json | undefined;
  user_id: Json | undefined;
  correlation: { [field in keyof Correlation]: Json | undefined };
  attributes: { [key: string]: Json };
}

/** An event outside these years is a mistaken unit (seconds for milliseconds), not a late event. */
const EARLIEST = Date.UTC(2000, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/**
 * Checks identifiers, time, amounts and text, and puts keys in order. `amounts` names the attributes that are amounts; with `checkText`
 * all text is searched for what PostgreSQL cannot store (NUL, lone surrogates).
 */
export function check(raw: RawEvent, amounts: readonly string[], checkText: boolean): CanonicalEvent {
  const { correlation } = raw;
  const identifier = (field: string, value: Json | undefined) => checkIdentifier(field, value, checkText);
  // An empty correlation id would tie unrelated events together: it is none.
  const reference = (field: string, value: Json | undefined) =>
    value === undefined || value === null || value === '' ? null : checkIdentifier(field, value, checkText);
  const event: CanonicalEvent = {
    event_id: identifier('event_id', raw.event_id),
    event_type: identifier('event_type', raw.event_type),
    event_version: identifier('event_version', raw.event_version),
    occurred_at: raw.occurred_at,
    producer: identifier('producer', raw.producer),
    user_id: identifier('user_id', raw.user_id),
    correlation: {
      canonical_transaction_id: reference('correlation.canonical_transaction_id', correlation.canonical_transaction_id),
      original_event_id: reference('correlation.original_event_id', correlation.original_event_id),
      payment_id: reference('correlation.payment_id', correlation.payment_id),
      txn_id: reference('correlation.txn_id', correlation.txn_id),
    },
    attributes: sortedCopy(raw.attributes, 'attributes', checkText) as { [key: string]: Json },
  };
  if (!(event.occurred_at >= EARLIEST && event.occurred_at < LATEST)) {
    const found = Math.abs(event.occurred_at) < 8.64e15 ? formatInstant(event.occurred_at) : String(event.occurred_at);
    const detail = `occurred_at: ${found} is not between 2000 and 2100; are seconds and milliseconds mixed up?`;
    throw new Refusal('invalid_field', detail);
  }
  for (const name of amounts) {
    const value = event.attributes[name];
    if (value === undefined || value === null) continue;
    const problem = amountProblem(value, event.attributes.currency);
    if (problem !== undefined) {
      throw new Refusal('invalid_field', `attributes.${name}: ${problem}; found ${show(value)}`);
    }
  }
  return event;
}

function checkIdentifier(field: string, value: Json | undefined, checkText: boolean): string {
  if (value === undefined || value === null) throw new Refusal('invalid_field', `${field}: missing`);
  if (typeof value !== 'string') throw new Refusal('invalid_field', `${field}: expected text; found ${show(value)}`);
  if (value === '') throw new Refusal('invalid_field', `${field}: empty`);
  const { identifierBytes } = limits;
  // A UTF-16 unit is at most three bytes of UTF-8: short ones need no counting.
  if (value.length * 3 > identifierBytes && Buffer.byteLength(value) > identifierBytes) {
    const detail = `${field}: ${Buffer.byteLength(value)} bytes, at most ${identifierBytes} are allowed; found ${show(value)}`;
    throw new Refusal('invalid_field', detail);
  }
  if (checkText && value.includes('\0')) {
    throw new Refusal('invalid_field', `${field}: holds the character NUL (\\u0000)`);
  }
  if (checkText && !value.isWellFormed()) {
    throw new Refusal('invalid_field', `${field}: holds half of a surrogate pair (broken text)`);
  }
  return value;
}
