// `npm run bench -- api`: how fast players' games are read, from Redis and from PostgreSQL alone, beside a bare Koa route that answers the same bytes from
// memory, in one run; and what waiting for an event costs. Owns the order of the measurements and the checks that the answers are right.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { table } from '../src/cli/output.ts';
import { connect, type Db } from '../src/db/connect.ts';
import { createEngine } from '../src/engine/process.ts';
import { projectPlayers } from '../src/games/project.ts';
import { bucketOf } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import { startRedis } from '../src/local/redis.ts';
import { connectRedis } from '../src/redis.ts';
import { upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';
import type { Given, Told } from './api-server.ts';
import { atRate, backToBack, type Line, type Measured, measured, openLine } from './load.ts';
import { makePlayers } from './players.ts';
import { log, startBenchServer } from './server.ts';
import { userId } from './workload.ts';

export interface ApiOptions {
  players: number;
  readers: number;
  connections: number;
  rounds: number;
  seconds: number;
  waiting: number;
  json: boolean;
}

const NOW = Date.UTC(2026, 4, 20, 12);
const PATH = '/api/games/active';
const WARM_UP_SECONDS = 2;
const IDLE_SECONDS = 3;
const COMMITS = 20;
const WOKEN = 100;

const ways = ['redis', 'postgres', 'bare'] as const;
type Way = (typeof ways)[number];

/** One round of one way: requests back to back, and the processor time of a request in the server's process. */
interface Round extends Measured {
  cpuMicroseconds: number;
}

export async function benchApi(options: ApiOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-redis-'));
  await using server = await startBenchServer(0);
  const redis = await startRedis({ dataDir: join(folder, 'redis') });
  try {
    const databaseUrl = await server.freshDatabase();
    process.stderr.write(`${options.players.toLocaleString('en')} players …\n`);
    await makePlayers(databaseUrl, options.players);
    const asked = readersOf(options);
    const owner = connect(databaseUrl, { role: 'login', size: 2, log });
    await fillRedis(owner, redis.url, asked);
    const tokens = await issueTokens(asked);
    const api = { kind: 'api' as const, databaseUrl, key: tokens.key, now: NOW };

    await using fromRedis = await startServer({ ...api, redisUrl: redis.url });
    await using fromPostgres = await startServer({ ...api, redisUrl: null });
    const requests = tokens.requests(PATH);
    const bytes = await answerOf(fromRedis, requests[0] as Buffer);
    assert.deepEqual(shown(bytes), shown(await answerOf(fromPostgres, requests[0] as Buffer)));
    await using bare = await startServer({ kind: 'bare', bytes });

    const servers: Record<Way, Server> = { redis: fromRedis, postgres: fromPostgres, bare };
    const target = (way: Way) => ({ ...servers[way].at, requests, connections: options.connections });
    const rounds: Record<Way, Round[]> = { redis: [], postgres: [], bare: [] };
    // Every token is verified once, every connection of the pool is open, and the code is compiled.
    for (const way of ways) await backToBack(target(way), WARM_UP_SECONDS);
    for (let round = 1; round <= options.rounds; round++) {
      // Each is first in turn, since what a machine does besides comes and goes.
      const order = [...ways.slice(round % 3), ...ways.slice(0, round % 3)];
      for (const way of order) rounds[way].push(await oneRound(servers[way], target(way), options.seconds));
      process.stderr.write(`round ${round} of ${options.rounds} done\n`);
    }
    const atHalf = {} as Record<Way, Measured>;
    for (const way of ways) {
      const half = median(rounds[way].map(({ perSecond }) => perSecond)) / 2;
      atHalf[way] = await atRate(target(way), half, options.seconds * 2);
    }
    const waits = await measureWaiting(options, fromRedis, databaseUrl, tokens);
    await owner.close();
    report(options, server.settings, Buffer.byteLength(bytes), rounds, atHalf, waits);
  } finally {
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Players that lie evenly among all. */
function readersOf({ players, readers }: ApiOptions): string[] {
  const count = Math.min(players, readers);
  return Array.from({ length: count }, (_, index) => userId(Math.floor((index * players) / count)));
}

async function fillRedis(owner: Db, redisUrl: string, userIds: readonly string[]): Promise<void> {
  const client = connectRedis(redisUrl, { log, timeoutMs: limits.redisWriteMs });
  await waitFor('Redis', () => client.status === 'ready');
  for (let from = 0; from < userIds.length; from += limits.refreshPlayers) {
    const some = userIds.slice(from, from + limits.refreshPlayers);
    const { rows } = await owner.pool.query<{ bucket: number; player_id: string }>(
      `select p.bucket, p.player_id from unnest($1::text[], $2::smallint[]) as u(user_id, bucket)
         join milepost.player p on p.user_id = u.user_id and p.bucket = u.bucket`,
      [some, some.map(bucketOf)],
    );
    await projectPlayers(
      owner,
      client,
      rows.map(({ bucket, player_id }) => [bucket, player_id]),
    );
  }
  client.disconnect();
}

async function issueTokens(userIds: readonly string[]) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256' };
  const tokens = await Promise.all(
    userIds.map((sub) =>
      new SignJWT({ scope: 'player' })
        .setProtectedHeader({ alg: 'ES256', kid: 'bench' })
        .setIssuer('bench')
        .setAudience('milepost')
        .setSubject(sub)
        .setExpirationTime(NOW / 1_000 + 86_400)
        .sign(privateKey),
    ),
  );
  const request = (path: string, token: string | undefined) =>
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`,
    );
  return {
    key,
    userIds,
    requests: (path: string) => tokens.map((token) => request(path, token)),
    request: (path: string, reader: number) => request(path, tokens[reader]),
  };
}

interface Server extends AsyncDisposable {
  at: { host: string; port: number };
  ask(): Promise<Told>;
}

async function startServer(given: Given): Promise<Server> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'api-server.ts'), [JSON.stringify(given)], {
    // Its log is written and thrown away.
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const { hostname, port } = new URL(url);
  return {
    at: { host: hostname, port: Number(port) },
    async ask() {
      const told = once(child, 'message');
      child.send('tell');
      return (await told)[0] as Told;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

async function answerOf(server: Server, request: Buffer): Promise<string> {
  await using line = await openLine(server.at);
  assert.equal(await line.ask(request), 200);
  return line.body();
}

/** An answer without the moment at which its facts were read. */
function shown(text: string): unknown {
  const { games } = JSON.parse(text) as { games: { as_of: string }[] };
  assert.equal(games.length, 2);
  return games.map((game) => ({ ...game, as_of: '' }));
}

async function oneRound(server: Server, target: Parameters<typeof backToBack>[0], seconds: number): Promise<Round> {
  const before = await server.ask();
  const round = await backToBack(target, seconds);
  const after = await server.ask();
  assert.equal(round.refused, 0);
  return { ...round, cpuMicroseconds: ((after.cpuMs - before.cpuMs) * 1_000) / round.requests };
}

interface Waits {
  waiting: number;
  idleStatements: number;
  idleSeconds: number;
  woken: Measured;
}

/** Thousands wait, nothing happens; then commits, each of which is what a hundred of them wait for. */
async function measureWaiting(
  options: ApiOptions,
  server: Server,
  databaseUrl: string,
  tokens: Awaited<ReturnType<typeof issueTokens>>,
): Promise<Waits> {
  const waiting = Math.min(options.waiting, tokens.userIds.length);
  const commits = Math.min(COMMITS, Math.floor(waiting / WOKEN));
  const ingest = connect(databaseUrl, { role: 'milepost_ingest', size: 2, log });
  const engine = createEngine(ingest, log);
  // Loads what a first batch has to.
  await engine.process({ events: [payment('warm up', 'somebody')], parked: [] });
  const lines: Line[] = [];
  const answers: Promise<number>[] = [];
  for (let reader = 0; reader < waiting; reader++) {
    const line = await openLine(server.at);
    lines.push(line);
    answers.push(line.ask(tokens.request(`${PATH}?after_event=wait-${reader}&wait=${limits.awaitSecondsMax}`, reader)));
    answers.at(-1)?.catch(() => {}); // those that are not woken are closed
  }
  await waitFor('all to wait', async () => (await server.ask()).waiting === waiting, { deadlineMs: 20_000 });
  const before = await server.ask();
  await delay(IDLE_SECONDS * 1_000);
  const after = await server.ask();
  const times: number[] = [];
  for (let commit = 0; commit < commits; commit++) {
    const readers = Array.from({ length: WOKEN }, (_, index) => commit * WOKEN + index);
    await engine.process({
      events: readers.map((reader) => payment(`wait-${reader}`, tokens.userIds[reader] as string)),
      parked: [],
    });
    const committed = performance.now();
    await Promise.all(
      readers.map(async (reader) => {
        assert.equal(await answers[reader], 200);
        times.push(performance.now() - committed);
        assert.match((lines[reader] as Line).body(), /"status":"applied"/);
      }),
    );
  }
  for (const line of lines) await line[Symbol.asyncDispose]();
  await engine.idle();
  await ingest.close();
  return {
    waiting,
    idleStatements: after.statements - before.statements,
    idleSeconds: IDLE_SECONDS,
    woken: measured(times, Number.NaN, 0),
  };
}

function payment(id: string, user: string) {
  return upiPayment(1_500, { id, user, occurred: NOW - 60_000, received: NOW - 59_000 });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

function report(
  options: ApiOptions,
  postgres: Record<string, string>,
  answerBytes: number,
  rounds: Record<Way, Round[]>,
  atHalf: Record<Way, Measured>,
  waits: Waits,
): void {
  const perSecond = (way: Way) => median(rounds[way].map((round) => round.perSecond));
  const cpu = (way: Way) => median(rounds[way].map((round) => round.cpuMicroseconds));
  const ratio = (way: Way) =>
    median(rounds[way].map((round, index) => round.perSecond / (rounds.bare[index] as Round).perSecond));
  const times = ({ p50, p95, p99 }: Measured) => ({ p50: rounded(p50, 2), p95: rounded(p95, 2), p99: rounded(p99, 2) });
  const document = {
    bench: 'api',
    ratio_to_bare_koa: { redis: rounded(ratio('redis'), 3), postgres: rounded(ratio('postgres'), 3) },
    // Processor time of the server's process, which other work on the machine disturbs least.
    ratio_to_bare_koa_by_cpu: {
      redis: rounded(cpu('bare') / cpu('redis'), 3),
      postgres: rounded(cpu('bare') / cpu('postgres'), 3),
    },
    requests_per_s: Object.fromEntries(ways.map((way) => [way, Math.round(perSecond(way))])),
    cpu_us_per_request: Object.fromEntries(ways.map((way) => [way, rounded(cpu(way), 1)])),
    // Bare Koa's times, at half of its own rate, are the machine's.
    at_half_rate: Object.fromEntries(
      ways.map((way) => [way, { per_s: Math.round(atHalf[way].perSecond), ms: times(atHalf[way]) }]),
    ),
    long_polls: {
      waiting: waits.waiting,
      idle_seconds: waits.idleSeconds,
      statements_while_idle: waits.idleStatements,
      woken_per_commit: WOKEN,
      ms_after_commit: times(waits.woken),
    },
    players: options.players,
    readers: options.readers,
    connections: options.connections,
    answer_bytes: answerBytes,
    rounds: options.rounds,
    postgres,
    node: process.version,
    cpus: cpus().length,
  };
  const rows = ways.map((way) => [
    way === 'bare' ? 'bare Koa' : way,
    Math.round(perSecond(way)),
    way === 'bare' ? '' : rounded(ratio(way), 3),
    rounded(cpu(way), 1),
    ...[atHalf[way].p50, atHalf[way].p95, atHalf[way].p99].map((ms) => rounded(ms, 2)),
  ]);
  const lines = [
    table(['FROM', 'REQUESTS/S', 'RATIO', 'CPU µs', 'P50 ms', 'P95 ms', 'P99 ms'], rows),
    '',
    'Times are from the intended start, at half of that rate; CPU is of the server’s process, per request.',
    `${waits.waiting} waiting readers: ${waits.idleStatements} statements in ${waits.idleSeconds} s; ${WOKEN} woken by a commit: p95 ${rounded(waits.woken.p95, 1)} ms after it`,
    ...(options.json ? [JSON.stringify(document)] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
