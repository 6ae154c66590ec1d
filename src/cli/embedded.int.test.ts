// milepost start on a machine that has nothing: its own PostgreSQL, kept between starts, and an end that leaves no process behind.
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { runningPostgres } from '../local/postgres.ts';
import { milepost, type Running, startMilepost } from '../testing/milepost.ts';
import { waitFor } from '../testing/wait.ts';

/** An empty MILEPOST_HOME that the server's account may enter. */
async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  await chmod(home, 0o755);
  onTestFinished(() => rm(home, { recursive: true }));
  return home;
}

async function said(running: Running, pattern: RegExp): Promise<RegExpExecArray> {
  return waitFor(`${pattern} on standard output`, () => pattern.exec(running.stdout()));
}

/** Events in the embedded database, asked of it directly. */
async function countEvents(home: string): Promise<number> {
  const client = new pg.Client({ connectionString: await runningPostgres(join(home, 'postgres')) });
  await client.connect();
  const { rows } = await client.query('select count(*)::integer from milepost.event_key');
  await client.end();
  return rows[0].count;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('Ctrl-C in the middle of a sample, and a second start that goes on', { timeout: 180_000 }, async () => {
  const home = await makeHome();
  const env = { MILEPOST_HOME: home, HTTP_PORT: '0', METRICS_PORT: '0' };
  const postmaster = async () => Number((await readFile(join(home, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);

  await using first = startMilepost(['start', '--sample', '100000'], { env });
  await said(first, /Playing 100,000 sample messages/);
  await waitFor('some events', async () => (await countEvents(home)) > 0);
  const firstServer = await postmaster();
  // As a terminal does: the launcher and Milepost both get it.
  first.signal('SIGINT', 'group');
  const { status, stdout, stderr } = await first.ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/Stopping PostgreSQL …\nStopped\. Another start goes on from here\.\n$/);
  expect(isAlive(firstServer)).toBe(false);

  await using second = startMilepost(['start'], { env });
  const [, token] = await said(second, /TOKEN=(\S+)/);
  const [, url] = await said(second, /(http:\S+)\/api\/games\/active/);
  await said(second, /Ctrl-C stops everything\.\n$/);
  expect(second.stdout()).toContain('The events of earlier starts are still there');
  expect(await countEvents(home)).toBeGreaterThan(0);
  const answer = await fetch(`${url}/api/games/active`, { headers: { Authorization: `Bearer ${token}` } });
  expect((await answer.json()) as object).toMatchObject({ games: [{ current_value: expect.any(Number) }] });

  // Other commands use the server that is running; another start says who has it.
  const list = await milepost(['games', 'list', '--json'], { env: { MILEPOST_HOME: home } });
  expect(JSON.parse(list.stdout).map(({ state }: { state: string }) => state)).toContain('active');
  const secondServer = await postmaster();
  const third = await milepost(['start'], { env });
  expect(third.status).toBe(2);
  expect(third.stderr).toBe(
    `error: a PostgreSQL (process ${secondServer}, port ${new URL((await runningPostgres(join(home, 'postgres'))) as string).port}) is already running on ${home}/postgres: stop the Milepost that it belongs to, or end it with: kill -INT ${secondServer}\n`,
  );

  // As a supervisor does: the launcher alone gets it.
  second.signal('SIGTERM');
  expect(await second.ended).toMatchObject({ status: 0, stderr: '' });
  expect(isAlive(secondServer)).toBe(false);
});
