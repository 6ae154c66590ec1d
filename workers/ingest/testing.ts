// What the tests of ingestion share: a topic of their own, records in it, and a database in which every committed record leaves a row, so that a
// skipped or doubled one shows.
import { randomUUID } from 'node:crypto';
import { type Admin, type CompressionTypes, type Kafka, type Message, Partitioners } from 'kafkajs';
import { inject } from 'vitest';
import { connect, type Db } from '../../src/db/connect.ts';
import { transaction } from '../../src/db/transaction.ts';
import type { IncomingEvent } from '../../src/event/event.ts';
import { createNormaliser, type Normaliser } from '../../src/event/normalise.ts';
import { canonicalSource } from '../../src/event/source.ts';
import { advancePosition, park } from '../../src/inbox/store.ts';
import { createLog, type Log } from '../../src/log.ts';
import { type TestDatabase, testDatabase } from '../../src/testing/database.ts';
import type { Process } from './assignment.ts';
import { createKafka } from './client.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { createKafkajsFeed } from './kafkajs-feed.ts';

export const quiet: Log = createLog({ level: process.argv.includes('--loud') ? 'debug' : 'silent' });

export function kafkaAt(brokers: string, log: Log = quiet): Kafka {
  const settings = { KAFKA_BROKERS: brokers.split(','), KAFKA_CLIENT_ID: 'milepost-test', KAFKA_TLS: false };
  return createKafka(
    { ...settings, KAFKA_SASL_MECHANISM: undefined, KAFKA_SASL_USERNAME: undefined, KAFKA_SASL_PASSWORD: undefined },
    log,
  );
}

/** Sources that read canonical events from one topic. */
export function readerOf(topic: string): Normaliser {
  return createNormaliser([{ ...canonicalSource, topics: [topic] }]);
}

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
  admin: Admin;
  /** Appends records, all in one request, so that with a compression they are one batch; timestamps are in order. */
  append(
    partition: number,
    values: (string | Buffer | null)[],
    options?: { compression?: CompressionTypes; timestamp?: number },
  ): Promise<void>;
  /** Appends `count` events named by their place: `0-17` is partition 0, record 17 that this topic was given. */
  appendEvents(partition: number, count: number, options?: { compression?: CompressionTypes }): Promise<void>;
}

export async function makeTopic(
  options: { partitions?: number; brokers?: string; configEntries?: { name: string; value: string }[] } = {},
): Promise<Topic> {
  const { partitions = 1, brokers = inject('kafka'), configEntries = [] } = options;
  const name = `test.${randomUUID()}`;
  const kafka = kafkaAt(brokers);
  const admin = kafka.admin();
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({
    topics: [{ topic: name, numPartitions: partitions, configEntries }],
    waitForLeaders: true,
  });
  const appended = new Map<number, number>();
  const topic: Topic = {
    name,
    groupId: `group.${name}`,
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
      for (let from = first; from < first + count; from += 5_000) {
        const part = Math.min(5_000, first + count - from);
        await topic.append(
          partition,
          Array.from({ length: part }, (_, index) => eventText(`${partition}-${from + index}`)),
          appending,
        );
      }
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

/** A process that leaves its trace in `public.committed`. */
export function recordInto(db: Db): Process {
  return async (batch) => {
    await transaction(db, async (tx) => {
      await insertCommitted(tx.client, batch.events);
      await park(tx, batch.parked, Date.now());
      if (batch.position !== undefined) await advancePosition(tx, batch.position, Date.now());
    });
    return {
      results: batch.events.map(({ event }) => ({
        event_id: event.event_id,
        outcome: 'no_match',
        reason: null,
        replayed: false,
      })),
      claims: 0,
    };
  };
}

async function insertCommitted(
  client: { query(text: string, values: unknown[]): Promise<unknown> },
  events: readonly IncomingEvent[],
): Promise<void> {
  await client.query(
    'insert into public.committed (partition, "offset", event_id) select * from unnest($1::integer[], $2::bigint[], $3::text[])',
    [
      events.map(({ origin }) => (origin.transport === 'kafka' ? origin.partition : null)),
      events.map(({ origin }) => (origin.transport === 'kafka' ? origin.offset : null)),
      events.map(({ event }) => event.event_id),
    ],
  );
}

/** An ingest of one topic into a recording; stopped at the end of the test. */
export function makeIngest(
  topic: Topic,
  recording: { db: Db; process: Process },
  options: { brokers?: string; concurrency?: number; checkMs?: number; normaliser?: Normaliser; log?: Log } = {},
): Ingest & AsyncDisposable {
  const {
    brokers = inject('kafka'),
    concurrency = 2,
    checkMs = 200,
    normaliser = readerOf(topic.name),
    log = quiet,
  } = options;
  const kafka = kafkaAt(brokers, log);
  const ingest = createIngest({
    createFeed: () => createKafkajsFeed({ kafka, groupId: topic.groupId, topics: [topic.name], concurrency }),
    normaliser,
    process: recording.process,
    db: recording.db,
    log,
    checkMs,
  });
  return Object.assign(ingest, { [Symbol.asyncDispose]: () => ingest.stop() });
}
