// Conditions in words, for people: what a rule asks for, and why an event did not meet it. Pure; judges nothing itself.
import type { CanonicalEvent, Json } from '../event/event.ts';
import type { Zone } from '../time-zone.ts';
import { type Comparison, type Condition, fieldOf } from './condition.ts';

/** Why a comparison does not hold of an event: what it wanted, and what it found; of a `not`, what holds though it should not. */
export type Failure =
  | { op: Comparison['op']; field: string; wanted: Comparison['value']; found: Json }
  | { op: 'not'; unwanted: string };

/** Explains what `failing` returned for an event. */
export function explainFailure(failed: Condition, event: CanonicalEvent, zone: Zone): Failure {
  if ('operator' in failed) return { op: 'not', unwanted: describeGroup(failed.conditions, ' and ') };
  const { op, field, value: wanted } = failed;
  return { op, field, wanted, found: fieldOf(event, field, zone) };
}

/** A condition in words: `transaction_amount is at least 1200 and it happens between 09:00 and 21:00`. */
export function describeCondition(condition: Condition): string {
  if (!('operator' in condition)) return describeComparison(condition);
  switch (condition.operator) {
    case 'and':
      return describeGroup(condition.conditions, ' and ');
    case 'or':
      return describeGroup(condition.conditions, ' or ');
    case 'not':
      return `not (${describeGroup(condition.conditions, ' and ')})`;
  }
}

function describeGroup(conditions: readonly Condition[], word: ' and ' | ' or '): string {
  const children = conditions.map(unwrapped);
  const [first] = children;
  if (children.length === 1 && first !== undefined) return describeCondition(first);
  return children
    .map((child) => {
      const isGroup = 'operator' in child && child.operator !== 'not';
      return isGroup ? `(${describeCondition(child)})` : describeCondition(child);
    })
    .join(word);
}

/** What an `and` or `or` of one condition comes to. */
function unwrapped(condition: Condition): Condition {
  if (!('operator' in condition) || condition.operator === 'not' || condition.conditions.length !== 1) return condition;
  return unwrapped(condition.conditions[0] as Condition);
}

function describeComparison(node: Comparison): string {
  if (node.field === 'local.time') return describeMoment(node, 'at ');
  if (node.field === 'local.weekday' || node.field === 'local.date') return describeMoment(node, 'on ');
  return describeValue(node);
}

function describeValue(node: Comparison): string {
  const name = node.field.replace(/^(?:attributes|correlation)\./, '');
  switch (node.op) {
    case 'eq':
      return node.value === null ? `${name} is missing` : `${name} is ${inWords(node.value)}`;
    case 'ne':
      return node.value === null ? `${name} is given` : `${name} is not ${inWords(node.value)}`;
    case 'gt':
      return `${name} is more than ${inWords(node.value)}`;
    case 'gte':
      return `${name} is at least ${inWords(node.value)}`;
    case 'lt':
      return `${name} is less than ${inWords(node.value)}`;
    case 'lte':
      return `${name} is at most ${inWords(node.value)}`;
    case 'between':
      return `${name} is between ${listed(node.value.map(inWords), ' and ')}`;
    case 'in':
      return `${name} is ${listed(node.value.map(inWords), ' or ')}`;
    case 'not_in':
      return `${name} is not ${listed(node.value.map(inWords), ' or ')}`;
    case 'exists':
      return node.value ? `${name} is given` : `${name} is missing`;
    case 'starts_with':
      return `${name} starts with ${inWords(node.value)}`;
    case 'matches':
      return `${name} matches the pattern ${node.value}`;
  }
}

/** A comparison of when it happens; `preposition` is that of a single time or day. */
function describeMoment(node: Comparison, preposition: 'at ' | 'on '): string {
  const say = (value: Json): string => {
    const words = inWords(value);
    return node.field === 'local.weekday' ? words.replace(/^./, (letter) => letter.toUpperCase()) : words;
  };
  switch (node.op) {
    case 'eq':
      return `it happens ${preposition}${say(node.value)}`;
    case 'ne':
      return `it does not happen ${preposition}${say(node.value)}`;
    case 'gt':
      return `it happens after ${say(node.value)}`;
    case 'gte':
      return `it happens ${preposition}${say(node.value)} or later`;
    case 'lt':
      return `it happens before ${say(node.value)}`;
    case 'lte':
      return `it happens ${preposition}${say(node.value)} or earlier`;
    case 'between':
      return `it happens between ${listed(node.value.map(say), ' and ')}`;
    case 'in':
      return `it happens ${preposition}${listed(node.value.map(say), ' or ')}`;
    case 'not_in':
      return `it does not happen ${preposition}${listed(node.value.map(say), ' or ')}`;
    case 'exists':
    case 'starts_with':
    case 'matches':
      return describeValue(node);
  }
}

function listed(words: readonly string[], word: ' and ' | ' or '): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(word);
}

// A name, a time or a day; whatever else is text stands in quotes, lest it be taken for a number or for several words.
const plainText = /^(?!(?:true|false|null|missing)$)[A-Za-z_][\w.-]*$|^\d\d:\d\d$|^\d{4}-\d\d-\d\d$/;

function inWords(value: Json): string {
  if (value === null) return 'missing';
  if (typeof value !== 'string') return String(value);
  return plainText.test(value) ? value : JSON.stringify(value);
}
