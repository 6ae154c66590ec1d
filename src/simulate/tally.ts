// The counts of a simulation: what one game came to over a history. As large as the game has steps and rewards, whatever the history.

import type { RewardType } from '../event/message.ts';

export interface Tally {
  events: number;
  /** Events by outcome and, after a space, the reason where there is one. */
  outcomes: Map<string, number>;
  players: number;
  /** Those of whom an event counted. */
  playersCounted: number;
  /** By the step: players who reached it, how often it was claimed (once per window), and how many of these claims are held. */
  steps: Map<number, { players: number; claims: number; held: number }>;
  /** Rewards that may be paid. */
  paid: ByType<Total>;
  /** Rewards that are held by fraud and risk management. */
  held: ByType<Total>;
  /** How many players get how much of a reward type. */
  playersByPay: ByType<Map<number, number>>;
}

export interface Total {
  count: number;
  sum: number;
}

/** What is known of each reward type; absent where a type was never met. */
export type ByType<Value> = Map<RewardType, Value>;

/** The entry of a type, made where there is none. */
export function entryOf<Value>(byType: ByType<Value>, type: RewardType, make: () => Value): Value {
  let entry = byType.get(type);
  if (entry === undefined) {
    entry = make();
    byType.set(type, entry);
  }
  return entry;
}

/** The types met in any of these, always in the same order. */
export function typesIn(...of: readonly ByType<unknown>[]): RewardType[] {
  return [...new Set(of.flatMap((byType) => [...byType.keys()]))].sort();
}

export function addReward(totals: ByType<Total>, type: RewardType, count: number, sum: number): void {
  const total = entryOf(totals, type, () => ({ count: 0, sum: 0 }));
  total.count += count;
  total.sum += sum;
}

export function newCounts(): Map<number, number> {
  return new Map();
}

export function createTally(): Tally {
  return {
    events: 0,
    outcomes: new Map(),
    players: 0,
    playersCounted: 0,
    steps: new Map(),
    paid: new Map(),
    held: new Map(),
    playersByPay: new Map(),
  };
}

/** Adds what was counted of other players. */
export function mergeTally(tally: Tally, other: Tally): void {
  tally.events += other.events;
  tally.players += other.players;
  tally.playersCounted += other.playersCounted;
  mergeCounts(tally.outcomes, other.outcomes);
  for (const [step, { players, claims, held }] of other.steps) {
    const known = tally.steps.get(step) ?? { players: 0, claims: 0, held: 0 };
    tally.steps.set(step, { players: known.players + players, claims: known.claims + claims, held: known.held + held });
  }
  for (const key of ['paid', 'held'] as const) {
    for (const [type, { count, sum }] of other[key]) addReward(tally[key], type, count, sum);
  }
  for (const [type, players] of other.playersByPay) mergeCounts(entryOf(tally.playersByPay, type, newCounts), players);
}

function mergeCounts<Key>(counts: Map<Key, number>, others: ReadonlyMap<Key, number>): void {
  for (const [key, count] of others) counts.set(key, (counts.get(key) ?? 0) + count);
}
