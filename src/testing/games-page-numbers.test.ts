// The worked numbers of docs/games.md, by the engine that judges live events.
import { describe, expect, test } from 'vitest';
import { contributionOf } from '../games/progression.ts';
import { zoneOf } from '../time-zone.ts';
import { given } from './given.ts';
import { type EventOptions, makeEvent, makeGame, upiPayment } from './make.ts';

const zone = zoneOf('Asia/Kolkata');
const window = { start: '2026-06-01T00:00:00+05:30', end: '2026-06-30T23:59:59+05:30' };
/** A payment on a day of June 2026 at noon in Kolkata, or at a time there. */
const payment = (occurred: string, options: EventOptions & { amount?: number } = {}) => {
  const at = Date.parse(occurred.length === 2 ? `2026-06-${occurred}T12:00:00+05:30` : `2026-06-${occurred}:00+05:30`);
  return upiPayment(options.amount ?? 100, { occurred: at, ...options });
};
const payments = (...days: string[]) => days.map((day) => payment(day));

describe('what an event adds', () => {
  const amount = { mode: 'increment_by_attribute', field: 'attributes.transaction_amount' } as const;
  test.each([
    [1, 'down', undefined, 1_249],
    [1, 'half_up', undefined, 1_250],
    [1, 'up', undefined, 1_250],
    [100, 'down', undefined, 124_950],
    [0.01, 'down', undefined, 12],
    [0.01, 'down', 10, 10],
  ] as const)('1,249.50 at scale %d, %s, at most %s', (scale, rounding, max_per_event, adds) => {
    const { event } = upiPayment(1_249.5);
    expect(contributionOf({ ...amount, scale, rounding, max_per_event }, event, zone).amount).toBe(adds);
  });

  test.each([
    [499.99, 0],
    [500, 1],
    [1_999.99, 1],
    [2_000, 3],
  ])('%d rupees in bands', (rupees, adds) => {
    const bands = [
      { at_least: 500, adds: 1 },
      { at_least: 2_000, adds: 3 },
    ];
    const { event } = upiPayment(rupees);
    const progression = { mode: 'weighted', field: 'attributes.transaction_amount', bands, otherwise: 0 } as const;
    expect(contributionOf(progression, event, zone).amount).toBe(adds);
  });

  test('distinct merchants', () => {
    const progression_config = { mode: 'unique', field: 'attributes.merchant_id', value: 1 } as const;
    const visits = ['A', 'B', 'A', 'C', 'B'].map((id) => payment('10', { attributes: { merchant_id: id } }));
    given(makeGame({ game_window: window, triggers: [{ progression_config }] }))
      .when(...visits)
      .thenBooks({
        progress: 3,
        outcomes: ['applied', 'applied', 'applied (repeated_value)', 'applied', 'applied (repeated_value)'],
      });
  });

  test('caps', () => {
    const monday = ['08', '08', '08', '08'];
    const wednesday = ['10', '10', '10', '10', '10', '10'];
    given(makeGame({ game_window: window, triggers: [{ cap: { per_day: 2, per_window: 5 } }] }))
      .when(...payments(...monday, '09', ...wednesday, '11'))
      .thenBooks({ progress: 5 })
      .when(payment('12'))
      .thenBooks({ progress: 5, outcomes: expect.arrayContaining(['applied (capped)']) });
  });
});

test('grace', () => {
  const received = (time: string) => Date.parse(`2026-07-${time}:00+05:30`);
  given(makeGame({ game_window: window }))
    .when(
      payment('30T23:50', { received: received('03T23:00') }),
      payment('30T23:50', { received: received('04T00:30') }),
    )
    .thenBooks({ outcomes: ['applied', 'late (window_closed)'] });
});

test('a window from the joining', () => {
  const join = { event_type: 'challenge_accepted' };
  const joining = (time: string) =>
    makeEvent({ type: join.event_type, occurred: Date.parse(`2026-06-${time}:00+05:30`) });
  given(makeGame({ join, game_window: { ...window, type: 'custom', from_join: 'P7D' } }))
    .when(
      payment('10T17:59'),
      joining('10T18:00'),
      joining('12T18:00'),
      payment('17T17:59'),
      payment('17T18:00'),
      joining('18T09:00'),
      payment('18T10:00'),
    )
    .thenBooks({
      outcomes: [
        'not_in_cohort (not_joined)',
        'applied (joined)',
        'no_match (already_joined)',
        'applied',
        'outside_window (after_window)',
        'applied (joined)',
        'applied',
      ],
    });
});

test('a target of three shops, and one of a bill', () => {
  const trigger = (id: string) => ({ trigger_id: id, event_type: id });
  const game = makeGame({
    game_archetype: 'CHECKLIST',
    progress_state_model: { type: 'checklist', unit: 'target', display_unit: 'things', max_value: 2 },
    checklist: {
      targets: [
        { target_id: 'bill', triggers: ['bill'], count: 1 },
        { target_id: 'shop', triggers: ['shop'], count: 3 },
      ],
    },
    milestone_steps: [
      { step: 1, step_type: 'EMPTY' },
      { step: 2, step_type: 'EMPTY' },
      { step: 3, step_type: 'EMPTY', requires: { targets: ['bill'] } },
    ],
    triggers: [trigger('bill'), trigger('shop')],
  });
  const event = (type: string) => makeEvent({ type, attributes: { transaction_amount: 1 } });
  given(game)
    .when(event('bill'), event('shop'), event('shop'))
    .thenBooks({ progress: 1, claims: ['1 earned', '3 earned'] })
    .when(event('shop'))
    .thenBooks({ progress: 2, claims: ['1 earned', '3 earned', '2 earned'] });
});

test.each([
  [0, 3],
  [1, 5],
])('a streak with %d freezes', (freezes, longest) => {
  const game = makeGame({
    game_archetype: 'STREAK',
    game_window: window,
    progress_state_model: { type: 'streak', unit: 'day', display_unit: 'days', max_value: 30 },
    streak: { period: 'day', per_period: 1, freezes },
  });
  given(game)
    .when(...payments('01', '02', '03', '05', '06'))
    .thenBooks({ progress: longest });
});

test('a June of days', () => {
  const game = makeGame({
    game_archetype: 'CALENDAR_GRID',
    game_window: window,
    progress_state_model: { type: 'calendar_grid', unit: 'day', display_unit: 'days', max_value: 30 },
    grid: { kind: 'days', columns: 7, per_cell: 1 },
    milestone_steps: [
      { step: 1, step_type: 'EMPTY', requires: { row: 1 } },
      { step: 2, step_type: 'EMPTY', requires: { row: 5 } },
    ],
  });
  given(game)
    .when(...payments('01', '02', '03', '04', '05', '06', '07'))
    .thenBooks({ progress: 7, claims: ['1 earned'] })
    .when(...payments('29', '30'))
    .thenBooks({ claims: ['1 earned', '2 earned'] });
});

describe('one transaction, told twice', () => {
  const bill = { trigger_id: 'bill', event_type: 'bill' };
  const correlation = { canonical_transaction_id: 'T1' };
  const events = () => [
    payment('10', { correlation }),
    makeEvent({ type: 'bill', correlation, occurred: '06-11', attributes: { transaction_amount: 1 } }),
  ];
  test.each([
    ['INBOUNDEVENT', 'max', 4, 4],
    ['LOGICAL_TRANSACTION', 'first', 1, 3],
    ['LOGICAL_TRANSACTION', 'max', 3, 3],
    ['LOGICAL_TRANSACTION', 'sum', 4, 4],
  ] as const)('%s %s', (evaluation_scope, transaction_policy, inOrder, reversed) => {
    const game = makeGame({
      game_window: window,
      evaluation_scope,
      transaction_policy,
      triggers: [{}, { ...bill, progression_config: { mode: 'increment_by_constant', value: 3 } }],
    });
    const [first, second] = events() as [ReturnType<typeof payment>, ReturnType<typeof payment>];
    given(game).when(first).thenBooks({ progress: 1 }).when(second).thenBooks({ progress: inOrder });
    given(game).when(second, first).thenBooks({ progress: reversed });
  });
});

test('a flagged event', () => {
  const flagged = payment('12', { attributes: { frm_flag: 'FRM_REVIEW' } });
  given(makeGame({ game_window: window, milestone_steps: [3] }))
    .when(...payments('10', '11'), flagged)
    .thenBooks({ progress: 3, cleared: 2, claims: ['3 held NC 30'], rewards: [] })
    .when(payment('13'))
    .thenBooks({ progress: 4, cleared: 3, claims: ['3 earned NC 30'], rewards: ['NC 30'] });
});
