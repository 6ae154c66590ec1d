// `npm run bench -- memory`: how much memory ingestion takes, whatever the backlog: `milepost ingest FILE` on a long file, as a process of its own.
// Owns the file and the process.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatInstant } from '../src/time.ts';
import { startBenchServer } from './server.ts';
import { runMilepost, type Sample } from './watch.ts';
import { deliveries, playersOf } from './workload.ts';

export interface MemoryOptions {
  events: number;
  json: boolean;
}

const LIMIT_MB = 300;

export async function benchMemory(options: MemoryOptions): Promise<void> {
  await using server = await startBenchServer(playersOf(options.events));
  const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-memory-'));
  try {
    const file = join(folder, 'events.ndjson');
    await pipeline(lines(options.events), createWriteStream(file));
    const megabytes = Math.round((await stat(file)).size / 1e6);
    process.stderr.write(`${options.events} events, ${megabytes} MB\n`);
    const seen = await ingest(file, await server.freshDatabase());
    report(options, megabytes, seen);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each line says when it was received: the load is of another month than today. */
function* lines(events: number): Generator<string> {
  for (const { value, timestamp } of deliveries(events)) {
    yield `${value.toString('utf8').slice(0, -1)},"received_at":"${formatInstant(timestamp)}"}\n`;
  }
}

interface Seen {
  peakMb: number;
  /** Resident memory on average in each quarter of the run. */
  quartersMb: number[];
  messages: number;
  outcomes: Record<string, number>;
  seconds: number;
}

async function ingest(file: string, databaseUrl: string): Promise<Seen> {
  // The reward services are named because they must be; nothing calls them.
  const env = { DATABASE_URL: databaseUrl, NEUCOIN_URL: 'http://127.0.0.1:9', VOUCHER_URL: 'http://127.0.0.1:9' };
  const { printed, samples } = await runMilepost<Omit<Seen, 'peakMb' | 'quartersMb'>>(['ingest', file], env);
  const { messages, outcomes, seconds } = printed;
  return {
    peakMb: Math.max(...samples.map(({ peakMb }) => peakMb)),
    quartersMb: quarters(samples),
    messages,
    outcomes,
    seconds,
  };
}

function quarters(samples: readonly Sample[]): number[] {
  return [0, 1, 2, 3].map((quarter) => {
    const part = samples.slice(
      Math.floor((samples.length * quarter) / 4),
      Math.ceil((samples.length * (quarter + 1)) / 4),
    );
    return Math.round(part.reduce((total, { nowMb }) => total + nowMb, 0) / part.length);
  });
}

function report(options: MemoryOptions, fileMb: number, seen: Seen): void {
  const peak = Math.round(seen.peakMb);
  const rate = Math.round(seen.messages / seen.seconds);
  process.stdout.write(
    `milepost ingest, ${seen.messages.toLocaleString('en')} events (${fileMb} MB): at most ${peak} MB of memory (to stay under: ${LIMIT_MB} MB)
on average ${seen.quartersMb.join(', ')} MB in the quarters of ${seen.seconds.toFixed(0)} s, ${rate.toLocaleString('en')} events/s\n`,
  );
  if (!options.json) return;
  const document = {
    events: seen.messages,
    peak_rss_mb: peak,
    limit_mb: LIMIT_MB,
    under_limit: seen.peakMb < LIMIT_MB,
    mean_rss_mb_by_quarter: seen.quartersMb,
    file_mb: fileMb,
    seconds: Number(seen.seconds.toFixed(1)),
    events_per_s: rate,
    outcomes: seen.outcomes,
    node: process.version,
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
}
