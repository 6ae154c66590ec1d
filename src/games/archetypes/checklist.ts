// CHECKLIST: named targets, each complete when its triggers add up to its count. The value is how many are complete.

import { didYouMean } from '../../spelling.ts';
import type { GameConfig, MilestoneStep } from '../config.ts';
import { checkShape, checkSteps } from './check.ts';
import { checkParts, doneOf, explainParts, isComplete, type Part, partsWith, reduceParts } from './part.ts';
import type { Strategy } from './strategy.ts';
import { type Sums, sumsOf } from './sums.ts';

export const checklist: Strategy = {
  initial: () => ({ value: 0, detail: null }),
  reduce: (own, credit, { config }) => reduceParts(own, credit, partsOf(config)),
  countsTowards: (config, triggerId) => partsWith(partsOf(config), triggerId),

  stepsReached({ config }, own) {
    const sums = sumsOf(own);
    const complete = new Set(
      partsOf(config)
        .filter((part) => isComplete(part, sums))
        .map(({ id }) => id),
    );
    return config.milestone_steps.filter((step) => isReached(step, own.value, complete));
  },

  view({ config }, own) {
    const sums: Sums = sumsOf(own);
    const targets = partsOf(config).map((part) => ({
      target_id: part.id,
      title: part.title ?? null,
      done: doneOf(part, sums),
      count: part.count,
      complete: isComplete(part, sums),
    }));
    return { current: Math.min(own.value, targets.length), max: targets.length, detail: { targets } };
  },

  explain({ config }, own) {
    const parts = partsOf(config);
    return [`${own.value} of ${parts.length} targets complete: ${explainParts(parts, sumsOf(own))}`];
  },

  check(config, report) {
    checkShape(config, ['target'], report);
    if (config.checklist === undefined) return;
    const parts = partsOf(config);
    checkParts(config, parts, { noun: 'target', path: ['checklist', 'targets'], key: 'target_id' }, report);
    const ids = parts.map(({ id }) => id);
    checkSteps(config, report, (requires, path) => {
      if (!('targets' in requires)) {
        report(path, 'cells and rows belong to CALENDAR_GRID; a step of a checklist requires "targets"');
        return;
      }
      requires.targets.forEach((id, index) => {
        if (ids.includes(id)) return;
        report([...path, 'targets', index], `there is no target ${JSON.stringify(id)}${didYouMean(id, ids)}`);
      });
    });
  },

  fixed: [
    ['checklist', 'targets', '*', 'target_id'],
    ['checklist', 'targets', '*', 'count'],
  ],
};

function isReached({ step, requires }: MilestoneStep, value: number, complete: ReadonlySet<string>): boolean {
  if (requires === undefined || !('targets' in requires)) return step <= value;
  const { targets, match } = requires;
  return match === 'any' ? targets.some((id) => complete.has(id)) : targets.every((id) => complete.has(id));
}

function partsOf({ checklist }: GameConfig): Part[] {
  return (checklist?.targets ?? []).map(({ target_id, title, triggers, count }) => ({
    id: target_id,
    title,
    triggers,
    count,
  }));
}
