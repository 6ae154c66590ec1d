// A copy of db/ that a test may add to: the next version's migrations, functions and views.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface DbFolder extends AsyncDisposable {
  path: string;
  write(file: string, text: string): Promise<void>;
  /** Writes a file anew; the change has to be one. */
  change(file: string, change: (text: string) => string): Promise<void>;
}

export async function dbFolder(): Promise<DbFolder> {
  const path = await mkdtemp(join(tmpdir(), 'milepost-db-'));
  await cp(join(import.meta.dirname, '../../db'), path, { recursive: true });
  async function write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text);
  }
  return {
    path,
    write,
    async change(file, change) {
      const before = await readFile(join(path, file), 'utf8');
      const after = change(before);
      if (after === before) throw new Error(`${file} is not changed by this`);
      await write(file, after);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}
