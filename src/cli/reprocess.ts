// milepost inbox reprocess: stored events judged anew, parked messages read again, on a person's order.
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import type { Db } from '../db/connect.ts';
import { changedNothing } from '../engine/decide.ts';
import { type Looked, type Reprocessed, rehearse, reprocess, resume } from '../engine/reprocess.ts';
import { UserError } from '../errors.ts';
import { createNormaliser } from '../event/normalise.ts';
import { readSources } from '../event/source.ts';
import { findRuns, type Wanted } from '../inbox/run.ts';
import { limits } from '../limits.ts';
import { withEngine } from './engine.ts';
import { type FilterOptions, readFilter } from './inbox.ts';
import { openInput, readCount } from './input.ts';
import { exitCodes, print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';
import { createProgress } from './progress.ts';

interface ReprocessOptions extends FilterOptions {
  file?: string;
  parkedNo?: string[];
  reason?: string;
  dryRun?: boolean;
  resume?: string;
  json?: boolean;
}

export async function reprocessInbox(eventIds: string[], options: ReprocessOptions): Promise<void> {
  const begin = options.resume === undefined ? await readOrder(eventIds, options) : undefined;
  const run = begin === undefined ? readRun(eventIds, options) : undefined;
  const config = readConfig();
  const progress = createProgress();
  const done = await withEngine(config, async (db, engine) => {
    const normaliser = createNormaliser(await readSources(join(config.GAME_CONFIGS, 'sources')));
    const how = { db, engine, normaliser, progress: (soFar: Reprocessed) => progress.at(() => reprocessed(soFar)) };
    if (options.dryRun === true && begin !== undefined) return rehearse(begin.wanted, how);
    const action = 'reprocessInbox';
    if (begin === undefined) {
      const found = await findRun(db, run as string);
      await recordCommand(db.pool, 'milepost_ingest', { action, details: { run } });
      return resume(found, how);
    }
    await recordCommand(db.pool, 'milepost_ingest', {
      action,
      reason: begin.reason,
      details: { wanted: begin.wanted },
    });
    return reprocess(begin, how);
  });
  progress.clear();
  if (done.unknown.length > 0 || done.shown.some(({ problem }) => problem !== null))
    process.exitCode = exitCodes.notRight;
  print(options, documentOf(done), () => describe(done));
}

async function readOrder(eventIds: readonly string[], options: ReprocessOptions) {
  const wanted = await readWanted(eventIds, options);
  // What changes nothing needs no reason.
  if (options.reason === undefined && options.dryRun !== true) {
    throw new UserError('--reason is missing: say why, for the record (or --dry-run, to see what would change)');
  }
  return { wanted, by: whoAsks(), reason: options.reason === undefined ? '' : readReason(options.reason) };
}

async function readWanted(eventIds: readonly string[], options: ReprocessOptions): Promise<Wanted> {
  const { file, parkedNo, outcome = [] } = options;
  const filter = readFilter(options);
  const ids = [...eventIds, ...(file === undefined ? [] : await readIds(file))];
  if (parkedNo !== undefined) {
    if (ids.length > 0 || outcome.length > 0) throw new UserError('--parked-no stands alone: it names messages');
    for (const number of parkedNo) readCount('--parked-no', number, 1);
    return { parked: { numbers: parkedNo } };
  }
  if (outcome.includes('parked')) {
    if (outcome.length > 1 || ids.length > 0 || filter.type !== undefined || filter.userId !== undefined) {
      throw new UserError(
        '--outcome parked takes --with-reason, --source, --since and --until: nobody knows more of these messages',
      );
    }
    const { reason, source, since, until } = filter;
    return { parked: { reason, source, since, until, except: reason === undefined ? 'quarantined' : undefined } };
  }
  if (ids.length === 0 && outcome.length === 0) {
    throw new UserError(
      'name events by their ids, or those of an outcome: --outcome late, with other filters beside it',
    );
  }
  if (file !== undefined && ids.length === 0) throw new UserError(`${file} names no event`);
  if (ids.length > limits.namedEvents) {
    throw new UserError(`${ids.length} ids: one command takes ${limits.namedEvents}; split the file`);
  }
  const final = outcome.filter((word) => !changedNothing.some((each) => each === word));
  if (final.includes('waiting')) {
    throw new UserError(
      '--outcome waiting: a reversal that waits is answered by the event that it names, as soon as that comes; there is nothing to judge again',
    );
  }
  if (final.length > 0) {
    throw new UserError(`--outcome ${final.join(' ')}: what has changed something is not judged again`);
  }
  return { events: { ...filter, eventIds: ids.length === 0 ? undefined : [...new Set(ids)] } };
}

async function readIds(file: string): Promise<string[]> {
  const lines = (await textOf(await openInput(file))).split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

function readRun(eventIds: readonly string[], options: ReprocessOptions): string {
  const { resume: run, json: _, ...others } = options;
  const given = Object.values(others).some((value) => value !== undefined);
  if (given || eventIds.length > 0) throw new UserError('--resume stands alone: the run knows what it was asked for');
  return String(readCount('--resume', run, 1));
}

async function findRun(db: Db, number: string) {
  const [run] = await findRuns(db, 1, number);
  if (run === undefined) throw new UserError(`there is no run ${number}: milepost inbox runs lists them`);
  return { run: run.run_no, wanted: run.wanted, position: run.position };
}

/** How far it is, as a line. */
function reprocessed({ run, lookedAt, changed }: Reprocessed): string {
  return `${run === null ? 'dry run' : `run ${run}`}: ${counted(lookedAt, 'event')} looked at, ${changed} changed`;
}

function documentOf(done: Reprocessed) {
  return {
    run: done.run === null ? null : Number(done.run),
    looked_at: done.lookedAt,
    changed: done.changed,
    claims: done.claims,
    outcomes: done.outcomes,
    shown: done.shown,
    unknown: done.unknown,
  };
}

function describe(done: Reprocessed): string {
  const { run, lookedAt, changed, claims, outcomes, shown, unknown } = done;
  const missing = unknown.length === 0 ? [] : [`Nothing of that kind is known of ${listed(unknown)}.`];
  if (lookedAt === 0) return missing[0] ?? 'There is nothing of that kind.';
  const rows = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  const would = run === null ? 'would be ' : '';
  return [
    table(['WAS → IS', 'EVENTS'], rows),
    '',
    ...shown.map(lineOf),
    ...(changed > shown.length ? ['…'] : []),
    ...(shown.length > 0 ? [''] : []),
    `${counted(lookedAt, 'event')} looked at, ${changed} ${would}changed, ${counted(claims, 'step')} ${would}claimed.` +
      (run === null ? ' Nothing was changed: leave out --dry-run to do it.' : ` This is run ${run}.`),
    ...missing,
  ].join('\n');
}

function listed(ids: readonly string[]): string {
  const first = ids.slice(0, limits.reprocessedShown).join(', ');
  return ids.length > limits.reprocessedShown ? `${first} and ${ids.length - limits.reprocessedShown} more` : first;
}

function lineOf({ event_id, user_id, parked_no, from, to, problem }: Looked): string {
  const message = parked_no === null ? '' : `message ${parked_no}${event_id === null ? '' : ', '}`;
  const event = event_id === null ? '' : `${event_id} of ${user_id}`;
  return `${message}${event}: ${problem === null ? `${from} → ${to}` : `${from}, left alone: ${problem}`}`;
}
