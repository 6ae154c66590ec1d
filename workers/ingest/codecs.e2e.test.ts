// Compressed records, really compressed: by Kafka's own Java code and by kafkajs, and really broken ones.
import { CompressionTypes } from 'kafkajs';
import { expect, test } from 'vitest';
import { makeIngest } from '../../src/testing/ingest.ts';
import { makeRecording, makeTopic } from '../../src/testing/topic.ts';
import { waitFor } from '../../src/testing/wait.ts';

const types = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const byName = {
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};
// More than one block of every format: snappy-java's are 32 KiB, Java's lz4 blocks 64 KiB.
const count = 3_000;
const expected = Array.from({ length: count }, (_, index) => `0-${index}`);

test.each(types)('%s as Java writes it', async (type) => {
  // The broker writes with the code that Java's producer has, whatever ours sends.
  await using topic = await makeTopic({ configEntries: [{ name: 'compression.type', value: type }] });
  await using recording = await makeRecording();
  await topic.appendEvents(0, count);
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('every event', async () => (await recording.positions())[0] === count);
  expect(await recording.committed()).toEqual(expected);
});

test.each(types)('%s as kafkajs writes it', async (type) => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, count, { compression: byName[type] });
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('every event', async () => (await recording.positions())[0] === count);
  expect(await recording.committed()).toEqual(expected);
});
