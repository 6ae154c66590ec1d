// Ingestion as its tests run it, in a test or in a child process: one topic of canonical events, and a process that leaves a row for every event
// it commits, so that a skipped or doubled one shows.
import type { Kafka } from 'kafkajs';
import type { Process } from '../../workers/ingest/assignment.ts';
import { createKafka } from '../../workers/ingest/client.ts';
import { createIngest, type Ingest } from '../../workers/ingest/ingest.ts';
import { createKafkajsFeed } from '../../workers/ingest/kafkajs-feed.ts';
import type { Db } from '../db/connect.ts';
import { failureOf } from '../db/failure.ts';
import { transaction } from '../db/transaction.ts';
import { messageOf } from '../errors.ts';
import type { IncomingEvent } from '../event/event.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import { advancePosition, PositionMoved, park } from '../inbox/store.ts';
import { createLog, type Log } from '../log.ts';

export const quiet: Log = createLog({ level: process.argv.includes('--loud') ? 'debug' : 'silent' });

export function kafkaAt(brokers: string, log: Log = quiet): Kafka {
  const settings = { KAFKA_BROKERS: brokers.split(','), KAFKA_CLIENT_ID: 'milepost-test', KAFKA_TLS: false };
  return createKafka(
    { ...settings, KAFKA_SASL_MECHANISM: undefined, KAFKA_SASL_USERNAME: undefined, KAFKA_SASL_PASSWORD: undefined },
    log,
  );
}

/** A process that leaves its trace in `public.committed`. */
export function recordInto(db: Db): Process {
  return async (batch) => {
    try {
      await transaction(db, async (tx) => {
        await insertCommitted(tx.client, batch.events);
        await park(tx, batch.parked, Date.now());
        if (batch.position !== undefined) await advancePosition(tx, batch.position, Date.now());
      });
    } catch (error) {
      throw failureOf(error) === 'position_moved' ? new PositionMoved(messageOf(error)) : error;
    }
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
  topic: { name: string; groupId: string; brokers: string },
  recording: { db: Db; process: Process },
  options: { concurrency?: number; checkMs?: number; log?: Log } = {},
): Ingest & AsyncDisposable {
  const { concurrency = 2, checkMs = 200, log = quiet } = options;
  const kafka = kafkaAt(topic.brokers, log);
  const ingest = createIngest({
    createFeed: () =>
      // The shortest session that brokers take.
      createKafkajsFeed({ kafka, groupId: topic.groupId, topics: [topic.name], concurrency, sessionMs: 6_000 }),
    normaliser: createNormaliser([{ ...canonicalSource, topics: [topic.name] }]),
    process: recording.process,
    db: recording.db,
    log,
    checkMs,
    pauseMs: checkMs,
  });
  return Object.assign(ingest, { [Symbol.asyncDispose]: () => ingest.stop() });
}
