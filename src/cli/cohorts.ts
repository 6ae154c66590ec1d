// milepost cohorts add
import type { Readable } from 'node:stream';
import { addMembers } from '../cohorts/store.ts';
import { readConfig } from '../config.ts';
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { messagesFromFile } from '../event/from-file.ts';
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
  for await (const { bytes, origin } of messagesFromFile(input, cohort)) {
    const read = userIdOf(bytes);
    if ('problem' in read) result.refused.push({ line: origin.line, ...read });
    else if (read.userId !== '' && pending.push(read.userId) >= limits.batchEvents) await flush();
  }
  if (pending.length > 0) await flush();
  await waker.idle();
  return result;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The user id of a line, empty where there is none. What is not UTF-8 is refused: read leniently, it would be another player. */
function userIdOf(line: Uint8Array): { userId: string } | { problem: string } {
  let userId: string;
  try {
    userId = utf8.decode(line).trim();
  } catch {
    return { problem: 'not UTF-8 text' };
  }
  if (Buffer.byteLength(userId) > limits.identifierBytes)
    return { problem: `longer than ${limits.identifierBytes} bytes` };
  if (userId.includes('\u0000')) return { problem: 'holds the character NUL' };
  return { userId };
}
