// A Kafka record as a message. Pure.
import type { Instant } from '../time.ts';
import { readTraceParent } from '../tracing.ts';
import type { Message } from './event.ts';

/** One record of a topic, as any client has it. */
export interface KafkaRecord {
  readonly offset: bigint;
  /** Milliseconds since the Unix epoch; negative when the record carries none. */
  readonly timestamp: number;
  /** Null for a tombstone. */
  readonly value: Uint8Array | null;
  /** Its header `traceparent`; undefined where it has none, or traces are off. */
  readonly trace?: string | undefined;
}

const nothing = new Uint8Array();

/**
 * The record as a message. It was received at its own timestamp, so that an outage of consumers makes nothing late, but never after `now`: a
 * producer's clock that is ahead does not count.
 */
export function messageFromKafka(record: KafkaRecord, topic: string, partition: number, now: Instant): Message {
  return {
    bytes: record.value ?? nothing,
    origin: { transport: 'kafka', topic, partition, offset: record.offset.toString() },
    receivedAt: record.timestamp < 0 ? now : Math.min(record.timestamp, now),
    ...(record.trace === undefined || readTraceParent(record.trace) === undefined ? {} : { trace: record.trace }),
  };
}
