// Fortune cookies that are opened, as sentences: without a database, with the key of scenarios.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Prize } from '../games/config.ts';
import { trialDraw } from '../rewards/draw.ts';
import { createRehearsal, type TimedEvent } from '../scenarios/rehearsal.ts';
import { given } from '../testing/given.ts';
import {
  cookieOpening,
  gameHistory,
  makeDefinitions,
  makeEvent,
  makeGame,
  reversalOf,
  upiPayment,
} from '../testing/make.ts';

const nc = (value: number) => ({ reward_type: 'NC', value });
const gold = { prize_id: 'gold', weight: 1, reward: nc(100) };
const nothing = { prize_id: 'nothing', weight: 1 };
const game = (prizes: object[], more: object = {}) =>
  makeGame({ milestone_steps: [{ step: 2, step_type: 'FORTUNE_COOKIE', cookie: { prizes } }], ...more });
const pay = (id: string, options: Parameters<typeof upiPayment>[1] = {}) => upiPayment(100, { id, ...options });
const earned = [pay('a'), pay('b')];
const open = cookieOpening;

describe('a cookie', () => {
  test('is opened once, and what comes out is paid', () => {
    given(game([gold]))
      .when(...earned)
      .thenBooks({ claims: ['2 unopened'], rewards: [] })
      .when(open(2))
      .thenBooks({ outcomes: ['applied (opened)'], claims: ['2 opened NC 100'], rewards: ['NC 100'] })
      .when(open(2, { occurred: '05-11' }), open(2, { id: 'another' }))
      .thenBooks({ outcomes: ['applied (opened) again', 'rejected (already_opened)'], rewards: ['NC 100'] });
  });

  test('may be opened in the batch that earns it, and by two devices at once', () => {
    given(game([gold]))
      .when(...earned, open(2), open(2))
      .thenBooks({
        outcomes: ['applied', 'applied', 'applied (opened)', 'applied (opened) again'],
        claims: ['2 opened NC 100'],
        rewards: ['NC 100'],
      });
  });

  test('may hold nothing', () => {
    given(game([{ ...gold, stock: 0 }, nothing]))
      .when(...earned, open(2))
      .thenBooks({ outcomes: ['applied', 'applied', 'applied (opened)'], claims: ['2 opened'], rewards: [] });
  });

  test('is empty when nothing is left', () => {
    given(game([{ ...gold, stock: 1 }]))
      .when(pay('c', { user: 'U2' }), pay('d', { user: 'U2' }), open(2, { user: 'U2' }))
      .when(...earned, open(2))
      .thenBooks({ claims: ['2 opened NC 100', '2 opened'], rewards: ['NC 100'] });
  });

  test('is refused where there is none to open, and may be asked for again', () => {
    const flagged = pay('b', { attributes: { frm_flag: 'REVIEW' } });
    given(game([gold]))
      .when(pay('a'), open(2), open(2, { game: 'other' }), open(2, { id: 'bad', attributes: { step: '2' } }))
      .thenBooks({
        outcomes: ['applied', 'rejected (no_cookie)', 'rejected (no_cookie)', 'rejected (opening_invalid)'],
      })
      .when(flagged, open(2))
      .thenBooks({ outcomes: ['held', 'rejected (cookie_held)'], claims: ['2 held'] })
      .when(makeEvent({ type: 'hold_released', correlation: { original_event_id: 'b' } }))
      .when(open(2, { occurred: '05-11' }))
      .thenBooks({ outcomes: ['applied (opened)'], claims: ['2 opened NC 100'], rewards: ['NC 100'] });
  });

  test('stays closed while the game is paused, and may be opened after its end', () => {
    const statuses = [
      { changeNo: 1, status: 'paused' as const, from: Date.UTC(2026, 4, 12) },
      { changeNo: 2, status: 'active' as const, from: Date.UTC(2026, 4, 14) },
      { changeNo: 3, status: 'ended' as const, from: Date.UTC(2026, 4, 16) },
    ];
    given({ ...gameHistory(game([gold])), statuses })
      .when(...earned, open(2, { occurred: '05-13' }))
      .thenBooks({ outcomes: ['applied', 'applied', 'rejected (paused)'] })
      .when(open(2, { occurred: '07-20' }))
      .thenBooks({ outcomes: ['applied (opened)'], rewards: ['NC 100'] });
  });

  test('is opened by the version in force, also one that was earned before anything could come out', () => {
    const closed = makeGame({ milestone_steps: [{ step: 2, step_type: 'FORTUNE_COOKIE' }] });
    given(gameHistory(closed, ['05-15', game([gold])]))
      .when(...earned, open(2))
      .thenBooks({ outcomes: ['applied', 'applied', 'rejected (not_openable)'], claims: ['2 unopened'] })
      .when(open(2, { occurred: '05-20' }))
      .thenBooks({ claims: ['2 opened NC 100'], rewards: ['NC 100'] });
  });

  test('that is closed is taken back with its step, and another one is earned', () => {
    given(game([gold]))
      .when(...earned, reversalOf('a'), open(2))
      .thenBooks({
        outcomes: ['applied', 'applied', 'reversed', 'rejected (cookie_taken_back)'],
        claims: ['2 cancelled'],
      })
      .when(pay('c'), open(2, { earning: 2 }))
      .thenBooks({ claims: ['2 cancelled', '2 opened NC 100'], rewards: ['NC 100'] });
  });

  test('is not rolled again by a refund', () => {
    const prizes = Array.from({ length: 20 }, (_, index) => ({
      prize_id: `p${index}`,
      weight: 1,
      reward: nc(index + 1),
    }));
    const identity = {
      purpose: 'cookie' as const,
      userId: 'U1',
      gameId: 'game',
      windowStart: Date.UTC(2026, 4, 1),
      step: 2,
    };
    const drawn = trialDraw(identity, prizes).chosen.reward.value;
    given(game(prizes))
      .when(...earned, open(2), reversalOf('a'), pay('c'), open(2, { earning: 2 }))
      .thenBooks({ claims: [`2 cancelled NC ${drawn}`, `2 opened NC ${drawn}`], rewards: [`NC ${drawn}`] });
  });

  test('counts what is left in each window anew, and where windows begin with joining in the whole game', () => {
    const prizes = [{ ...gold, stock: 1 }];
    const weekly = game(prizes, { game_window: { recurrence: 'weekly' }, time_zone: 'UTC' });
    const next = { occurred: '05-12' };
    given(weekly)
      .when(pay('a', { occurred: '05-05' }), pay('b', { occurred: '05-05' }), pay('c', next), pay('d', next))
      .when(open(2, { window: '2026-05-01T00:00:00Z' }), open(2, { window: '2026-05-08T00:00:00Z' }))
      .thenBooks({ rewards: ['NC 100', 'NC 100'] });

    const joining = game(prizes, {
      game_window: { from_join: 'P7D' },
      join: { event_type: 'joined' },
    });
    const [first, second] = ['2026-05-05T12:00:00Z', '2026-05-12T12:00:00Z'] as const;
    given(joining)
      .when(makeEvent({ type: 'joined', occurred: first }), makeEvent({ type: 'joined', occurred: second }))
      .when(
        pay('a', { occurred: '05-06' }),
        pay('b', { occurred: '05-06' }),
        pay('c', { occurred: '05-13' }),
        pay('d', { occurred: '05-13' }),
      )
      .when(open(2, { window: first }), open(2, { window: second }))
      .thenBooks({ claims: ['2 opened NC 100', '2 opened'], rewards: ['NC 100'] });
  });
});

/** What comes out for many players, each of whom opens one cookie, in batches of some size. */
function play(prizes: readonly Omit<Prize, 'title'>[], players: number, batch: number): Record<string, number> {
  const rehearsal = createRehearsal(makeDefinitions([gameHistory(game([...prizes]))]), { memberships: [] });
  const came: Record<string, number> = {};
  const events = Array.from({ length: players }, (_, index) => {
    const user = `U${index}`;
    return [pay(`a${user}`, { user }), pay(`b${user}`, { user }), open(2, { user })];
  }).flat() as TimedEvent[];
  for (let from = 0; from < events.length; from += batch) {
    for (const { opened } of rehearsal.process(events.slice(from, from + batch)).decision.openings) {
      const prize = opened.drawn?.prizeId ?? 'none';
      came[prize] = (came[prize] ?? 0) + 1;
    }
  }
  return came;
}

describe('what comes out', () => {
  test('follows the odds', () => {
    const weights = { gold: 5, silver: 25, nothing: 70 };
    const prizes = Object.entries(weights).map(([prize_id, weight]) => ({
      prize_id,
      weight,
      ...(prize_id === 'nothing' ? {} : { reward: { reward_type: 'NC' as const, value: 1 } }),
    }));
    const came = play(prizes, 3_000, 900);
    const chiSquare = Object.entries(weights).reduce((sum, [prize, weight]) => {
      const expected = 30 * weight;
      return sum + ((came[prize] ?? 0) - expected) ** 2 / expected;
    }, 0);
    // Two degrees of freedom: a fair draw is above this once in 10,000 keys. The key is fixed, so this never flickers.
    expect(chiSquare).toBeLessThan(18.42);
  });

  test('is never more than the stock, which is used up while cookies are opened, however they are batched', () => {
    const stocked = fc.record({
      weight: fc.integer({ min: 1, max: 5 }),
      stock: fc.option(fc.integer({ min: 0, max: 6 })),
    });
    fc.assert(
      fc.property(
        fc.array(stocked, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 100 }),
        (wanted, players, batch) => {
          const prizes = wanted.map(({ weight, stock }, index) => ({
            prize_id: `p${index}`,
            weight,
            ...(stock === null ? {} : { stock }),
            reward: { reward_type: 'NC' as const, value: 1 },
          }));
          const came = play(prizes, players, batch);
          expect(came).toEqual(play(prizes, players, 1));
          for (const { prize_id, stock = Number.POSITIVE_INFINITY } of prizes) {
            expect(came[prize_id] ?? 0).toBeLessThanOrEqual(stock);
          }
          const there = prizes.reduce((sum, { stock = Number.POSITIVE_INFINITY }) => sum + stock, 0);
          expect(came.none ?? 0).toBe(Math.max(0, players - there));
        },
      ),
      { numRuns: 50 },
    );
  });
});
