import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCredits, type CreditOptions, credits, preparedGame, trigger, wholeWindow } from '../../testing/credits.ts';
import { at } from '../../testing/make.ts';
import { problemsOf } from '../../testing/problems.ts';
import type { Instant } from '../../time.ts';
import type { GameConfig } from '../config.ts';
import { fold } from '../fold.ts';
import type { Game } from '../game.ts';
import type { Credit, Standing } from '../games.ts';
import { streak } from './streak.ts';

type Options = NonNullable<Parameters<typeof preparedGame>[0]>;
type Settings = NonNullable<GameConfig['streak']>;
const folded = (game: Game, list: readonly Credit[]): Standing => fold(list, game, () => game);

function optionsFor(settings: Partial<Settings> = {}): Options & { progress_state_model: { max_value: number } } {
  const own: Settings = { period: 'day', per_period: 1, freezes: 0, ...settings };
  return {
    game_archetype: 'STREAK',
    progress_state_model: {
      type: 'streak',
      unit: own.period,
      display_unit: own.period,
      max_value: own.period === 'day' ? 31 : 5,
    },
    streak: own,
  };
}
const gameFor = (settings: Partial<Settings> = {}): Game => preparedGame(optionsFor(settings));

/** Credits at noon of these days of May 2026; a day may be given twice. */
const onDays = (...days: number[]): CreditOptions[] => days.map((day) => ({ at: Date.UTC(2026, 4, day, 6, 30) }));

describe('the best run', () => {
  test.each<[given: string, Partial<Settings>, when: CreditOptions[], value: number]>([
    ['of nothing', {}, [], 0],
    ['of one day', {}, onDays(10), 1],
    ['of one day with two events', {}, onDays(10, 10), 1],
    ['of days in a row, in any order', {}, onDays(12, 10, 11), 3],
    ['the longer of two', {}, onDays(1, 2, 4, 5, 6, 8), 3],
    ['over a day that came late', {}, onDays(1, 2, 4, 5, 3), 5],
    ['with one freeze, over one missed day', { freezes: 1 }, onDays(1, 2, 4, 5), 4],
    ['with one freeze, not over two', { freezes: 1 }, onDays(1, 2, 5, 6, 7), 3],
    ['with one freeze, spent where it helps most', { freezes: 1 }, onDays(1, 3, 5, 6, 7), 4],
    ['with two freezes, over two gaps of one day', { freezes: 2 }, onDays(1, 3, 5, 6, 7), 5],
    ['with two freezes, over one gap of two days', { freezes: 2 }, onDays(1, 4), 2],
    ['of days with enough in them', { per_period: 2 }, onDays(1, 1, 2, 3, 3, 4, 4), 2],
    ['of days in India, not of UTC', {}, [{ at: '2026-05-10T18:29:59Z' }, { at: '2026-05-10T18:30:00Z' }], 2],
    ['of weeks, which begin on Monday', { period: 'week' }, onDays(3, 4), 2],
    ['of one week, from Monday to Sunday', { period: 'week' }, onDays(4, 10), 1],
    ['of weeks in a row', { period: 'week' }, onDays(1, 5, 13, 31), 3],
    ['of weeks with a freeze', { period: 'week', freezes: 1 }, onDays(1, 5, 13, 31), 4],
  ])('%s', (_given, settings, when, value) => {
    const game = gameFor(settings);
    expect(folded(game, credits(game, ...when)).value).toBe(value);
  });

  test('is never that of another window', () => {
    const window = { start: '2026-05-01T00:00:00+05:30', end: '2026-06-30T23:59:59+05:30' };
    const game = preparedGame({ ...optionsFor(), game_window: { ...window, recurrence: 'monthly' } });
    const list = credits(game, { at: '2026-06-01T12:00:00Z', windowStart: at('2026-05-31T18:30:00Z') });
    expect(folded(game, list).value).toBe(1);
  });

  test('reaches the steps up to it', () => {
    const game = preparedGame({ ...optionsFor(), milestone_steps: [2, 3, 4] });
    const standing = folded(game, credits(game, ...onDays(1, 2, 3, 9)));
    expect(streak.stepsReached(game, standing, wholeWindow(game)).map(({ step }) => step)).toEqual([2, 3]);
  });
});

describe('the current run', () => {
  const noonOf = (day: number): Instant => Date.UTC(2026, 4, day, 6, 30);
  type Shown = { current: number; freezes_left: number; active_now: boolean };
  test.each<[string, Partial<Settings>, days: number[], now: Instant, Shown]>([
    ['of nothing', {}, [], noonOf(10), { current: 0, freezes_left: 0, active_now: false }],
    ['that today has lengthened', {}, [8, 9, 10], noonOf(10), { current: 3, freezes_left: 0, active_now: true }],
    ['that today may still lengthen', {}, [8, 9], noonOf(10), { current: 2, freezes_left: 0, active_now: false }],
    ['that yesterday broke', {}, [7, 8], noonOf(10), { current: 0, freezes_left: 0, active_now: false }],
    ['that yesterday froze', { freezes: 2 }, [7, 8], noonOf(10), { current: 2, freezes_left: 1, active_now: false }],
    ['that two days froze', { freezes: 2 }, [6, 7], noonOf(10), { current: 2, freezes_left: 0, active_now: false }],
    ['that three days broke', { freezes: 2 }, [5, 6], noonOf(10), { current: 0, freezes_left: 2, active_now: false }],
    ['frozen inside', { freezes: 1 }, [6, 7, 9, 10], noonOf(10), { current: 4, freezes_left: 0, active_now: true }],
    [
      'which loses its beginning to a freeze',
      { freezes: 1 },
      [6, 7, 9, 10],
      noonOf(12),
      { current: 2, freezes_left: 0, active_now: false },
    ],
    ['after a longer one', {}, [1, 2, 3, 4, 9, 10], noonOf(10), { current: 2, freezes_left: 0, active_now: true }],
    [
      'that is not broken until midnight in India',
      {},
      [8, 9],
      at('2026-05-10T18:29:59.999Z'),
      { current: 2, freezes_left: 0, active_now: false },
    ],
    [
      'that is broken from midnight in India on',
      {},
      [8, 9],
      at('2026-05-10T18:30:00Z'),
      { current: 0, freezes_left: 0, active_now: false },
    ],
    [
      'of weeks, which this one may still lengthen',
      { period: 'week' },
      [1, 5],
      noonOf(17),
      { current: 2, freezes_left: 0, active_now: false },
    ],
    [
      'at the end of the window',
      {},
      [30, 31],
      at('2026-08-01T00:00:00Z'),
      { current: 2, freezes_left: 0, active_now: true },
    ],
    [
      'broken by the last day of the window',
      {},
      [29, 30],
      at('2026-08-01T00:00:00Z'),
      { current: 0, freezes_left: 0, active_now: false },
    ],
    [
      'not broken before that day is over',
      {},
      [29, 30],
      noonOf(31),
      { current: 2, freezes_left: 0, active_now: false },
    ],
    [
      'without a day that is still to come',
      {},
      [9, 10, 11],
      noonOf(10),
      { current: 2, freezes_left: 0, active_now: true },
    ],
  ])('%s', (_name, settings, days, now, shown) => {
    const game = gameFor(settings);
    const standing = folded(game, credits(game, ...onDays(...days)));
    const { detail } = streak.view(game, standing, wholeWindow(game), now);
    expect(detail).toEqual({ ...shown, best: standing.value, period: settings.period ?? 'day' });
  });

  test('beside the best, which is shown as far as it is asked for', () => {
    const options = optionsFor();
    options.progress_state_model.max_value = 2;
    const game = preparedGame({ ...options, milestone_steps: [2] });
    const standing = folded(game, credits(game, ...onDays(1, 2, 3)));
    expect(streak.view(game, standing, wholeWindow(game), noonOf(20))).toMatchObject({
      current: 2,
      max: 2,
      detail: { best: 3 },
    });
  });
});

test.each<[string, Partial<Settings>, days: number[], sentences: string[]]>([
  ['nothing', {}, [], ['0 days active in all, hence no run']],
  ['one day', {}, [3], ['the longest run is 1 day, 2026-05-03 to 2026-05-03', '1 day active in all']],
  [
    'a freeze',
    { freezes: 2 },
    [3, 4, 6, 20],
    ['the longest run is 3 days, 2026-05-03 to 2026-05-06, with 1 freeze of 2 used', '4 days active in all'],
  ],
  [
    'weeks',
    { period: 'week' },
    [1, 5],
    ['the longest run is 2 weeks, the week of 2026-04-27 to the week of 2026-05-04', '2 weeks active in all'],
  ],
])('explains %s', (_name, settings, days, sentences) => {
  const game = gameFor(settings);
  expect(streak.explain(game, folded(game, credits(game, ...onDays(...days))), wholeWindow(game))).toEqual(sentences);
});

/** The periods of a window, one after the other, each by the date of its first day, and whether it is active: by walking the calendar. */
function calendar(game: Game, list: readonly Credit[], until: Instant): boolean[] {
  const { period, per_period } = game.config.streak as Settings;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: game.config.time_zone });
  const nameOf = (instant: Instant): string => {
    const date = new Date(format.format(instant));
    if (period === 'week') while (date.getUTCDay() !== 1) date.setUTCDate(date.getUTCDate() - 1);
    return date.toISOString();
  };
  const names: string[] = [];
  // No day is as short as six hours.
  for (let moment = game.start; moment <= until; moment += 6 * 3_600_000) names.push(nameOf(moment));
  return [...new Set([...names, nameOf(until)])].map((name) => {
    let sum = 0;
    for (const { occurredAt, amount } of list) if (nameOf(occurredAt) === name) sum += amount;
    return sum >= per_period;
  });
}

/** All stretches of consecutive periods that miss no more than the freezes, each by its active periods. */
function stretches(active: readonly boolean[], freezes: number): boolean[][] {
  const found: boolean[][] = [];
  for (let from = 0; from < active.length; from++) {
    for (let to = from + 1; to <= active.length; to++) {
      const stretch = active.slice(from, to);
      if (stretch.filter((each) => !each).length <= freezes) found.push(stretch);
    }
  }
  return found;
}
const activeIn = (stretch: readonly boolean[]): number => stretch.filter(Boolean).length;

describe('any credits', () => {
  const anyGame = fc
    .record({
      period: fc.constantFrom('day', 'week'),
      per_period: fc.integer({ min: 1, max: 4 }),
      freezes: fc.integer({ min: 0, max: 4 }),
      zone: fc.constantFrom('Asia/Kolkata', 'Europe/London', 'America/New_York'),
    })
    .map(({ zone, ...settings }) => {
      const long = { start: '2026-03-05T09:00:00Z', end: '2026-04-20T10:00:00Z' };
      const short = { start: '2026-03-20T22:00:00Z', end: '2026-04-05T10:00:00Z' };
      const options = { ...optionsFor(settings), time_zone: zone };
      return preparedGame({ ...options, game_window: settings.period === 'week' ? long : short });
    });
  const anyCase = anyGame.chain((game) =>
    fc.tuple(fc.constant(game), anyCredits(game), fc.integer({ min: game.start, max: game.end + 86_400_000 })),
  );

  test('make the best run that there is among all stretches', () => {
    fc.assert(
      fc.property(anyCase, ([game, list]) => {
        const active = calendar(game, list, game.end - 1);
        const best = Math.max(0, ...stretches(active, game.config.streak?.freezes ?? 0).map(activeIn));
        expect(folded(game, list).value).toBe(best);
      }),
    );
  });

  test('make the current run that there is among the stretches up to now', () => {
    fc.assert(
      fc.property(anyCase, ([game, list, now]) => {
        const freezes = game.config.streak?.freezes ?? 0;
        const active = calendar(game, list, Math.min(now, game.end - 1));
        const activeNow = active.at(-1) === true;
        // What is not over yet is not missed yet.
        const judged = activeNow || now >= game.end ? active : active.slice(0, -1);
        const alive = judged
          .map((_, from) => judged.slice(from))
          .filter((rest) => rest.length - activeIn(rest) <= freezes);
        const current = Math.max(0, ...alive.map(activeIn));
        const missed = alive.filter((rest) => activeIn(rest) === current).map((rest) => rest.length - current);
        const shown = streak.view(game, folded(game, list), wholeWindow(game), now).detail;
        expect(shown).toMatchObject({
          current,
          active_now: activeNow,
          freezes_left: current === 0 ? freezes : freezes - Math.min(...missed),
        });
      }),
    );
  });
});

describe('a wrong streak', () => {
  const model = (type: 'streak' | 'checklist', unit: 'day' | 'week', max_value: number) => ({
    progress_state_model: { type, unit, display_unit: 'days', max_value },
  });
  test.each<[string, Options, string[]]>([
    ['is right', {}, []],
    ['with a cap per day is right', { triggers: [trigger('a', { cap: { per_day: 1 } })] }, []],
    ['without its section', { streak: undefined }, ['$.streak: missing; STREAK is described there']],
    [
      'with a unit that is not its period',
      model('streak', 'week', 5),
      ['$.progress_state_model.unit: is week; what is counted here: day'],
    ],
    [
      'longer than its window',
      model('streak', 'day', 32),
      ['$.progress_state_model.max_value: is 32; a window touches at most 31 days'],
    ],
    [
      'with more weeks than its window',
      { streak: { period: 'week', per_period: 1, freezes: 0 }, ...model('streak', 'week', 7) },
      ['$.progress_state_model.max_value: is 7; a window touches at most 5 weeks'],
    ],
    [
      'with steps above max_value, or that require anything',
      { ...model('streak', 'day', 7), milestone_steps: [{ step: 1, step_type: 'EMPTY', requires: { row: 1 } }, 8] },
      [
        '$.milestone_steps[0].requires: has no meaning in STREAK, whose steps are reached by the value alone',
        '$.milestone_steps[1].step: step 8 lies above max_value 7 and could never be reached',
      ],
    ],
    [
      'that counts what happens on no certain day',
      {
        triggers: [
          trigger('a', { progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 1 } }),
          trigger('b', { cap: { per_window: 5 } }),
        ],
      },
      [
        '$.triggers[0].progression_config.mode: unique is not for days: which day it counts on would depend on the order in which events arrive; use another mode',
        '$.triggers[1].cap.per_window: is not for days: which day it counts on would depend on the order in which events arrive; use "per_day"',
      ],
    ],
  ])('%s', (_name, change, problems) => {
    expect(problemsOf(streak, { ...optionsFor(), ...change })).toEqual(problems);
  });
});
