// What archetypes add to what may not change while a window runs. What holds for every game is tried in config.test.ts.
import { expect, test } from 'vitest';
import { preparedGame, trigger } from '../testing/credits.ts';
import { forbiddenChanges } from './changes.ts';

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
