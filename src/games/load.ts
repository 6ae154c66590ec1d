// Loads players' facts from PostgreSQL for many readers at once: readers of one moment share a statement, a player is in one statement at a time, and
// only a few statements run at a time, so that a crowd (a cold Redis, a hundred waiters woken by one commit) costs the database a handful of
// statements. Owns the queue, its bound, and how long anybody waits in it.
import { Gauge } from 'prom-client';
import type { Db } from '../db/connect.ts';
import { DatabaseAway } from '../db/failure.ts';
import { within } from '../deadline.ts';
import { limits } from '../limits.ts';
import { registry } from '../metrics.ts';
import type { Instant } from '../time.ts';
import { type Field, readUsers } from './facts.ts';

const waitingReads = new Gauge({
  name: 'milepost_player_reads_waiting',
  help: "Reads of players' facts that wait for PostgreSQL, or for their turn with it.",
  registers: [registry],
});

/** Which games of a player are loaded: those of these numbers, or (null) all; with `until`, windows that began by then. */
export interface Scope {
  games: readonly number[] | null;
  until?: Instant;
}

export interface FactsLoader {
  /**
   * A player's fields: those of the scope at least, as committed when this is called or later. Rejects with DatabaseAway after limits.httpWaitMs, the
   * turn in the queue included, and at once where too many wait already.
   */
  load(userId: string, scope: Scope): Promise<Field[]>;
}

interface Waiting {
  userId: string;
  scope: Scope;
  loaded: PromiseWithResolvers<Field[]>;
}

interface Batch {
  userIds: Set<string>;
  readers: Waiting[];
}

export function createFactsLoader(db: Db, clock: () => Instant): FactsLoader {
  const waiting = new Set<Waiting>();
  /** Players whom a statement reads now. Who asks meanwhile may know of a later commit, and gets the next one. */
  const underWay = new Set<string>();
  let running = 0;
  let scheduled = false;

  function turn(): void {
    scheduled = false;
    while (running < limits.readStatements) {
      const batch = nextBatch();
      if (batch.readers.length === 0) return;
      for (const reader of batch.readers) waiting.delete(reader);
      void run(batch);
    }
  }

  /** The players who have waited longest, each with everybody who waits for them. */
  function nextBatch(): Batch {
    const userIds = new Set<string>();
    const readers: Waiting[] = [];
    for (const reader of waiting) {
      const { userId, scope } = reader;
      if (underWay.has(userId) || scope.until !== (readers[0] ?? reader).scope.until) continue;
      if (!userIds.has(userId) && userIds.size >= limits.readPlayers) continue;
      userIds.add(userId);
      readers.push(reader);
    }
    return { userIds, readers };
  }

  async function run({ userIds, readers }: Batch): Promise<void> {
    running += 1;
    for (const userId of userIds) underWay.add(userId);
    try {
      const scope = { games: together(readers), until: readers[0]?.scope.until };
      const fields = await readUsers(db, [...userIds], scope, clock());
      for (const { userId, loaded } of readers) loaded.resolve(fields.get(userId) as Field[]);
    } catch (error) {
      for (const { loaded } of readers) loaded.reject(error);
    }
    for (const userId of userIds) underWay.delete(userId);
    running -= 1;
    turn();
  }

  return {
    async load(userId, scope) {
      if (waiting.size >= limits.waitingReads) {
        throw new DatabaseAway(`${waiting.size} reads wait for the database already`);
      }
      const reader: Waiting = { userId, scope, loaded: Promise.withResolvers<Field[]>() };
      waiting.add(reader);
      waitingReads.inc();
      // At the end of this turn of the event loop: whoever asks within it comes along.
      if (!scheduled) setImmediate(turn);
      scheduled = true;
      const late = (): Error => new DatabaseAway(`not read within ${limits.httpWaitMs} ms`);
      try {
        return await within(limits.httpWaitMs, reader.loaded.promise, late);
      } finally {
        waiting.delete(reader);
        waitingReads.dec();
      }
    },
  };
}

/** The games of all scopes. */
function together(readers: readonly Waiting[]): number[] | null {
  const games = new Set<number>();
  for (const { scope } of readers) {
    if (scope.games === null) return null;
    for (const gameNo of scope.games) games.add(gameNo);
  }
  return [...games];
}
