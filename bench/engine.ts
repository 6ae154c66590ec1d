// The real engine, as a consumer of Kafka drives it: normalise a batch, process it, go on.

import type { Db } from '../src/db/connect.ts';
import { createEngine, type Engine } from '../src/engine/process.ts';
import type { Normaliser } from '../src/event/normalise.ts';
import { log } from './server.ts';
import { batches, normalised, type Way } from './way.ts';
import { workload } from './workload.ts';

export function engineWay(normaliser: Normaliser): Way {
  // One engine per process, shared by its lanes.
  const engines = new WeakMap<Db, Engine>();
  return {
    decides: true,
    async lane(db, lane) {
      const engine = engines.get(db) ?? createEngine(db, log);
      engines.set(db, engine);
      const { partition } = lane;
      for (const { offset, batch } of batches(lane)) {
        const events = batch.map((delivery, index) => normalised(normaliser, lane, delivery, offset + index));
        const nextOffset = String(offset + batch.length);
        await engine.process({ events, parked: [], position: { topic: workload.topic, partition, nextOffset } });
      }
      await engine.idle();
    },
  };
}
