// Amounts that are drawn, as sentences: without a database, with the key of scenarios.
import { describe, test } from 'vitest';
import { trialDraw } from '../rewards/draw.ts';
import { given } from '../testing/given.ts';
import { gameHistory, makeEvent, makeGame, reversalOf, upiPayment } from '../testing/make.ts';

const distribution = Array.from({ length: 20 }, (_, index) => ({ value: index + 1, weight: 1 }));
const lucky = (odds = distribution) =>
  makeGame({
    milestone_steps: [
      {
        step: 2,
        step_type: 'REWARD',
        reward: { reward_type: 'NC', value: 20, visibility: 'visible', display_type: 'upto', distribution: odds },
      },
    ],
  });
const game = lucky();
const pay = (id: string, options: Parameters<typeof upiPayment>[1] = {}) => upiPayment(100, { id, ...options });
const { value } = trialDraw(
  { purpose: 'upto', userId: 'U1', gameId: 'game', windowStart: Date.UTC(2026, 4, 1), step: 2 },
  distribution,
).chosen;

describe('a reward up to a value', () => {
  test('pays what is drawn', () => {
    given(game)
      .when(pay('a'), pay('b'))
      .thenBooks({ claims: [`2 earned NC ${value}`], rewards: [`NC ${value}`] });
  });

  test('is not rolled again by a refund, nor by a repeat', () => {
    given(game)
      .when(pay('a'), pay('b'), pay('b'), reversalOf('a'), pay('c'))
      .thenBooks({ claims: [`2 cancelled NC ${value}`, `2 earned NC ${value}`], rewards: [`NC ${value}`] });
  });

  test('is drawn when it is earned, also while it is held', () => {
    given(game)
      .when(pay('a'), pay('b', { attributes: { frm_flag: 'REVIEW' } }))
      .thenBooks({ claims: [`2 held NC ${value}`], rewards: [] })
      .when(makeEvent({ type: 'hold_released', correlation: { original_event_id: 'b' } }))
      .thenBooks({ claims: [`2 earned NC ${value}`], rewards: [`NC ${value}`] });
  });

  test('is drawn from the odds of the version that judges, and stays as it was drawn', () => {
    const other = lucky([{ value: 20, weight: 1 }]);
    given(gameHistory(game, ['05-15', other]))
      .when(pay('a', { occurred: '05-02' }), pay('b', { occurred: '05-03' }), pay('c', { occurred: '05-20' }))
      .thenBooks({ claims: [`2 earned NC ${value}`] });
    given(gameHistory(game, ['05-15', other]))
      .when(pay('a', { occurred: '05-02' }), pay('c', { occurred: '05-20' }))
      .thenBooks({ claims: ['2 earned NC 20 by version 2'] });
  });
});
