import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseJsonc } from '../jsonc.ts';
import { everyArchetype, SENTINEL } from '../testing/every-archetype.ts';
import {
  at,
  fields,
  type GameHistory,
  gameHistory,
  makeDefinitions,
  makeGame,
  paymentTrigger,
  seedGameFile,
} from '../testing/make.ts';
import { type KnownPlayer, playerFacts } from '../testing/player-facts.ts';
import { type GameConfig, gameSchema } from './config.ts';
import type { Timeline } from './decide.ts';
import type { ClaimFact, GameFacts } from './facts.ts';
import { parseGame } from './parse.ts';
import { renderJourney, renderWidget, rewardView } from './view.ts';

const gameFolder = dirname(seedGameFile);

const hidden = {
  step: 4,
  step_type: 'REWARD',
  reward: { reward_type: 'VOUCHER', value: SENTINEL, visibility: 'hidden', display_type: 'upto' },
};

/** Claims as a sentence: the step, what it is, and what has become of it. */
function claim(step: number, stepType: ClaimFact['stepType'], options: Partial<ClaimFact> = {}): ClaimFact {
  const reward =
    stepType === 'REWARD' ? { rewardType: 'NC' as const, amount: step * 10 } : { rewardType: null, amount: null };
  const claimedAt = at('05-05');
  const paid = { payment: null, netted: 0, downgradedFrom: null, opening: null };
  return { step, earning: 1, stepType, status: 'earned', ...reward, claimedAt, version: 1, ...paid, ...options };
}

interface Scene {
  /** In the window that begins with the game. */
  progress?: Partial<GameFacts>;
  player?: KnownPlayer;
}

/** Given one game and what is known of a player, when they look at a time, then … */
function given(history: GameHistory, { progress, player = {} }: Scene = {}) {
  const timeline = makeDefinitions([history]).games[0] as Timeline;
  const begin = new Date(timeline.versions[0]?.start ?? 0).toISOString();
  const facts = playerFacts(progress === undefined ? player : { ...player, progress: [[1, begin, progress]] });
  return {
    widget: (time: string) => renderWidget([timeline], facts, at(time)),
    journey: (time: string) => renderJourney(timeline, facts, at(time)),
    past: (window: string, time: string) => renderJourney(timeline, facts, at(time), at(window)),
    everything: (time: string) =>
      JSON.stringify([renderWidget([timeline], facts, at(time)), renderJourney(timeline, facts, at(time))]),
  };
}

describe('progress', () => {
  test('is clamped to max_value for display', () => {
    const game = makeGame({
      progress_state_model: { type: 'numeric_counter', unit: 'count', display_unit: 'payments', max_value: 3 },
    });
    expect(given(gameHistory(game), { progress: { value: 5 } }).widget('05-10')[0]).toMatchObject({
      current_value: 3,
      max_value: 3,
    });
  });

  test('the seconds remaining count down to the first instant after the window', () => {
    const scene = given(gameHistory(makeGame()));
    const seconds = (time: string) => scene.widget(time)[0]?.window.seconds_remaining;
    expect(seconds('2026-05-31T23:59:00Z')).toBe(60);
    expect(seconds('2026-05-31T23:59:59.001Z')).toBe(1);
  });

  test('as_of, the projection’s version and the config version in force are told', () => {
    const later = makeGame({ triggers: [paymentTrigger({ worth: 2 })] });
    const scene = given(gameHistory(makeGame(), ['05-08', later]), { progress: { value: 1, version: 12 } });
    expect(scene.widget('05-07')[0]).toMatchObject({ config_version: 1 });
    expect(scene.widget('05-10')[0]).toMatchObject({
      config_version: 2,
      projection_version: 12,
      as_of: '2026-05-10T11:59:58.000Z',
    });
  });

  test('the last credited events are told, each once', () => {
    const credit = (eventId: string | null, paymentId: string | null = null) => ({ eventId, paymentId });
    const recent = [credit('e3', 'p3'), credit('e3', 'p3'), credit(null), credit('e1')];
    expect(
      given(gameHistory(makeGame()), { progress: { value: 4, recent } }).widget('05-10')[0]?.last_credited,
    ).toEqual([
      { event_id: 'e3', payment_id: 'p3' },
      { event_id: 'e1', payment_id: null },
    ]);
  });

  test('games that end first come first', () => {
    const window = (end: string) => ({ game_window: { end } });
    const { games } = makeDefinitions([
      gameHistory(makeGame({ game_id: 'c', ...window('2026-05-31T23:59:59Z') })),
      gameHistory(makeGame({ game_id: 'b', ...window('2026-05-31T23:59:59Z') })),
      gameHistory(makeGame({ game_id: 'z', ...window('2026-05-20T23:59:59Z') })),
    ]);
    const widget = renderWidget(games, playerFacts(), at('05-10'));
    expect(widget.map(({ game_id }) => game_id)).toEqual(['z', 'b', 'c']);
  });
});

/** One of the games that have every archetype, with changes. */
function archetypeGame(id: string, change: Partial<GameConfig> = {}): GameConfig {
  return { ...(everyArchetype.find(({ game_id }) => game_id === id) as GameConfig), ...change };
}

test.each(everyArchetype.map((game) => [game.game_id, game]))(
  'the game %s of these tests is a valid one',
  (_id, game) => {
    expect(parseGame(JSON.stringify(game), 'test', fields)).toEqual(game);
  },
);

describe('what an archetype shows', () => {
  const shown = (id: string, scene: Scene, time = '05-03') => {
    const history = gameHistory(archetypeGame(id));
    const [widget] = given(history, scene).widget(time);
    const journey = given(history, scene).journey(time);
    expect(journey).toMatchObject({ archetype: widget?.archetype, progress: widget?.progress });
    const { archetype, current_value, max_value, progress } = widget ?? {};
    return { archetype, current_value, max_value, progress };
  };

  test('a counter: two numbers', () => {
    expect(shown('spend', { progress: { value: 1_500 } })).toEqual({
      archetype: 'NUMERIC_COUNTER',
      current_value: 1_500,
      max_value: 10_000,
      progress: null,
    });
  });

  test('a checklist: its targets', () => {
    expect(shown('list', { progress: { value: 1, detail: { pay: 3, often: 3, shops: 1 } } })).toEqual({
      archetype: 'CHECKLIST',
      current_value: 1,
      max_value: 3,
      progress: {
        targets: [
          { target_id: 'pay', title: 'Pay', done: 1, count: 1, complete: true },
          { target_id: 'shops', title: null, done: 1, count: 2, complete: false },
          { target_id: 'often', title: null, done: 3, count: 10, complete: false },
        ],
      },
    });
  });

  test('a streak: its runs, which end by the clock', () => {
    const day = (date: string) => Math.floor(at(date) / 86_400_000);
    const progress = { value: 2, detail: { [day('05-01')]: 1, [day('05-02')]: 1 } };
    expect(shown('run', { progress }, '05-02')).toMatchObject({
      archetype: 'STREAK',
      current_value: 2,
      max_value: 10,
      progress: { best: 2, current: 2, active_now: true, period: 'day' },
    });
    expect(shown('run', { progress }, '05-20')).toMatchObject({ current_value: 2, progress: { best: 2, current: 0 } });
  });

  test('a streak of a game that was ended: as it was then', () => {
    const day = Math.floor(at('05-02') / 86_400_000);
    const statuses = [{ changeNo: 1, status: 'ended' as const, from: at('05-03') }];
    const scene = given(
      { ...gameHistory(archetypeGame('run')), statuses },
      { progress: { value: 1, detail: { [day]: 1 } } },
    );
    expect(scene.journey('05-29')).toMatchObject({ state: 'ended', progress: { best: 1, current: 1 } });
  });

  test('a grid of cells, once it is joined: its cells', () => {
    const player = { joined: { 1: ['05-01'] } };
    expect(shown('board', { player, progress: { value: 1, detail: { pay: 1 } } })).toEqual({
      archetype: 'CALENDAR_GRID',
      current_value: 1,
      max_value: 2,
      progress: {
        columns: 2,
        cells: [
          { cell: 1, cell_id: 'pay', title: 'Pay', filled: true },
          { cell: 2, cell_id: 'shops', title: null, filled: false },
        ],
      },
    });
  });

  test('a grid of days: the days of the window, that of the player where it begins with joining', () => {
    const player: KnownPlayer = { joined: { 1: ['05-02'] }, progress: [[1, '05-02', { value: 1, detail: { 2: 1 } }]] };
    const { progress, ...rest } = shown('week', { player });
    expect(rest).toEqual({ archetype: 'CALENDAR_GRID', current_value: 1, max_value: 7 });
    expect(progress).toMatchObject({
      columns: 7,
      cells: [
        { cell: 1, date: '2026-05-02', filled: false },
        { cell: 2, date: '2026-05-03', filled: true },
        ...[3, 4, 5, 6, 7].map((cell) => ({ cell, filled: false })),
      ],
    });
  });

  test.each(['list', 'run'])('%s, without any event: all of it, at 0', (id) => {
    const { current_value, progress } = shown(id, {});
    expect(current_value).toBe(0);
    expect(progress).not.toBeNull();
  });
});

describe('the window', () => {
  test('is as its owner wrote it where there is one', () => {
    const game = makeGame({ game_window: { end: '2026-05-31T23:59:59+05:30' } });
    expect(given(gameHistory(game)).widget('05-31')[0]?.window).toEqual({
      start: '2026-05-01T00:00:00Z',
      end: '2026-05-31T23:59:59+05:30',
      seconds_remaining: 6.5 * 3_600,
    });
  });

  test('of a recurring game is the one open now, up to its last moment', () => {
    const game = gameHistory(archetypeGame('spend'));
    const own = given(game, {
      player: {
        progress: [
          [1, '2026-05-01T00:00:00Z', { value: 1_000, version: 3, claims: [claim(1_000, 'REWARD')] }],
          [1, '2026-05-08T00:00:00Z', { value: 20, version: 2 }],
        ],
      },
    });
    expect(own.widget('05-07')[0]).toMatchObject({
      current_value: 1_000,
      projection_version: 3,
      steps: [{ state: 'reached' }, {}, {}],
    });
    expect(own.widget('05-10')[0]).toMatchObject({
      current_value: 20,
      projection_version: 2,
      steps: [{ state: 'locked' }, { state: 'locked' }, { state: 'locked' }],
      window: {
        start: '2026-05-08T00:00:00.000Z',
        end: '2026-05-14T23:59:59.999Z',
        seconds_remaining: 4.5 * 86_400,
      },
    });
    expect(own.widget('05-20')[0]).toMatchObject({ current_value: 0, projection_version: 0 });
  });

  test('of a recurring game that is past is as it was at its end', () => {
    const raised = archetypeGame('spend');
    const first = raised.milestone_steps[0] as { step: number; reward: { value: number } };
    const dearer = {
      ...raised,
      milestone_steps: [{ ...first, reward: { ...first.reward, value: 77 } }, ...raised.milestone_steps.slice(1)],
    } as GameConfig;
    const scene = given(gameHistory(raised, ['05-09', dearer]), {
      player: { progress: [[1, '2026-05-01T00:00:00Z', { value: 20, version: 3 }]] },
    });
    expect(scene.past('2026-05-01T00:00:00Z', '05-20')).toMatchObject({
      state: 'ended',
      current_value: 20,
      config_version: 1,
      projection_version: 3,
      previous_window: null,
      window: { start: '2026-05-01T00:00:00.000Z', seconds_remaining: 0 },
      next_visible_reward: { value: first.reward.value },
    });
    expect(scene.past('2026-05-08T00:00:00Z', '05-20')).toMatchObject({
      state: 'ended',
      current_value: 0,
      config_version: 2,
      previous_window: '2026-05-01T00:00:00.000Z',
      next_visible_reward: { value: 77 },
    });
    // The one that is open now, one that has not begun, and no window at all.
    expect(scene.past('2026-05-15T00:00:00Z', '05-20')).toEqual(scene.journey('05-20'));
    expect(scene.past('2026-05-22T00:00:00Z', '05-20')).toBeUndefined();
    expect(scene.past('2026-05-02T00:00:00Z', '05-20')).toBeUndefined();
  });

  test('that began with an earlier joining stays readable', () => {
    const player: KnownPlayer = {
      joined: { 1: ['05-01', '05-09'] },
      progress: [[1, '05-01', { value: 3 }]],
    };
    const scene = given(gameHistory(archetypeGame('week')), { player });
    expect(scene.journey('05-10')).toMatchObject({ current_value: 0, previous_window: '2026-05-01T12:00:00.000Z' });
    expect(scene.past('2026-05-01T12:00:00Z', '05-10')).toMatchObject({ state: 'ended', previous_window: null });
    expect(scene.past('2026-05-09T12:00:00Z', '05-10')).toEqual(scene.journey('05-10'));
  });

  test('from the join is the player’s own, and before it the time in which to join', () => {
    const game = gameHistory(archetypeGame('week'));
    expect(given(game).widget('05-30')[0]?.window).toEqual({
      start: '2026-05-01T00:00:00Z',
      end: '2026-05-31T23:59:59Z',
      seconds_remaining: 1.5 * 86_400,
    });
    expect(given(game, { player: { joined: { 1: ['05-09'] } } }).widget('05-10')[0]?.window).toEqual({
      start: '2026-05-09T12:00:00.000Z',
      end: '2026-05-16T11:59:59.999Z',
      seconds_remaining: 6 * 86_400,
    });
  });

  test('orders the widget: the player’s own, not the game’s', () => {
    const window = (end: string) => ({ game_window: { end } });
    const { games } = makeDefinitions([
      gameHistory(makeGame({ game_id: 'sooner', ...window('2026-05-12T23:59:59Z') })),
      gameHistory(archetypeGame('week')),
    ]);
    const order = (facts: KnownPlayer) =>
      renderWidget(games, playerFacts(facts), at('05-10')).map(({ game_id }) => game_id);
    expect(order({})).toEqual(['sooner', 'week']);
    expect(order({ joined: { 2: ['05-04'] } })).toEqual(['week', 'sooner']);
  });
});

describe('a game that does not run', () => {
  const withStatus = (status: 'paused' | 'ended') => ({
    ...gameHistory(makeGame()),
    statuses: [{ changeNo: 1, status, from: at('05-10') }],
  });

  test.each([
    ['paused', 20.5 * 86_400],
    ['ended', 0],
  ] as const)('is not in the widget; its journey says %s', (status, seconds) => {
    const scene = given(withStatus(status), { progress: { value: 2 } });
    expect(scene.journey('05-09')).toMatchObject({ state: 'active' });
    expect(scene.widget('05-11')).toEqual([]);
    expect(scene.journey('05-11')).toMatchObject({
      state: status,
      current_value: 2,
      window: { end: '2026-05-31T23:59:59Z', seconds_remaining: seconds },
    });
  });
});

test('what a reward is drawn from is not told, only up to what', () => {
  const distribution = [
    { value: 5, weight: 9 },
    { value: 50, weight: 1 },
  ];
  const promised = {
    reward_type: 'NC' as const,
    value: 50,
    visibility: 'visible' as const,
    display_type: 'upto' as const,
  };
  expect(rewardView({ ...promised, distribution }, undefined)).toEqual(promised);
});

describe('a game to join', () => {
  const game = gameHistory(archetypeGame('board', { cohort_id: 'early' }));
  const member: KnownPlayer['member'] = ['early', '04-01'];

  test('is offered to a member, without progress', () => {
    const scene = given(game, { player: { member } });
    const expected = { join: { state: 'open', joined_at: null }, current_value: 0, max_value: 2, progress: null };
    expect(scene.widget('05-10')).toMatchObject([{ ...expected, projection_version: 0 }]);
    expect(scene.journey('05-10')).toMatchObject({ ...expected, state: 'active' });
    expect(scene.widget('05-10')[0]?.next_visible_reward).toMatchObject({ step: 1 });
  });

  test('is nothing to anybody else', () => {
    expect(given(game).widget('05-10')).toEqual([]);
    expect(given(game).journey('05-10')).toBeUndefined();
  });

  test('says when it was joined', () => {
    const scene = given(game, { player: { member, joined: { 1: ['05-08'] } } });
    const join = { state: 'joined', joined_at: '2026-05-08T12:00:00.000Z' };
    expect(scene.widget('05-10')[0]).toMatchObject({ join, progress: { columns: 2 } });
    expect(scene.journey('06-10')).toMatchObject({ join, state: 'ended' });
  });

  test('leaves the widget when the player’s window has ended; the journey offers another', () => {
    const player: KnownPlayer = { joined: { 1: ['05-01'] }, progress: [[1, '05-01', { value: 3 }]] };
    const scene = given(gameHistory(archetypeGame('week')), { player });
    expect(scene.widget('05-07')).toHaveLength(1);
    expect(scene.widget('05-09')).toEqual([]);
    expect(scene.journey('05-09')).toMatchObject({
      state: 'ended',
      join: { state: 'open', joined_at: '2026-05-01T12:00:00.000Z' },
      progress: { columns: 7 },
      projection_version: 7,
      window: { end: '2026-05-08T11:59:59.999Z', seconds_remaining: 0 },
    });
  });

  test('is null where all members take part', () => {
    expect(given(gameHistory(makeGame())).widget('05-10')[0]?.join).toBeNull();
  });
});

describe('triggers', () => {
  test('say what they ask for, what they are worth, and what limits them', () => {
    const payment = { event_type: 'payment_success', condition: 'transaction_amount is at least 0' };
    expect(given(gameHistory(archetypeGame('spend'))).journey('05-10')?.triggers).toEqual([
      {
        trigger_id: 'rupees',
        title: 'Every rupee',
        ...payment,
        mode: 'increment_by_attribute',
        adds: null,
        field: 'attributes.transaction_amount',
        scale: 1,
        rounding: 'down',
        max_per_event: 5_000,
        cap: { per_day: 6_000, per_window: null },
      },
      {
        trigger_id: 'category',
        title: null,
        ...payment,
        mode: 'weighted',
        adds: null,
        field: 'attributes.merchant_category',
        weights: { UTILITY: 30, FUEL: 20 },
        bands: null,
        otherwise: 0,
        cap: null,
      },
      {
        trigger_id: 'size',
        title: null,
        ...payment,
        mode: 'weighted',
        adds: null,
        field: 'attributes.transaction_amount',
        weights: null,
        bands: [{ at_least: 1_000, adds: 7 }],
        otherwise: 1,
        cap: null,
      },
      {
        trigger_id: 'merchants',
        title: null,
        ...payment,
        mode: 'unique',
        adds: 50,
        field: 'attributes.merchant_id',
        cap: { per_day: null, per_window: 100 },
      },
    ]);
  });

  test('of a constant say it, under the version in force', () => {
    const later = makeGame({ triggers: [paymentTrigger({ worth: 3, from: 1_200 })] });
    const scene = given(gameHistory(makeGame(), ['05-08', later]));
    const adds = (time: string) => scene.journey(time)?.triggers.map(({ adds, condition }) => [adds, condition]);
    expect(adds('05-07')).toEqual([[1, 'transaction_amount is at least 0']]);
    expect(adds('05-10')).toEqual([[3, 'transaction_amount is at least 1200']]);
  });
});

test('titles are told where there are any', () => {
  const journey = given(gameHistory(archetypeGame('spend'))).journey('05-10');
  expect(journey).toMatchObject({
    title: 'Spend and earn',
    next_visible_reward: { step: 1_000, title: 'The first thousand' },
    steps: [{ title: 'The first thousand' }, { title: null }, { title: null }],
  });
});

describe('steps', () => {
  const game = gameHistory(
    makeGame({ milestone_steps: [2, { step: 3, step_type: 'EMPTY' }, { step: 5, step_type: 'FORTUNE_COOKIE' }] }),
  );

  test.each<[string, ClaimFact | undefined]>([
    ['locked', undefined],
    ['held', claim(2, 'REWARD', { status: 'held' })],
    ['paying', claim(2, 'REWARD', { payment: 'pending' })],
    ['paying', claim(2, 'REWARD', { payment: 'ambiguous' })],
    ['paid', claim(2, 'REWARD', { payment: 'done' })],
    ['failed', claim(2, 'REWARD', { payment: 'failed' })],
    ['reached', claim(2, 'REWARD', { payment: null })],
    ['netted', claim(2, 'REWARD', { payment: null, netted: 20 })],
    ['kept', claim(2, 'REWARD', { status: 'kept', payment: 'done' })],
    ['paying', claim(2, 'REWARD', { status: 'kept', payment: 'pending' })],
    ['not_paid', claim(2, 'REWARD', { payment: 'skipped' })],
    ['not_paid', claim(2, 'REWARD', { status: 'voided', payment: 'cancelled' })],
  ])('a rewarded step is %s', (state, made) => {
    const scene = given(game, { progress: { value: 2, claims: made === undefined ? [] : [made] } });
    expect(scene.widget('05-10')[0]?.steps[0]).toEqual({ step: 2, title: null, step_type: 'REWARD', state });
    expect(scene.journey('05-10')?.steps[0]).toMatchObject({
      state,
      reward: { visibility: 'visible', reward_type: 'NC', value: 20, display_type: 'flat' },
      reached_at: made === undefined ? null : '2026-05-05T12:00:00.000Z',
    });
  });

  test('an empty step is reached, a fortune cookie waits to be opened; neither shows a reward', () => {
    const claims = [claim(3, 'EMPTY'), claim(5, 'FORTUNE_COOKIE', { status: 'unopened' })];
    expect(
      given(game, { progress: { value: 5, claims } })
        .journey('05-10')
        ?.steps.slice(1),
    ).toEqual([
      {
        step: 3,
        title: null,
        step_type: 'EMPTY',
        state: 'reached',
        requires: null,
        reward: null,
        netted: 0,
        downgraded_from: null,
        reached_at: '2026-05-05T12:00:00.000Z',
      },
      {
        step: 5,
        title: null,
        step_type: 'FORTUNE_COOKIE',
        state: 'cookie_to_open',
        requires: null,
        reward: null,
        netted: 0,
        downgraded_from: null,
        reached_at: '2026-05-05T12:00:00.000Z',
      },
    ]);
  });

  test('of several earnings of one step the last counts', () => {
    const claims = [claim(2, 'REWARD', { payment: 'failed' }), claim(2, 'REWARD', { earning: 2, payment: 'done' })];
    expect(given(game, { progress: { value: 2, claims } }).widget('05-10')[0]?.steps[0]?.state).toBe('paid');
  });

  test.each(['cancelled', 'clawed_back', 'offset'] as const)(
    'one that was lost (%s) is locked, as if never reached',
    (status) => {
      const claims = [claim(2, 'REWARD', { status, payment: 'done', netted: 5, downgradedFrom: 30 })];
      const scene = given(game, { progress: { value: 1, claims } });
      expect(scene.journey('05-10')?.steps[0]).toEqual(given(game).journey('05-10')?.steps[0]);
      expect(scene.widget('05-10')[0]).toMatchObject({
        steps: [{ state: 'locked' }, {}, {}],
        next_visible_reward: { step: 2 },
      });
    },
  );

  test('an earned reward is shown as earned, whatever the version in force promises now', () => {
    const before = makeGame({
      milestone_steps: [
        { step: 2, step_type: 'REWARD', reward: { reward_type: 'NC', value: 20, display_type: 'upto' } },
      ],
    });
    const after = makeGame({
      milestone_steps: [{ step: 2, step_type: 'REWARD', reward: { reward_type: 'VOUCHER', value: 5 } }],
    });
    const scene = given(gameHistory(before, ['05-08', after]), {
      progress: { value: 2, claims: [claim(2, 'REWARD')] },
    });
    expect(scene.journey('05-10')?.steps[0]?.reward).toEqual({
      visibility: 'visible',
      reward_type: 'NC',
      value: 20,
      display_type: 'flat',
    });
  });
});

test('a step that its number does not reach says what it requires, and is next in its order', () => {
  const progress = { value: 1, detail: { shops: 2 }, claims: [claim(2, 'REWARD')] };
  const journey = given(gameHistory(archetypeGame('list')), { progress }).journey('05-10');
  expect(journey?.steps.map(({ state, requires }) => [state, requires])).toEqual([
    ['locked', { targets: ['pay'], match: 'all' }],
    ['reached', { targets: ['shops', 'often'], match: 'any' }],
    ['locked', null],
  ]);
  expect(journey?.next_visible_reward).toMatchObject({ step: 1, value: 10 });
});

describe('the next visible reward', () => {
  const game = gameHistory(
    makeGame({
      milestone_steps: [2, { step: 3, step_type: 'EMPTY' }, hidden, { step: 5, step_type: 'FORTUNE_COOKIE' }, 6],
    }),
  );
  const nextAfter = (...claims: ClaimFact[]) =>
    given(game, { progress: { claims } }).widget('05-10')[0]?.next_visible_reward?.step;

  test('is the first that is not reached', () => {
    expect(nextAfter()).toBe(2);
  });

  test('is neither a hidden one, nor an empty step, nor a cookie', () => {
    expect(nextAfter(claim(2, 'REWARD'))).toBe(6);
  });

  test('is not one that is held: it has been reached', () => {
    expect(nextAfter(claim(2, 'REWARD', { status: 'held' }))).toBe(6);
  });

  test('is null after the last', () => {
    const all = [claim(2, 'REWARD'), claim(6, 'REWARD')];
    expect(given(game, { progress: { claims: all } }).widget('05-10')[0]?.next_visible_reward).toBeNull();
  });
});

describe('a hidden reward', () => {
  const game = gameHistory(makeGame({ milestone_steps: [2, hidden] }));
  const earned = { rewardType: 'VOUCHER' as const, amount: SENTINEL };

  test('says before it is earned only that there is one', () => {
    const scene = given(game, { progress: { value: 3, claims: [claim(2, 'REWARD')] } });
    expect(scene.journey('05-10')?.steps[1]).toEqual({
      step: 4,
      title: null,
      step_type: 'REWARD',
      state: 'locked',
      requires: null,
      reward: { visibility: 'hidden' },
      netted: 0,
      downgraded_from: null,
      reached_at: null,
    });
    for (const secret of [String(SENTINEL), 'VOUCHER', 'upto']) expect(scene.everything('05-10')).not.toContain(secret);
  });

  test('stays hidden while its claim is held: held is not earned', () => {
    const scene = given(game, { progress: { value: 4, claims: [claim(4, 'REWARD', { ...earned, status: 'held' })] } });
    expect(scene.journey('05-10')?.steps[1]).toMatchObject({ state: 'held', reward: { visibility: 'hidden' } });
    for (const secret of [String(SENTINEL), 'VOUCHER', 'upto']) expect(scene.everything('05-10')).not.toContain(secret);
  });

  test('stays hidden after the window if it was not earned', () => {
    expect(given(game, { progress: { value: 3 } }).everything('07-30')).not.toContain(String(SENTINEL));
  });

  test('is shown once it is earned, before it is paid', () => {
    const scene = given(game, {
      progress: { value: 4, claims: [claim(4, 'REWARD', { ...earned, payment: 'pending' })] },
    });
    expect(scene.journey('05-10')?.steps[1]).toMatchObject({
      state: 'paying',
      reward: { visibility: 'visible', reward_type: 'VOUCHER', value: SENTINEL, display_type: 'flat' },
    });
  });
});

describe.each(everyArchetype.map((game) => [game.game_archetype, game] as const))(
  'a hidden reward of a %s',
  (_archetype, game) => {
    const secrets = [String(SENTINEL), '987,654,321', 'VOUCHER'];
    const step = game.milestone_steps[1]?.step as number;
    const history = gameHistory(game);
    const begin = game.game_window.from_join === undefined ? '2026-05-01T00:00:00Z' : '05-01';
    const scene = (...claims: ClaimFact[]) =>
      given(history, { player: { joined: { 1: ['05-01'] }, progress: [[1, begin, { value: 10_000, claims }]] } });
    const earned = { rewardType: 'VOUCHER' as const, amount: SENTINEL };

    test('is shown nowhere before it is earned: not joined, locked, held, ended', () => {
      const looks = [
        given(history).everything('05-03'),
        scene().everything('05-03'),
        scene(claim(step, 'REWARD', { ...earned, status: 'held' })).everything('05-03'),
        scene().everything('06-20'),
      ];
      for (const look of looks) for (const secret of secrets) expect(look).not.toContain(secret);
      expect(looks[1]).toContain('"visibility":"hidden"');
    });

    test('is shown once it is earned', () => {
      expect(scene(claim(step, 'REWARD', earned)).everything('05-03')).toContain(String(SENTINEL));
    });
  },
);

const shippedFiles = globSync('{*,gallery/*}.{json,jsonc}', { cwd: gameFolder });

test.each(shippedFiles)('no reward of %s shows while it is hidden', (file) => {
  const config = parseJsonc(readFileSync(join(gameFolder, file), 'utf8'), gameSchema, file);
  const game = gameSchema.parse({
    ...config,
    milestone_steps: config.milestone_steps.map((step) =>
      step.step_type === 'REWARD' ? { ...step, reward: hidden.reward } : step,
    ),
  });
  const { start } = game.game_window;
  const player: KnownPlayer = {
    member: [game.cohort_id, '2020-01-01T00:00:00Z'],
    joined: { 1: [start] },
    progress: [[1, start, { value: 1_000_000 }]],
  };
  const dayAfter = new Date(at(start) + 86_400_000).toISOString();
  for (const scene of [{}, { player }, { player: { ...player, progress: [] } }]) {
    const text = given(gameHistory(game), scene).everything(dayAfter);
    for (const secret of [String(SENTINEL), 'VOUCHER', 'upto']) expect(text).not.toContain(secret);
  }
  expect(given(gameHistory(game), { player }).widget(dayAfter)).toHaveLength(1);
  expect(given(gameHistory(game), { player }).journey(dayAfter)?.steps).toHaveLength(game.milestone_steps.length);
});

test('what caps, distinct values and archetypes keep for themselves is not shown', () => {
  const detail = { pay: 1, shops: 77_001, often: 4, 'merchant-7': 1 };
  const text = given(gameHistory(archetypeGame('list')), {
    progress: { value: 1, cleared: 54_321, detail },
  }).everything('05-10');
  for (const secret of ['77001', 'merchant-7', '54321', 'cleared', 'counted']) expect(text).not.toContain(secret);
});
