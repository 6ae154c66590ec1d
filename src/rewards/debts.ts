// Debts: what a player owes since rewards that had been paid were taken back by policy `offset`. Later rewards of the same type are lowered until it
// is made up for. Owns the arithmetic; pure. The entries are append-only, and what is owed is their sum.
import type { RewardType } from '../event/message.ts';
import type { Instant } from '../time.ts';

/** What a player owes by reward type; what is not here is nothing. */
export type Debts = Partial<Record<RewardType, number>>;

/** A change of what a player owes, because of a claim. */
export interface DebtEntry {
  rewardType: RewardType;
  /** More (positive) or less. */
  amount: number;
  gameNo: number;
  windowStart: Instant;
  step: number;
  earning: number;
  /** Counts only once the message of this key has paid; null: at once. */
  afterKey: string | null;
}

/** Takes from a reward what is owed: how much of it is kept back. `debts` is changed. */
export function net(debts: Debts, { rewardType, amount }: { rewardType: RewardType; amount: number }): number {
  const owed = debts[rewardType] ?? 0;
  const netted = Math.min(owed, amount);
  if (netted > 0) debts[rewardType] = owed - netted;
  return netted;
}
