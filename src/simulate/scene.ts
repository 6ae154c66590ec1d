// The scene of a simulation: the draft, the game that it is compared with, and which part of the stored history both are tried on.
import type { Db } from '../db/connect.ts';
import { versionOf } from '../definitions/activate.ts';
import { readRecord, readRecords } from '../definitions/record.ts';
import { UserError } from '../errors.ts';
import type { GameConfig } from '../games/config.ts';
import type { Timeline } from '../games/decide.ts';
import { type Game, prepareGame } from '../games/game.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Wanted } from './history.ts';
import { moveWindow } from './shift.ts';

export interface Request {
  draft: GameConfig;
  /** The history by occurred_at: from the first instant on, before the second. The draft's own window, up to now, unless said. */
  from: Instant | undefined;
  to: Instant | undefined;
  /** A version of the draft's game, alone; or another game, as it was. The draft's game, as it was, unless said. */
  against: { version: number } | { gameId: string } | undefined;
  /** Judges as if the draft's window began at `from`. */
  shift: boolean;
}

export interface Scene {
  draft: Timeline;
  /** The draft's only version. */
  game: Game;
  compared: { timeline: Timeline; label: string } | undefined;
  wanted: Wanted;
}

/**
 * Sets the scene; `now` ends the history.
 * @throws UserError for a range without history, or beside the draft's window, and for a game or version that does not exist.
 */
export async function setScene(db: Db, request: Request, now: Instant): Promise<Scene> {
  const { draft, days } = draftOf(request);
  const game = draft.versions[0] as Game;
  const wanted = rangeOf(request, game, now);
  const compared = await comparedWith(db, request, days);
  const configs = [game, ...(compared?.timeline.versions ?? [])].map(({ config }) => config);
  return {
    draft,
    game,
    compared,
    wanted: {
      ...wanted,
      eventTypes: [...new Set(configs.flatMap(typesOf))],
      cohorts: [...new Set(configs.map(({ cohort_id }) => cohort_id))].filter((cohort) => cohort !== 'everyone'),
      producers: configs.some(asksForProducer),
    },
  };
}

function draftOf({ draft, from, shift }: Request): { draft: Timeline; days: number } {
  if (!shift) return { draft: alone(draft, 1), days: 0 };
  if (from === undefined) throw new UserError('--shift begins the window at --from: give --from too');
  const { config, days } = moveWindow(draft, { to: from });
  return { draft: alone(config, 1), days };
}

/** A game that has one version, in force from its start. */
function alone(config: GameConfig, version: number): Timeline {
  const game = prepareGame(config, { gameNo: 1, version, inForceFrom: Number.NEGATIVE_INFINITY });
  return { gameNo: 1, gameId: config.game_id, versions: [game], statuses: [] };
}

function rangeOf(request: Request, game: Game, now: Instant): { from: Instant; to: Instant } {
  const { from = game.start } = request;
  const to = Math.min(request.to ?? game.end, now);
  const window = `the draft's window, from ${formatInstant(game.start)} until ${formatInstant(game.end)}`;
  const past =
    '; name a past range with --from and --to, and --shift to try the draft on it as if its window were then';
  if (from >= now)
    throw new UserError(`${formatInstant(from)} is still to come, so there is no history: ${window}${past}`);
  if (from >= to) throw new UserError(`the range is empty: from ${formatInstant(from)} to ${formatInstant(to)}`);
  if (to <= game.start || from >= game.end) {
    const range = `the range from ${formatInstant(from)} to ${formatInstant(to)}`;
    throw new UserError(
      `${range} lies outside ${window}, so nothing would count; choose another range, or add --shift`,
    );
  }
  return { from, to };
}

async function comparedWith(db: Db, { draft, against }: Request, days: number): Promise<Scene['compared']> {
  if (against === undefined) {
    const [record] = await readRecords(db, draft.game_id);
    return record === undefined ? undefined : { timeline: record.timeline, label: 'the game as it was' };
  }
  if ('gameId' in against) {
    const { timeline } = await readRecord(db, against.gameId);
    return { timeline, label: `${against.gameId}, as it was` };
  }
  const { versions } = await readRecord(db, draft.game_id);
  const { config } = versionOf(draft.game_id, versions, against.version);
  const moved = moveWindow(config, { by: days }).config;
  return { timeline: alone(moved, against.version), label: `version ${against.version} alone` };
}

function typesOf({ triggers, join }: GameConfig): string[] {
  return [...triggers.map(({ event_type }) => event_type), ...(join === undefined ? [] : [join.event_type])];
}

/** Whether a rule or a progression names the producer. Reading too much of it would only cost time. */
function asksForProducer({ triggers, join }: GameConfig): boolean {
  return JSON.stringify([triggers, join]).includes('"field":"producer"');
}
