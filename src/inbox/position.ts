// Where each Kafka partition stands, in PostgreSQL, and the alarms that keep one from being read. The broker's memory of it is never asked: a
// database restored from a backup re-reads what it lost. The position itself moves in the batch's transaction (store.ts).
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Tx } from '../db/transaction.ts';

/** Why a partition is not read until a person has decided; the same word in SQL, metrics and docs. */
export type AlarmReason = 'records_gone' | 'log_restarted' | 'undecodable';

export interface Alarm {
  reason: AlarmReason;
  /** What happened and what to do, in words. */
  detail: string;
}

/** What is stored about a partition; both undefined for one never read. */
export interface StoredPosition {
  next: bigint | undefined;
  alarm: Alarm | undefined;
}

export interface PartitionName {
  topic: string;
  partition: number;
}

/** What is stored about the partitions, in their order. */
export async function readPositions(db: Db, partitions: readonly PartitionName[]): Promise<StoredPosition[]> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  if (topics.length === 0) return [];
  const [positions, alarms] = await Promise.all([
    db.query
      .selectFrom('source_position')
      .select(['topic', 'partition', 'next_offset'])
      .where('topic', 'in', topics)
      .execute(),
    db.query
      .selectFrom('source_alarm')
      .select(['topic', 'partition', 'reason', 'detail'])
      .where('topic', 'in', topics)
      .execute(),
  ]);
  const nexts = new Map(positions.map((row) => [keyOf(row), BigInt(row.next_offset)]));
  const raised = new Map(alarms.map((row) => [keyOf(row), { reason: row.reason as AlarmReason, detail: row.detail }]));
  return partitions.map((partition) => ({ next: nexts.get(keyOf(partition)), alarm: raised.get(keyOf(partition)) }));
}

/** `topic/partition`: how a partition is named in logs and maps. */
export function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

/** Notes where the reading of a partition begins, so that records lost before the first batch are noticed. An existing position stays. */
export async function notePosition(tx: Tx, { topic, partition }: PartitionName, next: bigint): Promise<void> {
  await tx.query
    .insertInto('source_position')
    .values({ topic, partition, next_offset: next, updated_at: sql`clock_timestamp()` })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Keeps an alarm. One that is there already stays: the first cause is the one to look at. */
export async function raiseAlarm(
  tx: Tx,
  { topic, partition }: PartitionName,
  next: bigint,
  alarm: Alarm,
): Promise<void> {
  await tx.query
    .insertInto('source_alarm')
    .values({ topic, partition, next_offset: next, ...alarm, raised_at: sql`clock_timestamp()` })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** A first batch that was begun and not ended. */
export interface Start {
  next: bigint;
  /** Whether it held one message only. */
  alone: boolean;
  starts: number;
}

/** The start that was left behind, if any: it killed its process, or the process was killed during it. */
export async function unfinishedStart(tx: Tx, { topic, partition }: PartitionName): Promise<Start | undefined> {
  const row = await tx.query
    .selectFrom('source_start')
    .select(['next_offset', 'alone', 'starts'])
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .executeTakeFirst();
  return row && { next: BigInt(row.next_offset), alone: row.alone, starts: row.starts };
}

/** Notes that a batch is about to begin. */
export async function noteStart(
  tx: Tx,
  { topic, partition }: PartitionName,
  { next, alone, starts }: Start,
): Promise<void> {
  const row = { next_offset: next, alone, starts, started_at: sql<string>`clock_timestamp()` };
  await tx.query
    .insertInto('source_start')
    .values({ topic, partition, ...row })
    .onConflict((conflict) => conflict.columns(['topic', 'partition']).doUpdateSet(row))
    .execute();
}

/** The batch has ended, one way or the other, and the process lives. */
export async function forgetStart(tx: Tx, { topic, partition }: PartitionName): Promise<void> {
  await tx.query.deleteFrom('source_start').where('topic', '=', topic).where('partition', '=', partition).execute();
}
