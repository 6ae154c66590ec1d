// The counts of a simulation: what one game came to over a history. As large as the game has steps and rewards, whatever the history.

export const rewardTypes = ['NC', 'VOUCHER'] as const;
export type RewardType = (typeof rewardTypes)[number];

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
  paid: Record<RewardType, Total>;
  /** Rewards that are held by fraud and risk management. */
  held: Record<RewardType, Total>;
  /** How many players get how much of a reward type. */
  playersByPay: Record<RewardType, Map<number, number>>;
}

export interface Total {
  count: number;
  sum: number;
}

export function createTally(): Tally {
  return {
    events: 0,
    outcomes: new Map(),
    players: 0,
    playersCounted: 0,
    steps: new Map(),
    paid: { NC: { count: 0, sum: 0 }, VOUCHER: { count: 0, sum: 0 } },
    held: { NC: { count: 0, sum: 0 }, VOUCHER: { count: 0, sum: 0 } },
    playersByPay: { NC: new Map(), VOUCHER: new Map() },
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
  for (const type of rewardTypes) {
    for (const key of ['paid', 'held'] as const) {
      tally[key][type].count += other[key][type].count;
      tally[key][type].sum += other[key][type].sum;
    }
    mergeCounts(tally.playersByPay[type], other.playersByPay[type]);
  }
}

function mergeCounts<Key>(counts: Map<Key, number>, others: ReadonlyMap<Key, number>): void {
  for (const [key, count] of others) counts.set(key, (counts.get(key) ?? 0) + count);
}
