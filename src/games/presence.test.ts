import { describe, expect, test } from 'vitest';
import { at, type GameHistory, gameHistory, makeDefinitions, makeGame } from '../testing/make.ts';
import { type KnownPlayer, playerFacts } from '../testing/player-facts.ts';
import type { GameConfig } from './config.ts';
import type { GameStatus, Timeline } from './decide.ts';
import { gameField } from './facts.ts';
import { openGames, presenceOf, wantedOf } from './presence.ts';

const start = '2026-05-01T00:00:00Z';
const join = { event_type: 'joined' };

/** Given a game and what is known of a player, when they look at a time. */
function given(game: GameConfig | GameHistory, player: KnownPlayer = {}) {
  const history = 'game_id' in game ? gameHistory(game) : game;
  const timeline = makeDefinitions([history]).games[0] as Timeline;
  const facts = playerFacts(player);
  const look = (time: string) => presenceOf(timeline, facts, at(time));
  return {
    look,
    sees: (time: string) => look(time) !== undefined,
    state: (time: string) => look(time)?.state,
    /** The window and whether its progress was found. */
    window(time: string) {
      const { window, progress } = look(time) ?? {};
      const text = (instant: number | undefined) => instant && new Date(instant).toISOString().slice(0, 16);
      return [text(window?.start), text(window?.end), progress?.value];
    },
    join: (time: string) => look(time)?.join,
    isOpen: (time: string) => openGames([timeline], at(time)).length === 1,
    fields: (time: string) => wantedOf([timeline], at(time)).fields(facts.joins),
  };
}

function withStatuses(game: GameConfig, ...statuses: [status: GameStatus, from: string][]): GameHistory {
  return {
    ...gameHistory(game),
    statuses: statuses.map(([status, from], index) => ({ changeNo: index + 1, status, from: at(from) })),
  };
}

describe('who sees a game', () => {
  const cohortGame = makeGame({ cohort_id: 'early' });

  test('everybody sees a game for everyone, and only members one for a cohort', () => {
    expect(given(makeGame()).sees('05-10')).toBe(true);
    expect(given(cohortGame, { member: ['early', '04-01'] }).sees('05-10')).toBe(true);
    expect(given(cohortGame, { member: ['late', '04-01'] }).sees('05-10')).toBe(false);
  });

  test('a former member does not, unless they have progress', () => {
    const member: KnownPlayer['member'] = ['early', '04-01', '05-09'];
    expect(given(cohortGame, { member }).sees('05-10')).toBe(false);
    expect(given(cohortGame, { member, progress: [[1, start, { value: 1 }]] }).sees('05-10')).toBe(true);
  });

  test('nobody before the game; after it whoever was a member at its end', () => {
    expect(given(makeGame()).sees('04-30')).toBe(false);
    expect(given(cohortGame, { member: ['early', '05-30', '06-02'] }).sees('07-30')).toBe(true);
    expect(given(cohortGame, { member: ['early', '06-02'] }).sees('07-30')).toBe(false);
  });

  test('after a game that was ended, whoever was a member then', () => {
    const history = withStatuses(cohortGame, ['ended', '05-10']);
    expect(given(history, { member: ['early', '05-09', '05-11'] }).sees('07-30')).toBe(true);
    expect(given(history, { member: ['early', '05-11'] }).sees('07-30')).toBe(false);
  });
});

describe('the state', () => {
  test.each([
    ['2026-04-30T23:59:59.999Z', false],
    ['2026-05-01T00:00:00Z', true],
    ['2026-05-31T23:59:59.999Z', true],
    ['2026-06-01T00:00:00Z', false],
  ])('is open by the clock alone: at %s %s', (time, open) => {
    expect(given(makeGame()).isOpen(time)).toBe(open);
    expect(given(makeGame()).state(time) === 'active').toBe(open);
  });

  test('is paused while paused, and active again', () => {
    const scene = given(withStatuses(makeGame(), ['paused', '05-05'], ['active', '05-10']));
    expect(['05-04', '05-05', '05-09', '05-10'].map(scene.state)).toEqual(['active', 'paused', 'paused', 'active']);
    expect(['05-04', '05-05', '05-09', '05-10'].map(scene.isOpen)).toEqual([true, false, false, true]);
  });

  test('is ended from its end on, whatever it was before', () => {
    const scene = given(withStatuses(makeGame(), ['paused', '05-05'], ['ended', '05-10']));
    expect(['05-09', '05-10', '07-01'].map(scene.state)).toEqual(['paused', 'ended', 'ended']);
    expect(['05-09', '05-10', '07-01'].map(scene.isOpen)).toEqual([false, false, false]);
    const paused = given(withStatuses(makeGame(), ['paused', '05-05']));
    expect(['05-31', '07-01'].map(paused.state)).toEqual(['paused', 'ended']);
  });

  test('of a game that was ended before it began, there is none', () => {
    const scene = given(withStatuses(makeGame(), ['ended', start]));
    expect([start, '05-10', '07-01'].map(scene.sees)).toEqual([false, false, false]);
  });

  test('is not known before an end that is to come', () => {
    const scene = given(withStatuses(makeGame(), ['ended', '05-20']));
    expect([scene.state('05-10'), scene.isOpen('05-10')]).toEqual(['active', true]);
  });
});

describe('the window', () => {
  const weekly = makeGame({ time_zone: 'UTC', game_window: { recurrence: 'weekly' } });
  const progress: KnownPlayer['progress'] = [
    [1, start, { value: 1 }],
    [1, '2026-05-08T00:00:00Z', { value: 2 }],
    [1, '2026-05-29T00:00:00Z', { value: 5 }],
  ];

  test('of a game without recurrence is the game', () => {
    const scene = given(makeGame(), { progress: [[1, start, { value: 4 }]] });
    expect(scene.window('05-10')).toEqual(['2026-05-01T00:00', '2026-06-01T00:00', 4]);
    expect(scene.window('07-10')).toEqual(['2026-05-01T00:00', '2026-06-01T00:00', 4]);
  });

  test('of a recurring game is the one open now, with its own progress; after the game the last', () => {
    const scene = given(weekly, { progress });
    expect(scene.window('2026-05-07T23:59:59.999Z')).toEqual(['2026-05-01T00:00', '2026-05-08T00:00', 1]);
    expect(scene.window('2026-05-08T00:00:00Z')).toEqual(['2026-05-08T00:00', '2026-05-15T00:00', 2]);
    expect(scene.window('05-16')).toEqual(['2026-05-15T00:00', '2026-05-22T00:00', undefined]);
    expect(scene.window('07-16')).toEqual(['2026-05-29T00:00', '2026-06-01T00:00', 5]);
  });

  test('of a recurring game that was ended is the one that was open then', () => {
    const scene = given(withStatuses(weekly, ['ended', '2026-05-15T00:00:00Z']), { progress });
    expect(scene.window('07-16')).toEqual(['2026-05-08T00:00', '2026-05-15T00:00', 2]);
    expect(scene.state('05-16')).toBe('ended');
  });

  test('of a recurring game may see a non-member only where they have progress', () => {
    const game = { ...weekly, cohort_id: 'early' };
    const scene = given(game, { progress });
    expect(['05-03', '05-10', '05-16', '05-30'].map(scene.sees)).toEqual([true, true, false, true]);
  });

  test('begins in the zone of the game', () => {
    const daily = makeGame({
      time_zone: 'Asia/Kolkata',
      game_window: { start: '2026-05-01T00:00:00+05:30', end: '2026-05-31T23:59:59+05:30', recurrence: 'daily' },
    });
    expect(given(daily).window('2026-05-10T18:29:59Z').slice(0, 2)).toEqual(['2026-05-09T18:30', '2026-05-10T18:30']);
    expect(given(daily).window('2026-05-10T18:30:00Z').slice(0, 2)).toEqual(['2026-05-10T18:30', '2026-05-11T18:30']);
  });

  test('names the fields that are wanted, and with windows from the join none before it', () => {
    expect(given(makeGame()).fields('05-10')).toEqual([gameField(1, at(start))]);
    expect(given(weekly).fields('05-10')).toEqual([gameField(1, at('2026-05-08T00:00:00Z'))]);
    const fromJoin = makeGame({ join, game_window: { from_join: 'P7D' } });
    expect(given(fromJoin).fields('05-10')).toEqual([]);
    expect(given(fromJoin, { joined: { 2: ['05-03'] } }).fields('05-10')).toEqual([]);
    expect(given(fromJoin, { joined: { 1: ['05-09', '05-01'] } }).fields('05-10')).toEqual([gameField(1, at('05-09'))]);
  });
});

describe('a game to join', () => {
  const game = makeGame({ cohort_id: 'early', join });
  const member: KnownPlayer['member'] = ['early', '04-01'];

  test('is open to a member, and nothing to anybody else', () => {
    const scene = given(game, { member });
    expect(scene.join('05-10')).toEqual({ isOpen: true, at: undefined });
    expect(scene.state('05-10')).toBe('active');
    expect(given(game).sees('05-10')).toBe(false);
  });

  test('is joined from the join on', () => {
    const scene = given(game, { member, joined: { 1: ['05-08'] } });
    expect(scene.join('05-07')).toEqual({ isOpen: true, at: undefined });
    expect(scene.join('05-08')).toEqual({ isOpen: false, at: at('05-08') });
    expect(scene.join('07-08')).toEqual({ isOpen: false, at: at('05-08') });
  });

  test('is joined since the first join, also when that arrived after another', () => {
    expect(given(game, { member, joined: { 1: ['05-08', '05-02'] } }).join('05-10')?.at).toBe(at('05-02'));
  });

  test('is over for whoever did not join, and stays readable to whoever did', () => {
    expect(given(game, { member }).sees('06-10')).toBe(false);
    expect(given(game, { member, joined: { 1: ['05-08'] } }).state('06-10')).toBe('ended');
    expect(given(game, { member, joined: { 1: ['06-02'] } }).sees('06-10')).toBe(false);
  });

  test('joined once is joined for all its windows', () => {
    const weekly = makeGame({ join, time_zone: 'UTC', game_window: { recurrence: 'weekly' } });
    const scene = given(weekly, { joined: { 1: ['05-03'] } });
    expect(scene.join('05-20')).toEqual({ isOpen: false, at: at('05-03') });
    expect(scene.window('05-20').slice(0, 2)).toEqual(['2026-05-15T00:00', '2026-05-22T00:00']);
  });

  test('is none where all members take part', () => {
    expect(given(makeGame()).join('05-10')).toBeNull();
  });
});

describe('windows from the join', () => {
  const game = makeGame({ cohort_id: 'early', join, time_zone: 'UTC', game_window: { from_join: 'P7D' } });
  const member: KnownPlayer['member'] = ['early', '04-01'];
  const player: KnownPlayer = {
    member,
    joined: { 1: ['05-03', '05-20'] },
    progress: [
      [1, '05-03', { value: 3 }],
      [1, '05-20', { value: 1 }],
    ],
  };

  test('there is none before it', () => {
    const scene = given(game, { member });
    expect(scene.look('05-10')).toMatchObject({ state: 'active', window: undefined, join: { isOpen: true } });
  });

  test('a player’s own begins with it, ends by itself, and may be followed by another', () => {
    const scene = given(game, player);
    expect(scene.window('05-09')).toEqual(['2026-05-03T12:00', '2026-05-10T12:00', 3]);
    expect(scene.look('05-09')).toMatchObject({ state: 'active', join: { isOpen: false } });
    // Ended for the player, not for the game: readable, and open to a retry.
    expect(scene.window('05-12')).toEqual(['2026-05-03T12:00', '2026-05-10T12:00', 3]);
    expect(scene.look('05-12')).toMatchObject({ state: 'ended', join: { isOpen: true, at: at('05-03') } });
    expect(scene.window('05-21')).toEqual(['2026-05-20T12:00', '2026-05-27T12:00', 1]);
    expect(scene.look('05-21')).toMatchObject({ state: 'active', join: { isOpen: false, at: at('05-20') } });
  });

  test('the last one stays readable after the game, and joining is over', () => {
    const scene = given(game, player);
    expect(scene.window('07-30')).toEqual(['2026-05-20T12:00', '2026-05-27T12:00', 1]);
    expect(scene.look('07-30')).toMatchObject({ state: 'ended', join: { isOpen: false, at: at('05-20') } });
  });

  test('a former member keeps what they have, and cannot join again', () => {
    const scene = given(game, { ...player, member: ['early', '04-01', '05-11'] });
    expect(scene.look('05-12')).toMatchObject({ state: 'ended', join: { isOpen: false }, progress: { value: 3 } });
  });

  test('a pause shows, and does not reopen what has ended', () => {
    const scene = given(withStatuses(game, ['paused', '05-05']), player);
    expect([scene.state('05-09'), scene.state('05-12')]).toEqual(['paused', 'ended']);
  });

  test('the end of the game cuts them short', () => {
    const scene = given(game, { member, joined: { 1: ['05-30'] } });
    expect(scene.window('05-31').slice(0, 2)).toEqual(['2026-05-30T12:00', '2026-06-01T00:00']);
    const ended = given(withStatuses(game, ['ended', '05-06']), player);
    expect(ended.look('05-08')).toMatchObject({ state: 'ended', progress: { value: 3 }, join: { isOpen: false } });
  });
});
