// Sums by key (a target, a period, a cell): the detail of every archetype that counts more than one thing. Plain JSON, as it is stored.
import type { Own } from './strategy.ts';

/** What was counted, by key. A key without anything counted is not there, so that equal sets of credits give equal sums. */
export type Sums = Readonly<Record<string, number>>;

/** The sums that a standing keeps; none before the first credit. */
export function sumsOf({ detail }: Own): Sums {
  return (detail ?? {}) as Sums;
}

/** The sum of a key. Keys are chosen by owners of games: `constructor` is one like any other. */
export function sumOf(sums: Sums, key: string | number): number {
  return Object.hasOwn(sums, key) ? (sums[key] as number) : 0;
}

/** The sums with an amount more under each of some keys, as a new object. */
export function addTo(sums: Sums, keys: readonly (string | number)[], amount: number): Sums {
  if (amount === 0 || keys.length === 0) return sums;
  return { ...sums, ...Object.fromEntries(keys.map((key) => [key, sumOf(sums, key) + amount])) };
}
