// What commands read: files, and standard input for `-`. Owns how an input that cannot be read is told.
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { messageOf, UserError } from '../errors.ts';

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user has no right to read it',
  EISDIR: 'it is a folder',
};

/** An error that says why a file cannot be read. */
export function unreadable(file: string, error: unknown): UserError {
  const { code = '' } = error as NodeJS.ErrnoException;
  return new UserError(`${file} cannot be read: ${reasons[code] ?? messageOf(error)}`);
}

/** Opens a file, or for `-` standard input. Nothing is read yet. */
export async function openInput(file: string): Promise<Readable> {
  if (file === '-') {
    if (process.stdin.isTTY) process.stderr.write('Reading from the terminal; end with Ctrl-D.\n');
    return process.stdin;
  }
  try {
    const handle = await open(file);
    if ((await handle.stat()).isDirectory()) {
      await handle.close();
      throw Object.assign(new Error(), { code: 'EISDIR' });
    }
    return handle.createReadStream({ highWaterMark: 256 * 1_024 });
  } catch (error) {
    throw unreadable(file, error);
  }
}
