// Whether a process can do its work now: for orchestrators that hold traffic back. Says what is wrong in one word per part, nothing from inside.
import type { Db } from '../src/db/connect.ts';
import { reading } from '../src/db/failure.ts';
import { limits } from '../src/limits.ts';
import type { RedisClient } from '../src/redis.ts';
import type { Ingest } from './ingest/ingest.ts';
import type { Worker } from './worker.ts';

export interface Readiness {
  /** What this process is for can be done. Where not, it is to be sent nothing, and not to be killed for it. */
  ready: boolean;
  /** The projection is not to be had, so that reads are slower; or only the projection is, so that they are stale and nothing else can be done. */
  degraded: boolean;
  /** Only of a process that consumes: ready or not, its oldest work has waited for longer than limits.laggingMs, and players are behind. */
  lagging?: boolean;
  checks: {
    database: 'up' | 'down';
    migrations: 'present' | 'missing' | 'unknown';
    redis: 'up' | 'down' | 'not_configured';
    /**
     * Only of a process that reads Kafka: whether every partition it has been given is being read. Where not, it is held up (the log and
     * source_alarm say why), or somebody has paused its topic, which is no fault of the process: it stays ready.
     */
    kafka?: 'reading' | 'held_up' | 'paused';
  };
  /** Topics that are paused by a person (milepost ingest paused); absent where none is. */
  paused?: string[];
  /** For how long the oldest work has waited: messages of Kafka, due messages of the outbox. Null while unknown. */
  delay_seconds?: { kafka?: number | null; outbox?: number | null };
}

/** The parts of a process that may hold it up, or fall behind. */
export interface WatchedParts {
  ingest?: Pick<Ingest, 'problems' | 'lag'> | undefined;
  worker?: Pick<Worker, 'delayMs'> | undefined;
  /** Of a process that reads for players: whether Redis is all it needs to show them their games as they were. */
  readsWithoutDatabase?: () => boolean;
}

/** Asked by many at once, it looks once. */
export function createReadiness(
  db: Db,
  redis: RedisClient | undefined,
  parts: WatchedParts = {},
): () => Promise<Readiness> {
  let looking: Promise<Readiness> | undefined;

  async function look(): Promise<Readiness> {
    const [migrations, redisState, outboxDelay] = await Promise.all([
      checkDatabase(db),
      checkRedis(redis),
      parts.worker === undefined ? undefined : delayOfOutbox(parts.worker),
    ]);
    looking = undefined;
    const reading = parts.ingest === undefined ? undefined : checkKafka(parts.ingest);
    const delays = [reading?.delay, outboxDelay].filter((delay) => delay !== undefined);
    // Were it sent nothing then, nobody would see what it can still show.
    const stale = migrations === 'unknown' && redisState === 'up' && parts.readsWithoutDatabase?.() === true;
    return {
      ready: (migrations === 'present' || stale) && reading?.kafka !== 'held_up',
      degraded: redisState === 'down' || stale,
      ...(delays.length === 0
        ? {}
        : { lagging: delays.some((delay) => delay !== null && delay * 1_000 > limits.laggingMs) }),
      checks: {
        database: migrations === 'unknown' ? 'down' : 'up',
        migrations,
        redis: redisState,
        ...(reading === undefined ? {} : { kafka: reading.kafka }),
      },
      ...(reading === undefined || reading.paused.length === 0 ? {} : { paused: reading.paused }),
      ...(delays.length === 0
        ? {}
        : {
            delay_seconds: {
              ...(reading === undefined ? {} : { kafka: reading.delay }),
              ...(outboxDelay === undefined ? {} : { outbox: outboxDelay }),
            },
          }),
    };
  }

  return () => {
    looking ??= look();
    return looking;
  };
}

function checkKafka(ingest: Pick<Ingest, 'problems' | 'lag'>) {
  const lanes = ingest.lag();
  const paused = [...new Set(lanes.filter(({ state }) => state === 'paused').map(({ topic }) => topic))].sort();
  const held = ingest.problems().length > 0;
  const known = lanes.map(({ delayMs }) => delayMs).filter((delay) => delay !== undefined);
  return {
    kafka: held ? ('held_up' as const) : paused.length > 0 ? ('paused' as const) : ('reading' as const),
    paused,
    // What is not known of one partition may be longer than all the others; what is known is long enough to be told.
    delay: known.length === 0 ? null : seconds(Math.max(...known)),
  };
}

async function delayOfOutbox(worker: Pick<Worker, 'delayMs'>): Promise<number | null> {
  try {
    return seconds(await worker.delayMs());
  } catch {
    return null; // the database is away, which is told beside this
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
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
