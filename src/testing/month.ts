// A month of the seed game, played through the whole of Milepost: each role in processes of its own, on the tests' PostgreSQL, Redis and Kafka, and
// reward services that misbehave. Owns the set-up, the signals that say how far it is, and the end; what must come of it is for the test to say.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Partitioners } from 'kafkajs';
import { inject } from 'vitest';
import type { Booking, Fault } from '../local/reward-services.ts';
import type { SampleMessage } from '../local/sample-stream.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { kafkaAt } from './ingest.ts';
import { seedCohort, seedGameFile } from './make.ts';
import { type Ended, milepost, type Running, startMilepost } from './milepost.ts';
import { waitFor } from './wait.ts';

/** What the shipped sources read. */
const topics = ['milepost.events', 'upi.switch.transactions', 'fs.journey.events', 'crm.segment.changes'];
const partitions = topics.flatMap((topic) => [0, 1, 2, 3].map((partition) => `${topic}/${partition}`));

/** One payment in ten fails after it was applied: half of them with an answer, half without. */
const usualFaults: readonly Fault[] = (['status', 'reset'] as const).map((how) => {
  return { service: 'neucoin', when: 'after', how, one_in: 20 };
});

export interface Month extends AsyncDisposable {
  database: TestDatabase;
  redisUrl: string;
  apiUrl: string;
  /** Where the development issuer keeps its key. */
  home: string;
  /** What its processes are told; commands take the same. */
  env: Record<string, string>;
  startConsumer(): Running;
  /** Resolves when the partitions are shared out among these consumers and each has some. */
  shared(consumers: readonly Running[]): Promise<void>;
  /** Sends messages to Kafka in their order. */
  produce(messages: readonly SampleMessage[]): Promise<void>;
  /** Messages of which the database says that they are done. */
  committed(): Promise<number>;
  /** Resolves when so many messages are done, and everything that followed from them. */
  settled(count: number): Promise<void>;
  /** Offset after the last record of each partition, as the broker has it. */
  highWatermarks(): Promise<{ topic: string; partition: number; next_offset: number }[]>;
  /** How the reward services misbehave from now on. */
  setFaults(faults: readonly Fault[]): Promise<void>;
  /** The reward services' own books. */
  paid(): Promise<Booking[]>;
  /** Tells every process to stop. Resolves with how those ended that were still running. */
  stop(): Promise<Ended[]>;
}

/** Sets the month up: topics, the game, its cohort, the services; two workers and the API. Consumers are the test's to start. */
export async function openMonth(
  members: readonly { userId: string; from: Instant }[],
  options: { faults?: readonly Fault[]; env?: Record<string, string> } = {},
): Promise<Month> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await testDatabase());
  const home = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  opened.defer(() => rm(home, { recursive: true }));
  const kafka = kafkaAt(inject('kafka'));
  const admin = kafka.admin();
  await admin.connect();
  opened.defer(() => admin.disconnect());
  await makeTopics(admin);
  opened.defer(() => removeTopics(admin));
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  opened.defer(() => producer.disconnect());

  const processes: Running[] = [];
  opened.defer(async () => {
    for (const each of processes) await each[Symbol.asyncDispose]();
  });
  const launch = (args: string[], env: Record<string, string> = {}): Running => {
    const running = startMilepost(args, { program: 'main', env: { MILEPOST_HOME: home, ...env } });
    processes.push(running);
    return running;
  };
  const standIn = launch(['stand-in', '--port', '0']);
  const services = await waitFor('the stand-in services', () => variablesIn(standIn.stdout()));
  const servicesUrl = new URL(services.NEUCOIN_URL as string).origin;
  async function setFaults(faults: readonly Fault[]): Promise<void> {
    const told = await fetch(`${servicesUrl}/faults`, { method: 'PUT', body: JSON.stringify(faults) });
    if (!told.ok) throw new Error(`the stand-in services refused the faults: ${told.status} ${await told.text()}`);
  }
  await setFaults(options.faults ?? usualFaults);

  await prepareGame(database, members);
  // A prefix of its own: tests share the server.
  const redisUrl = `${inject('redis')}?keyPrefix=${encodeURIComponent(`${home}:`)}`;
  const environment = {
    ...services,
    DATABASE_URL: database.url,
    KAFKA_BROKERS: inject('kafka'),
    KAFKA_GROUP_ID: `month-${database.url.split('/').at(-1)}`,
    REDIS_URL: redisUrl,
    HTTP_PORT: '0',
    METRICS_PORT: '0',
    ...options.env,
  };
  launch(['start', '--role', 'worker'], environment);
  launch(['start', '--role', 'worker'], environment);
  const api = launch(['start', '--role', 'api'], environment);
  const { api: apiUrl } = await listening(api);

  async function committed(): Promise<number> {
    const { rows } = await database.pool.query<{ count: number }>(
      'select coalesce(sum(next_offset), 0)::integer as count from milepost.source_position',
    );
    return rows[0]?.count ?? 0;
  }
  async function allDelivered(): Promise<true> {
    const { rows } = await database.pool.query(
      `select destination, state::text, last_error, count(*)::integer from milepost.outbox
        where state in ('pending', 'leased') group by destination, state, last_error`,
    );
    if (rows.length === 0) return true;
    throw new Error(`still open: ${JSON.stringify(rows)}`);
  }

  const held = opened.move();
  return {
    database,
    redisUrl,
    apiUrl: apiUrl as string,
    home,
    env: environment,
    committed,
    setFaults,
    startConsumer: () => launch(['start', '--role', 'ingest'], environment),
    async shared(consumers) {
      const isShared = async () => {
        const shares = await Promise.all(consumers.map(partitionsOf));
        return shares.every(({ length }) => length > 0) && shares.flat().sort().join() === partitions.toSorted().join();
      };
      await waitFor('a share of the partitions for each consumer', isShared);
    },
    async produce(messages) {
      for (let from = 0; from < messages.length; from += 1_000) {
        const byTopic = Map.groupBy(messages.slice(from, from + 1_000), ({ topic }) => topic);
        const topicMessages = [...byTopic].map(([topic, some]) => ({
          topic,
          messages: some.map(({ key, bytes, receivedAt }) => ({ key, value: bytes, timestamp: String(receivedAt) })),
        }));
        await producer.sendBatch({ topicMessages });
      }
    },
    async settled(messages) {
      await waitFor('every message', async () => (await committed()) >= messages, { deadlineMs: 180_000 });
      await waitFor('the end of the outbox', allDelivered);
    },
    async highWatermarks() {
      const marks = topics.map(async (topic) =>
        (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => {
          return { topic, partition, next_offset: Number(high) };
        }),
      );
      return (await Promise.all(marks)).flat();
    },
    async paid() {
      return (await (await fetch(`${servicesUrl}/books`)).json()) as Booking[];
    },
    async stop() {
      // The stand-in last, as its callers are stopping still.
      const [last, ...first] = processes as [Running, ...Running[]];
      const running = first.filter((each) => each.running());
      for (const each of running) each.signal('SIGTERM');
      const ended = await Promise.all(running.map((each) => each.ended));
      last.signal('SIGTERM');
      return [...ended, await last.ended];
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Topics under their real names: the canonical one is not configurable. */
async function makeTopics(admin: Admin): Promise<void> {
  const there = (await admin.listTopics()).filter((topic) => topics.includes(topic));
  for (const topic of there) {
    const marks = await admin.fetchTopicOffsets(topic);
    if (marks.some(({ low, high }) => low !== high)) {
      throw new Error(`the broker of the tests has records in ${topic}: give the tests a broker of their own`);
    }
  }
  if (there.length > 0) await removeTopics(admin, there);
  await admin.createTopics({
    // Asked for below: kafkajs takes it for an error that a topic just made is not known yet.
    waitForLeaders: false,
    topics: topics.map((topic) => ({
      topic,
      numPartitions: 4,
      // The month is long past: the broker would take its records for expired.
      configEntries: [{ name: 'retention.ms', value: '-1' }],
    })),
  });
  await waitFor('leaders of the partitions', async () => {
    const { topics: made } = await admin.fetchTopicMetadata({ topics });
    return made.every((topic) => topic.partitions.length === 4 && topic.partitions.every(({ leader }) => leader >= 0));
  });
}

async function removeTopics(admin: Admin, names: string[] = topics): Promise<void> {
  await admin.deleteTopics({ topics: names });
  await waitFor('the end of the topics', async () => {
    const left = await admin.listTopics();
    return !names.some((name) => left.includes(name));
  });
}

/** By the commands that an operator would use. */
async function prepareGame(
  database: TestDatabase,
  members: readonly { userId: string; from: Instant }[],
): Promise<void> {
  const env = { DATABASE_URL: database.url };
  const run = async (args: string[], input?: string) => {
    const { status, stderr } = await milepost(args, { env, ...(input === undefined ? {} : { input }) });
    if (status !== 0) throw new Error(`milepost ${args.join(' ')} ended with ${status}: ${stderr}`);
  };
  await run(['games', 'activate', seedGameFile]);
  for (const [from, some] of Map.groupBy(members, (member) => member.from)) {
    const lines = some.map(({ userId }) => `${userId}\n`).join('');
    await run(['cohorts', 'add', seedCohort, '-', '--from', formatInstant(from)], lines);
  }
}

/** The lines `NAME=value` of an output, once there are any. */
function variablesIn(text: string): Record<string, string> | undefined {
  const found = [...text.matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** Where a process says that it listens. */
export async function listening(process: Running): Promise<{ metrics: string; api?: string }> {
  const line = () => process.log().find(({ msg }) => msg === 'listening');
  const found = await waitFor('a process that listens', line);
  return found as unknown as { metrics: string; api?: string };
}

/** The partitions that a consumer reads, by its metrics. */
async function partitionsOf(consumer: Running): Promise<string[]> {
  const { metrics } = await listening(consumer);
  const text = await (await fetch(`${metrics}/metrics`)).text();
  const lags = text.matchAll(/^milepost_kafka_lag_messages\{topic="(.+)",partition="(\d+)"\}/gm);
  return [...lags].map(([, topic, partition]) => `${topic}/${partition}`);
}
