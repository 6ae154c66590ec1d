// The PostgreSQL that a benchmark measures on: one of its own in a temporary folder, as `milepost start` would run it, durable commits included. Owns
// the server's life, a database per measurement (cloned from a prepared one), and the server's own count of processor time.

import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { attributeFields } from '../src/condition/condition.ts';
import { connect } from '../src/db/connect.ts';
import { migrate } from '../src/db/migrate.ts';
import { transaction } from '../src/db/transaction.ts';
import { activateGame } from '../src/definitions/activate.ts';
import { attributeCatalogue, readSources, type Source } from '../src/event/source.ts';
import type { GameConfig } from '../src/games/config.ts';
import { parseGame } from '../src/games/parse.ts';
import { bucketOf } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import { startPostgres } from '../src/local/postgres.ts';
import { createLog, type Log } from '../src/log.ts';
import { waitFor } from '../src/testing/wait.ts';
import { formatInstant } from '../src/time.ts';
import { day, gameFile, userId, windowStart } from './workload.ts';

const root = join(import.meta.dirname, '..');
export const log: Log = createLog({ level: 'warn' });

export interface BenchServer extends AsyncDisposable {
  /** Settings that decide what a commit costs, as the server states them. */
  settings: Record<string, string>;
  /** A database as the last one of that name began, after a checkpoint; the last one is dropped. */
  freshDatabase(name?: string): Promise<string>;
  /** Processor time of the server and its connections so far, in ms; undefined where there is no /proc. */
  cpuMs(): Promise<number | undefined>;
}

/** The sources that ship with the project. */
export function shippedSources(): Promise<Source[]> {
  return readSources(join(root, 'game-configs/sources'));
}

/** Starts a server with a prepared database: migrated, the seed game in force, `players` players members of its cohort. */
export async function startBenchServer(
  players: number,
  serverSettings: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-'));
  // As root, PostgreSQL runs under another account, which must be able to get into the folder.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'postgres');
  const server = await startPostgres({ dataDir, settings: serverSettings }).catch(async (error) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await prepare(urlOf(server.url, 'milepost'), players);
    return {
      settings: await onServer(server.url, readSettings),
      freshDatabase: (name = 'bench') => onServer(server.url, (client) => clone(client, server.url, name)),
      cpuMs: () => cpuMs(dataDir),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The seed game as it comes from its file. */
export function seedText(): Promise<string> {
  return readFile(join(root, gameFile), 'utf8');
}

/** Puts a game in force, whose file says `text`. */
export async function activate(url: string, text: string): Promise<GameConfig> {
  const owner = connect(url, { role: 'milepost_owner', size: 1, log });
  try {
    const fields = attributeFields(attributeCatalogue(await shippedSources()));
    const config = parseGame(text, gameFile, fields);
    await transaction(owner, (tx) => activateGame(tx, { config, text, file: gameFile, by: 'bench', reason: 'bench' }));
    return config;
  } finally {
    await owner.close();
  }
}

async function prepare(url: string, players: number): Promise<void> {
  await migrate(url);
  const config = await activate(url, await seedText());
  const login = connect(url, { role: 'login', size: 1, log });
  // Past the engine: what is measured begins with an empty inbox.
  for (let from = 0; from < players; from += limits.batchEvents) {
    const size = Math.min(limits.batchEvents, players - from);
    const members = Array.from({ length: size }, (_, index) => userId(from + index)).sort();
    await login.pool.query(
      `insert into milepost.cohort_membership (bucket, player_id, cohort_id, valid_from, member)
       select u.bucket, u.player_id, $3, $4, true
         from unnest($1::smallint[], milepost.players_of($1::smallint[], $2::text[])) as u(bucket, player_id)`,
      [members.map(bucketOf), members, config.cohort_id, formatInstant(windowStart)],
    );
  }
  // The load's day, and those that a scheduled job makes ahead.
  await login.pool.query(
    'select milepost.inbox_partition(day) from unnest(array[$1::date, current_date, current_date + 1]) as day',
    [day],
  );
  await login.close();
}

async function clone(client: pg.Client, serverUrl: string, name: string): Promise<string> {
  // A connection that was closed is gone from the server a moment later.
  await waitFor('the end of the last measurement', async () => {
    const { rowCount } = await client.query('select from pg_stat_activity where datname = $1', [name]);
    return rowCount === 0;
  });
  await client.query(`drop database if exists ${name}`);
  await client.query(`create database ${name} template milepost`);
  await client.query('checkpoint');
  return urlOf(serverUrl, name);
}

async function readSettings(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query(
    `select name, current_setting(name) as value from pg_settings
      where name in ('server_version', 'synchronous_commit', 'fsync', 'full_page_writes', 'shared_buffers', 'max_wal_size') order by name`,
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

async function onServer<T>(serverUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlOf(serverUrl, 'postgres') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

const CLOCK_TICK_MS = 10;

/** The postmaster's time includes its children that ended; those that live are added. */
async function cpuMs(dataDir: string): Promise<number | undefined> {
  const pid = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n', 1)[0] as string;
  const entries = await readdir('/proc').catch(() => undefined);
  if (entries === undefined) return undefined;
  let ticks = 0;
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    } catch {
      continue; // it ended since the folder was listed
    }
    // After the command in brackets: state, parent, …, and from the twelfth on user, system, children's user, children's system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (entry === pid) ticks += sum(fields.slice(11, 15));
    else if (fields[1] === pid) ticks += sum(fields.slice(11, 13));
  }
  return ticks * CLOCK_TICK_MS;
}

function sum(fields: readonly string[]): number {
  return fields.reduce((total, field) => total + Number(field), 0);
}
