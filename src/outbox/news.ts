// News: whose facts a commit may have changed, told to every process that has readers waiting. A hint in few bytes, never the truth: whoever hears it
// looks into the database. One connection per process listens for all its readers. News may get lost (a crash after the commit, a broken connection):
// after a break everybody is told to look, and whoever waits does so for a bounded time.
import assert from 'node:assert/strict';
import type pg from 'pg';
import type { Db } from '../db/connect.ts';
import { messageOf } from '../errors.ts';
import { hash32 } from '../ids.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../retry.ts';

const CHANNEL = 'milepost_news';
const RETRY = { baseMs: 100, maxMs: 5_000 };
const BYTES = 4;
/** PostgreSQL refuses a notification of 8,000 bytes. */
assert(
  (limits.newsPlayers * BYTES * 4) / 3 + 4 < 8_000,
  'the players of one piece of news must fit into a notification',
);

/** Players as the texts of notifications: 32 bits of each id. Two players may share these; then one looks in vain. */
export function encodeNews(userIds: readonly string[]): string[] {
  const texts: string[] = [];
  for (let from = 0; from < userIds.length; from += limits.newsPlayers) {
    const some = userIds.slice(from, from + limits.newsPlayers);
    const bytes = Buffer.allocUnsafe(some.length * BYTES);
    for (const [index, userId] of some.entries()) bytes.writeUInt32LE(hash32(userId), index * BYTES);
    texts.push(bytes.toString('base64'));
  }
  return texts;
}

function decodeNews(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: Math.floor(bytes.length / BYTES) }, (_, index) => bytes.readUInt32LE(index * BYTES));
}

/** The statement that sends such texts; $1 is their array. */
export const SEND_NEWS = `select pg_notify('${CHANNEL}', text) from unnest($1::text[]) as text`;

export interface News {
  /** Calls `hear` whenever something about a player may have changed, until the function that it returns is called. */
  about(userId: string, hear: () => void): () => void;
  /** Begins to listen, and goes on trying while the database is away. */
  start(): void;
  stop(): Promise<void>;
}

/** News as this process hears it, on a connection beside the pool of `db`. */
export function followNews(db: Db, log: Log): News {
  const readers = new Map<number, Set<() => void>>();
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let check: NodeJS.Timeout | undefined;
  let attempts = 0;
  let stopped = false;
  let connecting: Promise<void> | undefined;

  async function connect(): Promise<void> {
    const opened = db.client();
    client = opened;
    opened.on('notification', ({ payload }) => {
      for (const digest of decodeNews(payload ?? '')) tell(readers.get(digest));
    });
    opened.on('error', (error) => lost(opened, error));
    opened.on('end', () => lost(opened, new Error('the connection ended')));
    try {
      await opened.connect();
      await opened.query(`listen ${CHANNEL}`);
      if (attempts > 0) log.info('listening for news again');
      attempts = 0;
      // What was told meanwhile was not heard.
      for (const some of readers.values()) tell(some);
      check = setInterval(() => opened.query('select 1').catch((error) => lost(opened, error)), limits.newsCheckMs);
    } catch (error) {
      lost(opened, error);
    }
  }

  function lost(broken: pg.Client, error: unknown): void {
    if (client !== broken) return;
    client = undefined;
    clearInterval(check);
    broken.end().catch(() => {}); // it is broken
    if (stopped) return;
    if (attempts === 0) log.warn({ error: messageOf(error) }, 'not listening for news; trying again');
    attempts += 1;
    timer = setTimeout(begin, backoffMs(attempts, Math.random(), RETRY));
  }

  function begin(): void {
    connecting = connect();
  }

  return {
    about(userId, hear) {
      const digest = hash32(userId);
      const some = readers.get(digest) ?? new Set();
      readers.set(digest, some);
      some.add(hear);
      return () => {
        some.delete(hear);
        if (some.size === 0 && readers.get(digest) === some) readers.delete(digest);
      };
    },
    start: begin,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      clearInterval(check);
      await connecting;
      const open = client;
      client = undefined;
      clearInterval(check);
      await open?.end().catch(() => {}); // it is not needed any more
    },
  };
}

function tell(readers: ReadonlySet<() => void> | undefined): void {
  for (const hear of [...(readers ?? [])]) hear();
}
