// `npm run bench -- soak`: weeks of a weekly game, compressed: the engine takes the events in, a worker pays the rewards, and after each day the
// retention retires the days that are too old, while autovacuum does what it must. Owns the calendar and what is measured of each week: all of them
// bring the same work, so the last must be as fast as the first, and what is not kept must not grow.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { table } from '../src/cli/output.ts';
import { connect, type Db } from '../src/db/connect.ts';
import { createEngine, type Engine } from '../src/engine/process.ts';
import { verify } from '../src/engine/verify.ts';
import { createNormaliser, type Normaliser } from '../src/event/normalise.ts';
import { applyRetention } from '../src/inbox/retention.ts';
import { waitFor } from '../src/testing/wait.ts';
import { formatInstant, type Instant } from '../src/time.ts';
import { ceilingWay } from './ceiling.ts';
import { measure } from './measure.ts';
import { activate, type BenchServer, log, seedText, shippedSources, startBenchServer } from './server.ts';
import { type StandIn, startStandIn } from './stand-in.ts';
import { batches, normalised } from './way.ts';
import { type Delivery, deliveries, type Lane, lanesOf, workload } from './workload.ts';

export interface SoakOptions {
  events: number;
  players: number;
  weeks: number;
  /** `server`: tables as PostgreSQL would treat them, without the settings of the migrations. */
  autovacuum: 'migrations' | 'server';
  json: boolean;
}

const DAY_MS = 24 * 3_600_000;
/** Days of the inbox that are kept. */
const KEPT_DAYS = 14;
const LANES = 2;
/** What is made beforehand, so that making events is not measured. */
const SLICE = 20_000;
const CEILING_EVENTS = 60_000;
const DRAIN_WITHIN_MS = 600_000;
const TARGET = 0.9;

/** One table, or all partitions of one. */
interface Size {
  megabytes: number;
  live: number;
  dead: number;
  /** Updates so far, and those of them that left the indexes alone. */
  updates: number;
  hotUpdates: number;
  /** Rows that came since a vacuum looked at the table last: what the next one has to freeze. */
  unvacuumed: number;
}

interface Week {
  eventsPerSecond: number;
  /** What the ceiling of ingestion reached in the same minutes, mean of before and after. */
  ceilingPerSecond: number;
  /** Processor time per 1,000 events, in ms: of the engine, and of PostgreSQL for all that it does in the week. */
  nodeMs: number;
  postgresMs: number;
  /** Of the write-ahead log. */
  walMb: number;
  vacuums: number;
  /** Days of the inbox that are there when the week and its retention are over. */
  inboxDays: number;
  sizes: Record<string, Size>;
  /** The most that the process of the engine, and that of the worker, took. */
  engineMb: number;
  workerMb: number;
}

export async function benchSoak(options: SoakOptions): Promise<void> {
  const to = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const from = to - options.weeks * 7 * DAY_MS;
  // Time is compressed, and so are autovacuum's pauses between two looks.
  await using server = await startBenchServer(options.players, { autovacuum_naptime: '1s' });
  const normaliser = createNormaliser(await shippedSources());
  const ceilingLoad = [...deliveries(Math.min(CEILING_EVENTS, options.events))];
  const ceiling = async () => (await measure(server, ceilingWay(normaliser), ceilingLoad, LANES)).eventsPerSecond;
  report(options, server, await soak(server, normaliser, options, { from, ceiling }));
}

interface Course {
  from: Instant;
  /** Takes the same small load in by the fastest way there is: what else the machine does in these minutes shows in it. */
  ceiling(): Promise<number>;
}

async function soak(
  server: BenchServer,
  normaliser: Normaliser,
  options: SoakOptions,
  { from, ceiling }: Course,
): Promise<Week[]> {
  const url = await server.freshDatabase('soak');
  const days = options.weeks * 7;
  await activate(url, await weeklyGame(from, days));
  await using standIn = await startStandIn();
  await using clients = new AsyncDisposableStack();
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  clients.defer(() => owner.end());
  if (options.autovacuum === 'server') await resetSettings(owner);
  await using worker = await startWorker(url, standIn);
  const db = clients.adopt(connect(url, { role: 'milepost_ingest', size: LANES + 1, log }), (each) => each.close());
  const keeper = clients.adopt(connect(url, { role: 'milepost_retention', size: 1, log }), (each) => each.close());
  const engine = createEngine(db, log);
  const ingest = createIngest(engine, normaliser);

  const shape = { players: options.players, from: from + 1_000, everyMs: (days * DAY_MS - 2_000) / options.events };
  const load = deliveries(options.events, shape);
  const sent = { events: 0, credits: 0, worth: 0 };
  const first: Delivery[] = [];
  let pending = load.next();
  let retention: Promise<unknown> = Promise.resolve();

  /** The next messages that come before `end`. */
  function slice(end: Instant): Delivery[] {
    const messages: Delivery[] = [];
    for (; !pending.done && pending.value.timestamp < end && messages.length < SLICE; pending = load.next()) {
      messages.push(pending.value);
    }
    return messages;
  }

  const weeks: Week[] = [];
  let ceilingBefore = await ceiling();
  for (let week = 0; week < options.weeks; week++) {
    const before = await standing(server, owner);
    let seconds = 0;
    let count = 0;
    let engineMb = 0;
    let workerMb = 0;
    for (let day = week * 7; day < (week + 1) * 7; day++) {
      const end = from + (day + 1) * DAY_MS;
      for (let messages = slice(end); messages.length > 0; messages = slice(end)) {
        const began = performance.now();
        await ingest(messages);
        seconds += (performance.now() - began) / 1_000;
        count += messages.length;
        if (first.length < 1_000) first.push(...messages.slice(0, 1_000));
        tally(sent, messages);
        engineMb = Math.max(engineMb, process.memoryUsage.rss() / 2 ** 20);
        workerMb = Math.max(workerMb, await worker.megabytes());
      }
      await drained(owner);
      // It runs beside the next day's events.
      await retention;
      retention = applyRetention(keeper, { inboxDays: Math.floor((Date.now() - end) / DAY_MS) + KEPT_DAYS }, { log });
      if (process.stderr.isTTY) process.stderr.write(`day ${day + 1} of ${days}\r`);
    }
    await retention;
    const after = await standing(server, owner);
    const ceilingAfter = await ceiling();
    weeks.push({
      eventsPerSecond: count / seconds,
      ceilingPerSecond: (ceilingBefore + ceilingAfter) / 2,
      nodeMs: (after.nodeMs - before.nodeMs) / (count / 1_000),
      postgresMs: (after.postgresMs - before.postgresMs) / (count / 1_000),
      walMb: (after.walBytes - before.walBytes) / 2 ** 20,
      vacuums: after.vacuums - before.vacuums,
      inboxDays: await inboxDays(owner, from),
      sizes: after.sizes,
      engineMb,
      workerMb,
    });
    ceilingBefore = ceilingAfter;
    process.stderr.write(
      `week ${week + 1} of ${options.weeks}: ${Math.round(count / seconds).toLocaleString('en')} events/s, ceiling ${Math.round(ceilingAfter).toLocaleString('en')}\n`,
    );
  }
  await engine.idle();
  await check(owner, url, standIn, sent, { engine, normaliser, first });
  return weeks;
}

/** The seed game, cut into weeks. */
async function weeklyGame(from: Instant, days: number): Promise<string> {
  const game = JSON.parse(await seedText());
  const game_window = {
    start: formatInstant(from),
    end: formatInstant(from + (days + 7) * DAY_MS),
    type: 'weekly',
    recurrence: 'P7D',
  };
  return JSON.stringify({ ...game, game_id: 'soak_weekly', game_window });
}

/** Takes messages in over lanes, whose offsets go on from call to call. */
function createIngest(engine: Engine, normaliser: Normaliser): (messages: readonly Delivery[]) => Promise<void> {
  const next = Array.from({ length: LANES }, () => 0);
  return async (messages) => {
    await Promise.all(lanesOf(messages, LANES).map(takeLane));
  };
  async function takeLane(lane: Lane): Promise<void> {
    const { partition } = lane;
    for (const { batch } of batches(lane)) {
      const offset = next[partition] as number;
      next[partition] = offset + batch.length;
      const events = batch.map((delivery, index) => normalised(normaliser, lane, delivery, offset + index));
      await engine.process({
        events,
        parked: [],
        position: { topic: workload.topic, partition, nextOffset: String(next[partition]) },
      });
    }
  }
}

interface Sent {
  /** Without repeats. */
  events: number;
  credits: number;
  worth: number;
}

function tally(sent: Sent, messages: readonly Delivery[]): void {
  for (const { repeat, worth } of messages) {
    if (repeat) continue;
    sent.events++;
    if (worth === undefined) continue;
    sent.credits++;
    sent.worth += worth.amount;
  }
}

/** Waits until every message has been delivered: a day's rewards are paid on that day. */
async function drained(owner: pg.Client): Promise<void> {
  const nothingIsDue = async () => {
    const { rowCount } = await owner.query(
      "select from milepost.outbox where state in ('pending', 'leased') and destination in ('neucoin', 'projection') limit 1",
    );
    return rowCount === 0;
  };
  await waitFor('the rewards of a day', nothingIsDue, { deadlineMs: DRAIN_WITHIN_MS });
}

interface WorkerProcess extends AsyncDisposable {
  /** Of memory that it takes now; NaN where there is no /proc. */
  megabytes(): Promise<number>;
}

/** `milepost start --role worker`, with the heap that the launcher gives it. */
async function startWorker(databaseUrl: string, standIn: StandIn): Promise<WorkerProcess> {
  const heap = ['--max-old-space-size=1536', '--max-semi-space-size=8'];
  const child: ChildProcess = spawn(process.execPath, [...heap, 'src/cli/main.ts', 'start', '--role', 'worker'], {
    cwd: join(import.meta.dirname, '..'),
    env: {
      DATABASE_URL: databaseUrl,
      NEUCOIN_URL: standIn.url,
      VOUCHER_URL: standIn.url,
      METRICS_PORT: '0',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'spawn');
  return {
    async megabytes() {
      assert(child.exitCode === null, `the worker ended with ${child.exitCode}`);
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1_024;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Every setting of a table that autovacuum and updates go by, as if no migration had set one. */
async function resetSettings(owner: pg.Client): Promise<void> {
  const { rows } = await owner.query<{ statement: string }>(
    `select format('alter table %s reset (%s)', c.oid::regclass,
                   (select string_agg(split_part(option, '=', 1), ', ') from unnest(c.reloptions) as option)) as statement
       from pg_class c
      where c.relkind = 'r' and c.reloptions is not null and c.relnamespace = any ('{milepost,graphile_worker}'::regnamespace[])`,
  );
  for (const { statement } of rows) await owner.query(statement);
}

interface Standing {
  nodeMs: number;
  postgresMs: number;
  walBytes: number;
  vacuums: number;
  sizes: Record<string, Size>;
}

async function standing(server: BenchServer, owner: pg.Client): Promise<Standing> {
  const { rows } = await owner.query<Omit<Size, 'megabytes'> & { name: string; bytes: number; vacuums: number }>(
    `select coalesce(p.relname, c.relname) as name, sum(pg_total_relation_size(c.oid))::double precision as bytes,
            sum(s.n_live_tup)::double precision as live, sum(s.n_dead_tup)::double precision as dead,
            sum(s.n_tup_upd)::double precision as updates, sum(s.n_tup_hot_upd)::double precision as "hotUpdates",
            sum(s.n_ins_since_vacuum)::double precision as unvacuumed,
            sum(s.autovacuum_count)::double precision as vacuums
       from pg_class c
       join pg_stat_all_tables s on s.relid = c.oid
       left join pg_inherits i on i.inhrelid = c.oid
       left join pg_class p on p.oid = i.inhparent
      where c.relkind = 'r' and c.relnamespace = any ('{milepost,graphile_worker}'::regnamespace[])
      group by 1`,
  );
  const { rows: wal } = await owner.query(
    "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::double precision as bytes",
  );
  const { user, system } = process.cpuUsage();
  return {
    nodeMs: (user + system) / 1_000,
    postgresMs: (await server.cpuMs()) ?? Number.NaN,
    walBytes: wal[0].bytes,
    vacuums: rows.reduce((sum, row) => sum + row.vacuums, 0),
    sizes: Object.fromEntries(
      rows.map(({ name, bytes, vacuums: _, ...counts }) => [name, { megabytes: bytes / 2 ** 20, ...counts }]),
    ),
  };
}

async function inboxDays(owner: pg.Client, from: Instant): Promise<number> {
  const { rows } = await owner.query<{ days: number }>(
    'select count(*)::integer as days from milepost_dba.inbox_partition where day >= $1::date and day < current_date',
    [formatInstant(from)],
  );
  return rows[0]?.days ?? 0;
}

/** A figure counts only when the work was done, once. */
async function check(
  owner: pg.Client,
  url: string,
  standIn: StandIn,
  sent: Sent,
  again: { engine: Engine; normaliser: Normaliser; first: readonly Delivery[] },
): Promise<void> {
  const counted = async (text: string): Promise<number> => Number((await owner.query(text)).rows[0].count);
  assert.equal(await counted('select count(*) from milepost.event_key'), sent.events, 'event keys');
  assert.equal(await counted('select count(*) from milepost.credit'), sent.credits, 'credits');
  assert.equal(await counted('select sum(value) as count from milepost.progress'), sent.worth, 'progress');
  const claims = await counted('select count(*) from milepost.claim');
  assert.equal(
    await counted("select count(*) from milepost.outbox where destination = 'neucoin' and state = 'done'"),
    claims,
    'rewards, one per claim',
  );
  assert.equal(await standIn.paid(), claims, 'payments');
  // Their days are gone, their identities are not.
  for (const lane of lanesOf(again.first, LANES)) {
    for (const { offset, batch } of batches(lane)) {
      const events = batch.map((each, index) => normalised(again.normaliser, lane, each, offset + index));
      const { results } = await again.engine.process({ events, parked: [] });
      assert(
        results.every(({ replayed }) => replayed),
        'events whose day was dropped are known',
      );
    }
  }
  const db: Db = connect(url, { role: 'milepost_support', size: 1, log });
  const differences = await verify(db);
  await db.close();
  assert.deepEqual(differences, [], 'the books agree');
}

function report(options: SoakOptions, server: BenchServer, weeks: readonly Week[]): void {
  const first = weeks[0] as Week;
  /** By then as many days of the inbox are there as are kept. */
  const settled = (weeks[2] ?? weeks.at(-1)) as Week;
  const last = weeks.at(-1) as Week;
  const ofCeiling = ({ eventsPerSecond, ceilingPerSecond }: Week) => eventsPerSecond / ceilingPerSecond;
  const cpuOf = ({ nodeMs, postgresMs }: Week) => nodeMs + postgresMs;
  const growing = Object.entries(last.sizes).filter(([, { live }]) => live >= options.events / 100);
  const perRow = (size: Size | undefined) => size && (size.megabytes * 2 ** 20) / size.live;
  const document = {
    events: options.events,
    players: options.players,
    weeks: options.weeks,
    autovacuum: options.autovacuum,
    ratio_last_to_first: rounded(last.eventsPerSecond / first.eventsPerSecond, 3),
    ratio_target: TARGET,
    // As the machine was in either week: a machine that is slower at the end is slower for the ceiling, too.
    ratio_last_to_first_by_ceiling: rounded(ofCeiling(last) / ofCeiling(first), 3),
    // Processor time hardly depends on what else the machine does. Null where it cannot be told.
    ratio_last_to_first_by_cpu: rounded(cpuOf(first) / cpuOf(last), 3),
    events_per_s: weeks.map(({ eventsPerSecond }) => Math.round(eventsPerSecond)),
    ceiling_events_per_s: weeks.map(({ ceilingPerSecond }) => Math.round(ceilingPerSecond)),
    cpu_ms_per_1000_events: {
      node: weeks.map(({ nodeMs }) => rounded(nodeMs, 1)),
      postgres: weeks.map(({ postgresMs }) => rounded(postgresMs, 1)),
    },
    inbox_days: weeks.map((week) => week.inboxDays),
    inbox_mb: weeks.map(({ sizes }) => rounded(sizes.inbox?.megabytes, 1)),
    inbox_growth: rounded(megabytesOf(last, 'inbox') / megabytesOf(settled, 'inbox'), 2),
    jobs_mb: weeks.map((week) => rounded(megabytesOf(week, '_private_jobs'), 1)),
    all_mb: weeks.map(({ sizes }) =>
      rounded(
        Object.values(sizes).reduce((sum, { megabytes }) => sum + megabytes, 0),
        0,
      ),
    ),
    wal_mb: weeks.map(({ walMb }) => rounded(walMb, 0)),
    vacuums: weeks.map(({ vacuums }) => vacuums),
    dead_rows: Object.fromEntries(
      [...growing.map(([name]) => name), '_private_jobs'].map((name) => [
        name,
        weeks.map(({ sizes }) => sizes[name]?.dead ?? 0),
      ]),
    ),
    // Ledgers grow with what is in them: what must not grow is what a row takes, indexes and all.
    bytes_per_row: Object.fromEntries(
      growing.map(([name]) => [name, weeks.map(({ sizes }) => rounded(perRow(sizes[name]), 0))]),
    ),
    unvacuumed_rows: Object.fromEntries(
      growing.map(([name]) => [name, Math.max(...weeks.map(({ sizes }) => sizes[name]?.unvacuumed ?? 0))]),
    ),
    hot_updates: Object.fromEntries(
      growing.flatMap(([name, { updates, hotUpdates }]) =>
        updates === 0 ? [] : [[name, rounded(hotUpdates / updates, 3)]],
      ),
    ),
    memory_mb: {
      engine: weeks.map(({ engineMb }) => Math.round(engineMb)),
      worker: weeks.map(({ workerMb }) => rounded(workerMb, 0)),
    },
    memory_growth: {
      engine: rounded(last.engineMb / settled.engineMb, 2),
      worker: rounded(last.workerMb / settled.workerMb, 2),
    },
    kept_days: KEPT_DAYS,
    postgres: server.settings,
    node: process.version,
    cpus: cpus().length,
  };
  const rows = weeks.map((week, index) => [
    index + 1,
    Math.round(week.eventsPerSecond),
    Math.round(week.ceilingPerSecond),
    rounded(week.nodeMs, 1) ?? '?',
    rounded(week.postgresMs, 1) ?? '?',
    document.inbox_mb[index] ?? '?',
    document.all_mb[index] ?? '?',
    Object.values(week.sizes).reduce((sum, { dead }) => sum + dead, 0),
    week.vacuums,
    Math.round(week.engineMb),
    rounded(week.workerMb, 0) ?? '?',
  ]);
  const headings = [
    'WEEK',
    'EVENTS/S',
    'CEILING',
    'NODE ms',
    'POSTGRESQL ms',
    'INBOX MB',
    'ALL MB',
    'DEAD ROWS',
    'VACUUMS',
  ];
  const lines = [
    table([...headings, 'ENGINE MB', 'WORKER MB'], rows),
    '',
    `${options.events.toLocaleString('en')} events of ${options.players.toLocaleString('en')} players; ms are processor time per 1,000 events.`,
    `The last week over the first: ${document.ratio_last_to_first} (to reach: ${TARGET}), ${document.ratio_last_to_first_by_ceiling} by what the ceiling of ingestion reached beside each, ${document.ratio_last_to_first_by_cpu ?? '?'} by processor time`,
    ...(options.json ? [JSON.stringify(document)] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function megabytesOf({ sizes }: Week, name: string): number {
  return sizes[name]?.megabytes ?? Number.NaN;
}

function rounded(value: number | undefined, decimals: number): number | null {
  return value === undefined || Number.isNaN(value) ? null : Number(value.toFixed(decimals));
}
