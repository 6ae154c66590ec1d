// Plays a random world on the real parts: the engine on a database of its own, workers, and stand-in services over HTTP. Time passes by moving what
// is due to now, so that nothing here sleeps. Owns the order of what happens; what must have come of it is account.ts.
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from '../../../workers/worker.ts';
import { connect, type Db } from '../../db/connect.ts';
import { transaction } from '../../db/transaction.ts';
import { correctEvent } from '../../engine/correct.ts';
import { type Difference, verify } from '../../engine/verify.ts';
import type { IncomingEvent } from '../../event/event.ts';
import type { GameConfig } from '../../games/config.ts';
import { createSampleRandom } from '../../local/sample-random.ts';
import { leaseDue } from '../../outbox/lease.ts';
import { reconcile } from '../../outbox/reconcile.ts';
import { retryRewards } from '../../outbox/retry.ts';
import { readStatement } from '../../outbox/statement.ts';
import { createRewardHandler } from '../../rewards/handler.ts';
import { createNeucoin } from '../../rewards/neucoin.ts';
import type { RewardService } from '../../rewards/service.ts';
import { createVoucher } from '../../rewards/voucher.ts';
import { type TestDatabase, testDatabase } from '../database.ts';
import { type TestServices, testServices, testWorker } from '../dispatch.ts';
import { install, silent, type TestEngine, testEngine } from '../engine.ts';
import { at, changed, type EventOptions, gameHistory, makeEvent, makeGame, paymentTrigger } from '../make.ts';
import { nameOf, openAccount, openPurse, type Sent } from './account.ts';
import type { Happening, LedgerGame, Sequence, Work, World } from './world.ts';

/** A payment, as both sides name it: `P7 payments 3#1 NC 20`. */
export type PaymentLine = string;

/** What the ledger says and what was found, of one moment. */
export interface Audit {
  expected: { claims: string[]; paid: PaymentLine[]; refused: PaymentLine[] };
  found: {
    claims: string[];
    /** By the services' own books. */
    paid: PaymentLine[];
    /** Rewards that did not end, or ended otherwise than paid, by the outbox. */
    refused: PaymentLine[];
  };
  differences: Difference[];
  /** Whether each service's statement agrees with our books. */
  agree: Record<'neucoin' | 'voucher', boolean>;
}

export interface Played {
  /** When everything had been drained, and again when everything had been mended. */
  audits: [drained: Audit, mended: Audit];
  /** What kept the test from being too easy: how much of it there was. */
  counts: {
    events: number;
    corrected: number;
    payments: number;
    /** Calls that were to pay something. */
    attempts: number;
    /** Rewards that had become ambiguous. */
    ambiguous: number;
    /** Messages that were given to another worker while the first still had them. */
    fenced: number;
    /** Rewards that the services took back, that their players kept, and that were lowered by what was owed. */
    takenBack: number;
    kept: number;
    netted: number;
    /** Rewards of which the budget had nothing, or less, left; what verdicts let through and gave up of them; and those that gave their part back. */
    overBudget: number;
    letThrough: number;
    givenUp: number;
    gaveBack: number;
  };
}

/** A call that hangs costs this long. */
const SERVICE_TIMEOUT_MS = 200;
const IDEMPOTENCY_MS = 24 * 3_600_000;
const DEADLOCK = '40P01';
const WINDOW_START = '2026-05-01T00:00:00Z';

export async function play(world: World): Promise<Played> {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  const refusals: Record<string, string> = {};
  for (const { userId, refused } of world.sequences) if (refused) refusals[userId] = 'USER_BLOCKED';
  await using services = await testServices({ refusals });
  await using stage = await setStage(database, services);
  await install(database.pool, { games: world.games.map((game) => gameHistory(configOf(game))) });

  const ledger = openLedger(world);
  const random = createSampleRandom(world.seed);
  const events = new Map<string, IncomingEvent>();
  for (const [index, { batches, work }] of world.turns.entries()) {
    const happenings = interleave(random, world.sequences, index);
    if (world.takesBack) await stage.work({ kind: 'rest' });
    const sent = world.takesBack ? await whatWasSent(database) : new Map<string, Sent>();
    const size = Math.max(1, Math.ceil(happenings.length / batches));
    for (let from = 0; from < happenings.length; from += size) {
      for (const batch of transactionsOf(happenings.slice(from, from + size))) {
        const [{ userId, happening }] = batch as [(typeof batch)[number]];
        if (happening.kind === 'corrected') await correctPayment(engine, userId, happening);
        else
          await engine.take(
            batch.map((each) => eventOf(each.userId, each.happening as Exclude<Happening, Correction>, events)),
          );
        ledger.begin(sent);
        for (const each of batch) ledger.take(each.userId, each.happening);
      }
    }
    await stage.work(work);
    if (world.takesBack && delivers(work)) ledger.giveOut();
  }

  await stage.drain();
  ledger.giveOut();
  const drained = await audit(database, services, ledger, refusals);
  for (const userId of Object.keys(refusals)) delete refusals[userId];
  await stage.mend();
  const mended = await audit(database, services, ledger, refusals);
  return {
    audits: [drained, mended],
    counts: {
      events: events.size,
      corrected: world.sequences.flatMap(({ turns }) => turns.flat()).filter(({ kind }) => kind === 'corrected').length,
      payments: mended.found.paid.length,
      attempts: services.calls('neucoin') + services.calls('voucher'),
      ambiguous: await resolved(database),
      fenced: stage.fenced(),
      ...ledger.counts(),
    },
  };
}

/** Whether a worker runs at the end of a turn, and with it the drain of the budgets. */
function delivers({ kind }: Work): boolean {
  return kind !== 'rest' && kind !== 'death';
}

type Mixed = { userId: string; happening: Happening };
type Correction = Extract<Happening, { kind: 'corrected' }>;

/** The happenings of a batch, each correction by itself: it is a command. */
function transactionsOf(batch: readonly Mixed[]): Mixed[][] {
  const transactions: Mixed[][] = [];
  let last: Mixed[] | undefined;
  for (const each of batch) {
    if (each.happening.kind === 'corrected') {
      transactions.push([each]);
      last = undefined;
    } else if (last === undefined) {
      last = [each];
      transactions.push(last);
    } else last.push(each);
  }
  return transactions;
}

async function correctPayment(engine: TestEngine, userId: string, { event, paise }: Correction): Promise<void> {
  const order = {
    eventId: event,
    userId,
    set: { transaction_amount: paise / 100 },
    by: 'the ledger test',
    reason: 'wrong',
  };
  await correctEvent({ db: engine.db, engine, dryRun: false }, { ...order, takeBack: true });
}

/** The turn's happenings of all players, each player's own in their order. */
function interleave(random: ReturnType<typeof createSampleRandom>, sequences: readonly Sequence[], turn: number) {
  const waiting = sequences
    .map(({ userId, turns }) => ({ userId, left: [...(turns[turn] ?? [])] }))
    .filter(({ left }) => left.length > 0);
  const mixed: Mixed[] = [];
  while (waiting.length > 0) {
    const place = random.whole(0, waiting.length - 1);
    const { userId, left } = waiting[place] as (typeof waiting)[number];
    mixed.push({ userId, happening: left.shift() as Happening });
    if (left.length === 0) waiting.splice(place, 1);
  }
  return mixed;
}

function eventOf(
  userId: string,
  happening: Exclude<Happening, Correction>,
  events: Map<string, IncomingEvent>,
): IncomingEvent {
  if (happening.kind === 'again' || happening.kind === 'altered') {
    const before = events.get(happening.event) as IncomingEvent;
    return happening.kind === 'again'
      ? changed(before, { occurred_at: before.event.occurred_at + 60_000 })
      : changed(before, { attributes: { ...before.event.attributes, transaction_amount: 99_999 } });
  }
  // As a broker would have it now: the age of a reward's first attempt is counted from here.
  const content = contentOf(happening);
  const received = Math.max(at(content.occurred as string), Date.now());
  const event = makeEvent({ id: happening.event, user: userId, received, ...content });
  events.set(happening.event, event);
  return event;
}

function contentOf(happening: Exclude<Happening, Correction | { kind: 'again' | 'altered' }>): EventOptions {
  if (happening.kind === 'pays') {
    const { payment, paise, flag, day } = happening;
    return {
      type: 'payment_success',
      occurred: day,
      correlation: { payment_id: payment },
      attributes: { transaction_amount: paise / 100, frm_flag: flag },
    };
  }
  if ('step' in happening) {
    const { kind, game, step } = happening;
    return {
      type: kind === 'let_through' ? 'hold_released' : 'hold_voided',
      occurred: '06-05',
      attributes: { game_id: game, window_start: WINDOW_START, step },
    };
  }
  if (happening.kind !== 'reversed') {
    const correlation = { original_event_id: happening.of };
    return { type: `hold_${happening.kind}`, occurred: '06-05', correlation };
  }
  const { of, by, paise } = happening;
  return {
    type: 'payment_reversed',
    occurred: '06-05',
    correlation: by === 'event' ? { original_event_id: of } : { payment_id: of },
    attributes: paise === null ? {} : { transaction_amount: paise / 100 },
  };
}

/** What had become of each reward, by its player, game, step and earning. */
async function whatWasSent(database: TestDatabase): Promise<Map<string, Sent>> {
  const { rows } = await database.pool.query<{ name: string; sent: Sent }>(
    `select body ->> 'user_id' || ' ' || (body ->> 'game_id') || ' ' || (body ->> 'step') || '#' || (body ->> 'earning') as name,
            case when state = 'done' then 'paid' when state in ('failed', 'skipped', 'cancelled') then 'unpaid'
                 when state = 'held' or state = 'pending' and attempts = 0 then 'unsent' else 'sent' end as sent
       from milepost.outbox where destination <> 'projection' and body ->> 'operation' is null`,
  );
  return new Map(rows.map(({ name, sent }) => [name, sent]));
}

function configOf({ id, counts, frm, onReversal, steps, budget }: LedgerGame): GameConfig {
  const [from, progression_config] =
    counts === 'payments'
      ? ([100, { mode: 'increment_by_constant', value: 1 }] as const)
      : ([
          0,
          { mode: 'increment_by_attribute', field: 'attributes.transaction_amount', scale: 0.01, rounding: 'down' },
        ] as const);
  return makeGame({
    game_id: id,
    frm,
    ...(onReversal === undefined ? {} : { on_reversal: onReversal }),
    ...(budget === undefined ? {} : { budgets: [budgetOf(budget)] }),
    // Whenever the test runs, its events are not late.
    game_window: { start: WINDOW_START, grace: 'P999W' },
    triggers: [{ ...paymentTrigger({ from }), progression_config }],
    milestone_steps: steps.map(({ at: step, pays }) =>
      pays === null
        ? { step, step_type: 'EMPTY' }
        : { step, step_type: 'REWARD', reward: { reward_type: pays.type, value: pays.amount } },
    ),
  });
}

function budgetOf({ claims, amount, whenExhausted, downgradeTo }: NonNullable<LedgerGame['budget']>) {
  return {
    budget_id: 'purse',
    period: 'game' as const,
    limit: { ...(claims === undefined ? {} : { claims }), ...(amount === undefined ? {} : { amount }) },
    when_exhausted: whenExhausted,
    ...(downgradeTo === undefined ? {} : { downgrade_to: downgradeTo }),
  };
}

interface Ledger {
  /** A batch begins; what had become of the rewards until then. */
  begin(sent: ReadonlyMap<string, Sent>): void;
  take(userId: string, happening: Happening): void;
  /** The budgets are given out to those that wait for them. */
  giveOut(): void;
  counts(): Pick<
    Played['counts'],
    'takenBack' | 'kept' | 'netted' | 'overBudget' | 'letThrough' | 'givenUp' | 'gaveBack'
  >;
  /** Everything earned, named, with what the service must have in its books for it. */
  earned(): { userId: string; claim: string; payments: PaymentLine[] }[];
}

function openLedger({ games, sequences }: World): Ledger {
  const purses = new Map(games.flatMap(({ id, budget }) => (budget === undefined ? [] : [[id, openPurse(budget)]])));
  const refused = new Set(sequences.flatMap((each) => (each.refused ? [each.userId] : [])));
  const accounts = new Map(sequences.map(({ userId }) => [userId, openAccount(games, purses)]));
  return {
    begin(sent) {
      for (const [userId, account] of accounts) account.begin((name) => sent.get(`${userId} ${name}`));
    },
    take(userId, happening) {
      accounts.get(userId)?.take(happening);
    },
    giveOut() {
      for (const purse of purses.values()) purse.giveOut();
    },
    counts() {
      const all = [...accounts.values()].flatMap((account) => account.earnings());
      return {
        takenBack: all.filter(({ status, sends }) => status === 'clawed_back' && sends > 0).length,
        kept: all.filter(({ status }) => status === 'kept').length,
        netted: all.filter(({ netted }) => netted > 0).length,
        overBudget: all.filter(({ status, sends, pays }) => status === 'awaiting_budget' && sends < (pays?.amount ?? 0))
          .length,
        letThrough: all.filter(({ part, sends }) => part === 'held' && sends > 0).length,
        givenUp: all.filter(({ status }) => status === 'voided').length,
        gaveBack: all.filter(({ part }) => part === 'gave_back').length,
      };
    },
    earned: () =>
      [...accounts].flatMap(([userId, account]) =>
        account.earnings().map((earning) => {
          const { status, pays, sends } = earning;
          const name = `${userId} ${nameOf(earning)}`;
          // What was refused, and is not owed any more, is not tried again.
          const isOver = status === 'cancelled' || (status === 'clawed_back' && refused.has(userId));
          const isPaid = sends > 0 && !isOver;
          return {
            userId,
            claim: `${name} ${status}`,
            payments: [
              ...(isPaid ? [`${name} ${pays?.type} ${sends}`] : []),
              ...(isPaid && status === 'clawed_back' ? [`${name} ${pays?.type} -${sends}`] : []),
            ],
          };
        }),
      ),
  };
}

async function audit(
  database: TestDatabase,
  services: TestServices,
  ledger: Ledger,
  refusals: Readonly<Record<string, string>>,
): Promise<Audit> {
  const earned = ledger.earned();
  const lines = (list: typeof earned) => list.flatMap(({ payments }) => payments).sort();
  const { rows: claims } = await database.pool.query<{ line: string }>(
    `select p.user_id || ' ' || g.game_id || ' ' || step || '#' || earning || ' ' || status as line
       from milepost.claim join milepost.player p using (bucket, player_id) join milepost.game g using (game_no)`,
  );
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return {
      expected: {
        claims: earned.map(({ claim }) => claim).sort(),
        paid: lines(earned.filter(({ userId }) => refusals[userId] === undefined)),
        refused: lines(earned.filter(({ userId }) => refusals[userId] !== undefined)),
      },
      found: {
        claims: claims.map(({ line }) => line).sort(),
        paid: services.books().map(paymentOf).sort(),
        refused: await endedIn(database, 'failed'),
      },
      differences: await verify(support),
      agree: {
        neucoin: (await reconcileWith(support, services, 'neucoin')).agree,
        voucher: (await reconcileWith(support, services, 'voucher')).agree,
      },
    };
  } finally {
    await support.close();
  }
}

/** Compares a service's books with ours, as finance does with its statement. */
function reconcileWith(support: Db, services: TestServices, service: 'neucoin' | 'voucher') {
  const lines = services
    .books()
    .filter((booking) => booking.service === service)
    .map(({ key, operation, amount, transaction_id }) =>
      JSON.stringify({
        idempotency_key: key,
        kind: operation === 'pay' ? 'credit' : 'debit',
        amount,
        transaction_id,
      }),
    );
  const statement = readStatement(Readable.from([Buffer.from(lines.join('\n'))]), 'the books');
  const period = { from: Date.now() - 7 * 24 * 3_600_000, to: Date.now() + 60_000 };
  return reconcile(support, statement, { service, ...period, shown: 10 });
}

function paymentOf(booking: ReturnType<TestServices['books']>[number]): PaymentLine {
  const { service, operation, user_id, amount, reference } = booking;
  const { game_id, step, earning } = reference as { game_id: string; step: number; earning: number };
  return `${user_id} ${game_id} ${step}#${earning} ${service === 'neucoin' ? 'NC' : 'VOUCHER'} ${operation === 'pay' ? '' : '-'}${amount}`;
}

/** The rewards that the outbox has in a state. */
async function endedIn(database: TestDatabase, state: 'failed'): Promise<PaymentLine[]> {
  const { rows } = await database.pool.query<{ line: string }>(
    `select body ->> 'user_id' || ' ' || (body ->> 'game_id') || ' ' || (body ->> 'step') || '#' || (body ->> 'earning')
            || ' ' || (body ->> 'reward_type') || ' ' || (body ->> 'amount') as line
       from milepost.outbox where state = $1::milepost.outbox_state`,
    [state],
  );
  return rows.map(({ line }) => line).sort();
}

async function resolved(database: TestDatabase): Promise<number> {
  const { rowCount } = await database.pool.query("select from milepost.outbox_retry where from_state = 'ambiguous'");
  return rowCount ?? 0;
}

interface Stage extends AsyncDisposable {
  work(work: Work): Promise<void>;
  /** Lets the services be well and time pass until nothing is left to deliver. Ambiguous rewards are resolved by asking. */
  drain(): Promise<void>;
  /** Has everything that failed tried again, and drains. */
  mend(): Promise<void>;
  /** Messages that were given to another worker while the first still had them. */
  fenced(): number;
}

/** The workers' part of a world. */
async function setStage(database: TestDatabase, services: TestServices): Promise<Stage> {
  let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
  let fenced = 0;
  const dead = connect(database.url, { role: 'milepost_worker', size: 1, log: silent });
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
  const reach = (url: string) => ({ url, timeoutMs: SERVICE_TIMEOUT_MS });
  const adapters = {
    neucoin: createNeucoin(reach(services.neucoinUrl)),
    voucher: createVoucher(reach(services.voucherUrl)),
  };

  function startWorker() {
    return testWorker(database.url, services, {
      timing: { serviceTimeoutMs: SERVICE_TIMEOUT_MS, idempotencyPeriodMs: IDEMPOTENCY_MS },
    });
  }

  async function deliver(): Promise<Worker> {
    worker ??= await startWorker();
    worker.wake();
    await worker.idle();
    return worker;
  }

  async function stopWorker(): Promise<void> {
    await worker?.stop();
    worker = undefined;
  }

  /** What waits for a time waits no more: retries, leases of the dead, open circuits. Returns how many messages have not ended. */
  async function timePasses(): Promise<number> {
    return untangled(moveTime);
  }

  /** Changes many rows at once, as nobody else does, and so may meet a worker's transaction in the other order. */
  async function untangled<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if ((error as { code?: string }).code !== DEADLOCK) throw error;
      }
    }
  }

  async function moveTime(): Promise<number> {
    await database.pool.query(
      "update milepost.circuit set probe_at = clock_timestamp() where state <> 'closed' and not by_hand",
    );
    // What waits for its budget waits for no time, and while a row of it is locked a later one would go first.
    await database.pool.query(
      `update milepost.outbox set next_attempt_at = clock_timestamp(), leased_until = case when leased_until is not null then clock_timestamp() end
        where state in ('pending', 'leased') and destination <> 'budget'`,
    );
    const { rows } = await database.pool.query<{ left: number }>(
      "select count(*)::integer as left from milepost.outbox where state in ('pending', 'leased')",
    );
    return rows[0]?.left ?? 0;
  }

  /** Leases messages and delivers every other one; what came of it is told to nobody. */
  async function die(destination: 'neucoin' | 'voucher', messages: number): Promise<void> {
    const leased = await transaction(dead, (tx) => leaseDue(tx, destination, { rows: messages, leaseMs: 60_000 }));
    const handler = createRewardHandler(destination, adapters[destination] as RewardService, {
      callMs: SERVICE_TIMEOUT_MS,
      idempotencyPeriodMs: IDEMPOTENCY_MS,
      concurrency: 1,
    });
    await handler.deliver(
      leased.messages.filter((_, index) => index % 2 === 0),
      new AbortController().signal,
    );
  }

  async function haunt(): Promise<void> {
    services.setFaults(
      (['neucoin', 'voucher'] as const).map((service) => ({ service, when: 'after', how: 'slow', delay_ms: 20 })),
    );
    worker ??= await startWorker();
    await timePasses();
    worker.wake();
    // Until it has leased something, or has found that there is nothing.
    const idle = worker.idle().then(() => true);
    while (!(await Promise.race([idle, setImmediate(false)]))) {
      const { rowCount } = await untangled(() =>
        database.pool.query(
          `update milepost.outbox set next_attempt_at = clock_timestamp(), leased_until = clock_timestamp()
            where state = 'leased' and leased_until > clock_timestamp()`,
        ),
      );
      fenced += rowCount ?? 0;
      if (rowCount !== 0) break;
    }
    await using successor = await startWorker();
    await successor.idle();
    await idle;
    services.setFaults([]);
  }

  async function work(act: Work): Promise<void> {
    switch (act.kind) {
      case 'rest':
        return stopWorker();
      case 'drain':
        await deliver();
        return;
      case 'outage':
        services.setFaults(act.faults);
        await deliver();
        await timePasses();
        await deliver();
        services.setFaults([]);
        return;
      case 'restart':
        await stopWorker();
        await timePasses();
        await deliver();
        return;
      case 'death':
        await stopWorker();
        await timePasses();
        await die('neucoin', act.messages);
        await die('voucher', act.messages);
        return;
      case 'zombie':
        return haunt();
      case 'day':
        await stopWorker();
        await database.pool.query(
          `update milepost.outbox
              set first_attempt_at = first_attempt_at - interval '25 hours', retried_at = retried_at - interval '25 hours'
            where state in ('pending', 'leased') and first_attempt_at is not null`,
        );
        services.forgetKeys();
        await timePasses();
        services.setFaults(act.faults);
        await deliver();
        services.setFaults([]);
        return;
      default:
        act satisfies never;
    }
  }

  async function drain(): Promise<void> {
    services.setFaults([]);
    for (let round = 0; (await timePasses()) > 0; round++) {
      if (round === 100) throw new Error('messages do not end, however much time passes');
      await deliver();
    }
  }

  async function retry(state: 'failed' | 'ambiguous'): Promise<void> {
    const { rows } = await database.pool.query<{ key: string }>(
      'select message_key as key from milepost.outbox where state = $1::milepost.outbox_state',
      [state],
    );
    await retryRewards(
      support,
      rows.map(({ key }) => key),
      { state, by: 'the ledger test', reason: 'mended' },
    );
    await drain();
  }

  return {
    work,
    async drain() {
      await drain();
      await retry('ambiguous');
    },
    async mend() {
      await retry('failed');
    },
    fenced: () => fenced,
    async [Symbol.asyncDispose]() {
      await stopWorker();
      await Promise.all([dead.close(), support.close(), adapters.neucoin.close(), adapters.voucher.close()]);
    },
  };
}
