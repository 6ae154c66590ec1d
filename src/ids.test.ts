import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf, digestOf, toUuid } from './ids.ts';

// Kafka's own hash as kafkajs ports it: the answers that producers partition by.
const murmur2 = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2.js') as (
  key: Buffer,
) => number;

test.each([
  // From Apache Kafka's UtilsTest: murmur2 of these keys.
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('the bucket of %s comes from murmur2 %d', (userId, hash) => {
  expect(murmur2(Buffer.from(userId))).toBe(hash);
  expect(bucketOf(userId)).toBe((hash & 0x7fffffff) % 256);
});

test('buckets follow Kafka’s hash for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 130 }), (userId) => {
      expect(bucketOf(userId)).toBe((murmur2(Buffer.from(userId)) & 0x7fffffff) % 256);
    }),
    { numRuns: 5_000 },
  );
});

test('buckets lie between 0 and 255, and players spread over them', () => {
  const counts = new Array(256).fill(0);
  for (let index = 0; index < 25_600; index++) counts[bucketOf(`U${index}`)]++;
  expect(counts).toHaveLength(256);
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(Math.max(...counts)).toBeLessThan(150);
});

test('a digest has the form of a UUID and is the same for ever', () => {
  expect(digestOf('reward', 'U1', '3')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  // Idempotency keys of rewards are such digests: another answer here would pay every reward again.
  expect(digestOf('reward', 'U1', 'game', '2026-05-01T00:00:00.000Z', '3', '1')).toBe(
    'ff187731-b74b-1b94-1bd2-5f1750ec28e1',
  );
  expect(toUuid('0123456789abcdef0123456789abcdefffff')).toBe('01234567-89ab-cdef-0123-456789abcdef');
});

test('different parts have different digests, also where they join to the same text', () => {
  const parts = fc.array(fc.string({ unit: fc.constantFrom('1', ':', 'a', 'é') }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(digestOf(...a) === digestOf(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 2_000 },
  );
});
