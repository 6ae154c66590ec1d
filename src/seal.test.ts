import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSealer } from './seal.ts';

const older = { id: '2025', key: randomBytes(32) };
const newer = { id: '2026', key: randomBytes(32) };

test('what is sealed opens again, and says nothing meanwhile', () => {
  const { seal, open } = createSealer([older]);
  const sealed = seal('AMZN-ÜÖ-1234', ['U1', 'game']);
  expect(open(sealed, ['U1', 'game'])).toBe('AMZN-ÜÖ-1234');
  expect(Buffer.from(sealed.bytes, 'base64').toString('latin1')).not.toContain('AMZN');
  expect(seal('AMZN-ÜÖ-1234', ['U1', 'game']).bytes).not.toBe(sealed.bytes);
});

test('it opens for nobody else, changed not at all, and with another key neither', () => {
  const { seal, open } = createSealer([older]);
  const sealed = seal('code', ['U1', 'game']);
  expect(() => open(sealed, ['U2', 'game'])).toThrow();
  // The parts of a context do not run together.
  expect(() => open(seal('code', ['U1', '2']), ['U', '12'])).toThrow();
  const bytes = Buffer.from(sealed.bytes, 'base64');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    expect(() => open({ ...sealed, bytes: changed.toString('base64') }, ['U1', 'game'])).toThrow();
  }
  expect(() => open({ ...sealed, bytes: bytes.subarray(0, 20).toString('base64') }, ['U1', 'game'])).toThrow();
  expect(() => createSealer([{ id: '2025', key: randomBytes(32) }]).open(sealed, ['U1', 'game'])).toThrow();
});

test('keys are replaced one after the other: the first seals, all open', () => {
  const before = createSealer([older]).seal('code', ['U1']);
  const sealer = createSealer([newer, older]);
  expect(sealer.open(before, ['U1'])).toBe('code');
  expect(sealer.seal('code', ['U1']).keyId).toBe('2026');
  expect(() => createSealer([newer]).open(before, ['U1'])).toThrow('the key 2025, which is not there');
});
