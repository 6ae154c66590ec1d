// Facts about a player as a sentence: memberships, joins, and progress in windows.
import { type GameFacts, gameField, type PlayerFacts } from '../games/facts.ts';
import { at } from './make.ts';

export interface KnownPlayer {
  /** In a cohort, from and until a time; for ever without one. */
  member?: [cohort: string, from: string, to?: string];
  /** When each game was joined, by game number. */
  joined?: Record<number, string[]>;
  /** By game number and the start of the window. */
  progress?: [gameNo: number, windowStart: string, progress: Partial<GameFacts>][];
}

export function playerFacts({ member, joined = {}, progress = [] }: KnownPlayer = {}): PlayerFacts {
  const [cohortId, from, to] = member ?? [];
  return {
    asOf: at('2026-05-10T11:59:58Z'),
    memberships:
      cohortId === undefined || from === undefined
        ? []
        : [{ cohortId, from: at(from), to: to === undefined ? Number.POSITIVE_INFINITY : at(to) }],
    joins: Object.entries(joined).flatMap(([gameNo, times]) =>
      times.map((time) => ({ gameNo: Number(gameNo), at: at(time) })),
    ),
    games: new Map(
      progress.map(([gameNo, start, own]) => [
        gameField(gameNo, at(start)),
        { version: 7, value: 0, cleared: 0, claims: [], detail: null, recent: [], ...own },
      ]),
    ),
  };
}
