// The configuration of a process: everything that comes from the environment, read and checked once, here and nowhere else.
import { z } from 'zod';
import { type Problem, show, UserError } from './errors.ts';
import { limits } from './limits.ts';
import type { SealKey } from './seal.ts';

const text = z.string().trim().min(1, { error: 'must not be blank' });
const url = (...protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
const count = (min: number, max: number) =>
  z
    .string()
    .refine((value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);
const port = count(0, 65_535);
const word = <const Words extends readonly string[]>(...words: Words) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });
const flag = word('true', 'false').transform((value) => value === 'true');

const environment = z
  .object({
    /** PostgreSQL. Absent: an embedded server keeps its data under MILEPOST_HOME. */
    DATABASE_URL: url('postgres:', 'postgresql:').optional(),
    /** Kafka, `host:port,host:port`. Absent: no Kafka source. */
    KAFKA_BROKERS: text
      .transform((value) => value.split(',').map((broker) => broker.trim()))
      .refine((brokers) => brokers.every((broker) => /^[^\s/]+:\d{1,5}$/.test(broker)), {
        error: 'must be addresses such as host:9092,host:9092',
      })
      .optional(),
    KAFKA_CLIENT_ID: text.default('milepost'),
    KAFKA_GROUP_ID: text.default('milepost'),
    KAFKA_TLS: flag.default(false),
    KAFKA_SASL_MECHANISM: word('plain', 'scram-sha-256', 'scram-sha-512').optional(),
    KAFKA_SASL_USERNAME: text.optional(),
    KAFKA_SASL_PASSWORD: text.optional(),
    /** Redis. Absent: the read API answers from PostgreSQL. */
    REDIS_URL: url('redis:', 'rediss:').optional(),
    /** The reward services, for the role worker. Absent: local stand-ins, and only together with the embedded database. */
    NEUCOIN_URL: url('http:', 'https:').optional(),
    NEUCOIN_TOKEN: text.optional(),
    /** Calls at once of one process, and messages per second of all processes together. Absent: 32, and no limit. */
    NEUCOIN_CONCURRENCY: count(1, limits.serviceConcurrencyMax).default(limits.serviceConcurrency),
    NEUCOIN_RATE_PER_SECOND: count(1, 100_000).optional(),
    VOUCHER_URL: url('http:', 'https:').optional(),
    VOUCHER_TOKEN: text.optional(),
    /** The keys of voucher codes at rest, `id:key,id:key` with keys of 32 bytes in base64: the first seals, all open. Absent: no code is kept. */
    VOUCHER_CODE_KEYS: text.transform(readSealKeys).optional(),
    VOUCHER_CONCURRENCY: count(1, limits.serviceConcurrencyMax).default(limits.serviceConcurrency),
    VOUCHER_RATE_PER_SECOND: count(1, 100_000).optional(),
    /** LaunchDarkly, for the cohorts that the file cohorts.jsonc leaves to it. */
    LAUNCHDARKLY_SDK_KEY: text.optional(),
    /** The keys of who signs the API's tokens, for the role api. Absent: a development issuer, and only together with the embedded database. */
    JWT_JWKS_URL: url('http:', 'https:').optional(),
    JWT_ISSUER: text.default('milepost-development'),
    JWT_AUDIENCE: text.default('milepost'),
    HTTP_HOST: text.default('127.0.0.1'),
    HTTP_PORT: port.default(3_000),
    /** Health and metrics of every process. */
    METRICS_PORT: port.default(9464),
    DATABASE_POOL_SIZE: count(2, 200).default(10),
    WORKER_CONCURRENCY: count(1, 100).default(8),
    INGEST_PARTITION_CONCURRENCY: count(1, 64).default(2),
    /** For how many days before today the inbox keeps payloads, for the role worker. Absent: for ever. */
    INBOX_RETENTION_DAYS: count(1, 3_650).optional(),
    /** Where a day's events are written to before it is dropped. Absent: nowhere. */
    INBOX_ARCHIVE_FOLDER: text.optional(),
    LOG_LEVEL: word('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
    /** Games (`*.json`, `*.jsonc`) and, in `sources/`, sources. */
    GAME_CONFIGS: text.default('game-configs'),
    /** Where the embedded servers keep their data. */
    MILEPOST_HOME: text.default('.milepost'),
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

function readSealKeys(value: string, context: z.RefinementCtx): [SealKey, ...SealKey[]] {
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

/** Variables whose values are or may hold secrets: never repeated. */
const secret = /_(URL|TOKEN|PASSWORD|KEYS?)$/;

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
