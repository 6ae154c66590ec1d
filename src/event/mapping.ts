// The mapping of a source, compiled once and applied to each raw message. Pure. It converts only what the configuration tells it to.
import { show } from '../errors.ts';
import { digestOf } from '../ids.ts';
import { formatPath } from '../jsonc.ts';
import { type Instant, parseInstant } from '../time.ts';
import { fromDecimalText, fromPaise } from './amount.ts';
import type { Correlation, Json, Message } from './event.ts';
import type { RawEvent } from './raw-event.ts';
import { Refusal } from './refusal.ts';
import {
  type AttributeRule,
  type EventIdRule,
  type IdentifierRule,
  type Mapping,
  type OccurredAtRule,
  type Path,
  READINGS,
  type Reading,
  type Source,
} from './source.ts';

type MappedSource = Extract<Source, { shape: 'mapped' }>;
type ReadPlace = (root: Json) => Json | undefined;
type ReadField = (root: Json) => Json;
type ReadMapped = (root: Json, message: Message, version: string) => RawEvent;

/** Compiles a source's mappings into one function from a raw message to a raw event. */
export function compileMappings(source: MappedSource): (root: Json, message: Message) => RawEvent {
  const readVersion = compileRule('event_version', source.eventVersion, 'text', false);
  const readType =
    source.messageType === undefined ? () => null : compileRule('message_type', source.messageType, 'text', false);

  const byVersion = new Map<string, Map<Json, ReadMapped>>();
  for (const mapping of source.mappings) {
    const major = String(mapping.eventVersion);
    const byType = byVersion.get(major) ?? new Map<Json, ReadMapped>();
    byVersion.set(major, byType);
    const read = compileMapping(source, mapping);
    for (const type of mapping.messageTypes ?? [null]) byType.set(type, read);
  }

  return (root, message) => {
    const version = String(readVersion(root) ?? '1.0');
    const major = version.replace(/^v/i, '').split('.', 1)[0] as string;
    const byType = byVersion.get(major);
    if (byType === undefined) {
      const known = [...byVersion.keys()].join(', ');
      throw new Refusal(
        'unknown_version',
        `no mapping for event_version ${show(version)}; mapped major versions: ${known}`,
      );
    }
    const type = readType(root);
    const read = byType.get(type);
    if (read === undefined) {
      const known = [...byType.keys()].map(show).join(', ');
      throw new Refusal('unmapped_type', `no mapping for message type ${show(type)}; mapped: ${known}`);
    }
    return read(root, message, version);
  };
}

function compileMapping(source: MappedSource, mapping: Mapping): ReadMapped {
  const eventId = compileEventId(mapping.eventId);
  const eventType = compileRule('event_type', mapping.eventType, 'text', true);
  const userId = compileRule('user_id', mapping.userId, 'text', true);
  const occurredAt = compileOccurredAt(mapping.occurredAt);
  const correlation = (field: keyof Correlation): ReadField => {
    const rule = mapping.correlation[field];
    return rule === undefined ? () => null : compileRule(`correlation.${field}`, rule, 'text', rule.required);
  };
  const paymentId = correlation('payment_id');
  const txnId = correlation('txn_id');
  const canonicalTransactionId = correlation('canonical_transaction_id');
  const originalEventId = correlation('original_event_id');
  const attributes = Object.entries(mapping.attributes).map(([name, rule]): [string, ReadField] => {
    const type = source.attributes[name];
    if (type === undefined)
      throw new Error(`attribute ${name} of source ${source.sourceId} is mapped but not declared`);
    return [name, compileAttribute(name, rule, rule.as ?? READINGS[type][0])];
  });

  return (root, message, version) => {
    const values: { [key: string]: Json } = {};
    for (const [name, read] of attributes) {
      const value = read(root);
      // Absent rather than null, so that a mapping that learns a new attribute leaves the content of older messages as it was.
      if (value !== null) values[name] = value;
    }
    const id = eventId(root) ?? message.idempotencyKey;
    if (id === undefined) throw new Refusal('invalid_field', `event_id: missing${lookedAt(mapping.eventId)}`);
    return {
      event_id: id,
      event_type: eventType(root),
      event_version: version,
      occurred_at: occurredAt(root, message),
      producer: source.producer,
      user_id: userId(root),
      correlation: {
        payment_id: paymentId(root),
        txn_id: txnId(root),
        canonical_transaction_id: canonicalTransactionId(root),
        original_event_id: originalEventId(root),
      },
      attributes: values,
    };
  };
}

function compileAttribute(name: string, rule: AttributeRule, reading: Reading): ReadField {
  return compileRule(`attributes.${name}`, rule, reading, rule.required);
}

/** The id of an event: a field, or a digest of fields that together are unique. Null when what it needs is not there. */
function compileEventId(rule: EventIdRule): ReadField {
  if (rule.digest_of === undefined) return compileRule('event_id', rule, 'text', false);
  const parts = rule.digest_of;
  return (root) => {
    const texts: string[] = [];
    for (const path of parts) {
      const value = valueAt(root, path);
      if (isMissing(value)) return null;
      texts.push(convert(value, 'text', 'event_id') as string);
    }
    return digestOf(...texts);
  };
}

/** One rule: find, treat, convert. Null when there is no value; refused then when `required`. */
function compileRule(field: string, rule: IdentifierRule, reading: Reading, required: boolean): ReadField {
  const find = compilePlace(rule);
  const values = rule.values === undefined ? undefined : new Map(Object.entries(rule.values));
  const { lower_case: lowerCase, otherwise } = rule;
  const fallback = rule.default ?? null;

  return (root) => {
    const found = find(root);
    const value = lowerCase && typeof found === 'string' ? found.toLowerCase() : found;
    if (isMissing(value)) {
      if (fallback === null && required) throw new Refusal('invalid_field', `${field}: missing${lookedAt(rule)}`);
      return fallback;
    }
    if (values === undefined) return convert(value, reading, field);

    const raw = convert(value, 'text', field) as string;
    const mapped = values.get(raw);
    if (mapped !== undefined) return mapped;
    if (otherwise !== undefined) return otherwise;
    const known = [...values.keys()].map(show).join(', ');
    throw new Refusal('invalid_field', `${field}: no value is given for ${show(raw)}; known: ${known}`);
  };
}

/** Finds a rule's value, trimmed when the rule says so; of several places, the first that holds one. */
function compilePlace(rule: {
  path?: Path | undefined;
  first_of?: Path[] | undefined;
  const?: Json | undefined;
  trim?: boolean;
}): ReadPlace {
  const { path, first_of: firstOf, const: constant, trim = false } = rule;
  const at = (root: Json, place: Path) => {
    const value = valueAt(root, place);
    return trim && typeof value === 'string' ? value.trim() : value;
  };
  if (path !== undefined) return (root) => at(root, path);
  if (firstOf === undefined) return () => constant;
  return (root) => {
    for (const place of firstOf) {
      const value = at(root, place);
      if (!isMissing(value)) return value;
    }
    return undefined;
  };
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) value = typeof key === 'number' ? value[key] : undefined;
    else value = Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

/** Absent, null and empty text are the same: no value. */
function isMissing(value: Json | undefined): value is null | undefined | '' {
  return value === undefined || value === null || value === '';
}

/** Where a value was looked for, to end a message. */
function lookedAt(rule: {
  path?: Path | undefined;
  first_of?: Path[] | undefined;
  digest_of?: Path[] | undefined;
}): string {
  if (rule.digest_of !== undefined) return `; it is made of ${rule.digest_of.map(formatPath).join(' and ')}`;
  const paths = rule.path === undefined ? (rule.first_of ?? []) : [rule.path];
  return paths.length === 0 ? '' : ` at ${paths.map(formatPath).join(' or ')}`;
}

function convert(value: Json, reading: Reading, field: string): Json {
  const converted = READ[reading](value);
  if (converted !== undefined) return converted;
  throw new Refusal('invalid_field', `${field}: expected ${EXPECTED[reading]}; found ${show(value)}`);
}

const READ: Record<Reading, (value: Json) => Json | undefined> = {
  text: (value) => (typeof value === 'object' ? undefined : String(value)),
  number: (value) => (typeof value === 'number' ? value : undefined),
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  paise: fromPaise,
  decimal_text: fromDecimalText,
};

const EXPECTED: Record<Reading, string> = {
  text: 'text, a number, true or false',
  number: 'a number of at most 15 digits',
  boolean: 'true or false',
  paise: 'a whole number of paise, at most 15 digits',
  decimal_text: 'a decimal number as text, such as "1,200.50", at most 15 digits',
};

function compileOccurredAt(rule: OccurredAtRule): (root: Json, message: Message) => Instant {
  const find = compilePlace(rule);
  const read = rule.as === 'iso' ? readIso(rule.zone_offset) : readEpoch(rule.as === 'epoch_s' ? 1_000 : 1);
  const expected =
    rule.as === 'iso'
      ? rule.zone_offset === undefined
        ? 'a time with an offset, such as 2026-06-10T11:05:00+05:30 (or give the mapping a zone_offset)'
        : 'a time such as 2026-06-10T11:05:00'
      : `${rule.as === 'epoch_s' ? 'seconds' : 'milliseconds'} since 1970`;

  return (root, message) => {
    const value = find(root);
    if (isMissing(value)) {
      if (rule.record_timestamp && message.receivedAt !== undefined) return message.receivedAt;
      const record = rule.record_timestamp ? ', and the message has no record timestamp' : '';
      throw new Refusal('invalid_field', `occurred_at: missing${lookedAt(rule)}${record}`);
    }
    const instant = read(value);
    if (instant !== undefined) return instant;
    throw new Refusal('invalid_field', `occurred_at: expected ${expected}; found ${show(value)}`);
  };
}

function readIso(zoneOffset: string | undefined): (value: Json) => Instant | undefined {
  return (value) => {
    if (typeof value !== 'string') return undefined;
    return parseInstant(value) ?? (zoneOffset === undefined ? undefined : parseInstant(value + zoneOffset));
  };
}

function readEpoch(millisecondsPerUnit: number): (value: Json) => Instant | undefined {
  return (value) => {
    const units = typeof value === 'string' && /^\d{1,15}(?:\.\d+)?$/.test(value) ? Number(value) : value;
    return typeof units === 'number' ? Math.round(units * millisecondsPerUnit) : undefined;
  };
}
