// `npm run bench -- ingest`: how fast the engine takes events in, beside the ceiling of the same machine and beside the usual way, in one run on one
// server. Owns the order of the measurements (interleaved, so that noise of the machine meets all sides) and what is made of them.
import { cpus } from 'node:os';
import { table } from '../src/cli/output.ts';
import { createNormaliser } from '../src/event/normalise.ts';
import { limits } from '../src/limits.ts';
import { ceilingWay } from './ceiling.ts';
import { engineWay } from './engine.ts';
import { type Measured, measure } from './measure.ts';
import { perEventWay } from './per-event.ts';
import { type BenchServer, shippedSources, startBenchServer } from './server.ts';
import { deliveries, playersOf, workload } from './workload.ts';

export interface IngestOptions {
  events: number;
  perEventEvents: number;
  rounds: number;
  json: boolean;
}

const CONNECTIONS = [1, 2, 4] as const;
const PER_EVENT_CONNECTIONS = 8;
const WARM_UP = 4_000;

export async function benchIngest(options: IngestOptions): Promise<void> {
  await using server = await startBenchServer(playersOf(Math.max(options.events, options.perEventEvents)));
  const normaliser = createNormaliser(await shippedSources());
  const bench = {
    server,
    engine: engineWay(normaliser),
    ceiling: ceilingWay(normaliser),
    perEvent: perEventWay(normaliser),
  };
  const load = [...deliveries(options.events)];
  const perEventLoad = [...deliveries(options.perEventEvents)];

  const warmUp = load.slice(0, WARM_UP);
  for (const way of [bench.engine, bench.ceiling, bench.perEvent]) await measure(server, way, warmUp, 2);

  const results = { engine: rounds(CONNECTIONS), ceiling: rounds(CONNECTIONS), perEvent: [] as Measured[] };
  for (let round = 1; round <= options.rounds; round++) {
    for (const connections of CONNECTIONS) {
      results.engine.get(connections)?.push(await measure(server, bench.engine, load, connections));
      results.ceiling.get(connections)?.push(await measure(server, bench.ceiling, load, connections));
    }
    results.perEvent.push(await measure(server, bench.perEvent, perEventLoad, PER_EVENT_CONNECTIONS));
    process.stderr.write(`round ${round} of ${options.rounds} done\n`);
  }
  report(options, server, results);
}

type Rounds = Map<number, Measured[]>;

function rounds(connections: readonly number[]): Rounds {
  return new Map(connections.map((count) => [count, []]));
}

interface Results {
  engine: Rounds;
  ceiling: Rounds;
  perEvent: readonly Measured[];
}

/** A side's median of the rounds, at the number of connections where that is greatest. */
interface Best {
  connections: number;
  eventsPerSecond: number;
  greatest: number;
  nodeMs: number;
  postgresMs: number | undefined;
}

function bestOf(side: Rounds): Best {
  const candidates = [...side].map(([connections, measured]): Best => summary(connections, measured));
  return candidates.reduce((best, next) => (next.eventsPerSecond > best.eventsPerSecond ? next : best));
}

function summary(connections: number, measured: readonly Measured[]): Best {
  const postgres = measured.flatMap(({ postgresMs }) => postgresMs ?? []);
  return {
    connections,
    eventsPerSecond: median(measured.map(({ eventsPerSecond }) => eventsPerSecond)),
    greatest: Math.max(...measured.map(({ eventsPerSecond }) => eventsPerSecond)),
    nodeMs: median(measured.map(({ nodeMs }) => nodeMs)),
    postgresMs: postgres.length === 0 ? undefined : median(postgres),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

function report(options: IngestOptions, server: BenchServer, results: Results): void {
  const engine = bestOf(results.engine);
  const ceiling = bestOf(results.ceiling);
  const perEvent = summary(PER_EVENT_CONNECTIONS, results.perEvent);
  const toCeiling = ratio(engine.eventsPerSecond, ceiling.eventsPerSecond);
  const toPerEvent = ratio(engine.eventsPerSecond, perEvent.eventsPerSecond);
  // Processor time hardly depends on what else the machine does.
  const cpuToCeiling = ratio(cpuMs(ceiling), cpuMs(engine));

  const rows = [
    ['engine', engine],
    ['ceiling', ceiling],
    ['one transaction per event', perEvent],
  ] as const;
  process.stdout.write(
    `${table(
      ['WAY', 'CONNECTIONS', 'EVENTS/S', 'BEST ROUND', 'NODE ms', 'POSTGRESQL ms'],
      rows.map(([way, best]) => [
        way,
        best.connections,
        Math.round(best.eventsPerSecond),
        Math.round(best.greatest),
        round(best.nodeMs, 1),
        best.postgresMs === undefined ? '?' : round(best.postgresMs, 1),
      ]),
    )}\n
events/s is the median of ${options.rounds} rounds, at the best of ${CONNECTIONS.join(', ')} connections; ms are processor time per 1,000 events.
${round(toCeiling, 2)} of the ceiling (${round(cpuToCeiling, 2)} by processor time), ${round(toPerEvent, 1)} times one transaction per event
${Object.entries(server.settings)
  .map(([name, value]) => `${name} ${value}`)
  .join(', ')}\n`,
  );
  if (!options.json) return;
  const document = {
    events_per_s: Math.round(engine.eventsPerSecond),
    ceiling_events_per_s: Math.round(ceiling.eventsPerSecond),
    ratio_to_ceiling: round(toCeiling, 3),
    per_event_tx_events_per_s: Math.round(perEvent.eventsPerSecond),
    ratio_to_per_event_tx: round(toPerEvent, 2),
    ratio_to_ceiling_by_best_round: round(ratio(engine.greatest, ceiling.greatest), 3),
    ratio_to_ceiling_by_cpu: round(cpuToCeiling, 3),
    cpu_ms_per_1000_events: {
      engine: cpuOf(engine),
      ceiling: cpuOf(ceiling),
      per_event_tx: cpuOf(perEvent),
    },
    by_connections: { engine: byConnections(results.engine), ceiling: byConnections(results.ceiling) },
    connections: { engine: engine.connections, ceiling: ceiling.connections, per_event_tx: perEvent.connections },
    events: options.events,
    per_event_tx_events: options.perEventEvents,
    rounds: options.rounds,
    batch_events: limits.batchEvents,
    repeated: workload.repeated,
    postgres: server.settings,
    node: process.version,
    cpus: cpus().length,
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

function byConnections(side: Rounds): Record<string, { median: number; rounds: number[] }> {
  const entries = [...side].map(([connections, measured]) => {
    const rates = measured.map(({ eventsPerSecond }) => Math.round(eventsPerSecond));
    return [connections, { median: Math.round(median(rates)), rounds: rates }] as const;
  });
  return Object.fromEntries(entries);
}

function cpuMs({ nodeMs, postgresMs }: Best): number {
  return nodeMs + (postgresMs ?? Number.NaN);
}

function cpuOf({ nodeMs, postgresMs }: Best): { node: number; postgres: number | null } {
  return { node: round(nodeMs, 1), postgres: postgresMs === undefined ? null : round(postgresMs, 1) };
}

function ratio(part: number, whole: number): number {
  return part / whole;
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
