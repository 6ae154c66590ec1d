// The scene of a simulation: the draft, the game that it is compared with, and which part of the stored history both are tried on.
import type { Db } from '../db/connect.ts';
import { versionOf } from '../definitions/activate.ts';
import { type GameRecord, readRecord, readRecords } from '../definitions/record.ts';
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

/** Everything that a thread has to know: data alone, which can be sent to it. */
export interface Scene {
  draft: Part;
  compared: (Part & { label: string }) | undefined;
  wanted: Wanted;
}

/** A game's timeline as data. */
export interface Part extends Omit<Timeline, 'versions'> {
  versions: readonly { config: GameConfig; version: number; inForceFrom: Instant }[];
}

/** A part in the form that the engine judges by. */
export function timelineOf({ gameNo, gameId, versions, statuses }: Part): Timeline {
  const prepared = versions.map(({ config, ...at }) => prepareGame(config, { gameNo, ...at }));
  return { gameNo, gameId, versions: prepared, statuses };
}

/**
 * Sets the scene; `now` ends the history.
 * @throws UserError for a range without history, or beside the draft's window, and for a game or version that does not exist.
 */
export async function setScene(db: Db, request: Request, now: Instant): Promise<Scene> {
  const { draft, days } = draftOf(request);
  const wanted = rangeOf(request, timelineOf(draft).versions[0] as Game, now);
  const compared = await comparedWith(db, request, days);
  const configs = [...draft.versions, ...(compared?.versions ?? [])].map(({ config }) => config);
  return {
    draft,
    compared,
    wanted: {
      ...wanted,
      eventTypes: [...new Set(configs.flatMap(typesOf))],
      cohorts: [...new Set(configs.map(({ cohort_id }) => cohort_id))].filter((cohort) => cohort !== 'everyone'),
      producers: configs.some(asksForProducer),
    },
  };
}

function draftOf({ draft, from, shift }: Request): { draft: Part; days: number } {
  if (!shift) return { draft: alone(draft, 1), days: 0 };
  if (from === undefined) throw new UserError('--shift begins the window at --from: give --from too');
  const { config, days } = moveWindow(draft, { to: from });
  return { draft: alone(config, 1), days };
}

/** A game that has one version, in force from its start. */
function alone(config: GameConfig, version: number): Part {
  const versions = [{ config, version, inForceFrom: Number.NEGATIVE_INFINITY }];
  return { gameNo: 1, gameId: config.game_id, versions, statuses: [] };
}

/** A game as it was: with all its versions, pauses and its end. */
function asItWas({ gameNo, gameId, versions, statuses }: GameRecord): Part {
  return {
    gameNo,
    gameId,
    versions: versions.map(({ config, version, inForceFrom }) => ({ config, version, inForceFrom })),
    statuses,
  };
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
    return record === undefined ? undefined : { ...asItWas(record), label: 'the game as it was' };
  }
  if ('gameId' in against) {
    return { ...asItWas(await readRecord(db, against.gameId)), label: `${against.gameId}, as it was` };
  }
  const { versions } = await readRecord(db, draft.game_id);
  const { config } = versionOf(draft.game_id, versions, against.version);
  const moved = moveWindow(config, { by: days }).config;
  return { ...alone(moved, against.version), label: `version ${against.version} alone` };
}

function typesOf({ triggers, join }: GameConfig): string[] {
  return [...triggers.map(({ event_type }) => event_type), ...(join === undefined ? [] : [join.event_type])];
}

/** Whether a rule or a progression names the producer. Reading too much of it would only cost time. */
function asksForProducer({ triggers, join }: GameConfig): boolean {
  return JSON.stringify([triggers, join]).includes('"field":"producer"');
}
