// What the tests of ingestion set up: a topic of their own with records in it, and a database that records what is committed.
import { randomUUID } from 'node:crypto';
import { type Admin, type CompressionTypes, type Message, Partitioners } from 'kafkajs';
import { inject } from 'vitest';
import type { Process } from '../../workers/ingest/assignment.ts';
import { connect, type Db } from '../db/connect.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { kafkaAt, quiet, recordInto } from './ingest.ts';
import { waitFor } from './wait.ts';

/** A canonical event as a producer sends it. */
export function eventText(id: string, user = 'U1'): string {
  return JSON.stringify({
    event_id: id,
    event_type: 'payment_success',
    event_version: '1.0',
    occurred_at: '2026-05-10T12:00:00Z',
    producer: 'tests',
    user_id: user,
    attributes: { transaction_type: 'UPI', transaction_amount: 1_500 },
  });
}

export interface Topic extends AsyncDisposable {
  name: string;
  groupId: string;
  brokers: string;
  admin: Admin;
  /** Appends records, all in one request, so that with a compression they are one batch; timestamps are in order. */
  append(
    partition: number,
    values: (string | Buffer | null)[],
    options?: { compression?: CompressionTypes; timestamp?: number },
  ): Promise<void>;
  /** Appends `count` events named by their place: `0-17` is partition 0, record 17 that this topic was given. */
  appendEvents(partition: number, count: number, options?: { compression?: CompressionTypes }): Promise<void>;
  /** Gives the topic more partitions. */
  growTo(partitions: number): Promise<void>;
  /** Removes the records below an offset, as retention would. */
  deleteBefore(partition: number, offset: number): Promise<void>;
  /** Appends records in one transaction. */
  appendInTransaction(partition: number, values: string[], ending: 'commit' | 'abort'): Promise<void>;
}

export async function makeTopic(
  options: { partitions?: number; brokers?: string; configEntries?: { name: string; value: string }[] } = {},
): Promise<Topic> {
  const { partitions = 1, brokers = inject('kafka'), configEntries = [] } = options;
  const name = `test.${randomUUID()}`;
  const kafka = kafkaAt(brokers);
  const admin = kafka.admin();
  const connectProducer = async () => {
    const made = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false });
    await made.connect();
    return made;
  };
  await admin.connect();
  let producer = await connectProducer();
  // Not by the client's own waiting, which fails while the brokers have not yet heard of the topic.
  const leaders = (count: number) =>
    waitFor(`leaders of the ${count} partitions of ${name}`, async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
      return topics[0]?.partitions.length === count && topics[0].partitions.every(({ leader }) => leader >= 0);
    });
  await admin.createTopics({
    topics: [{ topic: name, numPartitions: partitions, configEntries }],
    waitForLeaders: false,
  });
  await leaders(partitions);
  const appended = new Map<number, number>();
  const topic: Topic = {
    name,
    groupId: `group.${name}`,
    brokers,
    admin,
    async append(partition, values, { compression, timestamp } = {}) {
      const messages = values.map(
        (value): Message => ({
          value,
          partition,
          ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
        }),
      );
      await producer.send({ topic: name, messages, ...(compression === undefined ? {} : { compression }) });
    },
    async appendEvents(partition, count, appending = {}) {
      const first = appended.get(partition) ?? 0;
      appended.set(partition, first + count);
      for (let from = first; from < first + count; from += 2_000) {
        const part = Math.min(2_000, first + count - from);
        await topic.append(
          partition,
          Array.from({ length: part }, (_, index) => eventText(`${partition}-${from + index}`)),
          appending,
        );
      }
    },
    async growTo(count) {
      await admin.createPartitions({ topicPartitions: [{ topic: name, count }] });
      await leaders(count);
      // One that knows the topic as it was loses what is sent to the new partitions, without a word.
      await producer.disconnect();
      producer = await connectProducer();
    },
    async deleteBefore(partition, offset) {
      // kafkajs looks for the leader before it has asked for any.
      await admin.fetchTopicOffsets(name);
      await admin.deleteTopicRecords({ topic: name, partitions: [{ partition, offset: String(offset) }] });
    },
    async appendInTransaction(partition, values, ending) {
      const transactional = kafka.producer({
        createPartitioner: Partitioners.DefaultPartitioner,
        transactionalId: `tx.${name}`,
        maxInFlightRequests: 1,
        idempotent: true,
      });
      await transactional.connect();
      const open = await transactional.transaction();
      await open.send({ topic: name, messages: values.map((value) => ({ value, partition })) });
      await open[ending]();
      await transactional.disconnect();
    },
    async [Symbol.asyncDispose]() {
      await admin.deleteTopics({ topics: [name] }).catch(() => {});
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
  return topic;
}

export interface Recording extends AsyncDisposable {
  database: TestDatabase;
  db: Db;
  /** Commits the position, parked messages and one row per event, in one transaction. */
  process: Process;
  /** Event ids in the order of their commit, repeats included. */
  committed(): Promise<string[]>;
  /** The next offset of each partition. */
  positions(): Promise<Record<number, number>>;
}

export async function makeRecording(): Promise<Recording> {
  const database = await testDatabase();
  await database.pool.query(`
    create table public.committed (no bigint generated always as identity, partition integer, "offset" bigint, event_id text);
    grant insert on public.committed to milepost_ingest`);
  const db = connect(database.url, { role: 'milepost_ingest', size: 8, log: quiet });
  return {
    database,
    db,
    process: recordInto(db),
    async committed() {
      const { rows } = await database.pool.query('select event_id from public.committed order by no');
      return rows.map((row) => row.event_id);
    },
    async positions() {
      const { rows } = await database.pool.query(
        'select partition, next_offset from milepost.source_position order by partition',
      );
      return Object.fromEntries(rows.map((row) => [row.partition, Number(row.next_offset)]));
    },
    async [Symbol.asyncDispose]() {
      await db.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** A process that stops at the door of each batch until it is let through. */
export interface Gate {
  process: Process;
  /** Resolves when a batch stands before the door. */
  arrived(): Promise<void>;
  /** Lets the waiting batch, and all later ones, through. */
  open(): void;
}

/** `patient`: a batch at the door goes through in the end even when it is called off. Otherwise it turns back, untouched. */
export function gateBefore(process: Process, options: { patient?: boolean } = {}): Gate {
  const arrival = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<void>();
  return {
    arrived: () => arrival.promise,
    open: () => opening.resolve(),
    async process(batch, signal) {
      arrival.resolve();
      const calledOff = new Promise<never>((_, reject) => {
        if (options.patient !== true) signal.addEventListener('abort', () => reject(signal.reason));
      });
      await Promise.race([opening.promise, calledOff]);
      return process(batch, signal);
    },
  };
}

/** The ids that `appendEvents` gave, in order. */
export function ids(partition: number, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `${partition}-${from + index}`);
}

/** The offset that the broker remembers for the group; -1 for none. */
export async function brokerOffset(topic: Topic, partition: number): Promise<number> {
  const [answer] = await topic.admin.fetchOffsets({ groupId: topic.groupId, topics: [topic.name] });
  return Number(answer?.partitions.find((each) => each.partition === partition)?.offset ?? -1);
}
