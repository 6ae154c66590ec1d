// A lane: one partition that the group has given to this process, and what may happen to it. Pure judgements on positions; ingest.ts acts on them.
import type { Alarm, StoredPosition } from '../../src/inbox/position.ts';
import type { FeedRecord, Fetched, TopicPartition, Watermarks } from './feed.ts';

export interface Lane extends TopicPartition {
  /**
   * Opening: its position is being looked up. Reading: fetched from `next` on. Paused: a person has said that its topic is not read.
   * Alarmed: not read until a person has decided.
   */
  state: 'opening' | 'reading' | 'paused' | 'alarmed';
  /** The offset to read next: all below is committed. Undefined while opening. */
  next: bigint | undefined;
  /** What the brokers were last seen to hold. */
  watermarks: Watermarks | undefined;
  alarm: Alarm | undefined;
  /** When it was last opened or read, by the monotonic clock. */
  heardAt: number;
  /** When nothing was left to be read, by the monotonic clock; undefined when that has not been seen. */
  caughtUpAt: number | undefined;
  /** The timestamp of the last record committed; undefined before the first. */
  committedTo: number | undefined;
  /** A batch has been committed since the assignment: its next one needs no note that it begins. */
  proven: boolean;
}

export function createLane({ topic, partition }: TopicPartition): Lane {
  return {
    topic,
    partition,
    state: 'opening',
    next: undefined,
    watermarks: undefined,
    alarm: undefined,
    heardAt: 0,
    caughtUpAt: undefined,
    committedTo: undefined,
    proven: false,
  };
}

/** Messages still to be read; undefined while unknown. */
export function lagOf({ next, watermarks }: Lane): bigint | undefined {
  if (next === undefined || watermarks === undefined) return undefined;
  return watermarks.high > next ? watermarks.high - next : 0n;
}

/**
 * For how many milliseconds, at most, the oldest record that is not committed has waited: no longer than since nothing was left, and, where records
 * are in the order of their times, no longer than since the last one committed was made. Undefined while neither is known.
 */
export function delayOf(lane: Lane, at: { monotonic: number; clock: number }): number | undefined {
  const lag = lagOf(lane);
  if (lag === undefined) return undefined;
  if (lag === 0n) return 0;
  const bounds = [
    ...(lane.caughtUpAt === undefined ? [] : [at.monotonic - lane.caughtUpAt]),
    ...(lane.committedTo === undefined ? [] : [at.clock - lane.committedTo]),
  ];
  return bounds.length === 0 ? undefined : Math.max(0, Math.min(...bounds));
}

export type Verdict = { kind: 'read'; from: bigint } | { kind: 'drop' } | { kind: 'alarm'; alarm: Alarm };

/** Where a partition just assigned begins: at the stored position, which must still be there; at the oldest record when there is none. */
export function judgeStart(stored: StoredPosition, watermarks: Watermarks): Verdict {
  if (stored.alarm !== undefined) return { kind: 'alarm', alarm: stored.alarm };
  if (stored.next === undefined) return { kind: 'read', from: watermarks.low };
  const alarm = judgePosition(stored.next, watermarks);
  return alarm === undefined ? { kind: 'read', from: stored.next } : { kind: 'alarm', alarm };
}

/** Whether the records from `next` on are still there. */
export function judgePosition(next: bigint, { low, high }: Watermarks): Alarm | undefined {
  if (next < low) {
    return {
      reason: 'records_gone',
      detail: `the records ${next} to ${low - 1n} were never read and are gone (retention, or deleted); the oldest one left is ${low}`,
    };
  }
  if (next > high) {
    return {
      reason: 'log_restarted',
      detail: `the position is ${next}, but the partition ends at ${high}: the topic was made anew, or it lost records`,
    };
  }
  return undefined;
}

/** What to do with a fetch that was not made from where the lane stands. `watermarks` were asked for afterwards. */
export function judgeFetch(
  next: bigint,
  { from, end }: Pick<Fetched, 'from' | 'end'>,
  watermarks: Watermarks,
): Verdict {
  const alarm = judgePosition(next, watermarks);
  if (alarm !== undefined) return { kind: 'alarm', alarm };
  // Past marks and compacted records the client goes by itself, and nothing of ours is missing in between.
  if (from === undefined ? end > next : from >= next) return { kind: 'read', from: next };
  // The oldest record is where a client begins anew when it found nothing at `next`, and yet the partition reaches beyond `next` now.
  if (from === watermarks.low) {
    const detail = `the client found no record ${next} and began again at ${from}: the topic was made anew, or it lost records`;
    return { kind: 'alarm', alarm: { reason: 'log_restarted', detail } };
  }
  return { kind: 'drop' };
}

/** What cannot be read, from `from` on; undefined when that record is sound. */
export function judgeRecords(records: readonly FeedRecord[], from: number): Alarm | undefined {
  const first = records[from];
  if (first?.undecodable === undefined) return undefined;
  let last = first;
  for (const record of records.slice(from)) {
    if (record.undecodable === undefined) break;
    last = record;
  }
  const detail = `the records ${first.offset} to ${last.offset} cannot be read: ${first.undecodable}; the next ones begin at ${last.offset + 1n}`;
  return { reason: 'undecodable', detail };
}
