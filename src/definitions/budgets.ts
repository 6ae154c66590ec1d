// The limits of budgets as the definitions say them at an instant.
import type { Limit, LimitOf } from '../budgets/allot.ts';
import type { BudgetConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import type { Instant } from '../time.ts';
import type { Definitions } from './definitions.ts';

/** The limits in force at an instant: those of the version of each game that is. */
export function limitsAt({ games }: Definitions, at: Instant): LimitOf {
  const timelines = new Map(games.map((timeline) => [timeline.gameNo, timeline]));
  const known = new Map<number, ReadonlyMap<string, Limit>>();
  return (gameNo, budgetId) => {
    let budgets = known.get(gameNo);
    if (budgets === undefined) {
      const timeline = timelines.get(gameNo);
      const configured = timeline === undefined ? [] : (versionInForce(timeline, at).config.budgets ?? []);
      budgets = new Map(configured.map((budget) => [budget.budget_id, limitOf(budget)]));
      known.set(gameNo, budgets);
    }
    return budgets.get(budgetId);
  };
}

function limitOf({ limit, when_exhausted, downgrade_to }: BudgetConfig): Limit {
  return { ...limit, whenExhausted: when_exhausted, downgradeTo: downgrade_to };
}
