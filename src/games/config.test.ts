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

/** The problems of the seed game after a change, as `path: message` without the position. */
function problemsAfter(change: (game: Anything) => void): string[] {
  const game = JSON.parse(seedText);
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
        '$.cohortid: unknown key "cohortid" (did you mean "cohort_id"?); allowed: schema_version, game_id, title, game_archetype, cohort_id, join, time_zone, game_window, progress_state_model, checklist, streak, grid, milestone_steps, triggers, stacking, evaluation_scope, transaction_policy, frm',
      ],
    ],
    [
      'an unknown key deep inside',
      (game) => Object.assign(game.milestone_steps[1].reward, { valu: 3 }),
      [
        '$.milestone_steps[1].reward.valu: unknown key "valu" (did you mean "value"?); allowed: reward_type, value, visibility, display_type',
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
      ['$.milestone_steps: must have at least 1 entries; found a list of 0'],
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
      ['$.milestone_steps[0].reward.reward_type: expected one of "NC", "VOUCHER"; found "BTC"'],
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
      ['$.triggers[0].rule.conditions: must have at least 1 entries; found a list of 0'],
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
