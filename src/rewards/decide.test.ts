import { expect, test } from 'vitest';
import { payReward, rewardKey, takeBackKey } from './decide.ts';

const claim = { userId: 'U1', gameId: 'game', windowStart: Date.UTC(2026, 4, 1), step: 3, earning: 1, version: 2 };

test.each([
  ['NC', 'neucoin'],
  ['VOUCHER', 'voucher'],
  ['service:lounge_pass', 'service:lounge_pass'],
] as const)('a reward of the type %s goes to %s, by way of its budgets', (rewardType, destination) => {
  const paying = { ...claim, reward: { rewardType, amount: 10, pool: null }, netted: 0, budgets: [] };
  expect(payReward(paying, 7, 0)).toMatchObject({
    destination,
    messageKey: rewardKey(claim),
    body: { reward_type: rewardType },
  });
  const budgets = [{ budgetId: 'b', start: 0 }];
  expect(payReward({ ...paying, budgets }, 7, 0)).toMatchObject({
    destination: 'budget',
    body: { service: destination },
  });
});

test('keys are what they were: they name what was paid, also after a restore', () => {
  expect(rewardKey(claim)).toBe('ff187731-b74b-1b94-1bd2-5f1750ec28e1');
  expect(takeBackKey(rewardKey(claim))).toBe('a9b4ce10-bc3b-2549-a4cc-634de3ff2534');
  expect(rewardKey({ ...claim, earning: 2 })).not.toBe(rewardKey(claim));
});
