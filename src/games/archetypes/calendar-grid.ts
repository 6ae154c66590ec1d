// CALENDAR_GRID: cells in reading order, filled when what was counted in them is enough: the days of the window in the game's time zone, or named
// cells with triggers of their own. The value is how many are filled.
import { formatDay } from '../../time-zone.ts';
import type { GameConfig, MilestoneStep } from '../config.ts';
import type { Game } from '../game.ts';
import { mostDays, type Window } from '../window.ts';
import { checkDayIsCertain, checkShape, checkSteps } from './check.ts';
import { checkParts, explainParts, isComplete, type Part, partsWith, reduceParts } from './part.ts';
import type { Own, Report, Strategy } from './strategy.ts';
import { addTo, sumOf, sumsOf } from './sums.ts';

type Settings = NonNullable<GameConfig['grid']>;
type Days = Extract<Settings, { kind: 'days' }>;

/** A day cell is one day of the year at most. */
const MOST_DAYS = 366;

export const calendarGrid: Strategy = {
  initial: () => ({ value: 0, detail: null }),

  reduce(own, credit, game) {
    const { config, zone } = game;
    const settings = settingsOf(config);
    if (settings.kind === 'cells') return reduceParts(own, credit, partsOf(settings));
    const cell = credit.day - zone.localOf(credit.windowStart).day + 1;
    // In a window that touches one day more than there are cells, the last day has none.
    if (cell > config.progress_state_model.max_value) return own;
    const sums = addTo(sumsOf(own), [cell], credit.amount);
    return { value: Object.values(sums).filter((sum) => sum >= settings.per_cell).length, detail: sums };
  },

  countsTowards(config, triggerId) {
    const settings = settingsOf(config);
    return settings.kind === 'cells' ? partsWith(partsOf(settings), triggerId) : [];
  },

  stepsReached(game, own, window) {
    const filled = filledIn(game, own, window);
    return game.config.milestone_steps.filter((step) => isReached(game.config, step, filled));
  },

  view(game, own, window) {
    const settings = settingsOf(game.config);
    const parts = settings.kind === 'cells' ? partsOf(settings) : [];
    const first = game.zone.localOf(window.start).day;
    const filled = filledIn(game, own, window);
    const cells = filled.map((isFilled, index) => {
      const part = parts[index];
      const named =
        part === undefined ? { date: formatDay(first + index) } : { cell_id: part.id, title: part.title ?? null };
      return { cell: index + 1, ...named, filled: isFilled };
    });
    return {
      current: filled.filter(Boolean).length,
      max: filled.length,
      detail: { columns: settings.columns, cells },
    };
  },

  explain(game, own, window) {
    const settings = settingsOf(game.config);
    const filled = filledIn(game, own, window);
    const count = filled.filter(Boolean).length;
    if (settings.kind === 'cells') {
      return [`${count} of ${filled.length} cells filled: ${explainParts(partsOf(settings), sumsOf(own))}`];
    }
    const first = game.zone.localOf(window.start).day;
    return [`${count} of ${filled.length} days filled${count === 0 ? '' : `: ${stretches(filled, first)}`}`];
  },

  check(config, report) {
    const settings = config.grid;
    checkShape(config, settings?.kind === 'cells' ? ['cell'] : ['day', 'cell'], report);
    if (settings === undefined) return;
    if (settings.kind === 'cells') {
      checkParts(config, partsOf(settings), { noun: 'cell', path: ['grid', 'cells'], key: 'cell_id' }, report);
    } else {
      checkDayIsCertain(config, report);
      checkDays(config, report);
    }
    const cells = config.progress_state_model.max_value;
    const rows = Math.ceil(cells / settings.columns);
    checkSteps(config, report, (requires, path) => {
      if ('targets' in requires) {
        report(path, 'targets belong to CHECKLIST; a step of a grid requires a "cell" or a "row"');
      } else if ('cell' in requires && requires.cell > cells) {
        report([...path, 'cell'], `there is no cell ${requires.cell}; the last one is ${cells}`);
      } else if ('row' in requires && requires.row > rows) {
        const message = `there is no row ${requires.row}; ${cells} cells in ${settings.columns} columns make ${rows}`;
        report([...path, 'row'], message);
      }
    });
  },

  fixed: [
    ['grid', 'kind'],
    ['grid', 'columns'],
    ['grid', 'per_cell'],
    ['grid', 'cells', '*', 'cell_id'],
    ['grid', 'cells', '*', 'count'],
  ],
};

/** For each cell that exists, in reading order, whether it is filled. A short month has fewer days than the grid has cells. */
function filledIn(game: Game, own: Own, window: Window): boolean[] {
  const settings = settingsOf(game.config);
  const sums = sumsOf(own);
  if (settings.kind === 'cells') return partsOf(settings).map((part) => isComplete(part, sums));
  const days = game.zone.localOf(window.end - 1).day - game.zone.localOf(window.start).day + 1;
  const count = Math.min(days, game.config.progress_state_model.max_value);
  return Array.from({ length: count }, (_, index) => sumOf(sums, index + 1) >= settings.per_cell);
}

/** A step at max_value stands for the whole grid, however many cells the window has. */
function isReached(config: GameConfig, { step, requires }: MilestoneStep, filled: readonly boolean[]): boolean {
  const { columns } = settingsOf(config);
  if (requires !== undefined && 'cell' in requires) return filled[requires.cell - 1] ?? false;
  if (requires !== undefined && 'row' in requires) {
    const row = filled.slice((requires.row - 1) * columns, requires.row * columns);
    return row.length > 0 && row.every(Boolean);
  }
  if (step === config.progress_state_model.max_value) return filled.every(Boolean);
  return step <= filled.filter(Boolean).length;
}

/** `2026-05-01 to 2026-05-04, 2026-05-07`. */
function stretches(filled: readonly boolean[], first: number): string {
  const found: string[] = [];
  for (let from = filled.indexOf(true); from >= 0; ) {
    const end = filled.indexOf(false, from);
    const to = (end < 0 ? filled.length : end) - 1;
    found.push(from === to ? formatDay(first + from) : `${formatDay(first + from)} to ${formatDay(first + to)}`);
    from = filled.indexOf(true, to + 1);
  }
  return found.join(', ');
}

function checkDays(config: GameConfig, report: Report): void {
  const { game_window: window, progress_state_model: model } = config;
  const most = mostDays(config);
  const at = ['progress_state_model', 'max_value'];
  if (most > MOST_DAYS) {
    report(['game_window', 'end'], `a window touches ${most} days; a grid of days has at most ${MOST_DAYS} cells`);
  } else if (window.from_join !== undefined && model.max_value > most) {
    report(at, `is ${model.max_value}; a window touches at most ${most} days`);
  } else if (window.from_join === undefined && model.max_value !== most) {
    report(
      at,
      `is ${model.max_value}; ${window.recurrence === undefined ? 'the window' : 'the longest window'} touches ${most} days`,
    );
  }
}

function partsOf({ cells }: Exclude<Settings, Days>): Part[] {
  return cells.map(({ cell_id, title, triggers, count }) => ({ id: cell_id, title, triggers, count }));
}

function settingsOf({ grid }: GameConfig): Settings {
  return grid as Settings;
}
