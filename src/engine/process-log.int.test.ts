// What the engine says in its log: what it is about, where it came from, and never a player's id.
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { playerHash } from '../log.ts';
import { registry } from '../metrics.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { createEngine } from './process.ts';

test('a batch and an event that fails are told with what correlates them; no player appears', async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const db = connect(database.url, { role: 'milepost_ingest', size: 2, log: silent });
  const engine = createEngine(db, log);
  const good = upiPayment(1, { user: 'secret-player' });
  const bad = { ...upiPayment(1, { user: 'secret-player' }), payload: '{"attributes":' }; // PostgreSQL refuses it
  const position = { topic: 't', partition: 3, nextOffset: '10' };
  await engine.process({ events: [good], parked: [], position });
  await engine.process({ events: [bad], parked: [] });
  await engine.idle();
  await db.close();
  const said = lines.map((line) => JSON.parse(line));
  expect(said.find(({ msg }) => msg === 'batch committed')).toMatchObject({
    batch: expect.any(Number),
    topic: 't',
    partition: 3,
    next_offset: '10',
    events: 1,
    parked: 0,
    claims: 1,
  });
  expect(said.find(({ msg }) => msg === 'event failed')).toMatchObject({
    event_id: bad.event.event_id,
    player: playerHash('secret-player'),
    source: bad.source,
    error: expect.any(String),
  });
  expect(lines.join('')).not.toContain('secret-player');
});

test('the time of each step of a batch is measured, and its size', async () => {
  await using database = await testDatabase();
  const db = connect(database.url, { role: 'milepost_ingest', size: 2, log: silent });
  const engine = createEngine(db, silent);
  const count = async (name: string, labels: Record<string, string> = {}) => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
    const counts = values.filter((value) => (value as { metricName?: string }).metricName === `${name}_count`);
    return counts
      .filter((value) => Object.entries(labels).every(([key, label]) => value.labels[key as never] === label))
      .reduce((sum, { value }) => sum + value, 0);
  };
  const steps = ['prepare', 'open', 'decide', 'apply', 'commit'];
  const all = () => Promise.all(steps.map((step) => count('milepost_batch_step_seconds', { step })));
  const before = await all();
  const batches = await count('milepost_batch_events');
  await engine.process({ events: [upiPayment(1), upiPayment(2)], parked: [] });
  await engine.idle();
  await db.close();
  expect(await all()).toEqual(before.map((each) => each + 1));
  expect(await count('milepost_batch_events')).toBe(batches + 1);
});
