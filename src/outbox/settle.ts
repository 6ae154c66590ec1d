// Settling leased messages: many results in one statement, each fenced by its lease's token. A repeat changes nothing.
import type pg from 'pg';
import { arrayOf, arrayOfJson, arrayOfText, callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import type { Json } from '../event/event.ts';
import type { Destination } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Sealed } from '../seal.ts';
import { type CircuitRules, type CircuitState, circuitRules } from './circuit.ts';
import type { Delivery } from './delivery.ts';
import type { LeasedMessage } from './lease.ts';

/** What came of a leased message; `released` means that it was not sent, and leaves it as if it had not been leased. */
export interface Settlement {
  message: LeasedMessage;
  delivery: Delivery | { kind: 'released' };
  /** When it is due again, from now; of use for `retry`. */
  waitMs: number;
  /** On this process's monotonic clock. */
  startedAt: number;
  endedAt: number;
}

/** What became of settlements. */
export interface Settled {
  /** How many were still ours. */
  settled: number;
  /** Whether there are refreshes to deliver once this is committed. */
  refreshed: boolean;
  /** The destination's circuit, now; and whether these settlements have changed it. */
  circuit: CircuitState;
  circuit_changed: boolean;
  /** While the circuit is half-open: the token of the lease that may be sent. */
  probe_token: string | null;
  /** The circuit has just let go of what it held back: a lease may be had at once. */
  ready: boolean;
}

/**
 * Records what came of messages of a destination, in the order in which their calls ended, and tells its circuit; where a reward ended, its
 * player's refresh is written too.
 */
export async function settle(
  tx: Tx,
  destination: Destination,
  settlements: readonly Settlement[],
  circuit: CircuitRules = circuitRules(limits.leaseRows),
): Promise<Settled> {
  const now = performance.now();
  const deliveries = settlements.map(({ delivery }) => delivery);
  const [result] = await callFunction<Settled & pg.QueryResultRow>(tx, 'outbox_settle', [
    { name: 'p_destination', type: 'text', value: destination },
    ...identify(settlements),
    { name: 'p_result', type: 'text[]', value: arrayOf(deliveries.map(({ kind }) => kind)) },
    { name: 'p_wait_ms', type: 'double precision[]', value: arrayOf(settlements.map(({ waitMs }) => waitMs)) },
    { name: 'p_error', type: 'text[]', value: arrayOfText(deliveries.map(errorOf)) },
    {
      name: 'p_answer',
      type: 'jsonb[]',
      value: arrayOfJson(deliveries.map((of) => jsonOf('answer' in of ? of.answer : null))),
      joined: true,
    },
    {
      name: 'p_request',
      type: 'jsonb[]',
      value: arrayOfJson(deliveries.map((of) => jsonOf('request' in of ? of.request : null))),
      joined: true,
    },
    {
      name: 'p_started_ms_ago',
      type: 'double precision[]',
      value: arrayOf(settlements.map(({ startedAt }) => now - startedAt)),
    },
    {
      name: 'p_ended_ms_ago',
      type: 'double precision[]',
      value: arrayOf(settlements.map(({ endedAt }) => now - endedAt)),
    },
    {
      name: 'p_reason',
      type: 'text[]',
      value: arrayOfText(deliveries.map((of) => (of.kind === 'retry' ? of.reason : ''))),
    },
    {
      name: 'p_asked_ms',
      type: 'double precision[]',
      value: arrayOf(
        deliveries.map((of) => (of.kind === 'retry' ? Math.min(of.retryAfterMs ?? 0, limits.retryMaxMs) : 0)),
      ),
    },
    { name: 'p_key_id', type: 'text[]', value: arrayOfText(deliveries.map((of) => sealedOf(of)?.keyId ?? null)) },
    { name: 'p_sealed', type: 'text[]', value: arrayOfText(deliveries.map((of) => sealedOf(of)?.bytes ?? null)) },
    { name: 'p_open_after', type: 'integer', value: circuit.openAfter },
    { name: 'p_circuit_wait_ms', type: 'double precision', value: circuit.waitMs },
    { name: 'p_circuit_wait_max_ms', type: 'double precision', value: circuit.waitMaxMs },
    { name: 'p_full_wave', type: 'integer', value: circuit.fullWave },
    { name: 'p_open_share', type: 'double precision', value: circuit.openShare },
    { name: 'p_share_results', type: 'integer', value: circuit.shareResults },
    { name: 'p_window_ms', type: 'double precision', value: circuit.windowMs },
  ]);
  if (result === undefined) throw new Error('outbox_settle returned no row');
  return result;
}

/** Removes delivered messages that nobody asks about afterwards. Returns how many were still ours. */
export async function remove(tx: Tx, settlements: readonly Settlement[]): Promise<number> {
  const [result] = await callFunction<{ outbox_remove: number }>(tx, 'outbox_remove', identify(settlements));
  if (result === undefined) throw new Error('outbox_remove returned no row');
  return result.outbox_remove;
}

function identify(settlements: readonly Settlement[]) {
  const messages = settlements.map(({ message }) => message);
  return [
    { name: 'p_bucket', type: 'smallint[]', value: arrayOf(messages.map(({ bucket }) => bucket)) },
    { name: 'p_message_no', type: 'bigint[]', value: arrayOf(messages.map(({ messageNo }) => messageNo)) },
    { name: 'p_claim_token', type: 'uuid[]', value: arrayOf(messages.map(({ claimToken }) => claimToken)) },
  ];
}

function sealedOf(delivery: Settlement['delivery']): Sealed | undefined {
  return delivery.kind === 'done' ? delivery.sealed : undefined;
}

function errorOf(delivery: Settlement['delivery']): string | null {
  if (!('error' in delivery)) return null;
  const text = 'reason' in delivery ? `${delivery.reason}: ${delivery.error}` : delivery.error;
  return storable(text).slice(0, limits.errorChars);
}

function jsonOf(value: Json): string | null {
  if (value === null) return null;
  const text = JSON.stringify(value);
  // What cannot be stored is written as an escape, and hardly ever there.
  if (!text.includes('\\u')) return text;
  return JSON.stringify(value, (_key, part) => (typeof part === 'string' ? storable(part) : part));
}

/** What others send may hold what PostgreSQL cannot store; one such text must not keep the results beside it from being settled. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
