// What the group has given to this process, until it gives anew: one lane per partition. Owns where each begins, how its records become batches,
// and its alarms. A record is never skipped: what cannot be read, or is not there any more, stops its partition until a person has decided.
import { Gauge } from 'prom-client';
import type { Db } from '../../src/db/connect.ts';
import { transaction } from '../../src/db/transaction.ts';
import type { Batch, BatchResult } from '../../src/engine/batch.ts';
import { messageFromKafka } from '../../src/event/from-kafka.ts';
import type { Normaliser } from '../../src/event/normalise.ts';
import { type Pause, pauseOf, readPauses } from '../../src/inbox/pause.ts';
import { type Alarm, keyOf, notePosition, raiseAlarm, readPositions } from '../../src/inbox/position.ts';
import { PositionMoved } from '../../src/inbox/store.ts';
import { limits } from '../../src/limits.ts';
import type { Log } from '../../src/log.ts';
import { registry } from '../../src/metrics.ts';
import type { Feed, FeedRecord, Fetched, TopicPartition } from './feed.ts';
import { type FirstBatch, processFirst, type Span } from './first-batch.ts';
import { insist } from './insist.ts';
import { createLane, delayOf, judgeFetch, judgePosition, judgeRecords, judgeStart, type Lane, lagOf } from './lane.ts';

const lagMessages = new Gauge({
  name: 'milepost_kafka_lag_messages',
  help: 'Messages of a partition that are not committed yet.',
  labelNames: ['topic', 'partition'],
  registers: [registry],
});
const alarmed = new Gauge({
  name: 'milepost_kafka_alarm',
  help: '1 for a partition that is not read until a person has decided (source_alarm).',
  labelNames: ['topic', 'partition', 'reason'],
  registers: [registry],
});

const paused = new Gauge({
  name: 'milepost_ingest_paused',
  help: '1 for a partition that is not read because a person has paused its topic (milepost ingest pause).',
  labelNames: ['topic', 'partition'],
  registers: [registry],
});
/** Lanes of assignments that have not ended. */
const measured = new Set<Lane>();
new Gauge({
  name: 'milepost_kafka_lag_seconds',
  help: 'For how long, at most, the oldest message of a partition that is not committed has waited.',
  labelNames: ['topic', 'partition'],
  registers: [registry],
  // When it is asked for, since it grows while nothing happens.
  collect() {
    this.reset();
    const at = { monotonic: performance.now(), clock: Date.now() };
    for (const lane of measured) {
      const delay = delayOf(lane, at);
      if (delay !== undefined) this.set({ topic: lane.topic, partition: lane.partition }, delay / 1_000);
    }
  },
});

/** Commits a batch or leaves it untouched. Rejects only with PositionMoved, or when `signal` is aborted, and then soon. */
export type Process = (batch: Batch, signal: AbortSignal) => Promise<BatchResult>;

export interface AssignmentOptions {
  normaliser: Normaliser;
  process: Process;
  db: Db;
  log: Log;
}

export interface Assignment {
  readonly lanes: readonly Lane[];
  /** Takes what one fetch brought, after whatever is under way on that partition. */
  fetched(batch: Fetched): Promise<void>;
  /** Compares positions with what the brokers hold, and looks for alarms that a person has ended. Rejects with StalledFeed when nothing comes. */
  check(): Promise<void>;
  /** Stops reading what is paused, after the batch under way, and reads on what no longer is. */
  follow(pauses: readonly Pause[]): void;
  /** No further batch begins; those under way end soon, and the broker hears of them. */
  wind(): void;
  /** Another assignment has come, or the feed is gone: this one says no more to it. */
  end(): void;
}

/** The feed delivers nothing although there is something. */
export class StalledFeed extends Error {}

/** The work under way on each partition, across assignments: never two at a time. */
export type Turns = Map<string, Promise<void>>;

/** Takes over partitions that `feed` holds, and begins them as soon as their positions are known. */
export function createAssignment(
  feed: Feed,
  partitions: readonly TopicPartition[],
  turns: Turns,
  options: AssignmentOptions,
): Assignment {
  const { normaliser, process, db, log } = options;
  const lanes = new Map(partitions.map((partition) => [keyOf(partition), createLane(partition)]));
  const winding = new AbortController();
  const { signal } = winding;
  const patience = { signal, log };
  let ended = false;

  // --- beginning

  /** Begins lanes where PostgreSQL says, once the last assignment's work on them has ended. Waits while either side is away. */
  async function open(opening: readonly Lane[]): Promise<void> {
    await Promise.all(opening.map((lane) => turns.get(keyOf(lane))));
    for (const { lane, stored, marks, pause } of await insist(
      'looking up positions',
      () => lookUp(opening),
      patience,
    )) {
      const verdict = judgeStart(stored, marks);
      lane.watermarks = marks;
      lane.next = stored.next ?? marks.low;
      if (verdict.kind === 'alarm') {
        await raise(lane, verdict.alarm);
      } else {
        // Kept from the beginning, so that records lost before the first batch are missed.
        if (stored.next === undefined) await insist('noting a position', () => noteFirst(lane, marks.low), patience);
        if (signal.aborted) return;
        if (pause !== undefined) {
          halt(lane, pause);
          measure(lane);
          continue;
        }
        lane.state = 'reading';
        lane.heardAt = performance.now();
        feed.begin(lane, lane.next);
        log.info({ topic: lane.topic, partition: lane.partition, offset: String(lane.next) }, 'reading a partition');
      }
      measure(lane);
    }
  }

  async function lookUp(wanted: readonly Lane[]) {
    if (wanted.length === 0) return [];
    const topics = [...new Set(wanted.map(({ topic }) => topic))];
    const [positions, watermarks, pauses] = await Promise.all([
      readPositions(db, wanted),
      feed.watermarks(topics),
      readPauses(db),
    ]);
    return wanted.map((lane, index) => {
      const marks = watermarks.get(keyOf(lane));
      const stored = positions[index];
      if (marks === undefined || stored === undefined)
        throw new Error(`the brokers do not say what ${keyOf(lane)} holds`);
      return { lane, stored, marks, pause: pauseOf(lane.topic, pauses) };
    });
  }

  /** A person has said that the topic is not read. */
  function halt(lane: Lane, { by, reason }: Pause): void {
    const { topic, partition } = lane;
    lane.state = 'paused';
    feed.hold(lane);
    paused.set({ topic, partition }, 1);
    log.warn({ topic, partition, offset: String(lane.next), by, reason }, 'a partition is not read: paused');
  }

  function noteFirst(lane: Lane, next: bigint): Promise<void> {
    return transaction(db, (tx) => notePosition(tx, lane, next));
  }

  /** What is waited for ends with the assignment; anything else that goes wrong is a mistake in the program. */
  function inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  // --- records

  /** Runs `work` when nothing else is under way on the lane's partition. */
  function inTurn(lane: Lane, work: () => Promise<void>): Promise<void> {
    const key = keyOf(lane);
    const done = (turns.get(key) ?? Promise.resolve()).then(work);
    const turn = done.then(
      () => {},
      () => {},
    );
    turns.set(key, turn);
    void turn.then(() => {
      if (turns.get(key) === turn) turns.delete(key);
    });
    return done;
  }

  async function take(lane: Lane, batch: Fetched): Promise<void> {
    // Called off meanwhile, or held.
    if (signal.aborted || lane.state !== 'reading') return;
    let lost: { error: unknown } | undefined;
    // More often than is wanted: one that comes a moment too early is not sent, and the next may be too late.
    const beating = setInterval(() => {
      batch.heartbeat().catch((error: unknown) => {
        // The group wants its members back, or has forgotten this one.
        lost ??= { error };
        winding.abort();
      });
    }, limits.kafkaHeartbeatMs / 3);
    try {
      await readThrough(lane, batch);
    } catch (error) {
      if (error instanceof PositionMoved) startOver(lane, error);
      else if (!signal.aborted) throw error;
    } finally {
      clearInterval(beating);
    }
    if (lost !== undefined) throw lost.error;
  }

  /** Another consumer, a person or a restored backup has moved the stored position: it alone counts. */
  function startOver(lane: Lane, cause: PositionMoved): void {
    log.warn(
      { topic: lane.topic, partition: lane.partition, offset: String(lane.next) },
      `${cause.message}; beginning again where it is`,
    );
    feed.hold(lane);
    lane.state = 'opening';
    lane.proven = false;
    inBackground(open([lane]));
  }

  async function readThrough(lane: Lane, batch: Fetched): Promise<void> {
    if (batch.from !== lane.next && !(await mayGoOn(lane, batch))) return;
    const { records } = batch;
    if (records.length === 0) return advance(lane, batch, [], batch.end);
    for (let from = 0; from < records.length && isRead(lane); ) {
      const alarm = judgeRecords(records, from);
      if (alarm !== undefined) return raise(lane, alarm);
      const slice = sliceOf(records, from);
      // The rest of a fetch comes again with the next one, as part of a whole batch.
      if (from > 0 && slice.length < limits.batchEvents / 2 && batch.end < batch.high) return;
      from += slice.length;
      await advance(lane, batch, slice, records[from] === undefined ? batch.end : lastOf(slice).offset + 1n);
    }
  }

  /** Until it is called off, or paused. */
  const isRead = (lane: Lane): boolean => !signal.aborted && lane.state === 'reading';

  /** Looks closer when records do not begin where the lane stands. */
  async function mayGoOn(lane: Lane, batch: Fetched): Promise<boolean> {
    const [found] = await insist('asking for watermarks', () => lookUp([lane]), patience);
    if (found === undefined || lane.next === undefined) return false;
    const verdict = judgeFetch(lane.next, batch, found.marks);
    if (verdict.kind === 'alarm') await raise(lane, verdict.alarm);
    if (verdict.kind === 'drop') feed.begin(lane, lane.next);
    return verdict.kind === 'read';
  }

  /** Commits a slice and moves on to `next`: in the database first, then in the feed. */
  async function advance(lane: Lane, batch: Fetched, slice: readonly FeedRecord[], next: bigint): Promise<void> {
    const from = lane.next;
    if (from === undefined) return;
    if (lane.proven || slice.length === 0) await process(batchOf(lane, slice, { from, next }), signal);
    else await processFirst(firstBatchOf(lane, slice, { from, next }), { db, ...patience });
    const last = slice.at(-1);
    if (last !== undefined) lane.proven = true;
    if (last !== undefined && last.timestamp >= 0) lane.committedTo = last.timestamp;
    lane.next = next;
    lane.heardAt = performance.now();
    lane.watermarks = { low: lane.watermarks?.low ?? 0n, high: batch.high };
    if (ended) return;
    measure(lane);
    await batch.committed(next);
  }

  function batchOf(lane: Lane, records: readonly FeedRecord[], span: Span): Batch {
    const batch = emptyBatch(lane, span);
    const now = Date.now();
    for (const record of records) {
      const normalised = normaliser.normalise(lane.topic, messageFromKafka(record, lane.topic, lane.partition, now));
      if (normalised.kind === 'event') batch.events.push(normalised.event);
      else batch.parked.push(normalised.parked);
    }
    return batch;
  }

  function firstBatchOf(lane: Lane, records: readonly FeedRecord[], span: Span): FirstBatch {
    return {
      partition: { topic: lane.topic, partition: lane.partition },
      records,
      span,
      batchOf: (some, part) => batchOf(lane, some, part),
      quarantineOf: (record, part) => quarantineOf(lane, record, part),
      process: (part) => process(part, signal),
    };
  }

  function quarantineOf(lane: Lane, record: FeedRecord, span: Span): Batch {
    const { bytes, origin, receivedAt } = messageFromKafka(record, lane.topic, lane.partition, Date.now());
    const source = normaliser.sourceOf(lane.topic)?.sourceId ?? lane.topic;
    const detail = 'the process died each time it worked on this message';
    const parked = { source, origin, bytes, receivedAt, reason: 'quarantined', detail } as const;
    return { ...emptyBatch(lane, span), parked: [parked] };
  }

  // --- alarms

  /** Holds the partition and keeps the alarm, so that a restart does not forget it. */
  async function raise(lane: Lane, alarm: Alarm): Promise<void> {
    const { topic, partition } = lane;
    lane.state = 'alarmed';
    lane.alarm = alarm;
    feed.hold(lane);
    alarmed.set({ topic, partition, reason: alarm.reason }, 1);
    const next = lane.next ?? 0n;
    log.error(
      { topic, partition, offset: String(next), reason: alarm.reason },
      `a partition is not read until a person has decided (docs/kafka.md): ${alarm.detail}`,
    );
    await insist('keeping an alarm', () => transaction(db, (tx) => raiseAlarm(tx, lane, next, alarm)), patience);
  }

  // --- the regular look

  async function check(): Promise<void> {
    // Positions of before the question: what is read meanwhile must not look like a position beyond the end.
    const before = new Map([...lanes.values()].filter(isIdle).map((lane) => [lane, lane.next]));
    const looked = await lookUp([...before.keys()]);
    if (signal.aborted) return;
    for (const { lane, stored, marks } of looked) {
      const next = before.get(lane);
      if (!isIdle(lane) || next === undefined || next !== lane.next) continue;
      lane.watermarks = marks;
      measure(lane);
      if (lane.state === 'alarmed') {
        if (stored.alarm === undefined) await reopen(lane);
      } else if (stored.next !== next) {
        startOver(lane, new PositionMoved(`the position of ${keyOf(lane)} is not ${next} any more`));
      } else {
        const alarm = judgePosition(next, marks);
        if (alarm !== undefined) await inTurn(lane, () => raise(lane, alarm));
        else if (lane.state === 'reading') mustBeHeard(lane);
      }
    }
  }

  /** There are records, nothing is under way, and still none come: a client that looks well and does nothing. */
  function mustBeHeard(lane: Lane): void {
    if (turns.size > 0 || lagOf(lane) === 0n || performance.now() - lane.heardAt < limits.kafkaStallMs) return;
    throw new StalledFeed(
      `no records of ${keyOf(lane)} came for ${limits.kafkaStallMs / 60_000} minutes, though there are some from ${lane.next} on`,
    );
  }

  const isIdle = (lane: Lane): boolean => lane.state !== 'opening' && !turns.has(keyOf(lane));

  /** A person has ended the alarm. */
  async function reopen(lane: Lane): Promise<void> {
    log.info({ topic: lane.topic, partition: lane.partition, reason: lane.alarm?.reason }, 'the alarm is over');
    unmeasure(lane);
    lane.state = 'opening';
    lane.alarm = undefined;
    lane.proven = false;
    await open([lane]);
  }

  /** Reads again from where the lane stands, once what is under way on it has ended. */
  function readOn(lane: Lane): void {
    log.info({ topic: lane.topic, partition: lane.partition }, 'a partition is not paused any more');
    paused.remove({ topic: lane.topic, partition: lane.partition });
    lane.state = 'opening';
    lane.proven = false;
    inBackground(open([lane]));
  }

  inBackground(open([...lanes.values()]));

  return {
    lanes: [...lanes.values()],
    async fetched(batch) {
      const lane = lanes.get(keyOf(batch));
      if (lane !== undefined) await inTurn(lane, () => take(lane, batch));
    },
    check,
    follow(pauses) {
      if (signal.aborted) return;
      for (const lane of lanes.values()) {
        const pause = pauseOf(lane.topic, pauses);
        if (lane.state === 'reading' && pause !== undefined) halt(lane, pause);
        else if (lane.state === 'paused' && pause === undefined) readOn(lane);
      }
    },
    wind: () => winding.abort(),
    end() {
      ended = true;
      winding.abort();
      for (const lane of lanes.values()) unmeasure(lane);
    },
  };
}

/** As many records as one batch takes, up to the first that cannot be read. */
function sliceOf(records: readonly FeedRecord[], from: number): readonly FeedRecord[] {
  const slice = records.slice(from, from + limits.batchEvents);
  const broken = slice.findIndex(({ undecodable }) => undecodable !== undefined);
  return broken === -1 ? slice : slice.slice(0, broken);
}

function lastOf(slice: readonly FeedRecord[]): FeedRecord {
  const last = slice.at(-1);
  if (last === undefined) throw new Error('a slice is never empty');
  return last;
}

function emptyBatch({ topic, partition }: TopicPartition, { from, next }: Span): Batch {
  const position = { topic, partition, fromOffset: from.toString(), nextOffset: next.toString() };
  return { events: [], parked: [], position };
}

function measure(lane: Lane): void {
  const lag = lagOf(lane);
  if (lag === undefined) return;
  measured.add(lane);
  lagMessages.set({ topic: lane.topic, partition: lane.partition }, Number(lag));
  if (lag === 0n) lane.caughtUpAt = performance.now();
}

function unmeasure(lane: Lane): void {
  const { topic, partition, alarm } = lane;
  measured.delete(lane);
  lagMessages.remove({ topic, partition });
  paused.remove({ topic, partition });
  if (alarm !== undefined) alarmed.remove({ topic, partition, reason: alarm.reason });
}
