// Windows: the stretches of time in which a game's progress counts, each with progress and claims of its own. A window's identity is its start.
// Pure calendar arithmetic in the game's time zone: a day there may have 23 or 25 hours.
import type { Instant } from '../time.ts';
import { parseInstant } from '../time.ts';
import { addMonths, zoneOf } from '../time-zone.ts';
import type { GameConfig } from './config.ts';
import { durationOf, endOf, type Game } from './game.ts';

export interface Window {
  start: Instant;
  /** The first instant after it. */
  end: Instant;
}

const MONTHS = { monthly: 1, quarterly: 3 } as const;
/** Days of the longest window of a recurrence. */
const LONGEST: Readonly<Record<string, number>> = { daily: 1, weekly: 7, monthly: 31, quarterly: 92 };

/** The last window found for each game: events of one batch mostly fall into one. */
const remembered = new WeakMap<Game, Window>();

/** The window of a game that holds an instant; undefined outside the game. Not for from_join games: see `windowFromJoin`. */
export function windowAt(game: Game, at: Instant): Window | undefined {
  if (at < game.start || at >= game.end) return undefined;
  const { recurrence } = game.config.game_window;
  if (recurrence === undefined) return game;
  const known = remembered.get(game);
  if (known !== undefined && known.start <= at && at < known.end) return known;

  const begin = boundaries(game, recurrence);
  let number = Math.max(0, begin.guess(at));
  while (begin.at(number) > at) number--;
  while (begin.at(number + 1) <= at) number++;
  const window = { start: begin.at(number), end: Math.min(begin.at(number + 1), game.end) };
  remembered.set(game, window);
  return window;
}

/** The last window that has begun by an instant, open or not; undefined before the game. Not for from_join games. */
export function lastWindow(game: Game, at: Instant): Window | undefined {
  return windowAt(game, Math.min(at, game.end - 1));
}

/** The window that the last join by an instant began, open or not; undefined when there was none. */
export function windowFromJoin(game: Game, at: Instant, joins: readonly Instant[]): Window | undefined {
  const { from_join } = game.config.game_window;
  let start: Instant | undefined;
  for (const join of joins) if (join <= at && (start === undefined || join > start)) start = join;
  if (from_join === undefined || start === undefined) return undefined;
  return { start, end: Math.min(after(game, start, from_join), game.end) };
}

/** Not later than the start of any window that holds an instant of a running game, whoever's window it is. */
export function earliestStart(game: Game, at: Instant): Instant {
  const { from_join } = game.config.game_window;
  if (from_join === undefined) return (windowAt(game, at) as Window).start;
  const length = durationOf(from_join);
  // A day more: days of the calendar may be longer than 24 hours.
  return at - ('days' in length ? (length.days + 1) * 24 : length.hours) * 3_600_000;
}

/** Not later than the start of any window in which an event that is received at an instant, or later, may still count. */
export function earliestOpen(game: Game, at: Instant): Instant | undefined {
  if (at >= game.end + game.graceMs) return undefined;
  return earliestStart(game, Math.min(Math.max(at - game.graceMs, game.start), game.end - 1));
}

/** What the clocks show at a game's first instant and at its last. */
export function edgesOf({
  game_window: window,
  time_zone,
}: GameConfig): Record<'first' | 'last', { day: number; ms: number }> {
  const zone = zoneOf(time_zone);
  return {
    first: zone.localOf(parseInstant(window.start) as Instant),
    last: zone.localOf((endOf(window.end) as Instant) - 1),
  };
}

/** How many local days one window of a game touches at most: a window that begins at noon touches its last day as well. */
export function mostDays(config: GameConfig): number {
  const { game_window: window } = config;
  const { first, last } = edgesOf(config);
  const all = last.day - first.day + 1;
  if (window.from_join !== undefined) {
    const length = durationOf(window.from_join);
    return Math.min(all, 1 + ('days' in length ? length.days : Math.ceil(length.hours / 24)));
  }
  if (window.recurrence === undefined) return all;
  const days = LONGEST[window.recurrence] ?? (durationOf(window.recurrence) as { days: number }).days;
  return Math.min(all, days + (first.ms === 0 ? 0 : 1));
}

/** The same time of day some days later in the game's zone, or some hours later. */
function after(game: Game, start: Instant, text: string): Instant {
  const duration = durationOf(text);
  if ('hours' in duration) return start + duration.hours * 3_600_000;
  const { day, ms } = game.zone.localOf(start);
  return game.zone.instantOf(day + duration.days, ms);
}

/** Where the windows of a recurring game begin: counted from the game's start, at its time of day. */
function boundaries(game: Game, recurrence: string): { at(number: number): Instant; guess(at: Instant): number } {
  const { day, ms } = game.zone.localOf(game.start);
  const begin = (number: number, local: number): Instant =>
    // The first window begins with the game, to the millisecond.
    number === 0 ? game.start : game.zone.instantOf(local, ms);
  if (recurrence === 'monthly' || recurrence === 'quarterly') {
    const months = MONTHS[recurrence];
    return {
      at: (number) => begin(number, addMonths(day, number * months)),
      guess: (at) => Math.floor((game.zone.localOf(at).day - day) / (months * 31)),
    };
  }
  const days =
    recurrence === 'daily' ? 1 : recurrence === 'weekly' ? 7 : (durationOf(recurrence) as { days: number }).days;
  return {
    at: (number) => begin(number, day + number * days),
    guess: (at) => Math.floor((game.zone.localOf(at).day - day) / days),
  };
}
