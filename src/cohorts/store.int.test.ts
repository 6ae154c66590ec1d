import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { silent, testEngine } from '../testing/engine.ts';
import { at, makeEvent } from '../testing/make.ts';
import { addMembers } from './store.ts';

let database: TestDatabase;
let owner: Db;

beforeAll(async () => {
  database = await testDatabase();
  owner = connect(database.url, { role: 'milepost_owner', size: 3, log: silent });
});
afterAll(async () => {
  await owner.close();
  await database[Symbol.asyncDispose]();
});

const add = (cohort: string, users: string[], from: string) =>
  transaction(owner, (tx) => addMembers(tx, cohort, users, at(from)));

async function members(cohort: string): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select user_id || ' from ' || to_char(valid_from at time zone 'UTC', 'MM-DD') || ' to ' || valid_to as line, bucket = milepost.bucket_of(user_id) as right_bucket
       from milepost.cohort_membership join milepost.player using (bucket, player_id) where cohort_id = $1 order by 1`,
    [cohort],
  );
  expect(rows.every(({ right_bucket }) => right_bucket)).toBe(true);
  return rows.map(({ line }) => line);
}

test('makes players that do not exist yet, takes those that do, and is harmless when repeated', async () => {
  {
    await using engine = testEngine(database.url);
    await engine.take([makeEvent({ user: 'U2' })]);
  }
  expect(await add('early', ['U1', 'U2', 'U1', 'ü ☕'], '05-01')).toBe(3);
  expect(await add('early', ['U2', 'U1', 'U3'], '05-20')).toBe(1);
  expect(await add('early', ['U1'], '05-01')).toBe(0);
  expect(await members('early')).toEqual([
    'U1 from 05-01 to infinity',
    'U2 from 05-01 to infinity',
    'U3 from 05-20 to infinity',
    'ü ☕ from 05-01 to infinity',
  ]);
  expect((await database.pool.query('select from milepost.player')).rowCount).toBe(4);
});

test('somebody who left may come back', async () => {
  await add('returning', ['U1'], '05-01');
  await database.pool.query(
    "update milepost.cohort_membership set valid_to = '2026-05-10' where cohort_id = 'returning'",
  );
  expect(await add('returning', ['U1'], '05-05')).toBe(0);
  expect(await add('returning', ['U1'], '05-10')).toBe(1);
  expect(await members('returning')).toHaveLength(2);
});

test('nobody is added to everyone: that cohort is reserved', async () => {
  await expect(add('everyone', ['U1'], '05-01')).rejects.toMatchObject({
    constraint: 'cohort_membership_everyone_check',
  });
});

test('many at once, with batches of the same new players at the same time, wait for each other and never deadlock', async () => {
  const users = Array.from({ length: 200 }, (_, index) => `busy ${index}`);
  await using one = testEngine(database.url);
  await using other = testEngine(database.url);
  const added = await Promise.all([
    add('busy', users, '05-01'),
    add('busy', users.toReversed(), '05-01'),
    one.take(users.map((user) => makeEvent({ user }))).then(() => 0),
    other.take(users.toReversed().map((user) => makeEvent({ user }))).then(() => 0),
  ]);
  expect(added.reduce((sum, count) => sum + count)).toBe(200);
  expect(await members('busy')).toHaveLength(200);
});
