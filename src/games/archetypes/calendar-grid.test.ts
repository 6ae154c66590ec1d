import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCredits, type CreditOptions, credits, preparedGame, trigger, wholeWindow } from '../../testing/credits.ts';
import { at } from '../../testing/make.ts';
import { problemsOf } from '../../testing/problems.ts';
import type { GameConfig } from '../config.ts';
import { fold } from '../fold.ts';
import type { Game } from '../game.ts';
import type { Credit, Standing } from '../games.ts';
import { type Window, windowAt, windowFromJoin } from '../window.ts';
import { calendarGrid } from './calendar-grid.ts';

type Options = NonNullable<Parameters<typeof preparedGame>[0]>;
type Days = Extract<NonNullable<GameConfig['grid']>, { kind: 'days' }>;
const folded = (game: Game, list: readonly Credit[]): Standing => fold(list, game, () => game);
const stepsOf = (game: Game, standing: Standing, window: Window = wholeWindow(game)): number[] =>
  calendarGrid.stepsReached(game, standing, window).map(({ step }) => step);
function filledIn(game: Game, standing: Standing, window: Window = wholeWindow(game)): boolean[] {
  const { detail } = calendarGrid.view(game, standing, window, window.start);
  return (detail as unknown as { cells: { filled: boolean }[] }).cells.map(({ filled }) => filled);
}

function daysOptions(settings: Partial<Days> = {}, max_value = 31): Options {
  return {
    game_archetype: 'CALENDAR_GRID',
    progress_state_model: { type: 'calendar_grid', unit: 'day', display_unit: 'days', max_value },
    grid: { kind: 'days', columns: 7, per_cell: 1, ...settings },
  };
}

/** Credits at noon of these days of May 2026. */
const onDays = (...days: number[]): CreditOptions[] => days.map((day) => ({ at: Date.UTC(2026, 4, day, 6, 30) }));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a grid of days', () => {
  const steps = [
    { step: 1, step_type: 'EMPTY' },
    { step: 2, step_type: 'EMPTY', requires: { cell: 15 } },
    { step: 3, step_type: 'EMPTY', requires: { row: 2 } },
    { step: 4, step_type: 'EMPTY', requires: { row: 5 } },
    { step: 31, step_type: 'EMPTY' },
  ];
  test.each<[given: string, Partial<Days>, when: CreditOptions[], then: { value: number; steps: number[] }]>([
    ['nothing', {}, [], { value: 0, steps: [] }],
    ['one day', {}, onDays(3), { value: 1, steps: [1] }],
    ['one day twice', {}, onDays(3, 3), { value: 1, steps: [1] }],
    ['a certain cell', {}, onDays(15), { value: 1, steps: [1, 2] }],
    ['a row but for one day', {}, onDays(...range(8, 13)), { value: 6, steps: [1] }],
    ['a row', {}, onDays(...range(8, 14)), { value: 7, steps: [1, 3] }],
    ['seven days of two rows', {}, onDays(...range(9, 15)), { value: 7, steps: [1, 2] }],
    ['a short row, all that exists of it', {}, onDays(29, 30, 31), { value: 3, steps: [1, 4] }],
    ['the whole', {}, onDays(...range(1, 31).toReversed()), { value: 31, steps: [1, 2, 3, 4, 31] }],
    ['days with not enough in them', { per_cell: 2 }, onDays(1, 2, 2, 3), { value: 1, steps: [1] }],
    [
      'days in India, not of UTC',
      {},
      [{ at: '2026-05-14T18:29:59Z' }, { at: '2026-05-14T18:30:00Z' }],
      { value: 2, steps: [1, 2] },
    ],
  ])('%s', (_given, settings, when, then) => {
    const game = preparedGame({ ...daysOptions(settings), milestone_steps: steps });
    const standing = folded(game, credits(game, ...when));
    expect({ value: standing.value, steps: stepsOf(game, standing) }).toEqual(then);
  });

  test('shows each day with its date', () => {
    const game = preparedGame({
      ...daysOptions({ columns: 2 }, 3),
      game_window: { end: '2026-05-03T23:59:59+05:30' },
    });
    const standing = folded(game, credits(game, ...onDays(2, 2)));
    expect(calendarGrid.view(game, standing, wholeWindow(game), game.start)).toEqual({
      current: 1,
      max: 3,
      detail: {
        columns: 2,
        cells: [
          { cell: 1, date: '2026-05-01', filled: false },
          { cell: 2, date: '2026-05-02', filled: true },
          { cell: 3, date: '2026-05-03', filled: false },
        ],
      },
    });
  });

  test('explains itself', () => {
    const game = preparedGame(daysOptions());
    const explained = (...days: number[]): string[] =>
      calendarGrid.explain(game, folded(game, credits(game, ...onDays(...days))), wholeWindow(game));
    expect(explained()).toEqual(['0 of 31 days filled']);
    expect(explained(1, 2, 3, 7, 30, 31)).toEqual([
      '6 of 31 days filled: 2026-05-01 to 2026-05-03, 2026-05-07, 2026-05-30 to 2026-05-31',
    ]);
  });
});

describe('a grid of days of a month that repeats', () => {
  const game = preparedGame({
    ...daysOptions(),
    game_window: { start: '2026-01-01T00:00:00+05:30', end: '2026-12-31T23:59:59+05:30', recurrence: 'monthly' },
    milestone_steps: [
      { step: 28, step_type: 'EMPTY' },
      { step: 29, step_type: 'EMPTY', requires: { row: 5 } },
      { step: 30, step_type: 'EMPTY' },
      { step: 31, step_type: 'EMPTY' },
    ],
  });
  const window = windowAt(game, at('2026-02-10T00:00:00Z')) as Window;
  const all = range(1, 28).map((day) => ({ at: Date.UTC(2026, 1, day, 6, 30), windowStart: window.start }));

  test('has no cells beyond the month', () => {
    const standing = folded(game, credits(game, ...all.slice(0, 3)));
    expect(calendarGrid.view(game, standing, window, window.start)).toMatchObject({ current: 3, max: 28 });
    expect(filledIn(game, standing, window)).toHaveLength(28);
  });

  test('is whole when all of the month is filled: the step at max_value, but no other that counts more days', () => {
    expect(stepsOf(game, folded(game, credits(game, ...all)), window)).toEqual([28, 31]);
    expect(stepsOf(game, folded(game, credits(game, ...all.slice(1))), window)).toEqual([]);
  });
});

describe('a grid of days from a join', () => {
  const join = at('2026-05-10T15:00:00+05:30');
  const game = (max_value: number): Game =>
    preparedGame({ ...daysOptions({}, max_value), game_window: { from_join: 'P7D' }, milestone_steps: [max_value] });
  const each = range(10, 17).map((day) => ({ at: Date.UTC(2026, 4, day, day === 17 ? 3 : 12), windowStart: join }));

  test('begins with the day of the join and may leave the last, shorter day out', () => {
    for (const max of [7, 8]) {
      const window = windowFromJoin(game(max), join, [join]) as Window;
      const standing = folded(game(max), credits(game(max), ...each));
      expect(standing.value).toBe(max);
      expect(calendarGrid.view(game(max), standing, window, join)).toMatchObject({ current: max, max });
      expect(stepsOf(game(max), standing, window)).toEqual([max]);
    }
  });
});

const cellOptions = {
  game_archetype: 'CALENDAR_GRID',
  progress_state_model: { type: 'calendar_grid', unit: 'cell', display_unit: 'cells', max_value: 5 },
  grid: {
    kind: 'cells',
    columns: 2,
    cells: [
      { cell_id: 'tea', title: 'Tea', triggers: ['tea'], count: 1 },
      { cell_id: 'fuel', triggers: ['fuel'], count: 2 },
      { cell_id: 'more_tea', triggers: ['tea'], count: 3 },
      { cell_id: 'any', triggers: ['tea', 'fuel'], count: 4 },
      { cell_id: 'last', triggers: ['last'], count: 1 },
    ],
  },
  triggers: [trigger('tea'), trigger('fuel'), trigger('last')],
  milestone_steps: [
    { step: 1, step_type: 'EMPTY', requires: { row: 1 } },
    { step: 2, step_type: 'EMPTY', requires: { row: 3 } },
    { step: 3, step_type: 'EMPTY', requires: { cell: 4 } },
    { step: 4, step_type: 'EMPTY' },
    { step: 5, step_type: 'EMPTY' },
  ],
} satisfies Options;

describe('a grid of named cells', () => {
  const game = preparedGame(cellOptions);
  test.each<[given: string, when: CreditOptions[], then: { value: number; steps: number[] }]>([
    ['nothing', [], { value: 0, steps: [] }],
    ['one cell', [{ trigger: 'tea' }], { value: 1, steps: [] }],
    ['a row', [{ trigger: 'tea' }, { trigger: 'fuel', amount: 2 }], { value: 2, steps: [1] }],
    ['the last row, which is short', [{ trigger: 'last' }], { value: 1, steps: [2] }],
    [
      'a cell of two triggers',
      [
        { trigger: 'tea', amount: 2 },
        { trigger: 'fuel', amount: 2 },
      ],
      { value: 3, steps: [1, 3] },
    ],
    [
      'all cells but the last',
      [
        { trigger: 'tea', amount: 3 },
        { trigger: 'fuel', amount: 2 },
      ],
      { value: 4, steps: [1, 3, 4] },
    ],
    [
      'the whole',
      [{ trigger: 'last' }, { trigger: 'tea', amount: 9 }, { trigger: 'fuel', amount: 9 }],
      { value: 5, steps: [1, 2, 3, 4, 5] },
    ],
  ])('%s', (_given, when, then) => {
    const standing = folded(game, credits(game, ...when));
    expect({ value: standing.value, steps: stepsOf(game, standing) }).toEqual(then);
  });

  test('shows and explains its cells by name', () => {
    const standing = folded(game, credits(game, { trigger: 'tea', amount: 2 }));
    expect(calendarGrid.view(game, standing, wholeWindow(game), game.start)).toEqual({
      current: 1,
      max: 5,
      detail: {
        columns: 2,
        cells: [
          { cell: 1, cell_id: 'tea', title: 'Tea', filled: true },
          { cell: 2, cell_id: 'fuel', title: null, filled: false },
          { cell: 3, cell_id: 'more_tea', title: null, filled: false },
          { cell: 4, cell_id: 'any', title: null, filled: false },
          { cell: 5, cell_id: 'last', title: null, filled: false },
        ],
      },
    });
    expect(calendarGrid.explain(game, standing, wholeWindow(game))).toEqual([
      '1 of 5 cells filled: tea 1 of 1, fuel 0 of 2, more_tea 2 of 3, any 2 of 4, last 0 of 1',
    ]);
  });
});

describe('any credits', () => {
  const anySteps = fc.array(
    fc.oneof(
      fc.record({ cell: fc.integer({ min: 1, max: 8 }) }),
      fc.record({ row: fc.integer({ min: 1, max: 4 }) }),
      fc.constant(undefined),
    ),
    { minLength: 1, maxLength: 6 },
  );
  const asSteps = (list: ({ cell: number } | { row: number } | undefined)[]): NonNullable<Options['milestone_steps']> =>
    list.map((requires, index) => ({ step: index + 1, step_type: 'EMPTY', ...(requires && { requires }) }));

  /** The steps that cells laid out in rows reach, by looking at the rows. */
  function naiveSteps({ config }: Game, cells: readonly boolean[]): number[] {
    const rows: boolean[][] = [];
    for (const cell of cells) {
      if (rows.length === 0 || rows.at(-1)?.length === config.grid?.columns) rows.push([]);
      rows.at(-1)?.push(cell);
    }
    const full = (list: readonly boolean[] | undefined): boolean => list !== undefined && !list.includes(false);
    return config.milestone_steps
      .filter(({ step, requires }) => {
        if (requires !== undefined && 'cell' in requires) return cells[requires.cell - 1] === true;
        if (requires !== undefined && 'row' in requires) return full(rows[requires.row - 1]);
        return step === config.progress_state_model.max_value ? full(cells) : cells.filter(Boolean).length >= step;
      })
      .map(({ step }) => step);
  }

  function check(game: Game, list: readonly Credit[], cells: readonly boolean[], window = wholeWindow(game)): void {
    const standing = folded(game, list);
    expect(filledIn(game, standing, window)).toEqual(cells);
    expect(standing.value).toBe(cells.filter(Boolean).length);
    expect(stepsOf(game, standing, window)).toEqual(naiveSteps(game, cells));
  }

  test('fill the days on whose dates there is enough', () => {
    const anyCase = fc
      .record({
        zone: fc.constantFrom('Asia/Kolkata', 'Europe/London'),
        start: fc.constantFrom('2026-03-26T00:00:00Z', '2026-03-27T09:30:00Z'),
        columns: fc.integer({ min: 1, max: 8 }),
        per_cell: fc.integer({ min: 1, max: 4 }),
        steps: anySteps,
        whole: fc.boolean(),
      })
      .chain(({ zone, start, columns, per_cell, steps, whole }) => {
        const game = preparedGame({
          ...daysOptions({ columns, per_cell }, whole ? steps.length : 31),
          time_zone: zone,
          game_window: { start, end: '2026-03-30T22:30:00Z' },
          milestone_steps: asSteps(steps),
        });
        return fc.tuple(fc.constant(game), anyCredits(game));
      });
    fc.assert(
      fc.property(anyCase, ([game, list]) => {
        const { config } = game;
        const format = new Intl.DateTimeFormat('sv-SE', { timeZone: config.time_zone });
        const dates = new Set<string>();
        for (let moment = game.start; moment < game.end; moment += 3_600_000) dates.add(format.format(moment));
        dates.add(format.format(game.end - 1));
        const cells = [...dates].map((date) => {
          let sum = 0;
          for (const { occurredAt, amount } of list) if (format.format(occurredAt) === date) sum += amount;
          return sum >= (config.grid as Days).per_cell;
        });
        check(game, list, cells.slice(0, config.progress_state_model.max_value));
      }),
    );
  });

  test('fill the named cells whose triggers add up to their counts', () => {
    const anyCell = fc.record({
      triggers: fc.subarray(['tea', 'fuel', 'last'], { minLength: 1 }),
      count: fc.integer({ min: 1, max: 12 }),
    });
    const anyCase = fc
      .record({
        cells: fc.array(anyCell, { minLength: 1, maxLength: 8 }),
        columns: fc.integer({ min: 1, max: 4 }),
        steps: anySteps,
      })
      .chain(({ cells, columns, steps }) => {
        const named = cells.map((cell, index) => ({ ...cell, cell_id: `c${index}` }));
        const game = preparedGame({
          ...cellOptions,
          progress_state_model: { ...cellOptions.progress_state_model, max_value: cells.length },
          grid: { kind: 'cells', columns, cells: named },
          milestone_steps: asSteps(steps),
        });
        return fc.tuple(fc.constant(game), fc.constant(cells), anyCredits(game));
      });
    fc.assert(
      fc.property(anyCase, ([game, cells, list]) => {
        const filled = cells.map(({ triggers, count }) => {
          let sum = 0;
          for (const { triggerId, amount } of list) if (triggers.includes(triggerId)) sum += amount;
          return sum >= count;
        });
        check(game, list, filled);
      }),
    );
  });
});

describe('a wrong grid', () => {
  const model = (unit: 'day' | 'cell' | 'target', max_value: number) =>
    ({ progress_state_model: { type: 'calendar_grid', unit, display_unit: 'days', max_value } }) satisfies Options;
  test.each<[string, Options, string[]]>([
    ['of days is right', {}, []],
    ['of days that are called cells is right', model('cell', 31), []],
    ['without its section', { grid: undefined }, ['$.grid: missing; CALENDAR_GRID is described there']],
    [
      'of fewer days than the window',
      model('target', 30),
      [
        '$.progress_state_model.unit: is target; what is counted here: day, cell',
        '$.progress_state_model.max_value: is 30; the window touches 31 days',
      ],
    ],
    [
      'of fewer days than the longest month',
      { ...model('day', 30), game_window: { end: '2026-12-31T23:59:59+05:30', recurrence: 'monthly' } },
      ['$.progress_state_model.max_value: is 30; the longest window touches 31 days'],
    ],
    ['of seven days from a join', { ...model('day', 7), game_window: { from_join: 'P7D' }, milestone_steps: [7] }, []],
    [
      'of more days than a window from a join',
      { ...model('day', 9), game_window: { from_join: 'P7D' } },
      ['$.progress_state_model.max_value: is 9; a window touches at most 8 days'],
    ],
    [
      'of more days than a year',
      { ...model('day', 400), game_window: { end: '2027-06-04T23:59:59+05:30' } },
      ['$.game_window.end: a window touches 400 days; a grid of days has at most 366 cells'],
    ],
    [
      'whose steps could never be reached',
      {
        milestone_steps: [
          { step: 1, step_type: 'EMPTY', requires: { cell: 32 } },
          { step: 2, step_type: 'EMPTY', requires: { row: 6 } },
          { step: 3, step_type: 'EMPTY', requires: { targets: ['pay'] } },
          { step: 32, step_type: 'EMPTY' },
          { step: 33, step_type: 'EMPTY', requires: { row: 5 } },
        ],
      },
      [
        '$.milestone_steps[0].requires.cell: there is no cell 32; the last one is 31',
        '$.milestone_steps[1].requires.row: there is no row 6; 31 cells in 7 columns make 5',
        '$.milestone_steps[2].requires: targets belong to CHECKLIST; a step of a grid requires a "cell" or a "row"',
        '$.milestone_steps[3].step: step 32 lies above max_value 31 and could never be reached',
      ],
    ],
    [
      'of days that counts what happens on no certain day',
      { triggers: [trigger('a', { cap: { per_window: 5 } })] },
      [
        '$.triggers[0].cap.per_window: is not for days: which day it counts on would depend on the order in which events arrive; use "per_day"',
      ],
    ],
  ])('%s', (_name, change, problems) => {
    expect(problemsOf(calendarGrid, { ...daysOptions(), ...change })).toEqual(problems);
  });

  test('of cells', () => {
    const wrong: Options = {
      ...cellOptions,
      ...model('day', 4),
      grid: {
        kind: 'cells',
        columns: 2,
        cells: [...cellOptions.grid.cells.slice(0, 4), { cell_id: 'tea', triggers: ['lsat'], count: 1 }],
      },
    };
    expect(problemsOf(calendarGrid, wrong)).toEqual([
      '$.progress_state_model.unit: is day; what is counted here: cell',
      '$.grid.cells[4].cell_id: two cells are called "tea"; rename one',
      '$.grid.cells[4].triggers[0]: there is no trigger "lsat" (did you mean "last"?)',
      '$.triggers[2].trigger_id: "last" belongs to no cell and would count for nothing; name it in one, or remove it',
      '$.progress_state_model.max_value: is 4; there are 5 cells',
      '$.milestone_steps[1].requires.row: there is no row 3; 4 cells in 2 columns make 2',
      '$.milestone_steps[4].step: step 5 lies above max_value 4 and could never be reached',
    ]);
  });

  test('of cells may count unique values and caps of the window', () => {
    const capped = {
      ...cellOptions,
      triggers: cellOptions.triggers.map((each) => ({ ...each, cap: { per_window: 9 } })),
    };
    expect(problemsOf(calendarGrid, capped)).toEqual([]);
  });
});
