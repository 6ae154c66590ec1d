// milepost games validate: what an owner is told about a game that is not right. Nothing here needs a service.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedGameFile } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

// A process takes a second to start where others are busy.
const timeout = 60_000;
const seed = await readFile(seedGameFile, 'utf8');

/** What is done to the seed game, and what its owner is told then. */
const mistakes: Record<string, { change: [string | RegExp, string]; path: string; told: string }> = {
  'a key that does not exist': {
    change: ['"cohort_id"', '"cohort"'],
    path: '$.cohort',
    told: 'unknown key "cohort" (did you mean "cohort_id"?); allowed: schema_version, game_id,',
  },
  'a key that is missing': {
    change: ['"cohort_id"', '"cohort"'],
    path: '$.cohort_id',
    told: 'missing; text is required',
  },
  'a key in a rule that does not exist': {
    change: ['"op": "gte", "value"', '"op": "gte", "valeu"'],
    path: '$.triggers[0].rule.conditions[2].valeu',
    told: 'unknown key "valeu" (did you mean "value"?)',
  },
  'a wrong type': {
    change: ['"max_value": 12', '"max_value": "12"'],
    path: '$.progress_state_model.max_value',
    told: 'expected a number; found "12"',
  },
  'a reward of nothing': {
    change: ['"value": 10,', '"value": 0,'],
    path: '$.milestone_steps[0].reward.value',
    told: 'must be at least 1; found 0',
  },
  'steps out of order': {
    change: ['"step": 6', '"step": 2'],
    path: '$.milestone_steps[1].step',
    told: 'steps must rise: 2 comes after 3',
  },
  'a step above max_value': {
    change: ['"step": 12', '"step": 13'],
    path: '$.milestone_steps[2].step',
    told: 'step 13 lies above max_value 12 and could never be reached',
  },
  'a window that ends before it starts': {
    change: ['2026-05-31T23:59:59Z', '2026-04-30T23:59:59Z'],
    path: '$.game_window.end',
    told: 'the window ends before it starts (2026-05-01T00:00:00Z); found "2026-04-30T23:59:59Z"',
  },
  'a time without an offset': {
    change: ['2026-05-01T00:00:00Z', '2026-05-01T00:00:00'],
    path: '$.game_window.start',
    told: 'must be a date and time with its offset, such as 2026-05-01T00:00:00Z; found "2026-05-01T00:00:00"',
  },
  'an operator that does not exist': {
    change: ['"op": "gte"', '"op": "gtee"'],
    path: '$.triggers[0].rule.conditions[2].op',
    told: '(did you mean "gte"?); found "gtee"',
  },
  'a field that no source declares': {
    change: ['attributes.transaction_amount', 'attributes.transaction_amuont'],
    path: '$.triggers[0].rule.conditions[2].field',
    told: 'unknown field "attributes.transaction_amuont" (did you mean "attributes.transaction_amount"?); a source has to declare it',
  },
  'a value of another type than its field': {
    change: ['"value": 1200', '"value": "1200"'],
    path: '$.triggers[0].rule.conditions[2].value',
    told: '"1200"',
  },
  'two triggers of one id': {
    change: ['"fs_plus_three"', '"upi_plus_one"'],
    path: '$.triggers[1].trigger_id',
    told: 'two triggers are called "upi_plus_one"; rename one',
  },
  'a key that is written twice': {
    change: ['"game_archetype"', '"game_id": "other", "game_archetype"'],
    path: '$.game_id',
    told: 'the key "game_id" is written twice',
  },
  'text that is no JSON': { change: [/\}\s*$/, ''], path: '$', told: 'a closing brace } is expected here' },
};
const names = Object.keys(mistakes);

let folder: string;
const fileOf = (name: string) => join(folder, `${name}.json`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  for (const [name, { change }] of Object.entries(mistakes)) {
    const text = seed.replace(...change);
    expect(text, name).not.toBe(seed);
    await writeFile(fileOf(name), text);
  }
  await writeFile(fileOf('right'), `// The seed game, with a comment.\n${seed}`);
  await writeFile(fileOf('empty'), '');
});
afterAll(() => rm(folder, { recursive: true }));

interface Verdict {
  file: string;
  valid: boolean;
  game_id?: string;
  problems: { path: string; message: string }[];
}

let asked: Promise<Map<string, Verdict>> | undefined;

/** All verdicts, of one run. */
function verdicts(): Promise<Map<string, Verdict>> {
  asked ??= milepost(['games', 'validate', ...names.map(fileOf), '--json']).then(({ status, stdout, stderr }) => {
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    return new Map((JSON.parse(stdout) as Verdict[]).map((verdict) => [verdict.file, verdict]));
  });
  return asked;
}

test.each(names)('%s: path, value found and mend are told', { timeout }, async (name) => {
  const { path, told } = mistakes[name] as (typeof mistakes)[string];
  const verdict = (await verdicts()).get(fileOf(name));
  expect(verdict?.valid).toBe(false);
  const problem = verdict?.problems.find((each) => each.path === path);
  expect(problem?.message, JSON.stringify(verdict?.problems)).toContain(told);
  expect(problem?.message).toMatch(/\(line \d+, column \d+\)|first \(line/);
});

test('to people it names the file, and goes on with the others', { timeout }, async () => {
  const files = ['right', 'steps out of order', 'empty', 'not there'].map(fileOf);
  const { status, stdout, stderr } = await milepost(['games', 'validate', ...files]);
  expect(status).toBe(1);
  expect(stdout).toBe(`${fileOf('right')}: upi_fs_milestone_may_2026 is right\n`);
  expect(stderr.split('\n')).toEqual([
    'error: 3 of 4 files not right',
    `  ${fileOf('steps out of order')} $.milestone_steps[1].step: steps must rise: 2 comes after 3 (line 16, column 15)`,
    `  ${fileOf('empty')} $: a value is expected here (line 1, column 1)`,
    `  ${fileOf('not there')} cannot be read: there is no such file`,
    '',
  ]);
});

test('files of one game are right alone, and not together', { timeout }, async () => {
  expect(await milepost(['games', 'validate', seedGameFile])).toMatchObject({ status: 0, stderr: '' });
  const { status, stderr } = await milepost(['games', 'validate', seedGameFile, fileOf('right')]);
  expect(status).toBe(1);
  expect(stderr).toContain(
    `${fileOf('right')} $.game_id: "upi_fs_milestone_may_2026" is the game of ${seedGameFile} already`,
  );
});
