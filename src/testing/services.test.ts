import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findService, type ServiceRecipe } from './services.ts';

const clock: ServiceRecipe = {
  title: 'clock',
  variable: 'TEST_CLOCK_URL',
  image: 'localhost:1/milepost/no-such-image:1',
  check: async (address) => {
    if (!address.endsWith('/ticking')) throw new Error('it stands still');
  },
  container: async () => {
    throw new Error('no container of it exists');
  },
  local: async (folder) => ({ address: `local:${folder}`, stop: async () => {} }),
};

beforeEach(() => vi.stubEnv('TEST_CLOCK_URL', undefined));
afterEach(() => vi.unstubAllEnvs());

test('an address in the environment comes first', async () => {
  vi.stubEnv('TEST_CLOCK_URL', 'tower/ticking');
  expect(await findService(clock, '/tmp')).toMatchObject({ address: 'tower/ticking', origin: 'TEST_CLOCK_URL' });
});

test('an address in the environment where nothing answers is an error, shown without its password', async () => {
  vi.stubEnv('TEST_CLOCK_URL', 'clock://me:secret@tower/stopped');
  await expect(findService(clock, '/tmp')).rejects.toThrow(
    'TEST_CLOCK_URL is clock://me:…@tower/stopped, but no clock answers there: it stands still',
  );
});

test('without address and container it is started here', async () => {
  expect(await findService(clock, '/tmp')).toMatchObject({ address: 'local:/tmp', origin: 'local server' });
});

test('found nowhere, the error names all three places and each reason', async () => {
  const local = async () => {
    throw new Error('there is no clock on this machine: install one');
  };
  await expect(findService({ ...clock, local }, '/tmp')).rejects.toThrow(
    /need a clock and found none[\s\S]*TEST_CLOCK_URL is not set\n- container localhost:1\/milepost\/no-such-image:1: .+\n- local server: there is no clock on this machine: install one/,
  );
});
