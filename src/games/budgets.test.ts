// Which budgets cover a reward, in which of their periods it falls, and what of them is refused.
import { describe, expect, test } from 'vitest';
import type { UserError } from '../errors.ts';
import { dryRun } from '../testing/dry-run.ts';
import { given } from '../testing/given.ts';
import { at, fields, gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { budgetsOf, periodsOf } from './budgets.ts';
import type { GameConfig } from './config.ts';
import { prepareGame } from './game.ts';
import { parseGame } from './parse.ts';

const step = (number: number, reward: object) => ({ step: number, step_type: 'REWARD', reward });
const steps = [
  step(1, { reward_type: 'NC', value: 10 }),
  step(2, { reward_type: 'VOUCHER', value: 100, pool: 'sweets' }),
  step(3, { reward_type: 'VOUCHER', value: 50 }),
  { step: 4, step_type: 'EMPTY' },
];
const budget = (options: object = {}) => ({ budget_id: 'b', period: 'game', limit: { claims: 1 }, ...options });

function gameWith(budgets: object[], options: object = {}): GameConfig {
  return makeGame({ milestone_steps: steps, budgets, ...options } as never);
}

function prepared(budgets: object[], options: object = {}) {
  return prepareGame(gameWith(budgets, options), { gameNo: 1, version: 1, inForceFrom: 0 });
}

describe('a budget covers', () => {
  test.each<[rewards: object | undefined, covered: number[]]>([
    [undefined, [1, 2, 3]],
    [{ reward_type: 'NC' }, [1]],
    [{ reward_type: 'VOUCHER' }, [2, 3]],
    [{ steps: [1, 3] }, [1, 3]],
    [{ pool: 'sweets' }, [2]],
    [{ reward_type: 'VOUCHER', steps: [1, 3] }, [3]],
  ])('with rewards %j the steps %j', (rewards, covered) => {
    const game = prepared([budget({ rewards })]);
    expect([1, 2, 3, 4].filter((number) => budgetsOf(game, number).length > 0)).toEqual(covered);
  });

  test('several, in their order', () => {
    const game = prepared([budget({ budget_id: 'z' }), budget({ budget_id: 'a', rewards: { steps: [1] } })]);
    expect(budgetsOf(game, 1).map(({ budgetId }) => budgetId)).toEqual(['z', 'a']);
    expect(budgetsOf(game, 2).map(({ budgetId }) => budgetId)).toEqual(['z']);
  });
});

describe('the period of a reward', () => {
  const windowStart = at('2026-05-03T18:30:00Z');
  test.each<[period: string, received: string, start: string, zone?: string]>([
    ['game', '2026-05-10T12:00:00Z', '2026-05-01T00:00:00.000Z'],
    ['window', '2026-05-10T12:00:00Z', '2026-05-03T18:30:00.000Z'],
    // A day of Kolkata begins at 18:30 UTC.
    ['day', '2026-05-10T18:29:59.999Z', '2026-05-09T18:30:00.000Z'],
    ['day', '2026-05-10T18:30:00Z', '2026-05-10T18:30:00.000Z'],
    // 10 May 2026 is a Sunday.
    ['week', '2026-05-10T18:29:59.999Z', '2026-05-03T18:30:00.000Z'],
    ['week', '2026-05-10T18:30:00Z', '2026-05-10T18:30:00.000Z'],
    ['month', '2026-05-31T18:29:59.999Z', '2026-04-30T18:30:00.000Z'],
    ['month', '2026-05-31T18:30:00Z', '2026-05-31T18:30:00.000Z'],
    // A day of 23 hours, and the month that it is in.
    ['day', '2026-03-29T22:59:59Z', '2026-03-29T00:00:00.000Z', 'Europe/London'],
    ['day', '2026-03-29T23:00:00Z', '2026-03-29T23:00:00.000Z', 'Europe/London'],
    ['month', '2026-04-01T00:00:00Z', '2026-03-31T23:00:00.000Z', 'Europe/London'],
  ])('of a %s, received at %s', (period, received, start, time_zone = 'Asia/Kolkata') => {
    const budgets = budgetsOf(prepared([budget({ period })], { time_zone }), 1);
    const [found] = periodsOf({ budgets, windowStart } as never, at(received));
    expect(found).toEqual({ budgetId: 'b', start: at(start) });
  });
});

describe('a claim that a budget covers', () => {
  const budgeted = gameWith([budget({ rewards: { reward_type: 'VOUCHER' }, period: 'day' })]);

  test('awaits it; others are earned', () => {
    given(budgeted)
      .when(upiPayment(1), upiPayment(1), upiPayment(1), upiPayment(1))
      .thenBooks({
        claims: ['1 earned NC 10', '2 awaiting_budget VOUCHER 100', '3 awaiting_budget VOUCHER 50', '4 earned'],
        rewards: ['NC 10', 'VOUCHER 100', 'VOUCHER 50'],
      });
  });

  test('goes by way of its budget, with the period by when the event was received, and the pool', () => {
    const { decision } = dryRun([gameHistory(budgeted)], []).process([
      upiPayment(1),
      upiPayment(1, { occurred: '2026-05-10T12:00:00Z', received: '2026-05-11T20:00:00Z' }),
    ]);
    expect(decision.messages.map(({ destination }) => destination)).toEqual(['neucoin', 'budget', 'projection']);
    expect(decision.messages[1]?.body).toMatchObject({
      reward_type: 'VOUCHER',
      pool: 'sweets',
      budgets: [{ budget_id: 'b', period_start: '2026-05-11T18:30:00.000Z' }],
    });
    expect(decision.messages[0]?.body).not.toHaveProperty('budgets');
  });

  test('awaits it also when a hold is released, by the version that judged the step', () => {
    const without = gameWith([budget({ rewards: { steps: [3] } })]);
    const flagged = () => upiPayment(1, { attributes: { frm_flag: 'F' }, occurred: '05-10' });
    given(gameHistory(budgeted, ['05-11', without]))
      .when(upiPayment(1), flagged())
      .thenBooks({ claims: ['1 earned NC 10', '2 held VOUCHER 100'] })
      .when(upiPayment(1, { occurred: '05-12' }))
      .thenBooks({
        claims: ['1 earned NC 10', '2 awaiting_budget VOUCHER 100', '3 held VOUCHER 50 by version 2'],
        rewards: ['NC 10', 'VOUCHER 100'],
      });
  });
});

describe('refused is', () => {
  function problems(budgets: object[], options: object = {}): string[] {
    const text = JSON.stringify({ ...makeGame({ milestone_steps: steps, ...options } as never), budgets });
    try {
      parseGame(text, 'game.json', fields);
      return [];
    } catch (error) {
      return (error as UserError).problems.map(
        ({ path, message }) => `${path}: ${message.replace(/(; found .*)? \(line \d+, column \d+\)$/, '')}`,
      );
    }
  }

  test('nothing of what is right', () => {
    expect(
      problems([
        budget({ limit: { claims: 0 } }),
        budget({ budget_id: 'c', rewards: { reward_type: 'NC' }, limit: { amount: 1, claims: 1 } }),
        budget({
          budget_id: 'd',
          rewards: { steps: [2, 3] },
          limit: { amount: 1 },
          when_exhausted: 'downgrade',
          downgrade_to: 49,
        }),
      ]),
    ).toEqual([]);
  });

  const downgrade = { rewards: { reward_type: 'VOUCHER' }, limit: { amount: 1 }, when_exhausted: 'downgrade' };
  test.each<[object, string]>([
    [{ limit: {} }, '$.budgets[0].limit: says nothing; give "amount", "claims" or both'],
    [
      { limit: { amount: 10 } },
      '$.budgets[0].limit.amount: would add up NC and VOUCHER; limit "claims", or narrow "rewards" to one reward_type',
    ],
    [
      { rewards: { steps: [1, 4] } },
      '$.budgets[0].rewards.steps[1]: there is no step 4 with a reward; these have one: 1, 2, 3',
    ],
    [
      { rewards: { pool: 'sweet' } },
      '$.budgets[0].rewards.pool: no reward comes from a pool "sweet" (did you mean "sweets"?)',
    ],
    [{ rewards: { reward_type: 'NC', steps: [2] } }, '$.budgets[0].rewards: covers no reward of the game'],
    [{ downgrade_to: 5 }, '$.budgets[0].downgrade_to: is only for "when_exhausted": "downgrade"'],
    [downgrade, '$.budgets[0].downgrade_to: is needed with "when_exhausted": "downgrade"'],
    [
      { ...downgrade, downgrade_to: 50 },
      '$.budgets[0].downgrade_to: must be less than every reward it stands in for; the smallest is 50',
    ],
    [
      { ...downgrade, limit: { claims: 1 }, downgrade_to: 5 },
      '$.budgets[0].when_exhausted: a smaller reward is one of the claims too: where only "claims" are limited, none would be left for it',
    ],
    [{ period: 'year' }, '$.budgets[0].period: expected one of "game", "window", "day", "week", "month"'],
  ])('%j', (wrong, ...expected) => {
    expect(problems([budget(wrong)])).toEqual(expected);
  });

  test('two of one name, and a pool of NeuCoins', () => {
    expect(problems([budget(), budget()])).toEqual(['$.budgets[1].budget_id: two budgets are called "b"; rename one']);
    expect(problems([budget()], { milestone_steps: [step(1, { reward_type: 'NC', value: 1, pool: 'x' })] })).toEqual([
      '$.milestone_steps[0].reward.pool: only vouchers come from a pool; remove it',
    ]);
  });
});
