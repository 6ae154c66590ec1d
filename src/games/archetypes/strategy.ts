// What an archetype is to the engine: how credits fold into progress and which steps that reaches.
import type { GameConfig, MilestoneStep, Trigger } from '../config.ts';
import type { Credit, Fold } from '../games.ts';

/** A strategy is a set of pure functions. The fold depends on the set of credits, never on their order, batching or repetition. */
export interface Strategy {
  /** Progress before the first credit. */
  initial(): Fold;
  /** What an event that matched `trigger` is worth, before caps: a whole number, at least 0. */
  contribution(trigger: Trigger): number;
  /** The fold with one more credit. */
  reduce(fold: Fold, credit: Pick<Credit, 'triggerId' | 'amount' | 'held'>): Fold;
  /** The steps above `reached` that `value` reaches, in order. */
  stepsReached(config: GameConfig, reached: number, value: number): readonly MilestoneStep[];
  /** The value a player is shown. */
  view(config: GameConfig, value: number): { current: number; max: number };
}
