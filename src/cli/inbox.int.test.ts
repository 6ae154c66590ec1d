// The commands of support for the inbox: what they print, what they change, how they end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, testEngine } from '../testing/engine.ts';
import { at, gameHistory, makeEvent, makeGame, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

const timeout = 180_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await using engine = testEngine(database.url);
  const parked = {
    source: 'canonical',
    origin: { transport: 'kafka', topic: 'payments', partition: 1, offset: '77' },
    bytes: Buffer.from('{"event_id": "evt_3",\n "payment_id": "pay_3"'),
    receivedAt: at('05-12'),
    reason: 'invalid_json',
    detail: 'not JSON',
  } as const;
  await engine.process({
    events: [
      upiPayment(1, { id: 'evt_1', occurred: '05-20', received: '06-10' }),
      upiPayment(1, { id: 'evt_2' }),
      makeEvent({ id: 'evt_4', user: 'U4', type: 'unheard_of' }),
    ],
    parked: [parked],
  });
});
afterAll(() => database[Symbol.asyncDispose]());

const run = (args: string[], input?: string) =>
  milepost(args, { env: { DATABASE_URL: database.url }, ...(input === undefined ? {} : { input }) });

test('the inbox is listed by what became of its events', { timeout }, async () => {
  const { stdout } = await run(['inbox', 'list', '--outcome', 'late', 'no_match', '--json']);
  const { events, more } = JSON.parse(stdout);
  expect(more).toBe(false);
  expect(events).toEqual([
    {
      event_id: 'evt_1',
      producer: 'tests',
      user_id: 'U1',
      outcome: 'late',
      reason: 'window_closed',
      received_at: '2026-06-10T12:00:00.000Z',
      occurred_at: '2026-05-20T12:00:00.000Z',
      event_type: 'payment_success',
      source: 'tests',
      origin: 'http',
    },
    expect.objectContaining({ event_id: 'evt_4', outcome: 'no_match', reason: 'no_game' }),
  ]);
  expect((await run(['inbox', 'list', '--user', 'U1', '--limit', '1'])).stdout).toBe(
    'RECEIVED                  EVENT  USER  TYPE             OUTCOME  REASON\n' +
      '2026-06-10T12:00:00.000Z  evt_1  U1    payment_success  late     window_closed\n' +
      '… and more: --limit, or narrow it down\n',
  );
});

test('parked messages are found by what they mention', { timeout }, async () => {
  expect((await run(['inbox', 'parked', '--mentions', 'pay_3'])).stdout).toBe(
    'NO  RECEIVED                  SOURCE     REASON                  BEGINS\n' +
      ' 1  2026-05-12T12:00:00.000Z  canonical  invalid_json: not JSON  {"event_id": "evt_3",  "payment_id": "pay_3"\n',
  );
  expect((await run(['inbox', 'parked', '--mentions', 'pay_4'])).stdout).toBe('No message is parked.\n');
});

test('a run says what it would do, does it, says what it left alone, and is on record', { timeout }, async () => {
  await database.pool.query(
    `insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
     select game_no, 2, in_force_from, jsonb_set(config, '{game_window,grace}', '"P10D"'), '', now(), 'test', 'test' from milepost.game_version`,
  );
  await database.pool.query('update milepost.definitions set epoch = epoch + 1');
  const ids = ['inbox', 'reprocess', '--file', '-'];
  const rehearsed = await run([...ids, '--dry-run'], 'evt_1\nevt_2\n\n');
  expect(rehearsed).toMatchObject({ status: 0, stderr: '' });
  expect(rehearsed.stdout).toBe(
    'WAS → IS                        EVENTS\n' +
      'late (window_closed) → applied       1\n' +
      'applied → unchanged                  1\n\n' +
      'evt_1 of U1: late (window_closed) → applied\n\n' +
      '2 events looked at, 1 would be changed, 0 steps would be claimed. Nothing was changed: leave out --dry-run to do it.\n',
  );
  const done = await run([...ids, '--reason', 'ticket 812', '--json'], 'evt_1\nevt_2\n');
  expect(JSON.parse(done.stdout)).toMatchObject({ run: 1, looked_at: 2, changed: 1 });
  const parked = await run(['inbox', 'reprocess', '--outcome', 'parked', '--reason', 'the mapping is mended']);
  expect(parked.status).toBe(1);
  expect(parked.stdout).toContain('message 1: parked (invalid_json), left alone: invalid_json: not JSON');
  const resumed = await run(['inbox', 'reprocess', '--resume', '1']);
  expect(resumed.stdout).toContain('2 events looked at, 0 changed, 0 steps claimed. This is run 1.\n');
  const unknown = await run(['inbox', 'reprocess', 'evt_2', 'evt_x', '--dry-run']);
  expect(unknown.status).toBe(1);
  expect(unknown.stdout).toMatch(/\n1 event looked at, .*\nNothing of that kind is known of evt_x\.\n$/);
  expect(await run(['inbox', 'reprocess', 'evt_x', '--dry-run'])).toMatchObject({
    status: 1,
    stdout: 'Nothing of that kind is known of evt_x.\n',
  });
  const { stdout } = await run(['inbox', 'runs']);
  expect(stdout.split('\n')[1]).toMatch(/^ {2}2 .* ended +1 +0 .* the mapping is mended$/);
  expect(stdout.split('\n')[2]).toMatch(/^ {2}1 .* ended +4 +1 .* on the command line +ticket 812$/);
});
