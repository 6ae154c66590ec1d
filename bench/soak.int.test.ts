// The soak runs, does all of its work, and says what its figures are. Not how fast: that is for a quiet machine and millions of events.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('a small soak pays, retires days and agrees with its books at the end', { timeout: 120_000 }, async () => {
  const args = ['soak', '--events', '900', '--players', '60', '--weeks', '3', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/main.ts', ...args], {
    cwd: join(import.meta.dirname, '..'),
  });
  const lines = stdout.trimEnd().split('\n');
  const document = JSON.parse(lines.at(-1) as string);
  const weekly = (): unknown => [expect.any(Number), expect.any(Number), expect.any(Number)];
  expect(document).toMatchObject({
    events: 900,
    players: 60,
    weeks: 3,
    autovacuum: 'migrations',
    ratio_last_to_first: expect.any(Number),
    ratio_target: 0.9,
    events_per_s: weekly(),
    ratio_last_to_first_by_ceiling: expect.any(Number),
    ceiling_events_per_s: weekly(),
    inbox_days: [7, 14, 14],
    inbox_mb: weekly(),
    wal_mb: weekly(),
    dead_rows: { progress: weekly(), outbox: weekly(), _private_jobs: weekly() },
    // At the end of a short week none of its messages may be left to divide by.
    bytes_per_row: { event_key: weekly(), credit: weekly(), outbox: expect.any(Array) },
    memory_mb: { engine: weekly(), worker: expect.any(Array) },
  });
  expect(lines.some((line) => line.startsWith('The last week over the first:'))).toBe(true);
});
