// The rule language: conditions over an event's fields. One module for every feature. Pure; a missing value is null and nothing is ever coerced.
import { z } from 'zod';
import type { CanonicalEvent, Json } from '../event/event.ts';
import { limits } from '../limits.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const comparisonOf = <Op extends string, Value extends z.ZodType>(op: Op, value: Value) =>
  z.strictObject({ field: z.string(), op: z.literal(op), value });

const comparison = z.discriminatedUnion('op', [
  comparisonOf('eq', scalar),
  comparisonOf('ne', scalar),
  comparisonOf('gt', z.number()),
  comparisonOf('gte', z.number()),
  comparisonOf('lt', z.number()),
  comparisonOf('lte', z.number()),
  comparisonOf('in', z.array(scalar).min(1)),
  comparisonOf('not_in', z.array(scalar).min(1)),
  comparisonOf('exists', z.boolean().default(true)),
  comparisonOf('between', z.tuple([z.number(), z.number()])),
  comparisonOf('starts_with', z.string().min(1)),
]);

/** One comparison of a field with a value. */
export type Comparison = z.infer<typeof comparison>;
/** `and` and `or` over conditions, `not` over one. */
export interface Group {
  operator: 'and' | 'or' | 'not';
  conditions: Condition[];
}
export type Condition = Comparison | Group;

export const groupSchema: z.ZodType<Group> = z.strictObject({
  operator: z.enum(['and', 'or', 'not']),
  get conditions() {
    return z
      .array(z.unknown())
      .min(1)
      .transform((items, context) => items.map((item, index) => readCondition(item, index, context)));
  },
});

/**
 * Tells groups from comparisons by their keys first, so that an error speaks of the form the writer meant. Issues are passed on without their
 * texts: whoever parses the whole document words them all alike.
 */
function readCondition(item: unknown, index: number, context: z.core.$RefinementCtx): Condition {
  const isGroup = typeof item === 'object' && item !== null && ('operator' in item || 'conditions' in item);
  const schema: z.ZodType<Condition> = isGroup ? groupSchema : comparison;
  const { value, issues } = schema._zod.run(
    { value: item, issues: [] },
    { async: false },
  ) as z.core.ParsePayload<Condition>;
  context.issues.push(...z.core.util.prefixIssues(index, issues));
  return value;
}

/** The type a source declares for a field; `amount` compares as a number. */
export type FieldType = 'text' | 'number' | 'amount' | 'boolean';
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

/** Checks a condition against the declared fields: unknown fields, values of another type than the field, too many or too deep conditions. */
export function checkCondition(
  condition: Condition,
  fields: FieldTypes,
  spell: (word: string, candidates: Iterable<string>) => string,
): ConditionProblem[] {
  const problems: ConditionProblem[] = [];
  let count = 0;
  const visit = (node: Condition, path: (string | number)[], depth: number): void => {
    if ('operator' in node) {
      if (depth > limits.ruleDepth) {
        problems.push({ path, message: `nested deeper than ${limits.ruleDepth} levels` });
        return;
      }
      if (node.operator === 'not' && node.conditions.length !== 1) {
        problems.push({
          path: [...path, 'conditions'],
          message: `not takes exactly one condition, found ${node.conditions.length}`,
        });
      }
      node.conditions.forEach((child, index) => {
        visit(child, [...path, 'conditions', index], depth + 1);
      });
      return;
    }
    count++;
    const type = fields.get(node.field) ?? eventFields.get(node.field);
    if (type === undefined) {
      const known = [...eventFields.keys(), ...fields.keys()];
      problems.push({
        path: [...path, 'field'],
        message: `unknown field ${JSON.stringify(node.field)}${spell(node.field, known)}; a source has to declare it`,
      });
      return;
    }
    const message = mismatch(node, type);
    if (message !== undefined) problems.push({ path: [...path, 'value'], message });
  };
  visit(condition, [], 1);
  if (count > limits.ruleConditions) {
    problems.push({ path: [], message: `${count} conditions; a rule may have ${limits.ruleConditions}` });
  }
  return problems;
}

function mismatch(node: Comparison, type: FieldType): string | undefined {
  const wanted = type === 'amount' ? 'number' : type;
  switch (node.op) {
    case 'exists':
      return undefined;
    case 'eq':
    case 'ne':
      return valueMismatch(node.field, wanted, node.value);
    case 'in':
    case 'not_in':
      return node.value
        .map((value) => valueMismatch(node.field, wanted, value))
        .find((message) => message !== undefined);
    case 'starts_with':
      return wanted === 'text' ? undefined : `${node.field} is a ${wanted}; starts_with compares text`;
    case 'between':
      if (wanted !== 'number') return `${node.field} is ${wanted}; between compares numbers`;
      return node.value[0] <= node.value[1] ? undefined : 'between takes the lower bound first';
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return wanted === 'number' ? undefined : `${node.field} is ${wanted}; ${node.op} compares numbers`;
  }
}

function valueMismatch(field: string, wanted: 'text' | 'number' | 'boolean', value: Json): string | undefined {
  if (value === null) return undefined;
  const found = typeof value === 'string' ? 'text' : typeof value;
  return found === wanted ? undefined : `${field} is ${wanted}, compared with ${found} ${JSON.stringify(value)}`;
}

/**
 * Judges an event: undefined when the condition holds, else the first comparison (or `not`) that does not. Numbers compare exactly: both
 * sides have at most 15 significant digits, for which doubles keep the order and the equality of the decimals they came from.
 */
export function failing(condition: Condition, event: CanonicalEvent): Condition | undefined {
  if (!('operator' in condition)) return holds(condition, fieldOf(event, condition.field)) ? undefined : condition;
  switch (condition.operator) {
    case 'and':
      for (const child of condition.conditions) {
        const failed = failing(child, event);
        if (failed !== undefined) return failed;
      }
      return undefined;
    case 'or': {
      let first: Condition | undefined;
      for (const child of condition.conditions) {
        const failed = failing(child, event);
        if (failed === undefined) return undefined;
        first ??= failed;
      }
      return first;
    }
    case 'not':
      return failing(condition.conditions[0] as Condition, event) === undefined ? condition : undefined;
  }
}

/** The value of a field such as `attributes.merchant.city`; null when any part of the path is missing. */
export function fieldOf(event: CanonicalEvent, field: string): Json {
  let value: unknown = event;
  for (const key of pathOf(field)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  return (value ?? null) as Json;
}

// Fields come from configuration, so there are few of them: splitting each once is enough.
const paths = new Map<string, string[]>();
function pathOf(field: string): string[] {
  let path = paths.get(field);
  if (path === undefined) {
    path = field.split('.');
    paths.set(field, path);
  }
  return path;
}

function holds(node: Comparison, found: Json): boolean {
  switch (node.op) {
    case 'eq':
      return found === node.value;
    case 'ne':
      return found !== node.value;
    case 'gt':
      return typeof found === 'number' && found > node.value;
    case 'gte':
      return typeof found === 'number' && found >= node.value;
    case 'lt':
      return typeof found === 'number' && found < node.value;
    case 'lte':
      return typeof found === 'number' && found <= node.value;
    case 'between':
      return typeof found === 'number' && found >= node.value[0] && found <= node.value[1];
    case 'in':
      return node.value.some((value) => value === found);
    case 'not_in':
      return node.value.every((value) => value !== found);
    case 'exists':
      return (found !== null) === node.value;
    case 'starts_with':
      return typeof found === 'string' && found.startsWith(node.value);
  }
}
