// The model's fold: from a set of credits the value and the steps it reaches, computed from the whole set each time, by the definition.
import { dateOf, daysBetween, daysLater, type Stretch, weekdayOf } from './calendar.ts';
import type { ModelConfig } from './config.ts';

/** What one event was worth by one trigger. */
export interface ModelCredit {
  trigger_id: string;
  amount: number;
  distinct: string | null;
  held: boolean;
  occurred_at: number;
  transaction: string | null;
  /** The version that judged it. */
  config: ModelConfig;
  /** The event's place in the order of arrival; it tells events apart, and which of a transaction came first. */
  arrival: number;
}

export interface ModelStanding {
  value: number;
  /** The numbers of the steps that it reaches. */
  steps: Set<number>;
}

/** The standing of a player in one window of one game. */
export function standingOf(credits: readonly ModelCredit[], config: ModelConfig, window: Stretch): ModelStanding {
  const counted = countedOnce(credits);
  const allowances = [...Map.groupBy(counted, allowanceOf).values()];
  const number = (value: number): ModelStanding => ({ value, steps: stepsBy(config, ({ step }) => step <= value) });
  switch (config.game_archetype) {
    case 'NUMERIC_COUNTER':
      return number(sum(allowances.map(totalOf)));
    case 'CHECKLIST': {
      const complete = completeParts(allowances, config);
      return {
        value: complete.size,
        steps: stepsBy(config, ({ step, requires }) => {
          if (requires === undefined || !('targets' in requires)) return step <= complete.size;
          const done = requires.targets.filter((target) => complete.has(target)).length;
          return requires.match === 'any' ? done > 0 : done === requires.targets.length;
        }),
      };
    }
    case 'STREAK':
      return number(bestRun(allowances, config));
    case 'CALENDAR_GRID': {
      const filled =
        config.grid?.kind === 'cells' ? filledCells(allowances, config) : filledDays(allowances, config, window);
      const count = filled.filter(Boolean).length;
      const columns = config.grid?.columns ?? 7;
      return {
        value: count,
        steps: stepsBy(config, ({ step, requires }) => {
          if (requires !== undefined && 'cell' in requires) return filled[requires.cell - 1] === true;
          if (requires !== undefined && 'row' in requires) {
            const from = (requires.row - 1) * columns;
            const row = filled.filter((_, index) => index >= from && index < from + columns);
            return row.length > 0 && !row.includes(false);
          }
          return step <= count || (step === config.progress_state_model.max_value && !filled.includes(false));
        }),
      };
    }
    default:
      throw new Error(`the model does not know the archetype ${config.game_archetype}`);
  }
}

function stepsBy(config: ModelConfig, reached: (step: ModelConfig['milestone_steps'][number]) => boolean): Set<number> {
  return new Set(config.milestone_steps.filter(reached).map(({ step }) => step));
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/**
 * Of each logical transaction the credits of one event, where the version in force when its earliest event occurred says so: `first` by
 * arrival; `max` the event worth most, of those worth the same the one that occurred first.
 */
function countedOnce(credits: readonly ModelCredit[]): ModelCredit[] {
  return [...Map.groupBy(credits, ({ transaction, arrival }) => transaction ?? arrival).values()].flatMap((group) => {
    const events = [...Map.groupBy(group, ({ arrival }) => arrival).entries()].sort(([a], [b]) => a - b);
    const first = group.reduce((a, b) => (b.occurred_at < a.occurred_at ? b : a));
    const { evaluation_scope, transaction_policy } = first.config;
    if (evaluation_scope !== 'LOGICAL_TRANSACTION' || transaction_policy === 'sum') return group;
    if (transaction_policy === 'first') return events[0]?.[1] ?? [];
    const worth = (list: ModelCredit[]) => sum(list.map(({ amount }) => amount));
    const most = Math.max(...events.map(([, list]) => worth(list)));
    const candidates = events.map(([, list]) => list).filter((list) => worth(list) === most);
    const earliest = Math.min(...candidates.map((list) => list[0]?.occurred_at as number));
    const [chosen, another] = candidates.filter((list) => list[0]?.occurred_at === earliest);
    if (another !== undefined) throw new Error('the model does not know which of two events of one instant counts');
    return chosen ?? [];
  });
}

/** Credits share an allowance while their trigger has the same caps and counts towards the same things. */
function allowanceOf({ trigger_id, distinct, config }: ModelCredit): string {
  const cap = config.triggers.find((trigger) => trigger.trigger_id === trigger_id)?.cap;
  return JSON.stringify([trigger_id, distinct === null, cap?.per_day, cap?.per_window, partsOf(config, trigger_id)]);
}

function capOf([credit]: readonly ModelCredit[]): { per_day: number; per_window: number } {
  const trigger = credit?.config.triggers.find(({ trigger_id }) => trigger_id === credit.trigger_id);
  const { per_day = Number.POSITIVE_INFINITY, per_window = Number.POSITIVE_INFINITY } = trigger?.cap ?? {};
  return { per_day, per_window };
}

/** What the credits of one allowance add up to, by date; without the cap for the window. */
function byDate(allowance: readonly ModelCredit[]): Map<string, number> {
  const dates = Map.groupBy(allowance, ({ config, occurred_at }) => dateOf(config.time_zone, occurred_at));
  return new Map(
    [...dates].map(([date, group]) => [
      date,
      Math.min(capOf(allowance).per_day, sum(group.map(({ amount }) => amount))),
    ]),
  );
}

/** What the credits of one allowance add up to. Of a repeated value the most that one of its credits is worth. */
function totalOf(allowance: readonly ModelCredit[]): number {
  const values = Map.groupBy(allowance, ({ distinct }) => distinct);
  const total = values.has(null)
    ? sum(byDate(allowance).values())
    : sum([...values.values()].map((group) => Math.max(...group.map(({ amount }) => amount))));
  return Math.min(capOf(allowance).per_window, total);
}

interface Part {
  id: string;
  triggers: readonly string[];
  count: number;
}

function allParts({ checklist, grid }: ModelConfig): Part[] {
  const targets = (checklist?.targets ?? []).map(({ target_id, ...rest }) => ({ id: target_id, ...rest }));
  const cells = (grid?.kind === 'cells' ? grid.cells : []).map(({ cell_id, ...rest }) => ({ id: cell_id, ...rest }));
  return [...targets, ...cells];
}

/** The targets or cells that a trigger counts towards. */
function partsOf(config: ModelConfig, triggerId: string): string[] {
  return allParts(config)
    .filter(({ triggers }) => triggers.includes(triggerId))
    .map(({ id }) => id)
    .sort();
}

function completeParts(allowances: readonly ModelCredit[][], config: ModelConfig): Set<string> {
  const has = (id: string) =>
    sum(
      allowances
        .filter(([credit]) => credit !== undefined && partsOf(credit.config, credit.trigger_id).includes(id))
        .map(totalOf),
    );
  return new Set(
    allParts(config)
      .filter(({ id, count }) => has(id) >= count)
      .map(({ id }) => id),
  );
}

function filledCells(allowances: readonly ModelCredit[][], config: ModelConfig): boolean[] {
  const complete = completeParts(allowances, config);
  return allParts(config).map(({ id }) => complete.has(id));
}

/** What was counted on a date. */
function onDate(allowances: readonly ModelCredit[][], date: string): number {
  return sum(allowances.map((allowance) => byDate(allowance).get(date) ?? 0));
}

/** For each day that the window touches, at most as many as the grid has cells. */
function filledDays(allowances: readonly ModelCredit[][], config: ModelConfig, window: Stretch): boolean[] {
  const grid = config.grid as { per_cell?: number };
  const last = dateOf(config.time_zone, window.until - 1);
  const filled: boolean[] = [];
  for (let date = dateOf(config.time_zone, window.from); date <= last; date = daysLater(date, 1)) {
    if (filled.length < config.progress_state_model.max_value) {
      filled.push(onDate(allowances, date) >= (grid.per_cell ?? 1));
    }
  }
  return filled;
}

/** Tries every stretch from one active period to another, and takes the one with most active periods that misses few enough. */
function bestRun(allowances: readonly ModelCredit[][], config: ModelConfig): number {
  const {
    period,
    per_period = 1,
    freezes = 0,
  } = config.streak as { period: string; per_period?: number; freezes?: number };
  const dates = [...new Set(allowances.flatMap((allowance) => [...byDate(allowance).keys()]))].sort();
  const periods = Map.groupBy(dates, (date) => (period === 'day' ? date : mondayOf(date)));
  const active = [...periods]
    .filter(([, days]) => sum(days.map((date) => onDate(allowances, date))) >= per_period)
    .map(([first]) => first);
  let best = 0;
  for (const from of active) {
    for (const to of active) {
      if (to < from) continue;
      const long = daysBetween(from, to) / (period === 'day' ? 1 : 7) + 1;
      const many = active.filter((one) => from <= one && one <= to).length;
      if (long - many <= freezes) best = Math.max(best, many);
    }
  }
  return best;
}

function mondayOf(date: string): string {
  return weekdayOf(date) === 'monday' ? date : mondayOf(daysLater(date, -1));
}
