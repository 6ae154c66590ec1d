// The keys that amounts are drawn with, for a command: those of the configuration, or beside the embedded database one of its own.
import type { Config } from '../config.ts';
import { openDevelopmentKey } from '../local/development-key.ts';
import type { DrawKey } from '../rewards/draw.ts';

/** Newest first; undefined where there is a real database and no key. */
export async function drawKeysOf(config: Config): Promise<readonly DrawKey[] | undefined> {
  if (config.DRAW_KEYS !== undefined || config.DATABASE_URL !== undefined) return config.DRAW_KEYS;
  return [await openDevelopmentKey(config.MILEPOST_HOME, 'draw-key')];
}
