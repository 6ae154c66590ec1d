// milepost ingest: JSON lines through the same door as everything else.
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readConfig } from '../config.ts';
import type { Batch } from '../engine/batch.ts';
import { createEngine, type Engine } from '../engine/process.ts';
import { UserError } from '../errors.ts';
import type { Message } from '../event/event.ts';
import { messagesFromFile } from '../event/from-file.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import { readSources } from '../event/source.ts';
import { limits } from '../limits.ts';
import { createLog } from '../log.ts';
import { didYouMean } from '../spelling.ts';
import { withDatabase } from './database.ts';
import { exitCodes, print, table } from './output.ts';

/** What became of the lines of a file. */
export interface Summary {
  messages: number;
  outcomes: Record<string, number>;
  claims: number;
  seconds: number;
}

export async function ingestFile(file: string, options: { source: string; json?: boolean }): Promise<void> {
  const config = readConfig();
  const normaliser = createNormaliser(await readSources(join(config.GAME_CONFIGS, 'sources')));
  const known = ['canonical', ...normaliser.topics];
  if (normaliser.sourceOf(options.source) === undefined) {
    throw new UserError(`there is no source ${JSON.stringify(options.source)}${didYouMean(options.source, known)}`);
  }
  if (file !== '-') {
    await access(file).catch(() => {
      throw new UserError(`${file} cannot be read: there is no such file, or no right to read it`);
    });
  }
  const stream = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1_024 });
  const name = file === '-' ? 'standard-input' : basename(file);
  const summary = await withDatabase(config, 'milepost_ingest', async (db) => {
    const engine = createEngine(db, createLog({ level: config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL }));
    const done = await ingest(engine, normaliser, options.source, messagesFromFile(stream, name), {
      progress: showProgress,
    });
    await engine.idle();
    return done;
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if ((summary.outcomes.parked ?? 0) + (summary.outcomes.failed ?? 0) > 0) process.exitCode = exitCodes.notRight;
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
  const summary: Summary = { messages: 0, outcomes: {}, claims: 0, seconds: 0 };
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

let shownAt = 0;

/** A line that is written over on a terminal; elsewhere one line every ten seconds. */
function showProgress({ messages, seconds }: Summary): void {
  const now = performance.now();
  if (now - shownAt < (process.stderr.isTTY ? 200 : 10_000) || seconds < 1) return;
  shownAt = now;
  const line = `${messages.toLocaleString('en')} messages, ${Math.round(messages / seconds).toLocaleString('en')}/s`;
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
}

/** The summary for people. */
export function describe(summary: Summary): string {
  const rows = Object.entries(summary.outcomes).sort(([, a], [, b]) => b - a);
  const rate = summary.seconds > 0 ? Math.round(summary.messages / summary.seconds) : 0;
  return [
    table(['OUTCOME', 'EVENTS'], rows),
    '',
    `${summary.messages.toLocaleString('en')} messages in ${summary.seconds.toFixed(1)} s (${rate.toLocaleString('en')}/s), ${summary.claims.toLocaleString('en')} steps claimed`,
  ].join('\n');
}
