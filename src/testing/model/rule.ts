// The model's reading of an event: the value of a field, and whether a rule holds.
import { wallOf, weekdayOf } from './calendar.ts';

/** An event as the model sees it. Times are milliseconds since 1970. */
export interface Happening {
  event_id: string;
  event_type: string;
  event_version: string;
  producer: string;
  user_id: string;
  occurred_at: number;
  correlation: object;
  attributes: object;
}

export type Rule =
  | { operator: 'and' | 'or' | 'not'; conditions: readonly Rule[] }
  | { field: string; op: string; value?: unknown };

/** A field's value, null when it is not there. `local.*` is what the clocks of the zone showed. */
export function fieldValue(event: Happening, field: string, zone: string): unknown {
  const wall = wallOf(zone, event.occurred_at);
  if (field === 'local.time') return wall.slice(11, 16);
  if (field === 'local.date') return wall.slice(0, 10);
  if (field === 'local.weekday') return weekdayOf(wall.slice(0, 10));
  let found: unknown = event;
  for (const key of field.split('.')) {
    found =
      found !== null && typeof found === 'object' ? Object.getOwnPropertyDescriptor(found, key)?.value : undefined;
  }
  return found === undefined ? null : found;
}

/** Whether a rule holds for an event. */
export function satisfies(event: Happening, rule: Rule, zone: string): boolean {
  if ('operator' in rule) {
    const held = rule.conditions.filter((inner) => satisfies(event, inner, zone)).length;
    if (rule.operator === 'and') return held === rule.conditions.length;
    return rule.operator === 'or' ? held > 0 : held === 0;
  }
  const found = fieldValue(event, rule.field, zone);
  const wanted = rule.value;
  // Numbers by size, text (times and dates) as it sorts, and never one with the other.
  const above = (a: unknown, b: unknown) => typeof a === typeof b && (a as number) > (b as number);
  const atLeast = (a: unknown, b: unknown) => above(a, b) || (a === b && a !== null);
  switch (rule.op) {
    case 'eq':
      return found === wanted;
    case 'ne':
      return found !== wanted;
    case 'gt':
      return above(found, wanted);
    case 'gte':
      return atLeast(found, wanted);
    case 'lt':
      return above(wanted, found);
    case 'lte':
      return atLeast(wanted, found);
    case 'between': {
      const [low, high] = wanted as [unknown, unknown];
      const turned = above(low, high);
      const fromLow = atLeast(found, low);
      const toHigh = atLeast(high, found);
      return turned ? fromLow || toHigh : fromLow && toHigh;
    }
    case 'in':
      return (wanted as unknown[]).includes(found);
    case 'not_in':
      return !(wanted as unknown[]).includes(found);
    case 'exists':
      return (wanted === false) === (found === null);
    case 'starts_with':
      return typeof found === 'string' && found.indexOf(wanted as string) === 0;
    case 'matches':
      // The patterns of the histories mean the same to JavaScript.
      return typeof found === 'string' && new RegExp(wanted as string).test(found);
    default:
      throw new Error(`the model does not know the operator ${rule.op}`);
  }
}
