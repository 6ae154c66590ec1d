// The process `milepost start`: what it needs to begin, and no more.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { freePort } from '../local/free-port.ts';
import { testDatabase } from '../testing/database.ts';
import { allEnded, outboxRows, owe, testServices } from '../testing/dispatch.ts';
import { milepost, startMilepost } from '../testing/milepost.ts';
import { waitFor } from '../testing/wait.ts';

test('what is missing ends the process, whatever else could be connected to', async () => {
  await using database = await testDatabase();
  const env = { DATABASE_URL: database.url, REDIS_URL: `redis://127.0.0.1:${await freePort()}`, METRICS_PORT: '0' };
  const { status, stderr } = await milepost(['start', '--role', 'ingest'], { env, program: 'main' });
  expect(stderr).toContain('KAFKA_BROKERS is not set');
  expect(status).toBe(2);
});

test('a worker works and is healthy as a login of its one role, and asks each service for keys that are older than it is said to remember them', async () => {
  const login = await makeLogin('milepost_worker');
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [
      { service: 'neucoin', on: 'lookup', how: 'status', status: 501 },
      { service: 'voucher', on: 'lookup', how: 'status', status: 501 },
    ],
  });
  await owe(database.pool);
  await owe(database.pool, { destination: 'voucher' });
  await database.pool.query("update milepost.outbox set attempts = 1, first_attempt_at = now() - interval '2 hours'");
  await using worker = startMilepost(['start', '--role', 'worker'], {
    program: 'main',
    env: {
      DATABASE_URL: Object.assign(new URL(database.url), login).href,
      NEUCOIN_URL: services.neucoinUrl,
      VOUCHER_URL: services.voucherUrl,
      METRICS_PORT: '0',
      NEUCOIN_IDEMPOTENCY_HOURS: '1',
      VOUCHER_IDEMPOTENCY_HOURS: '4',
    },
  });
  await waitFor('the end of all messages', () => allEnded(database.pool), { deadlineMs: 30_000 });
  // The former may have forgotten and cannot be asked; the latter is sent the same key again.
  expect(await outboxRows(database.pool)).toMatchObject([
    { destination: 'neucoin', state: 'ambiguous' },
    { destination: 'voucher', state: 'done' },
  ]);
  const listening = await waitFor('its health', () => worker.log().find(({ msg }) => msg === 'listening'));
  const ready = await fetch(`${listening.metrics}/health/ready`);
  expect(await ready.json()).toMatchObject({ ready: true, checks: { database: 'up', migrations: 'present' } });
  worker.signal('SIGTERM');
  expect(await worker.ended).toMatchObject({ status: 0 });
});

test('a login that lacks a role is told which, by a command and by a process', async () => {
  const login = await makeLogin('milepost_support');
  await using database = await testDatabase();
  const env = {
    DATABASE_URL: Object.assign(new URL(database.url), login).href,
    JWT_JWKS_URL: 'http://127.0.0.1:1/jwks.json',
    ...{ HTTP_PORT: '0', METRICS_PORT: '0' },
  };
  const [command, api] = await Promise.all([
    milepost(['games', 'list'], { env, program: 'main' }),
    milepost(['start', '--role', 'api'], { env, program: 'main' }),
  ]);
  expect(command).toMatchObject({
    status: 2,
    stderr: expect.stringContaining(`may not work as milepost_owner: grant milepost_owner to ${login.username} (`),
  });
  expect(api).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('may not work as milepost_api, milepost_ingest: grant'),
  });
});

/** A login of the server that is a member of one role; it goes when the test has ended. */
async function makeLogin(role: string): Promise<{ username: string; password: string }> {
  const login = { username: `${role}_login_${process.pid}`, password: randomUUID() };
  const server = new pg.Client({ connectionString: inject('postgres') });
  await server.connect();
  await server.query(`create role ${login.username} login password '${login.password}' in role ${role}`);
  onTestFinished(async () => {
    await server.query(`drop role ${login.username}`);
    await server.end();
  });
  return login;
}
