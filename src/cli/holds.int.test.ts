// The commands of support for what is held: what they show, what they change only when told to, what they leave alone, and how they end.
import { expect, test } from 'vitest';
import { bucketOf } from '../ids.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

const timeout = 120_000;

async function run(database: TestDatabase, ...args: string[]) {
  return milepost(['holds', ...args], { env: { DATABASE_URL: database.url } });
}

/** The document that a command prints for programs. */
// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
async function json(database: TestDatabase, ...args: string[]): Promise<{ status: number | null; document: any }> {
  // Where it takes long, standard error tells how far it is.
  const { status, stdout } = await run(database, ...args, '--json');
  return { status, document: JSON.parse(stdout) };
}

const flagged = (user: string, id: string, producer = 'switch') =>
  upiPayment(100, { user, id, producer, attributes: { frm_flag: 'VELOCITY' } });

/** A reward of each of these players is held over the budget `coins`, as its drain leaves it. */
async function overBudget(database: TestDatabase, ...users: string[]): Promise<void> {
  await using engine = testEngine(database.url);
  for (const user of users) await engine.take([upiPayment(100, { user })]);
  await database.pool.query(
    `update milepost.outbox set state = 'held', destination = 'neucoin', revision = 1
      where destination = 'budget' and bucket = any ($1) and body ->> 'user_id' = any ($2)`,
    [users.map(bucketOf), users],
  );
}

test('what is held is listed, and ruled on by id: once, with who and why on record', { timeout }, async () => {
  await using database = await testDatabase();
  const budgets = [{ budget_id: 'coins', period: 'game', limit: { claims: 1 } }];
  await install(database.pool, {
    games: [gameHistory(makeGame({ game_id: 'summer', milestone_steps: [1], budgets } as never))],
  });
  await overBudget(database, 'U1');
  {
    await using engine = testEngine(database.url);
    await engine.take([flagged('U2', 'e1'), flagged('U2', 'e2', 'shop'), flagged('U3', 'e2')]);
  }
  const { stdout } = await run(database, 'list');
  const { holds } = (await json(database, 'list')).document;
  const { key } = holds.find(({ kind }: { kind: string }) => kind === 'claim');
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ['KIND', 'HELD', 'USER', 'SINCE', 'WHAT WAITS', 'WHY'],
    ['event', 'e1', 'U2', '2026-05-10T12:00:00.000Z', 'summer: +1; step 1, 10 NC', 'flagged "VELOCITY", by switch'],
    ['event', 'e2', 'U2', '2026-05-10T12:00:00.000Z', 'summer: +1; step 1, 10 NC', 'flagged "VELOCITY", by shop'],
    ['event', 'e2', 'U3', '2026-05-10T12:00:00.000Z', 'summer: +1; step 1, 10 NC', 'flagged "VELOCITY", by switch'],
    ['claim', key, 'U1', expect.any(String), 'summer: step 1, 10 NC', 'over its budget'],
  ]);
  expect((await json(database, 'list', '--kind', 'claim')).document.holds).toHaveLength(1);
  expect((await run(database, 'list', '--game', 'winter')).stdout).toBe('Nothing is held.\n');
  const until = ['--until', '2026-05-10T12:00:00.000Z'];
  expect((await run(database, 'list', ...until)).stdout).toBe('Nothing is held.\n');
  expect((await json(database, 'list', '--limit', '1')).document).toEqual({ holds: holds.slice(0, 1), more: true });
  expect(await run(database, 'list', '--limit', '100000')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('narrow it down'),
  });

  const reason = ['--reason', 'ticket 812'];
  // All that is held is not ruled on by leaving everything out.
  expect(await run(database, 'void', '--yes', ...reason)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('name what is held by the ids'),
  });
  expect(await run(database, 'void', 'e2', ...reason)).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'error: e2 names 2 things that are held (of U2, by shop; of U3, by switch): say which with --player or --producer\n',
  });
  expect(await json(database, 'void', 'e2', '--player', 'U3', ...reason)).toEqual({
    status: 0,
    document: { verdict: 'voided', found: 1, ruled: 1, left: [], more: false },
  });
  expect(await run(database, 'release', 'e1', key, 'e9', ...reason)).toMatchObject({
    status: 1,
    stdout: '2 holds released.\ne9: nothing of that id is held: left alone\n',
  });
  expect(await json(database, 'release', 'e1', ...reason)).toEqual({
    status: 1,
    document: { verdict: 'released', found: 0, ruled: 0, left: [{ id: 'e1', reason: 'not_held' }], more: false },
  });
  const { rows } = await database.pool.query(
    `select event_type as type, payload -> 'attributes' ->> 'ruled_by' as by, payload -> 'attributes' ->> 'reason' as reason
       from milepost.inbox where event_type like 'hold_%' order by event_no`,
  );
  const by = expect.stringMatching(/ on the command line$/);
  expect(rows).toEqual(
    ['hold_voided', 'hold_released', 'hold_released'].map((type) => ({ type, by, reason: 'ticket 812' })),
  );
});

test('a filter only counts, until --yes; a thousand are done in bounded transactions', { timeout }, async () => {
  await using database = await testDatabase();
  const budgets = [{ budget_id: 'coins', period: 'game', limit: { claims: 1 } }];
  await install(database.pool, {
    games: [
      gameHistory(makeGame({ game_id: 'summer', milestone_steps: [1] })),
      gameHistory(makeGame({ game_id: 'short', milestone_steps: [1], budgets, frm: 'reject' } as never)),
    ],
  });
  {
    await using engine = testEngine(database.url);
    await engine.take(Array.from({ length: 1_000 }, (_, index) => flagged(`U${index}`, `e${index}`)));
  }
  await overBudget(database, 'V1', 'V2');
  const all = ['--since', '2026-05-01T00:00:00Z', '--reason', 'rule 7 was wrong, ticket 812'];
  expect(await run(database, 'release', ...all)).toEqual({
    status: 0,
    stdout:
      '1,002 holds would be released (1,000 events; 2 claims over 20 NC). Nothing was changed: add --yes to do it.\n',
    stderr: '',
  });
  expect(await json(database, 'release', '--game', 'summer', ...all, '--yes')).toEqual({
    status: 0,
    document: { verdict: 'released', found: 1_000, ruled: 1_000, left: [], more: false },
  });
  const { rows } = await database.pool.query(
    `select status::text, count(*)::integer,
            (select count(distinct k.event_no / 4096)::integer from milepost.event_key k where k.reason = 'released') as batches
       from milepost.claim join milepost.game using (game_no) where game_id = 'summer' group by status`,
  );
  expect(rows).toEqual([{ status: 'earned', count: 1_002, batches: 5 }]);
  expect((await json(database, 'void', '--kind', 'claim', ...all, '--yes')).document).toMatchObject({ ruled: 2 });
  expect((await json(database, 'list')).document).toEqual({ holds: [], more: false });
  // Again: there is nothing to do, and that is no mistake.
  expect((await run(database, 'release', ...all, '--yes')).status).toBe(0);
});
