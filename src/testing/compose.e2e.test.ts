// Where there is no container engine, the containers of docker-compose.yml can still be started as what they are: processes with a command and
// an environment. Only addresses differ.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../local/free-port.ts';
import { testDatabase } from './database.ts';
import { waitFor } from './wait.ts';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'src/cli/main.ts');
const { services } = parse(await readFile(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, { command: string[]; environment: Record<string, string> }>;
};

test('the containers of docker-compose.yml come up in their order, answer, and stop in good order', async () => {
  await using database = await testDatabase();
  const home = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  const standIn = await waitFor('two ports side by side', async () => {
    const port = await freePort();
    await freePort(port + 1);
    return port;
  });
  const api = await freePort();
  // What the file names is elsewhere here, and what it leaves at its default must not meet another test's.
  const elsewhere: Record<string, string> = {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: inject('kafka'),
    REDIS_URL: inject('redis'),
    NEUCOIN_URL: `http://127.0.0.1:${standIn}/neucoin`,
    VOUCHER_URL: `http://127.0.0.1:${standIn}/voucher`,
    JWT_JWKS_URL: `http://127.0.0.1:${standIn + 1}/jwks.json`,
    HTTP_HOST: '127.0.0.1',
    MILEPOST_HOME: home,
  };
  const defaults = { KAFKA_GROUP_ID: `compose-${process.pid}`, HTTP_PORT: String(api), LOG_LEVEL: 'warn' };
  const children: ChildProcess[] = [];

  function up(name: string, own: Record<string, string> = {}): ChildProcess {
    const service = services[name];
    if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
    const named = Object.keys(service.environment).map((variable) => [variable, elsewhere[variable]]);
    const command = service.command.map((word) => ({ '0.0.0.0': '127.0.0.1', '4010': `${standIn}` })[word] ?? word);
    const child = spawn(process.execPath, [main, ...command], {
      cwd: root,
      env: { ...defaults, ...own, ...Object.fromEntries(named) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    return child;
  }

  try {
    for (const name of ['migrate', 'games', 'topics']) {
      expect(await once(up(name), 'exit'), name).toEqual([0, null]);
    }
    up('stand-in');
    await answers(elsewhere.JWT_JWKS_URL as string);
    for (const role of ['ingest', 'worker', 'api']) {
      const port = await freePort();
      up(role, { METRICS_PORT: String(port) });
      await answers(`http://127.0.0.1:${port}/health/ready`);
    }

    const games = `http://127.0.0.1:${api}/api/games/active`;
    expect((await fetch(games)).status).toBe(401);
    const env = { MILEPOST_HOME: home };
    const token = await promisify(execFile)(process.execPath, [main, 'token', 'U123'], { env });
    const authorization = `Bearer ${token.stdout.trim()}`;
    expect((await fetch(games, { headers: { authorization } })).status).toBe(200);

    const [, , , ...running] = children;
    const exits = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGTERM');
    expect(await Promise.all(exits)).toEqual(running.map(() => [0, null]));
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await rm(home, { recursive: true });
  }
});

async function answers(url: string): Promise<void> {
  await waitFor(`an answer of ${url}`, async () => (await fetch(url)).ok);
}
