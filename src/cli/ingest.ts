// milepost ingest: JSON lines through the same door as everything else.
import { basename, join } from 'node:path';
import { openResolver } from '../cohorts/config.ts';
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import type { Batch } from '../engine/batch.ts';
import { createEngine, type Engine } from '../engine/process.ts';
import { UserError } from '../errors.ts';
import type { Message, Origin } from '../event/event.ts';
import { messagesFromFile } from '../event/from-file.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import { readSources } from '../event/source.ts';
import { limits } from '../limits.ts';
import { drawOf, refuseDraw } from '../rewards/draw.ts';
import { didYouMean } from '../spelling.ts';
import { createCommandLog } from './command-log.ts';
import { withDatabase } from './database.ts';
import { drawKeysOf } from './draw-keys.ts';
import { openInput } from './input.ts';
import { exitCodes, print, table } from './output.ts';
import { createProgress } from './progress.ts';

/** What became of the lines of a file. */
export interface Summary {
  messages: number;
  outcomes: Record<string, number>;
  claims: number;
  seconds: number;
  /** The first lines that could not be read as an event, or whose event failed. */
  problems: { line: number | null; event_id: string | null; outcome: 'parked' | 'failed'; reason: string }[];
}

const PROBLEMS_SHOWN = 20;

export async function ingestFile(file: string, options: { source: string; json?: boolean }): Promise<void> {
  const config = readConfig();
  const sources = await readSources(join(config.GAME_CONFIGS, 'sources'));
  const normaliser = createNormaliser(sources);
  if (normaliser.sourceOf(options.source) === undefined) {
    const known = sources.map(({ sourceId }) => sourceId);
    const meant = didYouMean(options.source, [...known, ...normaliser.topics]);
    throw new UserError(`there is no source ${JSON.stringify(options.source)}${meant}; there is ${known.join(', ')}`);
  }
  const stream = await openInput(file);
  const name = file === '-' ? 'standard-input' : basename(file);
  const progress = createProgress();
  const summary = await withDatabase(config, 'milepost_ingest', async (db) => {
    const log = createCommandLog(config);
    const resolver = await openResolver({ folder: config.GAME_CONFIGS, sdkKey: config.LAUNCHDARKLY_SDK_KEY, log });
    try {
      const engine = createEngine(db, log, resolver, drawOf(await drawKeysOf(config), refuseDraw));
      const done = await ingest(engine, normaliser, options.source, messagesFromFile(stream, name), {
        progress: (done) => progress.at(() => ingested(done)),
      });
      await engine.idle();
      return done;
    } finally {
      await resolver?.close();
    }
  });
  progress.clear();
  if (summary.problems.length > 0) process.exitCode = exitCodes.notRight;
  if (options.json !== true) process.stderr.write(problemsOf(summary));
  print(options, summary, () => describe(summary));
}

/** Puts messages through the engine, a batch at a time. `progress` is told after each batch; `signal` calls off the rest, and then it rejects. */
export async function ingest(
  engine: Engine,
  normaliser: Normaliser,
  source: string,
  messages: AsyncIterable<Message>,
  options: { progress?: (summary: Summary) => void; signal?: AbortSignal } = {},
): Promise<Summary> {
  const began = performance.now();
  const summary: Summary = { messages: 0, outcomes: {}, claims: 0, seconds: 0, problems: [] };
  let batch: Batch = { events: [], parked: [] };
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const size = batch.events.length + batch.parked.length;
    if (size === 0) return;
    const { results, claims } = await engine.process(batch, options.signal);
    const words = results.map(({ outcome, replayed }) => (replayed ? 'duplicate' : outcome));
    for (const word of [...words, ...batch.parked.map(() => 'parked')]) {
      summary.outcomes[word] = (summary.outcomes[word] ?? 0) + 1;
    }
    const failed = batch.events.filter((_, index) => words[index] === 'failed');
    const problems = [
      ...batch.parked.map(({ origin, reason, detail }) => {
        return { line: lineOf(origin), event_id: null, outcome: 'parked' as const, reason: `${reason}: ${detail}` };
      }),
      ...failed.map(({ origin, event: { event_id } }) => {
        const reason = `milepost inbox show ${event_id} says why`;
        return { line: lineOf(origin), event_id, outcome: 'failed' as const, reason };
      }),
    ].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    summary.problems.push(...problems.slice(0, PROBLEMS_SHOWN - summary.problems.length));
    summary.messages += size;
    summary.claims += claims;
    summary.seconds = (performance.now() - began) / 1_000;
    batch = { events: [], parked: [] };
    bytes = 0;
    options.progress?.(summary);
  };
  for await (const message of messages) {
    const normalised = normaliser.normalise(source, message);
    if (normalised.kind === 'event') batch.events.push(normalised.event);
    else batch.parked.push(normalised.parked);
    bytes += message.bytes.length;
    if (batch.events.length + batch.parked.length >= limits.batchEvents || bytes >= limits.batchBytes) await flush();
  }
  await flush();
  return summary;
}

function lineOf(origin: Origin): number | null {
  return origin.transport === 'file' ? origin.line : null;
}

/** How far it is, as a line. */
export function ingested({ messages, seconds }: Summary): string {
  return `${messages.toLocaleString('en')} messages, ${Math.round(messages / seconds).toLocaleString('en')}/s`;
}

/** The problems for people: a line each, and how many are not shown. */
function problemsOf({ problems, outcomes }: Summary): string {
  const all = (outcomes.parked ?? 0) + (outcomes.failed ?? 0);
  const lines = problems.map(({ line, outcome, reason }) => `line ${line} ${outcome}: ${reason}\n`);
  return [...lines, ...(all > problems.length ? [`… and ${all - problems.length} more\n`] : [])].join('');
}

/** The summary for people. */
export function describe(summary: Summary): string {
  const { messages, seconds, claims } = summary;
  if (messages === 0) return 'There were no messages.';
  const rows = Object.entries(summary.outcomes).sort(([, a], [, b]) => b - a);
  const rate = Math.round(messages / seconds).toLocaleString('en');
  return [
    table(['OUTCOME', 'EVENTS'], rows),
    '',
    `${counted(messages, 'message')} in ${seconds.toFixed(1)} s (${rate}/s), ${counted(claims, 'step')} claimed`,
  ].join('\n');
}
