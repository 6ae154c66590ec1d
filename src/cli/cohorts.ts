// milepost cohorts: who takes part, and since when. Players are added and removed by events through the same door as everything else.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cohortProblem, readChange } from '../cohorts/change.ts';
import { intervalsOf } from '../cohorts/cohorts.ts';
import { type ChangeRequest, COHORT_SOURCE, changeMessage, createCohortNormaliser } from '../cohorts/feed.ts';
import { type PlayerLine, playersFromFile } from '../cohorts/file.ts';
import { readStatements } from '../cohorts/read.ts';
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { createEngine } from '../engine/process.ts';
import { type Problem, UserError } from '../errors.ts';
import type { Message } from '../event/event.ts';
import type { Normaliser } from '../event/normalise.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant, parseInstant } from '../time.ts';
import { createCommandLog } from './command-log.ts';
import { withDatabase } from './database.ts';
import { ingest, ingested } from './ingest.ts';
import { openInput } from './input.ts';
import { exitCodes, print, table } from './output.ts';
import { recordCommand, whoAsks } from './person.ts';
import { createProgress } from './progress.ts';

interface ChangeOptions {
  from?: string;
  to?: string;
  json?: boolean;
}

export const addToCohort = (cohort: string, file: string, options: ChangeOptions): Promise<void> =>
  changeCohort(true, cohort, file, options);

export const removeFromCohort = (cohort: string, file: string, options: ChangeOptions): Promise<void> =>
  changeCohort(false, cohort, file, options);

/** What all lines of a file share. */
type Terms = Omit<ChangeRequest, 'userId'>;

/** A line that names a player. */
type Player = Extract<PlayerLine, { userId: string }>;

/** Reads the input twice: everything is checked before anything is applied. */
async function changeCohort(member: boolean, cohortId: string, file: string, options: ChangeOptions): Promise<void> {
  const config = readConfig();
  const problem = cohortProblem(cohortId);
  if (problem !== undefined) throw new UserError(problem);
  const terms: Terms = {
    cohortId,
    member,
    from: instantOf('--from', options.from) ?? Date.now(),
    until: instantOf('--to', options.to),
    by: whoAsks(),
  };
  if (terms.until !== undefined && terms.until <= terms.from) {
    const from = options.from === undefined ? 'now, which --from is when it is left out' : '--from';
    throw new UserError(`--to ${JSON.stringify(options.to)} must lie after ${from}`);
  }

  await using input = await openTwice(file);
  await check(input, terms);
  const progress = createProgress();
  const result = await withDatabase(config, 'milepost_ingest', async (db) => {
    await recordCommand(db.pool, 'milepost_ingest', {
      ...{ action: 'changeMembers', subject: cohortId },
      details: {
        ...{ member, file: input.name, from: formatInstant(terms.from) },
        until: terms.until === undefined ? null : formatInstant(terms.until),
      },
    });
    const engine = createEngine(db, createCommandLog(config));
    const done = await ingest(engine, createCohortNormaliser(), COHORT_SOURCE, changes(input, terms), {
      progress: (done) => progress.at(() => ingested(done)),
    });
    await engine.idle();
    return done;
  });
  progress.clear();

  const { applied: changed = 0, duplicate: known = 0 } = result.outcomes;
  const others = result.messages - changed - known;
  if (others > 0) process.exitCode = exitCodes.notRight;
  const document = { cohort_id: cohortId, member, lines: result.messages, changed, known, others };
  print(options, document, () => {
    const done = `${changed.toLocaleString('en')} ${member ? 'added' : 'removed'}`;
    const rest = others === 0 ? '' : `, ${others.toLocaleString('en')} refused: the file has changed meanwhile`;
    return `${cohortId}: ${done}, ${known.toLocaleString('en')} known already${rest}`;
  });
}

function instantOf(option: string, text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw new UserError(
    `${option} ${JSON.stringify(text)} is no instant: write date, time and offset, such as 2026-05-01T00:00:00+05:30`,
  );
}

/** An input that can be read more than once. What comes from standard input is kept in a file until the end. */
interface Input extends AsyncDisposable {
  path: string;
  name: string;
}

async function openTwice(file: string): Promise<Input> {
  if (file !== '-') return { path: file, name: basename(file), async [Symbol.asyncDispose]() {} };
  const folder = await mkdtemp(join(tmpdir(), 'milepost-cohorts-'));
  const path = join(folder, 'players');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(await openInput('-'), createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, name: 'standard-input', [Symbol.asyncDispose]: remove };
}

/** @throws UserError that names the lines which are not right, if there are any. */
async function check(input: Input, terms: Terms): Promise<void> {
  const normaliser = createCohortNormaliser();
  const problems: Problem[] = [];
  let refused = 0;
  for await (const line of playersFromFile(await openInput(input.path), input.name)) {
    const message = 'problem' in line ? line.problem : problemOf(line, terms, normaliser);
    if (message === undefined) continue;
    refused++;
    if (problems.length < limits.cohortProblems) problems.push({ path: `line ${line.origin.line}`, message });
  }
  if (refused === 0) return;
  const more = refused - problems.length;
  if (more > 0) problems.push({ path: '', message: `… and ${counted(more, 'more line')}` });
  throw new UserError(`${input.name}: ${counted(refused, 'line')} not right; nothing was changed`, problems);
}

function problemOf(line: Player, terms: Terms, normaliser: Normaliser): string | undefined {
  const { from = terms.from, to = terms.until } = line;
  if (to !== undefined && to <= from) {
    return `to: must lie after from, which is ${formatInstant(from)}; found ${formatInstant(to)}`;
  }
  const normalised = normaliser.normalise(COHORT_SOURCE, messageOf(line, terms));
  if (normalised.kind === 'parked') return normalised.parked.detail;
  const change = readChange(normalised.event.event);
  return 'problem' in change ? change.problem : undefined;
}

function messageOf({ origin, userId, from, to }: Player, terms: Terms): Message {
  return changeMessage({ ...terms, userId, from: from ?? terms.from, until: to ?? terms.until }, origin);
}

async function* changes(input: Input, terms: Terms): AsyncGenerator<Message> {
  for await (const line of playersFromFile(await openInput(input.path), input.name)) {
    if ('userId' in line) yield messageOf(line, terms);
  }
}

export async function showCohorts(userId: string, options: { json?: boolean }): Promise<void> {
  const statements = await withDatabase(readConfig(), 'milepost_support', (db) => readStatements(db, userId));
  const memberships = intervalsOf(statements);
  const now = Date.now();
  const document = {
    user_id: userId,
    memberships: memberships.map(({ cohortId, from, to }) => ({
      cohort_id: cohortId,
      from: formatInstant(from),
      to: Number.isFinite(to) ? formatInstant(to) : null,
    })),
    statements: statements.map(({ cohortId, from, member }) => ({
      cohort_id: cohortId,
      from: formatInstant(from),
      member,
    })),
  };
  if (statements.length === 0) process.exitCode = exitCodes.notRight;
  print(options, document, () => {
    if (statements.length === 0) return `Nothing has been stated about ${userId}.`;
    if (memberships.length === 0) return `${userId} is in no cohort any more (--json shows what was stated).`;
    const rows = memberships.map(({ cohortId, from, to }) => [
      cohortId,
      formatInstant(from),
      Number.isFinite(to) ? formatInstant(to) : '',
      from <= now && now < to ? 'now' : '',
    ]);
    return table(['COHORT', 'FROM', 'TO', ''], rows);
  });
}
