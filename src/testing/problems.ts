// What an archetype finds wrong with a game, as `path: message`.
import type { Strategy } from '../games/archetypes/strategy.ts';
import { formatPath } from '../jsonc.ts';
import { preparedGame } from './credits.ts';

export function problemsOf(strategy: Strategy, options: Parameters<typeof preparedGame>[0]): string[] {
  const problems: string[] = [];
  strategy.check(preparedGame(options).config, (path, message) => problems.push(`${formatPath(path)}: ${message}`));
  return problems;
}
