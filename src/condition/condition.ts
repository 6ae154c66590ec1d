// The rule language: conditions over an event's fields. One module for every feature. Pure; a missing value is null and nothing is ever coerced.
import { z } from 'zod';
import { show } from '../errors.ts';
import { editionOf } from '../event/edition.ts';
import type { CanonicalEvent, Json } from '../event/event.ts';
import { limits } from '../limits.ts';
import { formatDay, parseDay, weekdayOf, weekdays, type Zone } from '../time-zone.ts';
import { isFound, type Pattern, readPattern } from './pattern.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
// Text stands for a time of day or a date: checkCondition knows the field.
const ordered = z.union([z.number(), z.string()]);
const comparisonOf = <Op extends string, Value extends z.ZodType>(op: Op, value: Value) =>
  z.strictObject({
    field: z.string().describe('What is compared: attributes.<name>, or another field of every event.'),
    op: z.literal(op).describe('How it is compared.'),
    value,
  });

const comparison = z.discriminatedUnion('op', [
  comparisonOf('eq', scalar),
  comparisonOf('ne', scalar),
  comparisonOf('gt', ordered),
  comparisonOf('gte', ordered),
  comparisonOf('lt', ordered),
  comparisonOf('lte', ordered),
  comparisonOf('in', z.array(scalar).min(1)),
  comparisonOf('not_in', z.array(scalar).min(1)),
  comparisonOf('exists', z.boolean().default(true)),
  comparisonOf('between', z.tuple([ordered, ordered])),
  comparisonOf('starts_with', z.string().min(1)),
  comparisonOf('matches', z.string().min(1).max(limits.patternChars)),
]);

/** One comparison of a field with a value. */
export type Comparison = z.infer<typeof comparison>;
/** `and` and `or` over conditions, `not` over one. */
export interface Group {
  operator: 'and' | 'or' | 'not';
  conditions: Condition[];
}
export type Condition = Comparison | Group;

/** The groups of one level; a rule's own is level 1. Each level has its schema, so that no depth of nesting exhausts the stack. */
const groupAt = (level: number): z.ZodType<Group> =>
  z.strictObject({
    operator: z
      .enum(['and', 'or', 'not'])
      .describe('and: all conditions hold. or: at least one does. not: the one condition does not.'),
    conditions: z
      // For a JSON Schema, which conditionSchema is a part of under this name.
      .array(z.unknown().meta({ $ref: '#/$defs/condition' }))
      .min(1)
      .transform((items, context) => items.map((item, index) => readCondition(item, index, level + 1, context)))
      .describe('Comparisons, or groups again.'),
  });
const groupLevels = Array.from({ length: limits.ruleDepth }, (_, index) => groupAt(index + 1));

/** A rule as it is written. What depends on the fields that sources declare is checked by checkCondition. */
export const groupSchema = groupLevels[0] as z.ZodType<Group>;

/** What a rule's conditions may be, to be published beside what uses groupSchema. */
export const conditionSchema = z.union([comparison, groupSchema]);

/**
 * Tells groups from comparisons by their keys first, so that an error speaks of the form the writer meant. Issues are passed on without their
 * texts: whoever parses the whole document words them all alike.
 */
function readCondition(item: unknown, index: number, level: number, context: z.core.$RefinementCtx): Condition {
  const isGroup = typeof item === 'object' && item !== null && ('operator' in item || 'conditions' in item);
  const schema: z.ZodType<Condition> | undefined = isGroup ? groupLevels[level - 1] : comparison;
  if (schema === undefined) {
    const message = `nested deeper than ${limits.ruleDepth} levels`;
    context.addIssue({ code: 'custom', path: [index], message, input: item });
    return z.NEVER;
  }
  const { value, issues } = schema._zod.run(
    { value: item, issues: [] },
    { async: false },
  ) as z.core.ParsePayload<Condition>;
  context.issues.push(...z.core.util.prefixIssues(index, issues));
  return value;
}

/** The type of a field; `amount` compares as a number. A source declares the first four; the others are those of `local.*`. */
export type FieldType = 'text' | 'number' | 'amount' | 'boolean' | 'time_of_day' | 'weekday' | 'date';
/** Every field a rule may name, such as `attributes.merchant_id`, with its type. */
export type FieldTypes = ReadonlyMap<string, FieldType>;

/** Fields that every event has, whatever its source. */
export const eventFields: FieldTypes = new Map<string, FieldType>([
  ['event_type', 'text'],
  ['event_version', 'text'],
  ['producer', 'text'],
  ['correlation.payment_id', 'text'],
  ['correlation.txn_id', 'text'],
  ['correlation.canonical_transaction_id', 'text'],
  ['correlation.original_event_id', 'text'],
  // When it occurred, as clocks and calendars in the game's time zone show it.
  ['local.time', 'time_of_day'],
  ['local.weekday', 'weekday'],
  ['local.date', 'date'],
]);

/** The fields `attributes.<name>` of a catalogue of attributes. */
export function attributeFields(catalogue: ReadonlyMap<string, FieldType>): FieldTypes {
  return new Map([...catalogue].map(([name, type]) => [`attributes.${name}`, type]));
}

/** Something wrong with a condition: where in it (keys from the condition's root), and what. */
export interface ConditionProblem {
  path: (string | number)[];
  message: string;
}

type Spell = (word: string, candidates: Iterable<string>) => string;

/** Checks a condition against the declared fields: unknown fields, values and operators that do not suit a field's type, patterns, too many conditions. */
export function checkCondition(condition: Condition, fields: FieldTypes, spell: Spell): ConditionProblem[] {
  const problems: ConditionProblem[] = [];
  let count = 0;
  const visit = (node: Condition, path: (string | number)[]): void => {
    if ('operator' in node) {
      if (node.operator === 'not' && node.conditions.length !== 1) {
        problems.push({
          path: [...path, 'conditions'],
          message: `not takes exactly one condition, found ${node.conditions.length}`,
        });
      }
      node.conditions.forEach((child, index) => {
        visit(child, [...path, 'conditions', index]);
      });
      return;
    }
    count++;
    const type = fields.get(node.field) ?? eventFields.get(node.field);
    if (type === undefined) {
      problems.push({ path: [...path, 'field'], message: unknownField(node.field, fields, spell) });
      return;
    }
    const message = mismatch(node, type, spell);
    if (message !== undefined) problems.push({ path: [...path, 'value'], message });
  };
  visit(condition, []);
  if (count > limits.ruleConditions) {
    problems.push({ path: [], message: `${count} conditions; a rule may have ${limits.ruleConditions}` });
  }
  return problems;
}

/** What is said of a field that no source declares: the one that was meant, or else all there are. */
export function unknownField(field: string, fields: FieldTypes, spell: Spell): string {
  const known = [...eventFields.keys(), ...fields.keys()];
  const meant = spell(field, known);
  const all = meant === '' ? `; known are ${known.join(', ')}` : '';
  return `unknown field ${JSON.stringify(field)}${meant}; a source has to declare it${all}`;
}

/** How errors name a type. */
const typeNames: Readonly<Record<FieldType, string>> = {
  text: 'text',
  number: 'a number',
  amount: 'a number',
  boolean: 'true or false',
  time_of_day: 'a time of day',
  weekday: 'a weekday',
  date: 'a date',
};

const orderedTypes: ReadonlySet<FieldType> = new Set(['number', 'amount', 'time_of_day', 'date']);

function mismatch(node: Comparison, type: FieldType, spell: Spell): string | undefined {
  const { field, op } = node;
  const is = `${field} is ${typeNames[type]}`;
  switch (op) {
    case 'exists':
      return field.startsWith('local.') ? `${field} is there for every event; compare it with a value` : undefined;
    case 'eq':
    case 'ne':
      return valueMismatch(field, type, node.value, spell);
    case 'in':
    case 'not_in':
      return firstOf(node.value.map((value) => valueMismatch(field, type, value, spell)));
    case 'starts_with':
      return type === 'text' ? undefined : `${is}; starts_with compares text`;
    case 'matches':
      return type === 'text' ? patternProblem(node.value) : `${is}; matches compares text`;
    case 'between': {
      if (!orderedTypes.has(type)) return `${is}; between compares numbers, times of day and dates`;
      const [lower, upper] = node.value;
      const wrong = firstOf(node.value.map((value) => valueMismatch(field, type, value, spell)));
      // A time of day after the upper one means across midnight.
      if (wrong !== undefined || type === 'time_of_day' || lower <= upper) return wrong;
      return 'between takes the lower bound first';
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      if (!orderedTypes.has(type)) return `${is}; ${op} compares numbers, times of day and dates`;
      return valueMismatch(field, type, node.value, spell);
  }
}

function firstOf(messages: (string | undefined)[]): string | undefined {
  return messages.find((message) => message !== undefined);
}

function valueMismatch(field: string, type: FieldType, value: Json, spell: Spell): string | undefined {
  const kind = value === null ? '' : `${typeof value === 'string' ? 'text' : typeof value} `;
  const found = `${field} is ${typeNames[type]}, compared with ${kind}${show(value)}`;
  switch (type) {
    case 'text':
      return value === null || typeof value === 'string' ? undefined : found;
    case 'number':
    case 'amount':
      return value === null || typeof value === 'number' ? undefined : found;
    case 'boolean':
      return value === null || typeof value === 'boolean' ? undefined : found;
    case 'time_of_day':
      if (typeof value === 'string' && /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/.test(value)) return undefined;
      return `${found}; write it as "09:30", from "00:00" to "23:59"`;
    case 'date':
      if (typeof value === 'string' && parseDay(value) !== undefined) return undefined;
      return `${found}; write a day that exists as "2026-05-01"`;
    case 'weekday':
      if (weekdays.some((weekday) => weekday === value)) return undefined;
      return `${found}${typeof value === 'string' ? spell(value, weekdays) : ''}; write one of ${weekdays.join(', ')}`;
  }
}

function patternProblem(text: string): string | undefined {
  try {
    readPattern(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `no pattern in RE2's syntax (which has no look-around and no back references): ${error.message}`;
  }
}

/**
 * Judges an event: undefined when the condition holds, else the first comparison (or `not`) that does not. `zone` is the game's, for `local.*`.
 * Numbers compare exactly: both sides have at most 15 significant digits, for which doubles keep the order and the equality of the decimals
 * they came from.
 */
export function failing(condition: Condition, event: CanonicalEvent, zone: Zone): Condition | undefined {
  if (!('operator' in condition)) {
    return holds(condition, fieldOf(event, condition.field, zone)) ? undefined : condition;
  }
  switch (condition.operator) {
    case 'and':
      for (const child of condition.conditions) {
        const failed = failing(child, event, zone);
        if (failed !== undefined) return failed;
      }
      return undefined;
    case 'or': {
      let first: Condition | undefined;
      for (const child of condition.conditions) {
        const failed = failing(child, event, zone);
        if (failed === undefined) return undefined;
        first ??= failed;
      }
      return first;
    }
    case 'not':
      return failing(condition.conditions[0] as Condition, event, zone) === undefined ? condition : undefined;
  }
}

/**
 * Whether a condition is certain to fail with this value of one field, whatever the other fields say. `event` needs to hold that field only.
 */
export function conditionFails(condition: Condition, field: string, event: CanonicalEvent, zone: Zone): boolean {
  return knownOf(condition, field, event, zone) === false;
}

/** Kleene's logic: undefined where it depends on other fields. */
function knownOf(condition: Condition, field: string, event: CanonicalEvent, zone: Zone): boolean | undefined {
  if (!('operator' in condition)) {
    return condition.field === field ? holds(condition, fieldOf(event, field, zone)) : undefined;
  }
  const parts = condition.conditions.map((child) => knownOf(child, field, event, zone));
  switch (condition.operator) {
    case 'and':
      return parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
    case 'or':
      return parts.includes(true) ? true : parts.includes(undefined) ? undefined : false;
    case 'not':
      return parts[0] === undefined ? undefined : !parts[0];
  }
}

/** The value of a field such as `attributes.merchant.city`, or `local.time` in this zone; null when any part of the path is missing. */
export function fieldOf(event: CanonicalEvent, field: string, zone: Zone): Json {
  let reader = readers.get(field);
  if (reader === undefined) {
    reader = readerOf(field.split('.'));
    readers.set(field, reader);
  }
  return reader(event, zone);
}

type Reader = (event: CanonicalEvent, zone: Zone) => Json;

const timesOfDay = Array.from({ length: 24 * 60 }, (_, minute) => {
  const pad = (number: number): string => String(number).padStart(2, '0');
  return `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`;
});

// Fields come from configuration, so there are few of them: each is split once. What is local is found out only when a rule asks for it.
const readers = new Map<string, Reader>([
  // A rule asks who has sent an event, whatever it was corrected to since.
  ['producer', (event) => editionOf(event.producer).producer],
  ['local.time', (event, zone) => timesOfDay[Math.floor(zone.localOf(event.occurred_at).ms / 60_000)] as string],
  ['local.weekday', (event, zone) => weekdayOf(zone.localOf(event.occurred_at).day)],
  ['local.date', (event, zone) => formatDay(zone.localOf(event.occurred_at).day)],
]);

function readerOf(path: readonly string[]): Reader {
  return (event) => {
    let value: unknown = event;
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
      value = (value as Record<string, unknown>)[key];
    }
    return (value ?? null) as Json;
  };
}

// Times of day and dates are written so that they sort as text.
function holds(node: Comparison, found: Json): boolean {
  switch (node.op) {
    case 'eq':
      return found === node.value;
    case 'ne':
      return found !== node.value;
    case 'gt':
      return isLike(found, node.value) && found > node.value;
    case 'gte':
      return isLike(found, node.value) && found >= node.value;
    case 'lt':
      return isLike(found, node.value) && found < node.value;
    case 'lte':
      return isLike(found, node.value) && found <= node.value;
    case 'between': {
      const [lower, upper] = node.value;
      if (!isLike(found, lower)) return false;
      // Only times of day pass the check the other way round: across midnight.
      return lower <= upper ? found >= lower && found <= upper : found >= lower || found <= upper;
    }
    case 'in':
      return node.value.some((value) => value === found);
    case 'not_in':
      return node.value.every((value) => value !== found);
    case 'exists':
      return (found !== null) === node.value;
    case 'starts_with':
      return typeof found === 'string' && found.startsWith(node.value);
    case 'matches':
      return typeof found === 'string' && isFound(patternOf(node), found);
  }
}

function isLike<T extends string | number>(found: Json, value: T): found is T {
  return typeof found === typeof value;
}

/** The steps that a condition's patterns unfold to together; those that cannot be read count nothing. */
export function patternSize(condition: Condition): number {
  if ('operator' in condition) return condition.conditions.reduce((size, child) => size + patternSize(child), 0);
  if (condition.op !== 'matches' || patternProblem(condition.value) !== undefined) return 0;
  return patternOf(condition).programSize();
}

// A pattern lives as long as the rule that it stands in.
const patterns = new WeakMap<Comparison, Pattern>();
function patternOf(node: Comparison & { op: 'matches' }): Pattern {
  let pattern = patterns.get(node);
  if (pattern === undefined) {
    pattern = readPattern(node.value);
    patterns.set(node, pattern);
  }
  return pattern;
}
