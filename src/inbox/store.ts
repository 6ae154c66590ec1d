// What the inbox keeps besides judged events: parked messages, conflicts, failed events, and the positions of sources.

import type { Db } from '../db/connect.ts';
import { callFunction } from '../db/sql-function.ts';
import type { EventOutcome } from '../db/tables.ts';
import type { Tx } from '../db/transaction.ts';
import type { IncomingEvent, ParkedMessage } from '../event/event.ts';
import { formatOrigin } from '../event/origin.ts';
import { digestOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

/**
 * Keeps messages that could not be read as events. The same delivery parks once, however often it comes. Sorted, so that two transactions that park
 * the same ones wait for each other in one direction only.
 */
export async function park(tx: Tx, parked: readonly ParkedMessage[], now: Instant): Promise<void> {
  if (parked.length === 0) return;
  const rows = parked.map((message) => {
    const { origin } = message;
    const bytes = Buffer.from(message.bytes).subarray(0, limits.parkedBytes);
    return {
      // Kafka's positions start over in a topic made anew, so the bytes are part of what a delivery is.
      message_key: digestOf(
        message.source,
        origin.transport === 'kafka' ? formatOrigin(origin) : origin.transport,
        Buffer.from(message.bytes).toString('latin1'),
      ),
      source: message.source,
      origin: formatOrigin(origin),
      topic: origin.transport === 'kafka' ? origin.topic : null,
      partition: origin.transport === 'kafka' ? origin.partition : null,
      offset: origin.transport === 'kafka' ? origin.offset : null,
      bytes,
      reason: message.reason,
      // A parser may quote the message, and text columns hold everything but NUL.
      detail: message.detail.replaceAll('\0', '\ufffd'),
      received_at: formatInstant(message.receivedAt ?? now),
    };
  });
  rows.sort((a, b) => (a.message_key < b.message_key ? -1 : 1));
  await tx.query
    .insertInto('parked_message')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** An event whose identity is known with another content. */
export interface Conflict {
  bucket: number;
  playerId: number;
  eventNo: number;
  incoming: IncomingEvent;
  receivedAt: Instant;
}

/** Records conflicts; the same conflicting content is recorded once. */
export async function recordConflicts(tx: Tx, conflicts: readonly Conflict[]): Promise<void> {
  if (conflicts.length === 0) return;
  await tx.query
    .insertInto('event_conflict')
    .values(
      conflicts.map(({ bucket, playerId, eventNo, incoming, receivedAt }) => ({
        bucket,
        player_id: playerId,
        event_no: eventNo,
        content_hash: incoming.contentHash,
        origin: formatOrigin(incoming.origin),
        payload: incoming.payload,
        received_at: formatInstant(receivedAt),
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Stores an event that stood alone and still could not be judged, with the error. */
export async function recordFailure(
  tx: Tx,
  failed: { bucket: number; playerId: number; eventNo: number; incoming: IncomingEvent; receivedAt: Instant },
  error: string,
): Promise<void> {
  const { incoming } = failed;
  await callFunction(tx, 'inbox_fail', [
    { name: 'p_bucket', type: 'smallint', value: failed.bucket },
    { name: 'p_player_id', type: 'bigint', value: failed.playerId },
    { name: 'p_event_no', type: 'bigint', value: failed.eventNo },
    { name: 'p_event_id', type: 'text', value: incoming.event.event_id },
    { name: 'p_producer', type: 'text', value: incoming.event.producer },
    { name: 'p_content_hash', type: 'uuid', value: incoming.contentHash },
    { name: 'p_received_at', type: 'timestamptz', value: formatInstant(failed.receivedAt) },
    { name: 'p_event', type: 'text', value: JSON.stringify(incoming) },
    { name: 'p_error', type: 'text', value: error },
  ]);
}

/** A judgement of an event that had been judged before. */
export interface Rejudged {
  bucket: number;
  playerId: number;
  eventNo: number;
  /** The number that it would have if it had come now: its place among the judgements. */
  judgedNo: number;
  from: { outcome: string; reason: string | null };
  to: { outcome: string; reason: string | null };
}

/** Records judgements after the first, and the run that asked for them, if one did. */
export async function recordRejudged(
  tx: Tx,
  rejudged: readonly Rejudged[],
  run: string | undefined,
  now: Instant,
): Promise<void> {
  if (rejudged.length === 0) return;
  await tx.query
    .insertInto('event_rejudged')
    .values(
      rejudged.map(({ bucket, playerId, eventNo, judgedNo, from, to }) => ({
        bucket,
        player_id: playerId,
        event_no: eventNo,
        judged_no: judgedNo,
        from_outcome: from.outcome as EventOutcome,
        from_reason: from.reason,
        to_outcome: to.outcome as EventOutcome,
        to_reason: to.reason,
        run_no: run ?? null,
        judged_at: formatInstant(now),
      })),
    )
    .execute();
}

/** The next offset to read of a Kafka partition, once the batch is committed. */
export interface Position {
  topic: string;
  partition: number;
  /** Where the batch was read from, decimal text: offsets are 64-bit. The batch commits only while this is the stored position. */
  fromOffset?: string;
  nextOffset: string;
}

/** The stored position is not where the batch was read from: nothing of it is committed, and its source has to begin at the stored one. */
export class PositionMoved extends Error {}

/** Moves a source's position in the transaction of the batch that ends there. */
export async function advancePosition(tx: Tx, position: Position, now: Instant): Promise<void> {
  await callFunction(tx, 'inbox_advance', [
    { name: 'p_topic', type: 'text', value: position.topic },
    { name: 'p_partition', type: 'integer', value: position.partition },
    { name: 'p_from_offset', type: 'bigint', value: position.fromOffset ?? null },
    { name: 'p_next_offset', type: 'bigint', value: position.nextOffset },
    { name: 'p_now', type: 'timestamptz', value: formatInstant(now) },
  ]);
}

/** Makes the inbox partition of a UTC day (`2026-06-10`) unless it is there. */
export async function ensureInboxPartition(db: Db, day: string): Promise<void> {
  await db.pool.query('select milepost.inbox_partition($1::date)', [day]);
}

/** The database's clock: what counts as the time of receipt where a message carries none. */
export async function databaseClock(db: Db): Promise<Instant> {
  const { rows } = await db.pool.query<{ now: Instant }>('select clock_timestamp() as now');
  return (rows[0] as { now: Instant }).now;
}
