// Versioned configuration as consumers see it: every game's versions, found by event type, under one epoch. Replaced whole; loaded but for
// the versions that are known already.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Timeline } from '../games/decide.ts';
import { type Game, prepareGame } from '../games/game.ts';
import type { Instant } from '../time.ts';
import { readConfig, readStatuses, statusesOfGame } from './stored.ts';

export interface Definitions {
  /** Rises with every activation; a batch is never decided with an older epoch than the database's. */
  epoch: number;
  games: readonly Timeline[];
  /** The games that have a trigger for an event type, or are joined by it, in any version. */
  gamesByEventType: ReadonlyMap<string, readonly Timeline[]>;
  /** Identities of what occurred before this may be gone; undefined: all are kept. */
  eventKeysFrom: Instant | undefined;
}

/**
 * Reads all definitions as of one snapshot. Versions never change and are only ever added: of the games in `known` (those loaded before, from the same
 * database) just the versions that have come since are read, and the others are kept as they are.
 */
export async function loadDefinitions(db: Db, known?: Definitions): Promise<Definitions> {
  const timelines = new Map<number, Timeline & { versions: Game[] }>();
  const knownVersions = new Map(known?.games.map(({ gameNo, versions }) => [gameNo, versions]));
  const newest = [...knownVersions.values()].map((versions) => versions.at(-1)?.version ?? 0);
  const { rows } = await sql<Row>`
    select d.epoch, d.event_keys_from, g.game_no, g.game_id, ${statusesOfGame} as statuses, v.version, v.in_force_from, v.config
      from milepost.definitions d
      left join milepost.game g on true
      left join unnest(${[...knownVersions.keys()]}::integer[], ${newest}::integer[]) as k (game_no, version) on k.game_no = g.game_no
      left join milepost.game_version v on v.game_no = g.game_no and v.version > coalesce(k.version, 0)
     order by g.game_no, v.version`.execute(db.query);
  for (const { game_no: gameNo, game_id: gameId, version, in_force_from: inForceFrom, config, statuses } of rows) {
    if (gameNo === null || gameId === null) continue;
    const versions = [...(knownVersions.get(gameNo) ?? [])];
    const timeline = timelines.get(gameNo) ?? { gameNo, gameId, versions, statuses: readStatuses(statuses) };
    timelines.set(gameNo, timeline);
    if (version === null || inForceFrom === null) continue;
    timeline.versions.push(prepareGame(readConfig(config, gameId, version), { gameNo, version, inForceFrom }));
  }
  const { epoch, event_keys_from } = rows[0] ?? { epoch: 0, event_keys_from: null };
  return createDefinitions(Number(epoch), [...timelines.values()], event_keys_from ?? undefined);
}

/** A game with one of its versions, or with none when all of them are known; nulls when there is no game. */
interface Row {
  epoch: string;
  event_keys_from: Instant | null;
  game_no: number | null;
  game_id: string | null;
  statuses: Parameters<typeof readStatuses>[0];
  version: number | null;
  in_force_from: Instant | null;
  config: unknown;
}

/** Definitions from timelines; what tests and simulations use without a database. */
export function createDefinitions(epoch: number, games: readonly Timeline[], eventKeysFrom?: Instant): Definitions {
  const gamesByEventType = new Map<string, Timeline[]>();
  for (const timeline of games) {
    const types = new Set(
      timeline.versions.flatMap(({ triggersByType, config }) => [
        ...triggersByType.keys(),
        ...(config.join === undefined ? [] : [config.join.event_type]),
      ]),
    );
    for (const type of types) gamesByEventType.set(type, [...(gamesByEventType.get(type) ?? []), timeline]);
  }
  return { epoch, games, gamesByEventType, eventKeysFrom };
}
