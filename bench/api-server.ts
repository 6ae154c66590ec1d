// What `bench -- api` measures, in a process of its own: the real API on a database and perhaps Redis, or a bare Koa route that answers given bytes from
// memory. Tells its parent where it is, and, whenever it is asked, its processor time, its statements and its waiting readers.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, type JWK } from 'jose';
import Koa from 'koa';
import pg from 'pg';
import { createApi } from '../api/server.ts';
import { attributeFields } from '../src/condition/condition.ts';
import { connect } from '../src/db/connect.ts';
import { createEngine } from '../src/engine/process.ts';
import { createNormaliser } from '../src/event/normalise.ts';
import { attributeCatalogue } from '../src/event/source.ts';
import { limits } from '../src/limits.ts';
import { createLog } from '../src/log.ts';
import { registry } from '../src/metrics.ts';
import { connectRedis } from '../src/redis.ts';
import { shippedSources } from './server.ts';

export type Given =
  | { kind: 'bare'; bytes: string }
  | { kind: 'api'; databaseUrl: string; redisUrl: string | null; key: JWK; now: number };

export interface Told {
  cpuMs: number;
  statements: number;
  waiting: number;
}

let statements = 0;

const given = JSON.parse(process.argv[2] as string) as Given;
const url = given.kind === 'bare' ? await serveBytes(given.bytes) : await serveApi(given);

process.on('message', async () => {
  const { user, system } = process.cpuUsage();
  const gauge = await registry.getSingleMetric('milepost_waiting_readers')?.get();
  const told: Told = { cpuMs: (user + system) / 1_000, statements, waiting: gauge?.values[0]?.value ?? 0 };
  process.send?.(told);
});
process.once('disconnect', () => process.exit(0));
process.send?.({ url });

async function serveBytes(bytes: string): Promise<string> {
  const app = new Koa();
  app.use((ctx) => {
    ctx.type = 'application/json';
    ctx.body = bytes;
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serveApi({ databaseUrl, redisUrl, key, now }: Extract<Given, { kind: 'api' }>): Promise<string> {
  countStatements();
  // As in production: every request is logged.
  const log = createLog({ level: 'info', role: 'api' });
  const db = connect(databaseUrl, { role: 'milepost_api', size: 10, log });
  const ingest = connect(databaseUrl, { role: 'milepost_ingest', size: 2, log });
  const sources = await shippedSources();
  const api = createApi({
    host: '127.0.0.1',
    port: 0,
    db,
    owner: connect(databaseUrl, { role: 'milepost_owner', size: 1, log }),
    fields: attributeFields(attributeCatalogue(sources)),
    redis: redisUrl === null ? undefined : connectRedis(redisUrl, { log, timeoutMs: limits.redisReadMs }),
    engine: createEngine(ingest, log),
    normaliser: createNormaliser(sources),
    tokens: { issuer: 'bench', audience: 'milepost', keys: createLocalJWKSet({ keys: [key] }) },
    log,
    clock: () => now,
  });
  await api.start();
  return api.url();
}

function countStatements(): void {
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    statements++;
    return query.apply(this, args);
  } as typeof pg.Client.prototype.query;
}
