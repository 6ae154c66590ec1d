// Ingestion when processes and brokers die: nothing is skipped, and what comes again is only what was not committed.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompressionTypes } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type LocalKafka, startKafka } from '../../src/local/kafka.ts';
import { makeIngest } from '../../src/testing/ingest.ts';
import type { ChildOptions } from '../../src/testing/ingest-child.ts';
import {
  brokerOffset,
  eventText,
  gateBefore,
  ids,
  makeRecording,
  makeTopic,
  type Recording,
  type Topic,
} from '../../src/testing/topic.ts';
import { waitFor } from '../../src/testing/wait.ts';

const childFile = join(import.meta.dirname, '../../src/testing/ingest-child.ts');

function startChild(
  { name, groupId, brokers }: Pick<Topic, 'name' | 'groupId' | 'brokers'>,
  recording: Recording,
  fault: ChildOptions['fault'],
): ChildProcess & { heard: unknown[] } {
  const options: ChildOptions = { databaseUrl: recording.database.url, topic: { name, groupId, brokers }, fault };
  const child = fork(childFile, [JSON.stringify(options)], { execArgv: [] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  // From the beginning: of two messages that come together, who waits for one after the other hears only the first.
  const heard: unknown[] = [];
  child.on('message', (message) => heard.push(message));
  return Object.assign(child, { heard });
}

async function said({ heard }: { heard: unknown[] }, word: string): Promise<void> {
  await waitFor(`the child to say ${word}`, () => heard.includes(word));
}

/** The topic as another group reads it: where that goes on is in the database, and it need not wait for the end of a dead member's session. */
function forGroup(topic: Topic, suffix: string): Pick<Topic, 'name' | 'groupId' | 'brokers'> {
  return { ...topic, groupId: `${topic.groupId}.${suffix}` };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('killed before the commit: the batch comes again', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 1_500);
  const child = startChild(topic, recording, 'before_commit');
  await said(child, 'before_commit');
  await kill(child);
  expect(await recording.committed()).toEqual([]);
  await using ingest = makeIngest(forGroup(topic, 'next'), recording);
  await ingest.start();
  await waitFor('every event', async () => (await recording.positions())[0] === 1_500);
  expect(await recording.committed()).toEqual(ids(0, 0, 1_500));
});

test('killed between the commit and the broker’s offset: nothing comes again, nothing is skipped', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 1_500);
  const child = startChild(topic, recording, 'after_commit');
  await said(child, 'after_commit');
  await kill(child);
  expect(await recording.positions()).toEqual({ 0: 1_000 });
  expect(await brokerOffset(topic, 0)).toBe(-1);
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('every event', async () => (await recording.positions())[0] === 1_500);
  expect(await recording.committed()).toEqual(ids(0, 0, 1_500));
});

async function unfinishedStarts({ database }: Recording): Promise<number> {
  const { rows } = await database.pool.query('select count(*)::integer as starts from milepost.source_start');
  return rows[0].starts;
}

test('an event that kills its process is parked after it has done so alone, and the partition goes on', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.append(0, [
    ...ids(0, 0, 20).map((id) => eventText(id)),
    eventText('poison'),
    ...ids(0, 20, 40).map((id) => eventText(id)),
  ]);
  let deaths = 0;
  for (let over = false; !over; ) {
    const child = startChild(forGroup(topic, String(deaths)), recording, { on_poison: 'poison' });
    const isDead = () => child.exitCode !== null || child.signalCode !== null;
    await waitFor('its death, or the end', async () => {
      over = (await recording.positions())[0] === 41 && (await unfinishedStarts(recording)) === 0;
      return over || isDead();
    });
    if (over) await kill(child);
    else deaths++;
    expect(deaths).toBeLessThan(10);
  }
  expect(deaths).toBe(4);
  expect(await recording.committed()).toEqual(ids(0, 0, 40));
  const { rows } = await recording.database.pool.query(
    'select "offset"::integer, reason, bytes from milepost.parked_message',
  );
  expect(rows).toEqual([{ offset: 20, reason: 'quarantined', bytes: Buffer.from(eventText('poison')) }]);
});

test('a consumer that sleeps past its session and then goes on does no harm', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 3_000);
  const sleeper = startChild(topic, recording, 'slow_second');
  await said(sleeper, 'slow_second');
  sleeper.kill('SIGSTOP');
  await using successor = makeIngest(topic, recording);
  await successor.start();
  await waitFor('the rest, read by the other', async () => (await recording.positions())[0] === 3_000);
  expect(await recording.committed()).toEqual(ids(0, 0, 3_000));
  sleeper.kill('SIGCONT');
  sleeper.send('go on');
  await topic.appendEvents(0, 10);
  await waitFor('what comes after', async () => (await recording.committed()).includes('0-3009'));
  // What it had in hand was refused: the position had moved.
  expect(await recording.committed()).toEqual(ids(0, 0, 3_010));
  await kill(sleeper);
});

/** A broker that tests may stop, kill and start again, on one port and one folder. */
async function ownBroker() {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-broker-'));
  const dataDir = join(folder, 'kafka');
  let running: LocalKafka = await startKafka({ dataDir });
  const { brokers } = running;
  return {
    dataDir,
    brokers,
    stop: () => running.stop(),
    kill: () => running.kill(),
    async start() {
      running = await startKafka({ dataDir, port: Number(brokers.split(':')[1]) });
    },
    async [Symbol.asyncDispose]() {
      await running.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

// A record batch on disk: where its length, its checksum and what that covers lie, and where its records begin.
const LENGTH_AT = 8;
const CHECKSUM_AT = 17;
const ATTRIBUTES_AT = 21;
const RECORDS_AT = 61;
const crc32c: (bytes: Buffer) => number = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C');

/** Overwrites the records of the second batch in a partition's first segment; `mended`: with a checksum that holds. */
async function breakSecondBatch(dataDir: string, topic: string, mended: boolean): Promise<void> {
  const path = join(dataDir, 'log', `${topic}-0`, '00000000000000000000.log');
  const bytes = await readFile(path);
  const start = LENGTH_AT + 4 + bytes.readInt32BE(LENGTH_AT);
  const end = start + LENGTH_AT + 4 + bytes.readInt32BE(start + LENGTH_AT);
  // Past the head of every format, so that only decompressing shows it.
  bytes.fill(0xff, start + RECORDS_AT + 24, end);
  if (mended) bytes.writeUInt32BE(crc32c(bytes.subarray(start + ATTRIBUTES_AT, end)), start + CHECKSUM_AT);
  const file = await open(path, 'r+');
  await file.write(bytes);
  await file.close();
}

describe('on a broker of its own', () => {
  let own: Awaited<ReturnType<typeof ownBroker>>;
  beforeAll(async () => {
    own = await ownBroker();
  });
  afterAll(() => own[Symbol.asyncDispose]());

  test('a broken batch of records is an alarm with its offsets; the rest goes on', async () => {
    const codecs = {
      gzip: CompressionTypes.GZIP,
      snappy: CompressionTypes.Snappy,
      lz4: CompressionTypes.LZ4,
      zstd: CompressionTypes.ZSTD,
    };
    const topics = await Promise.all(
      Object.entries(codecs).map(async ([name, compression]) => {
        const topic = await makeTopic({ brokers: own.brokers });
        for (const count of [100, 50, 30]) await topic.appendEvents(0, count, { compression });
        return { name, topic, reason: `${name} cannot be decompressed` };
      }),
    );
    const bitRot = await makeTopic({ brokers: own.brokers });
    for (const count of [100, 50, 30]) await bitRot.appendEvents(0, count, { compression: CompressionTypes.GZIP });
    await own.stop();
    for (const { topic } of topics) await breakSecondBatch(own.dataDir, topic.name, true);
    await breakSecondBatch(own.dataDir, bitRot.name, false);
    await own.start();

    const broken = [...topics, { topic: bitRot, reason: 'its checksum does not hold' }];
    await Promise.all(broken.map(({ topic, reason }) => expectAlarm(topic, reason)));

    async function expectAlarm(topic: Topic, reason: string): Promise<void> {
      await using recording = await makeRecording();
      await using ingest = makeIngest(topic, recording);
      await ingest.start();
      await waitFor(`the alarm: ${reason}`, () => ingest.lag()[0]?.state === 'alarmed');
      expect(ingest.problems()[0]).toContain(`the records 100 to 149 cannot be read: ${reason}`);
      expect(ingest.problems()[0]).toContain('the next ones begin at 150');
      const here = [topic.name];
      await waitFor('the alarm in the database', async () => {
        const { rowCount } = await recording.database.pool.query(
          'select from milepost.source_alarm where topic = $1',
          here,
        );
        return rowCount === 1;
      });
      expect(await recording.committed()).toEqual(ids(0, 0, 100));
      await recording.database.pool.query(
        'update milepost.source_position set next_offset = 150 where topic = $1',
        here,
      );
      await recording.database.pool.query('delete from milepost.source_alarm where topic = $1', here);
      await waitFor('what follows', async () => (await recording.committed()).length === 130);
      expect(await recording.committed()).toEqual([...ids(0, 0, 100), ...ids(0, 150, 180)]);
    }
  });

  test('the broker is killed and comes back: every event once, in order', async () => {
    await using recording = await makeRecording();
    const topic = await makeTopic({ partitions: 2, brokers: own.brokers });
    await topic.appendEvents(0, 3_000);
    await using ingest = makeIngest(topic, recording);
    await ingest.start();
    await waitFor('the first part', async () => (await recording.positions())[0] === 3_000);
    await own.kill();
    await own.start();
    await waitFor('its leaders', async () => {
      const { topics } = await topic.admin.fetchTopicMetadata({ topics: [topic.name] });
      return topics[0]?.partitions.length === 2 && topics[0].partitions.every(({ leader }) => leader >= 0);
    });
    await topic.appendEvents(1, 2_000);
    await waitFor('the second part', async () => (await recording.positions())[1] === 2_000, { deadlineMs: 120_000 });
    expect(await recording.committed()).toEqual([...ids(0, 0, 3_000), ...ids(1, 0, 2_000)]);
    expect(ingest.problems()).toEqual([]);
  });
});

test('the database is away for longer than a session: the group stays, the events wait', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 2_000);
  const gate = gateBefore(recording.process);
  await using first = makeIngest(topic, { db: recording.db, process: gate.process });
  await first.start();
  await gate.arrived();
  // A second member makes the group rebalance while the first one waits: it must turn back, rejoin, and nothing may be lost.
  await using second = makeIngest(topic, { db: recording.db, process: gate.process });
  await second.start();
  await waitFor('one partition between the two', () => first.lag().length + second.lag().length === 1);
  gate.open();
  await waitFor('every event', async () => (await recording.positions())[0] === 2_000);
  expect(await recording.committed()).toEqual(ids(0, 0, 2_000));
});
