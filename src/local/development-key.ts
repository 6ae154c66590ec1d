// Keys for development, each kept in a file beside the embedded database. Never for production: whoever can read the folder has them.
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SealKey } from '../seal.ts';

export type DevelopmentKey = 'voucher-code-key' | 'draw-key';

/** The key of a name in `folder`; the first time, it is made. */
export async function openDevelopmentKey(folder: string, name: DevelopmentKey): Promise<SealKey> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.txt`);
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, randomBytes(32).toString('base64'), { mode: 0o600 });
  // Linking fails where there is one, perhaps of another process since a moment ago; then that counts.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return { id: 'development', key: Buffer.from(await readFile(file, 'utf8'), 'base64') };
}
