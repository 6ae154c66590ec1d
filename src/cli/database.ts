// The database of a command: the one DATABASE_URL names, or the embedded one, started for the command unless it is running already.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { connect, type Db, type Role } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { runningPostgres, startPostgres } from '../local/postgres.ts';
import { createLog } from '../log.ts';

export interface Database {
  url: string;
  /** Stops the embedded server if this command has started it. */
  stop(): Promise<void>;
}

/** Opens the database of the configuration. The embedded one is migrated as well: nobody else would do it. */
export async function openDatabase(config: Config): Promise<Database> {
  if (config.DATABASE_URL !== undefined) return { url: config.DATABASE_URL, stop: async () => {} };
  const dataDir = join(config.MILEPOST_HOME, 'postgres');
  const running = await runningPostgres(dataDir);
  if (running !== undefined) return { url: running, stop: async () => {} };
  const server = await startPostgres({ dataDir });
  try {
    await migrate(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Opens the database, works on it under a role, and closes everything again. */
export async function withDatabase<T>(config: Config, role: Role, work: (db: Db) => Promise<T>): Promise<T> {
  const database = await openDatabase(config);
  const log = createLog({ level: config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL });
  const db = connect(database.url, { role, size: 4, log, name: `milepost ${role}` });
  try {
    return await work(db);
  } finally {
    await db.close();
    await database.stop();
  }
}
