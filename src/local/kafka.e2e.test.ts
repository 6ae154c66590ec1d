import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin, Kafka } from 'kafkajs';
import { expect, test } from 'vitest';
import { createKafka } from '../../workers/ingest/client.ts';
import { createLog } from '../log.ts';
import { startKafka } from './kafka.ts';

test('a second start goes on with topics and messages, also after a kill, on the same port', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  const dataDir = join(folder, 'kafka');
  try {
    const first = await startKafka({ dataDir });
    await asAdmin(first.brokers, (admin) =>
      admin.createTopics({ topics: [{ topic: 'payments', numPartitions: 2 }], waitForLeaders: true }),
    );
    await produce(first.brokers, 'one');
    await first.stop();

    const port = Number(first.brokers.split(':')[1]);
    const second = await startKafka({ dataDir, port });
    expect(second.brokers).toBe(first.brokers);
    await produce(second.brokers, 'two');
    await second.kill();

    const third = await startKafka({ dataDir });
    const offsets = await asAdmin(third.brokers, (admin) => admin.fetchTopicOffsets('payments'));
    expect(offsets.map(({ partition, high }) => [partition, high]).sort()).toEqual([
      [0, '2'],
      [1, '0'],
    ]);
    await third.stop();
  } finally {
    await rm(folder, { recursive: true });
  }
});

const noSasl = {
  KAFKA_SASL_MECHANISM: undefined,
  KAFKA_SASL_USERNAME: undefined,
  KAFKA_SASL_PASSWORD: undefined,
};

function client(brokers: string): Kafka {
  const settings = { KAFKA_BROKERS: [brokers], KAFKA_CLIENT_ID: 'test', KAFKA_TLS: false };
  return createKafka({ ...settings, ...noSasl }, createLog({ level: 'silent' }));
}

async function asAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function produce(brokers: string, value: string): Promise<void> {
  const producer = client(brokers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic: 'payments', messages: [{ partition: 0, value }] });
  await producer.disconnect();
}
