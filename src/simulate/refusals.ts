// Why events did not count: for each trigger the first condition that did not hold, how often, and the value that was found most often.
import { type Condition, failing } from '../condition/condition.ts';
import { describeCondition, explainFailure } from '../condition/words.ts';
import type { CanonicalEvent, Json } from '../event/event.ts';
import { type Timeline, versionInForce } from '../games/decide.ts';
import { limits } from '../limits.ts';

export interface Refusal {
  /** Null: the rule for joining. */
  trigger_id: string | null;
  /** What was asked for, in words. */
  condition: string;
  events: number;
  /** The value that was found most often; null where the condition asks for no single value, or a value was missing. */
  found: Json;
  found_events: number;
}

/** What was counted of one condition of one trigger. */
export interface RefusalCount {
  triggerId: string | null;
  condition: string;
  events: number;
  /** Values as JSON, and how often each was found. */
  values: Map<string, number>;
}

export interface Refusals {
  /** Takes an event that no trigger's rule would take. Each trigger of its type counts it under the condition that failed. */
  add(event: CanonicalEvent): void;
  counts(): RefusalCount[];
}

export function createRefusals(timeline: Timeline): Refusals {
  // Conditions are those of the configuration: each is one object, whatever the number of events.
  const entries = new Map<Condition, RefusalCount>();

  function refuse(triggerId: string | null, condition: Condition, found: Json): void {
    let entry = entries.get(condition);
    if (entry === undefined) {
      entry = { triggerId, condition: describeCondition(condition), events: 0, values: new Map() };
      entries.set(condition, entry);
    }
    entry.events++;
    const value = JSON.stringify(found);
    const known = entry.values.get(value);
    // Amounts have as many values as events: what comes after so many of them has no chance of being the most frequent.
    if (known !== undefined || entry.values.size < limits.simulatedValues) entry.values.set(value, (known ?? 0) + 1);
  }

  return {
    add(event) {
      const { triggersByType, config, zone } = versionInForce(timeline, event.occurred_at);
      const rules = (triggersByType.get(event.event_type) ?? []).map(({ trigger_id, rule }) => ({
        id: trigger_id,
        rule,
      }));
      const joining = config.join?.event_type === event.event_type ? config.join.rule : undefined;
      for (const { id, rule } of joining === undefined ? rules : [...rules, { id: null, rule: joining }]) {
        const failed = failing(rule, event, zone);
        if (failed === undefined) continue;
        const failure = explainFailure(failed, event, zone);
        refuse(id, failed, 'found' in failure ? failure.found : null);
      }
    },
    counts: () => [...entries.values()],
  };
}

/** The conditions that refused most events, of several counts of the same game. */
export function topRefusals(counts: readonly RefusalCount[], wanted: number): Refusal[] {
  const same = Map.groupBy(counts, ({ triggerId, condition }) => JSON.stringify([triggerId, condition]));
  return [...same.values()]
    .map((group): Refusal => {
      const { triggerId, condition } = group[0] as RefusalCount;
      const values = new Map<string, number>();
      for (const count of group) {
        for (const [value, times] of count.values) values.set(value, (values.get(value) ?? 0) + times);
      }
      const [value, times] = [...values].reduce((most, next) => (next[1] > most[1] ? next : most));
      return {
        trigger_id: triggerId,
        condition,
        events: group.reduce((sum, { events }) => sum + events, 0),
        found: JSON.parse(value) as Json,
        found_events: times,
      };
    })
    .sort((a, b) => b.events - a.events || (a.condition < b.condition ? -1 : 1))
    .slice(0, wanted);
}
