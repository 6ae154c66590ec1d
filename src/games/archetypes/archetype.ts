// The list of archetypes. The compiler asks for a strategy for each one that the configuration schema names.
import type { GameConfig } from '../config.ts';
import { numericCounter } from './numeric-counter.ts';
import type { Strategy } from './strategy.ts';

export const archetypes: Record<GameConfig['game_archetype'], Strategy> = {
  NUMERIC_COUNTER: numericCounter,
};
