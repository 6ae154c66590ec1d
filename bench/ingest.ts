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
  const engine = engineWay(normaliser);
  const ceiling = ceilingWay(normaliser);
  const perEvent = perEventWay(normaliser);
  const load = [...deliveries(options.events)];
  const perEventLoad = [...deliveries(options.perEventEvents)];
  for (const way of [engine, ceiling, perEvent]) await measure(server, way, load.slice(0, WARM_UP), 2);

  const rounds = (): Rounds => new Map(CONNECTIONS.map((connections) => [connections, []]));
  const results: Results = { engine: rounds(), ceiling: rounds(), perEvent: [] };
  for (let round = 1; round <= options.rounds; round++) {
    for (const connections of CONNECTIONS) {
      results.engine.get(connections)?.push(await measure(server, engine, load, connections));
      results.ceiling.get(connections)?.push(await measure(server, ceiling, load, connections));
    }
    results.perEvent.push(await measure(server, perEvent, perEventLoad, PER_EVENT_CONNECTIONS));
    process.stderr.write(`round ${round} of ${options.rounds} done\n`);
  }
  report(options, server, results);
}

/** Measurements by the number of connections. */
type Rounds = Map<number, Measured[]>;

interface Results {
  engine: Rounds;
  ceiling: Rounds;
  perEvent: Measured[];
}

/** A way's rounds in figures. */
interface Summary {
  connections: number;
  /** Of the best round: other work on the machine can only slow a round down. */
  eventsPerSecond: number;
  median: number;
  /** Medians of the rounds. */
  nodeMs: number;
  postgresMs: number | undefined;
}

function summarise(connections: number, measured: readonly Measured[]): Summary {
  const rates = measured.map(({ eventsPerSecond }) => eventsPerSecond);
  const postgres = measured.flatMap(({ postgresMs }) => postgresMs ?? []);
  return {
    connections,
    eventsPerSecond: Math.max(...rates),
    median: median(rates),
    nodeMs: median(measured.map(({ nodeMs }) => nodeMs)),
    postgresMs: postgres.length === 0 ? undefined : median(postgres),
  };
}

/** A way at the number of connections with which it is fastest. */
function best(rounds: Rounds): Summary {
  const summaries = [...rounds].map(([connections, measured]) => summarise(connections, measured));
  return summaries.reduce((first, next) => (next.eventsPerSecond > first.eventsPerSecond ? next : first));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

function report(options: IngestOptions, server: BenchServer, results: Results): void {
  const engine = best(results.engine);
  const ceiling = best(results.ceiling);
  const perEvent = summarise(PER_EVENT_CONNECTIONS, results.perEvent);
  const document = {
    events_per_s: Math.round(engine.eventsPerSecond),
    ceiling_events_per_s: Math.round(ceiling.eventsPerSecond),
    ratio_to_ceiling: rounded(engine.eventsPerSecond / ceiling.eventsPerSecond, 3),
    per_event_tx_events_per_s: Math.round(perEvent.eventsPerSecond),
    ratio_to_per_event_tx: rounded(engine.eventsPerSecond / perEvent.eventsPerSecond, 1),
    ratio_to_ceiling_by_median: rounded(engine.median / ceiling.median, 3),
    // Processor time hardly depends on what else the machine does. Null where it cannot be told.
    ratio_to_ceiling_by_cpu: rounded(cpuMs(ceiling) / cpuMs(engine), 3),
    cpu_ms_per_1000_events: { engine: cpuOf(engine), ceiling: cpuOf(ceiling), per_event_tx: cpuOf(perEvent) },
    connections: { engine: engine.connections, ceiling: ceiling.connections, per_event_tx: perEvent.connections },
    rounds_by_connections: { engine: rates(results.engine), ceiling: rates(results.ceiling) },
    events: options.events,
    per_event_tx_events: options.perEventEvents,
    batch_events: limits.batchEvents,
    repeated: workload.repeated,
    postgres: server.settings,
    node: process.version,
    cpus: cpus().length,
  };
  const rows = [
    ['engine', engine],
    ['ceiling', ceiling],
    ['one transaction per event', perEvent],
  ] as const;
  const lines = [
    table(
      ['WAY', 'CONNECTIONS', 'EVENTS/S', 'MEDIAN', 'NODE ms', 'POSTGRESQL ms'],
      rows.map(([way, summary]) => [
        way,
        summary.connections,
        Math.round(summary.eventsPerSecond),
        Math.round(summary.median),
        rounded(summary.nodeMs, 1) ?? '?',
        rounded(summary.postgresMs ?? Number.NaN, 1) ?? '?',
      ]),
    ),
    '',
    `The best of ${options.rounds} rounds, at the best of ${CONNECTIONS.join(', ')} connections; ms are processor time per 1,000 events.`,
    `${document.ratio_to_ceiling} of the ceiling (${document.ratio_to_ceiling_by_cpu ?? '?'} by processor time), ${document.ratio_to_per_event_tx} times one transaction per event`,
    Object.entries(server.settings)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    ...(options.json ? [JSON.stringify(document)] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function rates(rounds: Rounds): Record<string, number[]> {
  const entries = [...rounds].map(([connections, measured]) => {
    return [connections, measured.map(({ eventsPerSecond }) => Math.round(eventsPerSecond))] as const;
  });
  return Object.fromEntries(entries);
}

function cpuMs({ nodeMs, postgresMs }: Summary): number {
  return nodeMs + (postgresMs ?? Number.NaN);
}

function cpuOf({ nodeMs, postgresMs }: Summary): { node: number | null; postgres: number | null } {
  return { node: rounded(nodeMs, 1), postgres: rounded(postgresMs ?? Number.NaN, 1) };
}

function rounded(value: number, decimals: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toFixed(decimals));
}
