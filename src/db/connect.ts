// Connections to PostgreSQL. A Db reads; writers take a Tx (transaction.ts). Every pool has an error handler, time-outs and a role.
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { DB } from './tables.ts';

/** The role a process works under; each has only the rights its work needs. `login` is the login user itself (migrations). */
export type Role =
  | 'milepost_ingest'
  | 'milepost_worker'
  | 'milepost_api'
  | 'milepost_owner'
  | 'milepost_support'
  | 'milepost_retention'
  | 'milepost_erase'
  | 'milepost_dba'
  | 'login';

export interface Db {
  /** Reads by kysely. Writes go through a Tx. */
  readonly query: Kysely<DB>;
  readonly pool: pg.Pool;
  /** A connection of its own beside the pool, yet to be connected: for what stays connected. Whoever asks for it ends it. */
  client(): pg.Client;
  close(): Promise<void>;
}

// A bigint column arrives as text unless told otherwise; ours are read as bigint where they may pass 2^53, so text is what we want here.
// Instants are milliseconds inside Milepost, not Date objects.
const types = new pg.TypeOverrides();
types.setTypeParser(1184, (text: string) =>
  text === 'infinity' ? Number.POSITIVE_INFINITY : Date.parse(pgToIso(text)),
);

function pgToIso(text: string): string {
  // 2026-06-10 05:35:00.123+00 (the session's zone is UTC) → 2026-06-10T05:35:00.123Z
  return `${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, 'Z')}`;
}

/** A connection string whose sessions work as `role` in UTC, with `settings` (`-c name=value`); what the string itself asks for comes first. */
export function asRole(url: string, role: Role, settings: readonly string[] = []): string {
  const session = new URL(url);
  const own = session.searchParams.get('options') ?? '';
  const roleSetting = role === 'login' ? [] : [`-c role=${role}`];
  session.searchParams.set('options', [own, ...settings, '-c TimeZone=UTC', ...roleSetting].join(' ').trim());
  return session.href;
}

/**
 * Opens a pool whose connections work as `role`, in UTC, with statement and lock time-outs. Nothing is connected until it is used.
 * `log` hears of idle connections that broke; the pool replaces them.
 */
export function connect(url: string, options: { role: Role; size: number; log: Log; name?: string }): Db {
  const settings = [
    '-c jit=off',
    `-c statement_timeout=${limits.statementTimeoutMs}`,
    `-c lock_timeout=${limits.lockTimeoutMs}`,
    `-c idle_in_transaction_session_timeout=${limits.statementTimeoutMs}`,
  ];
  const session = {
    connectionString: asRole(url, options.role, settings),
    application_name: options.name ?? options.role,
    connectionTimeoutMillis: 10_000,
    // A server that accepts and never answers breaks no time-out of its own.
    query_timeout: limits.queryTimeoutMs,
    keepAlive: true,
    types,
  };
  const pool = new pg.Pool({ ...session, max: options.size });
  // A client that is taken has no listener until its user adds one, and an error event without a listener ends the process. Whoever uses the
  // client hears of the break all the same: its next statement fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => {
    // Connections of a closed pool are still saying goodbye: a server that stops meanwhile takes nothing from anybody.
    if (pool.ending) return;
    // Its text alone: pg hangs the whole connection onto the error.
    options.log.warn({ error: messageOf(error) }, 'idle database connection broke');
  });
  const query = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) }).withSchema('milepost');
  return { query, pool, client: () => new pg.Client(session), close: () => pool.end() };
}
