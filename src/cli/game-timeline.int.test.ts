// A game's life on the command line: planned, compared, paused, rolled back, looked back on; as its owner types it and reads the answers.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { testEngine } from '../testing/engine.ts';
import { makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

const timeout = 120_000;
const day = 86_400_000;
const me = userInfo().username;
let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  database = await testDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A file of the game `summer` in which a payment is worth this much; its window began ten days ago. */
async function fileWorth(worth: number): Promise<string> {
  const file = join(folder, `worth-${worth}.json`);
  const start = Date.now() - 10 * day;
  windowStart ??= new Date(start).toISOString();
  const game = makeGame({
    game_id: 'summer',
    game_window: { start: windowStart, end: new Date(Date.parse(windowStart) + 60 * day).toISOString() },
    triggers: [paymentTrigger({ worth })],
  });
  await writeFile(file, JSON.stringify(game));
  return file;
}
let windowStart: string | undefined;

const games = (...args: string[]) => milepost(['games', ...args], { env: { DATABASE_URL: database.url } });

/** What it says, line by line, once it has ended well. */
async function said(...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await games(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

/** What it objects to. */
async function refused(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await games(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  return stderr.trimEnd();
}

const moment = String.raw`\d+ \w+ 2\d{3} \d\d:\d\d(:\d\d)? \(Asia/Kolkata\)`;

test('a game from its first version to its end', { timeout }, async () => {
  const [one, two] = [await fileWorth(1), await fileWorth(2)];
  const later = new Date(Date.now() + 5 * day).toISOString();
  expect(await said('diff', one)).toEqual([`summer is new: ${one} would be its first version`]);
  await said('activate', one, '--reason', 'the beginning');

  expect(await said('diff', one)).toEqual([`summer: ${one} says the same as version 1`]);
  const [heading, ...sentences] = await said('diff', two, '--from', later);
  expect(heading).toMatch(new RegExp(`^summer: .*worth-2.json against version 1, from ${moment}$`));
  expect(sentences).toEqual(['  trigger payment adds 2 instead of 1']);

  const harder = `${one.slice(0, -'.json'.length)}-harder.json`;
  const { game_window } = JSON.parse(await readFile(one, 'utf8'));
  await writeFile(harder, JSON.stringify(makeGame({ game_id: 'summer', game_window, milestone_steps: [4] })));
  expect((await said('diff', harder)).at(-1)).toBe(
    '  to activate it now would be refused: $.milestone_steps[0].step may not change from 3 to 4 in a window that has begun',
  );

  const [activated, ...changes] = await said('activate', two, '--from', later);
  expect(activated).toMatch(new RegExp(`^summer: version 2 is in force from ${moment}$`));
  expect(changes).toEqual(['  trigger payment adds 2 instead of 1']);

  const [rolledBack, ...remarks] = await said('rollback', 'summer', '--to', '1', '--reason', 'too much');
  expect(rolledBack).toMatch(new RegExp(`^summer: version 3, equal to version 1, is in force from ${moment}$`));
  expect(remarks).toEqual([
    expect.stringMatching(new RegExp(`^ {2}version 2, which was to be in force from ${moment}, is cancelled$`)),
  ]);

  expect((await said('pause', 'summer', '--reason', 'sent twice'))[0]).toMatch(/^summer is paused from /);
  expect((await said('resume', 'summer', '--at', later))[0]).toMatch(/^summer is active from /);
  expect(await refused('pause', 'summer', '--at', later, '--expect-revision', '4')).toBe(
    'error: summer was expected at revision 4: its revision is 5, so somebody has changed it; look at it again',
  );
  expect((await said('end', 'summer', '--at', later))[1]).toMatch(/^ {2}the resumption set for .* is cancelled$/);

  const history = await said('history', 'summer');
  expect(history[0]).toMatch(/^summer: \w+, revision 6; times are those of Asia\/Kolkata$/);
  expect(history.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
    ['MADE', 'BY', 'WHAT', 'IN FORCE FROM', 'WHY'],
    [expect.any(String), me, 'version 1', expect.any(String), 'the beginning'],
    [expect.any(String), me, 'version 2', expect.any(String), 'cancelled', 'activated from the command line'],
    [expect.any(String), me, 'version 3', expect.any(String), expect.any(String), 'too much'],
    [expect.any(String), me, 'paused', expect.any(String), expect.any(String), 'sent twice'],
    [expect.any(String), me, 'resumed', expect.any(String), 'cancelled', 'resumed from the command line'],
    [expect.any(String), me, 'ended', expect.any(String), 'planned', 'ended from the command line'],
  ]);

  // What is shown is a game file again.
  const shown = join(folder, 'shown.json');
  await writeFile(shown, (await said('show', 'summer', '--version', '2')).join('\n'));
  expect(await said('diff', shown, '--against', '2')).toEqual([`summer: ${shown} says the same as version 2`]);
  expect(await refused('show', 'summer', '--version', '9')).toBe(
    'error: summer has no version 9: there are versions 1 to 3',
  );
  expect(await refused('history', 'sumer')).toContain('there is no game "sumer" (did you mean "summer"?)');
});

test('what has been judged is changed only with the flag that means it', { timeout }, async () => {
  {
    await using engine = testEngine(database.url);
    await engine.take([upiPayment(100, { occurred: Date.now() - 2 * day })]);
  }
  const since = new Date(Date.now() - 3 * day).toISOString();
  const three = await fileWorth(3);
  const message = await refused('activate', three, '--from', since);
  expect(message).toMatch(
    /^error: summer cannot change from .*: 1 event of 1 player that occurred since then has been judged already, and gave 1 credit in this game\./,
  );
  expect(message).toMatch(/If that is meant, add --into-the-past$/);
  const answer = await said('activate', three, '--from', since, '--into-the-past', '--json');
  expect(JSON.parse(answer.join(''))).toMatchObject([
    {
      game_id: 'summer',
      version: 4,
      in_force_from: since,
      remarks: [
        expect.stringContaining('version 3, in force since'),
        expect.stringContaining('are not looked at again unless they are reprocessed'),
      ],
    },
  ]);
});

test('one revision cannot be that of two games', { timeout }, async () => {
  const files = [await fileWorth(1), await fileWorth(2)];
  expect(await refused('activate', ...files, '--expect-revision', '1')).toBe(
    'error: --expect-revision is the revision of one game; there are 2 files',
  );
});
