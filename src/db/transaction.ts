// The transaction as a type: whoever writes takes a Tx, and only `transaction` makes one.
import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import type { Db } from './connect.ts';
import type { DB } from './tables.ts';

declare const opened: unique symbol;

/** An open transaction. It cannot be made outside this module. */
export interface Tx {
  readonly [opened]: true;
  /** For everything but the hot path. */
  readonly query: Kysely<DB>;
  /** For the typed wrappers of SQL functions. */
  readonly client: pg.PoolClient;
}

/**
 * Runs `work` in one READ COMMITTED transaction and commits. When `work` or the commit throws, the error is passed on and the connection
 * is rolled back, or closed where even that fails. An error from COMMIT itself leaves open whether it applied: repeating must be harmless.
 */
export async function transaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('begin');
    const result = await work(createTx(client));
    await client.query('commit');
    return result;
  } catch (error) {
    try {
      await client.query('rollback');
    } catch (rollbackError) {
      broken = rollbackError as Error;
    }
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

function createTx(client: pg.PoolClient): Tx {
  let query: Kysely<DB> | undefined;
  return {
    client,
    get query() {
      // Made on first use: the hot path never needs it.
      query ??= new Kysely<DB>({
        dialect: new PostgresDialect({
          pool: { connect: async () => ({ ...bound(client), release: () => {} }), end: async () => {} } as never,
        }),
      }).withSchema('milepost');
      return query;
    },
  } as Tx;
}

function bound(client: pg.PoolClient): Pick<pg.PoolClient, 'query'> {
  return { query: client.query.bind(client) } as Pick<pg.PoolClient, 'query'>;
}
