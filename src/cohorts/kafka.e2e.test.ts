// Segment changes from a real broker: a record becomes a statement, a producer that may not control is parked, and the partition goes on.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createIngest } from '../../workers/ingest/ingest.ts';
import { createKafkajsFeed } from '../../workers/ingest/kafkajs-feed.ts';
import { createNormaliser } from '../event/normalise.ts';
import { parseSource } from '../event/source.ts';
import { testDatabase } from '../testing/database.ts';
import { testEngine } from '../testing/engine.ts';
import { kafkaAt, quiet } from '../testing/ingest.ts';
import { makeTopic } from '../testing/topic.ts';
import { waitFor } from '../testing/wait.ts';
import { intervalsOf } from './cohorts.ts';
import { readStatements } from './read.ts';

const file = join(import.meta.dirname, '../../game-configs/sources/segment_changes.jsonc');

const change = (changeId: string, over: object = {}) =>
  JSON.stringify({
    changeId,
    customerId: 'U1',
    segment: 'early',
    change: 'ENTERED',
    effectiveFrom: '2026-05-01T00:00:00Z',
    ...over,
  });

async function consumed(controls: boolean, records: string[]) {
  await using topic = await makeTopic();
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  const source = parseSource(await readFile(file, 'utf8'), file);
  const ingest = createIngest({
    createFeed: () =>
      createKafkajsFeed({
        kafka: kafkaAt(topic.brokers),
        groupId: topic.groupId,
        topics: [topic.name],
        concurrency: 1,
        sessionMs: 6_000,
      }),
    normaliser: createNormaliser([{ ...source, topics: [topic.name], controls: controls ? source.controls : [] }]),
    process: engine.process,
    db: engine.db,
    log: quiet,
    checkMs: 200,
  });
  await topic.append(0, records);
  await ingest.start();
  try {
    await waitFor('every record', async () => {
      const { rows } = await database.pool.query('select next_offset::int from milepost.source_position');
      return rows[0]?.next_offset === records.length;
    });
  } finally {
    await ingest.stop();
  }
  const { rows: parked } = await database.pool.query(
    'select reason, "offset"::int from milepost.parked_message order by 2',
  );
  return { parked, memberships: intervalsOf(await readStatements(engine.db, 'U1')) };
}

test('a source that may control changes cohorts, in any order and again', async () => {
  const left = change('2', { change: 'LEFT', effectiveFrom: '2026-06-01T00:00:00Z' });
  const { parked, memberships } = await consumed(true, [left, change('1'), left, change('3', { change: 'MOVED' })]);
  expect(memberships).toEqual([{ cohortId: 'early', from: Date.UTC(2026, 4, 1), to: Date.UTC(2026, 5, 1) }]);
  expect(parked).toEqual([{ reason: 'invalid_field', offset: 3 }]);
});

test('one that may not is parked, record by record', async () => {
  const { parked, memberships } = await consumed(false, [change('1'), change('2')]);
  expect(memberships).toEqual([]);
  expect(parked).toEqual([
    { reason: 'not_permitted', offset: 0 },
    { reason: 'not_permitted', offset: 1 },
  ]);
});
