// Brings a database to this version: migrations (once, in order), functions (again whenever a file changed), and the job queue's own schema.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMigrations } from 'graphile-worker';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { asRole } from './connect.ts';

const DB_FOLDER = fileURLToPath(new URL('../../db/', import.meta.url));
const LOCK = 77_000;

/** What a migration did, or, with `plan`, would do. */
export interface MigrationReport {
  migrations: string[];
  functions: string[];
}

/**
 * Migrates the database at `url`. Two at once wait for each other. With `plan`, nothing is changed and the report says what would be.
 * The login user needs CREATEROLE the first time, and ownership of the schema after that.
 */
export async function migrate(url: string, options: { plan?: boolean } = {}): Promise<MigrationReport> {
  const plan = options.plan === true;
  const client = new pg.Client({ connectionString: url, application_name: 'milepost migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    // A dry run makes its table of migrations all the same.
    if (plan) await client.query('begin');
    const ran = await runner({
      dbClient: client,
      dir: join(DB_FOLDER, 'migrations'),
      migrationsTable: 'milepost_migration',
      migrationsSchema: 'public',
      direction: 'up',
      // One transaction each: a long index build of a later migration must not keep an earlier one's locks.
      singleTransaction: false,
      noLock: true,
      dryRun: plan,
      log: () => {},
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    });
    const functions = await changedFunctions(client);
    if (plan) await client.query('rollback');
    else {
      // The queue first: a function of ours calls into it.
      await runMigrations({ connectionString: asRole(url, 'milepost_worker') });
      await applyFunctions(client, functions);
    }
    return { migrations: ran.map((migration) => migration.name), functions: functions.map((file) => file.path) };
  } finally {
    await client.end();
  }
}

interface FunctionFile {
  /** Such as `engine/open_batch.sql`. */
  path: string;
  text: string;
  digest: string;
}

async function changedFunctions(client: pg.Client): Promise<FunctionFile[]> {
  const known = await client.query("select to_regclass('public.milepost_function') is not null as present");
  const applied = new Map<string, string>();
  if (known.rows[0].present) {
    const { rows } = await client.query('select path, digest from public.milepost_function');
    for (const row of rows) applied.set(row.path, row.digest);
  }
  return (await functionFiles()).filter((file) => applied.get(file.path) !== file.digest);
}

async function functionFiles(): Promise<FunctionFile[]> {
  const folder = join(DB_FOLDER, 'functions');
  const entries = await readdir(folder, { recursive: true });
  const paths = entries.filter((entry) => entry.endsWith('.sql')).sort();
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(folder, path), 'utf8');
      return { path, text, digest: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

async function applyFunctions(client: pg.Client, files: FunctionFile[]): Promise<void> {
  await client.query('begin');
  try {
    await client.query(
      'create table if not exists public.milepost_function (path text primary key, digest text not null, applied_at timestamptz not null)',
    );
    for (const file of files) {
      const name = file.path.replace(/^.*\//, '').replace(/\.sql$/, '');
      await dropOtherSignatures(client, name);
      await client.query(file.text);
      await client.query(`revoke all on function milepost.${pg.escapeIdentifier(name)} from public`);
      await client.query(
        `insert into public.milepost_function (path, digest, applied_at) values ($1, $2, now())
         on conflict (path) do update set digest = excluded.digest, applied_at = excluded.applied_at`,
        [file.path, file.digest],
      );
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** `create or replace` with other parameters would leave the older function beside the newer one, and calls by name ambiguous. */
async function dropOtherSignatures(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query(
    `select p.oid::regprocedure::text as signature from pg_proc p
      where p.pronamespace = 'milepost'::regnamespace and p.proname = $1`,
    [name],
  );
  for (const row of rows) await client.query(`drop function ${row.signature}`);
}
