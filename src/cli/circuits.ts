// milepost circuits list | open | close: whether the services are called.
import { readConfig } from '../config.ts';
import { transaction } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { calledDestinations } from '../event/message.ts';
import { type Circuit, readCircuits, setCircuit } from '../outbox/circuit.ts';
import { formatInstant, type Instant } from '../time.ts';
import { withDatabase } from './database.ts';
import { print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';

interface Options {
  json?: boolean;
}

export async function listCircuits(options: Options): Promise<void> {
  const circuits = await withDatabase(readConfig(), 'milepost_support', (db) => readCircuits(db, calledDestinations));
  const instant = (at: Instant | null) => (at === null ? null : formatInstant(at));
  const document = circuits.map((circuit) => ({
    ...circuit,
    opened_at: instant(circuit.opened_at),
    probe_at: instant(circuit.probe_at),
  }));
  print(options, document, () =>
    table(
      ['SERVICE', 'CIRCUIT', 'SINCE', 'NEXT PROBE', 'WAITING', 'REASON'],
      circuits.map((circuit) => [
        circuit.destination,
        describe(circuit),
        instant(circuit.opened_at) ?? '',
        instant(circuit.probe_at) ?? '',
        circuit.waiting,
        circuit.reason ?? '',
      ]),
    ),
  );
}

function describe({ state, by_hand }: Circuit): string {
  if (state === 'half_open') return 'half-open';
  return by_hand ? 'open, by hand' : state;
}

export const openCircuit = (service: string, options: Options & { reason: string }) => change(service, true, options);
export const closeCircuit = (service: string, options: Options & { reason: string }) => change(service, false, options);

async function change(service: string, open: boolean, options: Options & { reason: string }): Promise<void> {
  const request = { open, by: whoAsks(), reason: readReason(options.reason) };
  const changed = await withDatabase(readConfig(), 'milepost_support', async (db) => {
    const destinations = (await readCircuits(db, calledDestinations)).map((circuit) => circuit.destination);
    const destination = destinations.find((known) => known === service);
    if (destination === undefined) {
      throw new UserError(`there is no service ${JSON.stringify(service)}; there is ${destinations.join(', ')}`);
    }
    const done = await transaction(db, async (tx) => {
      const action = open ? 'openCircuit' : 'closeCircuit';
      await recordCommand(tx.client, 'milepost_support', { action, subject: destination, reason: request.reason });
      return setCircuit(tx, destination, request);
    });
    if (done && !open) await db.pool.query('select milepost.outbox_wake($1)', [[destination]]);
    return done;
  });
  print(options, { service, changed }, () => {
    if (!changed)
      return `${service}: nothing to change, its circuit ${open ? 'is open by hand' : 'is not open'} already.`;
    return open
      ? `${service} is paused: nothing is sent until "milepost circuits close ${service}". Calls under way end as they would have.`
      : `${service}: one message is sent, and more as they succeed. If they fail, the circuit opens again by itself.`;
  });
}
