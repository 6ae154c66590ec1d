// Files in the clone that are made of others: written, or compared with what they should hold.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diff } from 'node:util';

const root = join(import.meta.dirname, '../..');

/** Writes the files, given by path in the clone. */
export async function writeGenerated(files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    await writeFile(join(root, path), text);
    process.stdout.write(`wrote ${path}\n`);
  }
}

/** Whether all files are as they should be; says where they differ. `of` names what they are made of, `command` what makes them. */
export async function checkGenerated(
  files: ReadonlyMap<string, string>,
  { of, command }: { of: string; command: string },
): Promise<boolean> {
  let same = true;
  for (const [path, wanted] of files) {
    const found = await readFile(join(root, path), 'utf8').catch(() => '');
    if (found === wanted) {
      process.stdout.write(`${path} is in step with ${of}\n`);
      continue;
    }
    same = false;
    process.stderr.write(`${path} is not what ${of} make (run: ${command})\n`);
    process.stderr.write(`  - in the clone, + as it should be\n${difference(found, wanted)}\n`);
  }
  return same;
}

/** The lines that differ, each with the number it has or would have. */
function difference(found: string, wanted: string): string {
  let foundLine = 0;
  let wantedLine = 0;
  const lines: string[] = [];
  for (const [side, line] of diff(wanted.split('\n'), found.split('\n'))) {
    if (side >= 0) wantedLine++;
    if (side <= 0) foundLine++;
    if (side !== 0) lines.push(`  ${side > 0 ? `+ ${wantedLine}` : `- ${foundLine}`}: ${line}`);
  }
  return lines.join('\n');
}
