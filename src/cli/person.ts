// Who gives a command, for the record.
import { userInfo } from 'node:os';
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
