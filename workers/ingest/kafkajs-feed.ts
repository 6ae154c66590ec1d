// A Feed by kafkajs 2.2.4. Owns what is peculiar to that library; feed.ts says what is wanted of it.
import type { Admin, Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { UserError } from '../../src/errors.ts';
import { keyOf } from '../../src/inbox/position.ts';
import { limits } from '../../src/limits.ts';
import { tracer } from '../../src/tracing.ts';
import { kafkaOutOfReach } from './client.ts';
import { undecodableReason } from './codecs.ts';
import type { Feed, FeedHandlers, FeedRecord, TopicPartition, Watermarks } from './feed.ts';

export interface KafkajsFeedOptions {
  kafka: Kafka;
  groupId: string;
  topics: readonly string[];
  /** Partitions worked on at once; each is sequential. */
  concurrency: number;
  /** How long a silent member keeps its partitions; tests wait less. */
  sessionMs?: number;
}

export function createKafkajsFeed(options: KafkajsFeedOptions): Feed {
  const { kafka, groupId, topics, concurrency, sessionMs = limits.kafkaSessionMs } = options;
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: sessionMs,
    rebalanceTimeout: limits.kafkaRebalanceMs,
    heartbeatInterval: limits.kafkaHeartbeatMs,
    metadataMaxAge: limits.kafkaMetadataMs,
    maxWaitTimeInMs: limits.kafkaFetchWaitMs,
    maxBytesPerPartition: limits.kafkaPartitionBytes,
    maxBytes: limits.kafkaPartitionBytes * concurrency,
    // Its own restarts never end, and look healthy all the while. Who owns the feed starts another.
    retry: { restartOnFailure: async () => false },
  });
  let stopped: Promise<void> | undefined;
  // Outside of a membership kafkajs throws at whoever seeks or pauses; there is nothing to seek or pause then.
  let joined = false;
  consumer.on(consumer.events.GROUP_JOIN, () => {
    joined = true;
  });
  for (const gone of [consumer.events.CRASH, consumer.events.STOP]) {
    consumer.on(gone, () => {
      joined = false;
    });
  }

  return {
    async start(handlers) {
      await checkTopics(kafka, topics);
      listen(consumer, handlers);
      await consumer.connect();
      // Where a partition begins is told by `begin`; this is only what kafkajs falls back to when that offset is not there.
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: concurrency,
        eachBatch: (payload) => deliver(payload, handlers),
      });
    },

    begin({ topic, partition }, offset) {
      if (!joined) return;
      consumer.seek({ topic, partition, offset: offset.toString() });
      consumer.resume([{ topic, partitions: [partition] }]);
    },

    hold(partition) {
      if (joined) hold(consumer, [partition]);
    },

    watermarks: (wanted) =>
      withAdmin(kafka, async (admin) => {
        const watermarks = new Map<string, Watermarks>();
        for (const topic of wanted) {
          for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
            watermarks.set(keyOf({ topic, partition }), { low: BigInt(low), high: BigInt(high) });
          }
        }
        return watermarks;
      }),

    stop() {
      stopped ??= consumer.disconnect().catch(() => {});
      return stopped;
    },
  };
}

/** Asks the brokers something over a connection of its own: a lasting one never learns of new leaders and new partitions. */
async function withAdmin<T>(kafka: Kafka, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

async function checkTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  const present = await withAdmin(kafka, (admin) => admin.listTopics()).catch((error: unknown) => {
    throw kafkaOutOfReach(error);
  });
  const problems = topics
    .filter((topic) => !present.includes(topic))
    .map((topic) => ({
      path: topic,
      message:
        'is not there, or this user may not see it; create it (in development: milepost topics create), or correct the source that names it',
    }));
  if (problems.length > 0) throw new UserError('Kafka lacks topics that the sources name', problems);
}

function listen(consumer: Consumer, handlers: FeedHandlers): void {
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const partitions = Object.entries(payload.memberAssignment).flatMap(([topic, numbers]) =>
      numbers.map((partition): TopicPartition => ({ topic, partition })),
    );
    // Called before the first fetch: nothing comes from where the broker believes the group stands.
    hold(consumer, partitions);
    handlers.assigned(partitions);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => handlers.crashed(payload.error));
  // A fetch that held no records for us never reaches eachBatch; kafkajs moves past it by itself.
  consumer.on(consumer.events.START_BATCH_PROCESS, async ({ payload }) => {
    if (payload.batchSize > 0) return;
    await handlers.fetched({
      topic: payload.topic,
      partition: payload.partition,
      from: undefined,
      records: [],
      end: BigInt(payload.lastOffset) + 1n,
      high: BigInt(payload.highWatermark),
      heartbeat: async () => {},
      committed: async () => {},
    });
  });
}

function hold(consumer: Consumer, partitions: readonly TopicPartition[]): void {
  consumer.pause(partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
}

async function deliver({ batch, ...group }: EachBatchPayload, handlers: FeedHandlers): Promise<void> {
  // A `begin` has come since this was fetched.
  if (group.isStale()) return;
  const { topic, partition } = batch;
  const end = BigInt(batch.lastOffset()) + 1n;
  await handlers.fetched({
    topic,
    partition,
    from: fetchedOffset(batch),
    records: batch.messages.map(({ offset, timestamp, value, headers }): FeedRecord => {
      return {
        offset: BigInt(offset),
        timestamp: Number(timestamp),
        value,
        undecodable: undecodableReason(headers),
        trace: tracer() === undefined ? undefined : headers?.traceparent?.toString(),
      };
    }),
    end,
    high: BigInt(batch.highWatermark),
    heartbeat: () => group.heartbeat().catch(passMembershipLoss),
    async committed(next) {
      // Both are needed: without resolveOffset the same records come again, for ever.
      group.resolveOffset((next - 1n).toString());
      await group.commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition, offset: next.toString() }] }],
      });
    },
  });
}

const MEMBERSHIP_LOSSES = new Set([
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
]);

/** Other failures of a heartbeat are the network's: the next one may succeed, and if none does, the session runs out and is such a loss. */
function passMembershipLoss(error: Error & { type?: string }): void {
  if (MEMBERSHIP_LOSSES.has(error.type ?? '')) throw error;
}

/** Not in the library's types: it tells whether kafkajs has reset the position by itself, as it does when the offset is not there any more. */
function fetchedOffset(batch: Batch): bigint {
  const { fetchedOffset: offset } = batch as Batch & { fetchedOffset?: string | number };
  if (offset === undefined)
    throw new Error('kafkajs has changed: its batch does not say from which offset it was fetched');
  return BigInt(offset);
}
