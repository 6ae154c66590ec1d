// The commands that work on a database, as an operator uses them: what they print, for people and for programs, and what they leave behind.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { limits } from '../limits.ts';
import { testDatabase } from '../testing/database.ts';
import { seedCohort, seedGameFile } from '../testing/make.ts';
import { type Ended, milepost, type RunOptions } from '../testing/milepost.ts';

const seed = await readFile(seedGameFile, 'utf8');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(content: string): Promise<string> {
  const file = join(folder, `${randomUUID()}.txt`);
  await writeFile(file, content);
  return file;
}

/** Commands on one database. */
function on(url: string) {
  const run = (args: string[], options: RunOptions = {}): Promise<Ended> =>
    milepost(args, { ...options, env: { DATABASE_URL: url } });
  return {
    run,
    /** The document that a command prints for programs. */
    // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
    async json(args: string[], input?: string): Promise<{ status: number | null; document: any }> {
      const { status, stdout, stderr } = await run([...args, '--json'], input === undefined ? {} : { input });
      expect(stderr).toBe('');
      return { status, document: JSON.parse(stdout) };
    },
  };
}

test('migrate: a plan changes nothing; without it, other commands say what to do', { timeout: 180_000 }, async () => {
  const server = new pg.Client({ connectionString: inject('postgres') });
  await server.connect();
  const name = `milepost_test_${process.pid}_${Date.now().toString(36)}_empty`;
  await server.query(`create database ${name}`);
  onTestFinished(async () => {
    await server.query(`drop database ${name} with (force)`);
    await server.end();
  });
  const url = new URL(inject('postgres'));
  url.pathname = `/${name}`;
  const { run, json } = on(url.href);
  const tables = async () => {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    const { rows } = await client.query(
      "select relname from pg_class where relnamespace >= 16384 or relnamespace = 'public'::regnamespace",
    );
    await client.end();
    return rows;
  };

  const plan = await json(['migrate', '--plan']);
  expect(plan.document.migrations[0]).toBe('0001_roles');
  expect(plan.document.functions).toContain('engine/open_batch.sql');
  expect((await run(['migrate', '--plan'])).stdout).toMatch(
    /would apply migration 0001_roles\n[\s\S]*would make function engine\/open_batch\.sql\n[\s\S]*\? +do \$\$/,
  );
  expect(await tables()).toEqual([]);
  for (const args of [
    ['games', 'list'],
    ['ingest', '-'],
    ['inbox', 'show', 'evt_1'],
  ]) {
    const { status, stderr } = await run(args);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'error: the database has not been migrated: run milepost migrate\n',
    });
  }

  const { stdout } = await run(['migrate']);
  expect(stdout.split('\n').slice(0, -1)).toEqual([
    ...plan.document.migrations.map((migration: string) => `applied migration ${migration}`),
    ...plan.document.functions.map((path: string) => `applied function ${path}`),
    ...plan.document.views.map((path: string) => `applied view ${path}`),
  ]);
  expect(await run(['migrate'])).toEqual({ status: 0, stdout: 'The database is up to date.\n', stderr: '' });
  expect(await json(['games', 'list'])).toEqual({ status: 0, document: [] });
});

test('games activate: all files or none, and again without effect', { timeout: 180_000 }, async () => {
  await using database = await testDatabase();
  const { run, json } = on(database.url);
  const wrong = await fileWith(seed.replace('"step": 6', '"step": 60'));
  const refused = await run(['games', 'activate', seedGameFile, wrong]);
  expect(refused).toMatchObject({ status: 2, stdout: '' });
  expect(refused.stderr).toContain('nothing was activated: 1 of 2 files not right\n');
  expect(refused.stderr).toContain(`\n  ${wrong} $.milestone_steps[1].step: step 60 lies above max_value 12`);
  expect((await json(['games', 'list'])).document).toEqual([]);

  expect(await run(['games', 'activate', seedGameFile, '--reason', 'a test'])).toEqual({
    status: 0,
    stdout: 'upi_fs_milestone_may_2026: version 1 is in force from 1 May 2026 05:30 (Asia/Kolkata)\n',
    stderr: '',
  });
  const { rows } = await database.pool.query('select reason, source_text from milepost.game_version');
  expect(rows).toEqual([{ reason: 'a test', source_text: seed }]);
  expect((await json(['games', 'activate', seedGameFile])).document).toMatchObject([{ version: 1, changed: false }]);

  // The first file alone would be taken; the second may not change like this any more.
  const other = await fileWith(seed.replace('upi_fs_milestone_may_2026', 'another_game'));
  const moved = await fileWith(seed.replace('"step": 6', '"step": 7'));
  const { status, stderr } = await run(['games', 'activate', other, moved]);
  expect(status).toBe(2);
  expect(stderr.split('\n')).toEqual([
    `error: ${moved}: upi_fs_milestone_may_2026 cannot change like this while its window runs`,
    '  $.milestone_steps[1].step: may not change from 6 to 7 in a window that has begun',
    '',
  ]);
  const raised = await fileWith(seed.replace('"value": 100,', '"value": 150,'));
  expect((await json(['games', 'activate', raised])).document).toMatchObject([{ version: 2, changed: true }]);
  expect((await json(['games', 'list'])).document).toMatchObject([
    { game_id: 'upi_fs_milestone_may_2026', versions: 2, state: 'ended', cohort_id: seedCohort },
  ]);
  expect((await run(['games', 'list'])).stdout).toMatch(/^GAME +VERSION .*\nupi_fs_milestone_may_2026 /);
});

/** A payment of 10 May, said to have been received at once. */
function payment(id: string, amount = 1_500): string {
  return JSON.stringify({
    event_id: id,
    event_type: 'payment_success',
    occurred_at: '2026-05-10T12:00:00+05:30',
    received_at: '2026-05-10T12:00:01+05:30',
    producer: 'tests',
    user_id: 'U1',
    attributes: { transaction_type: 'UPI', payment_status: 'SUCCESS', transaction_amount: amount },
  });
}

test('ingest: lines of every kind, from files and from standard input', { timeout: 180_000 }, async () => {
  await using database = await testDatabase();
  const { run, json } = on(database.url);
  await run(['games', 'activate', seedGameFile]);
  await run(['cohorts', 'add', seedCohort, '-', '--from', '2026-05-01T00:00:00Z'], { input: 'U1\n' });

  const long = `{"note":"${'x'.repeat(limits.messageBytes)}"}`;
  // Windows line ends, empty lines, a number, a line that is too long, and no newline at the end.
  const mixed = [
    `${payment('a')}\r`,
    '\r',
    '',
    payment('b'),
    '{"broken',
    '17',
    long,
    payment('c', 50),
    payment('a'),
    payment('d'),
  ];
  const file = await fileWith(mixed.join('\n'));
  const taken = await json(['ingest', file]);
  expect(taken).toEqual({
    status: 1,
    document: {
      messages: 8,
      outcomes: { applied: 3, no_match: 1, duplicate: 1, parked: 3 },
      claims: 1,
      seconds: expect.any(Number),
      problems: [
        { line: 5, event_id: null, outcome: 'parked', reason: expect.stringMatching(/^invalid_json: not JSON/) },
        { line: 6, event_id: null, outcome: 'parked', reason: 'not_an_object: expected a JSON object; found 17' },
        { line: 7, event_id: null, outcome: 'parked', reason: expect.stringMatching(/^too_large: 262145 bytes/) },
      ],
    },
  });

  // Again, by another way: nothing counts twice, and nothing is parked twice but what is at another place now.
  const again = await run(['ingest', '-'], { input: mixed.join('\n') });
  expect(again.status).toBe(1);
  expect(again.stderr).toMatch(/^line 5 parked: invalid_json: .*\nline 6 parked: .*\nline 7 parked: .*\n$/);
  expect(again.stdout).toMatch(
    /^OUTCOME +EVENTS\nduplicate +5\nparked +3\n\n8 messages in .* s \(.*\/s\), 0 steps claimed\n$/,
  );
  const { rows } = await database.pool.query(
    `select (select count(*)::integer from milepost.event_key where producer <> 'milepost') as events,
            (select sum(amount)::integer from milepost.credit) as credited`,
  );
  expect(rows).toEqual([{ events: 4, credited: 3 }]);

  expect(await run(['ingest', await fileWith('')])).toEqual({
    status: 0,
    stdout: 'There were no messages.\n',
    stderr: '',
  });
  expect(await json(['ingest', '-'], '\n\n')).toMatchObject({ status: 0, document: { messages: 0, outcomes: {} } });
  const samples = ['ingest', 'game-configs/sources/samples/upi_switch.ndjson', '--source', 'upi_switch'];
  expect((await json(samples)).document.outcomes).toHaveProperty('parked');

  const shown = await run(['inbox', 'show', 'd']);
  expect(shown).toMatchObject({ status: 0, stderr: '' });
  expect(shown.stdout).toContain('d from tests, player U1\n  outcome   applied\n');
  expect(shown.stdout).toContain('credit    +1 in upi_fs_milestone_may_2026 by upi_plus_one (version 1)\n');
  expect(shown.stdout).toContain('claim     step 3 of upi_fs_milestone_may_2026: 10 NC, earned\n');
  expect((await json(['inbox', 'show', 'd'])).document).toMatchObject([
    {
      event_id: 'd',
      outcome: 'applied',
      received_at: '2026-05-10T06:30:01.000Z',
      claims: [{ step: 3, status: 'earned' }],
    },
  ]);
  const unknown = await run(['inbox', 'show', 'nobody']);
  expect(unknown).toMatchObject({ status: 1, stdout: expect.stringContaining('No event nobody has arrived.') });
  expect(await json(['inbox', 'show', 'nobody'])).toEqual({ status: 1, document: [] });
  expect(await json(['verify'])).toMatchObject({ status: 0, document: { agree: true } });
});

test('start: a port that is taken is named, with the variable that sets it', { timeout: 180_000 }, async () => {
  await using database = await testDatabase();
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const env = {
    DATABASE_URL: database.url,
    JWT_JWKS_URL: 'http://127.0.0.1:1/',
    METRICS_PORT: '0',
    HTTP_PORT: String(port),
  };
  const { status, stderr } = await milepost(['start', '--role', 'api'], { env });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: `error: api: 127.0.0.1:${port} is in use: stop what listens there, or set HTTP_PORT\n`,
  });
});
