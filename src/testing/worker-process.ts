// A worker in a process of its own, for tests that kill it. Its options come as JSON in the first argument; it says `ready` to its parent.
import { createWorker } from '../../workers/worker.ts';
import { createLog } from '../log.ts';

const [options = ''] = process.argv.slice(2);
const worker = createWorker({ ...JSON.parse(options), log: createLog({ level: 'silent' }) });
await worker.start();
process.send?.('ready');
