// What commands read: files, standard input for `-`, and the values of options. Owns how an input that cannot be read is told.
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { UserError } from '../errors.ts';
import { whyUnreadable } from '../text-file.ts';
import { type Instant, parseInstant } from '../time.ts';

/** An error that says why a file cannot be read. */
export function unreadable(file: string, error: unknown): UserError {
  return new UserError(`${file} cannot be read: ${whyUnreadable(error)}`);
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

/** Reads the instant that an option names; undefined when it was not given. */
export function readInstant(option: string, text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  const example = 'such as 2026-05-01T00:00:00+05:30';
  throw new UserError(`${option} ${JSON.stringify(text)} is no instant: write date, time and offset, ${example}`);
}

/** Reads the whole number, `from` or more, that an option names; undefined when it was not given. */
export function readCount(option: string, text: string | undefined, from: number): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= from) return count;
  throw new UserError(`${option} ${JSON.stringify(text)}: write a whole number from ${from} on`);
}
