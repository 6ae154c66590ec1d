import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  optionalDependencies?: Record<string, string>;
}

// npm leaves a binary for another platform out of the lock file when it cannot find it at that moment, and says nothing; the next `npm ci`
// then refuses the lock file, on every platform. Choose a version of the package whose binaries are all there.
test('npm ci will take package-lock.json: whatever a locked package may bring along is locked too', () => {
  const text = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
  const missing = Object.entries(packages).flatMap(([path, locked]) =>
    Object.keys(locked.optionalDependencies ?? {})
      .filter((name) => packages[`${path}/node_modules/${name}`] === undefined)
      .filter((name) => packages[`node_modules/${name}`] === undefined)
      .map((name) => `${path} → ${name}`),
  );
  expect(missing).toEqual([]);
});
