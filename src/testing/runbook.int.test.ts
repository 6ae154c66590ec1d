// The runbook tells the truth: the situation of each entry is brought about, its queries are asked as support, and its commands are followed to the end.
// An entry whose situation another test brings about names that test.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { checkNames } from '../engine/verify.ts';
import { startRewardServices } from '../local/reward-services.ts';
import { connectRedis, type RedisClient } from '../redis.ts';
import { formatInstant } from '../time.ts';
import { readBooks } from './books.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { allEnded, type Owed, outboxRows, owe, testServices } from './dispatch.ts';
import { install, silent, testEngine } from './engine.ts';
import { gameHistory, makeGame, upiPayment } from './make.ts';
import { milepost, type Running, startMilepost } from './milepost.ts';
import { waitFor } from './wait.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/runbook.md'), 'utf8');
/** What stands under each heading, but for the page's own. */
const entries = new Map(
  text
    .split(/^##+ /m)
    .slice(1)
    .map((part) => [part.split('\n', 1)[0] as string, part]),
);
const timeout = 120_000;

/** Entries that tests of their own follow, where the servers that it takes are at hand. */
const elsewhere: Record<string, [file: string, title: string]> = {
  MilepostConsumerLagging: [
    'workers/readiness.test.ts',
    'a consumer is lagging when the oldest message of any partition has waited for too long, and ready all the same',
  ],
  MilepostPartitionHeld: [
    'workers/ingest/ingest.e2e.test.ts',
    'records that are gone stop the partition, until a person has moved the position',
  ],
  MilepostConsumerCrashing: ['workers/ingest/ingest.e2e.test.ts', 'a consumer that keeps crashing ends the process'],
  MilepostPausedForLong: [
    'workers/ingest/pause.e2e.test.ts',
    'a topic that is paused is read no further than the batch under way, and read on when it is resumed',
  ],
  MilepostMessagesParked: [
    'src/testing/operators-day.e2e.test.ts',
    'a mapping breaks, a service is down, consumers roll, days go: nothing is lost, nothing counts twice',
  ],
  MilepostApiErrors: [
    'api/degradation.int.test.ts',
    'and Redis too: 503 with Retry-After for every read, and not ready',
  ],
  MilepostApiSlow: [
    'api/degradation.int.test.ts',
    'a crowd costs PostgreSQL a handful of statements, each player one; ready all the while',
  ],
  MilepostCohortsUnknown: [
    'src/cohorts/launchdarkly.int.test.ts',
    'while LaunchDarkly is away the last recorded verdict stands, for players who have one',
  ],
  'Rolling restarts': [
    'src/testing/operators-day.e2e.test.ts',
    'a mapping breaks, a service is down, consumers roll, days go: nothing is lost, nothing counts twice',
  ],
};

/** Entries that a test of this file follows, most of them by the queries of another entry. */
const here = new Set<string>();
const asked = new Set<string>();

function follows(...headings: [string, ...string[]]): string {
  for (const heading of headings) here.add(heading);
  return headings.join(', ');
}

function queriesOf(heading: string): string[] {
  return [...(entries.get(heading) ?? '').matchAll(/```sql\n([\s\S]*?)```/g)].map(([, query]) => query as string);
}

/** Asks a query of an entry, by a word that it has and no other query of the entry does. `change` puts in what the reader puts in. */
async function ask(
  { url }: TestDatabase,
  heading: string,
  word: string,
  change: (query: string) => string = (query) => query,
): Promise<pg.QueryResultRow[]> {
  const found = queriesOf(heading).filter((query) => query.includes(word));
  expect(found, `${heading}: the query with ${word}`).toHaveLength(1);
  asked.add(found[0] as string);
  const support = connect(url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return (await support.pool.query(change(found[0] as string))).rows;
  } finally {
    await support.close();
  }
}

async function run(database: TestDatabase, args: string[], env: Record<string, string> = {}) {
  return milepost(args, { env: { DATABASE_URL: database.url, ...env }, program: 'main' });
}

/** Runs a command that must end well. */
async function done(database: TestDatabase, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { status, stdout, stderr } = await run(database, args, env);
  expect(status, `milepost ${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** A worker as a process of its own. */
function startWorker(database: TestDatabase, servicesUrl: string, env: Record<string, string> = {}): Running {
  return startMilepost(['start', '--role', 'worker'], {
    program: 'main',
    env: { DATABASE_URL: database.url, NEUCOIN_URL: servicesUrl, VOUCHER_URL: servicesUrl, METRICS_PORT: '0', ...env },
  });
}

async function started(process: Running): Promise<string> {
  const line = await waitFor('the process', () => process.log().find(({ msg }) => msg === 'listening'));
  return String((line as { metrics?: unknown }).metrics);
}

const progress = 'When progress is not what the credits say';
test(follows(progress), { timeout }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await using engine = testEngine(database.url);
  await engine.take([upiPayment(1), upiPayment(1), upiPayment(1, { user: 'U2' })]);
  await database.pool.query('update milepost.progress set value = value + 7 where value = 2');

  const found = await run(database, ['verify']);
  expect(found).toMatchObject({ status: 1, stdout: expect.stringContaining('progress_matches_credits') });
  const dryRun = await run(database, ['rebuild', '--reason', 'ticket 907', '--dry-run']);
  expect(dryRun).toMatchObject({ status: 1, stdout: expect.stringContaining('1 row of progress would be put right') });
  await done(database, ['rebuild', '--reason', 'ticket 907']);
  expect(await ask(database, progress, 'milepost.rebuild order')).toMatchObject([
    { changed: '1', reason: 'ticket 907', ended_at: expect.any(Number) },
  ]);
  expect(await ask(database, progress, 'rebuild_change')).toMatchObject([
    { user_id: 'U1', progress_before: { value: 9 }, progress_after: { value: 2 } },
  ]);
  expect(await done(database, ['verify'])).toBe('The books agree.\n');
});

test(follows('MilepostDown'), { timeout }, async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using worker = startWorker(database, services.neucoinUrl);
  await started(worker);
  // The job queue is told that its schema belongs to a newer version: it cannot go on.
  await database.pool.query(`select pg_notify('worker:migrate', '{"breaking": true, "migrationNumber": 999999}')`);
  expect(await worker.ended).toMatchObject({ status: 1 });
  expect(worker.log().filter(({ level }) => level === 60)).toMatchObject([{ msg: 'a part ended by itself' }]);
  // What came meanwhile waits for whoever runs next.
  await owe(database.pool);
  await using next = startWorker(database, services.neucoinUrl);
  await waitFor('the reward', () => services.books().length === 1);
  next.signal('SIGTERM');
  expect(await next.ended).toMatchObject({ status: 0 });
});

const arrived = 'What arrived in the last hour, by outcome';
const unread = 'What could not be read';
const failed = 'What failed, and why';
test(follows(arrived, unread, failed, 'MilepostEventsFailing'), { timeout }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await using engine = testEngine(database.url);
  const received = Date.now();
  const bad = upiPayment(1, { id: 'e2', received });
  const bytes = Buffer.from(
    JSON.stringify({ ...bad.event, event_id: 'e3', occurred_at: formatInstant(bad.event.occurred_at) }),
  );
  const parked = {
    source: 'canonical',
    origin: { transport: 'http' as const },
    bytes,
    receivedAt: bad.event.occurred_at + 1_000,
    reason: 'unmapped_type' as const,
    detail: 'no mapping takes payment_success',
  };
  const events = [upiPayment(1, { id: 'e1', received }), { ...bad, payload: '{"attributes":' }];
  await engine.process({ events, parked: [parked] });

  expect(await ask(database, arrived, 'event_key')).toEqual(
    expect.arrayContaining([
      { outcome: 'late', reason: 'window_closed', count: '1' },
      { outcome: 'failed', reason: 'data_error', count: '1' },
    ]),
  );
  expect(await ask(database, unread, 'parked_message')).toMatchObject([
    { source: 'canonical', reason: 'unmapped_type', begins: expect.stringContaining('e3') },
  ]);
  await done(database, ['inbox', 'reprocess', '--outcome', 'parked', '--reason', 'the mapping is mended']);
  expect(await ask(database, unread, 'parked_message')).toEqual([]);

  expect(await ask(database, failed, 'event_failure')).toMatchObject([
    { event_id: 'e2', error: expect.stringMatching(/invalid input syntax for type json/) },
  ]);
  // The defect that had spoilt it is mended.
  await database.pool.query('update milepost.event_failure set event = $1', [JSON.stringify(bad)]);
  await done(database, ['inbox', 'reprocess', '--outcome', 'failed', '--reason', 'the defect is mended']);
  expect(await ask(database, failed, 'event_failure')).toEqual([]);
  expect(await done(database, ['verify'])).toBe('The books agree.\n');
});

const goingOut = 'Are rewards going out?';
test(follows(goingOut, 'MilepostRewardsWaiting', 'MilepostCircuitOpen'), { timeout }, async () => {
  await using database = await testDatabase();
  await using services = await testServices({ faults: [{ service: 'neucoin', how: 'hang' }] });
  await owe(database.pool, { count: 40 });
  await database.pool.query("update milepost.outbox set created_at = now() - interval '2 hours'");
  // Nobody drains.
  expect(await ask(database, goingOut, 'oldest_due')).toMatchObject([
    { destination: 'neucoin', state: 'pending', count: '40', attempts: 0 },
  ]);
  expect(await ask(database, goingOut, "interval '1 hour'")).toHaveLength(40);

  // A worker dies with calls under way: what it had leased is offered again when the leases end.
  const killed = startWorker(database, services.neucoinUrl, { NEUCOIN_RATE_PER_SECOND: '1000' });
  await waitFor('calls under way', () => services.calls('neucoin') > 0);
  killed.signal('SIGKILL');
  await killed.ended;
  const [leased] = await ask(database, goingOut, "where state = 'leased'");
  expect(leased).toMatchObject({ destination: 'neucoin', count: '40' });
  await database.pool.query(
    "update milepost.outbox set leased_until = now(), next_attempt_at = now() where state = 'leased'",
  );

  // The service answers, and fails: its circuit opens, and no attempt is used up any more.
  services.setFaults([{ service: 'neucoin', how: 'status', status: 503 }]);
  await using worker = startWorker(database, services.neucoinUrl, { NEUCOIN_RATE_PER_SECOND: '1000' });
  await waitFor('the circuit', async () => (await ask(database, goingOut, 'next_probe_in'))[0]?.state === 'open');
  expect(await ask(database, goingOut, 'next_probe_in')).toMatchObject([
    { destination: 'neucoin', by_hand: false, reason: expect.stringContaining('server_error') },
  ]);
  expect(await ask(database, goingOut, 'circuit_change')).toContainEqual(
    expect.objectContaining({ destination: 'neucoin', state: 'open' }),
  );
  expect(await ask(database, goingOut, 'dispatch_rate')).toMatchObject([{ destination: 'neucoin' }]);
  expect(await done(database, ['circuits', 'list'])).toMatch(/^neucoin +(open|half-open) /m);

  services.setFaults([]);
  await done(database, ['circuits', 'close', 'neucoin', '--reason', 'they say that it is up']);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  expect(services.books()).toHaveLength(40);
  worker.signal('SIGTERM');
  expect(await worker.ended).toMatchObject({ status: 0 });
});

const endedBadly = 'Rewards that ended badly';
test(follows(endedBadly, 'MilepostRewardsRefused'), { timeout }, async () => {
  await using database = await testDatabase();
  const [refused, unclear] = (await owe(database.pool, { count: 2 })) as [Owed, Owed];
  await database.pool.query(
    "update milepost.outbox set state = 'ambiguous', settled_at = now(), revision = 1, attempts = 1, last_error = 'no answer' where message_key = $1",
    [unclear.key],
  );
  const refusals: Record<string, string> = { [refused.userId]: 'USER_BLOCKED' };
  await using services = await testServices({ refusals });
  await using worker = startWorker(database, services.neucoinUrl);
  await waitFor('the refusal', () => allEnded(database.pool));

  expect(await ask(database, endedBadly, "in ('failed', 'ambiguous')")).toMatchObject([
    { message_key: refused.key, user_id: refused.userId, last_error: 'USER_BLOCKED' },
    { message_key: unclear.key, last_error: 'no answer' },
  ]);
  const byKey = (query: string) => query.replace('00000000-0000-0000-0000-000000000000', refused.key);
  expect(await ask(database, endedBadly, 'dispatch_attempt', byKey)).toMatchObject([{ attempt: 1, result: 'refused' }]);

  delete refusals[refused.userId];
  await done(database, ['rewards', 'retry', refused.key, '--reason', 'ticket 812: they are unblocked']);
  await done(database, [
    'rewards',
    'resolve',
    unclear.key,
    '--as',
    'paid',
    '--transaction',
    'T77',
    '--reason',
    'their mail',
  ]);
  await waitFor('the payment', () => allEnded(database.pool));
  expect(await ask(database, endedBadly, 'outbox_retry')).toMatchObject([
    { reason: 'ticket 812: they are unblocked', from_state: 'failed', error: 'USER_BLOCKED', key_before: refused.key },
  ]);
  expect(await ask(database, endedBadly, 'outbox_conclusion')).toMatchObject([
    { reason: 'their mail', paid: true, message_key: unclear.key },
  ]);
  expect(await ask(database, endedBadly, "in ('failed', 'ambiguous')")).toEqual([]);
  expect(services.books()).toMatchObject([{ user_id: refused.userId }]);
  worker.signal('SIGTERM');
  expect(await worker.ended).toMatchObject({ status: 0 });
});

const kafka = 'Where Kafka partitions stand';
test(follows(kafka), { timeout }, async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  const position = { topic: 'milepost.events', partition: 3 };
  await engine.process({ events: [upiPayment(1)], parked: [], position: { ...position, nextOffset: '8' } });
  expect(await ask(database, kafka, 'source_position')).toMatchObject([{ ...position, next_offset: '8' }]);
  await database.pool.query(
    "insert into milepost.source_alarm values ('milepost.events', 3, 8, 'records_gone', 'the oldest record is 40', now())",
  );
  expect(await ask(database, kafka, 'source_alarm')).toMatchObject([{ partition: 3, reason: 'records_gone' }]);

  await done(database, ['ingest', 'pause', '--topic', 'milepost.events', '--reason', 'ticket 901']);
  await done(database, ['ingest', 'resume', '--reason', 'it is over']);
  expect(await ask(database, kafka, 'ingest_pause')).toMatchObject([
    { topic: 'milepost.events', paused: false, reason: 'it is over' },
    { topic: 'milepost.events', paused: true, reason: 'ticket 901' },
  ]);
});

const locked = 'Who holds locks, and for how long';
test(follows(locked, 'MilepostBatchesRefused'), { timeout }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await using engine = testEngine(database.url);
  const holder = await database.pool.connect();
  await holder.query(
    "set application_name = 'milepost by hand'; begin; lock table milepost.progress in exclusive mode",
  );
  const taken = engine.take([upiPayment(1)]);
  const inTheWay = await waitFor('the batch that waits', async () => {
    const rows = await ask(database, locked, 'milepost_dba.session');
    return rows.find(({ blocks }) => blocks !== '0');
  });
  expect(inTheWay).toMatchObject({ application: 'milepost by hand', state: 'idle in transaction', blocked_by: [] });
  const broken = new Promise((resolve) => holder.once('error', resolve));
  await database.pool.query('select pg_terminate_backend($1)', [inTheWay.pid]);
  expect((await taken).results).toMatchObject([{ outcome: 'applied' }]);
  holder.release((await broken) as Error);
});

const sizes = 'Sizes, and the days of the inbox';
test(follows(sizes), { timeout }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await using engine = testEngine(database.url);
  await engine.take([upiPayment(1, { occurred: '05-10' }), upiPayment(1, { occurred: '05-20' })]);
  const tables = async () => (await ask(database, sizes, 'pg_total_relation_size')).map(({ relname }) => relname);
  expect(await tables()).toEqual(expect.arrayContaining(['inbox_20260510', 'inbox_20260520']));
  expect(await done(database, ['inbox', 'partitions'])).toContain('inbox_20260510');
  await done(database, ['inbox', 'drop', '--before', '2026-05-20', '--no-archive', '--yes']);
  expect(await tables()).not.toContain('inbox_20260510');
  expect(await done(database, ['verify'])).toBe('The books agree.\n');
});

test(follows('MilepostProjectionStale'), { timeout }, async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await using stale = startWorker(database, services.neucoinUrl, { REDIS_URL: 'redis://127.0.0.1:1' });
  const ready = await fetch(`${await started(stale)}/health/ready`);
  expect(await ready.json()).toMatchObject({ degraded: true, checks: { redis: 'down' } });
  stale.signal('SIGTERM');
  expect(await stale.ended).toMatchObject({ status: 0 });
});

test(follows('After a restore from backup'), { timeout }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1, 2] }))] });
  const services = await startRewardServices();
  onTestFinished(() => services.stop());
  const prefix = `runbook-${database.url.split('/').at(-1)}:`;
  const redisUrl = `${inject('redis')}?keyPrefix=${encodeURIComponent(prefix)}`;
  const redis = connectRedis(redisUrl, { log: silent, timeoutMs: 5_000 });
  onTestFinished(() => redis.disconnect());
  const env = { REDIS_URL: redisUrl };
  const lines = [upiPayment(1, { id: 'e1' }), upiPayment(1, { id: 'e2' })].map(({ event, receivedAt }) =>
    JSON.stringify({
      ...event,
      occurred_at: formatInstant(event.occurred_at),
      received_at: formatInstant(receivedAt as number),
    }),
  );
  const ingest = async (line: string) => {
    const { status, stderr } = await milepost(['ingest', '-'], {
      env: { DATABASE_URL: database.url, ...env },
      input: `${line}\n`,
      program: 'main',
    });
    expect(status, stderr).toBe(0);
  };
  async function paid(count: number): Promise<void> {
    await using worker = startWorker(database, services.neucoinUrl, env);
    await waitFor('all rewards', async () => (await allEnded(database.pool)) && services.books().length === count);
    worker.signal('SIGTERM');
    expect(await worker.ended).toMatchObject({ status: 0 });
  }

  await ingest(lines[0] as string);
  await paid(1);
  await using backup = await backUp(database);
  // What the backup does not know of: an event, its reward, and what players were shown.
  await ingest(lines[1] as string);
  await paid(2);
  const lost = await readBooks(database.pool);

  // 1 and 2: nothing runs, and the old database comes back.
  await done(database, ['ingest', 'pause', '--reason', 'restoring']);
  await backup.restore();
  // 3: Redis holds what is newer. 2: producers send again what came over HTTP or from files.
  const keys = await keysOf(redis, prefix);
  expect(keys.length).toBeGreaterThan(0);
  await redis.del(...keys);
  for (const line of lines) await ingest(line);
  // 4: no pause was restored. 5: the reward goes out again under its own key, and is paid once.
  expect(await done(database, ['ingest', 'paused'])).not.toContain('restoring');
  await paid(2);
  expect((await outboxRows(database.pool)).map(({ state }) => state)).toEqual(['done', 'done']);
  expect(await readBooks(database.pool)).toEqual(lost);
  // 6
  expect(await done(database, ['verify'], env)).toBe('The books agree, and the projection with them.\n');
  await redis.del(...(await keysOf(redis, prefix)));
});

/** Keys without the prefix, which commands put before them. */
async function keysOf(redis: RedisClient, prefix: string): Promise<string[]> {
  return (await redis.keys(`${prefix}*`)).map((key) => key.slice(prefix.length));
}

/** A copy of every table as it is now, and its way back: what a dump would do, for rows. */
async function backUp({ pool }: TestDatabase): Promise<{ restore(): Promise<void> } & AsyncDisposable> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', relnamespace::regnamespace, relname) as name from pg_class c
      where relnamespace = 'milepost'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
  );
  const tables = rows.map(({ name }, index) => ({ name, copy: `backup.t${index}` }));
  await pool.query('create schema backup');
  for (const { name, copy } of tables) await pool.query(`create table ${copy} as table ${name}`);
  return {
    async restore() {
      const client = await pool.connect();
      await client.query('begin');
      await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}, graphile_worker._private_jobs`);
      for (const { name, copy } of tables) {
        await client.query(`insert into ${name} overriding system value table ${copy}`);
      }
      await client.query('commit');
      client.release();
    },
    async [Symbol.asyncDispose]() {
      await pool.query('drop schema backup cascade');
    },
  };
}

test.each(checkNames)('the check %s is on the page', (check) => {
  expect(text).toContain(`\`${check}\``);
});

test('every entry is followed, here or elsewhere, and every query was asked', () => {
  const followed = [...here, ...Object.keys(elsewhere), 'Alerts'];
  expect([...entries.keys()].filter((heading) => !followed.includes(heading))).toEqual([]);
  expect(followed.filter((heading) => !entries.has(heading))).toEqual([]);
  expect([...entries.keys()].flatMap(queriesOf).filter((query) => !asked.has(query))).toEqual([]);
  for (const [file, title] of Object.values(elsewhere)) {
    expect(existsSync(join(root, file)), file).toBe(true);
    expect(readFileSync(join(root, file), 'utf8'), file).toContain(title);
  }
});
