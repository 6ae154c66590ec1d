import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { UserError } from '../errors.ts';
import { fields, gameHistory, makeDefinitions, makeGame, seedGame, seedGameFile } from '../testing/make.ts';
import { forbiddenChanges } from './changes.ts';
import type { GameConfig } from './config.ts';
import { versionInForce } from './decide.ts';
import { prepareGame } from './game.ts';
import { parseGame } from './parse.ts';

const seedText = readFileSync(seedGameFile, 'utf8');

describe('the seed game', () => {
  test('is byte for byte what its owner gave us', () => {
    expect(createHash('sha256').update(readFileSync(seedGameFile)).digest('hex')).toBe(
      '47603f2de1227d7d08c320aa6b1735635d938c6117aee0d136e06c53634816cd',
    );
  });

  test('is read as it is, with the defaults of everything newer', () => {
    const written = JSON.parse(seedText);
    expect(seedGame()).toEqual({
      ...written,
      time_zone: 'Asia/Kolkata',
      game_window: { ...written.game_window, grace: 'PT72H' },
      stacking: 'ADDITIVE',
      evaluation_scope: 'INBOUNDEVENT',
      transaction_policy: 'max',
      on_reversal: 'keep',
      frm: 'hold',
    });
  });

  test('is the same game with comments in it', () => {
    const commented = `// For May.\n${seedText
      .replace('"triggers": [', '/* What counts. */ "triggers": [ // two of them')
      .replace('"value": 1200 }', '"value": 1200, } // rupees, "1200 // paise" they are not')}\n// the end`;
    expect(commented).not.toBe(seedText);
    expect(parseGame(commented, 'commented.json', fields)).toEqual(seedGame());
  });
});

// biome-ignore lint/suspicious/noExplicitAny: what is written into the game is wrong on purpose.
type Anything = any;

/** The problems of the seed game, or another, after a change, as `path: message` without the position. */
function problemsAfter(change: (game: Anything) => void, game: Anything = JSON.parse(seedText)): string[] {
  change(game);
  try {
    parseGame(JSON.stringify(game), 'game-configs/wrong.json', fields);
    return [];
  } catch (error) {
    expect((error as Error).message).toMatch(/^game-configs\/wrong\.json: \d+ problems?$/);
    return (error as UserError).problems.map(({ path, message }) => {
      expect(message).toMatch(/ \(line \d+, column \d+\)$/);
      return `${path}: ${message.replace(/ \(line \d+, column \d+\)$/, '')}`;
    });
  }
}

describe('a wrong game is refused with the path, what was found and the mend', () => {
  test.each<[string, (game: Anything) => void, string[]]>([
    [
      'an unknown key',
      (game) => Object.assign(game, { cohortid: 'x' }),
      [
        '$.cohortid: unknown key "cohortid" (did you mean "cohort_id"?); allowed: schema_version, game_id, title, game_archetype, cohort_id, join, time_zone, game_window, progress_state_model, checklist, streak, grid, milestone_steps, triggers, budgets, stacking, evaluation_scope, transaction_policy, on_reversal, frm',
      ],
    ],
    [
      'patterns that are each small enough and together too much',
      (game) => {
        const slow = { field: 'attributes.transaction_type', op: 'matches', value: '(a|b){150}' };
        game.triggers[0].rule.conditions = Array.from({ length: 5 }, () => ({ ...slow }));
      },
      [
        '$.triggers: the patterns of all rules unfold to 2260 steps together, 2000 are allowed; repeat less, or use fewer; found a list of 2',
      ],
    ],
    [
      'an unknown key deep inside',
      (game) => Object.assign(game.milestone_steps[1].reward, { valu: 3 }),
      [
        '$.milestone_steps[1].reward.valu: unknown key "valu" (did you mean "value"?); allowed: reward_type, value, visibility, display_type, distribution, pool',
      ],
    ],
    ['a missing key', (game) => delete game.cohort_id, ['$.cohort_id: missing; text is required']],
    ['a wrong type', (game) => Object.assign(game, { game_id: 7 }), ['$.game_id: expected text; found 7']],
    [
      'a list where an object is',
      (game) => Object.assign(game, { game_window: [] }),
      ['$.game_window: expected an object; found a list of 0'],
    ],
    [
      'an archetype of the future',
      (game) => Object.assign(game, { game_archetype: 'MAZE' }),
      ['$.game_archetype: expected one of "NUMERIC_COUNTER", "CHECKLIST", "STREAK", "CALENDAR_GRID"; found "MAZE"'],
    ],
    [
      'a version of the schema we do not know',
      (game) => Object.assign(game, { schema_version: '2.0' }),
      ['$.schema_version: must be "1.0"; found "2.0"'],
    ],
    [
      'the id that is a path of the API',
      (game) => Object.assign(game, { game_id: 'active' }),
      ['$.game_id: may not be "active": that is a path of the read API'],
    ],
    [
      'an id that does not fit into a path',
      (game) => Object.assign(game, { game_id: 'may/2026' }),
      ['$.game_id: may hold letters, digits and _ . : - only; found "may/2026"'],
    ],
    [
      'steps out of order',
      (game) => game.milestone_steps.reverse(),
      [
        '$.milestone_steps[1].step: steps must rise: 6 comes after 12',
        '$.milestone_steps[2].step: steps must rise: 3 comes after 6',
      ],
    ],
    [
      'a step twice',
      (game) => Object.assign(game.milestone_steps[1], { step: 3 }),
      ['$.milestone_steps[1].step: steps must rise: 3 comes after 3'],
    ],
    [
      'a step above max_value',
      (game) => Object.assign(game.progress_state_model, { max_value: 11 }),
      ['$.milestone_steps[2].step: step 12 lies above max_value 11 and could never be reached'],
    ],
    [
      'no steps',
      (game) => Object.assign(game, { milestone_steps: [] }),
      ['$.milestone_steps: must have at least 1 entry; found a list of 0'],
    ],
    [
      'a step of zero',
      (game) => Object.assign(game.milestone_steps[0], { step: 0 }),
      ['$.milestone_steps[0].step: must be at least 1; found 0'],
    ],
    [
      'half a step',
      (game) => Object.assign(game.milestone_steps[0], { step: 2.5 }),
      ['$.milestone_steps[0].step: expected a whole number; found 2.5'],
    ],
    [
      'a kind of step we do not know',
      (game) => Object.assign(game.milestone_steps[0], { step_type: 'REWARDS' }),
      [
        '$.milestone_steps[0].step_type: expected one of "REWARD", "EMPTY", "FORTUNE_COOKIE" (did you mean "REWARD"?); found "REWARDS"',
      ],
    ],
    [
      'a reward of a currency we do not pay',
      (game) => Object.assign(game.milestone_steps[0].reward, { reward_type: 'BTC' }),
      [
        '$.milestone_steps[0].reward.reward_type: must be NC, VOUCHER, or service: and the id of a configured service, such as service:lounge_pass; found "BTC"',
      ],
    ],
    [
      'a reward on an empty step',
      (game) => Object.assign(game.milestone_steps[0], { step_type: 'EMPTY' }),
      ['$.milestone_steps[0].reward: unknown key "reward"; allowed: step, title, requires, step_type'],
    ],
    [
      'a window that ends before it starts',
      (game) => Object.assign(game.game_window, { end: '2026-04-30T23:59:58Z' }),
      ['$.game_window.end: the window ends before it starts (2026-05-01T00:00:00Z); found "2026-04-30T23:59:58Z"'],
    ],
    [
      'a window without its offset',
      (game) => Object.assign(game.game_window, { start: '2026-05-01T00:00:00' }),
      [
        '$.game_window.start: must be a date and time with its offset, such as 2026-05-01T00:00:00Z; found "2026-05-01T00:00:00"',
      ],
    ],
    [
      'a day that does not exist',
      (game) => Object.assign(game.game_window, { end: '2026-02-30T00:00:00Z' }),
      [
        '$.game_window.end: must be a date and time with its offset, such as 2026-05-01T00:00:00Z; found "2026-02-30T00:00:00Z"',
      ],
    ],
    [
      'two triggers of one id',
      (game) => Object.assign(game.triggers[1], { trigger_id: 'upi_plus_one' }),
      ['$.triggers[1].trigger_id: two triggers are called "upi_plus_one"; rename one'],
    ],
    [
      'an unknown operator',
      (game) => Object.assign(game.triggers[0].rule.conditions[2], { op: 'gt_or_eq' }),
      [
        '$.triggers[0].rule.conditions[2].op: expected one of "eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "exists", "between", "starts_with", "matches"; found "gt_or_eq"',
      ],
    ],
    [
      'a misspelt operator',
      (game) => Object.assign(game.triggers[0].rule.conditions[2], { op: 'gtee' }),
      [
        '$.triggers[0].rule.conditions[2].op: expected one of "eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "exists", "between", "starts_with", "matches" (did you mean "gte"?); found "gtee"',
      ],
    ],
    [
      'an unknown key of a comparison in a group in a group',
      (game) =>
        Object.assign(game.triggers[0].rule, {
          conditions: [{ operator: 'not', conditions: [{ field: 'producer', op: 'eq', value: 'x', valu: 1 }] }],
        }),
      [
        '$.triggers[0].rule.conditions[0].conditions[0].valu: unknown key "valu" (did you mean "value"?); allowed: field, op, value',
      ],
    ],
    [
      'a condition that is no condition',
      (game) => Object.assign(game.triggers[0].rule, { conditions: ['x'] }),
      ['$.triggers[0].rule.conditions[0]: expected an object; found "x"'],
    ],
    [
      'an unknown operator of a group',
      (game) => Object.assign(game.triggers[0].rule, { operator: 'AND' }),
      ['$.triggers[0].rule.operator: expected one of "and", "or", "not" (did you mean "and"?); found "AND"'],
    ],
    [
      'an unknown field',
      (game) => Object.assign(game.triggers[0].rule.conditions[0], { field: 'attributes.payment_state' }),
      [
        '$.triggers[0].rule.conditions[0].field: unknown field "attributes.payment_state" (did you mean "attributes.payment_status"?); a source has to declare it',
      ],
    ],
    [
      'text compared with an amount',
      (game) => Object.assign(game.triggers[0].rule.conditions[2], { op: 'eq', value: '1200' }),
      ['$.triggers[0].rule.conditions[2].value: attributes.transaction_amount is a number, compared with text "1200"'],
    ],
    [
      'an order of text',
      (game) => Object.assign(game.triggers[0].rule.conditions[2], { value: '1200' }),
      ['$.triggers[0].rule.conditions[2].value: attributes.transaction_amount is a number, compared with text "1200"'],
    ],
    [
      'a rule without conditions',
      (game) => Object.assign(game.triggers[0].rule, { conditions: [] }),
      ['$.triggers[0].rule.conditions: must have at least 1 entry; found a list of 0'],
    ],
    [
      'a mode of the future',
      (game) => Object.assign(game.triggers[0].progression_config, { mode: 'increment_by_amount' }),
      [
        '$.triggers[0].progression_config.mode: expected one of "increment_by_constant", "increment_by_attribute", "weighted", "unique" (did you mean "increment_by_constant"?); found "increment_by_amount"',
      ],
    ],
    [
      'a trigger that takes away',
      (game) => Object.assign(game.triggers[0].progression_config, { value: -1 }),
      ['$.triggers[0].progression_config.value: must be at least 1; found -1'],
    ],
  ])('%s', (_, change, problems) => {
    expect(problemsAfter(change)).toEqual(problems);
  });

  const payment = (id: string) => ({ ...JSON.parse(seedText).triggers[0], trigger_id: id });
  const part = (key: string) => [
    { [key]: 'a', triggers: ['t1'] },
    { [key]: 'b', triggers: ['t2'], count: 2 },
  ];
  /** A game of another archetype, with two triggers and two steps. */
  const other = (archetype: string, unit: string, section: object): Anything => ({
    ...JSON.parse(seedText),
    game_archetype: archetype,
    progress_state_model: { type: archetype.toLowerCase(), unit, display_unit: `${unit}s`, max_value: 2 },
    triggers: [payment('t1'), payment('t2')],
    milestone_steps: [1, 2].map((step) => ({ step, step_type: 'EMPTY' })),
    ...section,
  });
  const checklist = () => other('CHECKLIST', 'target', { checklist: { targets: part('target_id') } });
  const streak = () => other('STREAK', 'day', { streak: { period: 'day' } });
  const grid = () => other('CALENDAR_GRID', 'cell', { grid: { kind: 'cells', columns: 2, cells: part('cell_id') } });

  test.each([checklist, streak, grid])('%o: nothing', (base) => {
    expect(problemsAfter(() => undefined, base())).toEqual([]);
  });

  /** Sets the value at a path of keys; undefined removes it. */
  const set =
    (path: string, value: unknown) =>
    (game: Anything): void => {
      const keys = path.split('.');
      const last = keys.pop() as string;
      let at = game;
      for (const key of keys) at = at[key] ??= {};
      at[last] = value;
    };
  const counts = (progression: object) => set('triggers.0.progression_config', progression);
  const amount = { mode: 'increment_by_attribute', field: 'attributes.transaction_amount', scale: 1, rounding: 'down' };
  const weighted = { mode: 'weighted', field: 'attributes.merchant_category' };
  const forms = 'must be one of {"targets": […]}, {"cell": …} and {"row": …}; found an object';

  test.each<[change: (game: Anything) => void, base: (() => Anything) | undefined, ...problems: string[]]>([
    [set('title', ''), undefined, '$.title: must have at least 1 character; found ""'],
    [
      set('time_zone', 'Europe/Londom'),
      undefined,
      `$.time_zone: must be a time zone of the IANA database, such as Asia/Kolkata (did you mean "Europe/London"?); found "Europe/Londom"`,
    ],
    [
      set('game_window.recurrence', 'montly'),
      undefined,
      '$.game_window.recurrence: must be daily, weekly, monthly, quarterly, or days or weeks such as P10D (did you mean "monthly"?); found "montly"',
    ],
    [
      set('milestone_steps.0.reward.distribution', [{ value: 10, weight: 1 }]),
      undefined,
      '$.milestone_steps[0].reward.distribution: is only for "display_type": "upto"; a flat reward pays its value; found a list of 1',
    ],
    [
      set('milestone_steps.0.reward', {
        reward_type: 'NC',
        value: 20,
        display_type: 'upto',
        distribution: [
          { value: 5, weight: 7 },
          { value: 21, weight: 2 },
          { value: 5, weight: 1 },
        ],
      }),
      undefined,
      "$.milestone_steps[0].reward.distribution[1].value: 21 is more than the reward's value, 20",
      '$.milestone_steps[0].reward.distribution[2].value: 5 is there twice; add up its weights',
      '$.milestone_steps[0].reward.distribution: "up to 20" would be untrue: 20 cannot be drawn; add it, or lower the value; found a list of 3',
    ],
    [
      set('milestone_steps.0.reward', {
        reward_type: 'NC',
        value: 20,
        display_type: 'upto',
        distribution: [{ value: 20, weight: 0 }],
      }),
      undefined,
      '$.milestone_steps[0].reward.distribution[0].weight: must be at least 1; found 0',
    ],
    [
      set('milestone_steps.0', {
        step: 3,
        step_type: 'FORTUNE_COOKIE',
        cookie: { prizes: [{ prize_id: 'a', wieght: 1 }] },
      }),
      undefined,
      '$.milestone_steps[0].cookie.prizes[0].weight: missing; a number is required',
      '$.milestone_steps[0].cookie.prizes[0].wieght: unknown key "wieght" (did you mean "weight"?); allowed: prize_id, title, weight, stock, reward',
    ],
    [
      set('milestone_steps.0', {
        step: 3,
        step_type: 'FORTUNE_COOKIE',
        cookie: {
          prizes: [
            { prize_id: 'a', weight: 1, reward: { reward_type: 'NC', value: 1, pool: 'sweets' } },
            { prize_id: 'a', weight: 1 },
          ],
        },
      }),
      undefined,
      '$.milestone_steps[0].cookie.prizes[1].prize_id: two prizes are called "a"; rename one',
      '$.milestone_steps[0].cookie.prizes[0].reward.pool: only vouchers come from a pool; remove it; found "sweets"',
    ],
    [
      set('milestone_steps.0', {
        step: 3,
        step_type: 'FORTUNE_COOKIE',
        cookie: { prizes: [{ prize_id: 'a', weight: 1 }] },
      }),
      undefined,
      '$.milestone_steps[0].cookie.prizes: pay nothing, whatever comes out; give one of them a reward; found a list of 1',
    ],
    [set('game_window.recurrence', 7), undefined, '$.game_window.recurrence: expected text; found 7'],
    [
      set('game_window.end', '9999-12-31T23:59:59Z'),
      undefined,
      '$.game_window.end: must lie in the years 2000 to 2099, as events do; found "9999-12-31T23:59:59Z"',
    ],
    [
      set('game_window.from_join', 'P7D'),
      undefined,
      '$.game_window.from_join: needs "join": which event is the joining that the window begins with; found "P7D"',
    ],
    [
      set('game_window.grace', '72h'),
      undefined,
      '$.game_window.grace: must be days, weeks or hours, such as P3D, P1W or PT72H; found "72h"',
    ],
    [set('join', 'game_joined'), undefined, '$.join: expected an object; found "game_joined"'],
    [set('join', {}), undefined, '$.join.event_type: missing; text is required'],
    [
      set('progress_state_model.unit', 'counts'),
      undefined,
      '$.progress_state_model.unit: expected one of "count", "amount", "distinct", "target", "day", "week", "cell" (did you mean "count"?); found "counts"',
    ],
    [
      counts({ ...amount, scale: undefined }),
      undefined,
      '$.triggers[0].progression_config.scale: missing; a number is required',
    ],
    [
      counts({ ...amount, rounding: 'halfup' }),
      undefined,
      '$.triggers[0].progression_config.rounding: expected one of "down", "half_up", "up" (did you mean "half_up"?); found "halfup"',
    ],
    [
      counts({ ...amount, max_per_event: 0 }),
      undefined,
      '$.triggers[0].progression_config.max_per_event: must be at least 1; found 0',
    ],
    [
      counts({ ...amount, field: 'transaction_amount' }),
      undefined,
      '$.triggers[0].progression_config.field: unknown field "transaction_amount" (did you mean "attributes.transaction_amount"?); a source has to declare it',
    ],
    [
      counts({ ...amount, field: 'attributes.merchant_id' }),
      undefined,
      '$.triggers[0].progression_config.field: attributes.merchant_id is text; increment_by_attribute counts numbers and amounts; found "attributes.merchant_id"',
    ],
    [
      counts(weighted),
      undefined,
      '$.triggers[0].progression_config: needs exactly one of "weights" (by text) and "bands" (by number); found an object',
    ],
    [
      counts({ ...weighted, weights: {} }),
      undefined,
      '$.triggers[0].progression_config: adds nothing, whatever happens; give something a weight above 0; found an object',
    ],
    [
      counts({ ...weighted, weights: { UTILITY: '3' } }),
      undefined,
      '$.triggers[0].progression_config.weights.UTILITY: expected a number; found "3"',
    ],
    [
      counts({ ...weighted, field: 'local.weekday', weights: { Monday: 1 } }),
      undefined,
      '$.triggers[0].progression_config.weights.Monday: local.weekday is a weekday, compared with text "Monday" (did you mean "monday"?); write one of monday, tuesday, wednesday, thursday, friday, saturday, sunday; found 1',
    ],
    [
      counts({ ...weighted, bands: [{ at_least: 1, adds: 1 }] }),
      undefined,
      '$.triggers[0].progression_config.bands: attributes.merchant_category is text; weigh it by "weights"; found a list of 1',
    ],
    [counts({ mode: 'unique' }), undefined, '$.triggers[0].progression_config.field: missing; text is required'],
    [set('triggers.0.cap', 5), undefined, '$.triggers[0].cap: expected an object; found 5'],
    [
      set('triggers.0.cap', {}),
      undefined,
      '$.triggers[0].cap: says nothing; give "per_day" or "per_window", or remove it; found an object',
    ],
    [
      set('transaction_policy', 'maximum'),
      undefined,
      '$.transaction_policy: expected one of "first", "max", "sum"; found "maximum"',
    ],
    [set('frm', true), undefined, '$.frm: expected one of "hold", "ignore", "reject"; found true'],
    [
      set('game_archetype', undefined),
      undefined,
      '$.game_archetype: missing; expected one of "NUMERIC_COUNTER", "CHECKLIST", "STREAK", "CALENDAR_GRID"',
    ],
    [
      set('milestone_steps.0.requires', { cell: 1 }),
      undefined,
      '$.milestone_steps[0].requires: has no meaning in NUMERIC_COUNTER, whose steps are reached by the value alone; found an object',
    ],
    [
      set('triggers.0.rule.conditions.0.value', { a: 1 }),
      undefined,
      '$.triggers[0].rule.conditions[0].value: expected text, or a number, or true or false, or null; found an object',
    ],
    [
      set('triggers.0.rule.conditions.0.value', undefined),
      undefined,
      '$.triggers[0].rule.conditions[0].value: missing; text, or a number, or true or false, or null is required',
    ],
    [set('milestone_steps.0.requires', {}), checklist, `$.milestone_steps[0].requires: ${forms}`],
    [set('milestone_steps.0.requires', { cell: 1, row: 1 }), grid, `$.milestone_steps[0].requires: ${forms}`],
    [set('milestone_steps.0.requires', 'a'), checklist, '$.milestone_steps[0].requires: expected an object; found "a"'],
    [
      set('milestone_steps.0.requires', { target: ['a'] }),
      checklist,
      '$.milestone_steps[0].requires.targets: missing; a list is required',
      '$.milestone_steps[0].requires.target: unknown key "target" (did you mean "targets"?); allowed: targets, match',
    ],
    [
      set('milestone_steps.0.requires', { targets: ['aa'] }),
      checklist,
      '$.milestone_steps[0].requires.targets[0]: there is no target "aa" (did you mean "a"?)',
    ],
    [
      set('milestone_steps.0.requires', { row: 2 }),
      grid,
      '$.milestone_steps[0].requires.row: there is no row 2; 2 cells in 2 columns make 1',
    ],
    [set('checklist', undefined), checklist, '$.checklist: missing; CHECKLIST is described there'],
    [
      set('checklist.targets.1.counts', 1),
      checklist,
      '$.checklist.targets[1].counts: unknown key "counts" (did you mean "count"?); allowed: target_id, title, triggers, count',
    ],
    [
      set('checklist.targets.1.triggers', 't2'),
      checklist,
      '$.checklist.targets[1].triggers: expected a list; found "t2"',
    ],
    [
      set('progress_state_model.max_value', 3),
      checklist,
      '$.progress_state_model.max_value: is 3; there are 2 targets',
    ],
    [set('streak', 'day'), streak, '$.streak: expected an object; found "day"'],
    [
      set('streak.period', 'days'),
      streak,
      '$.streak.period: expected one of "day", "week" (did you mean "day"?); found "days"',
    ],
    [set('streak.freezes', -1), streak, '$.streak.freezes: must be at least 0; found -1'],
    [set('streak.per_period', 0), streak, '$.streak.per_period: must be at least 1; found 0'],
    [set('grid', 'days'), grid, '$.grid: expected an object; found "days"'],
    [
      set('grid.kind', 'cell'),
      grid,
      '$.grid.kind: expected one of "days", "cells" (did you mean "cells"?); found "cell"',
    ],
    [set('grid.kind', undefined), grid, '$.grid.kind: missing; expected one of "days", "cells"'],
    [set('grid.columns', 32), grid, '$.grid.columns: must be at most 31; found 32'],
    [
      set('grid.cells.0.triggers.1', 't3'),
      grid,
      '$.grid.cells[0].triggers[1]: there is no trigger "t3" (did you mean "t1"?)',
    ],
    [
      (game) => Object.assign(game, { grid: { kind: 'days', per_cell: 'x' } }),
      grid,
      '$.grid.per_cell: expected a number; found "x"',
    ],
  ])('in what is newer (%#)', (change, base, ...problems) => {
    expect(problemsAfter(change, base?.())).toEqual(problems);
  });

  test('several at once are all told', () => {
    const problems = problemsAfter((game) => {
      game.game_id = 1;
      game.extra = true;
      game.triggers[0].rule.conditions[1].op = 'equals';
    });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(
      expect.arrayContaining(['$.game_id', '$.extra', '$.triggers[0].rule.conditions[1].op']),
    );
    expect(problems).toHaveLength(3);
  });

  test('a rule that nests without end', () => {
    for (const depth of [20, 500, 5_000]) {
      const rule = `${'{"operator":"and","conditions":['.repeat(depth)}{"field":"producer","op":"exists"}${']}'.repeat(depth)}`;
      const text = JSON.stringify({
        ...JSON.parse(seedText),
        triggers: [{ ...JSON.parse(seedText).triggers[0], rule: 'RULE' }],
      });
      expect(() => parseGame(text.replace('"RULE"', rule), 'deep.json', fields), `depth ${depth}`).toThrow(
        expect.objectContaining({ name: 'UserError' }),
      );
    }
  });
});

describe('prepareGame', () => {
  const prepared = (end: string) => {
    const game = prepareGame(makeGame({ game_window: { start: '2026-05-01T05:30:00+05:30', end } }), {
      gameNo: 1,
      version: 1,
      inForceFrom: 0,
    });
    return [game.start, game.end].map((instant) => new Date(instant).toISOString());
  };

  test.each([
    ['2026-05-31T23:59:59Z', '2026-06-01T00:00:00.000Z'],
    ['2026-06-01T05:29:59+05:30', '2026-06-01T00:00:00.000Z'],
    ['2026-05-31T23:59:59.999Z', '2026-06-01T00:00:00.000Z'],
    ['2026-05-31T23:59:59.5Z', '2026-05-31T23:59:59.501Z'],
    ['2026-05-31T23:59:59.000Z', '2026-05-31T23:59:59.001Z'],
  ])('a window that ends at %s lasts until %s', (end, first) => {
    expect(prepared(end)).toEqual(['2026-05-01T00:00:00.000Z', first]);
  });

  test('triggers are found by the type of event', () => {
    const { triggersByType } = prepareGame(seedGame(), { gameNo: 1, version: 1, inForceFrom: 0 });
    expect([...triggersByType].map(([type, triggers]) => [type, triggers.map(({ trigger_id }) => trigger_id)])).toEqual(
      [
        ['payment_success', ['upi_plus_one']],
        ['fs_action_complete', ['fs_plus_three']],
      ],
    );
  });
});

test('the version in force is the newest of those that are in force by then', () => {
  const history = gameHistory(makeGame(), ['2026-05-10T00:00:00Z', makeGame()], ['2026-05-20T00:00:00Z', makeGame()]);
  const timeline = makeDefinitions([history]).games[0];
  if (timeline === undefined) throw new Error('no game');
  const at = (time: string) => versionInForce(timeline, Date.parse(time)).version;
  expect([
    at('2026-04-01T00:00:00Z'),
    at('2026-05-09T23:59:59.999Z'),
    at('2026-05-10T00:00:00Z'),
    at('2026-05-19T23:59:59.999Z'),
    at('2026-05-20T00:00:00Z'),
    at('2027-01-01T00:00:00Z'),
  ]).toEqual([1, 1, 2, 2, 3, 3]);
});

describe('forbiddenChanges', () => {
  const before = makeGame({ milestone_steps: [3, 6] });
  const changing = (change: Partial<GameConfig>): string[] =>
    forbiddenChanges(before, { ...before, ...change }).map(({ path }) => path);

  test('thresholds, kinds of steps, max_value and the start', () => {
    expect(changing({})).toEqual([]);
    expect(changing({ milestone_steps: makeGame({ milestone_steps: [3] }).milestone_steps })).toEqual([
      '$.milestone_steps[1].step',
      '$.milestone_steps[1].step_type',
    ]);
    expect(
      changing({
        milestone_steps: makeGame({ milestone_steps: [3, { step: 6, step_type: 'EMPTY' }] }).milestone_steps,
      }),
    ).toEqual(['$.milestone_steps[1].step_type']);
    expect(changing({ progress_state_model: { ...before.progress_state_model, max_value: 7 } })).toEqual([
      '$.progress_state_model.max_value',
    ]);
    expect(changing({ game_window: { ...before.game_window, start: '2026-05-02T00:00:00Z' } })).toEqual([
      '$.game_window.start',
    ]);
  });

  test('but not the same start written otherwise, nor rewards, triggers, texts and the end', () => {
    expect(
      changing({
        game_window: {
          start: '2026-05-01T05:30:00+05:30',
          end: '2026-06-30T23:59:59Z',
          type: 'quarterly',
          grace: 'PT72H',
        },
        milestone_steps: makeGame({
          milestone_steps: [
            3,
            { step: 6, step_type: 'REWARD', reward: { reward_type: 'VOUCHER', value: 1, visibility: 'hidden' } },
          ],
        }).milestone_steps,
        progress_state_model: { ...before.progress_state_model, display_unit: 'x' },
        triggers: [],
        frm: 'ignore',
        cohort_id: 'other',
      }),
    ).toEqual([]);
  });

  test('say what they found', () => {
    const change = { ...before, progress_state_model: { ...before.progress_state_model, max_value: 7 } };
    expect(forbiddenChanges(before, change)).toEqual([
      { path: '$.progress_state_model.max_value', message: 'may not change from 1000 to 7 in a window that has begun' },
    ]);
  });
});
