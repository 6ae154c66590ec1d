// `npm run bench -- simulate`: a million stored events, tried by `milepost games simulate` as a process of its own, beside the engine that has taken
// the same events in, in one run on one server. Owns the order of the measurements and the draft that is tried.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../src/cli/output.ts';
import { createNormaliser } from '../src/event/normalise.ts';
import type { Report } from '../src/simulate/report.ts';
import { engineWay } from './engine.ts';
import { type Measured, measure } from './measure.ts';
import { type BenchServer, shippedSources, startBenchServer } from './server.ts';
import { runMilepost } from './watch.ts';
import { deliveries, expectedOf, gameFile, playersOf } from './workload.ts';

export interface SimulateOptions {
  events: number;
  rounds: number;
  json: boolean;
}

const LIMIT_MB = 300;
const TIMES = 3;
const CONNECTIONS = 2;
const WARM_UP = 4_000;
const root = join(import.meta.dirname, '..');

export async function benchSimulate(options: SimulateOptions): Promise<void> {
  await using server = await startBenchServer(playersOf(options.events));
  const engine = engineWay(createNormaliser(await shippedSources()));
  const load = [...deliveries(options.events)];
  await measure(server, engine, load.slice(0, WARM_UP), CONNECTIONS);
  const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-simulate-'));
  try {
    const draft = join(folder, 'draft.json');
    await writeFile(draft, await dearer());
    const ingested: Measured[] = [];
    const simulated: Simulated[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      const measured = await measure(server, engine, load, CONNECTIONS);
      ingested.push(measured);
      // Twice for each time that events are taken in, which takes several times as long: noise meets both sides alike.
      for (let time = 1; time <= 2; time++) simulated.push(await simulate(server, draft, measured.databaseUrl));
      process.stderr.write(`round ${round} of ${options.rounds} done\n`);
    }
    for (const { report } of simulated) assert.equal(report.events, expectedOf(load).events, 'events read');
    output(options, ingested, simulated);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The game of the load with another reward, so that every player is compared with what they had. */
async function dearer(): Promise<string> {
  const game = JSON.parse(await readFile(join(root, gameFile), 'utf8'));
  game.milestone_steps[0].reward.value *= 2;
  return JSON.stringify(game);
}

interface Simulated {
  report: Report;
  peakMb: number;
  /** Processor time per 1,000 events, in ms. */
  nodeMs: number;
  postgresMs: number | undefined;
}

async function simulate(server: BenchServer, draft: string, databaseUrl: string): Promise<Simulated> {
  const before = await server.cpuMs();
  const { printed: report, samples } = await runMilepost<Report>(['games', 'simulate', draft], {
    DATABASE_URL: databaseUrl,
  });
  const after = await server.cpuMs();
  const thousands = report.events / 1_000;
  return {
    report,
    peakMb: Math.max(...samples.map(({ peakMb }) => peakMb)),
    nodeMs: Math.max(...samples.map(({ cpuMs }) => cpuMs)) / thousands,
    postgresMs: before === undefined || after === undefined ? undefined : (after - before) / thousands,
  };
}

function output(options: SimulateOptions, ingested: readonly Measured[], simulated: readonly Simulated[]): void {
  const fastest = <T>(all: readonly T[], rate: (one: T) => number): T =>
    all.reduce((best, next) => (rate(next) > rate(best) ? next : best));
  const ingest = fastest(ingested, ({ eventsPerSecond }) => eventsPerSecond);
  const simulation = fastest(simulated, ({ report }) => report.events_per_second);
  const rate = simulation.report.events_per_second;
  const peak = Math.round(Math.max(...simulated.map(({ peakMb }) => peakMb)));
  const cpu = ({ nodeMs, postgresMs }: { nodeMs: number; postgresMs: number | undefined }): number =>
    nodeMs + (postgresMs ?? Number.NaN);
  const ratio = Number((rate / ingest.eventsPerSecond).toFixed(2));
  const byCpu = Number((cpu(ingest) / cpu(simulation)).toFixed(2));
  const rows = [
    ['taken in by the engine', Math.round(ingest.eventsPerSecond), ingest.nodeMs, ingest.postgresMs],
    ['simulated', rate, simulation.nodeMs, simulation.postgresMs],
  ] as const;
  process.stdout.write(
    `${table(
      ['WAY', 'EVENTS/S', 'NODE ms', 'POSTGRESQL ms'],
      rows.map(([way, perSecond, node, postgres]) => [way, perSecond, node.toFixed(1), postgres?.toFixed(1) ?? '?']),
    )}

The best of ${options.rounds} rounds; ms are processor time per 1,000 events. A simulation judges every event twice: by the draft and by the game as it was.
${ratio} times as fast (${byCpu} by processor time; to reach: ${TIMES}); at most ${peak} MB of memory (to stay under: ${LIMIT_MB} MB)\n`,
  );
  if (!options.json) return;
  const document = {
    events: simulation.report.events,
    events_per_second: rate,
    ingest_events_per_second: Math.round(ingest.eventsPerSecond),
    ratio_to_ingest: ratio,
    ratio_to_ingest_by_cpu: Number.isNaN(byCpu) ? null : byCpu,
    wanted_ratio: TIMES,
    peak_rss_mb: peak,
    limit_mb: LIMIT_MB,
    under_limit: peak < LIMIT_MB,
    rounds: {
      ingest: ingested.map(({ eventsPerSecond }) => Math.round(eventsPerSecond)),
      simulate: simulated.map(({ report }) => report.events_per_second),
    },
    node: process.version,
    cpus: cpus().length,
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
}
