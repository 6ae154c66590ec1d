// Pauses, resumes and ends games: entries on the second track of a game's timeline. An end that has begun is final.
import type { Tx } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { type GameStatus, statusAt, versionInForce } from '../games/decide.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Zone } from '../time-zone.ts';
import { beginChange, type ChangeRequest, checkPast, checkRevision, endChange, look } from './change.ts';
import { formatMoment } from './moment.ts';
import { entriesFrom, type GameRecord, unknownGame } from './record.ts';
import type { StatusEntry } from './stored.ts';

export interface StatusRequest extends ChangeRequest {
  gameId: string;
  /** When it is to be in force; 2 seconds after now (the database's clock) unless said. */
  at?: Instant | undefined;
}

export interface StatusChanged {
  gameId: string;
  changeNo: number;
  status: GameStatus;
  from: Instant;
  revision: number;
  /** What else its owner has to know, in sentences. */
  remarks: readonly string[];
}

/** Events that occur while a game is paused do not count in it, whenever they arrive. @throws UserError as setStatus does. */
export function pauseGame(tx: Tx, request: StatusRequest): Promise<StatusChanged> {
  return setStatus(tx, request, 'paused');
}

/** Ends a pause; of an active game it takes back the pause or the end that is to come. @throws UserError as setStatus does. */
export function resumeGame(tx: Tx, request: StatusRequest): Promise<StatusChanged> {
  return setStatus(tx, request, 'active');
}

/** Ends a game before its window does, for good once it has begun. @throws UserError as setStatus does. */
export function endGame(tx: Tx, request: StatusRequest): Promise<StatusChanged> {
  return setStatus(tx, request, 'ended');
}

/**
 * Makes the entry. It takes the place of every one that was to be in force later.
 * @throws UserError when it would change nothing, when the game has ended, and (IntoThePast) when events that it would touch have been judged
 * already; UnknownGame; StaleRevision.
 */
async function setStatus(tx: Tx, request: StatusRequest, status: GameStatus): Promise<StatusChanged> {
  const { gameId } = request;
  const seen = await look(tx, gameId);
  if (seen.record === undefined) throw await unknownGame(tx, gameId);
  checkRevision(gameId, seen.record.revision, request.expectedRevision);
  const foreseen = await checkPast(tx, seen.record, plan(request, status, seen.record, seen.now), {
    ...request,
    now: seen.now,
  });

  const { record = seen.record, now } = await beginChange(tx, gameId);
  checkRevision(gameId, record.revision, request.expectedRevision);
  const planned = plan(request, status, record, now);
  // Other configurations look at other events.
  const past =
    record.revision === seen.record.revision ? foreseen : await checkPast(tx, record, planned, { ...request, now });
  const { from, zone, current, following } = planned;
  const { gameNo, statuses } = record;
  const changeNo = (statuses.at(-1)?.changeNo ?? 0) + 1;
  await tx.query
    .insertInto('game_status_change')
    .values({
      game_no: gameNo,
      change_no: changeNo,
      status,
      in_force_from: formatInstant(from),
      changed_at: formatInstant(now),
      changed_by: request.by,
      reason: request.reason,
    })
    .execute();
  const replaced = [...(current?.from === from ? [current] : []), ...following];
  return {
    gameId,
    changeNo,
    status,
    from,
    revision: await endChange(tx, gameNo),
    remarks: [...replaced.map((entry) => cancelled(entry, now, zone)), ...past],
  };
}

/** What the entry will be, and which it takes the place of. @throws UserError when it may not be made. */
function plan({ gameId, at }: StatusRequest, status: GameStatus, { timeline, statuses }: GameRecord, now: Instant) {
  const from = at ?? now + limits.activationDelayMs;
  const { zone } = versionInForce(timeline, from);
  const current = statuses.findLast((entry) => entry.from <= from);
  const following = entriesFrom(statuses, from, (entry) => entry.from).filter((entry) => entry.from > from);

  const ended = statuses.findLast((entry) => entry.from < Math.max(from, now));
  if (ended?.status === 'ended') throw new UserError(afterEnd(gameId, ended, now, zone));
  if (statusAt(timeline, from) === status && following.length === 0) {
    const since =
      current === undefined ? '' : ` since ${formatMoment(current.from, zone)} (${current.by}: ${current.reason})`;
    throw new UserError(`${gameId} is ${status} already${since}; nothing was changed`);
  }
  const configs = entriesFrom(timeline.versions, from, ({ inForceFrom }) => inForceFrom).map(({ config }) => config);
  return { from, zone, configs, current, following };
}

const nouns: Record<GameStatus, string> = { active: 'resumption', paused: 'pause', ended: 'end' };

function cancelled({ status, from }: StatusEntry, now: Instant, zone: Zone): string {
  const moment = formatMoment(from, zone);
  return from > now
    ? `the ${nouns[status]} set for ${moment} is cancelled`
    : `the ${nouns[status]} of ${moment} no longer holds`;
}

function afterEnd(gameId: string, { from, by, reason }: StatusEntry, now: Instant, zone: Zone): string {
  const moment = `${formatMoment(from, zone)} (${by}: ${reason})`;
  return from <= now
    ? `${gameId} has ended on ${moment}; an end is final`
    : `${gameId} ends on ${moment}; take that back first, by resuming the game before then`;
}
