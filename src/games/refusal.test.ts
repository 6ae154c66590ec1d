import { describe, expect, test } from 'vitest';
import { everyArchetype } from '../testing/every-archetype.ts';
import {
  at,
  type EventOptions,
  type GameHistory,
  gameHistory,
  makeDefinitions,
  makeEvent,
  makeGame,
  paymentTrigger,
  upiPayment,
} from '../testing/make.ts';
import { type KnownPlayer, playerFacts } from '../testing/player-facts.ts';
import type { Timeline } from './decide.ts';
import { type JudgedEvent, refusalOf } from './refusal.ts';

function refused(
  history: GameHistory,
  { event, receivedAt }: ReturnType<typeof makeEvent>,
  player: KnownPlayer = {},
  judged: Partial<JudgedEvent> = {},
) {
  const timeline = makeDefinitions([history]).games[0] as Timeline;
  const known = playerFacts(player);
  const before = JSON.stringify(known.joins);
  const refusal = refusalOf(
    timeline,
    { event, receivedAt: receivedAt as number, outcome: 'no_match', reason: null, ...judged },
    known,
  );
  expect(JSON.stringify(known.joins)).toBe(before);
  return refusal;
}

describe('why an event did not count', () => {
  const game = gameHistory(makeGame({ cohort_id: 'early' }), [
    '05-20',
    makeGame({ cohort_id: 'early', frm: 'reject' }),
  ]);
  const member: KnownPlayer = { member: ['early', '05-02'] };
  const payment = (options: EventOptions = {}) => upiPayment(1, options);

  test.each<[string, ReturnType<typeof makeEvent>, string, string]>([
    ['not a member then', payment({ occurred: '05-01' }), 'not_in_cohort', 'not_a_member'],
    ['too late', payment({ occurred: '05-10', received: '06-10' }), 'late', 'window_closed'],
    ['after the game', payment({ occurred: '06-01' }), 'outside_window', 'after_window'],
    ['before the game', payment({ occurred: '04-30' }), 'outside_window', 'before_window'],
    ['flagged', payment({ occurred: '05-21', attributes: { frm_flag: 'X' } }), 'rejected', 'frm_flagged'],
    ['something else', makeEvent({ occurred: '05-10' }), 'no_match', 'no_game'],
  ])('%s', (_, event, outcome, reason) => {
    const refusal = refused(game, event, member);
    expect(refusal).toMatchObject({ outcome, reason, missed: [] });
    expect(refusal.detail).toMatch(/\.$/);
  });

  test('the rule of each trigger that does not hold', () => {
    const strict = gameHistory(
      makeGame({ triggers: [paymentTrigger({ id: 'a', from: 5 }), paymentTrigger({ id: 'b', from: 9 })] }),
    );
    expect(refused(strict, payment()).missed).toEqual([
      { trigger_id: 'a', condition: 'transaction_amount is at least 5' },
      { trigger_id: 'b', condition: 'transaction_amount is at least 9' },
    ]);
  });

  test('paused and ended', () => {
    const statuses = [{ changeNo: 1, status: 'paused' as const, from: at('05-08') }];
    expect(refused({ ...gameHistory(makeGame()), statuses }, payment({ occurred: '05-09' }))).toMatchObject({
      reason: 'paused',
    });
  });

  test('not joined, and joined before', () => {
    const board = gameHistory(everyArchetype.find(({ game_id }) => game_id === 'board') as never);
    expect(refused(board, payment())).toMatchObject({ outcome: 'not_in_cohort', reason: 'not_joined' });
    const joined = { joined: { 1: ['05-02'] } };
    expect(refused(board, makeEvent({ type: 'joined' }), joined)).toMatchObject({ reason: 'already_joined' });
  });

  test('worth nothing', () => {
    const amount = {
      mode: 'increment_by_attribute',
      field: 'attributes.transaction_amount',
      scale: 0.01,
      rounding: 'down',
    };
    const spend = gameHistory(makeGame({ triggers: [{ progression_config: amount as never }] }));
    expect(refused(spend, payment())).toMatchObject({ outcome: 'no_match', reason: 'worth_nothing' });
  });

  test('refused before any game looked at it', () => {
    const judged = { outcome: 'rejected', reason: 'occurred_in_future' };
    expect(refused(gameHistory(makeGame()), payment(), {}, judged)).toMatchObject(judged);
  });

  test('counted by what is known now: then something has changed since', () => {
    expect(refused(gameHistory(makeGame()), payment())).toMatchObject({ outcome: 'no_match', reason: 'judged_before' });
  });
});
