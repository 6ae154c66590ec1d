// milepost players merge and unmerge: shown first, done with --yes, and refused in words.
import { expect, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { install, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

test('two accounts are merged by command, and taken apart again', { timeout: 120_000 }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1, 2] }))] });
  {
    await using engine = testEngine(database.url);
    await engine.take([upiPayment(10, { user: 'U1', id: 'a' }), upiPayment(10, { user: 'U2', id: 'b' })]);
  }
  const players = (...args: string[]) => milepost(['players', ...args], { env: { DATABASE_URL: database.url } });
  const merge = ['merge', 'U1', '--into', 'U2', '--reason', 'ticket 4711'];
  const claims = async () => {
    const { rows } = await database.pool.query(
      "select string_agg(user_id || ' ' || step || ' ' || status, ', ' order by step, user_id) as claims from milepost.claim join milepost.player using (bucket, player_id)",
    );
    return rows[0].claims;
  };

  const shown = await players(...merge);
  expect(shown).toMatchObject({ status: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^U1 would count as U2\. These claims would change:/);
  expect(shown.stdout).toMatch(
    /game .* 1 +U1 +earned +cancelled +NC 10\n.* 2 +U2 +earned +NC 20\nNothing was changed/s,
  );
  expect(await claims()).toBe('U1 1 earned, U2 1 earned');

  expect((await players(...merge, '--yes')).stdout).toContain('U1 and U2 are one person now');
  expect(await claims()).toBe('U1 1 cancelled, U2 1 earned, U2 2 earned');
  expect((await players(...merge, '--yes', '--json')).stdout).toContain('"already":true');
  expect(await players('merge', 'U2', '--into', 'U1', '--reason', 'x', '--yes')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining(
      'U2 was not merged: they are one person already, the other way round: U1 counts as U2',
    ),
  });
  expect(await claims()).toBe('U1 1 cancelled, U2 1 earned, U2 2 earned');

  const explain = (...args: string[]) => milepost(['explain', ...args], { env: { DATABASE_URL: database.url } });
  const told = await explain('--player', 'U1');
  expect(told).toMatchObject({ status: 0, stderr: '' });
  expect(told.stdout).toMatch(/^player U1\n {2}person {4}one with U2; U2 counts for all\n/);
  expect(told.stdout).toMatch(/ {2}progress {2}game, .*: 2 of /);
  expect(told.stdout).toMatch(/step 1 of game, under U2, 10 NC: earned/);
  expect(told.stdout).toMatch(/step 1 of game, 10 NC: taken back before it was paid/);
  expect(told.stdout).toMatch(/ b, under U2: applied\n/);
  expect(told.stdout).toMatch(/ a: applied\n/);
  expect(told.stdout).toMatch(
    / \S+, under U2: applied \(player_merged\)\n {4}It says that U1 and U2 are one person.* Step 1 of game was reached by both accounts, which are one person since/,
  );
  const other = await explain('--player', 'U2');
  expect(other.stdout).toMatch(/^player U2\n {2}person {4}one with U1; U2 counts for all\n/);
  expect(other.stdout).toMatch(/step 1 of game, under U1, 10 NC: taken back before it was paid/);
  const { rows } = await database.pool.query("select event_id from milepost.event_key where reason = 'player_merged'");
  const why = await milepost(['explain', '--event', rows[0].event_id], { env: { DATABASE_URL: database.url } });
  expect(why.stdout).toContain('It says that U1 and U2 are one person, for whom U2 counts (ticket 4711');

  expect((await players('unmerge', 'U1', '--reason', 'ticket 4712')).stdout).toMatch(
    /game .* 2 +U2 +earned +cancelled +NC 20\n.* 1 +U1 +earned +NC 10\nNothing was changed/s,
  );
  expect((await players('unmerge', 'U1', '--reason', 'ticket 4712', '--yes')).stdout).toContain(
    'a player of its own again',
  );
  expect(await claims()).toBe('U1 1 cancelled, U1 1 earned, U2 1 earned, U2 2 cancelled');
  expect((await players('unmerge', 'U1', '--reason', 'ticket 4712', '--yes')).stdout).toContain(
    'not merged into anybody',
  );
  expect((await players(...merge)).stdout).toContain('U1 would count as U2');
  expect((await players(...merge, '--yes')).stdout).toContain('U1 and U2 are one person now');
  const { rows: audited } = await database.pool.query(
    'select action, subject, reason from milepost.audit order by audit_no',
  );
  expect(audited.map(({ action, subject, reason }) => `${action} ${subject}, ${reason}`)).toEqual([
    ...['mergePlayers U1, ticket 4711', 'mergePlayers U1, ticket 4711', 'mergePlayers U2, x'],
    ...['unmergePlayer U1, ticket 4712', 'unmergePlayer U1, ticket 4712'],
    'mergePlayers U1, ticket 4711',
  ]);
  expect(await players('merge', 'U1', '--into', 'nobody', '--reason', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('there is no player "nobody"'),
  });

  const exported = JSON.parse((await players('export', 'U1')).stdout);
  expect(exported).toMatchObject({ user_id: 'U1', accounts: ['U2', 'U1'] });
  expect(exported.tables.credit).toMatchObject([{ account: 'U2' }, { account: 'U1' }]);

  const erase = ['erase', 'U1', '--reason', 'U1 asked'];
  expect(await players(...erase)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^U2, U1 are one person, and go together: 2 players\.\n.*It cannot be done yet/s),
  });
  await database.pool.query(
    "update milepost.outbox set state = 'done', attempts = 1, settled_at = now() where state = 'pending' and message_key is not null",
  );
  expect((await players(...erase)).stdout).toMatch(/Nothing was changed: do it with --yes/);
  expect((await players(...erase, '--yes')).stdout).toMatch(
    /^Erased\. The ledgers stay, as those of erased:\S+ and erased:\S+\.\n$/,
  );
  expect((await players(...erase)).stdout).toMatch(/^There is no such player/);
  expect((await players('unmerge', 'U1', '--reason', 'x', '--yes')).stderr).toContain('there is no player "U1"');
});
