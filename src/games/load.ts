// Loads players' facts from PostgreSQL for many readers at once: readers of one moment share a statement, and only a few statements run at a time,
// so that a crowd (a cold Redis, a hundred waiters woken by one commit) costs the database a handful of statements. Owns the queue and its bound.
import type { Db } from '../db/connect.ts';
import { DatabaseAway } from '../db/failure.ts';
import { limits } from '../limits.ts';
import type { Instant } from '../time.ts';
import { type Field, readUsers } from './facts.ts';

/** Which games of a player are loaded: those of these numbers, or (null) all; with `until`, windows that began by then. */
export interface Scope {
  games: readonly number[] | null;
  until?: Instant;
}

export interface FactsLoader {
  /** A player's fields: those of the scope at least, as committed when this is called or later. */
  load(userId: string, scope: Scope): Promise<Field[]>;
}

interface Waiting {
  userId: string;
  scope: Scope;
  loaded: PromiseWithResolvers<Field[]>;
}

export function createFactsLoader(db: Db, clock: () => Instant): FactsLoader {
  let waiting: Waiting[] = [];
  let running = 0;
  let scheduled = false;

  function turn(): void {
    scheduled = false;
    while (waiting.length > 0 && running < limits.readStatements) {
      const [first] = waiting as [Waiting, ...Waiting[]];
      const batch = waiting.filter(({ scope }) => scope.until === first.scope.until).slice(0, limits.readPlayers);
      const taken = new Set(batch);
      waiting = waiting.filter((each) => !taken.has(each));
      void run(batch, first.scope.until);
    }
  }

  async function run(batch: readonly Waiting[], until: Instant | undefined): Promise<void> {
    running += 1;
    try {
      const userIds = [...new Set(batch.map(({ userId }) => userId))];
      const fields = await readUsers(db, userIds, { games: together(batch), until }, clock());
      for (const { userId, loaded } of batch) loaded.resolve(fields.get(userId) as Field[]);
    } catch (error) {
      for (const { loaded } of batch) loaded.reject(error);
    }
    running -= 1;
    turn();
  }

  return {
    load(userId, scope) {
      if (waiting.length >= limits.waitingReads) {
        return Promise.reject(new DatabaseAway(`${waiting.length} reads wait for the database already`));
      }
      const loaded = Promise.withResolvers<Field[]>();
      waiting.push({ userId, scope, loaded });
      // At the end of this turn of the event loop: whoever asks within it comes along.
      if (!scheduled) setImmediate(turn);
      scheduled = true;
      return loaded.promise;
    },
  };
}

/** The games of all scopes. */
function together(batch: readonly Waiting[]): number[] | null {
  const games = new Set<number>();
  for (const { scope } of batch) {
    if (scope.games === null) return null;
    for (const gameNo of scope.games) games.add(gameNo);
  }
  return [...games];
}
