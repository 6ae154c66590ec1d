import pg from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { dbFolder } from '../testing/db-folder.ts';
import { waitFor } from '../testing/wait.ts';
import { type MigrationReport, migrate, planMigration } from './migrate.ts';

const nothing: MigrationReport = { migrations: [], functions: [], views: [], dropped: [] };

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
    // The job queue's migration says goodbye to its connections a moment later.
    await waitFor('the end of the migrations', async () => {
      const { rowCount } = await server.query('select from pg_stat_activity where datname = $1', [name]);
      return rowCount === 0;
    });
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
    const { replaced, statements, ...plan } = await planMigration(url);
    expect(replaced).toEqual([]);
    // On an empty database nobody is stopped.
    expect(statements.flatMap(({ locks }) => locks ?? [])).toEqual([]);
    expect(plan.migrations[0]).toBe('0001_roles');
    expect(plan.functions).toContain('engine/open_batch.sql');
    expect(await count(client)).toBe(0);

    expect(await migrate(url)).toEqual(plan);
    expect(await count(client)).toBeGreaterThan(10);
    expect(await migrate(url)).toEqual(nothing);
    expect(await planMigration(url)).toEqual({ ...nothing, replaced: [], statements: [] });
  });
});

test('a plan names what would be replaced, and what a new migration would lock', async () => {
  await using folder = await dbFolder();
  await withEmptyDatabase(async (url, client) => {
    await migrate(url, { folder: folder.path });
    await folder.write('migrations/9000_note.sql', 'alter table milepost.claim add column note text;');
    await folder.write('migrations/9001_program.mjs', 'export const up = () => {};');
    await client.query("update public.milepost_function set digest = 'older' where path like '%inbox_advance.sql'");
    await client.query(
      "update public.milepost_function set digest = 'older' where path = 'views/milepost_dba/circuit.sql'",
    );
    const plan = await planMigration(url, { folder: folder.path });
    expect(plan).toMatchObject({
      migrations: ['9000_note', '9001_program'],
      replaced: ['inbox/inbox_advance.sql', 'milepost_dba/circuit.sql'],
      statements: [
        { locks: [{ table: 'milepost.claim', lock: 'ACCESS EXCLUSIVE', stops: 'reads and writes', whole: false }] },
        { migration: '9001_program', statement: '9001_program.mjs', locks: null },
      ],
    });
  });
});

test('two at once wait for each other', async () => {
  await withEmptyDatabase(async (url) => {
    const reports = await Promise.all([migrate(url), migrate(url)]);
    expect(reports.map(({ migrations }) => migrations.length > 0).sort()).toEqual([false, true]);
    expect(reports.map(({ functions }) => functions.length > 0).sort()).toEqual([false, true]);
  });
});

test('a function whose file changed is replaced in place, and is nobody’s by default', async () => {
  await withEmptyDatabase(async (url, client) => {
    await migrate(url);
    const read = async () => {
      const { rows } = await client.query(
        `select p.oid, has_function_privilege('public', p.oid, 'execute') as public, has_function_privilege('milepost_ingest', p.oid, 'execute') as ingest,
                has_function_privilege('milepost_worker', p.oid, 'execute') as worker
           from pg_proc p where proname = 'inbox_advance'`,
      );
      return rows;
    };
    const before = await read();
    await client.query("update public.milepost_function set digest = 'older' where path = 'inbox/inbox_advance.sql'");
    await client.query('grant execute on function milepost.inbox_advance to milepost_worker');
    expect(await migrate(url)).toEqual({ ...nothing, functions: ['inbox/inbox_advance.sql'] });
    // Also what an older file granted is gone.
    expect(await read()).toEqual([{ ...before[0], public: false, ingest: true, worker: false }]);
  });
});

describe('a function with other parameters', () => {
  /** What a version of Milepost knows of `milepost.probe`: how it is made and how it is called. */
  const version = {
    first: { parameters: 'p_a integer', call: 'p_a => 1::integer' },
    second: { parameters: 'p_a integer, p_b text', call: "p_a => 1::integer, p_b => 'x'::text" },
    third: { parameters: 'p_a integer, p_c boolean', call: 'p_a => 1::integer, p_c => true::boolean' },
    withDefault: { parameters: 'p_a integer, p_b text default null', call: "p_a => 1::integer, p_b => 'x'::text" },
    renamed: { parameters: 'p_z integer', call: 'p_z => 1::integer' },
  };
  type Version = keyof typeof version;

  /** A database brought from version to version, and what each version's call answers. */
  async function through(versions: Version[]): Promise<{ answers: Record<string, string>; dropped: string[] }> {
    await using folder = await dbFolder();
    const answers: Record<string, string> = {};
    let dropped: string[] = [];
    await withEmptyDatabase(async (url, client) => {
      for (const name of versions) {
        await folder.write(
          'functions/probe/probe.sql',
          `create or replace function milepost.probe(${version[name].parameters}) returns text language sql as $$ select '${name}' $$;
           grant execute on function milepost.probe to milepost_ingest;`,
        );
        ({ dropped } = await migrate(url, { folder: folder.path }));
      }
      await client.query('set role milepost_ingest');
      for (const name of versions) {
        answers[name] = await client
          .query(`select milepost.probe(${version[name].call}) as answer`)
          .then(({ rows }) => rows[0].answer as string)
          .catch((error: { code: string }) => error.code);
      }
    });
    return { answers, dropped };
  }

  test('stands beside the former one, which processes of the version before still call', async () => {
    expect((await through(['first', 'second'])).answers).toEqual({ first: 'first', second: 'second' });
  });

  test('the next migration drops what was left', async () => {
    expect(await through(['first', 'second', 'third'])).toEqual({
      answers: { first: '42883', second: 'second', third: 'third' },
      dropped: ['milepost.probe(integer)'],
    });
  });

  test('where only parameters with defaults came, the newer one takes the calls of both', async () => {
    expect((await through(['first', 'withDefault'])).answers).toEqual({
      first: 'withDefault',
      withDefault: 'withDefault',
    });
  });

  test('with the same types under other names it cannot stand beside the former one, and takes its place', async () => {
    expect((await through(['first', 'renamed'])).answers).toEqual({ first: '42883', renamed: 'renamed' });
  });
});

describe('a view', () => {
  test('is applied again when its file changes, whatever became of its columns, and when it is gone', async () => {
    await using folder = await dbFolder();
    await withEmptyDatabase(async (url, client) => {
      const columns = async (select: string): Promise<string[]> => {
        await folder.write(
          'views/milepost_dba/circuit.sql',
          `create or replace view milepost_dba.circuit as select ${select};`,
        );
        const { views } = await migrate(url, { folder: folder.path });
        expect(views).toContain('milepost_dba/circuit.sql');
        return (await client.query('select * from milepost_dba.circuit')).fields.map(({ name }) => name);
      };
      expect(await columns('1 as a')).toEqual(['a']);
      expect(await columns('1 as a, 2 as b')).toEqual(['a', 'b']);
      expect(await columns('2 as b')).toEqual(['b']);
      await client.query('drop view milepost_dba.circuit');
      expect((await migrate(url, { folder: folder.path })).views).toEqual(['milepost_dba/circuit.sql']);
    });
  });
});

describe('a lock that somebody holds', () => {
  const migration = 'alter table milepost.progress add column probe text;';

  test('is waited for in short tries, so that nobody stands behind the migration for long', async () => {
    await using folder = await dbFolder();
    await withEmptyDatabase(async (url, holder) => {
      await migrate(url, { folder: folder.path });
      await folder.write('migrations/9998_before.sql', 'create table milepost.probe ();');
      await folder.write('migrations/9999_probe.sql', migration);
      await holder.query('begin; select from milepost.progress');
      const migrating = migrate(url, { folder: folder.path, timing: { lockMs: 50, tries: 1_000 } });
      // Somebody who comes later gets in while the migration is still waiting for its turn.
      await withClient(url, async (later) => {
        await waitFor('the migration to ask for its lock', async () => {
          const { rowCount } = await later.query(
            "select from pg_locks where relation = 'milepost.progress'::regclass and not granted",
          );
          return rowCount === 1;
        });
        await later.query("set lock_timeout = '10s'");
        await later.query('select from milepost.progress');
      });
      await holder.query('commit');
      expect((await migrating).migrations).toEqual(['9998_before', '9999_probe']);
    });
  });

  test('for good: the migration says who is in the way, and goes on from there next time', async () => {
    await using folder = await dbFolder();
    await withEmptyDatabase(async (url, holder) => {
      await migrate(url, { folder: folder.path });
      await folder.write('migrations/9998_before.sql', 'create table milepost.probe ();');
      await folder.write('migrations/9999_probe.sql', migration);
      await holder.query("set application_name = 'a console'; begin; select from milepost.progress");
      await expect(migrate(url, { folder: folder.path, timing: { lockMs: 20, tries: 2 } })).rejects.toThrow(
        /a lock was not free, tried 2 times; transactions open for longest: process \d+ \(a console, idle in transaction\)/,
      );
      await holder.query('commit');
      expect((await migrate(url, { folder: folder.path })).migrations).toEqual(['9999_probe']);
    });
  });
});

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
