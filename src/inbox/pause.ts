// Topics that are not read until a person resumes them: kept in PostgreSQL, so that all consumers follow and a restart does not forget. Pausing loses
// nothing: records wait in Kafka, for as long as it keeps them.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Tx } from '../db/transaction.ts';
import type { Instant } from '../time.ts';

/** Stands for every topic; Kafka allows no such name. */
export const EVERY_TOPIC = '*';

export interface Pause {
  /** EVERY_TOPIC for all. */
  topic: string;
  by: string;
  reason: string;
  since: Instant;
}

/** What is paused, by topic. */
export async function readPauses(db: Db): Promise<Pause[]> {
  const rows = await db.query
    .selectFrom('ingest_pause')
    .distinctOn('topic')
    .select(['topic', 'paused', 'changed_by', 'reason', 'changed_at'])
    .orderBy('topic')
    .orderBy('pause_no', 'desc')
    .execute();
  return rows
    .filter(({ paused }) => paused)
    .map(({ topic, changed_by: by, reason, changed_at: since }) => ({ topic, by, reason, since }));
}

/** The pause that keeps a topic from being read, if any does. */
export function pauseOf(topic: string, pauses: readonly Pause[]): Pause | undefined {
  return pauses.find((pause) => pause.topic === topic || pause.topic === EVERY_TOPIC);
}

/** Pauses or resumes a topic; with EVERY_TOPIC it resumes whatever is paused. Answers the topics for which that changed anything. */
export async function setPause(
  tx: Tx,
  topic: string,
  request: { paused: boolean; by: string; reason: string },
): Promise<string[]> {
  const { rows } = await sql<{ topic: string }>`
    select topic from milepost.ingest_pause_set(${topic}, ${request.paused}, ${request.by}, ${request.reason}) as topic`.execute(
    tx.query,
  );
  return rows.map((row) => row.topic);
}
