// Versioned configuration as consumers see it: every game's versions, found by event type, under one epoch. Loaded whole, replaced whole.
import type { Db } from '../db/connect.ts';
import type { Timeline } from '../games/decide.ts';
import { type Game, prepareGame } from '../games/game.ts';
import { readConfig, readStatuses, statusesOfGame } from './stored.ts';

export interface Definitions {
  /** Rises with every activation; a batch is never decided with an older epoch than the database's. */
  epoch: number;
  games: readonly Timeline[];
  /** The games that have a trigger for an event type, or are joined by it, in any version. */
  gamesByEventType: ReadonlyMap<string, readonly Timeline[]>;
}

/** Reads all definitions as of one snapshot. */
export async function loadDefinitions(db: Db): Promise<Definitions> {
  const rows = await db.query
    .selectFrom('definitions as d')
    .leftJoin('game_version as v', (join) => join.onTrue())
    .leftJoin('game as g', 'g.game_no', 'v.game_no')
    .select(['d.epoch', 'g.game_no', 'g.game_id', 'v.version', 'v.in_force_from', 'v.config'])
    .select(statusesOfGame.as('statuses'))
    .orderBy('g.game_no')
    .orderBy('v.version')
    .execute();
  const timelines = new Map<number, Timeline & { versions: Game[] }>();
  for (const { game_no: gameNo, game_id: gameId, version, in_force_from: inForceFrom, config, statuses } of rows) {
    if (gameNo === null || gameId === null || version === null || inForceFrom === null) continue;
    const timeline = timelines.get(gameNo) ?? { gameNo, gameId, versions: [], statuses: readStatuses(statuses) };
    timeline.versions.push(prepareGame(readConfig(config, gameId, version), { gameNo, version, inForceFrom }));
    timelines.set(gameNo, timeline);
  }
  return createDefinitions(Number(rows[0]?.epoch ?? 0), [...timelines.values()]);
}

/** Definitions from timelines; what tests and simulations use without a database. */
export function createDefinitions(epoch: number, games: readonly Timeline[]): Definitions {
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
  return { epoch, games, gamesByEventType };
}
