// The commands that pause and resume ingestion: what they print, and what they refuse. That consumers follow is shown in workers/ingest.
import { expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { milepost } from '../testing/milepost.ts';

const timeout = 180_000;

const run = (database: TestDatabase, ...args: string[]) => milepost(args, { env: { DATABASE_URL: database.url } });

test('ingestion is paused and resumed by command, with a reason that is shown', { timeout }, async () => {
  await using database = await testDatabase();
  const reason = ['--reason', 'ticket 901'];
  expect(await run(database, 'ingest', 'paused')).toMatchObject({ status: 0, stdout: 'Nothing is paused.\n' });
  const paused = await run(database, 'ingest', 'pause', '--topic', 'upi.switch.transactions', ...reason, '--json');
  expect(JSON.parse(paused.stdout)).toEqual({
    topics: ['upi.switch.transactions'],
    changed: true,
    paused: ['upi.switch.transactions'],
  });
  const all = await run(database, 'ingest', 'pause', ...reason);
  expect(all).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^every topic: consumers stop within seconds/),
  });
  const list = await run(database, 'ingest', 'paused');
  expect(list.stdout).toMatch(/every topic .*ticket 901\nupi\.switch\.transactions .*ticket 901/);
  const still = await run(database, 'ingest', 'resume', '--topic', 'upi.switch.transactions');
  expect(still.stdout).toContain('It is still not read: every topic is paused');
  const resumed = await run(database, 'ingest', 'resume', '--json');
  expect(JSON.parse(resumed.stdout)).toEqual({ topics: ['*'], changed: true, paused: [] });
  expect((await run(database, 'ingest', 'resume')).stdout).toContain('nothing to change');
});

test('a topic that no source reads is not paused, and no reason is no reason', { timeout }, async () => {
  await using database = await testDatabase();
  expect(await run(database, 'ingest', 'pause', '--topic', 'upi.switch.transaction', '--reason', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('did you mean "upi.switch.transactions'),
  });
  expect(await run(database, 'ingest', 'pause')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--reason'),
  });
});
