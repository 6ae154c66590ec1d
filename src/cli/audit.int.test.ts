// Every command that changes something is on record: who, in which right, what, about what and why; and what cannot be recorded is not done.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { install } from '../testing/engine.ts';
import { gameHistory, makeGame } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

test('each command that changes something leaves a row; those that only look leave none', {
  timeout: 180_000,
}, async () => {
  await using database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'milepost-audit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'players'), 'U1\n');
  const now = Date.now();
  const window = { start: new Date(now - 86_400_000).toISOString(), end: new Date(now + 86_400_000).toISOString() };
  await install(database.pool, { games: [gameHistory(makeGame({ game_window: window }))] });
  const run = (...args: string[]) => milepost(args, { env: { DATABASE_URL: database.url } });
  const nobody = '00000000-0000-0000-0000-000000000000';
  const why = ['--reason', 'ticket 812'];

  const changing: [scope: string, action: string, subject: string, ...args: string[]][] = [
    ['owner', 'pauseGame', 'game', 'games', 'pause', 'game', ...why],
    ['support', 'openCircuit', 'voucher', 'circuits', 'open', 'voucher', ...why],
    ['support', 'pauseIngest', '*', 'ingest', 'pause', ...why],
    ['support', 'retryRewards', '', 'rewards', 'retry', nobody, ...why],
    ['support', 'concludeRewards', '', 'rewards', 'resolve', nobody, '--as', 'unpaid', ...why],
    ['ingest', 'giveVerdicts', '', 'holds', 'void', 'evt_1', ...why],
    ['ingest', 'reprocessInbox', '', 'inbox', 'reprocess', '--outcome', 'late', ...why],
    ['ingest', 'rebuildProgress', '', 'rebuild', ...why],
    ['ingest', 'changeMembers', 'early', 'cohorts', 'add', 'early', join(folder, 'players')],
    ['retention', 'dropInbox', '2026-05-01', 'inbox', 'drop', '--before', '2026-05-01', '--no-archive', '--yes'],
  ];
  for (const [, , , ...args] of changing) expect((await run(...args)).stderr, args.join(' ')).toBe('');
  for (const args of [
    ['holds', 'void', '--kind', 'claim', ...why],
    ['inbox', 'reprocess', '--outcome', 'late', '--dry-run'],
  ]) {
    await run(...args);
  }
  const { rows } = await database.pool.query(
    'select actor, scope, action, subject, reason from milepost.audit order by audit_no',
  );
  const actor = expect.stringMatching(/on the command line$/);
  expect(rows).toEqual(
    changing.map(([scope, action, subject, ...args]) => {
      return { actor, scope, action, subject, reason: args.includes('--reason') ? 'ticket 812' : null };
    }),
  );

  await database.pool.query('alter table milepost.audit rename to audit_away');
  expect((await run('circuits', 'close', 'voucher')).status).not.toBe(0);
  expect((await run('holds', 'release', 'evt_1', ...why)).status).toBe(70);
  const { rows: circuits } = await database.pool.query(
    "select state from milepost.circuit where destination = 'voucher'",
  );
  expect(circuits).toEqual([{ state: 'open' }]);
});
