// milepost cohorts add
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { addMembers } from '../cohorts/store.ts';
import { readConfig } from '../config.ts';
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { limits } from '../limits.ts';
import { createLog } from '../log.ts';
import { createWaker } from '../outbox/wake.ts';
import { type Instant, parseInstant } from '../time.ts';
import { withDatabase } from './database.ts';
import { openInput } from './input.ts';
import { counted, exitCodes, print } from './output.ts';

export async function addCohort(
  cohort: string,
  file: string,
  options: { from?: string; json?: boolean },
): Promise<void> {
  const config = readConfig();
  if (cohort === 'everyone') throw new UserError('everyone is reserved: every player is in it already');
  if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(cohort)) {
    throw new UserError(`${JSON.stringify(cohort)} is no cohort: letters, digits and _ . : - only, at most 128`);
  }
  const from = options.from === undefined ? Date.now() : parseInstant(options.from);
  if (from === undefined) {
    throw new UserError(
      `--from ${JSON.stringify(options.from)} is no instant: write date, time and offset, such as 2026-05-01T00:00:00+05:30`,
    );
  }
  const input = await openInput(file);
  const result = await withDatabase(config, 'milepost_owner', (db) => addLines(db, cohort, input, from));
  if (result.refused.length > 0) process.exitCode = exitCodes.notRight;
  print(options, { cohort_id: cohort, ...result }, () =>
    [
      ...result.refused.slice(0, 20).map(({ line, problem }) => `line ${line}: ${problem}`),
      ...(result.refused.length > 20 ? [`… and ${result.refused.length - 20} more lines`] : []),
      `${cohort}: ${result.added} added, ${result.known} known already, ${counted(result.refused.length, 'line')} refused`,
    ].join('\n'),
  );
}

interface Added {
  added: number;
  known: number;
  refused: { line: number; problem: string }[];
}

/** Adds the players of an input, one user id a line, in transactions of a batch's size. */
async function addLines(db: Db, cohort: string, input: Readable, from: Instant): Promise<Added> {
  const waker = createWaker(db, createLog({ level: 'warn' }));
  const result: Added = { added: 0, known: 0, refused: [] };
  let pending: string[] = [];
  const flush = async (): Promise<void> => {
    const userIds = pending;
    pending = [];
    const added = await transaction(db, (tx) => addMembers(tx, cohort, userIds, from));
    if (added > 0) waker.wake(['projection']);
    result.added += added;
    result.known += userIds.length - added;
  };
  let line = 0;
  // Made here: lines that come before somebody asks for them would be lost.
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    const userId = text.trim();
    if (userId === '') continue;
    const problem = problemOf(userId);
    if (problem !== undefined) result.refused.push({ line, problem });
    else if (pending.push(userId) >= limits.batchEvents) await flush();
  }
  if (pending.length > 0) await flush();
  await waker.idle();
  return result;
}

function problemOf(userId: string): string | undefined {
  if (Buffer.byteLength(userId) > limits.identifierBytes) return `longer than ${limits.identifierBytes} bytes`;
  if (userId.includes('\u0000') || !userId.isWellFormed()) return 'holds a character that no user id may hold';
  return undefined;
}
