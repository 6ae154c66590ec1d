// A thread of a simulation: replays buckets of the shared agenda on connections of its own, and sends back what it has counted.
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../db/connect.ts';
import { createLog } from '../log.ts';
import { agendaIn } from './agenda.ts';
import { type Counts, replay } from './replay.ts';
import type { Scene } from './scene.ts';

/** What a thread is given. */
export interface Errand {
  url: string;
  scene: Scene;
  memory: SharedArrayBuffer;
}

const { url, scene, memory } = workerData as Errand;
const log = createLog({ level: 'warn' });
const db = connect(url, { role: 'milepost_support', size: 1, log, name: 'milepost simulate' });
let counts: Counts;
try {
  counts = await replay(db, scene, agendaIn(memory));
} finally {
  await db.close();
}
// Last of all: who gets it ends this thread.
parentPort?.postMessage(counts);
