// `npm run bench -- roll`: two consumers of one group are replaced one after the other while events keep coming; how long the longest of them waited
// for its commit, beside what it waits when nobody is replaced. Owns Kafka for the time, the producer, and the order of the steps.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Partitioners } from 'kafkajs';
import { table } from '../src/cli/output.ts';
import { connect, type Db } from '../src/db/connect.ts';
import { createEngine } from '../src/engine/process.ts';
import { createNormaliser } from '../src/event/normalise.ts';
import { canonicalSource } from '../src/event/source.ts';
import { limits } from '../src/limits.ts';
import { startKafka } from '../src/local/kafka.ts';
import { kafkaAt } from '../src/testing/ingest.ts';
import { createIngest, type Ingest } from '../workers/ingest/ingest.ts';
import { createKafkajsFeed } from '../workers/ingest/kafkajs-feed.ts';
import { log, startBenchServer } from './server.ts';

export interface RollOptions {
  rounds: number;
  json: boolean;
}

const TOPIC = 'bench.roll';
const PARTITIONS = 4;
const SEND_EVERY_MS = 50;
const STEADY_MS = 10_000;

export async function benchRoll(options: RollOptions): Promise<void> {
  await using server = await startBenchServer(1);
  const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-kafka-'));
  const kafka = await startKafka({ dataDir: folder });
  const db = connect(await server.freshDatabase(), { role: 'milepost_ingest', size: 8, log });
  try {
    report(options, await roll(db, kafka.brokers, options.rounds));
  } finally {
    await db.close();
    await kafka.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Rolled {
  /** The longest wait of an event for its commit, in ms: while nothing happens, and in each replacement. */
  steadyMs: number;
  stallsMs: number[];
  events: number;
}

async function roll(db: Db, brokers: string, rounds: number): Promise<Rolled> {
  const client = kafkaAt(brokers);
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
  const commits = new Map<string, number>();
  const engine = createEngine(db, log);

  function start(): Ingest {
    return createIngest({
      db,
      log,
      normaliser: createNormaliser([{ ...canonicalSource, topics: [TOPIC] }]),
      async process(batch, signal) {
        const result = await engine.process(batch, signal);
        const now = performance.now();
        for (const { event } of batch.events) if (!commits.has(event.event_id)) commits.set(event.event_id, now);
        return result;
      },
      createFeed: () => createKafkajsFeed({ kafka: client, groupId: 'bench', topics: [TOPIC], concurrency: 2 }),
    });
  }
  /** Until every partition is read by one of them. */
  async function settled(...consumers: Ingest[]): Promise<void> {
    for (;;) {
      const lanes = consumers.map((consumer) => consumer.lag());
      const reading = lanes.flat().filter(({ state }) => state === 'reading').length;
      if (reading === PARTITIONS && lanes.every(({ length }) => length > 0)) return;
      await delay(20);
    }
  }

  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const sent = new Map<string, number>();
  const producing = new AbortController();
  async function produce(): Promise<void> {
    for (let no = 0; !producing.signal.aborted; no++) {
      const events = Array.from({ length: PARTITIONS }, (_, partition) => ({
        partition,
        id: `roll-${partition}-${no}`,
      }));
      for (const { id } of events) sent.set(id, performance.now());
      await producer.send({
        topic: TOPIC,
        messages: events.map(({ partition, id }) => ({ partition, value: eventOf(id) })),
      });
      await delay(SEND_EVERY_MS);
    }
  }
  /** The longest wait of the events sent during `step`. */
  async function longestWait(step: () => Promise<void>): Promise<number> {
    const from = performance.now();
    await step();
    const to = performance.now();
    const during = [...sent].filter(([, at]) => at >= from && at <= to);
    while (during.some(([id]) => !commits.has(id))) await delay(20);
    return Math.max(...during.map(([id, at]) => (commits.get(id) as number) - at));
  }

  let first = start();
  let second = start();
  await first.start();
  await second.start();
  await settled(first, second);
  const producingEnds = produce();
  await delay(2_000);
  const steadyMs = await longestWait(() => delay(STEADY_MS));
  const stallsMs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    stallsMs.push(
      await longestWait(async () => {
        await first.stop();
        first = start();
        await first.start();
        await settled(first, second);
        await delay(1_000);
      }),
    );
    [first, second] = [second, first];
  }
  producing.abort();
  await producingEnds;
  await first.stop();
  await second.stop();
  await producer.disconnect();
  await engine.idle();
  const { rows } = await db.pool.query(
    "select count(*)::integer as count from milepost.event_key where event_id like 'roll-%'",
  );
  assert.equal(rows[0].count, sent.size, 'every event once');
  return { steadyMs, stallsMs, events: sent.size };
}

function eventOf(id: string): string {
  const occurred = new Date().toISOString();
  const names = { event_id: id, event_type: 'payment_success', event_version: '1.0', producer: 'bench', user_id: id };
  return JSON.stringify({
    ...names,
    occurred_at: occurred,
    attributes: { transaction_type: 'UPI', transaction_amount: 1 },
  });
}

function report({ json }: RollOptions, { steadyMs, stallsMs, events }: Rolled): void {
  const round = Math.round;
  process.stdout.write(
    `${table(
      ['', 'LONGEST WAIT OF AN EVENT'],
      [
        ['nobody is replaced', `${round(steadyMs)} ms`],
        ...stallsMs.map((ms, index) => [`replacement ${index + 1}`, `${round(ms)} ms`]),
      ],
    )}\n\n${events} events, each committed once; heartbeats every ${limits.kafkaHeartbeatMs} ms.\n`,
  );
  if (!json) return;
  const figures = {
    steady_ms: round(steadyMs),
    stalls_ms: stallsMs.map(round),
    longest_stall_ms: round(Math.max(...stallsMs)),
    events,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
