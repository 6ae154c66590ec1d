// What tests of dispatch set the scene with: rewards that are owed, a worker with stand-in services, and the outbox as it stands.
import type pg from 'pg';
import { createWorker, type Worker, type WorkerOptions } from '../../workers/worker.ts';
import type { ConfiguredService } from '../event/message.ts';
import { bucketOf } from '../ids.ts';
import { type RewardServices, startRewardServices } from '../local/reward-services.ts';
import { createLog } from '../log.ts';
import { rewardKey, takeBackKey } from '../rewards/decide.ts';

const types = { neucoin: 'NC', voucher: 'VOUCHER' } as const;
type RewardDestination = keyof typeof types | ConfiguredService;

/** A reward that stands in the outbox. */
export interface Owed {
  key: string;
  userId: string;
  amount: number;
}

const windowStart = Date.UTC(2026, 4, 1);

/** Writes rewards into the outbox, due now, one for each of `count` new players. Nobody is woken. */
export async function owe(
  pool: Pick<pg.Pool, 'query'>,
  options: { count?: number; destination?: RewardDestination; amount?: number; receivedAt?: number } = {},
): Promise<Owed[]> {
  const { count = 1, destination = 'neucoin', amount = 10, receivedAt = Date.now() } = options;
  const claims = Array.from({ length: count }, () => {
    const userId = `R${++players}`;
    const claim = { userId, gameId: 'game', windowStart, step: 3, earning: 1 };
    return { userId, bucket: bucketOf(userId), key: rewardKey(claim), claim };
  }).sort((a, b) => a.bucket - b.bucket || (a.userId < b.userId ? -1 : 1));
  const buckets = claims.map(({ bucket }) => bucket);
  await pool.query('select milepost.players_of($1, $2)', [buckets, claims.map(({ userId }) => userId)]);
  const bodies = claims.map(({ userId, claim: { gameId, step, earning } }) => ({
    user_id: userId,
    reward_type: destination === 'neucoin' || destination === 'voucher' ? types[destination] : destination,
    amount,
    game_id: gameId,
    window_start: new Date(windowStart).toISOString(),
    step,
    earning,
    version: 1,
    event_received_at: new Date(receivedAt).toISOString(),
  }));
  await pool.query('select milepost.outbox_append($1, $2, $3, $4, clock_timestamp())', [
    buckets,
    claims.map(() => destination),
    claims.map(({ key }) => key),
    bodies.map((body) => JSON.stringify(body)),
  ]);
  return claims.map(({ key, userId }) => ({ key, userId, amount }));
}

/**
 * Writes what takes a payment back that is done, as if it had waited for that: due now, of the payment's player. `paid` names another payment
 * than the one that it waited for.
 */
export async function owePaidBack(
  pool: Pick<pg.Pool, 'query'>,
  key: string,
  paid: { key: string } = { key },
): Promise<void> {
  await pool.query(
    `insert into milepost.outbox (bucket, destination, message_key, body, after_key, next_attempt_at, created_at)
     select p.bucket, p.destination, $2,
            p.body || jsonb_build_object('operation', 'take_back', 'paid', jsonb_build_object('key', $3::text, 'answer', p.answer)),
            p.message_key, clock_timestamp(), clock_timestamp()
       from milepost.outbox p where p.message_key = $1`,
    [key, takeBackKey(key), paid.key],
  );
}

/** Wakes the workers for these destinations, as whoever writes messages does. */
export async function wakeWorkers(pool: Pick<pg.Pool, 'query'>, destinations: readonly string[]): Promise<void> {
  await pool.query('select milepost.outbox_wake($1)', [destinations]);
}

let players = 0;

export interface TestServices extends RewardServices, AsyncDisposable {}

/** Stand-in services of the test's own. */
export async function testServices(options: Parameters<typeof startRewardServices>[0] = {}): Promise<TestServices> {
  const services = await startRewardServices(options);
  return { ...services, [Symbol.asyncDispose]: () => services.stop() };
}

export interface TestWorker extends Worker, AsyncDisposable {}

/** A started worker on a test's database. */
export async function testWorker(
  databaseUrl: string,
  services: RewardServices,
  options: Partial<WorkerOptions> = {},
): Promise<TestWorker> {
  const worker = createWorker({
    databaseUrl,
    log: createLog({ level: 'silent' }),
    concurrency: 2,
    neucoin: { url: services.neucoinUrl },
    voucher: { url: services.voucherUrl },
    ...options,
  });
  await worker.start();
  return { ...worker, [Symbol.asyncDispose]: () => worker.stop() };
}

/** An outbox row, as far as tests ask about it. */
export interface OutboxRow {
  key: string | null;
  destination: string;
  state: string;
  attempts: number;
  revision: number;
  last_error: string | null;
  answer: unknown;
  leased: boolean;
  tried: boolean;
  due_in_s: number;
}

/** The outbox, oldest message first. */
export async function outboxRows(pool: pg.Pool): Promise<OutboxRow[]> {
  const { rows } = await pool.query<OutboxRow>(
    `select message_key as key, destination, state::text, attempts, revision, last_error, answer, claim_token is not null as leased,
            first_attempt_at is not null as tried, extract(epoch from next_attempt_at - clock_timestamp())::double precision as due_in_s
       from milepost.outbox order by message_no`,
  );
  return rows;
}

export interface AttemptRow {
  key: string;
  attempt: number;
  result: string;
  request: unknown;
  answer: unknown;
  error: string | null;
  started_ms: number;
  took_ms: number;
}

/** The recorded attempts, in the order in which they began. */
export async function attemptRows(pool: pg.Pool): Promise<AttemptRow[]> {
  const { rows } = await pool.query<AttemptRow>(
    `select o.message_key as key, a.attempt, a.result, a.request, a.answer, a.error,
            (extract(epoch from a.started_at) * 1000)::double precision as started_ms,
            (extract(epoch from a.ended_at - a.started_at) * 1000)::double precision as took_ms
       from milepost.dispatch_attempt a join milepost.outbox o using (bucket, message_no) order by a.started_at`,
  );
  return rows;
}

/** Whether every message has ended: rewards on record, refreshes gone. */
export async function allEnded(pool: pg.Pool): Promise<boolean> {
  const rows = await outboxRows(pool);
  return rows.every(({ state }) => state !== 'pending' && state !== 'leased');
}
