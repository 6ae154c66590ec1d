// Who gains and who loses: for each player what the draft pays beside what the other game pays. Keeps sums and the greatest few.
import { limits } from '../limits.ts';
import type { Paid } from './judge.ts';
import { type ByType, entryOf, typesIn } from './tally.ts';

/** A player by the number of the database. */
export interface Difference {
  bucket: number;
  playerId: number;
  draft: number;
  compared: number;
}

export interface Side {
  players: number;
  /** Always positive. */
  sum: number;
  /** The greatest differences, greatest first. */
  greatest: Difference[];
}

export interface Sides {
  gain: Side;
  loss: Side;
}

export type Gains = ByType<Sides>;

export function createGains(): Gains {
  return new Map();
}

function newSides(): Sides {
  const side = (): Side => ({ players: 0, sum: 0, greatest: [] });
  return { gain: side(), loss: side() };
}

/** Takes one player. */
export function addGain(gains: Gains, player: { bucket: number; playerId: number }, draft: Paid, compared: Paid): void {
  for (const type of typesIn(draft, compared)) {
    const [paid, before] = [draft.get(type) ?? 0, compared.get(type) ?? 0];
    if (paid === before) continue;
    const side = entryOf(gains, type, newSides)[paid > before ? 'gain' : 'loss'];
    side.players++;
    side.sum += Math.abs(paid - before);
    keepGreatest(side, { ...player, draft: paid, compared: before });
  }
}

/** Adds what was found of other players. */
export function mergeGains(gains: Gains, others: Gains): void {
  for (const [type, sides] of others) {
    for (const way of ['gain', 'loss'] as const) {
      const [side, other] = [entryOf(gains, type, newSides)[way], sides[way]];
      side.players += other.players;
      side.sum += other.sum;
      for (const difference of other.greatest) keepGreatest(side, difference);
    }
  }
}

function keepGreatest({ greatest }: Side, difference: Difference): void {
  const last = greatest.at(-1);
  if (greatest.length >= limits.simulatedPlayers && last !== undefined && compare(difference, last) >= 0) return;
  greatest.push(difference);
  greatest.sort(compare);
  if (greatest.length > limits.simulatedPlayers) greatest.pop();
}

/** The greater difference first; of equal ones by the player, so that the same history names the same players. */
function compare(a: Difference, b: Difference): number {
  const size = ({ draft, compared }: Difference): number => Math.abs(draft - compared);
  return size(b) - size(a) || a.bucket - b.bucket || a.playerId - b.playerId;
}
