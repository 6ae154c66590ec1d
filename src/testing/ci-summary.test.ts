import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'milepost-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Summary {
  lastLine: string | undefined;
  status: number | null;
}

function run(report: object | undefined): { stdout: string; status: number | null } {
  const file = join(folder, 'report.json');
  writeFileSync(file, report === undefined ? '' : JSON.stringify(report));
  const script = join(import.meta.dirname, '../../.ci/summary.mjs');
  return spawnSync(process.execPath, [script, file], { encoding: 'utf8' });
}

function summarise(report: object | undefined): Summary {
  const { stdout, status } = run(report);
  return { lastLine: stdout.trimEnd().split('\n').at(-1), status };
}

const outputOf = (report: object): string => run(report).stdout;

const green = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
const unloadable = { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] };
const redFile = { name: 'b.test.ts', status: 'failed', message: '', assertionResults: [{ status: 'failed' }] };

test.each([
  ['all passed', green, '7 passed, 0 failed', 0],
  ['a test failed', { ...green, numFailedTests: 1, testResults: [redFile] }, '7 passed, 1 failed', 1],
  ['a file could not be loaded', { ...green, testResults: [unloadable] }, '7 passed, 1 failed', 1],
  ['a test was skipped', { ...green, numPendingTests: 1 }, '7 passed, 0 failed', 1],
  ['a test is still to be written', { ...green, numTodoTests: 1 }, '7 passed, 0 failed', 1],
  ['nothing ran', { ...green, numPassedTests: 0 }, '0 passed, 0 failed', 1],
  ['the runner died before it wrote its report', undefined, '0 passed, 0 failed', 1],
])('%s', (_, report, lastLine, status) => {
  expect(summarise(report)).toEqual({ lastLine, status });
});

test('the files that took longest are named, longest first', () => {
  const file = (name: string, seconds: number) => {
    return {
      name: join(process.cwd(), name),
      status: 'passed',
      assertionResults: [],
      startTime: 1_000,
      endTime: 1_000 + seconds * 1_000,
    };
  };
  const testResults = [file('quick.test.ts', 9), file('slow.test.ts', 10), file('slowest.test.ts', 150)];
  expect(outputOf({ ...green, testResults })).toBe(
    ' 150 s  slowest.test.ts\n  10 s  slow.test.ts\n7 passed, 0 failed\n',
  );
});

test('what passed only when it was tried again is named, with what went wrong', () => {
  const assertionResults = [
    { status: 'passed', fullName: 'a race', failureMessages: ['Error: too late\n    at a.ts'] },
    { status: 'passed', fullName: 'no race', failureMessages: [] },
  ];
  const testResults = [{ name: join(process.cwd(), 'a.test.ts'), status: 'passed', assertionResults }];
  expect(outputOf({ ...green, testResults })).toBe(
    'passed only in a second try: a.test.ts: a race: Error: too late\n7 passed, 0 failed\n',
  );
});
