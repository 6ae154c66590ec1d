// What a new version may not change while a window runs: what players have been told. Which settings these are beyond the common ones, each
// archetype says.
import { isDeepStrictEqual } from 'node:util';
import { formatPath } from '../jsonc.ts';
import { type Instant, parseInstant } from '../time.ts';
import { archetypes } from './archetypes/archetype.ts';
import type { GameConfig } from './config.ts';
import { endOf, type Game } from './game.ts';
import { lastWindow, windowAt } from './window.ts';

type Path = readonly (string | number)[];

/** The settings that no archetype may change while a window runs, as paths; `*` stands for every item of a list. The start is one besides. */
export const fixedInEveryGame: readonly Path[] = [
  ['game_archetype'],
  ['time_zone'],
  ['game_window', 'recurrence'],
  ['game_window', 'from_join'],
  ['progress_state_model', 'max_value'],
  ['milestone_steps', '*', 'step'],
  ['milestone_steps', '*', 'step_type'],
  ['milestone_steps', '*', 'requires'],
];

/**
 * What a new version may not change while its window runs: thresholds, max_value, archetype, start, how windows are cut, and whether
 * players have to join.
 * Returns one problem per change, empty when the new version may follow.
 */
export function forbiddenChanges(before: GameConfig, after: GameConfig): { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = [];
  const compare = (path: Path, from: unknown, to: unknown): void => {
    if (isDeepStrictEqual(from, to)) return;
    const message = `may not change from ${show(from)} to ${show(to)} in a window that has begun`;
    problems.push({ path: formatPath(path), message });
  };
  const start = parseInstant(before.game_window.start);
  if (start !== parseInstant(after.game_window.start)) {
    compare(['game_window', 'start'], before.game_window.start, after.game_window.start);
  }
  // The last window ends with the game: how many days it has, and with them the whole grid, would depend on which version looks at it.
  if (before.grid?.kind === 'days' && before.game_window.recurrence !== undefined) {
    compare(['game_window', 'end'], endOf(before.game_window.end), endOf(after.game_window.end));
  }
  // How players join may be mended; whether they have to, they have been told.
  if ((before.join === undefined) !== (after.join === undefined)) compare(['join'], before.join, after.join);
  // What may come out of a cookie may change; players who hold one have been told that they may open it.
  before.milestone_steps.forEach((step, index) => {
    const next = after.milestone_steps[index];
    if (step.step_type !== 'FORTUNE_COOKIE' || next?.step_type !== 'FORTUNE_COOKIE') return;
    if (step.cookie !== undefined && next.cookie === undefined) {
      compare(['milestone_steps', index, 'cookie'], step.cookie, next.cookie);
    }
  });
  for (const path of [...fixedInEveryGame, ...archetypes[before.game_archetype].fixed]) {
    for (const each of spelledOut(path, before, after)) compare(each, valueAt(before, each), valueAt(after, each));
  }
  return problems;
}

/**
 * Whether a window in which players were told what `old` says has begun, or will have by the time it is replaced: the window that holds the first
 * instant at which `next` takes its place. After the game's end it is the one that `next` adds, or else the last. Where `next` cuts windows otherwise,
 * one of them has to begin with it: one that reaches back would overlap a window of `old`, and may even share its start, which is its identity.
 */
export function hasBegun(old: Game, next: Game, now: Instant): boolean {
  const since = Math.max(old.inForceFrom, old.start);
  const at = Math.max(next.inForceFrom, since);
  const isRecurring = old.config.game_window.recurrence !== undefined;
  const window = isRecurring ? (windowAt(old, at) ?? windowAt(next, at) ?? lastWindow(old, at)) : old;
  if (window === undefined) return false;
  const first = windowAt(next, next.inForceFrom);
  const reachesBack = first !== undefined && first.start < next.inForceFrom && since < next.inForceFrom;
  return window.start <= now || window.start < next.inForceFrom || reachesBack;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** The paths that a path with `*` stands for: one for each item of the longer list. */
function spelledOut(path: Path, before: GameConfig, after: GameConfig): Path[] {
  const star = path.indexOf('*');
  if (star < 0) return [path];
  const lists = [before, after].map((config) => valueAt(config, path.slice(0, star)));
  const count = Math.max(...lists.map((list) => (Array.isArray(list) ? list.length : 0)));
  const rest = path.slice(star + 1);
  return Array.from({ length: count }, (_, index) => [...path.slice(0, star), index, ...rest]);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((at: unknown, key) => (at as Record<string | number, unknown> | undefined)?.[key], value);
}
