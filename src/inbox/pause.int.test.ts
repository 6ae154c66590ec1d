// Pauses in the database: what they say of a topic, to programs and to DBAs. That consumers follow them is shown in workers/ingest.
import { expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { testDatabase } from '../testing/database.ts';
import { silent } from '../testing/engine.ts';
import { EVERY_TOPIC, pauseOf, readPauses, setPause } from './pause.ts';

const set = (db: Db, topic: string, paused: boolean, reason: string) =>
  transaction(db, (tx) => setPause(tx, topic, { paused, by: 'asha', reason }));

test('a topic is paused by its own pause or by that of all, and DBAs see by whom and why', async () => {
  await using database = await testDatabase();
  await database.pool.query(
    "insert into milepost.source_position (topic, partition, next_offset, updated_at) values ('a', 0, 1, now()), ('b', 0, 1, now())",
  );
  const support = connect(database.url, { role: 'milepost_support', size: 3, log: silent });
  const seen = async () =>
    (await database.pool.query('select topic, paused from milepost_dba.source order by topic')).rows;

  await set(support, 'a', true, 'ticket 1');
  expect(pauseOf('a', await readPauses(support))).toMatchObject({ topic: 'a', by: 'asha', reason: 'ticket 1' });
  expect(pauseOf('b', await readPauses(support))).toBeUndefined();
  expect(await seen()).toEqual([
    { topic: 'a', paused: 'asha: ticket 1' },
    { topic: 'b', paused: null },
  ]);

  await set(support, EVERY_TOPIC, true, 'ticket 2');
  expect(pauseOf('b', await readPauses(support))).toMatchObject({ topic: '*' });
  expect(await seen()).toEqual([
    { topic: 'a', paused: 'asha: ticket 1; asha: ticket 2' },
    { topic: 'b', paused: 'asha: ticket 2' },
  ]);

  await set(support, EVERY_TOPIC, false, 'done');
  expect(await readPauses(support)).toEqual([]);
  expect((await seen()).map(({ paused }) => paused)).toEqual([null, null]);
  await support.close();
});

test('of several who pause at once, one has changed something; and nobody does without saying why', async () => {
  await using database = await testDatabase();
  const support = connect(database.url, { role: 'milepost_support', size: 3, log: silent });
  const changed = await Promise.all([1, 2, 3].map((no) => set(support, 'a', true, `ticket ${no}`)));
  expect(changed.flat()).toEqual(['a']);
  await expect(set(support, 'a', false, ' ')).rejects.toThrow('and why, must be told');
  await support.close();
});
