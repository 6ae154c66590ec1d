import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { silent } from '../testing/engine.ts';
import { connect, type Db } from './connect.ts';
import { failureOf } from './failure.ts';
import { transaction } from './transaction.ts';

let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await testDatabase();
  await database.pool.query('create table public.note (text text primary key deferrable initially deferred)');
  db = connect(database.url, { role: 'login', size: 1, log: silent });
});
beforeEach(() => database.pool.query('truncate public.note'));
afterAll(async () => {
  await db.close();
  await database[Symbol.asyncDispose]();
});

async function notes(): Promise<string[]> {
  const { rows } = await database.pool.query('select text from public.note order by text');
  return rows.map((row) => row.text);
}

test('commits what its work did, by either way of asking, and answers with the work’s answer', async () => {
  const answer = await transaction(db, async (tx) => {
    await tx.client.query("insert into public.note values ('a')");
    await tx.query.insertInto('game').values({ game_id: 'a' }).execute();
    expect((await database.pool.query('select from milepost.game')).rowCount).toBe(0);
    return 42;
  });
  expect(answer).toBe(42);
  expect(await notes()).toEqual(['a']);
  expect((await database.pool.query('select game_id from milepost.game')).rows).toEqual([{ game_id: 'a' }]);
});

test('rolls back when its work throws, passes the error on, and leaves the connection usable', async () => {
  const { rows: before } = await db.pool.query('select pg_backend_pid() as pid');
  const error = new Error('no');
  const failing = transaction(db, async (tx) => {
    await tx.client.query("insert into public.note values ('a')");
    throw error;
  });
  await expect(failing).rejects.toBe(error);
  await expect(transaction(db, (tx) => tx.client.query('select 1 / 0'))).rejects.toMatchObject({ code: '22012' });
  expect(await notes()).toEqual([]);
  expect((await db.pool.query('select pg_backend_pid() as pid')).rows).toEqual(before);
});

test('an error of COMMIT itself is an error of the transaction', async () => {
  const twice = transaction(db, async (tx) => {
    await tx.client.query("insert into public.note values ('a'), ('a')");
  });
  await expect(twice).rejects.toMatchObject({ code: '23505', constraint: 'note_pkey' });
  expect(await notes()).toEqual([]);
});

test('a connection that breaks in the middle is given up; the next transaction has another', async () => {
  const broken = transaction(db, async (tx) => {
    await tx.client.query("insert into public.note values ('a')");
    const { rows } = await tx.client.query('select pg_backend_pid() as pid');
    await database.pool.query('select pg_terminate_backend($1, 5000)', [rows[0].pid]);
    await tx.client.query("insert into public.note values ('b')");
  });
  await expect(broken).rejects.toThrow();
  await transaction(db, (tx) => tx.client.query("insert into public.note values ('c')"));
  expect(await notes()).toEqual(['c']);
});

test('errors are told apart by what a batch has to do about them', async () => {
  const of = (statement: string) =>
    transaction(db, (tx) => tx.client.query(statement)).then(
      () => 'no error',
      (error) => failureOf(error),
    );
  expect(await of("select '\\u0000'::jsonb")).toBe('data');
  expect(await of(`select '"\\u0000"'::jsonb`)).toBe('data');
  expect(await of('select 1 / 0')).toBe('data');
  expect(await of("insert into public.note values ('a'), ('a')")).toBe('data');
  expect(await of('insert into public.note values (null)')).toBe('data');
  expect(await of(`insert into milepost.inbox select 0, 0, '2001-01-01Z', 0, now(), '', '', '', '', '{}'`)).toBe(
    'missing_partition',
  );
  // A check with a name is the data's fault, unlike the nameless one of a missing partition; both are 23514.
  expect(await of("insert into milepost.player (bucket, user_id) values (999, 'x')")).toBe('data');
  expect(await of('set local statement_timeout = 1; select pg_sleep(1)')).toBe('infrastructure');
  expect(await of('select * from milepost.no_such_table')).toBe('infrastructure');
  expect(await of('select pg_terminate_backend(pg_backend_pid())')).toBe('infrastructure');
  expect(failureOf(new Error('ECONNRESET'))).toBe('infrastructure');
});
