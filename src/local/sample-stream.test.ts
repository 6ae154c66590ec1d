// The sample is what it says: the same for the same seed, in the stated shares, read by the shipped sources.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import { readSources } from '../event/source.ts';
import {
  type SampleMessage,
  type SampleOptions,
  type SampleShares,
  samplePlayer,
  sampleStream,
} from './sample-stream.ts';

const may: SampleOptions = {
  seed: 7,
  events: 8_000,
  players: 500,
  from: Date.UTC(2026, 4, 1),
  to: Date.UTC(2026, 5, 1),
};
const none: SampleShares = {
  repeated: 0,
  restamped: 0,
  malformed: 0,
  outside: 0,
  late: 0,
  flagged: 0,
  fs: 0,
  canonical: 0,
  failed: 0,
  small: 0,
};

let normaliser: Normaliser;
beforeAll(async () => {
  normaliser = createNormaliser(await readSources(join(import.meta.dirname, '../../game-configs/sources')));
});

function normalise({ topic, bytes, receivedAt }: SampleMessage) {
  return normaliser.normalise(topic, {
    bytes,
    origin: { transport: 'kafka', topic, partition: 0, offset: '0' },
    receivedAt,
  });
}

function eventOf(message: SampleMessage) {
  const result = normalise(message);
  if (result.kind === 'parked') throw new Error(`${result.parked.detail}: ${message.bytes}`);
  return result.event;
}

test('the same seed gives the same bytes, another seed others', () => {
  const bytesOf = (seed: number) =>
    Buffer.concat([...sampleStream({ ...may, seed, events: 500 })].map(({ bytes }) => bytes));
  expect(bytesOf(1).equals(bytesOf(1))).toBe(true);
  expect(bytesOf(1).equals(bytesOf(2))).toBe(false);
});

test('malformed messages are parked, for several reasons; all others are read by their source and belong to their key', () => {
  const reasons = new Set<string>();
  let read = 0;
  for (const message of sampleStream({ ...may, shares: { malformed: 0.05, late: 0.01, flagged: 0.1 } })) {
    const result = normalise(message);
    if (message.kind === 'malformed') {
      expect(result.kind).toBe('parked');
      if (result.kind === 'parked') reasons.add(result.parked.reason);
    } else {
      expect(eventOf(message)).toMatchObject({ source: message.source, event: { user_id: message.key } });
      read++;
    }
  }
  expect([...reasons].sort()).toEqual(['invalid_field', 'invalid_json', 'unknown_version', 'unsupported_encoding']);
  expect(read).toBeGreaterThan(7_400);
});

test('a repeat has the identity and the content of an earlier message; a restamped one another time', () => {
  const seen = new Map<string, { contentHash: string; occurredAt: number }>();
  let repeats = 0;
  for (const message of sampleStream({ ...may, shares: { repeated: 0.1, restamped: 0.1, malformed: 0 } })) {
    const { event, contentHash } = eventOf(message);
    const key = `${event.producer} ${event.event_id}`;
    const earlier = seen.get(key);
    if (message.kind === 'repeated' || message.kind === 'restamped') {
      repeats++;
      expect(earlier?.contentHash).toBe(contentHash);
      if (message.kind === 'repeated') expect(earlier?.occurredAt).toBe(event.occurred_at);
      else expect(earlier?.occurredAt).not.toBe(event.occurred_at);
    } else {
      expect(earlier).toBeUndefined();
      seen.set(key, { contentHash, occurredAt: event.occurred_at });
    }
  }
  expect(repeats / may.events).toBeCloseTo(0.2, 1);
});

describe('shares are what they say', () => {
  const share = (shares: Partial<SampleShares>, is: (message: SampleMessage) => boolean) => {
    let count = 0;
    for (const message of sampleStream({ ...may, shares: { ...none, ...shares } })) if (is(message)) count++;
    return count / may.events;
  };
  const attribute = (name: string) => (message: SampleMessage) => eventOf(message).event.attributes[name];

  test.each<[keyof SampleShares, number, (message: SampleMessage) => boolean]>([
    ['repeated', 0.1, ({ kind }) => kind === 'repeated'],
    ['restamped', 0.05, ({ kind }) => kind === 'restamped'],
    ['malformed', 0.01, ({ kind }) => kind === 'malformed'],
    ['outside', 0.03, (message) => eventOf(message).event.occurred_at < may.from],
    ['late', 0.02, ({ receivedAt }) => receivedAt >= may.to + 73 * 3_600_000],
    ['flagged', 0.05, (message) => attribute('frm_flag')(message) !== undefined],
    ['fs', 0.2, ({ source }) => source === 'fs_journey'],
    ['canonical', 0.3, ({ source }) => source === 'canonical'],
    ['failed', 0.1, (message) => attribute('payment_status')(message) === 'FAILED'],
    ['small', 0.4, (message) => (attribute('transaction_amount')(message) as number) < 1_200],
  ])('%s', (name, wanted, is) => {
    expect(Math.abs(share({ [name]: wanted }, is) - wanted)).toBeLessThan(0.015);
    expect(share({}, is)).toBe(0);
  });
});

test('fresh events happen in order between from and to, and arrive within seconds', () => {
  let before = may.from;
  for (const message of sampleStream({ ...may, events: 2_000, shares: none })) {
    const { occurred_at } = eventOf(message).event;
    expect(occurred_at).toBeGreaterThanOrEqual(before);
    expect(occurred_at).toBeLessThan(may.to);
    expect(message.receivedAt - occurred_at).toBeGreaterThan(0);
    expect(message.receivedAt - occurred_at).toBeLessThan(3_000);
    before = occurred_at;
  }
});

test('players are the named ones, and some are busier than others', () => {
  const counts = new Map<string, number>();
  for (const { key } of sampleStream({ ...may, players: 50 })) counts.set(key, (counts.get(key) ?? 0) + 1);
  const names = Array.from({ length: 50 }, (_, index) => samplePlayer(index));
  expect([...counts.keys()].sort()).toEqual(names.sort());
  expect(Math.max(...counts.values())).toBeGreaterThan(4 * Math.min(...counts.values()));
});
