// Brings a database to this version: migrations (once, in order), functions and views (again whenever a file changed), and the job queue's own schema.
// Processes of the version before go on meanwhile: no lock is waited for longer than they can bear, and the functions they call stay.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runMigrations } from 'graphile-worker';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { UserError } from '../errors.ts';
import { limits } from '../limits.ts';
import { backoffMs } from '../retry.ts';
import { asRole } from './connect.ts';
import { type PlannedStatement, planStatements } from './migration-plan.ts';
import { applyFiles, changedFiles, formerFunctions, presentFiles, type ReplaceableFile } from './replaceable.ts';

const DB_FOLDER = fileURLToPath(new URL('../../db/', import.meta.url));
const LOCK = 77_000;
const LOCK_LOOK_MS = 200;

/** What a migration did, or would do. */
export interface MigrationReport {
  migrations: string[];
  functions: string[];
  views: string[];
  /** Functions of versions before the last one, which nobody calls any more: dropped. */
  dropped: string[];
}

/** What a migration would do, and what of the running version would wait for it. */
export interface MigrationPlan extends MigrationReport {
  /** Of the functions and views, those that are there in another form. */
  replaced: string[];
  statements: PlannedStatement[];
}

export interface MigrateOptions {
  /** The folder with migrations/, functions/ and views/; another one in tests. */
  folder?: string;
  /** Other times than the limits; for tests. */
  timing?: Partial<{ lockMs: number; tries: number }>;
}

/** Says what `migrate` would do, and changes nothing. */
export async function planMigration(url: string, { folder = DB_FOLDER }: MigrateOptions = {}): Promise<MigrationPlan> {
  const client = new pg.Client({ connectionString: url, application_name: 'milepost migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    // A dry run makes its table of migrations all the same.
    await client.query('begin');
    const migrations = await runPending(client, folder, true, []);
    const changed = await changedFiles(client, folder);
    const dropped = changed.length === 0 ? [] : await formerFunctions(client);
    const replaced = await presentFiles(client, changed);
    const texts = await Promise.all(migrations.map((name) => readMigration(folder, name)));
    const statements = await planStatements(client, texts);
    await client.query('rollback');
    return { migrations, ...pathsOf(changed), dropped, replaced: replaced.map(({ path }) => path), statements };
  } finally {
    await client.end();
  }
}

async function readMigration(folder: string, name: string): Promise<{ name: string; text: string }> {
  const files = await readdir(join(folder, 'migrations'));
  const file = files.find((each) => each.startsWith(`${name}.`)) ?? `${name}.sql`;
  // One that is a program is no SQL that could be looked into.
  return { name, text: file.endsWith('.sql') ? await readFile(join(folder, 'migrations', file), 'utf8') : file };
}

function pathsOf(files: readonly ReplaceableFile[]): Pick<MigrationReport, 'functions' | 'views'> {
  const paths = (kind: ReplaceableFile['kind']) => files.filter((file) => file.kind === kind).map(({ path }) => path);
  return { functions: paths('function'), views: paths('view') };
}

/**
 * Migrates the database at `url`. Two at once wait for each other.
 * The login user needs CREATEROLE the first time, and ownership of the schema after that.
 * @throws UserError when somebody else's transaction keeps a lock that is needed; what was done until then stays, and the next run goes on from there.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<MigrationReport> {
  const { folder = DB_FOLDER } = options;
  const lockMs = options.timing?.lockMs ?? limits.migrationLockMs;
  const tries = options.timing?.tries ?? limits.migrationTries;
  const client = new pg.Client({ connectionString: url, application_name: 'milepost migrate' });
  await client.connect();
  try {
    // Asked for again and again: a statement that waited for it would keep an index from being built concurrently.
    while (!(await client.query('select pg_try_advisory_lock($1) as free', [LOCK])).rows[0].free)
      await delay(LOCK_LOOK_MS);
    // A lock that is waited for keeps everybody out who comes later. Only now: another migration may be waited for as long as it takes.
    await client.query(`set lock_timeout = ${lockMs}`);
    const migrations: string[] = [];
    await insist(client, tries, async () => {
      migrations.push(...(await runPending(client, folder, false, migrations)));
    });
    const changed = await changedFiles(client, folder);
    const dropped = changed.length === 0 ? [] : await formerFunctions(client);
    // The queue first: a function of ours calls into it.
    const queueUrl = asRole(url, 'milepost_worker', [`-c lock_timeout=${lockMs}`]);
    await insist(client, tries, () => runMigrations({ connectionString: queueUrl }));
    if (changed.length > 0) await insist(client, tries, () => applyFiles(client, changed));
    return { migrations, ...pathsOf(changed), dropped };
  } finally {
    await client.end();
  }
}

/** Runs the migrations that have not been run yet, but for `done`. Returns their names, also of those that ran before one failed on a lock. */
async function runPending(client: pg.Client, folder: string, dryRun: boolean, done: string[]): Promise<string[]> {
  const before = await recorded(client);
  try {
    const ran = await runner({
      dbClient: client,
      dir: join(folder, 'migrations'),
      migrationsTable: 'milepost_migration',
      migrationsSchema: 'public',
      direction: 'up',
      // One transaction each: a long index build of a later migration must not keep an earlier one's locks.
      singleTransaction: false,
      noLock: true,
      dryRun,
      log: () => {},
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    });
    return ran.map(({ name }) => name);
  } catch (error) {
    await client.query('rollback');
    const after = await recorded(client);
    done.push(...after.filter((name) => !before.includes(name)));
    throw error;
  }
}

async function recorded(client: pg.Client): Promise<string[]> {
  const { rows: known } = await client.query("select to_regclass('public.milepost_migration') is not null as present");
  if (!known[0].present) return [];
  const { rows } = await client.query<{ name: string }>('select name from public.milepost_migration order by id');
  return rows.map(({ name }) => name);
}

/**
 * Tries again what another transaction's lock has kept from being done (or a deadlock has ended), with pauses in which everybody who queued up
 * behind us gets their turn.
 */
async function insist(client: pg.Client, tries: number, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code !== '55P03' && code !== '40P01') throw error;
      if (attempt === tries) throw new UserError(await whoIsInTheWay(client, tries), []);
    }
    await delay(100 + backoffMs(attempt, Math.random(), { baseMs: 200, maxMs: limits.migrationPauseMs }));
  }
}

/** The transactions that have been open for longest: what keeps a lock for this long is one of them. */
async function whoIsInTheWay(client: pg.Client, tries: number): Promise<string> {
  const { rows } = await client.query<{ session: string }>(
    `select format('process %s (%s, %s), for %s s', pid, coalesce(nullif(application_name, ''), 'unnamed'), coalesce(state, 'state unknown'),
                   round(extract(epoch from now() - xact_start))) as session
       from pg_stat_activity
      where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()
      order by xact_start limit 3`,
  );
  const sessions = rows.map(({ session }) => session).join('; ');
  const longest = sessions === '' ? '' : `; transactions open for longest: ${sessions}`;
  return `a lock was not free, tried ${tries} times${longest}. What was migrated until then stays; run milepost migrate again`;
}
