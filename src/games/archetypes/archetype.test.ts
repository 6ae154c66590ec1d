// What holds for every archetype, whatever it counts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCredits, preparedGame, shuffled, trigger, wholeWindow } from '../../testing/credits.ts';
import { problemsOf } from '../../testing/problems.ts';
import type { Archetype } from '../config.ts';
import { emptyStanding, fold, foldOn } from '../fold.ts';
import type { Game } from '../game.ts';
import type { Credit, Standing } from '../games.ts';
import { archetypes } from './archetype.ts';

type Options = NonNullable<Parameters<typeof preparedGame>[0]>;

const triggers = [trigger('a', { cap: { per_day: 3 } }), trigger('b'), trigger('c')];
const merchants = trigger('c', {
  progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 2 },
  cap: { per_window: 5 },
});
const short = { start: '2026-05-01T00:00:00+05:30', end: '2026-05-12T23:59:59+05:30' };

/** One game or more of each archetype, that must be right: each is checked. */
const examples: Record<Archetype, Options[]> = {
  NUMERIC_COUNTER: [
    {
      progress_state_model: { type: 'numeric_counter', unit: 'count', display_unit: 'points', max_value: 30 },
      milestone_steps: [1, 5, 10, 20, 30],
      triggers: [triggers[0] as object, triggers[1] as object, merchants],
    },
  ],
  CHECKLIST: [
    {
      progress_state_model: { type: 'checklist', unit: 'target', display_unit: 'tasks', max_value: 2 },
      checklist: {
        targets: [
          { target_id: 'one', triggers: ['a', 'b'], count: 3 },
          { target_id: 'two', triggers: ['b', 'c'], count: 4 },
        ],
      },
      milestone_steps: [
        { step: 1, step_type: 'EMPTY' },
        { step: 2, step_type: 'EMPTY', requires: { targets: ['two'] } },
      ],
      triggers: [triggers[0] as object, triggers[1] as object, merchants],
    },
  ],
  STREAK: (['day', 'week'] as const).map((period) => ({
    progress_state_model: { type: 'streak', unit: period, display_unit: period, max_value: period === 'day' ? 12 : 3 },
    streak: { period, per_period: 2, freezes: 1 },
    milestone_steps: [1, 2, 3],
    triggers,
  })),
  CALENDAR_GRID: [
    {
      progress_state_model: { type: 'calendar_grid', unit: 'day', display_unit: 'days', max_value: 12 },
      grid: { kind: 'days', columns: 4, per_cell: 2 },
      milestone_steps: [
        { step: 1, step_type: 'EMPTY' },
        { step: 2, step_type: 'EMPTY', requires: { row: 2 } },
        { step: 3, step_type: 'EMPTY', requires: { cell: 5 } },
      ],
      triggers,
    },
    {
      progress_state_model: { type: 'calendar_grid', unit: 'cell', display_unit: 'cells', max_value: 3 },
      grid: {
        kind: 'cells',
        columns: 2,
        cells: [
          { cell_id: 'one', triggers: ['a'], count: 2 },
          { cell_id: 'two', triggers: ['a', 'c'], count: 5 },
          { cell_id: 'three', triggers: ['b'], count: 6 },
        ],
      },
      milestone_steps: [
        { step: 1, step_type: 'EMPTY', requires: { row: 2 } },
        { step: 2, step_type: 'EMPTY' },
      ],
      triggers: [triggers[0] as object, triggers[1] as object, merchants],
    },
  ],
};
const games = Object.entries(examples).flatMap(([archetype, list]) =>
  list.map((each, index): [string, Options] => {
    const options = { ...each, game_archetype: archetype as Archetype, game_window: short };
    return [list.length === 1 ? archetype : `${archetype} ${index + 1}`, options];
  }),
);

const folded = (game: Game, list: readonly Credit[]): Standing => fold(list, game, () => game);
const strategyOf = (game: Game) => archetypes[game.config.game_archetype];
const stepsOf = (game: Game, standing: Standing): number[] =>
  strategyOf(game)
    .stepsReached(game, standing, wholeWindow(game))
    .map(({ step }) => step);

describe.each(games)('%s', (_name, options) => {
  const game = preparedGame(options);

  test('is a right game', () => {
    expect(problemsOf(strategyOf(game), options)).toEqual([]);
  });

  test('any credits fold alike in any order', () => {
    fc.assert(
      fc.property(shuffled(anyCredits(game)), ([list, other]) => {
        expect(folded(game, other)).toEqual(folded(game, list));
      }),
    );
  });

  test('any credits fold alike in any order where a transaction counts once', () => {
    for (const transaction_policy of ['first', 'max', 'sum'] as const) {
      const once = preparedGame({ ...options, evaluation_scope: 'LOGICAL_TRANSACTION', transaction_policy });
      fc.assert(
        fc.property(shuffled(anyCredits(once)), ([list, other]) => {
          expect(folded(once, other)).toEqual(folded(once, list));
        }),
        { numRuns: 50 },
      );
    }
  });

  test('any credits of two versions fold alike in any order, also when the later one counts a trigger towards something else', () => {
    const rotated = (list: readonly string[]): string[] => list.map((id) => ({ a: 'b', b: 'c', c: 'a' })[id] as string);
    const { checklist, grid } = options;
    const later = preparedGame(
      {
        ...options,
        ...(checklist && {
          checklist: { targets: checklist.targets.map((each) => ({ ...each, triggers: rotated(each.triggers) })) },
        }),
        ...(grid?.kind === 'cells' && {
          grid: { ...grid, cells: grid.cells.map((each) => ({ ...each, triggers: rotated(each.triggers) })) },
        }),
      },
      2,
    );
    const change = game.zone.instantOf(game.zone.localOf(game.start).day + 5, 12 * 3_600_000);
    const anyJudged = anyCredits(game).map((list) =>
      list.map((credit) => ({ ...credit, version: credit.occurredAt < change ? 1 : 2 })),
    );
    const versionOf = (version: number): Game => (version === 1 ? game : later);
    fc.assert(
      fc.property(shuffled(anyJudged), ([list, other]) => {
        expect(fold(other, later, versionOf)).toEqual(fold(list, game, versionOf));
      }),
    );
  });

  test('any credits fold alike one by one, stored and read in between', () => {
    fc.assert(
      fc.property(shuffled(anyCredits(game)), ([list, other]) => {
        const stored = other.reduce<Standing>(
          (standing, credit) => JSON.parse(JSON.stringify(foldOn(standing, credit, game).standing)),
          emptyStanding(game),
        );
        expect(stored).toEqual(folded(game, list));
      }),
    );
  });

  test('one more credit never lowers the value, never takes a step away, and leaves the standing before it as it was', () => {
    fc.assert(
      fc.property(anyCredits(game), (list) => {
        let standing = emptyStanding(game);
        for (const credit of list) {
          const before = JSON.stringify(standing);
          const next = foldOn(standing, credit, game).standing;
          expect(JSON.stringify(standing)).toBe(before);
          expect(next.value).toBeGreaterThanOrEqual(standing.value);
          expect(stepsOf(game, next)).toEqual(expect.arrayContaining(stepsOf(game, standing)));
          standing = next;
        }
      }),
    );
  });

  test('any standing can be shown and explained, at any time, as plain JSON and no more than there is', () => {
    const anyTime = fc.integer({ min: game.start - 86_400_000, max: game.end + 86_400_000 });
    fc.assert(
      fc.property(anyCredits(game), anyTime, (list, now) => {
        const standing = folded(game, list);
        const view = strategyOf(game).view(game, standing, wholeWindow(game), now);
        expect(JSON.parse(JSON.stringify(view))).toEqual(view);
        expect(view.current).toBe(Math.min(standing.value, view.max));
        const sentences = strategyOf(game).explain(game, standing, wholeWindow(game));
        expect(sentences.length).toBeGreaterThan(0);
        expect(sentences.join()).not.toMatch(/undefined|null|NaN|\[object/);
      }),
    );
  });

  test('asks for its own section and refuses the others', () => {
    for (const [name, other] of games) {
      if (other.game_archetype === options.game_archetype) continue;
      const { game_archetype } = options;
      const problems = problemsOf(strategyOf(game), { ...other, ...(game_archetype && { game_archetype }) });
      expect(problems, name).toContainEqual(expect.stringMatching(/^\$\.progress_state_model\.type: is /));
      if (game_archetype !== 'NUMERIC_COUNTER')
        expect(problems, name).toContainEqual(expect.stringContaining(': missing;'));
      if (other.game_archetype !== 'NUMERIC_COUNTER')
        expect(problems, name).toContainEqual(expect.stringContaining(': belongs to '));
    }
  });
});
