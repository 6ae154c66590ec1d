// milepost games simulate as a process, on a database that an engine has filled.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { install, testEngine } from '../testing/engine.ts';
import { gameHistory, seedCohort, seedGame, seedGameFile, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

test('a draft is tried, told to people and programs, and written as CSV', { timeout: 180_000 }, async () => {
  await using database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'milepost-simulate-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const draft = join(folder, 'draft.json');
  const text = await readFile(seedGameFile, 'utf8');
  await writeFile(draft, text.replace('"value": 10,', '"value": 25,').replace('"value": 1200 }', '"value": 2000 }'));
  const member = (userId: string) => ({ userId, cohortId: seedCohort, from: 0, to: Number.POSITIVE_INFINITY });
  await install(database.pool, { games: [gameHistory(seedGame())], memberships: [member('asha'), member('bela')] });
  {
    await using engine = testEngine(database.url);
    const days = ['05-02', '05-03', '05-04'];
    await engine.take(
      days.flatMap((occurred) => [
        upiPayment(2_500, { user: 'asha', occurred }),
        upiPayment(1_500, { user: 'bela', occurred }),
        upiPayment(2_500, { user: 'nobody', occurred }),
      ]),
    );
  }
  const env = { DATABASE_URL: database.url };

  const csv = join(folder, 'draft.csv');
  const told = await milepost(['games', 'simulate', draft, '--csv', csv], { env });
  expect(told).toMatchObject({ status: 0, stderr: '' });
  expect(told.stdout).toContain('tried on 9 events of 3 players\nthat occurred from 1 May 2026 05:30 (Asia/Kolkata)');
  expect(told.stdout).toContain('Compared with the game as it was. Nothing was written.');
  expect(told.stdout).toMatch(/^ {3}3 {3}25 NC {8}1 {2}100\.0 % {6}-1 {2}█+$/m);
  expect(told.stdout).toMatch(/^NC: 1 player gains 15 NC; 1 player loses 10 NC\.$/m);
  expect(told.stdout).toMatch(/^no_match +3 +0 +no trigger matched$/m);
  expect(told.stdout).toMatch(/^not_in_cohort +3 +3 +the player was not in the cohort$/m);
  expect(told.stdout).toMatch(/^3 +upi_plus_one +transaction_amount is at least 2000 +1500 \(3\)$/m);
  for (const line of told.stdout.split('\n')) if (line.includes('█')) expect(line.length).toBeLessThanOrEqual(80);
  expect(await readFile(csv, 'utf8')).toContain('\r\ndifference,gain_player,NC asha,difference,15\r\n');

  const { stdout } = await milepost(['games', 'simulate', draft, '--json', '--against', '1'], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    events: 9,
    draft: { rewards: [{ reward_type: 'NC', count: 1, sum: 25 }] },
    compared: { label: 'version 1 alone', rewards: [{ reward_type: 'NC', count: 2, sum: 20 }] },
  });

  expect(await milepost(['games', 'simulate', draft, '--against', '2'], { env })).toEqual({
    status: 2,
    stdout: '',
    stderr: 'error: upi_fs_milestone_may_2026 has no version 2: there is version 1 only\n',
  });
  expect(await milepost(['games', 'simulate', draft, '--json', '--csv'], { env })).toMatchObject({
    status: 2,
    stderr: 'error: --json and --csv both write to standard output; name a file: --csv report.csv\n',
  });
  await writeFile(draft, text.replace('NUMERIC_COUNTER', 'NUMERIC_CUONTER'));
  const { status, stderr } = await milepost(['games', 'simulate', draft], { env });
  expect(status).toBe(2);
  expect(stderr).toContain('$.game_archetype');
});
