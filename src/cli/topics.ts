// milepost topics create
import { join } from 'node:path';
import { createKafka, kafkaOutOfReach } from '../../workers/ingest/client.ts';
import { readConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { createNormaliser } from '../event/normalise.ts';
import { readSources } from '../event/source.ts';
import { createLog } from '../log.ts';
import { print } from './output.ts';

export async function createTopics(options: { partitions: string; json?: boolean }): Promise<void> {
  const config = readConfig();
  if (config.KAFKA_BROKERS === undefined) {
    throw new UserError('KAFKA_BROKERS is not set: name the brokers (host:port,host:port) that are to have the topics');
  }
  const partitions = Number(options.partitions);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 256) {
    throw new UserError(`--partitions ${JSON.stringify(options.partitions)}: write a whole number from 1 to 256`);
  }
  const { topics } = createNormaliser(await readSources(join(config.GAME_CONFIGS, 'sources')));
  const kafka = createKafka({ ...config, KAFKA_BROKERS: config.KAFKA_BROKERS }, createLog({ level: 'error' }));
  const admin = kafka.admin();
  await admin.connect().catch((error: unknown) => {
    throw kafkaOutOfReach(error);
  });
  try {
    const present = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !present.has(topic));
    if (missing.length > 0) {
      await admin.createTopics({
        waitForLeaders: true,
        topics: missing.map((topic) => ({ topic, numPartitions: partitions })),
      });
    }
    print(options, { created: missing, present: topics.filter((topic) => present.has(topic)) }, () =>
      topics.map((topic) => `${topic}: ${present.has(topic) ? 'is there' : 'created'}`).join('\n'),
    );
  } finally {
    await admin.disconnect();
  }
}
