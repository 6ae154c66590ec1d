// A consumer in a process of its own, for tests that kill it. Its one argument is JSON; it tells its parent, by messages, where it stands.

import type { Process } from '../../workers/ingest/assignment.ts';
import { connect } from '../db/connect.ts';
import { makeIngest, quiet, recordInto } from './ingest.ts';

export interface ChildOptions {
  databaseUrl: string;
  topic: { name: string; groupId: string; brokers: string };
  /**
   * Where it goes wrong. `before_commit`, `after_commit`: its first batch hangs there for ever, having said so. `on_poison`: it kills itself when
   * it is given an event of that id. `slow_second`: hangs before the commit of its second batch until it is told to go on.
   */
  fault: 'none' | 'before_commit' | 'after_commit' | 'slow_second' | { on_poison: string };
}

const options: ChildOptions = JSON.parse(process.argv[2] ?? '');
const { fault } = options;
const db = connect(options.databaseUrl, { role: 'milepost_ingest', size: 4, log: quiet });
const record = recordInto(db);
const forEver = new Promise<never>(() => {});
let batches = 0;

const processWithFault: Process = async (batch, signal) => {
  batches++;
  if (typeof fault === 'object' && batch.events.some(({ event }) => event.event_id === fault.on_poison))
    process.kill(process.pid, 'SIGKILL');
  if (fault === 'before_commit') {
    process.send?.('before_commit');
    await forEver;
  }
  if (fault === 'slow_second' && batches === 2) {
    process.send?.('slow_second');
    await new Promise((resolve) => process.once('message', resolve));
  }
  const result = await record(batch, signal);
  if (fault === 'after_commit') {
    process.send?.('after_commit');
    await forEver;
  }
  return result;
};

const ingest = makeIngest(options.topic, { db, process: processWithFault });
ingest.failed.catch((error: unknown) => {
  throw error;
});
await ingest.start();
process.send?.('started');
