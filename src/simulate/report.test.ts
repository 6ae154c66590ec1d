// The arithmetic of a report.
import { expect, test } from 'vitest';
import { makeGame } from '../testing/make.ts';
import { parseInstant } from '../time.ts';
import { csvOf } from './csv.ts';
import { addGain, createGains, type Sides } from './gains.ts';
import type { Paid } from './judge.ts';
import { distribution, type Report, reportOf } from './report.ts';
import type { Scene } from './scene.ts';
import { createTally, type Tally } from './tally.ts';

const spread = (...values: number[]) => {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return distribution(counts);
};

test('percentiles are values that a player has, by the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(spread(...hundred)).toMatchObject({ players: 100, p50: 50, p90: 90, p99: 99, max: 100 });
  expect(spread(10)).toMatchObject({ players: 1, p50: 10, p90: 10, p99: 10, max: 10 });
  expect(spread(10, 20)).toMatchObject({ p50: 10, p90: 20, p99: 20 });
  expect(spread(...Array(99).fill(5), 1_000)).toMatchObject({ p50: 5, p99: 5, max: 1_000 });
  expect(spread()).toBeNull();
});

test('few values have a bar each, many share bars of equal width that hold every player', () => {
  expect(spread(30, 10, 10)?.histogram).toEqual([
    { from: 10, to: 10, players: 2 },
    { from: 30, to: 30, players: 1 },
  ]);
  const many = spread(...Array.from({ length: 95 }, (_, index) => index + 5))?.histogram ?? [];
  expect(many).toHaveLength(10);
  expect(many[0]).toEqual({ from: 5, to: 14, players: 10 });
  expect(many.at(-1)).toEqual({ from: 95, to: 99, players: 5 });
});

test('bars of any values touch, cover all, and count everybody once', () => {
  for (const values of [[1, 1_000_000], [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 400], [...Array(50).keys()]]) {
    const { histogram = [], players = 0 } = spread(...values) ?? {};
    expect(histogram.reduce((sum, bar) => sum + bar.players, 0)).toBe(players);
    if (values.length > 10)
      for (const [index, bar] of histogram.entries()) {
        if (index > 0) expect(bar.from).toBe((histogram[index - 1]?.to as number) + 1);
      }
    expect([histogram[0]?.from, histogram.at(-1)?.to]).toEqual([Math.min(...values), Math.max(...values)]);
  }
});

test('the greatest gains and losses are kept, greatest first, the others only summed up', () => {
  const gains = createGains();
  for (let player = 1; player <= 30; player++) {
    const compared: Paid = new Map([
      ['NC', 10],
      ['VOUCHER', 5],
    ]);
    addGain(gains, { bucket: player % 3, playerId: player }, new Map([['NC', player]]), compared);
  }
  const { gain, loss } = gains.get('NC') as Sides;
  const { loss: vouchers } = gains.get('VOUCHER') as Sides;
  expect([gain.players, gain.sum, loss.players, loss.sum]).toEqual([20, 210, 9, 45]);
  expect(gain.greatest.map(({ draft }) => draft)).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
  expect(loss.greatest.map(({ draft }) => draft)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(vouchers).toMatchObject({ players: 30, sum: 150 });
  // Of equal ones those of the lowest numbers, whatever the order.
  expect(vouchers.greatest.map(({ bucket, playerId }) => [bucket, playerId])).toEqual(
    [3, 6, 9, 12, 15, 18, 21, 24, 27, 30].map((playerId) => [0, playerId]),
  );
});

/** A report on a game of May, of which the range covers some days. */
function report(from: string, to: string, count: (tally: Tally) => void = () => {}): Report {
  const instant = (text: string): number => parseInstant(text) as number;
  const config = makeGame({
    game_window: { start: '2026-05-01T00:00:00Z', end: '2026-05-10T23:59:59Z' },
    milestone_steps: [3, 6],
  });
  const versions = [{ config, version: 1, inForceFrom: 0 }];
  const draft = { gameNo: 1, gameId: 'game', versions, statuses: [] };
  const wanted: Scene['wanted'] = {
    from: instant(from),
    to: instant(to),
    eventTypes: ['payment_success'],
    cohorts: [],
    producers: false,
  };
  const tally = createTally();
  count(tally);
  return reportOf({
    scene: { draft, compared: undefined, wanted },
    counts: { draft: tally, compared: undefined, gains: createGains(), refusals: [] },
    names: new Map(),
    seconds: 2,
  });
}

const paying = (tally: Tally): void => {
  tally.paid.set('NC', { count: 3, sum: 90 });
};

test.each([
  ['2026-05-01T00:00:00Z', '2026-05-06T00:00:00Z', 0.5, 180],
  // Only what lies in the window counts as covered.
  ['2026-04-01T00:00:00Z', '2026-05-02T00:00:00Z', 0.1, 900],
  ['2026-05-05T00:00:00Z', '2026-06-10T00:00:00Z', 0.6, 150],
])('a range from %s to %s covers %d of the window', (from, to, covered, sum) => {
  const { projection } = report(from, to, paying);
  expect(projection.window_covered).toBeCloseTo(covered, 12);
  expect(projection.rewards).toEqual([{ reward_type: 'NC', sum }]);
});

test('nothing is projected from the whole window', () => {
  const { projection } = report('2026-05-01T00:00:00Z', '2026-05-11T00:00:00Z', paying);
  expect(projection).toMatchObject({ window_covered: 1, rewards: null });
});

test('steps that nobody reached, and rewards that nobody got, are told as nought', () => {
  const { draft, events_per_second } = report('2026-05-01T00:00:00Z', '2026-05-02T00:00:00Z', (tally) => {
    tally.events = 10;
    tally.playersCounted = 4;
    tally.steps.set(3, { players: 1, claims: 2, held: 1 });
    tally.outcomes.set('applied', 3).set('no_match condition_failed', 7);
  });
  expect(events_per_second).toBe(5);
  expect(draft.steps.map(({ step, players, share, claims, held }) => [step, players, share, claims, held])).toEqual([
    [3, 1, 0.25, 2, 1],
    [6, 0, 0, 0, 0],
  ]);
  expect(draft.rewards).toEqual([
    { reward_type: 'NC', count: 0, sum: 0, held_count: 0, held_sum: 0, per_player: null },
  ]);
  expect(draft.outcomes).toEqual([
    { outcome: 'no_match', reason: 'condition_failed', events: 7 },
    { outcome: 'applied', reason: null, events: 3 },
  ]);
});

test('CSV has a row per figure, and quotes what would break it or run as a formula', () => {
  const document = report('2026-05-01T00:00:00Z', '2026-05-06T00:00:00Z', paying);
  document.refusals.push({
    trigger_id: '=cmd',
    condition: 'merchant is "a, b"',
    events: 4,
    found: null,
    found_events: 4,
  });
  const lines = csvOf(document).split('\r\n');
  expect(lines[0]).toBe('game,section,name,metric,value');
  expect(lines).toContain('draft,reward,NC,sum,90');
  expect(lines).toContain('draft,projection,NC,sum,180');
  expect(lines).toContain(`draft,refusal,"'=cmd: merchant is ""a, b""",events,4`);
  expect(lines.at(-1)).toBe('');
});
