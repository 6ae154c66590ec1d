// The budgets of a game: which rewards they cover, and in which period of a budget a reward falls. Pure. What is left in a period is not known here:
// that is decided where rewards leave, long after the claim (src/budgets/).
import { didYouMean } from '../spelling.ts';
import type { Instant } from '../time.ts';
import { monthStart, weekStart } from '../time-zone.ts';
import type { Report } from './archetypes/strategy.ts';
import type { BudgetConfig, GameConfig, MilestoneStep, Reward } from './config.ts';
import type { Game } from './game.ts';
import type { Budget, Claim } from './games.ts';

const none: readonly Budget[] = [];

/** A reward that a step may pay, as far as budgets look at it. */
type Payable = Pick<Reward, 'reward_type' | 'value' | 'pool' | 'distribution'>;

/** The rewards that a step may pay: its own, or those of the prizes in its cookie. */
export function rewardsOf(step: MilestoneStep): readonly Payable[] {
  if (step.step_type === 'REWARD') return [step.reward];
  return step.step_type === 'EMPTY' ? [] : (step.cookie?.prizes.flatMap(({ reward }) => reward ?? []) ?? []);
}

/** The budgets that cover a reward of a step (its own unless given), in the order of the configuration. */
export function budgetsOf(game: Game, step: number, reward = ownReward(game, step)): readonly Budget[] {
  const { budgets } = game.config;
  if (budgets === undefined || reward === undefined) return none;
  return budgets
    .filter((budget) => covers(budget, step, reward))
    .map(({ budget_id, period }) => ({ budgetId: budget_id, period, gameStart: game.start, zone: game.zone }));
}

/** The pool that the voucher of a step comes from; null for any. */
export function poolOf(game: Game, step: number): string | null {
  return ownReward(game, step)?.pool ?? null;
}

function ownReward({ config }: Game, step: number): Payable | undefined {
  const configured = config.milestone_steps.find((each) => each.step === step);
  return configured?.step_type === 'REWARD' ? configured.reward : undefined;
}

/** A period of a budget: its identity. */
export interface BudgetPeriod {
  budgetId: string;
  start: Instant;
}

/** The periods of its budgets that a claim falls in, when the event that made its reward due was received at an instant. */
export function periodsOf({ budgets, windowStart }: Claim, receivedAt: Instant): BudgetPeriod[] {
  return budgets.map((budget) => ({ budgetId: budget.budgetId, start: startOf(budget, windowStart, receivedAt) }));
}

function startOf({ period, gameStart, zone }: Budget, windowStart: Instant, receivedAt: Instant): Instant {
  if (period === 'game') return gameStart;
  if (period === 'window') return windowStart;
  const { day } = zone.localOf(receivedAt);
  switch (period) {
    case 'day':
      return zone.instantOf(day, 0);
    case 'week':
      return zone.instantOf(weekStart(day), 0);
    case 'month':
      return zone.instantOf(monthStart(day), 0);
    default:
      return period satisfies never;
  }
}

function covers({ rewards }: BudgetConfig, step: number, reward: Payable): boolean {
  const { reward_type, steps, pool } = rewards ?? {};
  return (
    (reward_type === undefined || reward_type === reward.reward_type) &&
    (steps === undefined || steps.includes(step)) &&
    (pool === undefined || pool === reward.pool)
  );
}

/** Checks what a schema cannot express: names, and limits that would mean nothing. */
export function checkBudgets(game: GameConfig, report: Report): void {
  checkPools(game, report);
  const seen = new Set<string>();
  game.budgets?.forEach((budget, index) => {
    const at = ['budgets', index];
    if (seen.has(budget.budget_id)) {
      report([...at, 'budget_id'], `two budgets are called ${JSON.stringify(budget.budget_id)}; rename one`);
    }
    seen.add(budget.budget_id);
    checkNames(game, budget, at, report);
    checkLimit(game, budget, at, report);
    checkDowngrade(game, budget, at, report);
  });
}

function checkPools({ milestone_steps: steps }: GameConfig, report: Report): void {
  const check = (reward: Payable, at: (string | number)[]): void => {
    if (reward.pool === undefined || reward.reward_type === 'VOUCHER') return;
    report([...at, 'pool'], 'only vouchers come from a pool; remove it');
  };
  steps.forEach((step, index) => {
    const at = ['milestone_steps', index];
    if (step.step_type === 'REWARD') check(step.reward, [...at, 'reward']);
    if (step.step_type !== 'FORTUNE_COOKIE') return;
    step.cookie?.prizes.forEach(({ reward }, place) => {
      if (reward !== undefined) check(reward, [...at, 'cookie', 'prizes', place, 'reward']);
    });
  });
}

function checkNames(game: GameConfig, budget: BudgetConfig, at: (string | number)[], report: Report): void {
  const { steps, pool } = budget.rewards ?? {};
  const paying = game.milestone_steps.filter((step) => rewardsOf(step).length > 0);
  steps?.forEach((step, place) => {
    if (paying.some((each) => each.step === step)) return;
    const numbers = paying.map((each) => each.step);
    const has = numbers.length === 0 ? 'none has one' : `these have one: ${numbers.join(', ')}`;
    report([...at, 'rewards', 'steps', place], `there is no step ${step} with a reward; ${has}`);
  });
  const pools = paying.flatMap(rewardsOf).flatMap((reward) => reward.pool ?? []);
  if (pool !== undefined && !pools.includes(pool)) {
    report([...at, 'rewards', 'pool'], `no reward comes from a pool ${JSON.stringify(pool)}${didYouMean(pool, pools)}`);
  } else if (coveredBy(game, budget).length === 0) {
    report([...at, ...(budget.rewards === undefined ? [] : ['rewards'])], 'covers no reward of the game');
  }
}

function checkLimit(game: GameConfig, budget: BudgetConfig, at: (string | number)[], report: Report): void {
  const { amount, claims } = budget.limit;
  if (amount === undefined && claims === undefined) {
    report([...at, 'limit'], 'says nothing; give "amount", "claims" or both');
  }
  const types = new Set(coveredBy(game, budget).map(({ reward_type }) => reward_type));
  if (amount !== undefined && types.size > 1) {
    const message = `would add up ${[...types].join(' and ')}; limit "claims", or narrow "rewards" to one reward_type`;
    report([...at, 'limit', 'amount'], message);
  }
}

function checkDowngrade(game: GameConfig, budget: BudgetConfig, at: (string | number)[], report: Report): void {
  const { when_exhausted, downgrade_to, limit } = budget;
  if (when_exhausted !== 'downgrade') {
    if (downgrade_to !== undefined) report([...at, 'downgrade_to'], 'is only for "when_exhausted": "downgrade"');
    return;
  }
  if (downgrade_to === undefined) {
    report([...at, 'downgrade_to'], 'is needed with "when_exhausted": "downgrade"');
    return;
  }
  if (limit.amount === undefined) {
    const message =
      'a smaller reward is one of the claims too: where only "claims" are limited, none would be left for it';
    report([...at, 'when_exhausted'], message);
  }
  const least = Math.min(
    ...coveredBy(game, budget).flatMap(
      ({ value, distribution }) => distribution?.map((chance) => chance.value) ?? value,
    ),
  );
  if (downgrade_to >= least) {
    report([...at, 'downgrade_to'], `must be less than every reward it stands in for; the smallest is ${least}`);
  }
}

function coveredBy({ milestone_steps: steps }: GameConfig, budget: BudgetConfig) {
  return steps.flatMap((step) => rewardsOf(step).filter((reward) => covers(budget, step.step, reward)));
}
