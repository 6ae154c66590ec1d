// The worker: runs graphile-worker's jobs and one drain per destination. It owns its pools, the drains and the adapters of the services. The job
// queue only wakes; when its runner ends by itself, which it can do looking healthy, that is an error of this part.
import { EventEmitter, once } from 'node:events';
import { Logger, type Runner, run } from 'graphile-worker';
import pg from 'pg';
import { Gauge } from 'prom-client';
import type { LimitOf } from '../src/budgets/allot.ts';
import { createBudgetDrain } from '../src/budgets/drain.ts';
import { asRole, connect, type Db } from '../src/db/connect.ts';
import { limitsAt } from '../src/definitions/budgets.ts';
import { type Definitions, loadDefinitions } from '../src/definitions/definitions.ts';
import { messageOf } from '../src/errors.ts';
import type { Destination } from '../src/event/message.ts';
import type { RetentionPolicy } from '../src/inbox/retention.ts';
import { limits } from '../src/limits.ts';
import type { Log } from '../src/log.ts';
import { registry } from '../src/metrics.ts';
import { oldestDueSeconds, projectionAgeSeconds } from '../src/outbox/backlog.ts';
import { type CircuitRules, readCircuitStates } from '../src/outbox/circuit.ts';
import { createDrain, type Drain, type Handler } from '../src/outbox/drain.ts';
import { createRefreshHandler, type Refresh } from '../src/outbox/refresh.ts';
import { createWaker } from '../src/outbox/wake.ts';
import { type ConfiguredRewardService, createConfiguredService } from '../src/rewards/configured-service.ts';
import { createRewardHandler } from '../src/rewards/handler.ts';
import { createNeucoin } from '../src/rewards/neucoin.ts';
import type { RewardService } from '../src/rewards/service.ts';
import { destinationOf, type ServiceConfig } from '../src/rewards/service-config.ts';
import { keepRequests, readRequests, requestsDigest, requestsOf } from '../src/rewards/service-request.ts';
import { createVoucher } from '../src/rewards/voucher.ts';
import type { Sealer } from '../src/seal.ts';
import type { Instant } from '../src/time.ts';
import type { Service } from './service.ts';
import { drainOutbox } from './tasks/drain_outbox.ts';
import { retireInbox } from './tasks/retire_inbox.ts';
import { sweep } from './tasks/sweep.ts';

export interface WorkerOptions {
  databaseUrl: string;
  log: Log;
  /** Jobs that run at once. */
  concurrency: number;
  neucoin: ServiceAddress;
  voucher: ServiceAddress;
  /** Seals the codes of vouchers; absent where they are not kept. */
  voucherCodes?: Sealer | undefined;
  /** Which days of the inbox go, and which entries of the record of what people ask for; absent: none does. Needs a login that is a member of milepost_retention. */
  retention?: RetentionPolicy | undefined;
  /** Services defined in configuration, and the values of the secrets that they name. */
  configured?: { services: readonly ServiceConfig[]; secrets: ReadonlyMap<string, string> } | undefined;
  /** Reads players' projections anew; absent where no projection is kept. */
  refresh?: Refresh | undefined;
  /** Other times than the limits; for tests. */
  timing?: Partial<Timing>;
}

interface ServiceAddress {
  url: string;
  token?: string | undefined;
  /** Calls at once of this process. */
  concurrency?: number | undefined;
  /** Messages per second of all processes; absent: no limit. */
  ratePerSecond?: number | undefined;
  /** For how long it remembers a key; absent: as long as the limits say. */
  idempotencyHours?: number | undefined;
}

interface Timing {
  leaseMs: number;
  serviceTimeoutMs: number;
  idempotencyPeriodMs: number;
  circuit: Partial<CircuitRules>;
}

export interface Worker extends Service {
  /** Looks for due messages of every destination, as a wake-up does. */
  wake(): void;
  /** Resolves when no delivery is under way and nothing that this process knows of is due. */
  idle(): Promise<void>;
  /** For how long the longest due message of any destination has been due. */
  delayMs(): Promise<number>;
}

const CRONTAB = '* * * * * sweep ?jobKey=sweep';
const RETENTION_CRONTAB = '17 * * * * retire_inbox ?jobKey=retire_inbox&max=3';
const LISTEN_WITHIN_MS = 10_000;
const HOUR_MS = 3_600_000;

export function createWorker(options: WorkerOptions): Worker {
  const log = options.log.child({ part: 'worker' });
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {}); // that nobody watches it must not end the process
  const timing: Timing = {
    leaseMs: limits.leaseSeconds * 1_000,
    serviceTimeoutMs: limits.serviceTimeoutMs,
    idempotencyPeriodMs: limits.idempotencyPeriodMs,
    circuit: {},
    ...options.timing,
  };
  const services = {
    neucoin: createNeucoin(reach(options.neucoin)),
    voucher: createVoucher({ ...reach(options.voucher), sealer: options.voucherCodes }),
  };
  function reach(address: ServiceAddress) {
    return { ...address, timeoutMs: timing.serviceTimeoutMs };
  }
  const { services: configs, secrets } = options.configured ?? { services: [], secrets: new Map<string, string>() };
  const configured = configs.map((config) => ({
    config,
    service: createConfiguredService(config, {
      secrets,
      sealer: options.voucherCodes,
      timeoutMs: Math.min(config.timeout_ms, timing.serviceTimeoutMs),
    }),
  }));
  // For each of three drains a lease and a settlement at once, the budgets and their definitions, the sweep, and the metrics; and for each
  // configured service one of both.
  const size = 10 + configured.length;
  const db = connect(options.databaseUrl, { role: 'milepost_worker', size, log, name: 'milepost worker' });
  const queue = connectQueue(options.databaseUrl, options.concurrency + 2, log);
  const news = createWaker(db, log);
  const retention =
    options.retention === undefined
      ? undefined
      : {
          policy: options.retention,
          db: connect(options.databaseUrl, { role: 'milepost_retention', size: 1, log, name: 'milepost retention' }),
        };
  const drains = new Map<string, Drain>();
  let runner: Runner | undefined;
  let stopping: Promise<void> | undefined;

  function addDrain(handler: Handler): void {
    const onRefresh = (userIds: readonly string[]) => {
      drains.get('projection')?.wake();
      news.wake([], userIds);
    };
    drains.set(
      handler.destination,
      createDrain({ db, handler, log, leaseMs: timing.leaseMs, circuit: timing.circuit, onRefresh }),
    );
  }
  // The budgets first and the projection last: the former write messages for the others, all of them refreshes for the latter.
  drains.set(
    'budget',
    createBudgetDrain({
      db,
      log,
      limitsAt: followLimits(db),
      onMoved(destinations, userIds) {
        for (const destination of destinations) drains.get(destination)?.wake();
        news.wake([], userIds);
      },
    }),
  );
  for (const destination of ['neucoin', 'voucher'] as const) {
    const { concurrency = limits.serviceConcurrency, ratePerSecond, idempotencyHours } = options[destination];
    addDrain(
      createRewardHandler(destination, services[destination], {
        callMs: timing.serviceTimeoutMs,
        idempotencyPeriodMs: idempotencyHours === undefined ? timing.idempotencyPeriodMs : idempotencyHours * HOUR_MS,
        concurrency,
        ratePerSecond,
      }),
    );
  }
  for (const { config, service } of configured) {
    addDrain(
      createRewardHandler(destinationOf(config), service, {
        requests: requestsFor(config, service),
        callMs: Math.min(config.timeout_ms, timing.serviceTimeoutMs),
        idempotencyPeriodMs: config.idempotency_hours * HOUR_MS,
        concurrency: config.concurrency,
        ratePerSecond: config.rate_per_second,
      }),
    );
  }
  addDrain(createRefreshHandler(options.refresh, timing.serviceTimeoutMs));

  /** Messages are sent by the requests of their first attempt; those of another file are read once. */
  function requestsFor(config: ServiceConfig, service: ConfiguredRewardService) {
    const digest = requestsDigest(destinationOf(config), requestsOf(config));
    const known = new Map([[digest, Promise.resolve<RewardService>(service)]]);
    return {
      digest,
      serviceBy(wanted: string): Promise<RewardService> {
        const found = known.get(wanted) ?? readRequests(db, wanted).then((requests) => service.sending(requests));
        known.set(wanted, found);
        found.catch(() => known.delete(wanted));
        return found;
      },
    };
  }

  async function start(): Promise<void> {
    const events = new EventEmitter();
    const listening = once(events, 'pool:listen:success', { signal: AbortSignal.timeout(LISTEN_WITHIN_MS) });
    listening.catch(() => {}); // awaited below, unless the runner fails first
    try {
      for (const { config } of configured) await keepRequests(db, destinationOf(config), requestsOf(config));
      runner = await run({
        pgPool: queue,
        events,
        logger: queueLogger(log),
        noHandleSignals: true,
        taskList: {
          drain_outbox: drainOutbox(drains),
          sweep: sweep(db, drains),
          ...(retention === undefined ? {} : { retire_inbox: retireInbox(retention.db, retention.policy, log) }),
        },
        crontab: retention === undefined ? CRONTAB : `${CRONTAB}\n${RETENTION_CRONTAB}`,
        preset: {
          worker: {
            concurrentJobs: options.concurrency,
            // With batched completion a failing one ends the runner, which is noticed below; without, it would be an unhandled rejection.
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      });
      const ended = runner.promise.then(
        () => fail('the job runner ended by itself'),
        (error: unknown) => fail(`the job runner failed: ${messageOf(error)}`, error),
      );
      await Promise.race([listening, ended.then(() => failure.promise)]);
    } catch (error) {
      await stop();
      throw error;
    }
    const destinations = destinationsHere();
    watchBacklog(db, destinations, log);
    watchCircuits(db, destinations, log);
    watchProjection(db, log);
    // What was due before this process began.
    wake();
  }

  function destinationsHere(): Destination[] {
    return [...drains.values()].map((drain) => drain.destination);
  }

  function wake(): void {
    for (const drain of drains.values()) drain.wake();
  }

  function fail(message: string, cause?: unknown): void {
    if (stopping === undefined) failure.reject(new Error(message, { cause }));
  }

  async function stopAll(): Promise<void> {
    // A runner that has ended by itself refuses to be stopped again.
    const runnerStopped = runner?.stop().catch((error: unknown) => log.warn({ error: messageOf(error) }, 'job runner'));
    await Promise.all([runnerStopped, ...[...drains.values()].map((drain) => drain.stop())]);
    await news.idle();
    await Promise.all(
      [services.neucoin, services.voucher, ...configured.map(({ service }) => service)].map((service) =>
        service.close(),
      ),
    );
    await Promise.all([db.close(), retention?.db.close(), queue.end()]);
  }

  function stop(): Promise<void> {
    stopping ??= stopAll();
    return stopping;
  }

  return {
    name: 'worker',
    start,
    stop,
    failed: failure.promise,
    wake,
    async idle() {
      for (const drain of drains.values()) await drain.idle();
    },
    async delayMs() {
      return 1_000 * Math.max(0, ...(await oldestDueSeconds(db, destinationsHere())).values());
    },
  };
}

/** The limits of budgets by definitions that are as new as they have to be. */
function followLimits(db: Db): (epoch: number, at: Instant) => Promise<LimitOf> {
  let known: Definitions | undefined;
  return async (epoch, at) => {
    if (known === undefined || known.epoch < epoch) known = await loadDefinitions(db, known);
    return limitsAt(known, at);
  };
}

/** The job queue's own pool: graphile-worker wants plain types, and its listener must not wait behind drains. */
function connectQueue(databaseUrl: string, size: number, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: asRole(databaseUrl, 'milepost_worker'),
    application_name: 'milepost job queue',
    max: size,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  const warn = (error: Error) => {
    // Connections of a closed pool are still saying goodbye.
    if (!pool.ending) log.warn({ error: messageOf(error) }, 'a connection of the job queue broke');
  };
  pool.on('error', warn);
  // Also while a connection is in use, when the pool does not listen.
  pool.on('connect', (client) => client.on('error', warn));
  return pool;
}

/** Its every job is an `info` to graphile-worker; to us it is a detail. */
function queueLogger(log: Log): Logger {
  const levels = { error: 'error', warning: 'warn', info: 'debug', debug: 'trace' } as const;
  return new Logger((scope) => (level, message, meta) => {
    log[levels[level]]({ ...scope, ...(meta?.error === undefined ? {} : { error: messageOf(meta.error) }) }, message);
  });
}

/** Answers, whenever metrics are read, how long the longest due message has waited: what says whether a worker does its work. */
function watchBacklog(db: Db, destinations: readonly Destination[], log: Log): void {
  watch({
    name: 'milepost_outbox_oldest_due_seconds',
    help: 'For how long the longest due outbox message of a destination has been due.',
    read: () => oldestDueSeconds(db, destinations),
    failed: (error) => log.warn({ error: messageOf(error) }, 'the backlog could not be read'),
  });
}

const stateNumbers = { closed: 0, half_open: 1, open: 2 } as const;

/** Answers, whenever metrics are read, whether the services are called. */
function watchCircuits(db: Db, destinations: readonly Destination[], log: Log): void {
  watch({
    name: 'milepost_circuit_state',
    help: 'The circuit of a destination: 0 closed (messages go out), 1 half-open (a few do), 2 open (none does).',
    read: async () =>
      new Map(
        [...(await readCircuitStates(db, destinations))].map(([destination, state]) => [
          destination,
          stateNumbers[state],
        ]),
      ),
    failed: (error) => log.warn({ error: messageOf(error) }, 'the circuits could not be read'),
  });
}

/** Answers, whenever metrics are read, by how much what players see may be behind. */
function watchProjection(db: Db, log: Log): void {
  watch({
    name: 'milepost_projection_age_seconds',
    help: 'For how long the oldest change that Redis has not been told of has waited.',
    read: () => projectionAgeSeconds(db),
    failed: (error) => log.warn({ error: messageOf(error) }, 'the age of the projection could not be read'),
  });
}

/** A gauge, by destination where it is a map, whose values are read when metrics are. */
function watch(options: {
  name: string;
  help: string;
  read: () => Promise<ReadonlyMap<Destination, number> | number>;
  failed: (error: unknown) => void;
}): void {
  const { name, help, read, failed } = options;
  registry.removeSingleMetric(name); // of a worker that this process ran before
  new Gauge({
    name,
    help,
    labelNames: ['destination'],
    registers: [registry],
    async collect() {
      this.reset();
      try {
        const values = await read();
        if (typeof values === 'number') this.set(values);
        else for (const [destination, value] of values) this.set({ destination }, value);
      } catch (error) {
        // No value rather than an old one, and the other metrics all the same.
        failed(error);
      }
    },
  });
}
