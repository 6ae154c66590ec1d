// milepost games pause | resume | end | rollback | history | show: a game's timeline. Owns what all changes of games have in common on the command line.
import { userInfo } from 'node:os';
import { type Config, readConfig } from '../config.ts';
import { type Tx, transaction } from '../db/transaction.ts';
import { rollbackGame, versionOf } from '../definitions/activate.ts';
import { type ChangeRequest, IntoThePast } from '../definitions/change.ts';
import { formatMoment } from '../definitions/moment.ts';
import { gameAt, readRecord } from '../definitions/record.ts';
import { endGame, pauseGame, resumeGame, type StatusChanged, type StatusRequest } from '../definitions/status.ts';
import {
  describeActivation,
  describeStatusChange,
  describeTracks,
  describeVersion,
  type EntryState,
  summarize,
} from '../definitions/view.ts';
import { UserError } from '../errors.ts';
import { versionInForce } from '../games/decide.ts';
import { type Instant, parseInstant } from '../time.ts';
import { zoneOf } from '../time-zone.ts';
import { withDatabase } from './database.ts';
import { readCount, readInstant } from './input.ts';
import { print, table } from './output.ts';
import { recordCommand } from './person.ts';

/** The options that every change of a game takes. */
export interface ChangeOptions {
  reason: string;
  expectRevision?: string;
  intoThePast?: boolean;
  json?: boolean;
}

/** Reads them. A change is on record under the name of the user of this machine. */
export function readChange(options: ChangeOptions): ChangeRequest {
  if (options.reason.trim() === '') throw new UserError('--reason is empty: say why, for the record');
  return {
    by: userInfo().username,
    reason: options.reason,
    expectedRevision: readCount('--expect-revision', options.expectRevision, 0),
    intoThePast: options.intoThePast,
  };
}

/** Changes games in one transaction: all of it or nothing. */
export async function changeGames<T>(config: Config, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await withDatabase(config, 'milepost_owner', (db) => transaction(db, work));
  } catch (error) {
    if (error instanceof IntoThePast) throw new UserError(`${error.message}. If that is meant, add --into-the-past`);
    throw error;
  }
}

/** Puts a change of a game on record. */
export function recordChange(
  tx: Tx,
  action: string,
  gameId: string,
  reason: string,
  details: Record<string, unknown>,
): Promise<void> {
  return recordCommand(tx.client, 'milepost_owner', { action, subject: gameId, reason, details });
}

type StatusOptions = ChangeOptions & { at?: string };

export const pause = (gameId: string, options: StatusOptions) => setStatus('pauseGame', pauseGame, gameId, options);
export const resume = (gameId: string, options: StatusOptions) => setStatus('resumeGame', resumeGame, gameId, options);
export const end = (gameId: string, options: StatusOptions) => setStatus('endGame', endGame, gameId, options);

async function setStatus(
  action: string,
  change: (tx: Tx, request: StatusRequest) => Promise<StatusChanged>,
  gameId: string,
  options: StatusOptions,
): Promise<void> {
  const request = { gameId, ...readChange(options), at: readInstant('--at', options.at) };
  const { changed, timeZone } = await changeGames(readConfig(), async (tx) => {
    await recordChange(tx, action, gameId, request.reason, { at: options.at ?? null });
    return { changed: await change(tx, request), timeZone: await timeZoneOf(tx, gameId) };
  });
  print(options, describeStatusChange(changed), () =>
    [`${gameId} ${begins[changed.status]} ${formatMoment(changed.from, zoneOf(timeZone))}`, ...changed.remarks].join(
      '\n  ',
    ),
  );
}

const begins = { active: 'is active from', paused: 'is paused from', ended: 'ends on' } as const;

export async function rollback(gameId: string, options: ChangeOptions & { to: string; from?: string }): Promise<void> {
  const toVersion = readCount('--to', options.to, 1) as number;
  const request = { gameId, toVersion, ...readChange(options), from: readInstant('--from', options.from) };
  const { activation, timeZone } = await changeGames(readConfig(), async (tx) => {
    await recordChange(tx, 'rollBackGame', gameId, request.reason, {
      to_version: toVersion,
      from: options.from ?? null,
    });
    return { activation: await rollbackGame(tx, request), timeZone: await timeZoneOf(tx, gameId) };
  });
  const { version, inForceFrom, changed, differences, remarks } = activation;
  const moment = formatMoment(inForceFrom, zoneOf(timeZone));
  print(options, describeActivation(activation), () =>
    changed
      ? [
          `${gameId}: version ${version}, equal to version ${toVersion}, is in force from ${moment}`,
          ...differences.map(({ sentence }) => sentence),
          ...remarks,
        ].join('\n  ')
      : `${gameId}: unchanged, version ${version} is equal to version ${toVersion} and in force`,
  );
}

async function timeZoneOf(tx: Tx, gameId: string): Promise<string> {
  const { timeline } = await readRecord(tx, gameId);
  return versionInForce(timeline, Date.now()).config.time_zone;
}

export async function showHistory(gameId: string, options: { json?: boolean }): Promise<void> {
  const record = await withDatabase(readConfig(), 'milepost_owner', (db) => readRecord(db, gameId));
  const now = Date.now();
  const summary = summarize(gameAt(record, now), now);
  const tracks = describeTracks(record, now);
  const zone = zoneOf(summary.time_zone);
  const moment = (text: string): string => formatMoment(parseInstant(text) as Instant, zone).replace(/ \(.*/, '');
  print(options, { ...summary, timeline: tracks }, () => {
    const entries = [
      ...tracks.versions.map((entry) => ({ ...entry, what: `version ${entry.version}` })),
      ...tracks.statuses.map((entry) => ({ ...entry, what: verbs[entry.status] })),
    ].sort((a, b) => (a.made_at < b.made_at ? -1 : 1));
    return [
      `${gameId}: ${summary.state}, revision ${summary.revision}; times are those of ${zone.name}`,
      table(
        ['MADE', 'BY', 'WHAT', 'IN FORCE FROM', '', 'WHY'],
        entries.map((entry) => [
          moment(entry.made_at),
          entry.made_by,
          entry.what,
          moment(entry.in_force_from),
          states[entry.state],
          entry.reason,
        ]),
      ),
    ].join('\n');
  });
}

const verbs = { active: 'resumed', paused: 'paused', ended: 'ended' } as const;
const states: Record<EntryState, string> = {
  past: '',
  in_force: 'in force',
  planned: 'planned',
  cancelled: 'cancelled',
};

export async function showGame(gameId: string, options: { version?: string; json?: boolean }): Promise<void> {
  const asked = readCount('--version', options.version, 1);
  const record = await withDatabase(readConfig(), 'milepost_owner', (db) => readRecord(db, gameId));
  const version = asked ?? versionInForce(record.timeline, Date.now()).version;
  const entry = versionOf(gameId, record.versions, version);
  // A comment in front, so that the output is a game file again.
  print(options, describeVersion(gameId, entry), () => {
    const from = formatMoment(entry.inForceFrom, zoneOf(entry.config.time_zone));
    return [
      `// version ${version} of ${record.versions.length}, in force from ${from}; by ${entry.by}: ${entry.reason.replace(/\s+/g, ' ')}`,
      entry.sourceText.trimEnd(),
    ].join('\n');
  });
}
