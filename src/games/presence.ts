// A player's presence in a game at a moment: whether they see it, which of its windows is theirs, and whether they have joined. Pure.
import type { Instant } from '../time.ts';
import {
  type GameStatus,
  hasJoined,
  isMember,
  joinsOf,
  runningAt,
  statusAt,
  type Timeline,
  versionInForce,
  windowFor,
} from './decide.ts';
import { type GameFacts, gameField, type PlayerFacts, type Wanted } from './facts.ts';
import type { Game } from './game.ts';
import type { Window } from './window.ts';

export interface Presence {
  /** The version in force. */
  game: Game;
  /** Of the player's window: it may have ended in a game that goes on. */
  state: GameStatus;
  /** The window that is open, or was last; undefined before joining where windows begin with it. */
  window: Window | undefined;
  progress: GameFacts | undefined;
  /** Null for a game that all members take part in. */
  join: Joining | null;
  /** Now, or the first instant after the game when that has passed. */
  seenAt: Instant;
}

/** How a player stands to a game that wants to be joined. */
export interface Joining {
  /** Whether joining would count: before it, and after the window that the last joining began. */
  isOpen: boolean;
  /** The joining by which the player takes part; undefined before the first. */
  at: Instant | undefined;
}

/** The games that are open now: neither before their start, nor after their end, nor paused. */
export function openGames(timelines: readonly Timeline[], now: Instant): Timeline[] {
  return timelines.filter((timeline) => runningAt(timeline, now) !== undefined);
}

/** What rendering these games will look at of a player's facts. */
export function wantedOf(timelines: readonly Timeline[], now: Instant): Wanted {
  return {
    games: timelines.map(({ gameNo }) => gameNo),
    fields: (joins) =>
      timelines.flatMap((timeline) => {
        const game = versionInForce(timeline, now);
        const window = windowFor(game, lastMoment(timeline, game, now), joinsOf({ joins }, game.gameNo));
        return window === undefined ? [] : [gameField(game.gameNo, window.start)];
      }),
  };
}

/** The same for one window of a game, wherever it lies. */
export function wantedWindow({ gameNo }: Timeline, windowStart: Instant): Wanted {
  return { games: [gameNo], fields: () => [gameField(gameNo, windowStart)], until: windowStart };
}

/**
 * A player's presence in a game. Undefined before the game, and for a player who does not see it: one without progress who is no member (after the
 * game: was none at its end), or never joined before it was over.
 */
export function presenceOf(timeline: Timeline, facts: PlayerFacts, now: Instant): Presence | undefined {
  const game = versionInForce(timeline, now);
  const at = lastMoment(timeline, game, now);
  if (at < game.start) return undefined;
  const isOver = at < now;
  const joins = joinsOf(facts, game.gameNo);
  const joined = hasJoined(game, joins, at);
  const window = windowFor(game, at, joins);
  const progress = window === undefined ? undefined : facts.games.get(gameField(game.gameNo, window.start));
  const isMemberThen = isMember(facts, game.config.cohort_id, at);
  if (progress === undefined && !(isMemberThen && (joined || !isOver))) return undefined;

  const windowIsOver = isOver || (window !== undefined && now >= window.end);
  return {
    game,
    state: windowIsOver ? 'ended' : statusAt(timeline, now),
    window,
    progress,
    join:
      game.config.join === undefined
        ? null
        : { isOpen: isMemberThen && !isOver && (!joined || windowIsOver), at: joiningOf(game, joins, at) },
    seenAt: isOver ? at + 1 : now,
  };
}

/**
 * A player's presence in one window of a game, as it is now or, where the window is over, as it was at its end. Undefined when no such window of the
 * player's has begun, and as for `presenceOf`.
 */
export function presenceIn(
  timeline: Timeline,
  facts: PlayerFacts,
  windowStart: Instant,
  now: Instant,
): Presence | undefined {
  const window = windowBegunAt(timeline, facts, windowStart);
  if (window === undefined || windowStart > now) return undefined;
  if (now < window.end) return presenceOf(timeline, facts, now);
  const presence = presenceOf(timeline, facts, window.end - 1);
  return presence?.window?.start !== windowStart ? undefined : { ...presence, state: 'ended', seenAt: window.end };
}

function windowBegunAt(timeline: Timeline, facts: PlayerFacts, start: Instant): Window | undefined {
  const game = versionInForce(timeline, start);
  if (start < game.start || start >= game.end) return undefined;
  const window = windowFor(game, start, joinsOf(facts, game.gameNo));
  return window?.start === start ? window : undefined;
}

/** The start of the player's window before one that begins at an instant; undefined when that is the first. */
export function previousWindow(timeline: Timeline, facts: PlayerFacts, start: Instant): Instant | undefined {
  const at = start - 1;
  const game = versionInForce(timeline, at);
  return at < game.start ? undefined : windowFor(game, at, joinsOf(facts, game.gameNo))?.start;
}

/** Now, or the last moment of a game that is over, by its end or because it was ended before. */
function lastMoment(timeline: Timeline, game: Game, now: Instant): Instant {
  const change = timeline.statuses.findLast(({ from }) => from <= now);
  const end = change?.status === 'ended' ? Math.min(change.from, game.end) : game.end;
  return Math.min(now, end - 1);
}

/** The joining by which a player takes part: the first, or the last where each begins a window of its own. */
function joiningOf({ config }: Game, joins: readonly Instant[], at: Instant): Instant | undefined {
  const past = joins.filter((join) => join <= at);
  if (past.length === 0) return undefined;
  return config.game_window.from_join === undefined ? Math.min(...past) : Math.max(...past);
}
