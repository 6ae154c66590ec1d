// milepost games simulate: the options, the progress, and where the report goes. What it says is in simulate-report.ts.
import { writeFile } from 'node:fs/promises';
import { readConfig } from '../config.ts';
import { messageOf, UserError } from '../errors.ts';
import { csvOf } from '../simulate/csv.ts';
import type { Report } from '../simulate/report.ts';
import type { Request } from '../simulate/scene.ts';
import { simulate } from '../simulate/simulate.ts';
import { createCommandLog } from './command-log.ts';
import { checkDatabase, openDatabase } from './database.ts';
import { readGame, ruleFields } from './games.ts';
import { readInstant } from './input.ts';
import { print } from './output.ts';
import { createProgress } from './progress.ts';
import { describeReport } from './simulate-report.ts';

export async function simulateGame(
  file: string,
  options: { from?: string; to?: string; against?: string; shift?: boolean; json?: boolean; csv?: string | true },
): Promise<void> {
  if (options.json === true && options.csv === true) {
    throw new UserError('--json and --csv both write to standard output; name a file: --csv report.csv');
  }
  const config = readConfig();
  const from = readInstant('--from', options.from);
  const to = readInstant('--to', options.to);
  const { config: draft } = await readGame(file, await ruleFields(config));
  const request: Request = { draft, from, to, against: readAgainst(options.against), shift: options.shift === true };
  const log = createCommandLog(config);
  const database = await openDatabase(config);
  const progress = createProgress();
  let report: Report;
  try {
    await checkDatabase(database.url, ['milepost_support'], log);
    report = await simulate(database.url, request, {
      log,
      onProgress: ({ events, share, seconds }) =>
        progress.at(() => {
          const rate = Math.round(events / seconds).toLocaleString('en');
          return `${Math.floor(share * 100)} %, ${events.toLocaleString('en')} events, ${rate}/s`;
        }),
    });
  } finally {
    await database.stop();
  }
  progress.clear();
  if (options.csv === true) {
    process.stdout.write(csvOf(report));
    return;
  }
  if (options.csv !== undefined) await write(options.csv, csvOf(report));
  print(options, report, () => describeReport(report));
}

/** A number is a version of the draft's game; anything else names another game. */
function readAgainst(text: string | undefined): Request['against'] {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return { version: Number(text) };
  return { gameId: text };
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${messageOf(error)}`);
  }
}
