import { describe, expect, test } from 'vitest';
import { at, type GameHistory, gameHistory, makeDefinitions, makeGame, paymentTrigger } from '../testing/make.ts';
import type { Timeline } from './decide.ts';
import { type ClaimFact, type GameFacts, gameField, type PlayerFacts } from './facts.ts';
import { openGames, renderJourney, renderWidget } from './view.ts';

const SENTINEL = 987_654_321;
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
  return { step, earning: 1, stepType, status: 'earned', ...reward, claimedAt, version: 1, payment: null, ...options };
}

interface Scene {
  progress?: Partial<GameFacts>;
  /** [cohort, from, to] */
  member?: [string, string, string?];
}

/** Given one game and what is known of a player, when they look at a time, then … */
function given(history: GameHistory, scene: Scene = {}) {
  const timeline = makeDefinitions([history]).games[0] as Timeline;
  const game = timeline.versions[0];
  const field = gameField(timeline.gameNo, game?.start ?? 0);
  const facts: PlayerFacts = {
    asOf: at('2026-05-10T11:59:58Z'),
    memberships:
      scene.member === undefined
        ? []
        : [
            {
              cohortId: scene.member[0],
              from: at(scene.member[1]),
              to: scene.member[2] === undefined ? Number.POSITIVE_INFINITY : at(scene.member[2]),
            },
          ],
    games:
      scene.progress === undefined
        ? new Map()
        : new Map([[field, { version: 7, value: 0, cleared: 0, claims: [], ...scene.progress }]]),
  };
  return {
    widget: (time: string) => renderWidget([timeline], facts, at(time)),
    journey: (time: string) => renderJourney(timeline, facts, at(time)),
    isOpen: (time: string) => openGames([timeline], at(time)).length === 1,
    everything: (time: string) =>
      JSON.stringify([renderWidget([timeline], facts, at(time)), renderJourney(timeline, facts, at(time))]),
  };
}

describe('who sees a game, and when', () => {
  const cohortGame = gameHistory(makeGame({ cohort_id: 'early' }));

  test('a member without any event sees it at 0', () => {
    const [game] = given(cohortGame, { member: ['early', '04-01'] }).widget('05-10');
    expect(game).toMatchObject({ game_id: 'game', current_value: 0, projection_version: 0 });
  });

  test('a non-member without progress does not, in neither view', () => {
    const scene = given(cohortGame, { member: ['late', '04-01'] });
    expect(scene.widget('05-10')).toEqual([]);
    expect(scene.journey('05-10')).toBeUndefined();
  });

  test('a former member does not, unless they have progress', () => {
    const member: Scene['member'] = ['early', '04-01', '05-09'];
    expect(given(cohortGame, { member }).widget('05-10')).toEqual([]);
    expect(given(cohortGame, { member, progress: { value: 1 } }).widget('05-10')).toHaveLength(1);
  });

  test('everybody sees a game for everyone', () => {
    expect(given(gameHistory(makeGame())).widget('05-10')).toHaveLength(1);
  });

  test.each([
    ['2026-04-30T23:59:59.999Z', false],
    ['2026-05-01T00:00:00Z', true],
    ['2026-05-31T23:59:59.999Z', true],
    ['2026-06-01T00:00:00Z', false],
  ])('the window is open by the clock alone: at %s %s', (time, open) => {
    const scene = given(gameHistory(makeGame()));
    expect(scene.isOpen(time)).toBe(open);
    expect(scene.widget(time)).toHaveLength(open ? 1 : 0);
  });

  test('an announced game is not readable before its window; an ended one stays readable', () => {
    const scene = given(gameHistory(makeGame()), { progress: { value: 2 } });
    expect(scene.journey('04-30')).toBeUndefined();
    expect(scene.journey('05-10')).toMatchObject({ state: 'active' });
    expect(scene.journey('07-30')).toMatchObject({
      state: 'ended',
      current_value: 2,
      window: { seconds_remaining: 0 },
    });
  });

  test('after the window, whoever was a member at its end still reads it', () => {
    expect(given(cohortGame, { member: ['early', '05-30', '06-02'] }).journey('07-30')).toBeDefined();
    expect(given(cohortGame, { member: ['early', '06-02'] }).journey('07-30')).toBeUndefined();
  });
});

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

  test('the journey tells what each trigger adds', () => {
    const game = makeGame({ triggers: [paymentTrigger({ id: 'one' }), paymentTrigger({ id: 'three', worth: 3 })] });
    expect(given(gameHistory(game)).journey('05-10')?.triggers).toEqual([
      { trigger_id: 'one', event_type: 'payment_success', adds: 1 },
      { trigger_id: 'three', event_type: 'payment_success', adds: 3 },
    ]);
  });

  test('games that end first come first', () => {
    const window = (end: string) => ({ game_window: { end } });
    const { games } = makeDefinitions([
      gameHistory(makeGame({ game_id: 'c', ...window('2026-05-31T23:59:59Z') })),
      gameHistory(makeGame({ game_id: 'b', ...window('2026-05-31T23:59:59Z') })),
      gameHistory(makeGame({ game_id: 'z', ...window('2026-05-20T23:59:59Z') })),
    ]);
    const widget = renderWidget(games, { asOf: 0, memberships: [], games: new Map() }, at('05-10'));
    expect(widget.map(({ game_id }) => game_id)).toEqual(['z', 'b', 'c']);
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
  ])('a rewarded step is %s', (state, made) => {
    const scene = given(game, { progress: { value: 2, claims: made === undefined ? [] : [made] } });
    expect(scene.widget('05-10')[0]?.steps[0]).toEqual({ step: 2, step_type: 'REWARD', state });
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
      { step: 3, step_type: 'EMPTY', state: 'reached', reward: null, reached_at: '2026-05-05T12:00:00.000Z' },
      {
        step: 5,
        step_type: 'FORTUNE_COOKIE',
        state: 'cookie_to_open',
        reward: null,
        reached_at: '2026-05-05T12:00:00.000Z',
      },
    ]);
  });

  test('of several earnings of one step the last counts', () => {
    const claims = [claim(2, 'REWARD', { payment: 'failed' }), claim(2, 'REWARD', { earning: 2, payment: 'done' })];
    expect(given(game, { progress: { value: 2, claims } }).widget('05-10')[0]?.steps[0]?.state).toBe('paid');
  });

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
      step_type: 'REWARD',
      state: 'locked',
      reward: { visibility: 'hidden' },
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
