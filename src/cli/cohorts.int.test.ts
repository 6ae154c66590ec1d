// milepost cohorts, as an operator uses it: what it prints, for people and for programs, and what it leaves behind.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { type Ended, milepost } from '../testing/milepost.ts';

const MAY = '2026-05-01T00:00:00+05:30';
const JUNE = '2026-06-01T00:00:00+05:30';

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(() => database[Symbol.asyncDispose]());

async function fileWith(content: string): Promise<string> {
  const file = join(folder, `${randomUUID()}.csv`);
  await writeFile(file, content);
  return file;
}

const run = (...args: string[]): Promise<Ended> =>
  milepost(['cohorts', ...args], { env: { DATABASE_URL: database.url } });

const fed = (input: string, ...args: string[]): Promise<Ended> =>
  milepost(['cohorts', ...args], { env: { DATABASE_URL: database.url, TMPDIR: folder }, input });

async function statements(): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select user_id || ' ' || case when member then 'in ' else 'out of ' end || cohort_id
            || to_char(valid_from at time zone 'UTC', ' MM-DD HH24:MI') as line
       from milepost.cohort_membership join milepost.player using (bucket, player_id) order by user_id, cohort_id, valid_from`,
  );
  return rows.map(({ line }) => line);
}

describe('cohorts add and remove', { timeout: 180_000 }, () => {
  test('a player a line, as events; repeating is harmless', async () => {
    const file = await fileWith('U1\r\n  U2  \n\nU1\nU3');
    expect(await run('add', 'early', file, '--from', MAY)).toEqual({
      status: 0,
      stdout: 'early: 3 added, 1 known already\n',
      stderr: '',
    });
    expect((await run('add', 'early', file, '--from', MAY)).stdout).toBe('early: 0 added, 4 known already\n');
    expect((await run('remove', 'early', await fileWith('U2'), '--from', JUNE)).stdout).toBe(
      'early: 1 removed, 0 known already\n',
    );
    expect(await statements()).toEqual([
      'U1 in early 04-30 18:30',
      'U2 in early 04-30 18:30',
      'U2 out of early 05-31 18:30',
      'U3 in early 04-30 18:30',
    ]);
    const { rows } = await database.pool.query(
      'select distinct source, producer, outcome, reason from milepost.inbox join milepost.event_key using (bucket, player_id, event_no)',
    );
    expect(rows).toEqual([{ source: 'cohorts', producer: 'milepost', outcome: 'applied', reason: 'cohort_changed' }]);
    expect((await milepost(['verify'], { env: { DATABASE_URL: database.url } })).stdout).toBe('The books agree.\n');
  });

  test('columns of a file go before the options', async () => {
    const file = await fileWith(`user_id,from,to\nU1,,\nU2,${MAY},\nU3,,2026-05-20T00:00:00Z\n`);
    expect((await run('add', 'early', file, '--from', '2026-05-10T00:00:00Z', '--to', JUNE)).status).toBe(0);
    expect(await statements()).toEqual([
      'U1 in early 05-10 00:00',
      'U1 out of early 05-31 18:30',
      'U2 in early 04-30 18:30',
      'U2 out of early 05-31 18:30',
      'U3 in early 05-10 00:00',
      'U3 out of early 05-20 00:00',
    ]);
  });

  test('from standard input, of which nothing is left; now is when nothing else is said', async () => {
    const { status, stdout, stderr } = await fed('U1\nU2\n', 'add', 'early', '-', '--json');
    expect({ status, stderr, document: JSON.parse(stdout) }).toEqual({
      status: 0,
      stderr: '',
      document: { cohort_id: 'early', member: true, lines: 2, changed: 2, known: 0, others: 0 },
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('milepost-cohorts-'))).toEqual([]);
    const { rows } = await database.pool.query(
      "select count(*)::int from milepost.cohort_membership where valid_from between now() - interval '1 minute' and now()",
    );
    expect(rows).toEqual([{ count: 2 }]);
  });

  test('lines that are not right are all named, and then nothing is changed', async () => {
    const file = await fileWith(
      `user_id,from,to\nU1,,\n${'x'.repeat(129)},,\nU2,yesterday,\nU3,${JUNE},${MAY}\n,,\nU4,1999-01-01T00:00:00Z,\n`,
    );
    const { status, stdout, stderr } = await run('add', 'early', file, '--from', MAY);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      expect.stringMatching(/^error: .*\.csv: 5 lines not right; nothing was changed$/),
      expect.stringContaining('  line 3: user_id: 129 bytes, at most 128 are allowed; found "xxx'),
      '  line 4: from: expected a time with an offset, such as 2026-06-01T00:00:00+05:30; found "yesterday"',
      '  line 5: to: must lie after from, which is 2026-05-31T18:30:00.000Z; found 2026-04-30T18:30:00.000Z',
      '  line 6: user_id: empty',
      expect.stringContaining('  line 7: occurred_at: 1999-01-01T00:00:00.000Z is not between 2000 and 2100'),
    ]);
    expect(await statements()).toEqual([]);
    const many = await run('add', 'early', await fileWith('U,1\n'.repeat(30)));
    expect(many.stderr).toContain('30 lines not right');
    expect(many.stderr).toContain('  … and 10 more lines\n');
  });

  test.each([
    [['everyone', '-'], 'everyone is reserved: every player is in it already'],
    [['has space', '-'], '"has space" is no cohort: letters, digits and _ . : - only, at most 128'],
    [['early', '-', '--from', 'May'], '--from "May" is no instant: write date, time and offset'],
    [['early', '-', '--from', JUNE, '--to', MAY], `--to "${MAY}" must lie after --from`],
    [['early', '-', '--to', MAY], `--to "${MAY}" must lie after now, which --from is when it is left out`],
    [['early', '/nowhere/players.txt'], '/nowhere/players.txt cannot be read: there is no such file'],
  ])('%j is refused', async (args, message) => {
    const { status, stderr } = await run('add', ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(`error: ${message}`);
  });
});

test('cohorts show: intervals for people, statements as well for programs', { timeout: 180_000 }, async () => {
  await run('add', 'early', await fileWith('U1'), '--from', MAY, '--to', JUNE);
  await run('add', 'vip', await fileWith('U1\nU2'), '--from', MAY);
  await run('remove', 'gone', await fileWith('U3'), '--from', MAY);
  expect(await run('show', 'U1')).toEqual({
    status: 0,
    stdout: [
      'COHORT  FROM                      TO',
      'early   2026-04-30T18:30:00.000Z  2026-05-31T18:30:00.000Z',
      'vip     2026-04-30T18:30:00.000Z                            now',
      '',
    ].join('\n'),
    stderr: '',
  });
  expect(JSON.parse((await run('show', 'U1', '--json')).stdout)).toEqual({
    user_id: 'U1',
    memberships: [
      { cohort_id: 'early', from: '2026-04-30T18:30:00.000Z', to: '2026-05-31T18:30:00.000Z' },
      { cohort_id: 'vip', from: '2026-04-30T18:30:00.000Z', to: null },
    ],
    statements: [
      { cohort_id: 'early', from: '2026-04-30T18:30:00.000Z', member: true },
      { cohort_id: 'early', from: '2026-05-31T18:30:00.000Z', member: false },
      { cohort_id: 'vip', from: '2026-04-30T18:30:00.000Z', member: true },
    ],
  });
  expect((await run('show', 'U3')).stdout).toBe('U3 is in no cohort any more (--json shows what was stated).\n');
  expect(await run('show', 'nobody')).toMatchObject({ status: 1, stdout: 'Nothing has been stated about nobody.\n' });
});

test('segment changes of a producer: what is refused can be looked up', { timeout: 180_000 }, async () => {
  const env = { DATABASE_URL: database.url };
  const line = (changeId: string, change: object) =>
    `${JSON.stringify({ changeId, customerId: 'U1', segment: 'early', change: 'ENTERED', effectiveFrom: MAY, ...change })}\n`;
  const file = await fileWith(
    line('c1', {}) + line('c2', { segment: 'everyone' }) + line('c3', { change: 'LEFT', effectiveFrom: JUNE }),
  );
  const { stdout } = await milepost(['ingest', file, '--source', 'segment_changes', '--json'], { env });
  expect(JSON.parse(stdout).outcomes).toEqual({ applied: 2, rejected: 1 });
  expect(await statements()).toEqual(['U1 in early 04-30 18:30', 'U1 out of early 05-31 18:30']);
  const shown = await milepost(['inbox', 'show', 'c2'], { env });
  expect(shown.stdout).toContain('  outcome   rejected (cohort_change_invalid)\n');
  expect(shown.stdout).toContain(
    '  problem   attributes.cohort_id: everyone is reserved: every player is in it already\n',
  );
});
