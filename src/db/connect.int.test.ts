import { expect, inject, test } from 'vitest';
import { silent } from '../testing/engine.ts';
import { waitFor } from '../testing/wait.ts';
import { connect } from './connect.ts';

test('a client that breaks while it is taken and idle ends nothing; its next statement fails, and the pool goes on', async () => {
  const db = connect(inject('postgres'), { role: 'login', size: 1, log: silent });
  const admin = connect(inject('postgres'), { role: 'login', size: 1, log: silent });
  const client = await db.pool.connect();
  const { rows } = await client.query('select pg_backend_pid() as pid');
  await admin.pool.query('select pg_terminate_backend($1, 5000)', [rows[0].pid]);
  await waitFor('the news of the end', () =>
    client.query('select 1').then(
      () => false,
      () => true,
    ),
  );
  client.release(true);
  expect((await db.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await db.close();
  await admin.close();
});

test('an idle client that breaks is reported and replaced', async () => {
  const warnings: unknown[] = [];
  const log = { ...silent, warn: (fields: unknown) => warnings.push(fields) } as typeof silent;
  const db = connect(inject('postgres'), { role: 'login', size: 1, log });
  const admin = connect(inject('postgres'), { role: 'login', size: 1, log: silent });
  const { rows } = await db.pool.query('select pg_backend_pid() as pid');
  await admin.pool.query('select pg_terminate_backend($1, 5000)', [rows[0].pid]);
  await waitFor('a warning', () => warnings.length === 1);
  expect((await db.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await db.close();
  await admin.close();
});

test('connections work in UTC, read instants as milliseconds, and take the role they were asked for', async () => {
  const db = connect(inject('postgres'), { role: 'login', size: 1, log: silent, name: 'a name' });
  const { rows } = await db.pool.query(
    `select '2026-06-10 11:05:00.123456+05:30'::timestamptz as instant, 'infinity'::timestamptz as never, current_setting('TimeZone') as zone,
            current_setting('application_name') as name, 9007199254740993 as large`,
  );
  expect(rows).toEqual([
    {
      instant: Date.parse('2026-06-10T05:35:00.123Z'),
      never: Number.POSITIVE_INFINITY,
      zone: 'UTC',
      name: 'a name',
      large: '9007199254740993',
    },
  ]);
  await db.close();
});
