// Progress that was spoilt, rebuilt from the ledgers while events come in.
import { expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { limits } from '../limits.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { everyArchetype } from '../testing/every-archetype.ts';
import { gameHistory, makeEvent, makeGame, upiPayment } from '../testing/make.ts';
import { type RebuildOptions, rebuild } from './rebuild.ts';
import { verify } from './verify.ts';

const users = Array.from({ length: 40 }, (_, index) => `U${index}`);
const payments = (round: number) =>
  users.map((user, index) =>
    upiPayment(100, { user, id: `${user}-${round}`, attributes: { frm_flag: (index + round) % 5 === 0 ? 'X' : null } }),
  );

/** Forty players with progress, claims and holds in two games. */
async function makeBooks(): Promise<TestDatabase> {
  const database = await testDatabase();
  const capped = makeGame({ game_id: 'capped', milestone_steps: [1, 2], triggers: [{ cap: { per_day: 2 } }] });
  await install(database.pool, {
    games: [gameHistory(makeGame({ milestone_steps: [1, 3, 5] })), gameHistory(capped)],
  });
  await using engine = testEngine(database.url);
  for (let round = 0; round < 3; round++) await engine.take(payments(round));
  await database.pool.query("delete from milepost.outbox where destination = 'projection'");
  return database;
}

const spoil = [
  "update milepost.progress p set value = value + 7 from milepost.player u where u.player_id = p.player_id and user_id = 'U3' and game_no = 1",
  "update milepost.progress p set cleared = 0 from milepost.player u where u.player_id = p.player_id and user_id = 'U4' and game_no = 1",
  "update milepost.progress p set claimed = '{99}' from milepost.player u where u.player_id = p.player_id and user_id = 'U5' and game_no = 1",
  "update milepost.progress p set state = null from milepost.player u where u.player_id = p.player_id and user_id = 'U6' and game_no = 2",
  "delete from milepost.progress p using milepost.player u where u.player_id = p.player_id and user_id = 'U7' and game_no = 1",
];

function ingestOf(database: TestDatabase): Db & AsyncDisposable {
  const db = connect(database.url, { role: 'milepost_ingest', size: 2, log: silent });
  return { ...db, [Symbol.asyncDispose]: () => db.close() };
}

function run(db: Db, options: Partial<RebuildOptions> = {}) {
  return rebuild(db, { dryRun: false, by: 'asha', reason: 'ticket 907', shown: 20, ...options });
}

async function differences(database: TestDatabase) {
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return await verify(support);
  } finally {
    await support.close();
  }
}

async function progressOf(database: TestDatabase) {
  const { rows } = await database.pool.query(
    'select u.user_id, game_no, window_start, value, cleared, claimed, state from milepost.progress join milepost.player u using (bucket, player_id) order by 1, 2, 3',
  );
  return rows;
}

test('what was spoilt is put right, with who, why, before and after on record, and its players are refreshed', async () => {
  await using database = await makeBooks();
  await using db = ingestOf(database);
  const before = await progressOf(database);
  const untouched = await run(db);
  expect(untouched).toMatchObject({ players: 40, windows: 80, changed: 0, changes: [], resumed: false });
  expect(untouched.checksums.stored).toBe(untouched.checksums.expected);

  for (const sql of spoil) expect((await database.pool.query(sql)).rowCount).toBe(1);
  expect(await differences(database)).not.toEqual([]);
  const dry = await run(db, { dryRun: true });
  expect(dry).toMatchObject({ players: 40, windows: 80, changed: 5 });
  expect(dry.checksums.stored).not.toBe(dry.checksums.expected);
  expect(await differences(database)).not.toEqual([]);

  const done = await run(db, { shown: 2 });
  expect(done).toMatchObject({ players: 40, windows: 80, changed: 5, resumed: false });
  expect(done.changes).toHaveLength(2);
  expect(done.checksums).toEqual({ expected: untouched.checksums.expected, stored: untouched.checksums.expected });
  expect(await progressOf(database)).toEqual(before);
  expect(await differences(database)).toEqual([]);

  const { rows } = await database.pool.query(
    `select u.user_id, game_no, progress_before ->> 'value' as before, progress_after ->> 'value' as after, started_by, reason
       from milepost.rebuild_change join milepost.rebuild using (rebuild_no) join milepost.player u on u.player_id = rebuild_change.player_id
      order by 1`,
  );
  expect(rows).toEqual(
    [
      ['U3', 1, '10', '3'],
      ['U4', 1, '3', '3'],
      ['U5', 1, '3', '3'],
      ['U6', 2, '2', '2'],
      ['U7', 1, null, '3'],
    ].map(([user_id, game_no, was, is]) => ({
      ...{ user_id, game_no, before: was, after: is },
      ...{ started_by: 'asha', reason: 'ticket 907' },
    })),
  );
  const { rows: refreshed } = await database.pool.query(
    `select sum(jsonb_array_length(body -> 'players'))::integer as players from milepost.outbox where destination = 'projection'`,
  );
  expect(refreshed).toEqual([{ players: 5 }]);
});

test('every archetype is rebuilt to what its batches had made of it', async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: everyArchetype.map((game) => gameHistory(game)) });
  {
    await using engine = testEngine(database.url);
    await engine.take([
      ...users.map((user) => makeEvent({ user, type: 'joined', occurred: '05-02' })),
      ...users.flatMap((user, index) =>
        ['05-03', '05-03', '05-04', '05-12'].map((occurred, visit) =>
          upiPayment(1_000 * index, { user, occurred, attributes: { merchant_id: `M${(index + visit) % 3}` } }),
        ),
      ),
    ]);
  }
  const before = await progressOf(database);
  await database.pool.query("update milepost.progress set value = 0, cleared = 0, claimed = '{}', state = null");
  await using db = ingestOf(database);
  const { checksums, changed } = await run(db);
  expect(checksums.stored).toBe(checksums.expected);
  expect(changed).toBeGreaterThan(0);
  expect(await progressOf(database)).toEqual(before);
});

test('events come in meanwhile, and the books agree in the end', async () => {
  await using database = await makeBooks();
  await using db = ingestOf(database);
  await using engine = testEngine(database.url);
  for (const sql of spoil.slice(0, 2)) await database.pool.query(sql);
  let round = 3;
  const taking: Promise<unknown>[] = [];
  // Batches of all players begin again and again while the rebuild is at it.
  const done = await run(db, {
    progress: () => {
      if (round < 30) taking.push(engine.take(payments(round++)));
    },
  });
  await Promise.all(taking);
  expect(taking).toHaveLength(27);
  expect(done.checksums.stored).toBe(done.checksums.expected);
  expect(await differences(database)).toEqual([]);
});

test('cut short, it goes on where it was; two at once do not do the same twice', async () => {
  await using database = await makeBooks();
  await using db = ingestOf(database);
  for (const sql of spoil) await database.pool.query(sql);
  const cut = run(db, {
    progress: ({ bucket }) => {
      if (bucket === limits.buckets / 2) throw new Error('the plug');
    },
  });
  await expect(cut).rejects.toThrow('the plug');
  const rest = await run(db, { by: 'ravi' });
  expect(rest).toMatchObject({ resumed: true });
  expect(rest.players).toBeLessThan(40);
  expect(rest.checksums.stored).toBe(rest.checksums.expected);
  expect(await differences(database)).toEqual([]);
  const { rows } = await database.pool.query(
    'select players::integer, changed::integer, started_by, ended_at is not null as ended from milepost.rebuild',
  );
  expect(rows).toEqual([{ players: 40, changed: 5, started_by: 'asha', ended: true }]);

  for (const sql of spoil.slice(0, 3)) await database.pool.query(sql);
  const both = await Promise.allSettled([run(db), run(db)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await differences(database)).toEqual([]);
});

test('progress that nothing stands behind is left, and said not to agree', async () => {
  await using database = await makeBooks();
  await using engine = testEngine(database.url);
  await engine.take([makeEvent({ user: 'nobody' })]);
  await database.pool.query(
    `insert into milepost.progress (bucket, player_id, game_no, window_start, value, cleared, version, updated_at)
     select bucket, player_id, 1, '2026-05-01Z', 3, 3, 1, now() from milepost.player where user_id = 'nobody'`,
  );
  await using db = ingestOf(database);
  const { changed, checksums } = await run(db);
  expect(changed).toBe(0);
  expect(checksums.stored).not.toBe(checksums.expected);
});
