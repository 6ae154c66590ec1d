// Runs of reprocessing on record: who asked for what, why, and how far it is. Rows are added and moved on, never taken back.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Tx } from '../db/transaction.ts';
import type { Json } from '../event/event.ts';
import type { Instant } from '../time.ts';
import type { ParkedFilter } from './parked.ts';
import type { EventFilter, EventPlace } from './stored.ts';

/** What a run is asked to look at again. */
export type Wanted = { events: EventFilter } | { parked: ParkedFilter };

/** The last thing that has been dealt with. */
export type RunPosition = { event: EventPlace } | { parked: string };

export interface Run {
  run_no: string;
  wanted: Wanted;
  asked_by: string;
  reason: string;
  started_at: Instant;
  position: RunPosition | null;
  looked_at: number;
  changed: number;
  ended_at: Instant | null;
}

/** Begins a run, and gives its number. */
export async function beginRun(
  tx: Tx,
  { wanted, by, reason }: { wanted: Wanted; by: string; reason: string },
): Promise<string> {
  const { run_no } = await tx.query
    .insertInto('reprocess_run')
    .values({
      wanted: JSON.stringify(wanted),
      asked_by: by,
      reason,
      started_at: sql<string>`clock_timestamp()`,
    })
    .returning('run_no')
    .executeTakeFirstOrThrow();
  return run_no;
}

/** Moves a run on past a batch. */
export async function advanceRun(
  tx: Tx,
  run: string,
  step: { position: RunPosition; lookedAt: number; changed: number },
): Promise<void> {
  await tx.query
    .updateTable('reprocess_run')
    .set((row) => ({
      position: JSON.stringify(step.position),
      looked_at: row('looked_at', '+', String(step.lookedAt)),
      changed: row('changed', '+', String(step.changed)),
    }))
    .where('run_no', '=', run)
    .execute();
}

/** There is nothing left to do in a run. */
export async function endRun(tx: Tx, run: string): Promise<void> {
  await tx.query
    .updateTable('reprocess_run')
    .set({ ended_at: sql<string>`clock_timestamp()` })
    .where('run_no', '=', run)
    .execute();
}

/** The newest runs, or the one of a number. */
export async function findRuns(db: Db, limit: number, run?: string): Promise<Run[]> {
  const rows = await db.query
    .selectFrom('reprocess_run')
    .select(['run_no', 'wanted', 'asked_by', 'reason', 'started_at', 'position', 'looked_at', 'changed', 'ended_at'])
    .$if(run !== undefined, (query) => query.where('run_no', '=', run as string))
    .orderBy('run_no', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ...row,
    wanted: row.wanted as Json as unknown as Wanted,
    position: row.position as Json as unknown as RunPosition | null,
    looked_at: Number(row.looked_at),
    changed: Number(row.changed),
  })) as Run[];
}
