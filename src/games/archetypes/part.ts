// Parts: the named things that triggers complete, which are the targets of a checklist and the named cells of a grid.
import { didYouMean } from '../../spelling.ts';
import type { GameConfig } from '../config.ts';
import type { CountedCredit, Own, Report } from './strategy.ts';
import { addTo, type Sums, sumOf, sumsOf } from './sums.ts';

export interface Part {
  id: string;
  title: string | undefined;
  triggers: readonly string[];
  /** What its triggers have to add up to. */
  count: number;
}

/** Adds a credit to every part that its trigger belongs to. The value is how many parts are complete. */
export function reduceParts(own: Own, credit: CountedCredit, parts: readonly Part[]): Own {
  const sums = addTo(sumsOf(own), partsWith(parts, credit.triggerId), credit.amount);
  return { value: parts.filter((part) => isComplete(part, sums)).length, detail: sums };
}

/** The parts that a trigger belongs to. */
export function partsWith(parts: readonly Part[], triggerId: string): string[] {
  return parts.filter(({ triggers }) => triggers.includes(triggerId)).map(({ id }) => id);
}

/** Whether a part has all it needs. */
export function isComplete({ id, count }: Part, sums: Sums): boolean {
  return sumOf(sums, id) >= count;
}

/** What a part has, at most what it needs. */
export function doneOf({ id, count }: Part, sums: Sums): number {
  return Math.min(sumOf(sums, id), count);
}

/** `pay_bill 1 of 1, scan 0 of 3`. */
export function explainParts(parts: readonly Part[], sums: Sums): string {
  return parts.map((part) => `${part.id} ${doneOf(part, sums)} of ${part.count}`).join(', ');
}

/** How errors speak of one kind of parts, and where they are: `checklist.targets`, their names under `target_id`. */
export interface PartNames {
  noun: string;
  path: readonly string[];
  key: string;
}

/** Checks that parts have names of their own, that their triggers exist, that no trigger is left over, and that max_value counts them. */
export function checkParts(config: GameConfig, parts: readonly Part[], names: PartNames, report: Report): void {
  const known = config.triggers.map(({ trigger_id }) => trigger_id);
  const seen = new Set<string>();
  parts.forEach(({ id, triggers }, index) => {
    const at = [...names.path, index];
    if (seen.has(id)) report([...at, names.key], `two ${names.noun}s are called ${JSON.stringify(id)}; rename one`);
    seen.add(id);
    triggers.forEach((trigger, place) => {
      if (known.includes(trigger)) return;
      const message = `there is no trigger ${JSON.stringify(trigger)}${didYouMean(trigger, known)}`;
      report([...at, 'triggers', place], message);
    });
  });
  known.forEach((trigger, index) => {
    if (parts.some(({ triggers }) => triggers.includes(trigger))) return;
    const message = `${JSON.stringify(trigger)} belongs to no ${names.noun} and would count for nothing; name it in one, or remove it`;
    report(['triggers', index, 'trigger_id'], message);
  });
  const { max_value } = config.progress_state_model;
  if (max_value !== parts.length) {
    report(['progress_state_model', 'max_value'], `is ${max_value}; there are ${parts.length} ${names.noun}s`);
  }
}
