// milepost games test, as an owner runs it.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { milepost } from '../testing/milepost.ts';

// A process takes a second to start where others are busy.
const timeout = 60_000;
const seedGame = 'game-configs/upi_fs_milestone_may_2026.json';

test('runs all scenarios of the folder, those of a game, or one', { timeout }, async () => {
  const all = await milepost(['games', 'test']);
  expect(all).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(/\n\n\d+ scenarios, all as expected\n$/),
  });
  const game = await milepost(['games', 'test', seedGame]);
  expect(game.stdout).toContain('✓ Three payments of at least 1,200 rupees reach the first step');
  expect(game.stdout).not.toContain('voucher');
  const one = await milepost(['games', 'test', 'game-configs/gallery/scenarios/happy_hour-hours.json']);
  expect(one.stdout).toMatch(/^✓ .*\n\n1 scenario, all as expected\n$/);
});

test('without a scenario, and without a file, it says so', { timeout }, async () => {
  expect(await milepost(['games', 'test', 'game-configs/sources'])).toMatchObject({
    status: 2,
    stderr: 'error: there are no scenarios in game-configs/sources: write one as docs/scenarios.md shows\n',
  });
  expect(await milepost(['games', 'test', 'nowhere'])).toMatchObject({
    status: 2,
    stderr: 'error: nowhere cannot be read: there is no such file or folder\n',
  });
});

test('what is not as expected is told with what became of each event, and the exit code is 1', {
  timeout,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-games-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp('game-configs', folder, { recursive: true, filter: (path) => !path.includes('gallery') });
  const file = join(folder, 'scenarios/upi_fs-three-payments.json');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"progress": 3', '"progress": 4'));
  await writeFile(join(folder, 'scenarios/upi_fs-cohort.json'), text.replace('"when"', '"whne"'));
  const env = { GAME_CONFIGS: folder };

  const { status, stdout } = await milepost(['games', 'test'], { env });
  expect(status).toBe(1);
  expect(stdout).toContain(
    `✗ ${folder}/scenarios/upi_fs-cohort.json: 2 problems\n    $.when: missing; a list is required`,
  );
  expect(stdout).toContain(`    $.whne: unknown key "whne" (did you mean "when"?)`);
  expect(stdout).toContain(
    `✗ Three payments of at least 1,200 rupees reach the first step  (${file})
    $.then.progress: expected 4, found 3
  What became of each event
               AT                EVENT            PLAYER  OUTCOME                      ADDS  WHY
    $.when[0]  2026-05-03 12:00  payment_success  player  applied                         1
    $.when[1]  2026-05-04 12:00  payment_success  player  no_match (condition_failed)     0  upi_plus_one asks that transaction_amount is at least 1200; found 1199.99
    $.when[2]  2026-05-05 12:00  payment_success  player  applied                         1
    $.when[2]  2026-05-05 12:10  payment_success  player  applied                         1
  How the players stand
    player at 2026-05-05 12:10 (window 2026-05-01 05:30 to 2026-06-01 05:30): 3 of 12 transactions
      steps: 3 earned, 6 locked, 12 locked
      rewards: NC 10
`,
  );
  expect(stdout).toMatch(/\n\n\d+ scenarios, 2 not as expected\n$/);

  const programs = await milepost(['games', 'test', '--json', file], { env });
  expect(programs.status).toBe(1);
  expect(JSON.parse(programs.stdout)).toMatchObject([
    {
      file,
      passed: false,
      differences: [{ path: '$.then.progress', expected: '4', found: '3' }],
      events: [{ outcome: 'applied' }, { outcome: 'no_match', reason: 'condition_failed' }, {}, {}],
      standings: [{ player: 'player', progress: 3, rewards: ['NC 10'] }],
    },
  ]);
});
