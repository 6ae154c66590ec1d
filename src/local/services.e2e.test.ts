import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('npm run services prints one line for a shell, stays, and stops all three on a signal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  const script = spawn(process.execPath, [join(import.meta.dirname, 'services.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [output] = await once(script.stdout, 'data');
    const line = String(output);
    expect(line).toMatch(/^export DATABASE_URL=postgres:\S+ KAFKA_BROKERS=\S+ REDIS_URL=redis:\S+\n$/);
    const ports = [...line.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
    expect(await Promise.all(ports.map(answers))).toEqual([true, true, true]);

    script.kill('SIGINT');
    expect(await once(script, 'exit')).toEqual([0, null]);
    expect(await Promise.all(ports.map(answers))).toEqual([false, false, false]);
  } finally {
    // Its servers hang on its lifeline.
    script.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
