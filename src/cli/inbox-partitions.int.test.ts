// The commands for the days of the inbox, as an operator uses them.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { install, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

test('inbox partitions, archive, drop: listed first, done with --yes, archived before', {
  timeout: 180_000,
}, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame())] });
  {
    await using engine = testEngine(database.url);
    await engine.take([upiPayment(1, { occurred: '05-10' }), upiPayment(1, { occurred: '05-11' })]);
  }
  const folder = await mkdtemp(join(tmpdir(), 'milepost-archive-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const run = (...args: string[]) => milepost(['inbox', ...args], { env: { DATABASE_URL: database.url } });
  const days = async () => {
    const { rows } = await database.pool.query(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'milepost.inbox'::regclass order by 1",
    );
    return rows.map(({ name }) => name.replace('milepost.', ''));
  };

  expect((await run('partitions')).stdout).toMatch(
    /^PARTITION +DAY +STATE +ROWS +MB +DROP +WHY\ninbox_20260510 +2026-05-10 +attached .* no +no retention is applied: kept\n/,
  );
  const archived = await run('archive', '2026-05-11', '--to', folder);
  expect(archived.stdout).toBe(`${join(folder, 'inbox_20260511.ndjson.gz')}: 1 event\n`);
  expect(await run('archive', '2026-05-12', '--to', folder)).toMatchObject({ status: 1 });
  expect(await run('archive', 'yesterday', '--to', folder)).toMatchObject({
    status: 2,
    stderr: 'error: "yesterday" is no day: write it as 2026-06-10 (UTC)\n',
  });

  const unsaid = await run('drop', '--before', '2026-05-11');
  expect(unsaid.status).toBe(2);
  expect(unsaid.stderr).toContain('name a folder with --archive-to, set INBOX_ARCHIVE_FOLDER, or say --no-archive');
  const ahead = await run('drop', '--before', '2099-01-01', '--no-archive');
  expect(ahead.stderr).toContain('days that are not over are never dropped');
  const listed = await run('drop', '--before', '2026-05-11', '--archive-to', folder);
  expect(listed.stdout).toContain(`1 day would be dropped, after archiving to ${folder}; do it with --yes.`);
  expect(await days()).toContain('inbox_20260510');

  const dropped = await run('drop', '--before', '2026-05-11', '--archive-to', folder, '--yes', '--json');
  expect(JSON.parse(dropped.stdout)).toMatchObject([
    { partition: 'inbox_20260510', day: '2026-05-10', archive: { events: 1 } },
  ]);
  expect(await readdir(folder)).toContain('inbox_20260510.ndjson.gz');
  expect(await days()).not.toContain('inbox_20260510');
  await run('drop', '--before', '2026-05-12', '--no-archive', '--yes');
  expect(await days()).not.toContain('inbox_20260511');
});
