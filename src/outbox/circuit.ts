// The circuit of each destination, as it is shown and as a person sets it. What opens and closes it by itself is decided where it is atomic: in
// outbox_lease, outbox_settle and circuit_observe.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Tx } from '../db/transaction.ts';
import type { Destination } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Instant } from '../time.ts';
import { allDestinations } from './destinations.ts';

/** closed: messages go out. open: none does. half_open: first one, then more and more, as they succeed. */
export type CircuitState = 'closed' | 'open' | 'half_open';

/** When a circuit opens, how long it waits between probes, and after how many messages dealt with at once it closes. */
export interface CircuitRules {
  /** Failures in a row, of all workers together. */
  openAfter: number;
  /** Or this part of at least so many results within this time, of all workers together. */
  openShare: number;
  shareResults: number;
  windowMs: number;
  /** The first wait; it doubles with each probe that fails, up to the longest. */
  waitMs: number;
  waitMaxMs: number;
  fullWave: number;
}

/** The rules for a drain that leases so many messages at once. */
export function circuitRules(leaseRows: number): CircuitRules {
  return {
    openAfter: limits.circuitFailures,
    openShare: limits.circuitShare,
    shareResults: limits.circuitShareResults,
    windowMs: limits.circuitWindowMs,
    waitMs: limits.circuitWaitMs,
    waitMaxMs: limits.circuitWaitMaxMs,
    fullWave: leaseRows,
  };
}

export interface Circuit {
  destination: Destination;
  state: CircuitState;
  /** Opened by a person: nothing but a person closes it. */
  by_hand: boolean;
  /** Failures since the last success. */
  failures: number;
  opened_at: Instant | null;
  /** When the next message may be tried. */
  probe_at: Instant | null;
  reason: string | null;
  /** Messages that wait to be delivered. */
  waiting: number;
}

/** The circuits of these destinations, and of others that messages wait for. */
export async function readCircuits(db: Db, known: readonly Destination[]): Promise<Circuit[]> {
  const { rows } = await sql<Circuit>`
    select d.destination, coalesce(c.state, 'closed')::text as state, coalesce(c.by_hand, false) as by_hand, coalesce(c.failures, 0) as failures,
           c.opened_at, case when c.state = 'open' and not c.by_hand then c.probe_at end as probe_at, c.reason,
           (select count(*)::integer from milepost.outbox o where o.destination = d.destination and o.state in ('pending', 'leased')) as waiting
      from (${allDestinations(known)}) as d
      left join milepost.circuit c on c.destination = d.destination
     where d.destination <> 'budget'
     order by d.at nulls last, d.destination`.execute(db.query);
  return rows;
}

/** The state of each of these destinations' circuits, and of others that messages wait for. */
export async function readCircuitStates(
  db: Db,
  known: readonly Destination[],
): Promise<Map<Destination, CircuitState>> {
  const { rows } = await sql<{ destination: Destination; state: CircuitState }>`
    select d.destination, coalesce(c.state, 'closed')::text as state
      from (${allDestinations(known)}) as d
      left join milepost.circuit c on c.destination = d.destination
     where d.destination <> 'budget'`.execute(db.query);
  return new Map(rows.map(({ destination, state }) => [destination, state]));
}

/** Opens a circuit until it is closed by hand, or closes one, beginning with one message. False when there was nothing to change. */
export async function setCircuit(
  tx: Tx,
  destination: Destination,
  change: { open: boolean; by: string; reason: string },
): Promise<boolean> {
  const { rows } = await tx.client.query<{ changed: boolean }>(
    'select milepost.circuit_set($1, $2, $3, $4) as changed',
    [destination, change.open, change.by, change.reason],
  );
  return rows[0]?.changed === true;
}
