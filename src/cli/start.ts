// milepost start: the roles of a process, on the services that the environment names or on embedded ones.
import { once } from 'node:events';
import { join } from 'node:path';
import { createLocalJWKSet } from 'jose';
import type { Kafka } from 'kafkajs';
import { remoteKeys, type TokenRules } from '../../api/auth.ts';
import { createApi } from '../../api/server.ts';
import manifest from '../../package.json' with { type: 'json' };
import type { HttpService } from '../../workers/http-service.ts';
import { createKafka } from '../../workers/ingest/client.ts';
import { createIngest, type Ingest } from '../../workers/ingest/ingest.ts';
import { createKafkajsFeed } from '../../workers/ingest/kafkajs-feed.ts';
import { createMetricsServer } from '../../workers/metrics-server.ts';
import { createReadiness } from '../../workers/readiness.ts';
import type { Service } from '../../workers/service.ts';
import { createWorker, type Worker, type WorkerOptions } from '../../workers/worker.ts';
import { openResolver } from '../cohorts/config.ts';
import { attributeFields } from '../condition/condition.ts';
import { type Config, readConfig, readSecrets } from '../config.ts';
import { connect, type Db, type Role } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { createEngine, type Engine } from '../engine/process.ts';
import { UserError } from '../errors.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import { attributeCatalogue, readSources } from '../event/source.ts';
import { projectPlayers } from '../games/project.ts';
import { limits } from '../limits.ts';
import { openDevelopmentIssuer } from '../local/development-issuer.ts';
import { openDevelopmentKey } from '../local/development-key.ts';
import { startPostgres } from '../local/postgres.ts';
import { startRewardServices } from '../local/reward-services.ts';
import { createLog, type Log } from '../log.ts';
import { connectRedis, type RedisClient } from '../redis.ts';
import { type Draw, drawOf } from '../rewards/draw.ts';
import { readServices, secretsOf } from '../rewards/service-config.ts';
import { createSealer, type Sealer } from '../seal.ts';
import { createCommandLog } from './command-log.ts';
import { checkDatabase } from './database.ts';
import { demonstrationGames, hasEvents, playSample, prepare, standing } from './demonstration.ts';
import { drawKeysOf } from './draw-keys.ts';
import { ruleFields } from './games.ts';
import { describe } from './ingest.ts';
import { table } from './output.ts';
import { runServices, toldToStop } from './run.ts';

const roles = ['ingest', 'worker', 'api'] as const;
type RoleName = (typeof roles)[number];

const SAMPLE_EVENTS = 3_000;

export async function start(options: { role?: RoleName[]; sample?: string }): Promise<void> {
  const config = readConfig();
  const sample = sampleSize(options.sample);
  if (options.role?.includes('ingest')) brokersOf(config);
  if (config.DATABASE_URL === undefined) await startEmbedded(config, options.role, sample);
  else if (sample !== undefined)
    throw new UserError('--sample is for the embedded database; unset DATABASE_URL to use it');
  else await startOnServices({ ...config, DATABASE_URL: config.DATABASE_URL }, options.role);
}

function sampleSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const events = Number(text);
  if (Number.isInteger(events) && events >= 0 && events <= 1_000_000) return events;
  throw new UserError(
    `--sample ${JSON.stringify(text)} is no number of events: write a whole number from 0 to 1000000`,
  );
}

/** Where the parts of a process find what they need. */
interface Addresses {
  databaseUrl: string;
  /** Of the role worker. */
  rewards: { neucoin: string; voucher: string } | undefined;
  /** Of the role api. */
  tokens: TokenRules | undefined;
  /** The keys of voucher codes; undefined where codes are not kept. */
  voucherCodes: Sealer | undefined;
  /** What amounts are drawn with. */
  draw: Draw;
}

/** A variable that a role cannot do without. Real rewards are never paid to a stand-in, and real players not known by a development token. */
function needed(config: Config, name: 'NEUCOIN_URL' | 'VOUCHER_URL' | 'JWT_JWKS_URL', role: RoleName): string {
  const value = config[name];
  if (value === undefined) throw new UserError(`${name} is not set: with DATABASE_URL, the role ${role} needs it`);
  return value;
}

interface Parts {
  services: Service[];
  engine: Engine;
  normaliser: Normaliser;
  worker: Worker | undefined;
  api: HttpService | undefined;
  metrics: HttpService;
  /** Closes pools and connections, once the services have stopped. */
  close(): Promise<void>;
}

/** Makes the services of some roles, in the order of their start. Nothing is started yet. */
async function assemble(config: Config, wanted: readonly RoleName[], at: Addresses, log: Log): Promise<Parts> {
  // What may be wrong with the configuration comes before anything is opened: a client that reconnects for ever would keep the process alive.
  const { EVENT_KEY_RETENTION_DAYS: keys, INBOX_RETENTION_DAYS: payloads } = config;
  if (keys !== undefined && (payloads === undefined || payloads > keys)) {
    throw new UserError(
      `EVENT_KEY_RETENTION_DAYS ${keys} is less than INBOX_RETENTION_DAYS (${payloads ?? 'not set: for ever'}): a payload without its identity would be nobody's`,
    );
  }
  const sources = await readSources(join(config.GAME_CONFIGS, 'sources'));
  const normaliser = createNormaliser(sources);
  const kafka = wanted.includes('ingest') ? kafkaOf(config, log) : undefined;
  const configured = wanted.includes('worker') ? await configuredServices(config) : undefined;
  const resolver = await openResolver({ folder: config.GAME_CONFIGS, sdkKey: config.LAUNCHDARKLY_SDK_KEY, log });
  const stopTracing = await startTracing(config, wanted);
  const opened: Db[] = [];
  const open = (role: Exclude<Role, 'login'>, size: number): Db => {
    const db = connect(at.databaseUrl, { role, size, log });
    opened.push(db);
    return db;
  };
  const clients: RedisClient[] = [];
  const openRedis = (timeoutMs: number): RedisClient | undefined => {
    if (config.REDIS_URL === undefined) return undefined;
    const redis = connectRedis(config.REDIS_URL, { log, timeoutMs });
    clients.push(redis);
    return redis;
  };
  // A player waits for a read, nobody for a refresh.
  const readRedis = openRedis(limits.redisReadMs);
  const writeRedis = wanted.includes('worker') ? openRedis(limits.redisWriteMs) : undefined;
  const ingestDb = open('milepost_ingest', config.DATABASE_POOL_SIZE);
  const engine = createEngine(ingestDb, log, resolver, at.draw);

  const api =
    wanted.includes('api') && at.tokens !== undefined
      ? createApi({
          host: config.HTTP_HOST,
          port: config.HTTP_PORT,
          db: open('milepost_api', config.DATABASE_POOL_SIZE),
          owner: open('milepost_owner', 2),
          fields: attributeFields(attributeCatalogue(sources)),
          redis: readRedis,
          engine,
          normaliser,
          tokens: at.tokens,
          rates: { player: config.PLAYER_REQUESTS_PER_MINUTE, producer: config.PRODUCER_REQUESTS_PER_MINUTE },
          voucherCodes: at.voucherCodes,
          log,
        })
      : undefined;
  const worker =
    wanted.includes('worker') && at.rewards !== undefined
      ? createWorker({
          databaseUrl: at.databaseUrl,
          log,
          concurrency: config.WORKER_CONCURRENCY,
          retention:
            config.INBOX_RETENTION_DAYS === undefined && config.AUDIT_RETENTION_DAYS === undefined
              ? undefined
              : {
                  inboxDays: config.INBOX_RETENTION_DAYS,
                  archiveFolder: config.INBOX_ARCHIVE_FOLDER,
                  eventKeyDays: config.EVENT_KEY_RETENTION_DAYS,
                  auditDays: config.AUDIT_RETENTION_DAYS,
                },
          neucoin: {
            url: at.rewards.neucoin,
            token: config.NEUCOIN_TOKEN,
            concurrency: config.NEUCOIN_CONCURRENCY,
            ratePerSecond: config.NEUCOIN_RATE_PER_SECOND,
            idempotencyHours: config.NEUCOIN_IDEMPOTENCY_HOURS,
          },
          voucher: {
            url: at.rewards.voucher,
            token: config.VOUCHER_TOKEN,
            concurrency: config.VOUCHER_CONCURRENCY,
            ratePerSecond: config.VOUCHER_RATE_PER_SECOND,
            idempotencyHours: config.VOUCHER_IDEMPOTENCY_HOURS,
          },
          voucherCodes: at.voucherCodes,
          configured,
          ...(writeRedis === undefined ? {} : { refresh: refreshInto(writeRedis, open('milepost_worker', 4)) }),
        })
      : undefined;
  const ingest = kafka === undefined ? undefined : ingestFromKafka(config, kafka, engine, normaliser, ingestDb, log);
  const metrics = createMetricsServer({
    host: config.HTTP_HOST,
    port: config.METRICS_PORT,
    // As a role that the process needs for its work: a worker's login need be no member of milepost_ingest.
    ready: createReadiness(ingest || api ? ingestDb : open('milepost_worker', 1), readRedis, { ingest, worker }),
  });
  return {
    services: [metrics, worker, api, ingest].filter((service) => service !== undefined),
    engine,
    normaliser,
    worker,
    api,
    metrics,
    async close() {
      await engine.idle();
      await resolver?.close();
      await Promise.all(opened.map((db) => db.close()));
      for (const redis of clients) redis.disconnect();
      await stopTracing();
    },
  };
}

/** Only where a process is told where to send traces is what sends them loaded. */
async function startTracing(config: Config, wanted: readonly RoleName[]): Promise<() => Promise<void>> {
  const endpoint = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (endpoint === undefined) return async () => {};
  const opentelemetry = await import('../opentelemetry.ts');
  return opentelemetry.startTracing({
    endpoint,
    headers: config.OTEL_EXPORTER_OTLP_TRACES_HEADERS,
    share: config.OTEL_TRACES_SAMPLER_ARG,
    role: wanted.join('+'),
    version: manifest.version,
  });
}

/** The services that the configuration folder describes, each with all of its secrets. */
async function configuredServices(config: Config): Promise<NonNullable<WorkerOptions['configured']>> {
  const services = await readServices(join(config.GAME_CONFIGS, 'services'));
  const secrets = readSecrets();
  const problems = services.flatMap((service) => {
    const missing = secretsOf(service).filter((name) => !secrets.has(name));
    return missing.map((name) => ({ path: name, message: `is not set: the service ${service.service_id} needs it` }));
  });
  if (problems.length > 0) throw new UserError('the environment is not right', problems);
  return { services, secrets };
}

/** What the login of a process must be allowed to work as. Without milepost_owner an API serves all but owners and support. */
function databaseRolesOf(config: Config, wanted: readonly RoleName[]): Role[] {
  const { INBOX_RETENTION_DAYS: inbox, AUDIT_RETENTION_DAYS: audit } = config;
  const retains = inbox !== undefined || audit !== undefined;
  const needed: Record<RoleName, Role[]> = {
    ingest: ['milepost_ingest'],
    worker: ['milepost_worker', ...(retains ? (['milepost_retention'] as const) : [])],
    api: ['milepost_api', 'milepost_ingest'],
  };
  return [...new Set(wanted.flatMap((role) => needed[role]))];
}

function refreshInto(redis: RedisClient, db: Db): (players: [number, string][]) => Promise<void> {
  return (players) => projectPlayers(db, redis, players);
}

function brokersOf(config: Config): string[] {
  if (config.KAFKA_BROKERS !== undefined) return config.KAFKA_BROKERS;
  throw new UserError(
    'KAFKA_BROKERS is not set: the role ingest reads from Kafka; name its brokers (host:port,host:port)',
  );
}

function kafkaOf(config: Config, log: Log): Kafka {
  return createKafka({ ...config, KAFKA_BROKERS: brokersOf(config) }, log);
}

function ingestFromKafka(
  config: Config,
  kafka: Kafka,
  engine: Engine,
  normaliser: Normaliser,
  db: Db,
  log: Log,
): Ingest {
  return createIngest({
    normaliser,
    process: (batch, signal) => engine.process(batch, signal),
    db,
    log,
    createFeed: () =>
      createKafkajsFeed({
        kafka,
        groupId: config.KAFKA_GROUP_ID,
        topics: normaliser.topics,
        concurrency: config.INGEST_PARTITION_CONCURRENCY,
      }),
  });
}

async function startOnServices(
  config: Config & { DATABASE_URL: string },
  given: readonly RoleName[] | undefined,
): Promise<void> {
  const wanted = given ?? roles.filter((role) => role !== 'ingest' || config.KAFKA_BROKERS !== undefined);
  const told = toldToStop();
  const log = createLog({ level: config.LOG_LEVEL, role: wanted.join('+') });
  const at: Addresses = {
    databaseUrl: config.DATABASE_URL,
    rewards: wanted.includes('worker')
      ? { neucoin: needed(config, 'NEUCOIN_URL', 'worker'), voucher: needed(config, 'VOUCHER_URL', 'worker') }
      : undefined,
    tokens: wanted.includes('api')
      ? {
          issuer: config.JWT_ISSUER,
          audience: config.JWT_AUDIENCE,
          keys: remoteKeys(needed(config, 'JWT_JWKS_URL', 'api')),
        }
      : undefined,
    voucherCodes: config.VOUCHER_CODE_KEYS && createSealer(config.VOUCHER_CODE_KEYS),
    draw: drawOf(await drawKeysOf(config)),
  };
  if (wanted.includes('worker') && at.voucherCodes === undefined) {
    log.warn('VOUCHER_CODE_KEYS is not set: the codes of vouchers are not kept, and players cannot be shown theirs');
  }
  await checkDatabase(at.databaseUrl, databaseRolesOf(config, wanted), log);
  const parts = await assemble(config, wanted, at, log);
  try {
    const running = async (): Promise<void> => {
      log.info(
        { metrics: parts.metrics.url(), ...(parts.api === undefined ? {} : { api: parts.api.url() }) },
        'listening',
      );
    };
    await runServices(parts.services, { log, told, running });
  } finally {
    await parts.close();
  }
}

/** Everything on this machine: PostgreSQL, stand-ins for the reward services, an issuer of tokens, and at the first start a sample of events. */
async function startEmbedded(
  config: Config,
  given: readonly RoleName[] | undefined,
  sample: number | undefined,
): Promise<void> {
  const told = toldToStop();
  const log = createCommandLog(config);
  const wanted = given ?? roles.filter((role) => role !== 'ingest' || config.KAFKA_BROKERS !== undefined);

  say('Starting PostgreSQL …');
  const postgres = await startPostgres({ dataDir: join(config.MILEPOST_HOME, 'postgres') });
  try {
    await migrate(postgres.url);
    const rewards = await startRewardServices({ dataDir: join(config.MILEPOST_HOME, 'reward-services') });
    try {
      const names = { issuer: config.JWT_ISSUER, audience: config.JWT_AUDIENCE };
      const issuer = await openDevelopmentIssuer(config.MILEPOST_HOME, names);
      const at: Addresses = {
        databaseUrl: postgres.url,
        rewards: {
          neucoin: config.NEUCOIN_URL ?? rewards.neucoinUrl,
          voucher: config.VOUCHER_URL ?? rewards.voucherUrl,
        },
        tokens: {
          ...names,
          keys: config.JWT_JWKS_URL === undefined ? createLocalJWKSet(issuer.jwks) : remoteKeys(config.JWT_JWKS_URL),
        },
        voucherCodes: createSealer(
          config.VOUCHER_CODE_KEYS ?? [await openDevelopmentKey(config.MILEPOST_HOME, 'voucher-code-key')],
        ),
        draw: drawOf(await drawKeysOf(config)),
      };
      const parts = await assemble(config, wanted, at, log);
      const issueToken = (sub: string): Promise<string> => issuer.issueToken({ sub, scope: 'player' });
      try {
        await runServices(parts.services, {
          log,
          told,
          running: (signal) => demonstrate(config, postgres.url, parts, sample, issueToken, log, signal),
        });
      } finally {
        await parts.close();
      }
    } finally {
      await rewards.stop();
    }
  } finally {
    say('Stopping PostgreSQL …');
    await postgres.stop();
  }
  say('Stopped. Another start goes on from here.');
}

/** Activates the games, plays the sample where it is due, and says what happened and what to try. */
async function demonstrate(
  config: Config,
  databaseUrl: string,
  parts: Parts,
  sample: number | undefined,
  issueToken: (sub: string) => Promise<string>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const owner = connect(databaseUrl, { role: 'milepost_owner', size: 2, log });
  const support = connect(databaseUrl, { role: 'milepost_support', size: 2, log });
  try {
    const games = await demonstrationGames(config.GAME_CONFIGS, await ruleFields(config), Date.now());
    await prepare(owner, parts.engine, games);
    say(`Games: ${games.map((game) => game.config.game_id).join(', ')}`);

    const first = !(await hasEvents(support));
    const events = sample ?? (first ? SAMPLE_EVENTS : 0);
    if (events > 0) {
      say(`Playing ${events.toLocaleString('en')} sample messages: UPI payments and financial-services actions …`);
      // A later sample begins with another number, so that it holds other events than the first.
      const seed = first ? 1 : Math.floor(Date.now() / 1_000);
      const summary = await playSample(parts.engine, parts.normaliser, events, seed, signal);
      say(`\n${describe(summary)}`);
    } else {
      say('The events of earlier starts are still there (--sample 1000 plays more).');
    }
    await parts.engine.idle();
    await Promise.race([parts.worker?.idle(), once(signal, 'abort')]);
    signal.throwIfAborted();
    const { paid, player } = await standing(support);
    if (paid.length > 0) {
      const rows = paid.map(({ destination, state, messages, amount }) => [destination, state, messages, amount]);
      say(`\n${table(['REWARDS TO', 'STATE', 'MESSAGES', 'AMOUNT'], rows)}`);
    }
    const gameId = games.at(-1)?.config.game_id ?? '{game_id}';
    if (parts.api !== undefined)
      say(whatToTry(`${parts.api.url()}/api/games`, gameId, player, await issueToken(player)));
  } finally {
    await Promise.all([owner.close(), support.close()]);
  }
}

function whatToTry(url: string, gameId: string, player: string, token: string): string {
  return `
Milepost is up. Try, in another terminal, as the player ${player}:

  TOKEN=${token}
  curl -s -H "Authorization: Bearer $TOKEN" ${url}/active   # the widget
  curl -s -H "Authorization: Bearer $TOKEN" ${url}/${gameId}/history
  npx milepost token U100007    # a token for another player
  npx milepost games list

Ctrl-C stops everything.`;
}

/** To people, on standard output. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
