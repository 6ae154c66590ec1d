// milepost explain, as support uses it: the answer first, then everything behind it.
import { expect, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { install, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

test('an event, a payment, a player; and what nobody knows', { timeout: 180_000 }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame({ triggers: [paymentTrigger({ from: 1_200 })] }))] });
  {
    await using engine = testEngine(database.url);
    const correlation = { payment_id: 'pay_1' };
    await engine.take([upiPayment(900, { id: 'evt_1', correlation }), upiPayment(1_200, { id: 'evt_2' })]);
  }
  const run = (...args: string[]) => milepost(['explain', ...args], { env: { DATABASE_URL: database.url } });
  const answer =
    'It did not count in game: it is not what the game counts. payment: it asks that transaction_amount is at least 1200, and ' +
    'transaction_amount is 900.';

  const event = await run('--event', 'evt_1');
  expect(event.status).toBe(0);
  expect(event.stdout.split('\n')).toEqual([
    'evt_1 from tests, player U1',
    '',
    answer,
    '',
    '  outcome   no_match (condition_failed); judged again it comes to the same',
    '  received  2026-05-10T12:00:01.000Z, from http (source tests); repeats of it changed nothing and are not kept',
    '  occurred  2026-05-10T12:00:00.000Z, payment_success',
    expect.stringMatching(/^ {2}payload {3}\{"attributes":\{.*"transaction_amount":900.*"payment_id":"pay_1"/),
    '',
    '  game, version 1: no_match (condition_failed)',
    '    window    from 2026-05-01T00:00:00.000Z to 2026-06-01T00:00:00.000Z, accepted until 2026-06-04T00:00:00.000Z',
    '    trigger   payment does not match: it asks that transaction_amount is at least 1200, and transaction_amount is 900',
    '',
  ]);
  const payment = await run('--payment', 'pay_1', '--player', 'U1', '--game', 'game', '--json');
  expect(JSON.parse(payment.stdout)).toMatchObject({
    events: [
      {
        event_id: 'evt_1',
        answer,
        games: [
          { triggers: [{ failed: { field: 'attributes.transaction_amount', op: 'gte', wanted: 1_200, found: 900 } }] },
        ],
      },
    ],
    parked: [],
  });
  const player = await run('--player', 'U1');
  expect(player.stdout).toContain('player U1\n  progress  game, window 2026-05-01T00:00:00.000Z: 1 of 1000 payments\n');
  expect(player.stdout).toContain(`2026-05-10T12:00:00.000Z  evt_1: no_match (condition_failed)\n    ${answer}\n`);
  expect(await run('--event', 'evt_9')).toMatchObject({ status: 1, stdout: 'Nothing is known of evt_9.\n' });
  await database.pool.query("update milepost.event_key set outcome = 'late' where event_id = 'evt_1'");
  const wrong = await run('--event', 'evt_1');
  expect(wrong.status).toBe(1);
  expect(wrong.stdout).toContain('\nCAUTION: judged again by what was known then, evt_1 would be no_match');
});
