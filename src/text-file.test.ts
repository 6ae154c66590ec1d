import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTextFile } from './text-file.ts';

test('a file of another encoding is refused, not read with other letters', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-text-'));
  try {
    const file = join(folder, 'game.json');
    await writeFile(file, Buffer.from('"cafés"', 'utf8'));
    expect(await readTextFile(file)).toBe('"cafés"');
    await writeFile(file, Buffer.from('"cafés"', 'latin1'));
    await expect(readTextFile(file)).rejects.toThrow('it is not text in UTF-8; save it in that encoding');
    await expect(readTextFile(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
