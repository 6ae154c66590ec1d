// Draws the amount of an `upto` reward, or the prize of a fortune cookie. Pure: the draw is a keyed function of what was earned, so that whoever has the
// key can repeat it, and nobody without it can tell it beforehand. The earning number is left out: a refund cannot roll again.
import { createHmac } from 'node:crypto';
import { UserError } from '../errors.ts';
import { formatInstant, type Instant } from '../time.ts';

/** What may be drawn; its chance is its weight over the sum of all weights. */
export interface Chance {
  weight: number;
}

/** An amount that may be drawn. */
export interface AmountChance extends Chance {
  value: number;
}

export interface DrawKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/** What a draw depends on, beside the key and the odds. */
export interface DrawIdentity {
  /** What is drawn: neither tells anything of the other. */
  purpose: 'upto' | 'cookie';
  userId: string;
  gameId: string;
  windowStart: Instant;
  step: number;
}

/** What was drawn from what, as it is recorded. */
export interface Drawn<C extends Chance = AmountChance> {
  keyId: string;
  odds: readonly C[];
  chosen: C;
}

export type Draw = <C extends Chance>(identity: DrawIdentity, odds: readonly C[]) => Drawn<C>;

/** Something has to be drawn, and this process has no key. */
export class DrawKeyMissing extends Error {}

/** What a process without a key does. */
export const noDraw: Draw = ({ gameId, step }) => {
  throw new DrawKeyMissing(`the reward of step ${step} of ${gameId} has to be drawn, and DRAW_KEYS is not set`);
};

/** The same in a command, which waits for nobody: whoever has given it can set the key. */
export class DrawKeyNeeded extends UserError {}

/** What a command without a key does. */
export const refuseDraw: Draw = ({ gameId, step }) => {
  throw new DrawKeyNeeded(
    `the reward of step ${step} of ${gameId} has to be drawn, and DRAW_KEYS is not set: set it as consumers have it, and give the command again`,
  );
};

/** For what is tried out and never paid: simulations, scenarios, tests. It is in the source, and so no secret. */
export const trialDraw: Draw = drawWith({ id: 'trial', key: Buffer.alloc(32, 'milepost trial') });

/** What draws with these keys, the newest first; and what is done where there is none. */
export function drawOf(keys: readonly DrawKey[] | undefined, without: Draw = noDraw): Draw {
  return keys?.[0] === undefined ? without : drawWith(keys[0]);
}

/** Draws with a key. */
export function drawWith(key: DrawKey): Draw {
  return (identity, odds) => ({ keyId: key.id, odds, chosen: chosenBy(key, identity, odds) });
}

function chosenBy<C extends Chance>({ key }: DrawKey, identity: DrawIdentity, odds: readonly C[]): C {
  const { purpose, userId, gameId, windowStart, step } = identity;
  const text = JSON.stringify([purpose, userId, gameId, formatInstant(windowStart), step]);
  const digest = createHmac('sha256', key).update(text, 'utf8').digest('hex');
  const total = odds.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  // 256 bits over a sum below 2^27: what the remainder favours is below 2^-229.
  let place = BigInt(`0x${digest}`) % total;
  for (const chance of odds) {
    if (place < BigInt(chance.weight)) return chance;
    place -= BigInt(chance.weight);
  }
  throw new Error('nothing can be drawn from no chances');
}
