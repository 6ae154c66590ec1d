// Leasing due messages. A lease is by the database's clock and fenced by a token; this process knows only how long it may rely on it.
import { callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import type { Destination } from '../event/message.ts';
import { limits } from '../limits.ts';

/** A message that is ours for a while. */
export interface LeasedMessage {
  bucket: number;
  /** bigint as text. */
  messageNo: string;
  /** The idempotency key that is sent; null for a refresh. */
  messageKey: string | null;
  /** A key that the destination must be asked for first: only if it was never applied, this message may be. */
  askKey: string | null;
  /** By which definition of its service's requests it is sent, at this attempt and every other; null where none is configured. */
  requestDigest: string | null;
  body: unknown;
  /** This attempt's number, from 1. */
  attempt: number;
  /** Time since the earliest moment at which an attempt may have been made: ours, or by a database that was lost, since the event came. */
  ageMs: number;
  claimToken: string;
  /** On this process's monotonic clock, never later than the lease really ends. */
  leasedUntil: number;
}

export interface Lease {
  messages: LeasedMessage[];
  /** When to look again: 0 when there may be more at once, undefined when nothing waits. */
  dueInMs: number | undefined;
}

type MessageRow = [
  bucket: number,
  messageNo: string,
  messageKey: string | null,
  body: unknown,
  attempt: number,
  ageMs: number,
  askKey: string | null,
  requestDigest: string | null,
];

/**
 * Leases up to `rows` due messages of a destination for `leaseMs`: fewer while its circuit is not closed, and no more than `ratePerSecond`, over
 * all workers.
 */
export async function leaseDue(
  tx: Tx,
  destination: Destination,
  options: {
    rows: number;
    leaseMs: number;
    ratePerSecond?: number | undefined;
    /** What messages that were never leased are sent by. */
    requestDigest?: string | undefined;
  },
): Promise<Lease> {
  const askedAt = performance.now();
  const [leased] = await callFunction<{ claim_token: string; messages: string; due_in_ms: number | null }>(
    tx,
    'outbox_lease',
    [
      { name: 'p_destination', type: 'text', value: destination },
      { name: 'p_limit', type: 'integer', value: options.rows },
      { name: 'p_lease_ms', type: 'double precision', value: options.leaseMs },
      { name: 'p_look_ms', type: 'double precision', value: limits.circuitLookMs },
      { name: 'p_rate', type: 'double precision', value: options.ratePerSecond ?? null },
      { name: 'p_request_digest', type: 'uuid', value: options.requestDigest ?? null },
    ],
  );
  if (leased === undefined) throw new Error('outbox_lease returned no row');
  const rows = JSON.parse(leased.messages) as MessageRow[];
  return {
    messages: rows.map(([bucket, messageNo, messageKey, body, attempt, ageMs, askKey, requestDigest]) => ({
      bucket,
      messageNo,
      messageKey,
      askKey,
      requestDigest,
      body,
      attempt,
      ageMs,
      claimToken: leased.claim_token,
      leasedUntil: askedAt + options.leaseMs,
    })),
    dueInMs: leased.due_in_ms === null ? undefined : Math.max(0, leased.due_in_ms),
  };
}
