// The real services that tests run on. Owns where each is looked for: an address in the environment, a running container engine, a server
// started here; else an error that names all three. Must never answer with nothing: a test without its service fails, it is not skipped.
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { GenericContainer } from 'testcontainers';
import { messageOf } from '../errors.ts';
import { freePort } from '../local/free-port.ts';
import { startKafka } from '../local/kafka.ts';
import { startPostgres } from '../local/postgres.ts';
import { startRedis } from '../local/redis.ts';
import { waitFor } from './wait.ts';

interface Started {
  /** A URL, or for Kafka host:port. */
  address: string;
  stop(): Promise<unknown>;
}

/** A service that answers, and where it was found, for people. */
export interface Service extends Started {
  origin: string;
}

export type ServiceName = 'postgres' | 'redis' | 'kafka';

/** How one kind of service is found. */
export interface ServiceRecipe {
  title: string;
  variable: string;
  image: string;
  /** Rejects when nothing answers at the address. */
  check(address: string): Promise<unknown>;
  container(image: GenericContainer): Promise<Started>;
  local(folder: string): Promise<Started>;
}

/** A container whose image is not there within this time is not waited for. */
const imageWithinMs = 60_000;

// Nothing here outlives a power cut, so nothing is synced to disk. Commits stay synchronous: tests see the order that production sees.
const postgresSettings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };

export const recipes: Readonly<Record<ServiceName, ServiceRecipe>> = {
  postgres: {
    title: 'PostgreSQL',
    variable: 'TEST_DATABASE_URL',
    image: 'postgres:18',
    async check(address) {
      const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 5_000 });
      await client.connect();
      await client.end();
    },
    async container(image) {
      const settings = Object.entries(postgresSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const account = { POSTGRES_USER: 'milepost', POSTGRES_PASSWORD: 'milepost', POSTGRES_DB: 'milepost' };
      const started = await image
        .withEnvironment(account)
        .withCommand(['postgres', ...settings])
        .withExposedPorts(5432)
        .start();
      const address = `postgres://milepost:milepost@${started.getHost()}:${started.getMappedPort(5432)}/milepost`;
      return { address, stop: () => started.stop() };
    },
    async local(folder) {
      const { url, stop } = await startPostgres({ dataDir: join(folder, 'postgres'), settings: postgresSettings });
      return { address: url, stop };
    },
  },
  redis: {
    title: 'Redis',
    variable: 'TEST_REDIS_URL',
    image: 'redis:7',
    async check(address) {
      const client = new Redis(address, { lazyConnect: true, retryStrategy: () => null });
      client.on('error', () => {}); // connect() below rejects with the same
      await client.connect();
      await client.ping();
      client.disconnect();
    },
    async container(image) {
      const started = await image.withExposedPorts(6379).start();
      return {
        address: `redis://${started.getHost()}:${started.getMappedPort(6379)}`,
        stop: () => started.stop(),
      };
    },
    async local(folder) {
      const { url, stop } = await startRedis({ dataDir: join(folder, 'redis') });
      return { address: url, stop };
    },
  },
  kafka: {
    title: 'Apache Kafka',
    variable: 'TEST_KAFKA_BROKERS',
    image: 'apache/kafka:4.1.0',
    check: (address) => Promise.any(address.split(',').map(takesConnections)),
    async container(image) {
      // A broker tells clients its address, so the port on this side must be known before it starts.
      const port = await freePort();
      const started = await image
        .withEnvironment({
          KAFKA_NODE_ID: '1',
          KAFKA_PROCESS_ROLES: 'broker,controller',
          KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
          KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port}`,
          KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
          KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
          KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
          KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
          KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
          KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
          KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
          KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        })
        .withExposedPorts({ container: 9092, host: port })
        .start();
      return { address: `localhost:${port}`, stop: () => started.stop() };
    },
    async local(folder) {
      const { brokers, stop } = await startKafka({ dataDir: join(folder, 'kafka') });
      return { address: brokers, stop };
    },
  },
};

/** Finds a service, or starts it; `folder` is where a local server may keep its files. Throws an error that says where it looked. */
export async function findService(recipe: ServiceRecipe, folder: string): Promise<Service> {
  const given = process.env[recipe.variable];
  if (given) {
    await recipe.check(given).catch((error) => {
      throw new Error(
        `${recipe.variable} is ${redact(given)}, but no ${recipe.title} answers there: ${messageOf(error)}`,
      );
    });
    return { address: given, origin: recipe.variable, stop: async () => {} };
  }
  const reasons = [`${recipe.variable} is not set`];
  const places = [
    { origin: `container ${recipe.image}`, start: () => startContainer(recipe) },
    { origin: 'local server', start: () => startLocal(recipe, folder) },
  ];
  for (const { origin, start } of places) {
    try {
      return { origin, ...(await start()) };
    } catch (error) {
      reasons.push(`${origin}: ${messageOf(error)}`);
    }
  }
  throw new Error(
    `the tests need a ${recipe.title} and found none (set ${recipe.variable}, or start a container engine, or mend what keeps a local server from starting):\n${reasons.map((reason) => `- ${reason}`).join('\n')}`,
  );
}

async function startContainer(recipe: ServiceRecipe): Promise<Started> {
  const { GenericContainer, getContainerRuntimeClient, ImageName } = await import('testcontainers');
  const engine = await getContainerRuntimeClient();
  const image = ImageName.fromString(recipe.image);
  if (!(await engine.image.exists(image)))
    await within(imageWithinMs, `the image ${recipe.image}`, engine.image.pull(image));
  const started = await recipe.container(new GenericContainer(recipe.image));
  try {
    await waitFor(`an answer of ${recipe.title}`, () => recipe.check(started.address).then(() => true), {
      deadlineMs: 30_000,
    });
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function startLocal(recipe: ServiceRecipe, folder: string): Promise<Started> {
  await mkdir(folder, { recursive: true });
  return recipe.local(folder);
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const late = new AbortController();
  try {
    return await Promise.race([
      promise,
      delay(ms, undefined, { signal: late.signal }).then(() => {
        throw new Error(`${what} did not come within ${ms / 1_000} s`);
      }),
    ]);
  } finally {
    late.abort();
  }
}

function takesConnections(address: string): Promise<void> {
  const at = address.lastIndexOf(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), timeout: 5_000 });
    socket.once('connect', () => resolve());
    socket.once('error', reject);
    socket.once('timeout', () => reject(new Error(`${address} did not answer within 5 s`)));
    socket.once('connect', () => socket.destroy());
  });
}

/** An address without its password. */
function redact(address: string): string {
  return address.replace(/:[^:@/]+@/, ':…@');
}
