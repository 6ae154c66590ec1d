import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCredits, type CreditOptions, credits, preparedGame, trigger, wholeWindow } from '../../testing/credits.ts';
import { problemsOf } from '../../testing/problems.ts';
import { fold } from '../fold.ts';
import type { Game } from '../game.ts';
import type { Credit, Standing } from '../games.ts';
import { checklist } from './checklist.ts';

type Options = NonNullable<Parameters<typeof preparedGame>[0]>;
const folded = (game: Game, list: readonly Credit[]): Standing => fold(list, game, () => game);
const stepsOf = (game: Game, standing: Standing): number[] =>
  checklist.stepsReached(game, standing, wholeWindow(game)).map(({ step }) => step);

const options = {
  game_archetype: 'CHECKLIST',
  progress_state_model: { type: 'checklist', unit: 'target', display_unit: 'tasks', max_value: 3 },
  checklist: {
    targets: [
      { target_id: 'pay', title: 'Pay a bill', triggers: ['bill', 'any'], count: 1 },
      { target_id: 'scan', triggers: ['scan'], count: 3 },
      { target_id: 'both', triggers: ['bill', 'scan'], count: 2 },
    ],
  },
  triggers: [trigger('bill'), trigger('scan'), trigger('any')],
  milestone_steps: [
    { step: 1, step_type: 'EMPTY' },
    { step: 2, step_type: 'EMPTY', requires: { targets: ['pay', 'both'], match: 'all' } },
    { step: 3, step_type: 'EMPTY', requires: { targets: ['scan', 'both'], match: 'any' } },
    { step: 8, step_type: 'EMPTY', requires: { targets: ['scan'], match: 'all' } },
  ],
} satisfies Options;
const game = preparedGame(options);

describe('a checklist', () => {
  test.each<[given: string, when: CreditOptions[], then: { value: number; steps: number[] }]>([
    ['nothing', [], { value: 0, steps: [] }],
    ['one target', [{ trigger: 'any' }], { value: 1, steps: [1] }],
    ['part of a target', [{ trigger: 'scan' }], { value: 0, steps: [] }],
    ['a trigger of two targets', [{ trigger: 'bill', amount: 2 }], { value: 2, steps: [1, 2, 3] }],
    ['two triggers of one target', [{ trigger: 'bill' }, { trigger: 'scan' }], { value: 2, steps: [1, 2, 3] }],
    ['any of the required targets', [{ trigger: 'scan', amount: 2 }], { value: 1, steps: [1, 3] }],
    [
      'a step above the number of targets, by what it requires',
      [{ trigger: 'scan', amount: 3 }],
      { value: 2, steps: [1, 3, 8] },
    ],
    [
      'all targets, and more than they need',
      [{ trigger: 'scan', amount: 30 }, { trigger: 'bill' }],
      { value: 3, steps: [1, 2, 3, 8] },
    ],
  ])('%s', (_given, when, then) => {
    const standing = folded(game, credits(game, ...when));
    expect({ value: standing.value, steps: stepsOf(game, standing) }).toEqual(then);
  });

  test('shows each target, with no more than it needs', () => {
    const standing = folded(game, credits(game, { trigger: 'bill', amount: 4 }));
    expect(checklist.view(game, standing, wholeWindow(game), game.start)).toEqual({
      current: 2,
      max: 3,
      detail: {
        targets: [
          { target_id: 'pay', title: 'Pay a bill', done: 1, count: 1, complete: true },
          { target_id: 'scan', title: null, done: 0, count: 3, complete: false },
          { target_id: 'both', title: null, done: 2, count: 2, complete: true },
        ],
      },
    });
  });

  test('explains itself', () => {
    const standing = folded(game, credits(game, { trigger: 'scan' }, { trigger: 'any' }));
    expect(checklist.explain(game, standing, wholeWindow(game))).toEqual([
      '1 of 3 targets complete: pay 1 of 1, scan 1 of 3, both 1 of 2',
    ]);
  });

  test('targets may be called like members of every object', () => {
    const targets = ['constructor', '__proto__', 'toString'].map((target_id) => ({
      target_id,
      triggers: ['bill'],
      count: 2,
    }));
    const odd = preparedGame({ ...options, checklist: { targets }, triggers: [trigger('bill')], milestone_steps: [3] });
    const one = folded(odd, credits(odd, {}));
    expect([one.value, folded(odd, credits(odd, {}, {})).value]).toEqual([0, 3]);
    expect(checklist.view(odd, JSON.parse(JSON.stringify(one)), wholeWindow(odd), odd.start).detail).toMatchObject({
      targets: [{ done: 1 }, { done: 1 }, { done: 1 }],
    });
  });
});

test('any credits complete the targets whose triggers add up to their counts', () => {
  const anyGame = fc
    .array(
      fc.record({
        triggers: fc.subarray(['bill', 'scan', 'any'], { minLength: 1 }),
        count: fc.integer({ min: 1, max: 12 }),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((targets) =>
      preparedGame({
        ...options,
        checklist: { targets: targets.map((target, index) => ({ ...target, target_id: `t${index}` })) },
        milestone_steps: targets.flatMap((_, index) => [
          { step: 2 * index + 1, step_type: 'EMPTY', requires: { targets: ['t0', `t${index}`], match: 'all' } },
          { step: 2 * index + 2, step_type: 'EMPTY', requires: { targets: ['t0', `t${index}`], match: 'any' } },
        ]),
      }),
    );
  const anyCase = anyGame.chain((any) => fc.tuple(fc.constant(any), anyCredits(any)));
  fc.assert(
    fc.property(anyCase, ([any, list]) => {
      const targets = any.config.checklist?.targets ?? [];
      const complete = targets.map(({ triggers, count }) => {
        let sum = 0;
        for (const { triggerId, amount } of list) if (triggers.includes(triggerId)) sum += amount;
        return sum >= count;
      });
      const standing = folded(any, list);
      expect(standing.value).toBe(complete.filter(Boolean).length);
      expect(stepsOf(any, standing)).toEqual(
        complete.flatMap((own, index) => [
          ...(complete[0] && own ? [2 * index + 1] : []),
          ...(complete[0] || own ? [2 * index + 2] : []),
        ]),
      );
    }),
  );
});

describe('a wrong checklist', () => {
  const { targets } = options.checklist;
  test.each<[string, Options, string[]]>([
    ['is right', {}, []],
    ['without its section', { checklist: undefined }, ['$.checklist: missing; CHECKLIST is described there']],
    [
      "with another archetype's",
      { streak: { period: 'day', per_period: 1, freezes: 0 } },
      ['$.streak: belongs to STREAK, and this is CHECKLIST; remove one or change the other'],
    ],
    [
      'with a model of another archetype',
      { progress_state_model: { type: 'streak', unit: 'day', display_unit: 'tasks', max_value: 4 } },
      [
        '$.progress_state_model.type: is streak; CHECKLIST has checklist',
        '$.progress_state_model.unit: is day; what is counted here: target',
        '$.progress_state_model.max_value: is 4; there are 3 targets',
      ],
    ],
    [
      'with an unknown trigger, and therefore one left over',
      { checklist: { targets: [{ target_id: 'pay', triggers: ['bill', 'anny'], count: 1 }, ...targets.slice(1)] } },
      [
        '$.checklist.targets[0].triggers[1]: there is no trigger "anny" (did you mean "any"?)',
        '$.triggers[2].trigger_id: "any" belongs to no target and would count for nothing; name it in one, or remove it',
      ],
    ],
    [
      'with two targets of one name',
      {
        checklist: { targets: [...targets.slice(0, 2), { target_id: 'pay', triggers: ['any'], count: 1 }] },
        milestone_steps: [1],
      },
      ['$.checklist.targets[2].target_id: two targets are called "pay"; rename one'],
    ],
    [
      'with steps that could never be reached',
      {
        milestone_steps: [
          { step: 1, step_type: 'EMPTY', requires: { targets: ['pya'], match: 'all' } },
          { step: 2, step_type: 'EMPTY', requires: { row: 1 } },
          { step: 4, step_type: 'EMPTY' },
        ],
      },
      [
        '$.milestone_steps[0].requires.targets[0]: there is no target "pya" (did you mean "pay"?)',
        '$.milestone_steps[1].requires: cells and rows belong to CALENDAR_GRID; a step of a checklist requires "targets"',
        '$.milestone_steps[2].step: step 4 lies above max_value 3 and could never be reached',
      ],
    ],
  ])('%s', (_name, change, problems) => {
    expect(problemsOf(checklist, { ...options, ...change })).toEqual(problems);
  });
});
