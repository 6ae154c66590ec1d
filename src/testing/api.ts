// The real API on a test's database and Redis, under the roles it has in production, with tokens for whoever a test wants to be.
import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import createClient, { type Client } from 'openapi-fetch';
import { inject } from 'vitest';
import type { Rates } from '../../api/rates.ts';
import { createApi } from '../../api/server.ts';
import { attributeFields } from '../condition/condition.ts';
import { connect, type Db } from '../db/connect.ts';
import { createNormaliser } from '../event/normalise.ts';
import { attributeCatalogue, canonicalSource, type Source } from '../event/source.ts';
import { projectPlayers } from '../games/project.ts';
import type { Log } from '../log.ts';
import { connectRedis, type RedisClient } from '../redis.ts';
import type { Sealer } from '../seal.ts';
import type { Instant } from '../time.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { undocumented } from './documented.ts';
import { install, silent, type TestEngine, testEngine } from './engine.ts';
import type { EngineHistory } from './histories.ts';
import { at } from './make.ts';
import type { paths } from './openapi-types.ts';
import { waitFor } from './wait.ts';

export interface Answer {
  status: number;
  headers: Headers;
  /** Everything that came, headers first: what a search for a secret looks through. */
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  body: any;
}

export interface TestApi extends AsyncDisposable {
  database: TestDatabase;
  engine: TestEngine;
  /** As the role of the API. */
  db: Db;
  redis: RedisClient;
  url: string;
  /** The clock of the API; tests set it. */
  time: { now: Instant };
  /** A token that the API accepts, with claims changed or (undefined) left out. */
  token(claims?: Record<string, unknown>): Promise<string>;
  /** GET as a player (`U1`), with a token of one's own, or (null) without. */
  get(path: string, as?: string | { token: string } | null): Promise<Answer>;
  /** POST /api/events as a producer. */
  send(body: unknown, options?: { query?: string; token?: string; headers?: Record<string, string> }): Promise<Answer>;
  /** The client that is generated from the contract, with a token of its own. */
  client(claims?: Record<string, unknown>): Promise<Client<paths>>;
  /** Any request. Its answer must be one that the contract has. */
  call(path: string, init?: RequestInit): Promise<Answer>;
  /** Brings these players' facts into Redis, or everybody's, as the worker does. */
  project(userIds?: readonly string[]): Promise<void>;
}

/**
 * An API at noon of 10 May 2026. `redisUrl: null` leaves Redis out; `redisMs` is how long its answers are waited for, long enough for a busy machine
 * unless a test is about one that hangs; `databaseUrl` puts something between the API and its database.
 */
export async function testApi(
  given: Partial<EngineHistory> & {
    redisUrl?: string | null;
    redisMs?: number;
    databaseUrl?: (url: string) => Promise<string>;
    sources?: readonly Source[];
    log?: Log;
    voucherCodes?: Sealer;
    rates?: Rates;
  } = {},
): Promise<TestApi> {
  const database = await testDatabase();
  await install(database.pool, { games: given.games ?? [], memberships: given.memberships ?? [] });
  const databaseUrl = (await given.databaseUrl?.(database.url)) ?? database.url;
  const db = connect(databaseUrl, { role: 'milepost_api', size: 3, log: silent });
  const owner = connect(databaseUrl, { role: 'milepost_owner', size: 2, log: silent });
  const worker = connect(database.url, { role: 'milepost_worker', size: 1, log: silent });
  const engine = testEngine(databaseUrl);
  // A prefix of its own: tests share the server.
  const redisUrl = new URL(given.redisUrl ?? inject('redis'));
  redisUrl.searchParams.set('keyPrefix', `${randomUUID()}:`);
  const redis = connectRedis(redisUrl.href, { log: silent, timeoutMs: given.redisMs ?? 5_000 });
  const time = { now: at('05-10') };

  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const names = { issuer: 'tests', audience: 'milepost' };
  const service = createApi({
    host: '127.0.0.1',
    port: 0,
    db,
    owner,
    fields: attributeFields(attributeCatalogue(given.sources ?? [canonicalSource])),
    redis: given.redisUrl === null ? undefined : redis,
    engine,
    normaliser: createNormaliser(given.sources ?? [canonicalSource]),
    tokens: {
      ...names,
      keys: createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] }),
    },
    voucherCodes: given.voucherCodes,
    rates: given.rates,
    log: given.log ?? silent,
    clock: () => time.now,
  });
  await service.start();
  await waitFor('Redis', () => redis.status === 'ready');
  const url = service.url();

  const token = (claims: Record<string, unknown> = {}) => {
    const usual = {
      iss: names.issuer,
      aud: names.audience,
      sub: 'U1',
      scope: 'player',
      exp: Math.floor(time.now / 1_000) + 50 * 86_400,
    };
    const payload = Object.fromEntries(
      Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined),
    );
    return new SignJWT(payload as JWTPayload).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey);
  };

  async function call(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(url + path, init);
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true && text !== '';
    const answer = {
      status: response.status,
      headers: response.headers,
      text: `${[...response.headers].join('\n')}\n\n${text}`,
      body: json ? JSON.parse(text) : text,
    };
    const problem = undocumented(init.method ?? 'GET', path, answer);
    if (problem !== undefined) throw new Error(problem);
    return answer;
  }

  return {
    database,
    engine,
    db,
    redis,
    url,
    time,
    token,
    call,
    async client(claims) {
      return createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${await token(claims)}` } });
    },
    async get(path, as = 'U1') {
      if (as === null) return call(path);
      const bearer = typeof as === 'string' ? await token({ sub: as }) : as.token;
      return call(path, { headers: { Authorization: `Bearer ${bearer}` } });
    },
    async send(body, { query = '', token: given, headers = {} } = {}) {
      const bearer = given ?? (await token({ sub: 'tests', scope: 'producer' }));
      return call(`/api/events${query}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    },
    async project(userIds) {
      const { rows } = await database.pool.query<{ bucket: number; player_id: string }>(
        'select bucket, player_id from milepost.player where $1::text[] is null or user_id = any ($1)',
        [userIds ?? null],
      );
      await projectPlayers(
        worker,
        redis,
        rows.map(({ bucket, player_id }) => [bucket, player_id]),
      );
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
      redis.disconnect();
      await engine[Symbol.asyncDispose]();
      await db.close();
      await owner.close();
      await worker.close();
      await database[Symbol.asyncDispose]();
    },
  };
}
