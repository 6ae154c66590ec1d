import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { testDatabase } from './database.ts';

async function databaseExists(url: string): Promise<boolean> {
  const client = new pg.Client(inject('postgres'));
  await client.connect();
  const { rowCount } = await client.query('select from pg_database where datname = $1', [
    new URL(url).pathname.slice(1),
  ]);
  await client.end();
  return rowCount === 1;
}

test('is migrated, is the test’s own, and is gone afterwards', async () => {
  const first = await testDatabase();
  await using second = await testDatabase();
  await first.pool.query('create table public.only_here ()');
  const { rows } = await second.pool.query(
    "select to_regclass('public.only_here') as only_here, to_regclass('milepost.inbox') is not null as migrated",
  );
  expect(rows).toEqual([{ only_here: null, migrated: true }]);
  await first[Symbol.asyncDispose]();
  expect(await databaseExists(first.url)).toBe(false);
});

test('rights on the database come along with the clone', async () => {
  await using database = await testDatabase();
  const { rows } = await database.pool.query(
    "select has_database_privilege('milepost_worker', current_database(), 'create') as may_create",
  );
  expect(rows).toEqual([{ may_create: true }]);
});

test('a client that was not given back fails the test, and the database is removed all the same', async () => {
  const database = await testDatabase({ goneWithinMs: 500 });
  const client = await database.pool.connect();
  await client.query('select 42');
  await expect(database[Symbol.asyncDispose]()).rejects.toThrow(
    /left 1 open: testDatabase pool \(idle, last statement: select 42\)/,
  );
  expect(await databaseExists(database.url)).toBe(false);
});

test('a pool of the code under test that was not closed fails the test', async () => {
  const database = await testDatabase({ goneWithinMs: 500 });
  const forgotten = new pg.Pool({ connectionString: database.url, application_name: 'forgotten' });
  forgotten.on('error', () => {});
  await forgotten.query('select 1');
  await expect(database[Symbol.asyncDispose]()).rejects.toThrow(/left 1 open: forgotten/);
  await forgotten.end();
});
