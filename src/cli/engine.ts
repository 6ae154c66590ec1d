// The engine of a command: with the cohorts that are decided outside, and the keys to draw with, as the deployment has them.
import { openResolver } from '../cohorts/config.ts';
import type { Config } from '../config.ts';
import type { Db } from '../db/connect.ts';
import { createEngine, type Engine } from '../engine/process.ts';
import { drawOf, refuseDraw } from '../rewards/draw.ts';
import { createCommandLog } from './command-log.ts';
import { withDatabase } from './database.ts';
import { drawKeysOf } from './draw-keys.ts';

/** Opens the database and the engine on it, works with both, and closes everything again once all wake-ups are sent. */
export async function withEngine<T>(config: Config, work: (db: Db, engine: Engine) => Promise<T>): Promise<T> {
  return withDatabase(config, 'milepost_ingest', async (db) => {
    const log = createCommandLog(config);
    const resolver = await openResolver({ folder: config.GAME_CONFIGS, sdkKey: config.LAUNCHDARKLY_SDK_KEY, log });
    try {
      const engine = createEngine(db, log, resolver, drawOf(await drawKeysOf(config), refuseDraw));
      const done = await work(db, engine);
      await engine.idle();
      return done;
    } finally {
      await resolver?.close();
    }
  });
}
