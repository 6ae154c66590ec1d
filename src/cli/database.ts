// The database of a command: the one DATABASE_URL names, or the embedded one, started for the command unless it is running already.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { connect, type Db, type Role } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { UserError } from '../errors.ts';
import { runningPostgres, startPostgres } from '../local/postgres.ts';
import type { Log } from '../log.ts';
import { createCommandLog } from './command-log.ts';

export interface Database {
  url: string;
  /** Stops the embedded server if this command has started it. */
  stop(): Promise<void>;
}

/** Opens the database of the configuration. The embedded one is migrated as well, unless told otherwise: nobody else would do it. */
export async function openDatabase(config: Config, options: { migrated?: boolean } = {}): Promise<Database> {
  if (config.DATABASE_URL !== undefined) return { url: config.DATABASE_URL, stop: async () => {} };
  const dataDir = join(config.MILEPOST_HOME, 'postgres');
  const running = await runningPostgres(dataDir);
  if (running !== undefined) return { url: running, stop: async () => {} };
  const server = await startPostgres({ dataDir });
  try {
    if (options.migrated !== false) await migrate(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Opens the database, works on it under a role, and closes everything again. */
export async function withDatabase<T>(config: Config, role: Role, work: (db: Db) => Promise<T>): Promise<T> {
  const database = await openDatabase(config);
  const log = createCommandLog(config);
  const db = connect(database.url, { role, size: 4, log, name: `milepost ${role}` });
  try {
    await checkDatabase(database.url, [role], log);
    return await work(db);
  } finally {
    await db.close();
    await database.stop();
  }
}

/**
 * @throws UserError when `milepost migrate` has never run on the database, or the login may not work under one of these roles; and whatever keeps the
 * database from answering.
 */
export async function checkDatabase(databaseUrl: string, roles: readonly Role[], log: Log): Promise<void> {
  const db = connect(databaseUrl, { role: 'login', size: 1, log });
  try {
    const { rows } = await db.pool.query<{ present: boolean; login: string; lacking: Role[] }>(
      `with wanted as (select unnest($1::text[]) as role)
       select to_regclass('public.milepost_function') is not null and not exists (select from wanted where to_regrole(role) is null) as present,
              session_user as login, array(select role from wanted where pg_has_role(to_regrole(role), 'member') is not true) as lacking`,
      [roles.filter((role) => role !== 'login')],
    );
    const { present, login, lacking } = rows[0] as (typeof rows)[number];
    if (!present) throw new UserError('the database has not been migrated: run milepost migrate');
    if (lacking.length === 0) return;
    const named = lacking.join(', ');
    throw new UserError(
      `${login}, the login of DATABASE_URL, may not work as ${named}: grant ${named} to ${login} (docs/operators.md says which login needs which role)`,
    );
  } finally {
    await db.close();
  }
}
