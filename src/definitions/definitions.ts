// Versioned configuration as consumers see it: every game's versions, found by event type, under one epoch. Loaded whole, replaced whole.
import type { Db } from '../db/connect.ts';
import { Defect } from '../errors.ts';
import { type Game, type GameConfig, gameSchema, prepareGame } from '../games/config.ts';
import type { Timeline } from '../games/decide.ts';

export interface Definitions {
  /** Rises with every activation; a batch is never decided with an older epoch than the database's. */
  epoch: number;
  games: readonly Timeline[];
  /** The games that have a trigger for an event type, in any version. */
  gamesByEventType: ReadonlyMap<string, readonly Timeline[]>;
  gameNos: readonly number[];
}

/** Reads all definitions as of one snapshot. */
export async function loadDefinitions(db: Db): Promise<Definitions> {
  const rows = await db.query
    .selectFrom('definitions as d')
    .leftJoin('game_version as v', (join) => join.onTrue())
    .leftJoin('game as g', 'g.game_no', 'v.game_no')
    .select(['d.epoch', 'g.game_no', 'g.game_id', 'v.version', 'v.in_force_from', 'v.config'])
    .orderBy('g.game_no')
    .orderBy('v.version')
    .execute();
  const versions = new Map<number, Game[]>();
  const ids = new Map<number, string>();
  for (const { game_no, game_id, version, in_force_from, config } of rows) {
    if (game_no === null || game_id === null || version === null || in_force_from === null) continue;
    const game = prepareGame(readStored(config, game_id, version), {
      gameNo: game_no,
      version,
      inForceFrom: in_force_from,
    });
    ids.set(game_no, game_id);
    versions.set(game_no, [...(versions.get(game_no) ?? []), game]);
  }
  const games = [...versions].map(([gameNo, list]) => ({ gameNo, gameId: ids.get(gameNo) as string, versions: list }));
  return createDefinitions(Number(rows[0]?.epoch ?? 0), games);
}

/** A stored version was checked when it was activated; one that this program cannot read was activated by a newer one. */
function readStored(config: unknown, gameId: string, version: number): GameConfig {
  const read = gameSchema.safeParse(config);
  if (read.success) return read.data;
  throw new Defect(`version ${version} of ${gameId} cannot be read by this version of Milepost: ${read.error.message}`);
}

/** Definitions from timelines; what tests and simulations use without a database. */
export function createDefinitions(epoch: number, games: readonly Timeline[]): Definitions {
  const gamesByEventType = new Map<string, Timeline[]>();
  for (const timeline of games) {
    const types = new Set(timeline.versions.flatMap((version) => [...version.triggersByType.keys()]));
    for (const type of types) gamesByEventType.set(type, [...(gamesByEventType.get(type) ?? []), timeline]);
  }
  return { epoch, games, gamesByEventType, gameNos: games.map((timeline) => timeline.gameNo) };
}
