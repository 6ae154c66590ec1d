// A way of taking events in: what the benchmark compares. Every way gets the same bytes and normalises them itself, as a consumer does.
import assert from 'node:assert/strict';
import type { Db } from '../src/db/connect.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import { messageFromKafka } from '../src/event/from-kafka.ts';
import type { Normaliser } from '../src/event/normalise.ts';
import { limits } from '../src/limits.ts';
import { type Delivery, type Lane, recordOf, workload } from './workload.ts';

export interface Way {
  /** Whether it keeps progress and claims, which are then checked. */
  decides: boolean;
  /** Takes one lane's messages in, to the end. Lanes run side by side on the same database. */
  lane(db: Db, lane: Lane): Promise<void>;
}

/** A lane's messages in batches, each with the offset of its first. */
export function* batches({ deliveries }: Lane): Generator<{ offset: number; batch: Delivery[] }> {
  for (let offset = 0; offset < deliveries.length; offset += limits.batchEvents) {
    yield { offset, batch: deliveries.slice(offset, offset + limits.batchEvents) };
  }
}

/** A message as the event that the engine takes. */
export function normalised(normaliser: Normaliser, lane: Lane, delivery: Delivery, offset: number): IncomingEvent {
  const message = messageFromKafka(recordOf(delivery, offset), workload.topic, lane.partition, Date.now());
  const result = normaliser.normalise('canonical', message);
  assert(result.kind === 'event', 'the load is made of good messages');
  return result.event;
}
