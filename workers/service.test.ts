import { expect, test } from 'vitest';
import { type Service, startAll, stopAll } from './service.ts';

/** A part that tells what is asked of it. */
function part(name: string, told: string[], own: Partial<Pick<Service, 'start' | 'stop'>> = {}): Service {
  return {
    name,
    failed: new Promise<never>(() => {}),
    async start() {
      told.push(`start ${name}`);
      await own.start?.();
    },
    async stop() {
      told.push(`stop ${name}`);
      await own.stop?.();
    },
  };
}

test('parts start one after the other; when one cannot, those that have started are stopped, and its error is told', async () => {
  const told: string[] = [];
  const broken = part('b', told, { start: () => Promise.reject(new Error('no port')) });
  await expect(startAll([part('a', told), broken, part('c', told)])).rejects.toThrow('no port');
  expect(told).toEqual(['start a', 'start b', 'stop a']);
});

test('a stop is told to all at once: one that takes its time keeps no other from finishing what is in flight', async () => {
  const told: string[] = [];
  const slow = Promise.withResolvers<void>();
  const stopped = stopAll([part('quick', told), part('slow', told, { stop: () => slow.promise })]);
  expect(told).toEqual(['stop slow', 'stop quick']);
  slow.resolve();
  await stopped;
});

test('a part that fails to stop is told, after the others have stopped', async () => {
  const told: string[] = [];
  const failing = part('a', told, { stop: () => Promise.reject(new Error('stuck')) });
  const late = Promise.withResolvers<void>();
  const stopped = stopAll([part('b', told, { stop: () => late.promise }), failing]);
  let over = false;
  stopped.catch(() => {
    over = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(over).toBe(false);
  late.resolve();
  await expect(stopped).rejects.toMatchObject({ errors: [new Error('stuck')] });
});
