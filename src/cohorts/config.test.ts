// The file that leaves cohorts to a service outside: what it may say, and what is needed beside it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UserError } from '../errors.ts';
import { createLog } from '../log.ts';
import { openResolver, readCohortFlags } from './config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const log = createLog({ level: 'silent' });
const write = (content: string, name = 'cohorts.jsonc') => writeFile(join(folder, name), content);
const entry = (change: object = {}) => ({ cohort_id: 'vip', resolver: 'launchdarkly', flag: 'vip-players', ...change });

async function problemsOf(cohorts: unknown): Promise<string[]> {
  await write(JSON.stringify({ cohorts }));
  const error = await readCohortFlags(folder).catch((thrown: UserError) => thrown);
  if (error instanceof Map) return [];
  return error.problems.map(({ path, message }) => `${path}: ${message.replace(/ \(line .*\)$/, '')}`);
}

test('names the flag of each cohort; comments are allowed', async () => {
  await write('{ "cohorts": [ // who\n { "cohort_id": "vip", "resolver": "launchdarkly", "flag": "vip-players" } ] }');
  expect(await readCohortFlags(folder)).toEqual(new Map([['vip', 'vip-players']]));
});

test('need not be there; then nothing outside is asked, whatever the environment says', async () => {
  expect(await readCohortFlags(folder)).toEqual(new Map());
  expect(await openResolver({ folder, sdkKey: 'sdk-key', log })).toBeUndefined();
  await write('{ "cohorts": [] }', 'cohorts.json');
  expect(await openResolver({ folder, sdkKey: undefined, log })).toBeUndefined();
});

test('is there once', async () => {
  await write('{ "cohorts": [] }');
  await write('{ "cohorts": [] }', 'cohorts.json');
  await expect(readCohortFlags(folder)).rejects.toThrow('are both there; keep one of them');
});

test('needs the key of the service', async () => {
  await write(JSON.stringify({ cohorts: [entry()] }));
  await expect(openResolver({ folder, sdkKey: undefined, log })).rejects.toThrow(
    /^LAUNCHDARKLY_SDK_KEY is not set, but .* leaves cohorts to LaunchDarkly: vip; set it, or remove them from its cohorts file$/,
  );
});

test('opens what decides these cohorts, which has nothing to say before it is connected', async () => {
  await write(JSON.stringify({ cohorts: [entry()] }));
  const resolver = await openResolver({ folder, sdkKey: 'sdk-key', log });
  expect([...(resolver?.cohortIds ?? [])]).toEqual(['vip']);
  expect(await resolver?.verdict('vip', 'U1')).toBeUndefined();
  await resolver?.close();
});

describe('is refused', () => {
  test.each<[string, unknown, string]>([
    ['a misspelt key', [entry({ flags: 'x' })], '$.cohorts[0].flags: unknown key "flags" (did you mean "flag"?)'],
    [
      'another service',
      [entry({ resolver: 'launchdarky' })],
      '$.cohorts[0].resolver: must be "launchdarkly"; found "launchdarky"',
    ],
    ['everyone', [entry({ cohort_id: 'everyone' })], '$.cohorts[0].cohort_id: everyone is reserved'],
    ['no name', [entry({ cohort_id: 'a b' })], '$.cohorts[0].cohort_id: "a b" is no cohort'],
    ['no flag', [{ cohort_id: 'vip', resolver: 'launchdarkly' }], '$.cohorts[0].flag: missing; text is required'],
    ['no key of a flag', [entry({ flag: 'a b' })], '$.cohorts[0].flag: must be the key of a flag'],
    [
      'a cohort twice',
      [entry(), entry({ flag: 'x' })],
      '$.cohorts[1].cohort_id: "vip" is there already, at $.cohorts[0]',
    ],
    ['no list', 'vip', '$.cohorts: expected a list; found "vip"'],
  ])('%s', async (_name, cohorts, problem) => {
    const problems = await problemsOf(cohorts);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });
});
