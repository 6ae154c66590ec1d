import { describe, expect, test } from 'vitest';
import { type AmountChance, type DrawKey, DrawKeyMissing, drawOf, drawWith, noDraw } from './draw.ts';

const key: DrawKey = { id: 'k1', key: Buffer.alloc(32, 7) };
const odds: AmountChance[] = [
  { value: 5, weight: 70 },
  { value: 10, weight: 25 },
  { value: 50, weight: 5 },
];
const identity = {
  purpose: 'upto' as 'upto' | 'cookie',
  userId: 'U1',
  gameId: 'game',
  windowStart: Date.UTC(2026, 4, 1),
  step: 3,
};
const values = (more: (index: number) => Partial<typeof identity>, count = 64, own = key): number[] =>
  Array.from({ length: count }, (_, index) => drawWith(own)({ ...identity, ...more(index) }, odds).chosen.value);

describe('a draw', () => {
  test('comes out the same whenever it is taken, in every version of Milepost', () => {
    // Computed by another program. Whatever changes this sequence makes draws that are on record impossible to repeat.
    expect(values((index) => ({ userId: `U${index}` }), 24).join(' ')).toBe(
      '5 5 5 5 10 5 10 5 5 10 5 10 5 5 5 50 10 5 10 5 5 5 5 5',
    );
  });

  test('says with which key and from what', () => {
    expect(drawWith(key)(identity, odds)).toMatchObject({ keyId: 'k1', odds });
  });

  test('depends on the player, the game, the window, the step and the key', () => {
    const same = new Set(values(() => ({})));
    expect(same.size).toBe(1);
    for (const drawn of [
      values((index) => ({ userId: `U${index}` })),
      values((index) => ({ gameId: `game${index}` })),
      values((index) => ({ windowStart: index * 86_400_000 })),
      values((index) => ({ step: index })),
      Array.from({ length: 64 }, (_, index) => values(() => ({}), 1, { id: 'k', key: Buffer.alloc(32, index) })[0]),
    ]) {
      expect(new Set(drawn).size).toBeGreaterThan(1);
    }
  });

  test('of a prize says nothing of the draw of an amount', () => {
    const players = (purpose: 'upto' | 'cookie') => values((index) => ({ purpose, userId: `U${index}` }), 24);
    expect(players('cookie')).not.toEqual(players('upto'));
  });

  test('follows the weights, over many players and under several keys', () => {
    const players = 5_000;
    for (const byte of [1, 2, 3, 4, 5]) {
      const drawn = values((index) => ({ userId: `U${index}` }), players, { id: 'k', key: Buffer.alloc(32, byte) });
      const chiSquare = odds.reduce((sum, { value, weight }) => {
        const expected = (players * weight) / 100;
        return sum + (drawn.filter((each) => each === value).length - expected) ** 2 / expected;
      }, 0);
      // Two degrees of freedom: a fair draw is above this once in 10,000 keys. The keys are fixed, so this never flickers.
      expect(chiSquare).toBeLessThan(18.42);
    }
  });

  test('of one chance is certain', () => {
    expect(drawWith(key)(identity, [{ value: 9, weight: 1 }]).chosen.value).toBe(9);
  });
});

test('the first key draws; without any, nothing is drawn', () => {
  const other = { id: 'k0', key: Buffer.alloc(32, 8) };
  expect(drawOf([key, other])(identity, odds).keyId).toBe('k1');
  expect(drawOf(undefined)).toBe(noDraw);
  expect(() => noDraw(identity, odds)).toThrow(DrawKeyMissing);
});
