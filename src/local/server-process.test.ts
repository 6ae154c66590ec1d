import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../testing/wait.ts';
import { type ServerOptions, startServer } from './server-process.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

// A "server" that says when it is up and which signal ended it.
const script = `
trap 'echo stopped; exit 0' TERM
echo up
while :; do sleep 0.02; done`;

function server(name: string, overrides: Partial<ServerOptions> = {}): ServerOptions {
  return {
    name,
    command: ['sh', '-c', script],
    stopSignal: 'TERM',
    killSignal: 'KILL',
    logFile: join(folder, `${name}.log`),
    probe: async (output) => {
      if (!output.includes('up')) throw new Error('not up');
    },
    whenMissing: 'install it',
    ...overrides,
  };
}

test('stop lets the server end in good order, kill does not; either may be asked twice', async () => {
  const options = server('orderly');
  const first = await startServer(options);
  await first.stop();
  await first.stop();
  expect(await readFile(options.logFile, 'utf8')).toBe('up\nstopped\n');

  const second = await startServer(options);
  await second.kill();
  await second.stop();
  expect((await readFile(options.logFile, 'utf8')).match(/up|stopped/g)).toEqual(['up', 'stopped', 'up']);
});

test('a server that ends at once is an error with the end of its own log', async () => {
  const options = server('broken', { command: ['sh', '-c', 'echo no room for the data >&2; exit 3'] });
  await expect(startServer(options)).rejects.toThrow(
    `broken did not start: it ended with exit code 3\nThe end of ${options.logFile}:\n  no room for the data`,
  );
});

test('a command that is not on this machine is an error that says how to get it', async () => {
  const options = server('absent', { command: ['/nowhere/server'], whenMissing: 'install it with: get server' });
  await expect(startServer(options)).rejects.toThrow('absent did not start: install it with: get server');
});

test('the server stops in good order when its owner is killed', async () => {
  const logFile = join(folder, 'orphan.log');
  const owner = fork(join(import.meta.dirname, '../testing/server-owner.ts'), [logFile, script], { stdio: 'inherit' });
  await once(owner, 'message');
  owner.kill('SIGKILL');
  await waitFor('the word of the server that it stopped', async () =>
    (await readFile(logFile, 'utf8')).endsWith('stopped\n'),
  );
});
