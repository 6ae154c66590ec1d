import { expect, it } from 'vitest';
import { createLog } from '../log.ts';
import { testDatabase } from '../testing/database.ts';
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
