import { expect, inject, it } from 'vitest';
import { createLog } from '../log.ts';
import { testDatabase } from '../testing/database.ts';
import { waitFor } from '../testing/wait.ts';
import { connect } from './connect.ts';

const log = createLog({ level: 'silent' });

it('works as the role it is asked for, in UTC, whatever settings the address brings along', async () => {
  await using database = await testDatabase();
  const url = new URL(database.url);
  url.searchParams.set('options', '-c TimeZone=Asia/Kolkata -c work_mem=8MB -c role=milepost_owner');
  const db = connect(url.href, { role: 'milepost_api', size: 1, log });
  const { rows } = await db.pool.query(
    "select current_user as role, current_setting('TimeZone') as zone, current_setting('work_mem') as memory",
  );
  await db.close();
  expect(rows).toEqual([{ role: 'milepost_api', zone: 'UTC', memory: '8MB' }]);
});

it('gives a statement that takes too long up', async () => {
  await using database = await testDatabase();
  const db = connect(database.url, { role: 'milepost_api', size: 1, log });
  await db.pool.query("set statement_timeout = '50ms'");
  await expect(db.pool.query('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' });
  await db.close();
});

it('survives the break of a client that is taken and idle; its next statement fails, and the pool goes on', async () => {
  const admin = connect(inject('postgres'), { role: 'login', size: 1, log });
  const db = connect(inject('postgres'), { role: 'login', size: 1, log });
  const client = await db.pool.connect();
  const ended = new Promise<void>((resolve) => client.on('end', () => resolve()));
  const { rows } = await client.query('select pg_backend_pid() as pid');
  await admin.pool.query('select pg_terminate_backend($1, 5000)', [rows[0].pid]);
  await ended;
  await expect(client.query('select 1')).rejects.toThrow();
  client.release(true);
  expect((await db.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await db.close();
  await admin.close();
});

it('reports and replaces an idle client that breaks', async () => {
  const warnings: unknown[] = [];
  const listening = { ...log, warn: (fields: unknown) => warnings.push(fields) } as typeof log;
  const admin = connect(inject('postgres'), { role: 'login', size: 1, log });
  const db = connect(inject('postgres'), { role: 'login', size: 1, log: listening });
  const { rows } = await db.pool.query('select pg_backend_pid() as pid');
  await admin.pool.query('select pg_terminate_backend($1, 5000)', [rows[0].pid]);
  await waitFor('a warning', () => warnings.length === 1);
  expect(warnings).toEqual([{ error: 'terminating connection due to administrator command' }]);
  expect((await db.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await db.close();
  await admin.close();
});

it('reads instants as milliseconds and large numbers as text', async () => {
  const db = connect(inject('postgres'), { role: 'login', size: 1, log, name: 'a name' });
  const { rows } = await db.pool.query(
    `select '2026-06-10 11:05:00.123456+05:30'::timestamptz as instant, 'infinity'::timestamptz as never,
            9007199254740993 as large, current_setting('application_name') as name`,
  );
  const instant = Date.parse('2026-06-10T05:35:00.123Z');
  expect(rows).toEqual([{ instant, never: Number.POSITIVE_INFINITY, large: '9007199254740993', name: 'a name' }]);
  await db.close();
});
