// Pausing by command: all consumers follow, the batch under way ends, nothing is lost, and a restart does not forget it.
import { expect, test } from 'vitest';
import { connect } from '../../src/db/connect.ts';
import { transaction } from '../../src/db/transaction.ts';
import { EVERY_TOPIC, setPause } from '../../src/inbox/pause.ts';
import { registry } from '../../src/metrics.ts';
import { makeIngest, quiet } from '../../src/testing/ingest.ts';
import { gateBefore, ids, makeRecording, makeTopic, type Recording } from '../../src/testing/topic.ts';
import { waitFor } from '../../src/testing/wait.ts';
import type { Ingest } from './ingest.ts';

/** As support does by command. */
async function set({ database }: Recording, topic: string, paused: boolean): Promise<string[]> {
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: quiet });
  try {
    return await transaction(support, (tx) => setPause(tx, topic, { paused, by: 'asha', reason: 'ticket 901' }));
  } finally {
    await support.close();
  }
}

const states = (ingest: Ingest) => ingest.lag().map(({ state }) => state);

async function pausedPartitions(topic: string): Promise<number> {
  const values = (await registry.getSingleMetric('milepost_ingest_paused')?.get())?.values ?? [];
  return values.filter(({ labels, value }) => labels.topic === topic && value === 1).length;
}

test('a topic that is paused is read no further than the batch under way, and read on when it is resumed', async () => {
  await using topic = await makeTopic({ partitions: 2 });
  await using recording = await makeRecording();
  await topic.appendEvents(0, 2_500);
  const gate = gateBefore(recording.process);
  await using ingest = makeIngest(topic, { db: recording.db, process: gate.process });
  await ingest.start();
  await gate.arrived();
  expect(await set(recording, topic.name, true)).toEqual([topic.name]);
  await waitFor('the pause', () => states(ingest).every((state) => state === 'paused'));
  expect(await pausedPartitions(topic.name)).toBe(2);
  expect(ingest.problems()).toEqual([]);
  gate.open();
  await waitFor('the end of the batch under way', async () => (await recording.positions())[0] === 1_000);

  // What comes meanwhile waits, too; and the regular look leaves a paused partition alone.
  await topic.appendEvents(1, 100);
  await waitFor('the lag of what waits', () =>
    ingest.lag().every(({ partition, lag }) => lag === (partition === 0 ? 1_500n : 100n)),
  );
  expect(states(ingest)).toEqual(['paused', 'paused']);

  expect(await set(recording, topic.name, false)).toEqual([topic.name]);
  await waitFor('every event', async () => {
    const positions = await recording.positions();
    return positions[0] === 2_500 && positions[1] === 100;
  });
  expect((await recording.committed()).filter((id) => id.startsWith('0-'))).toEqual(ids(0, 0, 2_500));
  expect(await pausedPartitions(topic.name)).toBe(0);
});

test('every topic is paused at once, a restart does not forget it, and all of it is on record', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 50);
  expect(await set(recording, EVERY_TOPIC, true)).toEqual(['*']);
  expect(await set(recording, EVERY_TOPIC, true)).toEqual([]);
  await set(recording, 'another', true);
  {
    await using ingest = makeIngest(topic, recording);
    await ingest.start();
    await waitFor('the pause', () => states(ingest).includes('paused'));
  }
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('the pause', () => states(ingest).includes('paused'));
  expect(await set(recording, topic.name, false)).toEqual([]);
  expect(await recording.committed()).toEqual([]);

  expect(await set(recording, EVERY_TOPIC, false)).toEqual(['*', 'another']);
  await waitFor('every event', async () => (await recording.positions())[0] === 50);
  const { rows } = await recording.database.pool.query(
    'select topic, paused, changed_by, reason from milepost.ingest_pause order by pause_no',
  );
  expect(rows.map(({ topic: name, paused }) => [name, paused])).toEqual([
    ['*', true],
    ['another', true],
    ['*', false],
    ['another', false],
  ]);
  expect(rows[0]).toMatchObject({ changed_by: 'asha', reason: 'ticket 901' });
});
