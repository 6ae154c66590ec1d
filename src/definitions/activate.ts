// Activates config versions, new ones and copies of older ones. A version is immutable; activating what is in force already changes nothing.
import { isDeepStrictEqual } from 'node:util';
import type { Tx } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { forbiddenChanges, hasBegun } from '../games/changes.ts';
import type { GameConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import { type Game, prepareGame } from '../games/game.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import { zoneOf } from '../time-zone.ts';
import { beginChange, type ChangeRequest, checkPast, checkRevision, endChange, look } from './change.ts';
import { type Difference, diffGames } from './diff.ts';
import { formatMoment } from './moment.ts';
import { entriesFrom, type GameRecord, readRecord, type VersionEntry } from './record.ts';

export interface Activation {
  gameId: string;
  version: number;
  inForceFrom: Instant;
  /** False when this configuration is in force already, and nothing else is to follow it. */
  changed: boolean;
  revision: number;
  /** The version in force before it at its instant; undefined for a game's first. */
  before: number | undefined;
  /** What it changes in that version. */
  differences: readonly Difference[];
  /** What else its owner has to know, in sentences. */
  remarks: readonly string[];
}

/** A checked configuration with its text as the owner wrote it; `file` names it in errors. */
export interface ActivationRequest extends ChangeRequest {
  config: GameConfig;
  text: string;
  file: string;
  /** When it is to be in force; 2 seconds after now (the database's clock) unless said. */
  from?: Instant | undefined;
}

/**
 * Activates a checked game. The first version is in force from the game's start, whatever is asked for; a later one from `from`. It takes the place of
 * every version that was to be in force later.
 * @throws UserError when a window has begun and the version changes what its players have been told, when the game has ended, and (IntoThePast) when events
 * that it would touch have been judged already; StaleRevision.
 */
export async function activateGame(tx: Tx, request: ActivationRequest): Promise<Activation> {
  const [activation] = await activateTogether(tx, [request]);
  return activation as Activation;
}

/** Activates several games, one after another. What they would touch is looked at before the first of them makes all other changes wait. */
export async function activateTogether(tx: Tx, requests: readonly ActivationRequest[]): Promise<Activation[]> {
  const foreseen: Foreseen[] = [];
  for (const request of requests) foreseen.push(await foresee(tx, request));
  const done: Activation[] = [];
  for (const [index, request] of requests.entries()) {
    const { config } = request;
    const { record, now } = await beginChange(tx, config.game_id);
    checkRevision(config.game_id, record?.revision ?? 0, request.expectedRevision);
    done.push(
      record === undefined
        ? await activateFirst(tx, request, now)
        : await activateLater(tx, request, { record, now }, foreseen[index] as Foreseen),
    );
  }
  return done;
}

/** What was said of a change before its turn, and the game's revision at that time. */
interface Foreseen {
  revision: number;
  past: readonly string[];
}

async function foresee(tx: Tx, request: ActivationRequest): Promise<Foreseen> {
  const { record, now } = await look(tx, request.config.game_id);
  checkRevision(request.config.game_id, record?.revision ?? 0, request.expectedRevision);
  if (record === undefined) return { revision: 0, past: [] };
  const planned = plan(request, record, now);
  const past = planned.changed ? await checkPast(tx, record, planned, { ...request, now }) : [];
  return { revision: record.revision, past };
}

/**
 * Activates a version that is equal to an older one of the game.
 * @throws UserError as activateGame does, and when there is no such version; UnknownGame.
 */
export async function rollbackGame(
  tx: Tx,
  request: ChangeRequest & { gameId: string; toVersion: number; from?: Instant | undefined },
): Promise<Activation> {
  const { gameId, toVersion, ...rest } = request;
  const { versions } = await readRecord(tx, gameId);
  const { config, sourceText } = versionOf(gameId, versions, toVersion);
  return activateGame(tx, { ...rest, config, text: sourceText, file: `version ${toVersion} of ${gameId}` });
}

/**
 * A version by its number.
 * @throws UserError that says which there are.
 */
export function versionOf(gameId: string, versions: readonly VersionEntry[], version: number): VersionEntry {
  const entry = versions.find((candidate) => candidate.version === version);
  if (entry !== undefined) return entry;
  const there = versions.length === 1 ? 'there is version 1 only' : `there are versions 1 to ${versions.length}`;
  throw new UserError(`${gameId} has no version ${version}: ${there}`);
}

async function activateFirst(tx: Tx, request: ActivationRequest, now: Instant): Promise<Activation> {
  const { config, from } = request;
  const game = prepareGame(config, { gameNo: 0, version: 1, inForceFrom: 0 });
  if (from !== undefined && from > game.start) {
    const [start, asked] = [formatMoment(game.start, game.zone), formatMoment(from, game.zone)];
    const message = `the first version is in force from the start of the game, ${start}, not from ${asked}`;
    throw new UserError(
      `${request.file}: ${config.game_id} is new: ${message}; leave that out, or change game_window.start`,
    );
  }
  const { game_no } = await tx.query
    .insertInto('game')
    .values({ game_id: config.game_id })
    .returning('game_no')
    .executeTakeFirstOrThrow();
  await insertVersion(tx, request, { gameNo: game_no, version: 1, inForceFrom: game.start, now });
  return {
    gameId: config.game_id,
    version: 1,
    inForceFrom: game.start,
    changed: true,
    revision: await endChange(tx, game_no),
    before: undefined,
    differences: [],
    remarks: [],
  };
}

async function activateLater(
  tx: Tx,
  request: ActivationRequest,
  { record, now }: { record: GameRecord; now: Instant },
  foreseen: Foreseen,
): Promise<Activation> {
  const { config } = request;
  const { gameNo, gameId } = record;
  const planned = plan(request, record, now);
  const { current, following, from } = planned;
  const activation = {
    gameId,
    before: current.version,
    differences: diffGames(current.config, config),
  };
  if (!planned.changed) {
    const { version, inForceFrom } = current;
    return { ...activation, version, inForceFrom, changed: false, revision: record.revision, remarks: [] };
  }
  // Other configurations look at other events.
  const past =
    record.revision === foreseen.revision ? foreseen.past : await checkPast(tx, record, planned, { ...request, now });

  const version = newestVersion(record) + 1;
  await insertVersion(tx, request, { gameNo, version, inForceFrom: from, now });
  const replaced = [current, ...following].filter(({ inForceFrom }) => inForceFrom >= from);
  return {
    ...activation,
    version,
    inForceFrom: from,
    changed: true,
    revision: await endChange(tx, gameNo),
    remarks: [...replaced.map((old) => cancelled(old, now)), ...past],
  };
}

/** What a later version will take the place of. @throws UserError when it may not. */
function plan(request: Pick<ActivationRequest, 'config' | 'from' | 'file'>, record: GameRecord, now: Instant) {
  const { config } = request;
  const { timeline, gameNo, gameId } = record;
  const from = request.from ?? now + limits.activationDelayMs;
  const current = versionInForce(timeline, from);
  const track = entriesFrom(timeline.versions, from, ({ inForceFrom }) => inForceFrom);
  const following = track.filter((version) => version !== current);
  const next = prepareGame(config, { gameNo, version: newestVersion(record) + 1, inForceFrom: from });
  const configs = [current, ...following, next].map((version) => version.config);
  const planned = { from, zone: next.zone, configs, current, following };
  if (following.length === 0 && isDeepStrictEqual(current.config, config)) return { ...planned, changed: false };

  assertNotEnded(record, Math.max(from, now), now);
  const forbidden = [current, ...following]
    .filter((old) => hasBegun(old, next, now))
    .flatMap(({ config: before }) => forbiddenChanges(before, config));
  if (forbidden.length > 0) {
    const once = [...new Map(forbidden.map((problem) => [`${problem.path} ${problem.message}`, problem])).values()];
    throw new UserError(`${request.file}: ${gameId} cannot change like this while its window runs`, once);
  }
  return { ...planned, changed: true };
}

/**
 * What is to be said of a checked game before it is activated: why that would be refused by what is on record, such as a window that has begun, were it to
 * be in force from an instant; 2 seconds after now unless said.
 */
export function remarksOn(
  record: GameRecord,
  { config, from }: Pick<ActivationRequest, 'config' | 'from'>,
  now: Instant,
): string[] {
  try {
    plan({ config, from, file: config.game_id }, record, now);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const why =
      error.problems.length > 0 ? error.problems.map(({ path, message }) => `${path} ${message}`) : [error.message];
    const when = from === undefined ? 'now' : `from ${formatMoment(from, zoneOf(config.time_zone))}`;
    return why.map((sentence) => `to activate it ${when} would be refused: ${sentence}`);
  }
}

function newestVersion({ versions }: GameRecord): number {
  return versions.at(-1)?.version ?? 0;
}

function assertNotEnded({ gameId, statuses, timeline }: GameRecord, at: Instant, now: Instant): void {
  const entry = statuses.findLast(({ from }) => from <= at);
  if (entry?.status !== 'ended') return;
  const moment = formatMoment(entry.from, versionInForce(timeline, at).zone);
  const ended = entry.from <= now ? 'has ended on' : 'ends on';
  throw new UserError(
    `${gameId} ${ended} ${moment} (${entry.by}: ${entry.reason}); no version can follow. Give a new game another game_id`,
  );
}

function cancelled({ version, inForceFrom, zone }: Game, now: Instant): string {
  const moment = formatMoment(inForceFrom, zone);
  return inForceFrom > now
    ? `version ${version}, which was to be in force from ${moment}, is cancelled`
    : `version ${version}, in force since ${moment}, is replaced from its beginning`;
}

async function insertVersion(
  tx: Tx,
  request: ActivationRequest,
  entry: { gameNo: number; version: number; inForceFrom: Instant; now: Instant },
): Promise<void> {
  await tx.query
    .insertInto('game_version')
    .values({
      game_no: entry.gameNo,
      version: entry.version,
      in_force_from: formatInstant(entry.inForceFrom),
      config: JSON.stringify(request.config),
      source_text: request.text,
      activated_at: formatInstant(entry.now),
      activated_by: request.by,
      reason: request.reason,
    })
    .execute();
}
