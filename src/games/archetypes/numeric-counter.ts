// NUMERIC_COUNTER: progress is the sum of what was counted.
import { checkShape, checkSteps } from './check.ts';
import { type Strategy, stepsUpTo } from './strategy.ts';

export const numericCounter: Strategy = {
  initial: () => ({ value: 0, detail: null }),
  reduce: ({ value }, { amount }) => ({ value: value + amount, detail: null }),
  stepsReached: ({ config }, { value }) => stepsUpTo(config, value),
  view: ({ config }, { value }) => {
    const max = config.progress_state_model.max_value;
    return { current: Math.min(value, max), max, detail: null };
  },
  explain: ({ config }, { value }) => {
    const { display_unit, max_value } = config.progress_state_model;
    return [`${value} of ${max_value} ${display_unit}`];
  },
  check(config, report) {
    checkShape(config, ['count', 'amount', 'distinct'], report);
    checkSteps(config, report);
  },
  fixed: [],
};
