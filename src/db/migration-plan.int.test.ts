// What a plan says of locks is what PostgreSQL takes: every statement of every migration is run, and its locks are looked at.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { locksOf, planStatements, statementsOf, type TableLock } from './migration-plan.ts';

const folder = join(import.meta.dirname, '../../db/migrations');

async function emptyDatabase(): Promise<{ client: pg.Client } & AsyncDisposable> {
  const name = `milepost_plan_${process.pid}_${Date.now().toString(36)}`;
  const server = new pg.Client({ connectionString: inject('postgres') });
  await server.connect();
  await server.query(`create database ${name}`);
  const url = new URL(inject('postgres'));
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.end();
      await server.query(`drop database ${name} with (force)`);
      await server.end();
    },
  };
}

test('each statement of each migration locks the tables that a plan names, and as it says', {
  timeout: 180_000,
}, async () => {
  await using database = await emptyDatabase();
  const { client } = database;
  /** Locks of this transaction on tables and views that somebody else can see, but for those of mere reading. */
  const held = async () => {
    const { rows } = await client.query<{ table: string; lock: string }>(
      `select 'milepost.' || c.relname as table, upper(regexp_replace(replace(l.mode, 'Lock', ''), '(?<=[a-z])([A-Z])', ' \\1', 'g')) as lock
         from pg_locks l join pg_class c on c.oid = l.relation
        where l.pid = pg_backend_pid() and l.mode <> 'AccessShareLock' and c.relkind in ('r', 'p', 'v') and c.oid = any ($1)
          and c.relnamespace = to_regnamespace('milepost')
        order by 1, 2`,
      [there],
    );
    return rows;
  };
  let there: number[] = [];
  const unknown: string[] = [];
  // A program is no SQL that a plan could look into.
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()) {
    const { rows } = await client.query("select oid from pg_class where relnamespace = to_regnamespace('milepost')");
    there = rows.map(({ oid }) => oid);
    for (const statement of statementsOf(await readFile(join(folder, file), 'utf8'))) {
      // A transaction for each, or the locks of one statement could not be told from those of another.
      await client.query('begin');
      await client.query(statement);
      const found = await held();
      await client.query('commit');
      const said = locksOf(statement);
      if (said === undefined) unknown.push(statement.slice(0, 3));
      else expect(await onlyThere(client, there, said), `${file}: ${statement}`).toEqual(found);
    }
  }
  // Blocks of code: only who reads them knows.
  expect(new Set(unknown)).toEqual(new Set(['do ']));
});

/** What is said of the tables that are there, in the form of what was found. */
async function onlyThere(client: pg.Client, there: readonly number[], said: readonly TableLock[]) {
  const { rows } = await client.query<{ table: string }>(
    "select 'milepost.' || relname as table from pg_class where oid = any ($1)",
    [there],
  );
  const names = new Set(rows.map(({ table }) => table));
  return said
    .filter(({ table }) => names.has(table))
    .map(({ table, lock }) => ({ table, lock }))
    .sort((a, b) => (a.table < b.table ? -1 : 1));
}

test.each([
  ['alter table milepost.claim add column note text', 'ACCESS EXCLUSIVE', false],
  ["alter table milepost.claim add column note text default 'none'", 'ACCESS EXCLUSIVE', false],
  ['alter table milepost.claim add column noted timestamptz default clock_timestamp()', 'ACCESS EXCLUSIVE', true],
  ['alter table milepost.claim alter column step type integer', 'ACCESS EXCLUSIVE', true],
  ['alter table milepost.claim alter column step set not null', 'ACCESS EXCLUSIVE', true],
  ['alter table milepost.claim add constraint c check (step > 0)', 'ACCESS EXCLUSIVE', true],
  ['alter table milepost.claim add constraint c check (step > 0) not valid', 'ACCESS EXCLUSIVE', false],
  [
    'alter table milepost.claim set (fillfactor = 90), set (autovacuum_enabled = true)',
    'SHARE UPDATE EXCLUSIVE',
    false,
  ],
  ['create index concurrently claim_step on milepost.claim (step)', 'SHARE UPDATE EXCLUSIVE', true],
  ['delete from milepost.claim where step = 0', 'ROW EXCLUSIVE', true],
])('%s', (statement, lock, whole) => {
  expect(locksOf(statement)).toEqual([{ table: 'milepost.claim', lock, whole }]);
});

test('a plan says how big what is locked is, and leaves out what is not there yet', async () => {
  await using database = await emptyDatabase();
  const { client } = database;
  await client.query(
    `create schema milepost; create table milepost.claim as select generate_series(1, 5000) as step; analyze milepost.claim;
     create table milepost.inbox (day date) partition by range (day);
     create table milepost.inbox_1 partition of milepost.inbox for values from ('2026-01-01') to ('2026-01-02');
     insert into milepost.inbox values ('2026-01-01'); analyze milepost.inbox`,
  );
  const text = `
    create table milepost.fresh (claim integer); -- not there; and no ; statement
    alter table milepost.fresh add column note text default 'a;b';
    alter table milepost.claim add column note text;
    create index inbox_day on milepost.inbox (day);
    do $$ begin perform 1; end $$;`;
  const planned = await planStatements(client, [{ name: '0100_more', text }]);
  expect(planned).toEqual([
    { migration: '0100_more', statement: 'create table milepost.fresh (claim integer)', locks: [] },
    { migration: '0100_more', statement: "alter table milepost.fresh add column note text default 'a;b'", locks: [] },
    {
      migration: '0100_more',
      statement: 'alter table milepost.claim add column note text',
      locks: [
        {
          table: 'milepost.claim',
          lock: 'ACCESS EXCLUSIVE',
          whole: false,
          stops: 'reads and writes',
          bytes: expect.any(Number),
          estimated_rows: 5_000,
        },
      ],
    },
    {
      migration: '0100_more',
      statement: 'create index inbox_day on milepost.inbox (day)',
      locks: [expect.objectContaining({ table: 'milepost.inbox', lock: 'SHARE', stops: 'writes', estimated_rows: 1 })],
    },
    { migration: '0100_more', statement: 'do $$ begin perform 1; end $$', locks: null },
  ]);
  expect(planned[2]?.locks?.[0]?.bytes).toBeGreaterThan(100_000);
});
