import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { migrate } from './migrate.ts';

/** A database without anything in it. */
async function withEmptyDatabase(work: (url: string, client: pg.Client) => Promise<void>): Promise<void> {
  const name = `milepost_migrate_${process.pid}_${Date.now().toString(36)}`;
  const server = new pg.Client({ connectionString: inject('postgres') });
  await server.connect();
  await server.query(`create database ${name}`);
  const url = new URL(inject('postgres'));
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await work(url.href, client);
  } finally {
    await client.end();
    await server.query(`drop database ${name} with (force)`);
    await server.end();
  }
}

const count = async (client: pg.Client) => {
  const { rows } = await client.query(
    "select count(*)::int as tables from pg_class where relnamespace = to_regnamespace('milepost') and relkind in ('r', 'p')",
  );
  return rows[0].tables as number;
};

test('a plan says what would be done and does nothing; a second migration finds nothing to do', async () => {
  await withEmptyDatabase(async (url, client) => {
    const plan = await migrate(url, { plan: true });
    expect(plan.migrations[0]).toBe('0001_roles');
    expect(plan.functions).toContain('engine/open_batch.sql');
    expect(await count(client)).toBe(0);

    expect(await migrate(url)).toEqual(plan);
    expect(await count(client)).toBeGreaterThan(10);
    expect(await migrate(url)).toEqual({ migrations: [], functions: [] });
    expect(await migrate(url, { plan: true })).toEqual({ migrations: [], functions: [] });
  });
});

test('two at once wait for each other', async () => {
  await withEmptyDatabase(async (url) => {
    const reports = await Promise.all([migrate(url), migrate(url)]);
    expect(reports.map(({ migrations }) => migrations.length > 0).sort()).toEqual([false, true]);
    expect(reports.map(({ functions }) => functions.length > 0).sort()).toEqual([false, true]);
  });
});

test('a function whose file changed is applied again, in place of every older form, and is nobody’s by default', async () => {
  await withEmptyDatabase(async (url, client) => {
    await migrate(url);
    await client.query("update public.milepost_function set digest = 'older' where path = 'engine/bucket_of.sql'");
    await client.query("create function milepost.bucket_of(a text, b text) returns int language sql as 'select 1'");
    expect(await migrate(url)).toEqual({ migrations: [], functions: ['engine/bucket_of.sql'] });
    const { rows } = await client.query(
      `select pg_get_function_identity_arguments(p.oid) as arguments, has_function_privilege('public', p.oid, 'execute') as public,
              has_function_privilege('milepost_ingest', p.oid, 'execute') as ingest
         from pg_proc p where proname = 'bucket_of'`,
    );
    expect(rows).toEqual([{ arguments: 'p_user_id text', public: false, ingest: true }]);
  });
});
