// Reads the test runner's JSON report and prints "N passed, N failed" as the last line. Fails when a test failed or was skipped, when a file
// could not be loaded, and when no test ran. Before it stand the tests that passed only when they were tried again, each to be mended, and the files that
// took longest: where time is to be won.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const text = readFileSync(process.argv[2], 'utf8');
const report = text === '' ? { numPassedTests: 0, numFailedTests: 0, testResults: [] } : JSON.parse(text);
const passed = report.numPassedTests;
const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
// A file that fails outside of its tests (an import, a hook) has no failed test to be counted by.
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
);
const failed = report.numFailedTests + brokenFiles.length;

const lines = text === '' ? ['the test runner wrote no report'] : [];
for (const file of brokenFiles) lines.push(`${file.name}: ${file.message || 'failed outside of its tests'}`);
for (const { name, assertionResults } of report.testResults) {
  for (const { status, fullName, failureMessages = [] } of assertionResults) {
    if (status !== 'passed' || failureMessages.length === 0) continue;
    lines.push(
      `passed only in a second try: ${relative(process.cwd(), name)}: ${fullName}: ${failureMessages[0].split('\n')[0]}`,
    );
  }
}
const slowest = report.testResults
  .map(({ name, startTime = 0, endTime = 0 }) => ({ name, seconds: (endTime - startTime) / 1_000 }))
  .filter(({ seconds }) => seconds >= 10)
  .sort((a, b) => b.seconds - a.seconds)
  .slice(0, 12);
for (const { name, seconds } of slowest)
  lines.push(`${seconds.toFixed(0).padStart(4)} s  ${relative(process.cwd(), name)}`);
if (skipped > 0) lines.push(`${skipped} skipped: a test is run or removed`);
if (passed + failed === 0) lines.push('no test ran');
lines.push(`${passed} passed, ${failed} failed`);
process.stdout.write(lines.map((line) => `${line}\n`).join(''));
process.exitCode = failed > 0 || skipped > 0 || passed === 0 ? 1 : 0;
