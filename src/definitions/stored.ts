// What the tables of the definitions hold, read back: a configuration that was checked when it was activated, and a game's changes of status.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../db/tables.ts';
import { Defect } from '../errors.ts';
import { type GameConfig, gameSchema } from '../games/config.ts';
import type { StatusChange } from '../games/decide.ts';
import { type Instant, parseInstant } from '../time.ts';

/** A Db or a Tx. */
export interface Reader {
  readonly query: Kysely<DB>;
}

/** Who made an entry of a timeline, when and why. */
export interface Signature {
  at: Instant;
  by: string;
  reason: string;
}

export interface StatusEntry extends StatusChange, Signature {}

/** A stored version was checked when it was activated; one that this program cannot read was activated by a newer one. */
export function readConfig(config: unknown, gameId: string, version: number): GameConfig {
  const read = gameSchema.safeParse(config);
  if (read.success) return read.data;
  throw new Defect(`version ${version} of ${gameId} cannot be read by this version of Milepost: ${read.error.message}`);
}

/** The changes of status of the game in the query's table `g`, oldest first, as one column: so a game and all of it come from one snapshot. */
export const statusesOfGame = sql<readonly StatusRow[]>`(
  select coalesce(json_agg(json_build_object(
           'changeNo', s.change_no, 'status', s.status, 'from', s.in_force_from,
           'at', s.changed_at, 'by', s.changed_by, 'reason', s.reason) order by s.change_no), '[]')
    from milepost.game_status_change s where s.game_no = g.game_no)`;

/** Reads the column `statusesOfGame`. */
export function readStatuses(column: readonly StatusRow[]): StatusEntry[] {
  return column.map((row) => ({ ...row, from: instantIn(row.from), at: instantIn(row.at) }));
}

/** Instants inside a JSON column are text, as PostgreSQL writes it. */
type StatusRow = Omit<StatusEntry, 'from' | 'at'> & { from: string; at: string };

function instantIn(json: string): Instant {
  return parseInstant(json) as Instant;
}
