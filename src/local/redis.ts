// A local Redis: the redis-server of this machine, on 127.0.0.1, its snapshot in a folder. Owns start and stop; what it holds is a projection.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { type ServerProcess, startServer } from './server-process.ts';

export interface LocalRedis extends ServerProcess {
  url: string;
}

/** Starts Redis on a folder; what was there at the last orderly stop is there again. */
export async function startRedis(options: { dataDir: string; port?: number }): Promise<LocalRedis> {
  await mkdir(options.dataDir, { recursive: true });
  const port = await freePort(options.port);
  const server = await startServer({
    name: 'Redis',
    // One save point, so that SIGTERM writes a snapshot; the interval hardly ever comes.
    command: [
      'redis-server',
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--dir',
      options.dataDir,
      '--save',
      '3600 1',
    ],
    stopSignal: 'TERM',
    killSignal: 'KILL',
    logFile: join(dirname(options.dataDir), 'redis.log'),
    probe: () => ping(port),
    whenMissing:
      'there is no redis-server on this machine: install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)',
  });
  return { url: `redis://127.0.0.1:${port}`, ...server };
}

async function ping(port: number): Promise<void> {
  const client = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
  // The client also emits what connect() throws.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.disconnect();
  }
}
