// Ingestion on a real broker and a real database: what is committed when, what comes again, what is never skipped.
import { CompressionTypes } from 'kafkajs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeIngest } from '../../src/testing/ingest.ts';
import {
  brokerOffset,
  eventText,
  gateBefore,
  ids,
  makeRecording,
  makeTopic,
  type Recording,
} from '../../src/testing/topic.ts';
import { waitFor } from '../../src/testing/wait.ts';

// Node warns once in a process: heard from the first test on.
const warnings: string[] = [];
process.on('warning', ({ name }) => warnings.push(name));

async function alarmsOf({ database }: Recording): Promise<unknown[]> {
  const { rows } = await database.pool.query('select next_offset::integer, reason from milepost.source_alarm');
  return rows;
}

test('offsets move only after the commit, in PostgreSQL and then at the broker', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 100);
  const gate = gateBefore(recording.process);
  await using ingest = makeIngest(topic, { db: recording.db, process: gate.process });
  await ingest.start();
  await gate.arrived();
  expect(await recording.positions()).toEqual({ 0: 0 });
  expect(await brokerOffset(topic, 0)).toBe(-1);
  gate.open();
  await waitFor('the offset at the broker', async () => (await brokerOffset(topic, 0)) === 100);
  expect(await recording.positions()).toEqual({ 0: 100 });
  expect(await recording.committed()).toEqual(ids(0, 0, 100));
  expect(ingest.lag()).toEqual([
    { topic: topic.name, partition: 0, state: 'reading', next: 100n, lag: 0n, delayMs: 0 },
  ]);
  expect(ingest.problems()).toEqual([]);
});

test('a batch holds at most 1,000 records, and all of them come in order', async () => {
  await using topic = await makeTopic({ partitions: 3 });
  await using recording = await makeRecording();
  for (const partition of [0, 1, 2]) await topic.appendEvents(partition, 4_500);
  const sizes: number[] = [];
  await using ingest = makeIngest(topic, {
    db: recording.db,
    process: (batch, signal) => {
      sizes.push(batch.events.length);
      return recording.process(batch, signal);
    },
  });
  await ingest.start();
  await waitFor('every event', async () => (await recording.committed()).length === 13_500);
  expect(Math.max(...sizes)).toBe(1_000);
  const committed = await recording.committed();
  for (const partition of [0, 1, 2]) {
    expect(committed.filter((id) => id.startsWith(`${partition}-`))).toEqual(ids(partition, 0, 4_500));
  }
});

test('what cannot be read as an event is parked with its position, and the partition goes on', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.append(0, [eventText('a'), '{"half":', Buffer.from([0, 1, 2]), null, eventText('b')]);
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('the last event', async () => (await recording.committed()).includes('b'));
  expect(await recording.committed()).toEqual(['a', 'b']);
  const { rows } = await recording.database.pool.query(
    'select topic, partition, "offset"::integer, bytes, source from milepost.parked_message order by "offset"',
  );
  expect(rows).toEqual([
    { topic: topic.name, partition: 0, offset: 1, bytes: Buffer.from('{"half":'), source: 'canonical' },
    { topic: topic.name, partition: 0, offset: 2, bytes: Buffer.from([0, 1, 2]), source: 'canonical' },
    { topic: topic.name, partition: 0, offset: 3, bytes: Buffer.alloc(0), source: 'canonical' },
  ]);
  expect(await recording.positions()).toEqual({ 0: 5 });
});

test('an event is received at its record’s time, but never later than now', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  const yesterday = Date.now() - 86_400_000;
  await topic.append(0, [eventText('old')], { timestamp: yesterday });
  await topic.append(0, [eventText('ahead')], { timestamp: Date.now() + 1_800_000 });
  const received = new Map<string, number | undefined>();
  await using ingest = makeIngest(topic, {
    db: recording.db,
    process: (batch, signal) => {
      for (const { event, receivedAt } of batch.events) received.set(event.event_id, receivedAt);
      return recording.process(batch, signal);
    },
  });
  await ingest.start();
  await waitFor('both events', () => received.size === 2);
  expect(received.get('old')).toBe(yesterday);
  expect(received.get('ahead')).toBeLessThanOrEqual(Date.now());
});

test('a database restored from a backup re-reads what it lost, whatever the broker remembers', async () => {
  await using topic = await makeTopic({ partitions: 2 });
  await using recording = await makeRecording();
  await topic.appendEvents(0, 1_000);
  await topic.appendEvents(1, 10);
  {
    await using ingest = makeIngest(topic, recording);
    await ingest.start();
    await waitFor(
      'the offsets at the broker',
      async () => (await brokerOffset(topic, 0)) === 1_000 && (await brokerOffset(topic, 1)) === 10,
    );
  }
  // The backup knew half of partition 0, and nothing of partition 1.
  await recording.database.pool.query('update milepost.source_position set next_offset = 400 where partition = 0');
  await recording.database.pool.query('delete from milepost.source_position where partition = 1');
  await recording.database.pool.query('truncate public.committed');
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('the lost part', async () => (await recording.committed()).length >= 610);
  expect((await recording.committed()).toSorted()).toEqual([...ids(0, 400, 1_000), ...ids(1, 0, 10)].toSorted());
});

test('a position that is moved under a running consumer is obeyed: back when idle, and in mid-batch', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  const { pool } = recording.database;
  await topic.appendEvents(0, 100);
  const gate = gateBefore(recording.process);
  gate.open();
  let atDoor = gate;
  await using ingest = makeIngest(topic, {
    db: recording.db,
    process: (batch, signal) => atDoor.process(batch, signal),
  });
  await ingest.start();
  await waitFor('the first part', async () => (await recording.positions())[0] === 100);
  await pool.query('update milepost.source_position set next_offset = 90');
  await waitFor('the last ten again', async () => (await recording.committed()).length === 110);
  // As a failover to a replica that had not seen the last commits.
  atDoor = gateBefore(recording.process);
  await topic.appendEvents(0, 10);
  await atDoor.arrived();
  await pool.query('update milepost.source_position set next_offset = 95');
  atDoor.open();
  await waitFor('everything from there', async () => (await recording.positions())[0] === 110);
  expect(await recording.committed()).toEqual([...ids(0, 0, 100), ...ids(0, 90, 100), ...ids(0, 95, 110)]);
});

test('records that are gone stop the partition, until a person has moved the position', async () => {
  await using topic = await makeTopic({ partitions: 2 });
  await using recording = await makeRecording();
  await topic.appendEvents(0, 600);
  {
    await using first = makeIngest(topic, recording);
    await first.start();
    await waitFor('the first part', async () => (await recording.positions())[0] === 600);
  }
  await topic.appendEvents(0, 400);
  await topic.deleteBefore(0, 900);
  {
    await using second = makeIngest(topic, recording);
    await second.start();
    // A partition is a problem, too, until its position is known.
    const known = () => second.problems().every((problem) => !problem.endsWith('is not known yet'));
    await waitFor('the alarm', () => known() && second.lag()[0]?.state === 'alarmed');
    expect(second.problems()).toEqual([
      `${topic.name}/0 is not read: the records 600 to 899 were never read and are gone (retention, or deleted); the oldest one left is 900`,
    ]);
    // The other partition is not concerned.
    await topic.appendEvents(1, 5);
    await waitFor('the other partition', async () => (await recording.positions())[1] === 5);
  }
  // A restart does not forget it.
  await using third = makeIngest(topic, recording);
  await third.start();
  await waitFor('the alarm again', () => third.lag()[0]?.state === 'alarmed');
  const { rows } = await recording.database.pool.query(
    'select topic, partition, next_offset::integer, reason from milepost.source_alarm',
  );
  expect(rows).toEqual([{ topic: topic.name, partition: 0, next_offset: 600, reason: 'records_gone' }]);
  expect(await recording.positions()).toEqual({ 0: 600, 1: 5 });
  await recording.database.pool.query('update milepost.source_position set next_offset = 900 where partition = 0');
  await recording.database.pool.query('delete from milepost.source_alarm');
  await waitFor('the rest', async () => (await recording.positions())[0] === 1_000);
  expect(third.problems()).toEqual([]);
  expect((await recording.committed()).filter((id) => id.startsWith('0-'))).toEqual([
    ...ids(0, 0, 600),
    ...ids(0, 900, 1_000),
  ]);
});

test('records that go while the consumer runs are missed too: the client’s silent reset is noticed', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  // More than one fetch holds.
  await topic.appendEvents(0, 20_000);
  const gate = gateBefore(recording.process);
  await using ingest = makeIngest(topic, { db: recording.db, process: gate.process }, { checkMs: 3_600_000 });
  await ingest.start();
  await gate.arrived();
  await topic.deleteBefore(0, 19_000);
  gate.open();
  await waitFor('the alarm', async () => (await alarmsOf(recording)).length > 0);
  const committed = await recording.committed();
  expect(committed).toEqual(ids(0, 0, committed.length));
  expect(committed.length).toBeLessThan(19_000);
  expect(await alarmsOf(recording)).toEqual([{ next_offset: committed.length, reason: 'records_gone' }]);
});

test('a topic made anew under its old name is not read from the middle', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 50);
  await using ingest = makeIngest(topic, recording, { checkMs: 100 });
  await ingest.start();
  await waitFor('the first part', async () => (await recording.positions())[0] === 50);
  await topic.admin.deleteTopics({ topics: [topic.name] });
  await waitFor('the new topic', async () => {
    return topic.admin.createTopics({ topics: [{ topic: topic.name, numPartitions: 1 }], waitForLeaders: true });
  });
  await waitFor('the alarm', async () => (await alarmsOf(recording)).length > 0);
  expect(await alarmsOf(recording)).toEqual([{ next_offset: 50, reason: 'log_restarted' }]);
  // Longer than the old one now; still nobody has decided.
  await topic.append(
    0,
    ids(7, 0, 100).map((id) => eventText(id)),
  );
  await recording.database.pool.query('update milepost.source_position set next_offset = 0');
  await recording.database.pool.query('delete from milepost.source_alarm');
  await waitFor('the new topic’s events', async () => (await recording.positions())[0] === 100);
  expect(await recording.committed()).toEqual([...ids(0, 0, 50), ...ids(7, 0, 100)]);
});

test('a stop in mid-batch leaves the batch untouched when it can turn back', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 2_500);
  const gate = gateBefore(recording.process);
  const ingest = makeIngest(topic, { db: recording.db, process: gate.process });
  await ingest.start();
  await gate.arrived();
  await ingest.stop();
  expect(await recording.committed()).toEqual([]);
  await using next = makeIngest(topic, recording);
  await next.start();
  await waitFor('every event', async () => (await recording.positions())[0] === 2_500);
  expect(await recording.committed()).toEqual(ids(0, 0, 2_500));
});

test('a stop in mid-batch waits for a batch that goes through, tells the broker, and begins no other', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 2_500);
  const gate = gateBefore(recording.process, { patient: true });
  const ingest = makeIngest(topic, { db: recording.db, process: gate.process });
  await ingest.start();
  await gate.arrived();
  const stopped = ingest.stop();
  gate.open();
  await stopped;
  expect(await recording.positions()).toEqual({ 0: 1_000 });
  expect(await brokerOffset(topic, 0)).toBe(1_000);
  await using next = makeIngest(topic, recording);
  await next.start();
  await waitFor('every event', async () => (await recording.positions())[0] === 2_500);
  expect(await recording.committed()).toEqual(ids(0, 0, 2_500));
});

test('two consumers, one of which comes and goes: every event once, in order', async () => {
  await using topic = await makeTopic({ partitions: 4 });
  await using recording = await makeRecording();
  const each = 6_000;
  for (const partition of [0, 1, 2, 3]) await topic.appendEvents(partition, each / 2);
  await using first = makeIngest(topic, recording);
  await first.start();
  await waitFor('some events', async () => (await recording.committed()).length > 1_000);
  const second = makeIngest(topic, recording);
  await second.start();
  await waitFor('two partitions each', () => first.lag().length === 2 && second.lag().length === 2);
  for (const partition of [0, 1, 2, 3]) await topic.appendEvents(partition, each / 2);
  await waitFor('some more', async () => (await recording.committed()).length > 16_000);
  await second.stop();
  await waitFor('every event', async () => (await recording.committed()).length >= 4 * each);
  const committed = await recording.committed();
  for (const partition of [0, 1, 2, 3]) {
    expect(committed.filter((id) => id.startsWith(`${partition}-`))).toEqual(ids(partition, 0, each));
  }
});

test('a batch that takes longer than the session keeps its membership', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 100);
  const gate = gateBefore(recording.process);
  await using ingest = makeIngest(topic, { db: recording.db, process: gate.process });
  await ingest.start();
  await gate.arrived();
  const from = performance.now();
  const members = new Set<string>();
  await waitFor('more than one session', async () => {
    const { groups } = await topic.admin.describeGroups([topic.groupId]);
    for (const member of groups[0]?.members ?? []) members.add(member.memberId);
    return performance.now() - from > 9_000;
  });
  gate.open();
  await waitFor('the offset at the broker', async () => (await brokerOffset(topic, 0)) === 100);
  expect(members.size).toBe(1);
  expect(await recording.committed()).toEqual(ids(0, 0, 100));
});

test('partitions that are added are read from their beginning', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 10);
  {
    await using ingest = makeIngest(topic, recording);
    await ingest.start();
    await waitFor('the first part', async () => (await recording.positions())[0] === 10);
  }
  await topic.growTo(2);
  await topic.appendEvents(1, 10);
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('its events', async () => (await recording.positions())[1] === 10);
  expect(await recording.committed()).toEqual([...ids(0, 0, 10), ...ids(1, 0, 10)]);
});

test('transactions: what was aborted is not read, and their marks are no gap', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendInTransaction(
    0,
    ids(0, 0, 10).map((id) => eventText(id)),
    'commit',
  );
  await topic.appendInTransaction(0, [eventText('never')], 'abort');
  await using ingest = makeIngest(topic, recording, { checkMs: 100 });
  await ingest.start();
  // Ten records, their mark, the aborted one and its mark.
  await waitFor('all of it', async () => (await recording.positions())[0] === 13);
  await topic.appendInTransaction(0, [eventText('never')], 'abort');
  await waitFor('only marks', async () => (await recording.positions())[0] === 15);
  await topic.append(0, [eventText('after')]);
  await waitFor('what follows', async () => (await recording.positions())[0] === 16);
  // With everything read, nothing is missed when it goes.
  await topic.deleteBefore(0, 16);
  await topic.append(0, [eventText('last')]);
  await waitFor('the last one', async () => (await recording.positions())[0] === 17);
  expect(await recording.committed()).toEqual([...ids(0, 0, 10), 'after', 'last']);
  expect(ingest.problems()).toEqual([]);
});

test('a consumer that keeps crashing ends the process', async () => {
  // Waits are drawn from nothing to their longest: here none is waited out.
  const draw = vi.spyOn(Math, 'random').mockReturnValue(0);
  onTestFinished(() => draw.mockRestore());
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.appendEvents(0, 1);
  let calls = 0;
  await using ingest = makeIngest(topic, {
    db: recording.db,
    process: () => {
      calls++;
      throw new TypeError('a mistake in the program');
    },
  });
  await ingest.start();
  await expect(ingest.failed).rejects.toThrow(
    'the Kafka consumer crashed 6 times within ten minutes, at last: a mistake in the program',
  );
  expect(calls).toBe(6);
  expect(ingest.problems()[0]).toContain('a mistake in the program');
});

test('a topic that is not there is named at the start', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await using ingest = makeIngest({ ...topic, name: 'test.nobody-made-this' }, recording);
  await expect(ingest.start()).rejects.toMatchObject({
    message: 'Kafka lacks topics that the sources name',
    problems: [{ path: 'test.nobody-made-this' }],
  });
});

test('the client’s idle timers are off, and Node has nothing to warn about', async () => {
  await using topic = await makeTopic();
  await using recording = await makeRecording();
  await topic.append(0, [eventText('a')], { compression: CompressionTypes.GZIP });
  await using ingest = makeIngest(topic, recording);
  await ingest.start();
  await waitFor('the event', async () => (await recording.positions())[0] === 1);
  expect(warnings).not.toContain('TimeoutNegativeWarning');
});
