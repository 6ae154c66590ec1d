// Whether a process can do its work now: for orchestrators that hold traffic back. Says what is wrong in one word per part, nothing from inside.
import type { Db } from '../src/db/connect.ts';
import { reading } from '../src/db/failure.ts';
import type { RedisClient } from '../src/redis.ts';

export interface Readiness {
  ready: boolean;
  /** Ready, but slower than it should be: the projection is not to be had. */
  degraded: boolean;
  checks: {
    database: 'up' | 'down';
    migrations: 'present' | 'missing' | 'unknown';
    redis: 'up' | 'down' | 'not_configured';
    /** Only of a process that reads Kafka: whether every partition it has been given is being read. The log and source_alarm say why not. */
    kafka?: 'reading' | 'held_up';
  };
}

/** Asked by many at once, it looks once. `ingest`: where being ready means that Kafka is being read, too. */
export function createReadiness(
  db: Db,
  redis: RedisClient | undefined,
  ingest?: { problems(): string[] },
): () => Promise<Readiness> {
  let looking: Promise<Readiness> | undefined;

  async function look(): Promise<Readiness> {
    const [migrations, redisState] = await Promise.all([checkDatabase(db), checkRedis(redis)]);
    looking = undefined;
    const kafka = ingest && (ingest.problems().length === 0 ? 'reading' : 'held_up');
    return {
      ready: migrations === 'present' && kafka !== 'held_up',
      degraded: redisState === 'down',
      checks: {
        database: migrations === 'unknown' ? 'down' : 'up',
        migrations,
        redis: redisState,
        ...(kafka === undefined ? {} : { kafka }),
      },
    };
  }

  return () => {
    looking ??= look();
    return looking;
  };
}

/** The functions are made in one transaction after the last migration: one of them stands for all. */
async function checkDatabase(db: Db): Promise<'present' | 'missing' | 'unknown'> {
  try {
    const { rows } = await reading(() =>
      db.pool.query<{ present: boolean }>(
        "select to_regprocedure('milepost.player_facts(smallint[], bigint[], integer[], timestamptz, integer)') is not null as present",
      ),
    );
    return rows[0]?.present ? 'present' : 'missing';
  } catch {
    return 'unknown'; // whatever went wrong, the answer is that the database cannot be used; the pool and its users log why
  }
}

async function checkRedis(redis: RedisClient | undefined): Promise<Readiness['checks']['redis']> {
  if (redis === undefined) return 'not_configured';
  try {
    await redis.ping();
    return 'up';
  } catch {
    return 'down'; // the client logs why
  }
}
