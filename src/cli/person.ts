// Who gives a command, for the record.
import { userInfo } from 'node:os';
import { type Action, recordAction } from '../db/audit.ts';
import type { Role } from '../db/connect.ts';
import { UserError } from '../errors.ts';
import { limits } from '../limits.ts';

/** The user of this machine. */
export function whoAsks(): string {
  try {
    return `${userInfo().username} on the command line`;
  } catch {
    // An account without a name, as containers have them.
    return 'the command line';
  }
}

/** A reason that says something, and is not a book. */
export function readReason(reason: string): string {
  const text = reason.trim();
  if (text === '') throw new UserError('--reason is empty: say why, for the record');
  if (text.length <= limits.reasonChars) return text;
  throw new UserError(`--reason has ${text.length} characters: write at most ${limits.reasonChars}`);
}

/**
 * Puts a command that changes something on record, as requests are (api/audit.ts): in the transaction that does it, or, where there are several, before
 * the first. Where it cannot be recorded, nothing is done.
 */
export function recordCommand(
  client: Parameters<typeof recordAction>[0],
  role: Role,
  { action, subject = '', reason = null, details = {} }: Pick<Action, 'action'> & Partial<Action>,
): Promise<void> {
  const scope = role.replace('milepost_', '');
  return recordAction(client, { actor: whoAsks(), scope, action, subject, reason, details });
}
