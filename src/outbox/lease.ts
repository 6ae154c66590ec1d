// Leasing due messages. A lease is by the database's clock and fenced by a token; this process knows only how long it may rely on it.
import { callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import type { Destination } from '../event/message.ts';

/** A message that is ours for a while. */
export interface LeasedMessage {
  bucket: number;
  /** bigint as text. */
  messageNo: string;
  /** The idempotency key; null for a refresh. */
  messageKey: string | null;
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
];

/** Leases up to `rows` due messages of a destination for `leaseMs`. */
export async function leaseDue(
  tx: Tx,
  destination: Destination,
  options: { rows: number; leaseMs: number },
): Promise<Lease> {
  const askedAt = performance.now();
  const [leased] = await callFunction<{ claim_token: string; messages: string; due_in_ms: number | null }>(
    tx,
    'outbox_lease',
    [
      { name: 'p_destination', type: 'text', value: destination },
      { name: 'p_limit', type: 'integer', value: options.rows },
      { name: 'p_lease_ms', type: 'double precision', value: options.leaseMs },
    ],
  );
  if (leased === undefined) throw new Error('outbox_lease returned no row');
  const rows = JSON.parse(leased.messages) as MessageRow[];
  return {
    messages: rows.map(([bucket, messageNo, messageKey, body, attempt, ageMs]) => ({
      bucket,
      messageNo,
      messageKey,
      body,
      attempt,
      ageMs,
      claimToken: leased.claim_token,
      leasedUntil: askedAt + options.leaseMs,
    })),
    dueInMs: leased.due_in_ms === null ? undefined : Math.max(0, leased.due_in_ms),
  };
}
