// Draws the amount of an `upto` reward. Pure: the draw is a keyed function of what was earned, so that whoever has the key can repeat it, and nobody
// without it can tell it beforehand. The earning number is left out: a refund cannot roll again.
import { createHmac } from 'node:crypto';
import { formatInstant, type Instant } from '../time.ts';

/** An amount that may be drawn; its chance is its weight over the sum of all weights. */
export interface Chance {
  value: number;
  weight: number;
}

export interface DrawKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/** What a draw depends on, beside the key and the odds. */
export interface DrawIdentity {
  userId: string;
  gameId: string;
  windowStart: Instant;
  step: number;
}

/** An amount that was drawn, as it is recorded. */
export interface Drawn {
  keyId: string;
  odds: readonly Chance[];
  value: number;
}

export type Draw = (identity: DrawIdentity, odds: readonly Chance[]) => Drawn;

/** An amount has to be drawn, and this process has no key. */
export class DrawKeyMissing extends Error {}

/** What a process without a key does. */
export const noDraw: Draw = ({ gameId, step }) => {
  throw new DrawKeyMissing(`the reward of step ${step} of ${gameId} has to be drawn, and DRAW_KEYS is not set`);
};

/** For what is tried out and never paid: simulations, scenarios, tests. It is in the source, and so no secret. */
export const trialDraw: Draw = drawWith({ id: 'trial', key: Buffer.alloc(32, 'milepost trial') });

/** What draws in a process with these keys, the newest first. */
export function drawOf(keys: readonly DrawKey[] | undefined): Draw {
  return keys?.[0] === undefined ? noDraw : drawWith(keys[0]);
}

/** Draws with a key. */
export function drawWith(key: DrawKey): Draw {
  return (identity, odds) => ({ keyId: key.id, odds, value: drawnValue(key, identity, odds) });
}

function drawnValue({ key }: DrawKey, identity: DrawIdentity, odds: readonly Chance[]): number {
  const { userId, gameId, windowStart, step } = identity;
  const text = JSON.stringify(['upto', userId, gameId, formatInstant(windowStart), step]);
  const digest = createHmac('sha256', key).update(text, 'utf8').digest('hex');
  const total = odds.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  // 256 bits over a sum below 2^27: what the remainder favours is below 2^-229.
  let place = BigInt(`0x${digest}`) % total;
  for (const { value, weight } of odds) {
    if (place < BigInt(weight)) return value;
    place -= BigInt(weight);
  }
  throw new Error('nothing can be drawn from no chances');
}
