// Files of text as people write them. What is not UTF-8 is an error: read as if it were, it would put wrong letters before players.
import { readFile } from 'node:fs/promises';
import { messageOf } from './errors.ts';

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user has no right to read it',
  EISDIR: 'it is a folder',
};

/** Why a file could not be opened or read, for whoever named it. */
export function whyUnreadable(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return reasons[code] ?? messageOf(error);
}

/** The text of a file. Rejects as reading a file does, or with an Error that says that it is not UTF-8. */
export async function readTextFile(file: string): Promise<string> {
  const bytes = await readFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('it is not text in UTF-8; save it in that encoding');
  }
}
