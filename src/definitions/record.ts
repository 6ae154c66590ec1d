// A game as it is on record: both tracks of its timeline, with who made each entry, when and why. What people are shown, and what a change is
// checked against. Reads only.
import { sql } from 'kysely';
import { UserError } from '../errors.ts';
import type { GameConfig } from '../games/config.ts';
import { type GameStatus, statusAt, type Timeline, versionInForce } from '../games/decide.ts';
import { type Game, prepareGame } from '../games/game.ts';
import { didYouMean } from '../spelling.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type Reader, readConfig, readStatuses, type Signature, type StatusEntry, statusesOfGame } from './stored.ts';

export interface VersionEntry extends Signature {
  version: number;
  inForceFrom: Instant;
  config: GameConfig;
  /** As its owner wrote it. */
  sourceText: string;
}

export interface GameRecord {
  gameNo: number;
  gameId: string;
  /** Raised by every change of the game. */
  revision: number;
  versions: readonly VersionEntry[];
  statuses: readonly StatusEntry[];
  /** The same in the form the engine judges by. */
  timeline: Timeline;
}

/** A game as it is at an instant, without what else there is on its timeline. */
export interface GameAt {
  gameId: string;
  revision: number;
  inForce: Game;
  status: GameStatus;
  /** How many versions it has. */
  versions: number;
}

/** There is no game of that id. */
export class UnknownGame extends UserError {}

/** All games, or those of one id, each as of one snapshot; sorted by id. */
export async function readRecords(db: Reader, gameId?: string): Promise<GameRecord[]> {
  const rows = await db.query
    .selectFrom('game as g')
    .innerJoin('game_version as v', 'v.game_no', 'g.game_no')
    .select(['g.game_no', 'g.game_id', 'g.revision', 'v.version', 'v.in_force_from', 'v.config', 'v.source_text'])
    .select(['v.activated_at', 'v.activated_by', 'v.reason'])
    .select(statusesOfGame.as('statuses'))
    .where(gameId === undefined ? sql<boolean>`true` : sql<boolean>`g.game_id = ${gameId}`)
    .orderBy('g.game_id')
    .orderBy('v.version')
    .execute();
  return [...Map.groupBy(rows, (row) => row.game_no).values()].map((group) => {
    const { game_no: gameNo, game_id, revision, statuses } = group[0] as (typeof rows)[number];
    const versions = group.map(
      (row): VersionEntry => ({
        version: row.version,
        inForceFrom: row.in_force_from,
        config: readConfig(row.config, row.game_id, row.version),
        sourceText: row.source_text,
        at: row.activated_at,
        by: row.activated_by,
        reason: row.reason,
      }),
    );
    const prepared = versions.map(({ config, version, inForceFrom }) =>
      prepareGame(config, { gameNo, version, inForceFrom }),
    );
    const entries = readStatuses(statuses);
    const timeline = { gameNo, gameId: game_id, versions: prepared, statuses: entries };
    return { gameNo, gameId: game_id, revision, versions, statuses: entries, timeline };
  });
}

/** What a record says of an instant. */
export function gameAt({ gameId, revision, timeline }: GameRecord, at: Instant): GameAt {
  const { versions } = timeline;
  return {
    gameId,
    revision,
    inForce: versionInForce(timeline, at),
    status: statusAt(timeline, at),
    versions: versions.length,
  };
}

/** All games at an instant as of one snapshot, sorted by id. Of each only the version in force is read. */
export async function readGamesAt(db: Reader, at: Instant): Promise<GameAt[]> {
  const instant = sql<string>`${formatInstant(at)}::timestamptz`;
  const { rows } = await sql<GameAtRow>`
    select g.game_no, g.game_id, g.revision, v.version, v.in_force_from, v.config,
           coalesce((select s.status from milepost.game_status_change s
                      where s.game_no = g.game_no and s.in_force_from <= ${instant} order by s.change_no desc limit 1), 'active') as status,
           (select max(n.version) from milepost.game_version n where n.game_no = g.game_no) as versions
      from milepost.game g
      cross join lateral (select * from milepost.game_version v
                           where v.game_no = g.game_no and (v.in_force_from <= ${instant} or v.version = 1)
                           order by v.version desc limit 1) as v
     order by g.game_id`.execute(db.query);
  return rows.map(({ game_no: gameNo, game_id: gameId, version, in_force_from: inForceFrom, config, ...row }) => ({
    ...row,
    gameId,
    inForce: prepareGame(readConfig(config, gameId, version), { gameNo, version, inForceFrom }),
  }));
}

interface GameAtRow {
  game_no: number;
  game_id: string;
  revision: number;
  version: number;
  in_force_from: Instant;
  config: unknown;
  status: GameStatus;
  versions: number;
}

/**
 * One game.
 * @throws UnknownGame with the id that was probably meant.
 */
export async function readRecord(db: Reader, gameId: string): Promise<GameRecord> {
  const [record] = await readRecords(db, gameId);
  if (record === undefined) throw await unknownGame(db, gameId);
  return record;
}

/** The error that says that there is no such game, and which one was probably meant. */
export async function unknownGame(db: Reader, gameId: string): Promise<UnknownGame> {
  const known = await db.query.selectFrom('game').select('game_id').orderBy('game_id').execute();
  const ids = known.map((row) => row.game_id);
  const more = ids.length > 20 ? ` and ${ids.length - 20} more` : '';
  const there = ids.length === 0 ? 'there is none yet' : `there is: ${ids.slice(0, 20).join(', ')}${more}`;
  return new UnknownGame(`there is no game ${JSON.stringify(gameId)}${didYouMean(gameId, ids)}; ${there}`);
}

/** The entries of a track that are or will be in force at some time from an instant on: those that no newer entry has covered. Oldest first. */
export function entriesFrom<Entry>(
  track: readonly Entry[],
  from: Instant,
  beginOf: (entry: Entry) => Instant,
): Entry[] {
  let covered = Number.POSITIVE_INFINITY;
  const open: Entry[] = [];
  for (const entry of track.toReversed()) {
    const begin = beginOf(entry);
    if (begin < covered) {
      open.push(entry);
      covered = begin;
    }
    if (covered <= from) break;
  }
  return open.reverse();
}
