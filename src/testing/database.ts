// A database per test, cloned from a migrated template in a few hundredths of a second. Owns its creation, the check that the test gave every
// connection back, and its removal. Databases of one run never share rows; roles they do (roles belong to the server).
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { migrate } from '../db/migrate.ts';
import { waitFor } from './wait.ts';

export interface TestDatabase extends AsyncDisposable {
  /** As the owner. */
  url: string;
  /** A pool on it as the owner, for what the test itself looks up. */
  pool: pg.Pool;
}

const root = join(import.meta.dirname, '../..');
/** A connection that was closed is gone from the server a moment later; on a busy machine that may take a while. */
const GONE_WITHIN_MS = 15_000;
const templateLock = 77_001;

/**
 * A migrated, empty database of the test's own: `await using database = await testDatabase()`. Its end fails the test when a connection to it
 * is still open, whoever opened it, and removes the database in any case.
 */
export async function testDatabase({ goneWithinMs = GONE_WITHIN_MS } = {}): Promise<TestDatabase> {
  const serverUrl = inject('postgres');
  const name = `milepost_test_${process.pid}_${Date.now().toString(36)}_${++databases}`;
  await onServer(serverUrl, async (server) => {
    const template = await ensureTemplate(server, serverUrl);
    await server.query(`create database ${name} template ${template}`);
    await copyGrants(server, template, name);
  });
  const url = urlOf(serverUrl, name);
  const pool = new pg.Pool({ connectionString: url, application_name: 'testDatabase pool', max: 4 });
  // A client that is borrowed when its database is removed must be reported as a leak, not end the process by an unhandled error event.
  pool.on('connect', (client) => client.on('error', () => {}));
  return { url, pool, [Symbol.asyncDispose]: () => remove(serverUrl, name, pool, goneWithinMs) };
}

let databases = 0;

async function remove(serverUrl: string, name: string, pool: pg.Pool, deadlineMs: number): Promise<void> {
  // A pool would wait for what is borrowed for ever; then the database is removed from under it instead.
  if (pool.totalCount === pool.idleCount) await pool.end();
  await onServer(serverUrl, async (server) => {
    try {
      await waitFor(`the end of all connections to ${name}`, () => noConnections(server, name), { deadlineMs });
    } finally {
      await server.query(`drop database ${name} with (force)`);
    }
  });
}

async function noConnections(server: pg.Client, name: string): Promise<true> {
  const { rows } = await server.query(
    'select application_name, state, query from pg_stat_activity where datname = $1 order by backend_start',
    [name],
  );
  if (rows.length === 0) return true;
  const leaks = rows.map((row) => `${row.application_name || 'unnamed'} (${row.state}, last statement: ${row.query})`);
  throw new Error(`the test left ${rows.length} open: ${leaks.join('; ')}`);
}

/** The name of the template for the migrations and functions as they are now. Many processes may ask at once: one makes it. */
async function ensureTemplate(server: pg.Client, serverUrl: string): Promise<string> {
  const template = `milepost_template_${await schemaDigest()}`;
  const exists = async () =>
    (await server.query('select from pg_database where datname = $1', [template])).rowCount === 1;
  if (await exists()) return template;
  await server.query('select pg_advisory_lock($1)', [templateLock]);
  try {
    if (await exists()) return template;
    // Under its own name only when it is whole.
    const draft = `${template}_draft`;
    await server.query(`drop database if exists ${draft}`);
    await server.query(`create database ${draft}`);
    await migrate(urlOf(serverUrl, draft));
    await waitFor('the end of the migration', () => noConnections(server, draft));
    await server.query(`alter database ${draft} rename to ${template}`);
    return template;
  } finally {
    await server.query('select pg_advisory_unlock($1)', [templateLock]);
  }
}

/** What a clone does not take along: the rights on the database itself. */
async function copyGrants(server: pg.Client, template: string, name: string): Promise<void> {
  const { rows } = await server.query(
    `select format('grant %s on database %I to %s', privilege_type, $2::text, case grantee when 0 then 'public' else grantee::regrole::text end) as statement
       from pg_database, aclexplode(datacl) where datname = $1`,
    [template, name],
  );
  for (const row of rows) await server.query(row.statement);
}

let digest: Promise<string> | undefined;

function schemaDigest(): Promise<string> {
  digest ??= computeDigest();
  return digest;
}

async function computeDigest(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['migrate.ts', 'replaceable.ts']) hash.update(await readFile(join(root, 'src/db', file)));
  for (const folder of ['db/migrations', 'db/functions', 'db/views']) {
    const files = (await readdir(join(root, folder), { recursive: true }))
      .filter((file) => /\.(sql|mjs)$/.test(file))
      .sort();
    for (const file of files) hash.update(`\0${folder}/${file}\0`).update(await readFile(join(root, folder, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

async function onServer<T>(serverUrl: string, work: (server: pg.Client) => Promise<T>): Promise<T> {
  const server = new pg.Client({ connectionString: serverUrl, application_name: 'testDatabase' });
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}

function urlOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
