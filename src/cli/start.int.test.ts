// The process `milepost start`, where it cannot begin.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { freePort } from '../local/free-port.ts';
import { testDatabase } from '../testing/database.ts';

const main = join(import.meta.dirname, 'main.ts');

test('what is missing ends the process, whatever else could be connected to', async () => {
  await using database = await testDatabase();
  const child = spawn(process.execPath, [main, 'start', '--role', 'ingest'], {
    env: { DATABASE_URL: database.url, REDIS_URL: `redis://127.0.0.1:${await freePort()}`, METRICS_PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 180_000,
    killSignal: 'SIGKILL',
  });
  const [said, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(said).toContain('KAFKA_BROKERS is not set');
  expect([code, signal]).toEqual([2, null]);
});
