// What has become of a game's budgets, for its owner: the limits in force beside what was taken, paid, held and skipped, period by period. Reads only.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { BudgetConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { GameRecord } from './record.ts';

/** So many rewards, of so much together. */
export interface Sum {
  claims: number;
  amount: number;
}

export interface PeriodView {
  start: string;
  /** Reserved: paid, or on its way to be. */
  taken: Sum;
  paid: Sum;
  /** Of those taken, how many are paid less than they were worth. */
  downgraded: number;
  held: Sum;
  skipped: Sum;
  /** Paid, or to be paid, beyond the limit, since a person has released them. */
  let_through: Sum;
}

export interface BudgetView {
  budget_id: string;
  /** Null, as the limit is, for a budget that the version in force has no longer: it limits nothing. */
  period: BudgetConfig['period'] | null;
  limit: { amount: number | null; claims: number | null } | null;
  when_exhausted: BudgetConfig['when_exhausted'] | null;
  downgrade_to: number | null;
  /** Newest first; none before the first reward. */
  periods: PeriodView[];
}

export interface BudgetsView {
  game_id: string;
  /** The version in force, whose limits these are. */
  version: number;
  budgets: BudgetView[];
}

/** The budgets of a game by the version in force at an instant, in its order, and then those of earlier versions. */
export async function viewBudgets(db: Db, { gameId, timeline }: GameRecord, now: Instant): Promise<BudgetsView> {
  const { version, config } = versionInForce(timeline, now);
  const periods = Map.groupBy(await readPeriods(db, timeline.gameNo), (row) => row.budget_id);
  const configured = config.budgets ?? [];
  const former = [...periods.keys()].filter((id) => configured.every(({ budget_id }) => budget_id !== id)).sort();
  const viewOf = (id: string) => (periods.get(id) ?? []).map(periodView);
  return {
    game_id: gameId,
    version,
    budgets: [
      ...configured.map(({ budget_id, period, limit, when_exhausted, downgrade_to }) => ({
        budget_id,
        period,
        limit: { amount: limit.amount ?? null, claims: limit.claims ?? null },
        when_exhausted,
        downgrade_to: downgrade_to ?? null,
        periods: viewOf(budget_id),
      })),
      ...former.map((budget_id) => ({
        budget_id,
        period: null,
        limit: null,
        when_exhausted: null,
        downgrade_to: null,
        periods: viewOf(budget_id),
      })),
    ],
  };
}

type Kind = 'paid' | 'held' | 'skipped' | 'let_through';
type PeriodRow = {
  budget_id: string;
  period_start: Instant;
  taken_claims: number;
  taken_amount: number;
  downgraded: number;
} & Record<`${Kind}_claims` | `${Kind}_amount`, number>;

const sums = {
  paid: sql`r.state = 'reserved' and o.state = 'done'`,
  held: sql`r.state = 'refused' and o.state = 'held'`,
  skipped: sql`r.state = 'refused' and o.state = 'skipped'`,
  let_through: sql`r.state = 'refused' and o.state not in ('held', 'skipped', 'cancelled')`,
} satisfies Record<Kind, unknown>;

async function readPeriods(db: Db, gameNo: number): Promise<PeriodRow[]> {
  const columns = Object.entries(sums).flatMap(([kind, condition]) => [
    sql`count(*) filter (where ${condition})::float8 as ${sql.ref(`${kind}_claims`)}`,
    sql`coalesce(sum(r.amount) filter (where ${condition}), 0)::float8 as ${sql.ref(`${kind}_amount`)}`,
  ]);
  const { rows } = await sql<PeriodRow>`
    with periods as (
      select * from milepost.budget_period where game_no = ${gameNo} order by period_start desc, budget_id limit ${limits.budgetPeriods}
    )
    select p.budget_id, p.period_start, p.taken_claims::float8, p.taken_amount::float8, s.*
      from periods p
     cross join lateral (
        select ${sql.join(columns)}, count(*) filter (where r.state = 'reserved' and o.body ? 'downgraded_from')::float8 as downgraded
          from milepost.budget_reservation r
          join milepost.outbox o on o.message_key = r.message_key and o.bucket = r.bucket
         where r.game_no = p.game_no and r.budget_id = p.budget_id and r.period_start = p.period_start
      ) as s
     order by p.period_start desc, p.budget_id`.execute(db.query);
  return rows;
}

function periodView(row: PeriodRow): PeriodView {
  const sum = (kind: Kind | 'taken'): Sum => ({ claims: row[`${kind}_claims`], amount: row[`${kind}_amount`] });
  return {
    start: formatInstant(row.period_start),
    taken: sum('taken'),
    paid: sum('paid'),
    downgraded: row.downgraded,
    held: sum('held'),
    skipped: sum('skipped'),
    let_through: sum('let_through'),
  };
}
