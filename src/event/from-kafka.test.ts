// A record's place, bytes and time of receipt.
import { expect, test } from 'vitest';
import { messageFromKafka } from './from-kafka.ts';

const now = Date.parse('2026-05-10T12:00:00Z');
const value = Buffer.from('{}');

test('keeps the place, beyond 2^53 too, and the bytes', () => {
  const message = messageFromKafka({ offset: 9_007_199_254_740_993n, timestamp: now - 5, value }, 'payments', 3, now);
  expect(message).toEqual({
    bytes: value,
    origin: { transport: 'kafka', topic: 'payments', partition: 3, offset: '9007199254740993' },
    receivedAt: now - 5,
  });
});

test.each([
  ['a producer’s clock that is ahead does not count', now + 1, now],
  ['a record without a time is received now', -1, now],
  ['an old record stays old', 1, 1],
])('%s', (_name, timestamp, expected) => {
  expect(messageFromKafka({ offset: 0n, timestamp, value }, 't', 0, now).receivedAt).toBe(expected);
});

test('a tombstone has no bytes', () => {
  expect(messageFromKafka({ offset: 0n, timestamp: now, value: null }, 't', 0, now).bytes).toHaveLength(0);
});
