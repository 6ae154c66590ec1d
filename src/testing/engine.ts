// The real engine on a test's database, and a history's games and memberships put into that database.
import type pg from 'pg';
import { statementsOf } from '../cohorts/cohorts.ts';
import type { CohortResolver } from '../cohorts/resolver.ts';
import { connect, type Db } from '../db/connect.ts';
import type { BatchResult } from '../engine/batch.ts';
import { createEngine, type Engine } from '../engine/process.ts';
import type { IncomingEvent } from '../event/event.ts';
import { bucketOf } from '../ids.ts';
import { createLog } from '../log.ts';
import { type DrawKey, drawWith } from '../rewards/draw.ts';
import { formatInstant } from '../time.ts';
import type { EngineHistory } from './histories.ts';

export const silent = createLog({ level: 'silent' });

export interface TestEngine extends Engine, AsyncDisposable {
  db: Db;
  /** Commits a batch of events. */
  take(events: readonly IncomingEvent[]): Promise<BatchResult>;
}

/** The key that test engines draw with. */
export const testDrawKey: DrawKey = { id: 'test', key: Buffer.alloc(32, 'test') };

/** An engine with connections of its own, under the role it has in production. */
export function testEngine(url: string, resolver?: CohortResolver, draw = drawWith(testDrawKey)): TestEngine {
  const db = connect(url, { role: 'milepost_ingest', size: 3, log: silent });
  const engine = createEngine(db, silent, resolver, draw);
  return {
    ...engine,
    db,
    take: (events) => engine.process({ events: [...events], parked: [] }),
    async [Symbol.asyncDispose]() {
      await engine.idle();
      await db.close();
    },
  };
}

/** Puts games and memberships into a database as they are, with versions in force from the instants that the history names. */
export async function install(
  pool: pg.Pool,
  { games, memberships = [] }: Pick<EngineHistory, 'games'> & Partial<Pick<EngineHistory, 'memberships'>>,
): Promise<void> {
  for (const { versions, statuses = [] } of games) {
    const { rows } = await pool.query<{ game_no: number }>(
      'insert into milepost.game (game_id) values ($1) returning game_no',
      [versions[0]?.config.game_id],
    );
    for (const [index, { config, inForceFrom }] of versions.entries()) {
      await pool.query(
        `insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
         values ($1, $2, $3, $4::text::jsonb, $4, now(), 'test', 'test')`,
        [rows[0]?.game_no, index + 1, formatInstant(inForceFrom), JSON.stringify(config)],
      );
    }
    for (const { changeNo, status, from } of statuses) {
      await pool.query(
        `insert into milepost.game_status_change (game_no, change_no, status, in_force_from, changed_at, changed_by, reason)
         values ($1, $2, $3, $4, now(), 'test', 'test')`,
        [rows[0]?.game_no, changeNo, status, formatInstant(from)],
      );
    }
  }
  for (const [userId, own] of Map.groupBy(memberships, ({ userId }) => userId)) {
    for (const { cohortId, from, member } of statementsOf(own)) {
      await pool.query(
        `insert into milepost.cohort_membership (bucket, player_id, cohort_id, valid_from, member)
         values ($1, (milepost.players_of(array[$1]::smallint[], array[$2]))[1], $3, $4, $5)`,
        [bucketOf(userId), userId, cohortId, formatInstant(from), member],
      );
    }
  }
  await pool.query('update milepost.definitions set epoch = epoch + 1');
}
