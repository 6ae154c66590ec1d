// milepost ingest pause | resume | paused: whether consumers read Kafka, by a person's command.
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { transaction } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { createNormaliser } from '../event/normalise.ts';
import { readSources } from '../event/source.ts';
import { EVERY_TOPIC, pauseOf, readPauses, setPause } from '../inbox/pause.ts';
import { didYouMean } from '../spelling.ts';
import { formatInstant } from '../time.ts';
import { withDatabase } from './database.ts';
import { print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';

interface Options {
  topic?: string;
  json?: boolean;
}

export const pauseIngest = (options: Options & { reason: string }) => change(true, options);
export const resumeIngest = (options: Options & { reason: string }) => change(false, options);

export async function listPauses(options: Options): Promise<void> {
  const pauses = await withDatabase(readConfig(), 'milepost_support', readPauses);
  const document = pauses.map((pause) => ({ ...pause, since: formatInstant(pause.since) }));
  print(options, document, () =>
    document.length === 0
      ? 'Nothing is paused.'
      : table(
          ['TOPIC', 'SINCE', 'BY', 'REASON'],
          document.map(({ topic, since, by, reason }) => [nameOf(topic), since, by, reason]),
        ),
  );
}

async function change(paused: boolean, options: Options & { reason: string }): Promise<void> {
  const config = readConfig();
  const request = { paused, by: whoAsks(), reason: readReason(options.reason) };
  const topic = options.topic ?? EVERY_TOPIC;
  // What is paused may be resumed though no source reads it any more.
  if (paused && options.topic !== undefined) await checkTopic(config.GAME_CONFIGS, options.topic);
  const { topics, left } = await withDatabase(config, 'milepost_support', async (db) => {
    const changed = await transaction(db, async (tx) => {
      const action = paused ? 'pauseIngest' : 'resumeIngest';
      await recordCommand(tx.client, 'milepost_support', { action, subject: topic, reason: request.reason });
      return setPause(tx, topic, request);
    });
    return { topics: changed, left: await readPauses(db) };
  });
  print(options, { topics, changed: topics.length > 0, paused: left.map((pause) => pause.topic) }, () => {
    const still = !paused && pauseOf(topic, left) !== undefined;
    const note = still ? ' It is still not read: every topic is paused; "milepost ingest resume" resumes them.' : '';
    if (topics.length === 0) {
      return `${nameOf(topic)}: nothing to change, reading is ${paused ? 'paused' : 'not paused'} already.${note}`;
    }
    const names = topics.map(nameOf).join(', ');
    return paused
      ? `${names}: consumers stop within seconds, after the batches under way. Nothing is lost for as long as Kafka keeps it.`
      : `${names}: consumers read on within seconds, from where they stood.${note}`;
  });
}

async function checkTopic(folder: string, topic: string): Promise<void> {
  const { topics } = createNormaliser(await readSources(join(folder, 'sources')));
  if (topics.includes(topic)) return;
  const meant = didYouMean(topic, topics);
  throw new UserError(`no source reads the topic ${JSON.stringify(topic)}${meant}; there is ${topics.join(', ')}`);
}

function nameOf(topic: string): string {
  return topic === EVERY_TOPIC ? 'every topic' : topic;
}
