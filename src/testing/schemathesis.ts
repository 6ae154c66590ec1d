// Schemathesis, in a virtual environment of this folder: made where it is missing, as Kafka is fetched where it is (src/local/kafka.ts), so that the tests
// need nothing by hand. `.ci/run` calls it beforehand.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.venv');
const run = promisify(execFile);

/**
 * The program's path. The first time the version in `.ci/requirements.txt` is installed.
 * @throws where it cannot be, in the words of Python or pip: there is no Python 3 with `venv`, say.
 */
export async function schemathesis(): Promise<string> {
  const program = join(folder, 'bin/schemathesis');
  const works = await run(program, ['--version']).then(
    () => true,
    () => false,
  );
  if (works) return program;
  // An environment is made whole or not at all: an interrupted one is made again.
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(join(folder, 'bin/pip'), ['install', '--quiet', '--requirement', join(root, '.ci/requirements.txt')]);
  return program;
}
