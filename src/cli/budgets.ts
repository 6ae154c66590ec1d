// milepost games budgets: what a game may pay, and what has become of it.
import { readConfig } from '../config.ts';
import { type BudgetView, type PeriodView, type Sum, viewBudgets } from '../definitions/budget-view.ts';
import { formatMoment } from '../definitions/moment.ts';
import { readRecord } from '../definitions/record.ts';
import { type Instant, parseInstant } from '../time.ts';
import { type Zone, zoneOf } from '../time-zone.ts';
import { withDatabase } from './database.ts';
import { print, table } from './output.ts';

export async function showBudgets(gameId: string, options: { json?: boolean }): Promise<void> {
  const now = Date.now();
  const { document, zone } = await withDatabase(readConfig(), 'milepost_support', async (db) => {
    const record = await readRecord(db, gameId);
    const zone = zoneOf(record.timeline.versions.at(-1)?.config.time_zone ?? 'UTC');
    return { document: await viewBudgets(db, record, now), zone };
  });
  print(options, document, () => {
    const { version, budgets } = document;
    if (budgets.length === 0) return `${gameId}: version ${version} has no budgets; what it pays has no limit.`;
    const rows = budgets.flatMap((budget) =>
      budget.periods.length === 0
        ? [row(budget, undefined, zone)]
        : budget.periods.map((period) => row(budget, period, zone)),
    );
    return table(
      ['BUDGET', 'PERIOD FROM', 'LIMIT', 'TAKEN', 'PAID', 'DOWNGRADED', 'HELD', 'SKIPPED', 'RELEASED'],
      rows,
    );
  });
}

function row(budget: BudgetView, period: PeriodView | undefined, zone: Zone): (string | number)[] {
  const { budget_id, limit } = budget;
  if (period === undefined) return [budget_id, 'none yet', limitOf(limit), '', '', '', '', '', ''];
  const start = formatMoment(parseInstant(period.start) as Instant, zone);
  const { taken, paid, downgraded, held, skipped, let_through } = period;
  return [
    budget_id,
    start,
    limitOf(limit),
    say(taken),
    say(paid),
    downgraded,
    say(held),
    say(skipped),
    say(let_through),
  ];
}

/** `10 for 100`: ten rewards, 100 together. */
function say({ claims, amount }: Sum): string {
  return claims === 0 ? '0' : `${claims} for ${amount}`;
}

function limitOf(limit: BudgetView['limit']): string {
  if (limit === null) return 'none now';
  const { claims, amount } = limit;
  return [...(claims === null ? [] : [`${claims} rewards`]), ...(amount === null ? [] : [`${amount} in all`])].join(
    ', ',
  );
}
