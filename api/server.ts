// The API as a Service: its middleware in order, its routes by feature. It owns no connections: whoever makes it closes them after it has stopped.
import assert from 'node:assert/strict';
import Router from '@koa/router';
import Koa from 'koa';
import type { FieldTypes } from '../src/condition/condition.ts';
import type { Db } from '../src/db/connect.ts';
import { followDefinitions } from '../src/definitions/follow.ts';
import type { Engine } from '../src/engine/process.ts';
import type { Normaliser } from '../src/event/normalise.ts';
import { createFactsReader } from '../src/games/read.ts';
import { createEventWaits } from '../src/inbox/await.ts';
import type { Log } from '../src/log.ts';
import { followNews } from '../src/outbox/news.ts';
import type { RedisClient } from '../src/redis.ts';
import type { Sealer } from '../src/seal.ts';
import type { Instant } from '../src/time.ts';
import { createHttpService, type HttpService } from '../workers/http-service.ts';
import { createReadiness } from '../workers/readiness.ts';
import { accessLog } from './access-log.ts';
import { adminCohortRoutes } from './admin-cohorts.ts';
import { adminGameRoutes } from './admin-games.ts';
import { createAudit } from './audit.ts';
import { createAuth, type TokenRules } from './auth.ts';
import { codeRoutes } from './codes.ts';
import { cookieRoutes } from './cookies.ts';
import { eventRoutes } from './events.ts';
import { gameRoutes } from './games.ts';
import { healthRoutes } from './health.ts';
import { holdRoutes } from './holds.ts';
import { playerRoutes } from './players.ts';
import { previewRoutes } from './preview.ts';
import { answerProblems } from './problem.ts';
import { createRateLimits, type Rates } from './rates.ts';
import { referenceRoutes } from './reference.ts';
import { admit, boundTarget } from './request.ts';
import { createServing } from './serve.ts';
import type { ApiState } from './state.ts';
import { supportRoutes } from './support.ts';

export interface ApiOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** As milepost_api. */
  db: Db;
  /** As milepost_owner: what administers games and cohorts, and keeps the record of it. */
  owner: Db;
  /** The fields that rules of games may name. */
  fields: FieldTypes;
  /** Absent: every read goes to PostgreSQL. */
  redis: RedisClient | undefined;
  /** Works as milepost_ingest, on a pool of its own. */
  engine: Pick<Engine, 'process' | 'preview'>;
  normaliser: Normaliser;
  tokens: TokenRules;
  /** How often players and producers may ask; absent: as often as they like. */
  rates?: Rates | undefined;
  /** Opens the codes of vouchers; absent where none is kept. */
  voucherCodes?: Sealer | undefined;
  log: Log;
  /** For tests. */
  clock?: () => Instant;
}

/** Methods that a path may be asked with: with one that it does not take the answer is 405. Any other is 501. */
const METHODS = ['HEAD', 'OPTIONS', 'GET', 'PUT', 'PATCH', 'POST', 'DELETE', 'TRACE', 'CONNECT', 'QUERY'];

/** Serves the contract (api/contract/contract.ts). */
export function createApi(options: ApiOptions): HttpService {
  const { db, owner, fields, redis, engine, normaliser, log, clock = Date.now } = options;
  const auth = createAuth(options.tokens, log, clock);
  const definitions = followDefinitions(db, log);
  const facts = createFactsReader({ db, redis, log, clock });
  const news = followNews(db, log);
  const waits = createEventWaits({ db, news, log, clock });

  const router = new Router<ApiState>({ exclusive: 'specificity', methods: METHODS });
  const { serve, missing } = createServing(router, {
    auth,
    limit: createRateLimits(options.rates, redis),
    audit: createAudit(owner),
  });
  const streams = gameRoutes(serve, { db, definitions, facts, news, waits, log, clock });
  codeRoutes(serve, { db, sealer: options.voucherCodes });
  cookieRoutes(serve, { db, engine, definitions, clock });
  previewRoutes(serve, { engine, normaliser, clock });
  eventRoutes(serve, { engine, normaliser });
  adminCohortRoutes(serve, { db, engine, clock });
  adminGameRoutes(serve, { db, owner, fields, clock });
  holdRoutes(serve, { db, engine, clock });
  playerRoutes(serve, { db, engine, clock });
  supportRoutes(serve, { db, clock });
  healthRoutes(serve, createReadiness(db, redis, { readsWithoutDatabase: definitions.areKnown }));
  referenceRoutes(serve);
  assert.deepEqual(missing(), [], 'every route of the contract must be served');

  const app = new Koa<ApiState>();
  app.on('error', (error) => log.error({ err: error }, 'an answer could not be sent'));
  app
    .use(admit)
    .use(accessLog(log))
    .use(answerProblems(log))
    .use(boundTarget)
    .use(router.routes())
    .use(router.allowedMethods());

  const server = createHttpService({
    name: 'api',
    host: options.host,
    port: options.port,
    portVariable: 'HTTP_PORT',
    listener: app.callback(),
  });
  return {
    ...server,
    async start() {
      await server.start();
      news.start();
    },
    async stop() {
      // Whoever waits is answered with what is known.
      await Promise.all([waits.stop(), streams.stop(), server.stop()]);
      await Promise.all([facts.idle(), definitions.idle(), news.stop()]);
    },
  };
}
