// A process of its own that starts the server it is given and reports that it is up; the test of the lifeline kills it.
import assert from 'node:assert/strict';
import { startServer } from '../local/server-process.ts';

const [logFile = '', script = ''] = process.argv.slice(2);
await startServer({
  name: 'orphan',
  command: ['sh', '-c', script],
  stopSignal: 'TERM',
  killSignal: 'KILL',
  logFile,
  // Not before it has set its trap: a signal would end it without a word.
  probe: async (output) => assert(output.includes('up'), 'not up'),
  whenMissing: '',
});
process.send?.('up');
