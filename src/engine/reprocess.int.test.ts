// Judging anew, on a real database: what has changed nothing may come to count, what has changed something never does so twice.
import { beforeEach, describe, expect, test } from 'vitest';
import type { IncomingEvent, ParkedMessage } from '../event/event.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import { findParked } from '../inbox/parked.ts';
import { findRuns, type Wanted } from '../inbox/run.ts';
import { expectBooks, readBooks } from '../testing/books.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, type TestEngine, testEngine } from '../testing/engine.ts';
import { at, gameHistory, makeEvent, makeGame, upiPayment } from '../testing/make.ts';
import { expectedBooks } from '../testing/model.ts';
import { rehearse, reprocess, resume } from './reprocess.ts';

const normaliser = createNormaliser([canonicalSource]);
const order = (wanted: Wanted) => ({ wanted, by: 'asha', reason: 'ticket 812' });

let database: TestDatabase;
let engine: TestEngine;
beforeEach(async () => {
  database = await testDatabase();
  engine = testEngine(database.url);
  return async () => {
    await engine[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
});

const options = () => ({ db: engine.db, engine, normaliser });

/** A new version in force from the window's start, as an activation into the past makes it. */
async function activateIntoThePast(config: ReturnType<typeof makeGame>, version: number): Promise<void> {
  await database.pool.query(
    `insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
     select game_no, $2, $3, $4::text::jsonb, $4, now(), 'test', 'test' from milepost.game where game_id = $1`,
    [config.game_id, version, config.game_window.start, JSON.stringify(config)],
  );
  await database.pool.query('update milepost.definitions set epoch = epoch + 1');
}

const outcomes = async () =>
  (await database.pool.query('select event_id, outcome, reason from milepost.event_key order by event_id')).rows.map(
    ({ event_id, outcome, reason }) => `${event_id} ${outcome}${reason === null ? '' : ` (${reason})`}`,
  );

test('late events count once the grace is longer, in the order in which they came, and only once', async () => {
  const game = makeGame({ milestone_steps: [2] });
  await install(database.pool, { games: [gameHistory(game)] });
  const late = (id: string, received: string) => upiPayment(1, { id, occurred: '05-20', received });
  await engine.take([late('a', '06-10'), late('b', '06-11'), upiPayment(1, { id: 'c', occurred: '05-21' })]);
  expect(await outcomes()).toEqual(['a late (window_closed)', 'b late (window_closed)', 'c applied']);
  const wanted: Wanted = { events: { outcomes: ['late'] } };

  // Judged by the receipt on record, they are late still.
  expect(await reprocess(order(wanted), options())).toMatchObject({
    lookedAt: 2,
    changed: 0,
    outcomes: { 'late (window_closed) → unchanged': 2 },
  });

  const mended = makeGame({ milestone_steps: [2], game_window: { grace: 'P10D' } });
  await activateIntoThePast(mended, 2);
  const before = await readBooks(database.pool);
  expect(await rehearse(wanted, options())).toMatchObject({
    run: null,
    lookedAt: 2,
    changed: 1,
    claims: 1,
    shown: [{ event_id: 'a', from: 'late (window_closed)', to: 'applied', changed: true }],
  });
  expect(await readBooks(database.pool)).toEqual(before);

  const done = await reprocess(order(wanted), options());
  expect(done).toMatchObject({ lookedAt: 2, changed: 1, claims: 1 });
  expect(await outcomes()).toEqual(['a applied', 'b late (window_closed)', 'c applied']);
  expect((await readBooks(database.pool)).progress).toMatchObject([{ value: 2 }]);
  expect((await readBooks(database.pool)).claims).toMatchObject([{ step: 2, version: 2 }]);

  const books = await readBooks(database.pool);
  expect(await reprocess(order(wanted), options())).toMatchObject({ lookedAt: 1, changed: 0, claims: 0 });
  expect(await reprocess(order({ events: { eventIds: ['a', 'b', 'c', 'x'] } }), options())).toMatchObject({
    lookedAt: 3,
    changed: 0,
    outcomes: { 'applied → unchanged': 2, 'late (window_closed) → unchanged': 1 },
  });
  expect(await readBooks(database.pool)).toEqual(books);

  const { rows } = await database.pool.query(
    'select from_outcome, from_reason, to_outcome, to_reason, run_no from milepost.event_rejudged',
  );
  expect(rows).toEqual([
    { from_outcome: 'late', from_reason: 'window_closed', to_outcome: 'applied', to_reason: null, run_no: done.run },
  ]);
  expect(await findRuns(engine.db, 10)).toMatchObject([
    { looked_at: 3, changed: 0, ended_at: expect.any(Number) },
    { looked_at: 1, changed: 0 },
    { run_no: done.run, looked_at: 2, changed: 1, asked_by: 'asha', reason: 'ticket 812', wanted },
    { looked_at: 2, changed: 0 },
  ]);
});

test('who was no member when an event came and is said to have been one, counts from then on', async () => {
  const game = makeGame({ cohort_id: 'early' });
  await install(database.pool, { games: [gameHistory(game)] });
  await engine.take([upiPayment(1, { id: 'a', occurred: '05-10' }), upiPayment(1, { id: 'b', occurred: '05-01' })]);
  const joined = { cohort_id: 'early', member: true, until: null };
  await engine.take([makeEvent({ id: 'm', type: 'cohort_changed', occurred: '05-05', attributes: joined })]);
  const done = await reprocess(order({ events: { outcomes: ['not_in_cohort'], userId: 'U1' } }), options());
  expect(done).toMatchObject({ lookedAt: 2, changed: 1 });
  expect(await outcomes()).toEqual(['a applied', 'b not_in_cohort (not_a_member)', 'm applied (cohort_changed)']);
});

test('an event that failed is read from where it was set aside, and keeps its time of receipt', async () => {
  await install(database.pool, { games: [gameHistory(makeGame())] });
  // With what PostgreSQL reads in no text.
  const event = upiPayment(1, { id: 'a', attributes: { merchant_id: '\u0000 \ud800' } });
  await engine.take([{ ...event, payload: '{"attributes":' }]);
  expect(await outcomes()).toEqual(['a failed (data_error)']);
  // Its cause is mended.
  await database.pool.query('update milepost.event_failure set event = $1', [JSON.stringify(event)]);
  const wanted: Wanted = { events: { outcomes: ['failed'], source: 'tests' } };
  expect(await rehearse(wanted, options())).toMatchObject({ changed: 1 });
  expect(await reprocess(order(wanted), options())).toMatchObject({ lookedAt: 1, changed: 1 });
  const expected = expectedBooks({ games: [gameHistory(makeGame())], memberships: [], events: [event] });
  expectBooks(await readBooks(database.pool), expected);
  const { rows } = await database.pool.query('select received_at, event_id from milepost.inbox');
  expect(rows).toEqual([{ received_at: new Date(event.receivedAt as number), event_id: 'a' }]);
});

test('what is still not right fails again, and is still there', async () => {
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await engine.take([{ ...upiPayment(1, { id: 'a' }), payload: '{"attributes":' }]);
  const done = await reprocess(order({ events: { eventIds: ['a'] } }), options());
  expect(done).toMatchObject({ lookedAt: 1, outcomes: { 'failed (data_error) → failed (data_error)': 1 } });
  expect(await outcomes()).toEqual(['a failed (data_error)']);
});

test('an event whose payload has been dropped is said to be, and left alone', async () => {
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await engine.take([makeEvent({ id: 'a', type: 'unheard_of' })]);
  await database.pool.query('truncate milepost.inbox');
  const done = await reprocess(order({ events: { outcomes: ['no_match'] } }), options());
  expect(done).toMatchObject({
    lookedAt: 1,
    changed: 0,
    shown: [{ event_id: 'a', problem: expect.stringMatching(/^older than retention/) }],
  });
});

test('a run that is broken off goes on where it was', async () => {
  const game = makeGame({ milestone_steps: [1_000] });
  await install(database.pool, { games: [gameHistory(game)] });
  const many = Array.from({ length: 500 }, (_, index) =>
    upiPayment(1, { id: `e${index}`, user: `U${index % 300}`, occurred: '05-20', received: '06-10' }),
  );
  await engine.take(many);
  await activateIntoThePast(makeGame({ milestone_steps: [1_000], game_window: { grace: 'P30D' } }), 2);

  const breaking = new AbortController();
  let batches = 0;
  const broken = reprocess(order({ events: { outcomes: ['late'] } }), {
    ...options(),
    signal: breaking.signal,
    progress: () => {
      if (++batches === 3) breaking.abort();
    },
  });
  await expect(broken).rejects.toThrow();
  const [run] = await findRuns(engine.db, 1);
  expect(run).toMatchObject({ ended_at: null, changed: expect.any(Number) });
  const before = run?.changed as number;
  expect(before).toBeGreaterThan(0);

  const done = await resume(
    { run: run?.run_no as string, wanted: run?.wanted as Wanted, position: run?.position ?? null },
    options(),
  );
  expect(before + done.changed).toBe(500);
  // It did not begin anew.
  expect(done.lookedAt).toBe(500 - before);
  expect(await findRuns(engine.db, 1)).toMatchObject([{ looked_at: 500, changed: 500, ended_at: expect.any(Number) }]);
  expect((await readBooks(database.pool)).credits).toHaveLength(500);
});

describe('parked messages', () => {
  const message = (source: string, text: string, line: number): ParkedMessage => ({
    source,
    origin: { transport: 'file', file: 'switch.ndjson', line },
    bytes: Buffer.from(text),
    receivedAt: at('05-11'),
    reason: 'invalid_field',
    detail: 'occurred_at: missing',
  });
  const good = (id: string) => ({
    event_id: id,
    event_type: 'payment_success',
    event_version: '1.0',
    occurred_at: '2026-05-10T10:00:00Z',
    producer: 'payments',
    user_id: 'U1',
    attributes: { transaction_amount: 1 },
  });

  test('parked messages that can be read now enter by the front door, and are noted; others stay', async () => {
    await install(database.pool, { games: [gameHistory(makeGame())] });
    const parked = [
      message('canonical', JSON.stringify(good('a')), 1),
      message('canonical', '{"event_id": "b"', 2),
      message('gone', JSON.stringify(good('c')), 3),
      message('canonical', JSON.stringify(good('d')), 4),
    ];
    await engine.process({ events: [], parked });
    // One of them has been sent again by hand meanwhile.
    const again = normaliser.normalise('canonical', { ...(parked[3] as ParkedMessage) });
    await engine.take([(again as { event: IncomingEvent }).event]);

    const wanted: Wanted = { parked: { except: 'quarantined' } };
    const expected = {
      lookedAt: 4,
      changed: 2,
      outcomes: { 'parked (invalid_field) → applied': 2, 'parked (invalid_field) → not read': 2 },
    };
    expect(await rehearse(wanted, options())).toMatchObject({ run: null, ...expected });
    expect(await outcomes()).toEqual(['d applied']);
    const done = await reprocess(order(wanted), options());
    expect(done).toMatchObject(expected);
    expect(done.shown.map(({ problem }) => problem?.slice(0, 24) ?? 'read').toSorted()).toEqual([
      'invalid_json: not JSON: ',
      'read',
      'read',
      'there is no source gone ',
    ]);
    expect(await outcomes()).toEqual(['a applied', 'd applied']);
    expect((await readBooks(database.pool)).progress).toMatchObject([{ value: 2 }]);
    const { rows } = await database.pool.query('select received_at from milepost.event_key where event_id = $1', ['a']);
    expect(rows).toEqual([{ received_at: new Date(at('05-11')) }]);

    expect(await reprocess(order(wanted), options())).toMatchObject({ lookedAt: 2, changed: 0 });
    const all = await findParked(engine.db, { resolved: true }, 10);
    expect(all.map(({ event_id }) => event_id ?? '-').toSorted()).toEqual(['-', '-', 'a', 'd']);
    const { rows: resolutions } = await database.pool.query(
      'select event_id, producer, outcome, run_no from milepost.parked_resolution order by event_id',
    );
    expect(resolutions).toEqual([
      { event_id: 'a', producer: 'payments', outcome: 'applied', run_no: done.run },
      { event_id: 'd', producer: 'payments', outcome: 'duplicate', run_no: done.run },
    ]);
  });
});
