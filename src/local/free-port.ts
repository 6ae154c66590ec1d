// Ports for servers started on this machine. Owns how one is chosen; never holds it: the server that is given it does.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { UserError } from '../errors.ts';

/**
 * The wanted port if nothing listens on it, else a UserError; without a wish, any free port between 20000 and 31999. That range lies
 * below the one from which systems serve outgoing connections, so a server that is stopped and started again finds its port free.
 */
export async function freePort(wanted?: number): Promise<number> {
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted;
    throw new UserError(`port ${wanted} on 127.0.0.1 is in use: stop what listens there, or choose another port`);
  }
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new UserError('found no free port between 20000 and 31999 on 127.0.0.1 in 100 attempts');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
