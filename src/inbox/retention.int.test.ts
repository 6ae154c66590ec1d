// Days of the inbox go, and everything that was counted stays: archives that can be taken in again, batches that are not stopped, runs that are broken off.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { verify } from '../engine/verify.ts';
import type { IncomingEvent } from '../event/event.ts';
import { messagesFromFile } from '../event/from-file.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { pastMidnight } from '../testing/midnight.ts';
import { waitFor } from '../testing/wait.ts';
import { formatInstant, utcDay } from '../time.ts';
import { findEvents } from './find.ts';
import { applyRetention, archiveDay, readPartitions } from './retention.ts';

beforeEach(pastMidnight);

const dayMs = 24 * 3_600_000;
const run = { log: silent, timing: { lockMs: 100, pauseMs: 10 } };

const daysAgo = (days: number): number => Date.now() - days * dayMs;
const partitionOf = (days: number): string => `inbox_${utcDay(daysAgo(days)).replaceAll('-', '')}`;

/** A payment that happened and was received some days ago. */
const payment = (days: number, id: string, user = 'U1'): IncomingEvent =>
  upiPayment(1_234.5, { id, user, occurred: daysAgo(days), received: daysAgo(days) });

const game = makeGame({
  game_window: { start: formatInstant(daysAgo(400)), end: formatInstant(daysAgo(-100)) },
  milestone_steps: [2, 5],
  triggers: [paymentTrigger()],
});

async function withGame(): Promise<TestDatabase> {
  const database = await testDatabase();
  await install(database.pool, { games: [gameHistory(game)] });
  return database;
}

function keeper(url: string): Db & AsyncDisposable {
  const db = connect(url, { role: 'milepost_retention', size: 2, log: silent });
  return { ...db, [Symbol.asyncDispose]: () => db.close() };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'milepost-archive-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** Progress and claims, as they can be compared between databases. */
async function books(database: TestDatabase) {
  const { rows } = await database.pool.query(
    `select p.user_id, value, (select array_agg(step order by step) from milepost.claim c where c.bucket = p.bucket and c.player_id = p.player_id) as steps
       from milepost.progress join milepost.player p using (bucket, player_id) order by 1`,
  );
  return rows;
}

test('days older than the policy are archived and dropped; what was counted, and what is known, stays', async () => {
  await using database = await withGame();
  await using engine = testEngine(database.url);
  await using db = keeper(database.url);
  const old = [payment(40, 'e1'), payment(40, 'e2'), payment(40, 'e3', 'U2'), payment(31, 'e4')];
  await engine.take([...old, payment(30, 'e5'), payment(0, 'e6')]);
  const before = await books(database);
  const archive = await folder();

  const retired = await applyRetention(db, { inboxDays: 30, archiveFolder: archive }, run);

  expect(retired?.map(({ partition, archive }) => [partition, archive?.events])).toEqual([
    [partitionOf(40), 3],
    [partitionOf(31), 1],
  ]);
  expect((await readPartitions(db)).map(({ partition }) => partition)).toEqual(
    expect.arrayContaining([partitionOf(30), partitionOf(0)]),
  );
  expect((await readPartitions(db)).map(({ partition }) => partition)).not.toContain(partitionOf(40));
  expect(await books(database)).toEqual(before);
  const reading = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
  expect(await verify(reading)).toEqual([]);
  expect(await findEvents(reading, 'e1')).toMatchObject([
    { outcome: 'applied', payload: null, credits: [{ amount: 1 }] },
  ]);
  await reading.close();
  // The same events again, whenever they come: repeats.
  const { results } = await engine.take(old);
  expect(results).toMatchObject(old.map(() => ({ outcome: 'applied', replayed: true })));
  // A day that is gone can begin anew, and progress goes on.
  await engine.take([payment(40, 'e7')]);
  expect(await books(database)).toMatchObject([{ value: '6', steps: ['2', '5'] }, { value: '1' }]);
});

/** Events of lines as `milepost ingest` reads them. */
async function eventsOf(lines: Uint8Array): Promise<IncomingEvent[]> {
  const events: IncomingEvent[] = [];
  const normaliser = createNormaliser([canonicalSource]);
  for await (const message of messagesFromFile(Readable.from([lines]), 'events.ndjson')) {
    const result = normaliser.normalise('canonical', message);
    expect(result).toMatchObject({ kind: 'event' });
    if (result.kind === 'event') events.push(result.event);
  }
  return events;
}

test('an archive is whole, says what its checksum is, and can be taken in again', async () => {
  await using database = await withGame();
  await using engine = testEngine(database.url);
  await using db = keeper(database.url);
  const lines = Array.from({ length: 25 }, (_, index) => ({
    ...payment(40, `e${index}`, `U"${index % 3}`).event,
    occurred_at: formatInstant(daysAgo(40)),
    received_at: formatInstant(daysAgo(40)),
  }));
  // Read by a source whose messages have versions of their own.
  const read = (await eventsOf(Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n')))).map((incoming) => {
    return { ...incoming, source: 'upi_switch', event: { ...incoming.event, event_version: '2.1' } };
  });
  await engine.take(read);
  const path = await folder();

  const retired = await applyRetention(db, { inboxDays: 30, archiveFolder: path }, run);

  const name = `${partitionOf(40)}.ndjson.gz`;
  expect(await readdir(path)).toEqual([name, `${name}.sha256`]);
  const bytes = await readFile(join(path, name));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(retired).toMatchObject([{ archive: { file: join(path, name), events: 25, bytes: bytes.length, sha256 } }]);
  expect(await readFile(join(path, `${name}.sha256`), 'utf8')).toBe(`${sha256}  ${name}\n`);

  // Here its events are repeats; in an empty database they make the same books.
  const events = await eventsOf(gunzipSync(bytes));
  expect((await engine.take(events)).results).toMatchObject(lines.map(() => ({ outcome: 'applied', replayed: true })));
  await using other = await withGame();
  await using otherEngine = testEngine(other.url);
  await otherEngine.take(events);
  expect(await books(other)).toEqual(await books(database));
});

test('ingestion goes on while a long transaction keeps a day from being detached, and the next run finishes it', async () => {
  await using database = await withGame();
  await using engine = testEngine(database.url);
  await using db = keeper(database.url);
  await engine.take([payment(40, 'e1'), payment(1, 'e2')]);
  const holder = await database.pool.connect();
  await holder.query('begin; select from milepost.inbox');

  expect(await applyRetention(db, { inboxDays: 30 }, run)).toEqual([]);
  const state = async () => {
    const found = (await readPartitions(db)).find(({ partition }) => partition === partitionOf(40));
    return found && [found.state, found.may_be_dropped, found.reason];
  };
  expect(await state()).toEqual(['detaching', true, 'being retired']);
  // A batch, and a new day, get through at once.
  await engine.take([payment(1, 'e3'), payment(2, 'e4')]);
  // An event of that very day waits for it to be detached, and is then taken.
  const late = engine.take([payment(40, 'e5')]);
  await waitFor('the late event to find the day half detached', async () => {
    const { rowCount } = await database.pool.query(
      'select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())',
    );
    return rowCount !== 0;
  });
  await holder.query('commit');
  holder.release();
  expect((await late).results).toMatchObject([{ outcome: 'applied' }]);

  const retired = await applyRetention(db, { inboxDays: 30 }, run);
  expect(retired?.map(({ partition }) => partition)).toEqual([partitionOf(40), `${partitionOf(40)}_2`]);
  expect(await books(database)).toMatchObject([{ value: '5' }]);
});

test('a day whose archive cannot be written is not dropped; others are, and the next run finishes it', async () => {
  await using database = await withGame();
  await using engine = testEngine(database.url);
  await using db = keeper(database.url);
  await engine.take([payment(40, 'e1')]);
  const path = join(await folder(), 'archive');
  await writeFile(path, 'a file where a folder should be');

  const policy = { inboxDays: 30, archiveFolder: path };
  await expect(applyRetention(db, policy, run)).rejects.toThrow(partitionOf(40));
  await engine.take([payment(35, 'e2')]);
  await expect(applyRetention(db, { inboxDays: 30 }, run)).rejects.toThrow(partitionOf(40));
  const names = (await readPartitions(db)).map(({ partition, state }) => `${partition} ${state}`);
  expect(names).toContain(`${partitionOf(40)} detached`);
  expect(names.join()).not.toContain(partitionOf(35));

  await rm(path);
  expect(await applyRetention(db, policy, run)).toMatchObject([{ partition: partitionOf(40), archive: { events: 1 } }]);
  const { rows } = await database.pool.query('select * from milepost_dba.retired_partition order by day');
  expect(rows).toMatchObject([
    { partition: partitionOf(40), archive_events: '1', archive_file: join(path, `${partitionOf(40)}.ndjson.gz`) },
    { partition: partitionOf(35), archive_file: null },
  ]);
  expect(rows.every(({ dropped_at }) => dropped_at !== null)).toBe(true);
});

test('a day that somebody has detached by hand is left alone, and so is a day while another run is at it', async () => {
  await using database = await withGame();
  await using engine = testEngine(database.url);
  await using db = keeper(database.url);
  await engine.take([payment(40, 'e1'), payment(41, 'e2')]);
  await database.pool.query(`alter table milepost.inbox detach partition milepost.${partitionOf(40)}`);
  const other = await database.pool.connect();
  await other.query('select pg_advisory_lock(77003)');
  expect(await applyRetention(db, { inboxDays: 30 }, run)).toBeUndefined();
  await other.query('select pg_advisory_unlock(77003)');
  other.release();

  expect(await applyRetention(db, { inboxDays: 30 }, run)).toMatchObject([{ partition: partitionOf(41) }]);
  expect((await readPartitions(db)).find(({ partition }) => partition === partitionOf(40))).toMatchObject({
    state: 'detached',
    may_be_dropped: false,
    reason: 'detached by somebody else: left alone',
  });
});

test('a day is archived without being dropped', async () => {
  await using database = await withGame();
  await using engine = testEngine(database.url);
  await using db = keeper(database.url);
  await engine.take([payment(3, 'e1')]);
  const path = await folder();
  expect(await archiveDay(db, utcDay(daysAgo(3)), path)).toMatchObject([{ events: 1 }]);
  expect(await archiveDay(db, utcDay(daysAgo(4)), path)).toEqual([]);
  expect((await readPartitions(db)).map(({ partition }) => partition)).toContain(partitionOf(3));
});

test('DBAs are told what may be dropped and why', async () => {
  await using database = await withGame();
  await using engine = testEngine(database.url);
  await using db = keeper(database.url);
  await engine.take([payment(40, 'e1'), payment(30, 'e2'), payment(0, 'e3')]);
  const dba = connect(database.url, { role: 'milepost_dba', size: 1, log: silent });
  const reasons = async () => {
    const { rows } = await dba.pool.query(
      'select days_old, may_be_dropped, reason from milepost_dba.inbox_partition where days_old >= 0 order by day desc',
    );
    return rows.map((row) => [row.days_old, row.may_be_dropped, row.reason]);
  };
  expect(await reasons()).toEqual([
    [0, false, 'not over yet'],
    [30, false, 'no retention is applied: kept'],
    [40, false, 'no retention is applied: kept'],
  ]);
  await applyRetention(db, { inboxDays: 40 }, run);
  expect((await reasons())[2]).toEqual([40, false, 'within 40 days']);
  await database.pool.query("update milepost.retention_policy set inbox_days = 30, archive_folder = '/archive'");
  expect(await reasons()).toEqual([
    [0, false, 'not over yet'],
    [30, false, 'within 30 days'],
    [40, true, 'older than 30 days: archived, then dropped'],
  ]);
  await dba.close();
});

test('the record of what people ask for is kept for as long as is said, and else for ever', async () => {
  await using database = await testDatabase();
  await using db = keeper(database.url);
  await database.pool.query(
    `insert into milepost.audit (at, actor, scope, action, subject, details)
     select now() - n * interval '1 day', 'asha', 'support', 'openCircuit', n::text, '{}'::jsonb from unnest(array[0, 399, 401, 2000]) as n
     union all
     select now() - interval '500 days', 'asha', 'support', 'openCircuit', 'many', '{}' from generate_series(1, 1500)`,
  );
  const kept = async () => {
    const { rows } = await database.pool.query('select distinct subject from milepost.audit order by 1');
    return rows.map(({ subject }) => subject);
  };
  await applyRetention(db, { inboxDays: 40 }, run);
  expect(await kept()).toHaveLength(5);
  await applyRetention(db, { auditDays: 400 }, run);
  expect(await kept()).toEqual(['0', '399']);
  const { rows } = await database.pool.query('select inbox_days, audit_days from milepost.retention_policy');
  expect(rows).toEqual([{ inbox_days: null, audit_days: 400 }]);
  await expect(applyRetention(db, { auditDays: 30 }, run)).rejects.toThrow('retention_policy_audit_check');
  expect(await kept()).toEqual(['0', '399']);
});
