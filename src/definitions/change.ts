// A change of a game's timeline: what every one of them begins with, is checked for, and ends with. Owns the order of changes (the row of the
// definitions is locked first), the revision, and the refusal to change what has been judged already.
import { sql } from 'kysely';
import pg from 'pg';
import { counted } from '../counted.ts';
import type { Tx } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import type { GameConfig } from '../games/config.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Zone } from '../time-zone.ts';
import { formatMoment } from './moment.ts';
import { type GameRecord, readRecords } from './record.ts';

/** What every change says beside what it changes. */
export interface ChangeRequest {
  by: string;
  reason: string;
  /** Refused when the game's revision is another by now. */
  expectedRevision?: number | undefined;
  /** Meant although events that it touches have been judged already. */
  intoThePast?: boolean | undefined;
}

/** Somebody else has changed the game. */
export class StaleRevision extends UserError {
  readonly found: number;

  constructor(gameId: string, expected: number, found: number) {
    const now = found === 0 ? 'there is no such game yet' : `its revision is ${found}, so somebody has changed it`;
    super(`${gameId} was expected at revision ${expected}: ${now}; look at it again`);
    this.found = found;
  }
}

/** A change would apply to events that have been judged already. */
export class IntoThePast extends UserError {
  readonly affected: Affected | 'too_many';

  constructor(message: string, affected: Affected | 'too_many') {
    super(message);
    this.affected = affected;
  }
}

/** What has been judged already. */
export interface Affected {
  events: number;
  players: number;
  credits: number;
}

/** A game as it is at an instant of the database's clock; no record when there is no such game. */
export interface Seen {
  record: GameRecord | undefined;
  now: Instant;
}

/** Begins a change: takes its place in the order of all changes, and reads the game as it is then. */
export async function beginChange(tx: Tx, gameId: string): Promise<Seen> {
  // Raised first: it serialises changes, and whoever reads the new epoch sees the change too, as both commit together.
  await tx.query
    .updateTable('definitions')
    .set((eb) => ({ epoch: eb('epoch', '+', '1') }))
    .execute();
  return look(tx, gameId);
}

/** Reads the game of a change that is not begun yet, so that what takes long is done before all other changes have to wait. */
export async function look(tx: Tx, gameId: string): Promise<Seen> {
  const [record] = await readRecords(tx, gameId);
  const clock = await sql<{ now: Instant }>`select clock_timestamp() as now`.execute(tx.query);
  return { record, now: clock.rows[0]?.now as Instant };
}

/**
 * Refuses a change of a game that is not as it was seen; one that does not exist is at revision 0.
 * @throws StaleRevision
 */
export function checkRevision(gameId: string, revision: number, expected: number | undefined): void {
  if (expected !== undefined && expected !== revision) throw new StaleRevision(gameId, expected, revision);
}

/** Ends a change: the game's revision rises. Returns the new one. */
export async function endChange(tx: Tx, gameNo: number): Promise<number> {
  const { revision } = await tx.query
    .updateTable('game')
    .set((eb) => ({ revision: eb('revision', '+', 1) }))
    .where('game_no', '=', gameNo)
    .returning('revision')
    .executeTakeFirstOrThrow();
  return revision;
}

/** What a change applies to: what occurs from an instant on, and is looked at by these configurations: those in force from then on, before and after it. */
export interface Reach {
  from: Instant;
  configs: readonly GameConfig[];
  zone: Zone;
}

/**
 * Refuses a change from an instant in the past after which events have been judged already, unless it is meant. Returns what is to be said of it: of
 * one of the next minutes, which events stamped ahead have been judged by then. Batches that have
 * not committed are not seen, whenever this is asked: they do not wait for a change, nor a change for them. So it is asked before the change begins.
 * @throws IntoThePast with what would be affected.
 */
export async function checkPast(
  tx: Tx,
  record: GameRecord,
  { from, configs, zone }: Reach,
  { now, intoThePast }: Pick<ChangeRequest, 'intoThePast'> & { now: Instant },
): Promise<string[]> {
  // Events are judged although they are stamped ahead by as much.
  if (from > now + limits.clockSkewMs) return [];
  const moment = formatMoment(from, zone);
  const ahead = from >= now + limits.activationDelayMs;
  if (intoThePast === true) {
    if (ahead) return [];
    return [
      `events that occurred from ${moment} on and have been judged already are not looked at again unless they are reprocessed`,
    ];
  }
  const affected = await countJudged(tx, record, from, configs);
  if (affected !== 'too_many' && affected.events + affected.credits === 0) return [];
  // Clocks of producers always run a little ahead: refused for that, no change could be made while events come in.
  if (ahead) {
    const some =
      affected === 'too_many'
        ? `events stamped ${moment} or later may have been judged already; there was no time to look`
        : judged(affected);
    return [`${some}, as clocks of producers run ahead: they keep what they gave`];
  }
  const keep = 'They would keep what they gave, and would not be looked at again unless reprocessed';
  throw new IntoThePast(`${record.gameId} cannot change from ${moment}: ${judged(affected)}. ${keep}`, affected);
}

function judged(affected: Affected | 'too_many'): string {
  if (affected === 'too_many') {
    return `more events that occurred since then have been judged already than could be counted in ${limits.pastCountMs / 1_000} seconds`;
  }
  const { events, players, credits } = affected;
  const have = events === 1 ? 'has' : 'have';
  return (
    `${counted(events, 'event')} of ${counted(players, 'player')} that occurred since then ${have} been judged already, ` +
    `and gave ${counted(credits, 'credit')} in this game`
  );
}

/** Stored events from an instant on that the game looks at, and the credits that it gave to their players since. */
async function countJudged(
  tx: Tx,
  record: GameRecord,
  from: Instant,
  configs: readonly GameConfig[],
): Promise<Affected | 'too_many'> {
  const types = configs.flatMap(({ triggers, join }) => [
    ...triggers.map(({ event_type }) => event_type),
    ...(join === undefined ? [] : [join.event_type]),
  ]);
  const since = formatInstant(from);
  // What occurred from then on was received from then on, but for a producer's clock; so older days are not looked at.
  const received = formatInstant(from - limits.clockSkewMs);
  const events = sql`
    select bucket, player_id, count(*) as events from milepost.inbox
     where received_at >= ${received}::timestamptz and occurred_at >= ${since}::timestamptz
       and event_type = any (${[...new Set(types)]}::text[])
     group by bucket, player_id`;
  const credits = sql`
    select count(*)::float8 as credits from milepost.credit c
     where c.game_no = ${record.gameNo} and c.occurred_at >= ${since}::timestamptz`;
  await sql`savepoint counting`.execute(tx.query);
  try {
    await sql`select set_config('statement_timeout', ${String(limits.pastCountMs)}, true)`.execute(tx.query);
    // The ledger is large, and found by player only: as long as the inbox goes back far enough, it says which players to look up.
    const { rows } = (await inboxHolds(tx, received))
      ? await sql<Affected>`
          select coalesce(sum(p.events), 0)::float8 as events, count(*)::float8 as players, coalesce(sum(c.credits), 0)::float8 as credits
            from (${events}) as p
            cross join lateral (${credits} and c.bucket = p.bucket and c.player_id = p.player_id) as c`.execute(
          tx.query,
        )
      : await sql<Affected>`
          select coalesce(sum(p.events), 0)::float8 as events, count(*)::float8 as players, (${credits}) as credits
            from (${events}) as p`.execute(tx.query);
    return rows[0] as Affected;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === QUERY_CANCELED) return 'too_many';
    throw error;
  } finally {
    await sql`rollback to savepoint counting`.execute(tx.query);
  }
}

/** Whether the inbox holds what was received from an instant on: days are dropped from the oldest on. */
async function inboxHolds(tx: Tx, instant: string): Promise<boolean> {
  const { rows } = await sql`
    select from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'milepost.inbox'::regclass
       and left(c.relname, 14) <= to_char(${instant}::timestamptz at time zone 'UTC', '"inbox_"YYYYMMDD') limit 1`.execute(
    tx.query,
  );
  return rows.length > 0;
}

const QUERY_CANCELED = '57014';
