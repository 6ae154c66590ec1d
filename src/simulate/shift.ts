// Moves a game's window by whole days of its calendar, so that a game of next month can be tried on last month's history. Pure.
import type { GameConfig } from '../games/config.ts';
import { prepareGame } from '../games/game.ts';
import { formatInstant, type Instant } from '../time.ts';

/** The game with its window moved by days, or to the day of an instant; and by how many days. Times of day stay as they are. */
export function moveWindow(
  config: GameConfig,
  move: { by: number } | { to: Instant },
): { config: GameConfig; days: number } {
  const { start, end, zone } = prepareGame(config, { gameNo: 0, version: 0, inForceFrom: 0 });
  const days = 'by' in move ? move.by : zone.localOf(move.to).day - zone.localOf(start).day;
  if (days === 0) return { config, days };
  const moved = (at: Instant): Instant => {
    const { day, ms } = zone.localOf(at);
    return zone.instantOf(day + days, ms);
  };
  const game_window = {
    ...config.game_window,
    start: formatInstant(moved(start)),
    // The end is the last instant of the window, and that is how it is written.
    end: formatInstant(moved(end) - 1),
  };
  return { config: { ...config, game_window }, days };
}
