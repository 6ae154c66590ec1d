// What an error from the database means for a batch: the data is wrong (isolate the event), the inbox lacks a day, or the database is in trouble (wait).
import pg from 'pg';
import { within } from '../deadline.ts';
import { Defect, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';

const defects = [Defect, TypeError, RangeError, ReferenceError];

export type Failure = 'data' | 'missing_partition' | 'position_moved' | 'defect' | 'infrastructure';

/**
 * Classifies an error by its SQLSTATE. Classes 22 (data exception) and 23 (constraint violation) are the data's fault, except 23514 without a
 * constraint's name, which is a row that no partition takes. MP001 is raised by inbox_advance. Everything else, also every error without a SQLSTATE (a broken
 * connection, a time-out of the client), is infrastructure and never marks an event. An error of the language itself is a defect of ours:
 * waiting does not mend it.
 */
export function failureOf(error: unknown): Failure {
  if (defects.some((defect) => error instanceof defect)) return 'defect';
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return 'infrastructure';
  // Such as a role that does not exist, which has a code of class 22: the connection ended, or never began.
  if (error.severity === 'FATAL') return 'infrastructure';
  if (error.code === '23514' && error.constraint === undefined) return 'missing_partition';
  if (error.code === 'MP001') return 'position_moved';
  return error.code.startsWith('22') || error.code.startsWith('23') ? 'data' : 'infrastructure';
}

/** The database cannot answer now. Asking again later may help. */
export class DatabaseAway extends Error {}

/**
 * Runs a read. Trouble with the database itself comes out as DatabaseAway, as does an answer that is not there within `limits.httpWaitMs`:
 * the statement then goes on alone until its own time-out.
 */
export async function reading<T>(read: () => Promise<T>): Promise<T> {
  const late = (): Error => new DatabaseAway(`no answer within ${limits.httpWaitMs} ms`);
  try {
    return await within(limits.httpWaitMs, read(), late);
  } catch (error) {
    if (error instanceof DatabaseAway || failureOf(error) !== 'infrastructure') throw error;
    throw new DatabaseAway(messageOf(error), { cause: error });
  }
}
