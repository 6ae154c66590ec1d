// STREAK: days or weeks of the game's time zone, active when what was counted in them is enough. The value is the best run: as many active periods
// as one stretch holds that misses no more than the freezes allow.
import type { Instant } from '../../time.ts';
import { formatDay } from '../../time-zone.ts';
import type { GameConfig } from '../config.ts';
import type { Game } from '../game.ts';
import { edgesOf, mostDays, type Window } from '../window.ts';
import { checkDayIsCertain, checkShape, checkSteps } from './check.ts';
import { type Strategy, stepsUpTo } from './strategy.ts';
import { addTo, type Sums, sumsOf } from './sums.ts';

type Settings = NonNullable<GameConfig['streak']>;

/** Active periods of one stretch, by their places among all active ones, and the periods missed between them. */
interface Run {
  from: number;
  to: number;
  missed: number;
}

export const streak: Strategy = {
  initial: () => ({ value: 0, detail: null }),

  reduce(own, { day, amount }, { config }) {
    const settings = settingsOf(config);
    const sums = addTo(sumsOf(own), [periodOf(day, settings)], amount);
    return { value: lengthOf(bestRun(activeIn(sums, settings), settings.freezes)), detail: sums };
  },

  stepsReached: ({ config }, { value }) => stepsUpTo(config, value),

  view(game, own, window, now) {
    const { config } = game;
    const settings = settingsOf(config);
    const active = activeIn(sumsOf(own), settings);
    const { period, isOver } = periodAt(game, window, now);
    const run = aliveRun(active, settings.freezes, period, isOver);
    const max = config.progress_state_model.max_value;
    return {
      current: Math.min(own.value, max),
      max,
      detail: {
        best: own.value,
        current: lengthOf(run),
        freezes_left: settings.freezes - (run?.missed ?? 0),
        active_now: active.includes(period),
        period: settings.period,
      },
    };
  },

  explain({ config }, own) {
    const settings = settingsOf(config);
    const active = activeIn(sumsOf(own), settings);
    const run = bestRun(active, settings.freezes);
    const total = `${amountOf(active.length, settings.period)} active in all`;
    if (run === undefined) return [`${total}, hence no run`];
    const [first, last] = [active[run.from], active[run.to]].map((period) => nameOf(period as number, settings));
    const frozen = settings.freezes === 0 ? '' : `, with ${amountOf(run.missed, 'freeze')} of ${settings.freezes} used`;
    return [`the longest run is ${amountOf(lengthOf(run), settings.period)}, ${first} to ${last}${frozen}`, total];
  },

  check(config, report) {
    const { streak: settings, progress_state_model: model } = config;
    checkShape(config, settings === undefined ? ['day', 'week'] : [settings.period], report);
    if (settings === undefined) return;
    checkDayIsCertain(config, report);
    checkSteps(config, report);
    const most = mostPeriods(config, settings);
    if (model.max_value > most) {
      const message = `is ${model.max_value}; a window touches at most ${amountOf(most, settings.period)}`;
      report(['progress_state_model', 'max_value'], message);
    }
  },

  fixed: [['streak']],
};

/** Monday-based weeks are counted from that of 1970-01-01, a Thursday. */
function periodOf(day: number, { period }: Settings): number {
  return period === 'day' ? day : Math.floor((day + 3) / 7);
}

/** The last period of a window that has begun by an instant, and whether it is over because the window is. */
function periodAt(game: Game, window: Window, now: Instant): { period: number; isOver: boolean } {
  const at = Math.max(window.start, Math.min(now, window.end - 1));
  return { period: periodOf(game.zone.localOf(at).day, settingsOf(game.config)), isOver: now >= window.end };
}

function activeIn(sums: Sums, { per_period }: Settings): number[] {
  return Object.entries(sums)
    .filter(([, sum]) => sum >= per_period)
    .map(([period]) => Number(period))
    .sort((a, b) => a - b);
}

/** The run of most active periods, the first of these; undefined without any. */
function bestRun(active: readonly number[], freezes: number): Run | undefined {
  let best: Run | undefined;
  let from = 0;
  for (let to = 0; to < active.length; to++) {
    while (missedIn(active, from, to) > freezes) from++;
    if (best === undefined || to - from > best.to - best.from) best = { from, to, missed: missedIn(active, from, to) };
  }
  return best;
}

/**
 * The longest run that one more active period would lengthen. The periods missed since its last one use up freezes; the period that is not over
 * yet does not.
 */
function aliveRun(active: readonly number[], freezes: number, period: number, isOver: boolean): Run | undefined {
  // A clock ahead of ours may have counted something in a period that has not begun.
  const to = active.findLastIndex((each) => each <= period);
  const last = active[to];
  if (last === undefined) return undefined;
  const since = last === period ? 0 : period - last - (isOver ? 0 : 1);
  if (since > freezes) return undefined;
  let from = to;
  while (from > 0 && since + missedIn(active, from - 1, to) <= freezes) from--;
  return { from, to, missed: since + missedIn(active, from, to) };
}

function missedIn(active: readonly number[], from: number, to: number): number {
  return (active[to] as number) - (active[from] as number) - (to - from);
}

function lengthOf(run: Run | undefined): number {
  return run === undefined ? 0 : run.to - run.from + 1;
}

/** How many periods one window touches at most: those of the game, or as many as its longest window can. */
function mostPeriods(config: GameConfig, settings: Settings): number {
  const { first, last } = edgesOf(config);
  const all = periodOf(last.day, settings) - periodOf(first.day, settings) + 1;
  const days = mostDays(config);
  return Math.min(all, settings.period === 'day' ? days : Math.floor((days + 5) / 7) + 1);
}

function amountOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function nameOf(period: number, settings: Settings): string {
  return settings.period === 'day' ? formatDay(period) : `the week of ${formatDay(period * 7 - 3)}`;
}

function settingsOf({ streak }: GameConfig): Settings {
  return streak as Settings;
}
