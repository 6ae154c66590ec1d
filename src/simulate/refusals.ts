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

export interface Refusals {
  /** Takes an event that no trigger's rule would take. Each trigger of its type counts it under the condition that failed. */
  add(event: CanonicalEvent): void;
  /** The most frequent first. */
  top(count: number): Refusal[];
}

interface Entry {
  triggerId: string | null;
  condition: Condition;
  events: number;
  values: Map<string, number>;
}

export function createRefusals(timeline: Timeline): Refusals {
  // Conditions are those of the configuration: each is one object, whatever the number of events.
  const entries = new Map<Condition, Entry>();

  function refuse(triggerId: string | null, condition: Condition, found: Json): void {
    let entry = entries.get(condition);
    if (entry === undefined) {
      entry = { triggerId, condition, events: 0, values: new Map() };
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
    top(count) {
      return [...entries.values()]
        .sort((a, b) => b.events - a.events)
        .slice(0, count)
        .map(({ triggerId, condition, events, values }) => {
          const [value, times] = [...values].reduce((most, next) => (next[1] > most[1] ? next : most));
          return {
            trigger_id: triggerId,
            condition: describeCondition(condition),
            events,
            found: JSON.parse(value) as Json,
            found_events: times,
          };
        });
    },
  };
}
