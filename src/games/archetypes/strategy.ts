// What an archetype is to the engine: how counted credits fold into progress, which steps that reaches, and how it is shown and explained.
import type { Json } from '../../event/event.ts';
import type { Instant } from '../../time.ts';
import type { GameConfig, MilestoneStep } from '../config.ts';
import type { Game } from '../game.ts';
import type { Standing } from '../games.ts';
import type { Window } from '../window.ts';

/** A credit after caps: by how much it raised what its trigger has counted. */
export interface CountedCredit {
  triggerId: string;
  amount: number;
  /** The day in the game's zone, counted from 1970-01-01. */
  day: number;
  windowStart: Instant;
}

/** The part of a standing that is the archetype's own. */
export type Own = Pick<Standing, 'value' | 'detail'>;

/** What a player is shown of a standing. */
export interface ProgressView {
  /** Clamped to `max`. */
  current: number;
  max: number;
  /** What the archetype shows beyond the numbers, as the API answers it; null when nothing. */
  detail: { [key: string]: Json } | null;
}

/** Reports what is wrong with a configuration: where (keys from its root), and what. */
export type Report = (path: (string | number)[], message: string) => void;

/** A strategy is a set of pure functions. The fold depends on the set of counted credits, never on their order, batching or repetition. */
export interface Strategy {
  /** Progress before the first credit. */
  initial(): Own;
  /** Progress with one more credit, as a new object, of no lower value. (Where transactions count once, a credit may be taken out: then all are reduced anew.) `game` is the version that judged the credit. */
  reduce(own: Own, credit: CountedCredit, game: Game): Own;
  /** What a trigger's credits count towards, where that is more than one thing; what they share a cap with counts towards the same. */
  countsTowards?(config: GameConfig, triggerId: string): string[];
  /** The steps that a standing reaches, in order. `window` is the one the standing belongs to. */
  stepsReached(game: Game, own: Own, window: Window): readonly MilestoneStep[];
  /** What a player is shown at an instant. */
  view(game: Game, own: Own, window: Window, now: Instant): ProgressView;
  /** How the standing comes about, in sentences that support can send on. */
  explain(game: Game, own: Own, window: Window): string[];
  /** Checks what the schema cannot express: the archetype's own settings, and steps that could never be reached. */
  check(config: GameConfig, report: Report): void;
  /** The settings that may not change while a window runs, as paths into the configuration; `*` stands for every item of a list. */
  fixed: readonly (string | number)[][];
}

/** The steps whose number the value has reached; for archetypes without `requires`, and for steps without one. */
export function stepsUpTo(config: GameConfig, value: number): MilestoneStep[] {
  return config.milestone_steps.filter(({ step }) => step <= value);
}
