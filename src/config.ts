// The configuration of a process: everything that comes from the environment, read and checked once, here and nowhere else.
import { z } from 'zod';
import { type Problem, show, UserError } from './errors.ts';
import { limits } from './limits.ts';
import type { SealKey } from './seal.ts';

/** What a person reads of a variable (docs/operators.md): what it is, what it may be, and what holds where it is absent and has no default. */
interface About {
  what: string;
  allowed?: string;
  absent?: string;
}

declare module 'zod' {
  interface GlobalMeta extends Partial<About> {}
}

const text = z.string().trim().min(1, { error: 'must not be blank' }).meta({ allowed: 'text' });
const url = (...protocols: string[]) =>
  z
    .string()
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      error: `must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    })
    .meta({ allowed: protocols.map((protocol) => `\`${protocol}//…\``).join(', ') });
const count = (min: number, max: number) =>
  z
    .string()
    .refine((value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number)
    .meta({ allowed: `${min} to ${max}` });
const port = count(0, 65_535);
const idempotencyHours = count(1, limits.idempotencyHoursMax).default(limits.idempotencyPeriodMs / 3_600_000);
const word = <const Words extends readonly string[]>(...words: Words) =>
  z
    .enum(words, { error: `must be one of ${words.join(', ')}` })
    .meta({ allowed: words.map((each) => `\`${each}\``).join(', ') });
const flag = word('true', 'false').transform((value) => value === 'true');
const share = z
  .string()
  .refine((value) => /^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(value), { error: 'must be a number from 0 to 1' })
  .transform(Number)
  .meta({ allowed: '0 to 1' });

const environment = z
  .object({
    DATABASE_URL: url('postgres:', 'postgresql:').optional().meta({
      what: 'PostgreSQL 15 or newer. No transaction-pooling proxy in between: the job queue listens',
      absent: 'an embedded server',
    }),
    DATABASE_POOL_SIZE: count(2, 200).default(10).meta({ what: 'connections of each pool' }),
    KAFKA_BROKERS: text
      .transform((value) => value.split(',').map((broker) => broker.trim()))
      .refine((brokers) => brokers.every((broker) => /^[^\s/]+:\d{1,5}$/.test(broker)), {
        error: 'must be addresses such as host:9092,host:9092',
      })
      .optional()
      .meta({ what: 'where Kafka is', allowed: '`host:port,host:port`', absent: 'no Kafka' }),
    KAFKA_CLIENT_ID: text.default('milepost').meta({ what: 'the client, as Kafka shows it' }),
    KAFKA_GROUP_ID: text.default('milepost').meta({ what: 'the consumer group, as Kafka shows it' }),
    KAFKA_TLS: flag.default(false).meta({ what: 'whether connections to the brokers are encrypted' }),
    KAFKA_SASL_MECHANISM: word('plain', 'scram-sha-256', 'scram-sha-512').optional().meta({ what: 'how to log in' }),
    KAFKA_SASL_USERNAME: text.optional().meta({ what: 'with a mechanism' }),
    KAFKA_SASL_PASSWORD: text.optional().meta({ what: 'with a mechanism' }),
    INGEST_PARTITION_CONCURRENCY: count(1, 64).default(2).meta({ what: 'partitions worked on at once' }),
    REDIS_URL: url('redis:', 'rediss:')
      .optional()
      .meta({ what: 'where the projection is', absent: 'reads go to PostgreSQL' }),
    // With a real database, a reward is never paid to a stand-in, and a player not known by a development token (see src/cli/start.ts).
    NEUCOIN_URL: url('http:', 'https:')
      .optional()
      .meta({ what: 'the NeuCoin service, for the role worker', absent: 'a stand-in; embedded only' }),
    NEUCOIN_TOKEN: text.optional().meta({ what: 'its bearer token' }),
    NEUCOIN_CONCURRENCY: count(1, limits.serviceConcurrencyMax)
      .default(limits.serviceConcurrency)
      .meta({ what: 'calls at once, of each worker process' }),
    NEUCOIN_RATE_PER_SECOND: count(1, 100_000).optional().meta({
      what: 'rewards per second, of all worker processes together ([rewards](rewards.md))',
      absent: 'no limit',
    }),
    NEUCOIN_IDEMPOTENCY_HOURS: idempotencyHours.meta({
      what: 'for how long the service remembers a key; an older one is asked for before anything is sent ([rewards](rewards.md#states))',
    }),
    VOUCHER_URL: url('http:', 'https:')
      .optional()
      .meta({ what: 'the voucher service, for the role worker', absent: 'a stand-in; embedded only' }),
    VOUCHER_TOKEN: text.optional().meta({ what: 'its bearer token' }),
    VOUCHER_CONCURRENCY: count(1, limits.serviceConcurrencyMax)
      .default(limits.serviceConcurrency)
      .meta({ what: 'calls at once, of each worker process' }),
    VOUCHER_RATE_PER_SECOND: count(1, 100_000)
      .optional()
      .meta({ what: 'rewards per second, of all worker processes together', absent: 'no limit' }),
    VOUCHER_IDEMPOTENCY_HOURS: idempotencyHours.meta({ what: 'for how long the service remembers a key' }),
    VOUCHER_CODE_KEYS: text.transform(readKeys).optional().meta({
      what: 'the keys of voucher codes at rest, 32 bytes in base64; workers seal with the first, the API opens with all ([rewards](rewards.md#the-code-of-a-voucher))',
      allowed: '`id:key,id:key`',
      absent: 'no code is kept; embedded: a key of its own',
    }),
    DRAW_KEYS: text.transform(readKeys).optional().meta({
      what: 'the keys that amounts are drawn with, 32 bytes in base64; the first draws, `verify` knows all ([rewards](rewards.md#drawn-amounts))',
      allowed: '`id:key,id:key`',
      absent: 'events that need a draw wait; embedded: a key of its own',
    }),
    LAUNCHDARKLY_SDK_KEY: text.optional().meta({
      what: 'the server-side key of an environment, when `cohorts.jsonc` leaves cohorts to LaunchDarkly ([cohorts](cohorts.md))',
    }),
    WORKER_CONCURRENCY: count(1, 100).default(8).meta({ what: 'jobs at once' }),
    INBOX_RETENTION_DAYS: count(1, 3_650).optional().meta({
      what: 'for how many days before today (UTC) the inbox keeps payloads, for the role worker ([retention](#retention))',
      absent: 'for ever',
    }),
    EVENT_KEY_RETENTION_DAYS: count(90, 3_650).optional().meta({
      what: 'for how many days the identities of events are kept, at least INBOX_RETENTION_DAYS, which it needs ([retention](#retention))',
      absent: 'for ever',
    }),
    INBOX_ARCHIVE_FOLDER: text
      .optional()
      .meta({ what: 'the folder that a day’s events are written to before it is dropped', absent: 'nowhere' }),
    AUDIT_RETENTION_DAYS: count(365, 36_500).optional().meta({
      what: 'for how many days the record of what owners and support asked for is kept, for the role worker ([retention](#retention))',
      absent: 'for ever',
    }),
    JWT_JWKS_URL: url('http:', 'https:').optional().meta({
      what: 'the keys of who signs the API’s tokens, for the role api',
      absent: 'a development issuer; embedded only',
    }),
    JWT_ISSUER: text.default('milepost-development').meta({ what: 'who tokens must say that they are from' }),
    JWT_AUDIENCE: text.default('milepost').meta({ what: 'who tokens must say that they are for' }),
    HTTP_HOST: text.default('127.0.0.1').meta({ what: 'the address that the API, health and metrics listen on' }),
    HTTP_PORT: port.default(3_000).meta({ what: 'the port of the API; 0 takes any free one' }),
    PLAYER_REQUESTS_PER_MINUTE: count(1, 1_000_000)
      .default(600)
      .meta({ what: 'requests for one player, to all API processes together; more are answered with 429' }),
    PRODUCER_REQUESTS_PER_MINUTE: count(1, 1_000_000)
      .default(6_000)
      .meta({ what: 'requests of one producer (up to 500 events each), the same way' }),
    METRICS_PORT: port.default(9464).meta({
      what: 'health and metrics of every process. Several on one machine need different ones; 0 takes any free one',
    }),
    LOG_LEVEL: word('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')
      .default('info')
      .meta({ what: 'what is logged: this and what is worse' }),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url('http:', 'https:').optional().meta({
      what: 'where traces are sent, such as `http://collector:4318/v1/traces` ([traces](#traces))',
      absent: 'no traces',
    }),
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: text
      .transform((value) => value.split(',').map((header) => header.trim()))
      .refine((headers) => headers.every((header) => /^[\w-]+=\S.*$/.test(header)), {
        error: 'must be headers such as name=value,name=value',
      })
      .transform((headers) => Object.fromEntries(headers.map((header) => splitOnce(header, '='))))
      .optional()
      .meta({ what: 'headers sent with them, such as a token', allowed: '`name=value,name=value`' }),
    OTEL_TRACES_SAMPLER_ARG: share
      .default(1)
      .meta({ what: 'the part of traces that is sent; where a producer has decided for its own, that holds' }),
    GAME_CONFIGS: text.default('game-configs').meta({
      what: 'the folder of games (`*.json`, `*.jsonc`), of [scenarios](scenarios.md) and, in `sources/`, of sources',
    }),
    MILEPOST_HOME: text.default('.milepost').meta({ what: 'the folder in which embedded servers keep their data' }),
  })
  .superRefine((value, context) => {
    if (value.KAFKA_SASL_MECHANISM !== undefined) {
      for (const name of ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const) {
        if (value[name] === undefined) {
          context.addIssue({ code: 'custom', path: [name], message: 'is needed when KAFKA_SASL_MECHANISM is set' });
        }
      }
    }
  });

function splitOnce(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return [text.slice(0, place), text.slice(place + at.length)];
}

function readKeys(value: string, context: z.RefinementCtx): [SealKey, ...SealKey[]] {
  const keys = value.split(',').map((part): SealKey => {
    const [, id = '', key = ''] = /^\s*([\w-]{1,32}):([A-Za-z0-9+/]{43}=)\s*$/.exec(part) ?? [];
    return { id, key: Buffer.from(key, 'base64') };
  });
  const ids = new Set(keys.map(({ id }) => id));
  const [first, ...others] = keys;
  if (first !== undefined && ids.size === keys.length && !ids.has('')) return [first, ...others];
  context.addIssue({
    code: 'custom',
    message: 'must be id:key or several with commas between; a key is 32 bytes in base64 (openssl rand -base64 32)',
  });
  return z.NEVER;
}

/** The checked environment. Secrets are in it: never log it. */
export type Config = z.infer<typeof environment>;

/** The names a person may set, for documentation and for checking deployment files. */
export const configNames: readonly string[] = Object.keys(environment.shape);

export interface Variable {
  name: string;
  what: string;
  allowed: string;
  /** What holds where it is absent: its default as one would write it, or what follows from there being none. */
  fallback: string;
}

/** Every variable, for people: docs/operators.md is written from this. */
export const documented: readonly Variable[] = Object.entries(environment.shape).map(([name, schema]) => {
  const { what = '', allowed = allowedBy(schema), absent = 'none' } = schema.meta() ?? {};
  const { def } = schema as z.ZodType as z.ZodDefault;
  return { name, what, allowed, fallback: def.type === 'default' ? `\`${def.defaultValue}\`` : absent };
});

/** What the innermost schema says that it allows. */
function allowedBy(schema: z.core.$ZodType): string {
  const allowed = (schema as z.ZodType).meta()?.allowed;
  if (allowed !== undefined) return allowed;
  const { innerType, in: input } = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  const inner = innerType ?? input;
  return inner === undefined ? '' : allowedBy(inner);
}

/** The names of variables that hold secrets of configured services; which ones there are is up to game-configs/services. */
export const secretName = /^MILEPOST_SECRET_[A-Z0-9_]{1,64}$/;

/** The secrets of configured services, by the names of their variables. An empty variable counts as absent. */
export function readSecrets(env: Record<string, string | undefined> = process.env): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(env).flatMap(([name, value]) =>
      secretName.test(name) && value !== undefined && value !== '' ? [[name, value] as const] : [],
    ),
  );
}

/** Variables whose values are or may hold secrets: never repeated. */
const secret = /_(URL|ENDPOINT|HEADERS|TOKEN|PASSWORD|KEYS?)$/;

/**
 * Reads the configuration. An empty variable counts as absent.
 * @throws UserError that names each variable which is not right.
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(configNames.map((name) => [name, env[name] === '' ? undefined : env[name]]));
  const parsed = environment.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue): Problem => {
    const path = issue.path.join('.');
    const value = secret.test(path) ? undefined : given[path];
    return { path, message: `${issue.message}${value === undefined ? '' : `; found ${show(value)}`}` };
  });
  const [first, ...others] = problems;
  if (first !== undefined && others.length === 0) throw new UserError(`${first.path} ${first.message}`);
  throw new UserError('the environment is not right', problems);
}
