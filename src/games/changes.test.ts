// What archetypes add to what may not change while a window runs, and when a window counts as begun. What holds for every game is tried in
// config.test.ts.
import { expect, test } from 'vitest';
import { preparedGame, trigger } from '../testing/credits.ts';
import { forbiddenChanges, hasBegun } from './changes.ts';
import { prepareGame } from './game.ts';

type Options = NonNullable<Parameters<typeof preparedGame>[0]>;

const pay = { target_id: 'pay', title: 'Pay', triggers: ['a'], count: 1 };
const scan = { target_id: 'scan', triggers: ['b'], count: 2 };
const checklist: Options = {
  game_archetype: 'CHECKLIST',
  checklist: { targets: [pay, scan] },
  triggers: [trigger('a'), trigger('b')],
  milestone_steps: [{ step: 1, step_type: 'EMPTY', requires: { targets: ['pay'], match: 'any' } }],
};
const streak: Options = { game_archetype: 'STREAK', streak: { period: 'day', per_period: 1, freezes: 0 } };
const days: Options = { game_archetype: 'CALENDAR_GRID', grid: { kind: 'days', columns: 7, per_cell: 1 } };
const cells: Options = {
  game_archetype: 'CALENDAR_GRID',
  grid: { kind: 'cells', columns: 2, cells: [{ cell_id: 'tea', triggers: ['payment'], count: 1 }] },
};

/** A step with a cookie that holds one prize; of which nothing is said it cannot be opened. */
const cookie = (prize: object | undefined, step = 3) => ({
  step,
  step_type: 'FORTUNE_COOKIE',
  ...(prize && {
    cookie: { prizes: [{ prize_id: 'gold', weight: 1, reward: { reward_type: 'NC', value: 5 }, ...prize }] },
  }),
});

test.each<[string, before: Options, change: Options, problems: string[]]>([
  [
    'titles and triggers of targets',
    checklist,
    { checklist: { targets: [{ ...pay, title: 'Bill', triggers: ['a', 'b'] }, scan] } },
    [],
  ],
  [
    'the count of a target',
    checklist,
    { checklist: { targets: [pay, { ...scan, count: 1 }] } },
    ['$.checklist.targets[1].count: 2 to 1'],
  ],
  [
    'one target fewer',
    checklist,
    { checklist: { targets: [pay] } },
    ['$.checklist.targets[1].target_id: "scan" to nothing', '$.checklist.targets[1].count: 2 to nothing'],
  ],
  [
    'what a step requires',
    checklist,
    { milestone_steps: [{ step: 1, step_type: 'EMPTY', requires: { targets: ['scan'], match: 'any' } }] },
    ['$.milestone_steps[0].requires: {"targets":["pay"],"match":"any"} to {"targets":["scan"],"match":"any"}'],
  ],
  [
    'what may come out of a cookie, and whether anything may',
    { milestone_steps: [cookie({ stock: 5 }), cookie(undefined, 4)] },
    { milestone_steps: [cookie({ stock: 2, weight: 9 }), cookie({}, 4)] },
    [],
  ],
  [
    'a cookie that may not be opened any more',
    { milestone_steps: [cookie({})] },
    { milestone_steps: [cookie(undefined)] },
    [
      '$.milestone_steps[0].cookie: {"prizes":[{"prize_id":"gold","weight":1,"reward":{"reward_type":"NC","value":5}}]} to nothing',
    ],
  ],
  [
    'the freezes of a streak',
    streak,
    { streak: { period: 'day', per_period: 1, freezes: 1 } },
    ['$.streak: {"period":"day","per_period":1,"freezes":0} to {"period":"day","per_period":1,"freezes":1}'],
  ],
  [
    'what fills a day, and how days are laid out',
    days,
    { grid: { kind: 'days', columns: 5, per_cell: 2 } },
    ['$.grid.columns: 7 to 5', '$.grid.per_cell: 1 to 2'],
  ],
  [
    'one cell more, and another name for one',
    cells,
    {
      grid: {
        kind: 'cells',
        columns: 2,
        cells: [
          { cell_id: 'chai', triggers: ['payment'], count: 1 },
          { cell_id: 'more', triggers: ['payment'], count: 5 },
        ],
      },
    },
    [
      '$.grid.cells[0].cell_id: "tea" to "chai"',
      '$.grid.cells[1].cell_id: nothing to "more"',
      '$.grid.cells[1].count: nothing to 5',
    ],
  ],
])('%s', (_name, before, change, problems) => {
  const [from, to] = [preparedGame(before).config, preparedGame({ ...before, ...change }).config];
  const found = forbiddenChanges(from, to).map(({ path, message }) => `${path}: ${message}`);
  expect(found).toEqual(
    problems.map((each) => `${each.replace(': ', ': may not change from ')} in a window that has begun`),
  );
});

const weekly: Options = { game_window: { end: '2026-12-31T23:59:59+05:30', recurrence: 'weekly' } };
/** The fifth week of that game begins. */
const boundary = Date.parse('2026-05-29T00:00:00+05:30');

test.each<[string, change: Options, begun: boolean]>([
  ['steps', { milestone_steps: [{ step: 9, step_type: 'EMPTY' }] }, false],
  ['the end', { game_window: { ...weekly.game_window, end: '2026-06-30T23:59:59+05:30' } }, false],
  // Each would be the window of the first of May again, with what the first week claimed.
  ['windows of a month', { game_window: { ...weekly.game_window, recurrence: 'monthly' } }, true],
  ['no recurrence', { game_window: { end: '2026-12-31T23:59:59+05:30' } }, true],
  // A window that would have begun in the week before.
  ['windows of ten days', { game_window: { ...weekly.game_window, recurrence: 'P10D' } }, true],
  [
    'windows of a month that begin then',
    { game_window: { ...weekly.game_window, start: '2026-05-29T00:00:00+05:30', recurrence: 'monthly' } },
    false,
  ],
])('a version from the start of a week that changes: %s', (_name, change, begun) => {
  const { config } = preparedGame({ ...weekly, ...change });
  const next = prepareGame(config, { gameNo: 1, version: 2, inForceFrom: boundary });
  expect(hasBegun(preparedGame(weekly), next, boundary - 1)).toBe(begun);
});

test('a version that was to come with the next week may be taken back in this one', () => {
  const planned = { ...preparedGame(weekly, 2), inForceFrom: boundary };
  const again = { ...preparedGame(weekly, 3), inForceFrom: boundary - 3 * 86_400_000 };
  expect(hasBegun(planned, again, boundary - 4 * 86_400_000)).toBe(false);
});
