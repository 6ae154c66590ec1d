// `npm run bench -- dispatch`: how fast rewards are paid through HTTP, beside the same calls by the same client without a database, and beside empty
// jobs of graphile-worker, in one run on one server. Owns the order of the measurements and the check that each reward was paid once.
import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { table } from '../src/cli/output.ts';
import { asRole } from '../src/db/connect.ts';
import type { RewardMessage } from '../src/event/message.ts';
import { digestOf } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import { createNeucoin } from '../src/rewards/neucoin.ts';
import { owe } from '../src/testing/dispatch.ts';
import { createWorker } from '../workers/worker.ts';
import { type BenchServer, log, startBenchServer } from './server.ts';
import { type StandIn, startStandIn } from './stand-in.ts';

export interface DispatchOptions {
  rewards: number;
  rounds: number;
  json: boolean;
}

interface Measured {
  perSecond: number;
  /** Processor time per 1,000, in ms, of this process, of PostgreSQL and of the stand-in. */
  nodeMs: number;
  postgresMs: number;
  standInMs: number;
  /** What this process held, in MB, five times a second while it worked. */
  rssMb: number[];
}

const WARM_UP = 2_000;
const ROWS_AT_ONCE = 1_000;
const QUEUE_JOBS = 24;

export async function benchDispatch(options: DispatchOptions): Promise<void> {
  await using server = await startBenchServer(1);
  const ways = { dispatch: drainAll, ceiling: callAll, graphileWorker: emptyJobs };
  for (const way of Object.values(ways)) await way(server, Math.min(WARM_UP, options.rewards));
  const results: Record<keyof typeof ways, Measured[]> = { dispatch: [], ceiling: [], graphileWorker: [] };
  for (let round = 1; round <= options.rounds; round++) {
    // Each is first in turn, since what a machine does besides comes and goes.
    const order = ['dispatch', 'ceiling'] as const;
    for (const name of round % 2 === 0 ? order : order.toReversed()) {
      results[name].push(await ways[name](server, options.rewards));
    }
    results.graphileWorker.push(await emptyJobs(server, options.rewards));
    process.stderr.write(`round ${round} of ${options.rounds} done\n`);
  }
  report(options, server, results);
}

/** The product: rewards that stand in the outbox, one worker, until all are paid and settled. */
async function drainAll(server: BenchServer, count: number): Promise<Measured> {
  await using standIn = await startStandIn();
  const databaseUrl = await server.freshDatabase();
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  for (let from = 0; from < count; from += ROWS_AT_ONCE)
    await owe(pool, { count: Math.min(ROWS_AT_ONCE, count - from) });
  await pool.query('vacuum analyze milepost.outbox');
  await pool.query('checkpoint');
  const worker = createWorker({
    databaseUrl,
    log,
    concurrency: 2,
    neucoin: { url: standIn.url },
    voucher: { url: standIn.url },
  });
  const measured = await timed(server, standIn, count, async (begin) => {
    await worker.start();
    // It has just begun to look for what is due; connecting is not what is measured.
    begin();
    await worker.idle();
  });
  await worker.stop();
  const { rows } = await pool.query(
    `select (select count(*)::integer from milepost.outbox where destination = 'neucoin' and state = 'done' and attempts = 1) as done,
            (select count(*)::integer from milepost.dispatch_attempt) as attempts, (select count(*)::integer from milepost.outbox) as rows`,
  );
  await pool.end();
  assert.deepEqual(rows[0], { done: count, attempts: count, rows: count });
  assert.equal(await standIn.paid(), count);
  return measured;
}

/** The ceiling: the same calls by the same client, as many at once, and nothing else. */
async function callAll(server: BenchServer, count: number): Promise<Measured> {
  await using standIn = await startStandIn();
  const service = createNeucoin({ url: standIn.url, timeoutMs: limits.serviceTimeoutMs });
  const { signal } = new AbortController();
  let next = 0;
  const caller = async (): Promise<void> => {
    // Made as they are sent: a million of them would be most of what this process holds.
    while (next < count) {
      const each = message(next++);
      const delivery = await service.pay(each, digestOf('bench', each.user_id), signal);
      assert.equal(delivery.kind, 'done');
    }
  };
  const measured = await timed(server, standIn, count, () =>
    Promise.all(Array.from({ length: limits.serviceConcurrency }, caller)),
  );
  await service.close();
  assert.equal(await standIn.paid(), count);
  return measured;
}

function message(index: number): RewardMessage {
  return {
    user_id: `C${index}`,
    reward_type: 'NC',
    amount: 10,
    game_id: 'game',
    window_start: '2026-05-01T00:00:00.000Z',
    step: 3,
    earning: 1,
    version: 1,
    event_received_at: new Date().toISOString(),
  };
}

/** The job queue itself: empty jobs, with its local queue and batched completion. */
async function emptyJobs(server: BenchServer, count: number): Promise<Measured> {
  const databaseUrl = await server.freshDatabase();
  const pool = new pg.Pool({ connectionString: asRole(databaseUrl, 'milepost_worker'), max: 10 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  for (let from = 0; from < count; from += ROWS_AT_ONCE) {
    const jobs = Array.from({ length: Math.min(ROWS_AT_ONCE, count - from) }, (_, index) => ({
      identifier: 'empty',
      payload: { number: from + index },
    }));
    await utils.addJobs(jobs);
  }
  await utils.release();
  const all = Promise.withResolvers<void>();
  let begun = 0;
  const measured = await timed(server, undefined, count, async () => {
    const runner = await run({
      pgPool: pool,
      logger,
      noHandleSignals: true,
      taskList: {
        empty: () => {
          begun += 1;
          if (begun === count) all.resolve();
        },
      },
      preset: {
        worker: {
          concurrentJobs: QUEUE_JOBS,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
    await all.promise;
    // What is complete is removed: part of the work.
    await runner.stop();
  });
  const { rows } = await pool.query('select count(*)::integer as left from graphile_worker._private_jobs');
  await pool.end();
  assert.equal(rows[0].left, 0);
  return measured;
}

async function timed(
  server: BenchServer,
  standIn: StandIn | undefined,
  count: number,
  work: (begin: () => void) => Promise<unknown>,
): Promise<Measured> {
  const standInBefore = (await standIn?.cpuMs()) ?? 0;
  const postgresBefore = (await server.cpuMs()) ?? Number.NaN;
  const nodeBefore = process.cpuUsage();
  const rssMb: number[] = [];
  const sample = () => rssMb.push(Math.round(process.memoryUsage.rss() / 1_048_576));
  const sampling = setInterval(sample, 200);
  let began = performance.now();
  await work(() => {
    began = performance.now();
  });
  sample();
  clearInterval(sampling);
  const seconds = (performance.now() - began) / 1_000;
  const node = process.cpuUsage(nodeBefore);
  const postgres = ((await server.cpuMs()) ?? Number.NaN) - postgresBefore;
  return {
    perSecond: count / seconds,
    nodeMs: (node.user + node.system) / count,
    postgresMs: (postgres / count) * 1_000,
    standInMs: ((((await standIn?.cpuMs()) ?? 0) - standInBefore) / count) * 1_000,
    rssMb,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

function report(
  options: DispatchOptions,
  server: BenchServer,
  results: Record<'dispatch' | 'ceiling' | 'graphileWorker', Measured[]>,
): void {
  const rates = (measured: readonly Measured[]) => measured.map(({ perSecond }) => Math.round(perSecond));
  const bestOf = (measured: readonly Measured[]) => Math.max(...measured.map(({ perSecond }) => perSecond));
  const medianOf = (measured: readonly Measured[]) => median(measured.map(({ perSecond }) => perSecond));
  const { dispatch, ceiling, graphileWorker } = results;
  // Round by round: the two of one round met the same machine, more or less.
  const ratioTo = (others: readonly Measured[]) =>
    median(dispatch.map(({ perSecond }, round) => perSecond / (others[round]?.perSecond ?? Number.NaN)));
  const cpuOf = (measured: readonly Measured[]) =>
    median(measured.map(({ nodeMs, postgresMs, standInMs }) => nodeMs + postgresMs + standInMs));
  const document = {
    rewards_per_s: Math.round(bestOf(dispatch)),
    http_ceiling_per_s: Math.round(bestOf(ceiling)),
    ratio_to_http_ceiling: rounded(ratioTo(ceiling), 3),
    graphile_worker_jobs_per_s: Math.round(bestOf(graphileWorker)),
    ratio_to_graphile_worker: rounded(ratioTo(graphileWorker), 3),
    ratio_to_http_ceiling_by_best: rounded(bestOf(dispatch) / bestOf(ceiling), 3),
    // Processor time of all three processes: it hardly depends on what else the machine does.
    ratio_to_http_ceiling_by_cpu: rounded(cpuOf(ceiling) / cpuOf(dispatch), 3),
    cpu_ms_per_1000: Object.fromEntries(
      Object.entries(results).map(([way, measured]) => [
        way,
        {
          node: rounded(median(measured.map(({ nodeMs }) => nodeMs)), 1),
          postgres: rounded(median(measured.map(({ postgresMs }) => postgresMs)), 1),
          stand_in: rounded(median(measured.map(({ standInMs }) => standInMs)), 1),
        },
      ]),
    ),
    rounds: { dispatch: rates(dispatch), ceiling: rates(ceiling), graphile_worker: rates(graphileWorker) },
    // Of the last round's rewards: flat, however many there are.
    dispatch_rss_mb: memoryOf(dispatch.at(-1)?.rssMb ?? []),
    peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1_024),
    rewards: options.rewards,
    concurrency: limits.serviceConcurrency,
    postgres: server.settings,
    node: process.version,
    cpus: cpus().length,
  };
  const names = { dispatch: 'rewards', ceiling: 'HTTP alone', graphileWorker: 'empty jobs' };
  const rows = Object.entries(results).map(([way, measured]) => [
    names[way as keyof typeof names],
    Math.round(bestOf(measured)),
    Math.round(medianOf(measured)),
    rounded(median(measured.map(({ nodeMs }) => nodeMs)), 1) ?? '?',
    rounded(median(measured.map(({ postgresMs }) => postgresMs)), 1) ?? '?',
    rounded(median(measured.map(({ standInMs }) => standInMs)), 1) ?? '?',
  ]);
  const lines = [
    table(['WAY', 'PER SECOND', 'MEDIAN', 'NODE ms', 'POSTGRESQL ms', 'STAND-IN ms'], rows),
    '',
    `The best of ${options.rounds} rounds of ${options.rewards.toLocaleString('en')}; ms are processor time per 1,000.`,
    `${document.ratio_to_http_ceiling} of the same calls without a database (${document.ratio_to_http_ceiling_by_cpu ?? '?'} by processor time), ${document.ratio_to_graphile_worker} of empty jobs of graphile-worker: the median of the rounds`,
    `Memory while the rewards of the last round were paid: ${Object.entries(document.dispatch_rss_mb)
      .map(([when, mb]) => `${when} ${mb} MB`)
      .join(', ')}`,
    ...(options.json ? [JSON.stringify(document)] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** What was held after a tenth of the time, in the middle and at the end, and the most. */
function memoryOf(samples: readonly number[]) {
  const at = (share: number) => samples[Math.round(share * (samples.length - 1))] ?? null;
  return { tenth: at(0.1), middle: at(0.5), end: at(1), peak: Math.max(...samples) };
}

function rounded(value: number, decimals: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toFixed(decimals));
}
