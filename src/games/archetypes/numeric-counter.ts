// NUMERIC_COUNTER: progress is the sum of the credits.
import type { Strategy } from './strategy.ts';

export const numericCounter: Strategy = {
  initial: () => ({ value: 0, cleared: 0, state: null }),
  contribution: (trigger) => trigger.progression_config.value,
  reduce(fold, credit) {
    const value = fold.value + credit.amount;
    if (!Number.isSafeInteger(value)) throw new RangeError(`progress would pass ${Number.MAX_SAFE_INTEGER}`);
    return { value, cleared: credit.held ? fold.cleared : fold.cleared + credit.amount, state: null };
  },
  stepsReached: (config, reached, value) =>
    config.milestone_steps.filter(({ step }) => step > reached && step <= value),
  view: (config, value) => {
    const max = config.progress_state_model.max_value;
    return { current: Math.min(value, max), max };
  },
};
