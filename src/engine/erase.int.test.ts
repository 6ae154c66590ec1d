// A player is erased: no text of the whole database, and no key of Redis, says any more who they were or what they did; the books say what they said.
import { Redis } from 'ioredis';
import { beforeEach, expect, inject, test } from 'vitest';
import { connect, type Role } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { IncomingEvent, ParkedMessage } from '../event/event.ts';
import { summarizePlayer } from '../explain/player.ts';
import { forgetPlayers, playerKey, projectPlayers } from '../games/project.ts';
import { park } from '../inbox/store.ts';
import { reconcile } from '../outbox/reconcile.ts';
import type { StatementLine } from '../outbox/statement.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { allEnded, testServices, testWorker } from '../testing/dispatch.ts';
import { install, silent, type TestEngine, testDrawKey, testEngine } from '../testing/engine.ts';
import { changed, gameHistory, makeEvent, makeGame, paymentReversal, reversalOf, upiPayment } from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';
import { formatInstant, type Instant } from '../time.ts';
import { erase, planErasure } from './erase.ts';
import { rebuild } from './rebuild.ts';
import { verify } from './verify.ts';

const hour = 3_600_000;
const order = { by: 'asha', reason: 'ticket 990', settleMs: 0 };
const ago = (hours: number): Instant => Date.now() - hours * hour;
const from = (hours: number, to: number) => ({ start: formatInstant(ago(hours)), end: formatInstant(ago(to)) });

const drawn = {
  step: 4,
  step_type: 'REWARD',
  reward: {
    reward_type: 'NC',
    value: 50,
    visibility: 'visible',
    display_type: 'upto',
    distribution: [3, 7, 11, 13, 17, 50].map((value) => ({ value, weight: 1 })),
  },
};

/** One that counts payments, and one that counts merchants, of whose transactions the largest payment counts. */
const games = [
  makeGame({ game_id: 'payments', game_window: from(400, -400), milestone_steps: [2, drawn, 100] }),
  makeGame({
    game_id: 'merchants',
    game_window: from(400, -400),
    milestone_steps: [1],
    evaluation_scope: 'LOGICAL_TRANSACTION',
    transaction_policy: 'max',
    triggers: [{ progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 1 } }],
  }),
];

let made = 0;
let user: string;
let database: TestDatabase;
let engine: TestEngine;
beforeEach(async () => {
  // Redis is shared by all tests. Of this name another one is the beginning.
  user = `person-${process.pid}-${Date.now()}-${++made}`;
  database = await testDatabase();
  await install(database.pool, { games: games.map((game) => gameHistory(game)) });
  engine = testEngine(database.url);
  return async () => {
    await engine[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
});

async function as<T>(role: Role, work: (db: ReturnType<typeof connect>) => Promise<T>): Promise<T> {
  const db = connect(database.url, { role, size: 2, log: silent });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

const secret = (what: string | number) => `SECRET-${what}`;

function payment(number: number, options: Parameters<typeof upiPayment>[1] = {}): IncomingEvent {
  return upiPayment(100 + number, {
    id: secret(`event-${user}-${number}`),
    user,
    occurred: ago(30 - number),
    attributes: { merchant_id: secret(`merchant-${number % 3}`), note: secret('note') },
    correlation: {
      payment_id: secret(`payment-${number}`),
      canonical_transaction_id: secret(`transaction-${number >> 1}`),
    },
    ...options,
  });
}

const unreadable = (text: string): ParkedMessage => ({
  source: 'canonical',
  origin: { transport: 'http' },
  bytes: Buffer.from(text),
  receivedAt: ago(1),
  reason: 'invalid_json',
  detail: 'not JSON',
});

/** A player of whom there is something in every table, and somebody else, whose message begins like theirs. */
async function live(): Promise<void> {
  await engine.take([
    ...Array.from({ length: 9 }, (_, number) => payment(number)),
    upiPayment(500, { user: 'other', occurred: ago(9) }),
  ]);
  await engine.take([
    payment(9, { occurred: ago(19) }),
    changed(payment(2), { attributes: { transaction_amount: 7, note: secret('conflict') } }),
    { ...payment(20), payload: `{"attributes":"${secret('failed')}` },
    reversalOf(payment(1).event.event_id, null, { user, id: secret('reversal-1'), occurred: ago(2) }),
    reversalOf(secret('never-came'), null, { user, id: secret('reversal-2'), occurred: ago(2) }),
    paymentReversal(secret('payment-4'), 50, { user, id: secret('reversal-3'), occurred: ago(2) }),
    makeEvent({ user, id: secret('elsewhere'), occurred: ago(5), attributes: { note: secret('elsewhere') } }),
  ]);
  const unread = [unreadable(`{"user_id":"${user}",`), unreadable(`{"user_id":"${user}9",`)];
  await as('milepost_ingest', (db) => transaction(db, (tx) => park(tx, unread, Date.now())));
  await database.pool.query(
    `insert into milepost.audit (actor, scope, action, subject, reason, details) values ('asha', 'support', 'explainPlayer', $1, 'of ' || $1, $2)`,
    [user, JSON.stringify({ query: { player: user } })],
  );
  await database.pool.query(
    `insert into milepost.reprocess_run (wanted, asked_by, reason, started_at) values ($2, 'asha', $1 || ' asked', now())`,
    [user, JSON.stringify({ events: { userId: user } })],
  );
}

/** Pays what is due, and answers with the service's own account of it. */
async function pay(): Promise<StatementLine[]> {
  await using services = await testServices();
  await using _ = await testWorker(database.url, services);
  await waitFor('the end of all messages', () => allEnded(database.pool));
  return services.books().map(({ key, amount, transaction_id }, line) => ({
    ...{ line, key, takesBack: false, amount: String(amount), transactionId: transaction_id, at: null },
  }));
}

/** The tables that hold a text: in any column of any row, in bytes as well. */
async function find(text: string): Promise<string[]> {
  const { rows: tables } = await database.pool.query<{ name: string }>(
    `select format('%I.%I', c.relnamespace::regnamespace, c.relname) as name from pg_class c
      where c.relkind = 'r' and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema') order by 1`,
  );
  expect(tables.length).toBeGreaterThan(40);
  const found: string[] = [];
  for (const { name } of tables) {
    const { rowCount } = await database.pool.query(
      `select from ${name} as t where position($1 in t::text) > 0 or position(encode(convert_to($1, 'UTF8'), 'hex') in t::text) > 0 limit 1`,
      [text],
    );
    if (rowCount === 1) found.push(name);
  }
  return found;
}

/** What the ledgers say of everybody, without any name. */
async function ledgers() {
  const { rows } = await database.pool.query(
    `select 'credit' as what, bucket, player_id, game_no, event_no, amount, held::text, null as key, '' as state from milepost.credit
     union all select 'progress', bucket, player_id, game_no, 0, value, cleared::text, null, '' from milepost.progress
     union all select 'claim', bucket, player_id, game_no, event_no, amount, step || ' ' || earning, message_key::text, status::text from milepost.claim
     union all select 'reward', bucket, 0, 0, 0, (body ->> 'amount')::bigint, '', message_key::text, state::text from milepost.outbox where message_key is not null
     union all select 'outcome', bucket, player_id, 0, event_no, null, reason, null, outcome::text from milepost.event_key
     order by 1, 2, 3, 4, 5, 7, 8`,
  );
  return rows;
}

const disagreements = () => as('milepost_support', (db) => verify(db, { drawKeys: [testDrawKey] }));
const eraseNow = (options: Partial<Parameters<typeof erase>[2]> = {}) =>
  as('milepost_erase', (db) => erase(db, user, { ...order, ...options }));
const words = async (events: readonly IncomingEvent[]) =>
  (await engine.take(events)).results.map(({ outcome, reason }) => `${outcome} ${reason}`);

test('nothing says any more who it was or what they did; the books agree with themselves and with the service', {
  timeout: 180_000,
}, async () => {
  await live();
  expect(await disagreements()).toEqual([]);
  // Somebody is still to be paid.
  await expect(eraseNow()).rejects.toThrow(/still to be paid/);
  expect(await as('milepost_erase', (db) => planErasure(db, user))).toMatchObject({ open: { 'rewards pending': 3 } });
  const statement = await pay();

  await using redis = Object.assign(new Redis(inject('redis')), {
    [Symbol.asyncDispose]: async () => redis.disconnect(),
  });
  const { rows } = await database.pool.query('select bucket, player_id from milepost.player where user_id = $1', [
    user,
  ]);
  const player = [rows[0].bucket, rows[0].player_id] as const;
  await database.pool.query(
    `insert into milepost.voucher_code (bucket, claim_key, key_id, sealed, stored_at)
     select bucket, message_key, 'k', convert_to($1, 'UTF8'), now() from milepost.claim where bucket = $2 and player_id = $3 and message_key is not null limit 1`,
    [secret('code'), ...player],
  );
  await as('milepost_worker', (db) => projectPlayers(db, redis, [player]));
  expect(await redis.exists(playerKey(user))).toBe(1);
  expect(await find(user)).toEqual(
    expect.arrayContaining(['milepost.player', 'milepost.outbox', 'milepost.audit', 'milepost.event_key']),
  );
  expect(await find('SECRET')).toEqual(
    expect.arrayContaining([
      'milepost.credit',
      'milepost.progress',
      'milepost.event_conflict',
      'milepost.event_failure',
      'milepost.ruling',
      'milepost.voucher_code',
    ]),
  );
  const before = await ledgers();
  const counts = { payloads: 14, parked_messages: 1, voucher_codes: 1, rewards: 3, events: 15 };
  expect(await as('milepost_erase', (db) => planErasure(db, user))).toMatchObject({ open: {}, counts });

  const done = await eraseNow({ reason: `${user} asks`, forget: (userIds) => forgetPlayers(redis, userIds) });
  expect(done).toMatchObject({ resumed: false, pseudonym: expect.stringMatching(/^erased:/) });
  expect(await redis.exists(playerKey(user))).toBe(0);
  expect(await find('SECRET')).toEqual([]);
  // Of somebody else, whose id begins so.
  expect(await find(user)).toEqual(['milepost.parked_message']);
  expect((await database.pool.query('select from milepost.parked_message')).rowCount).toBe(1);

  expect(await ledgers()).toEqual(before);
  expect(await disagreements()).toEqual([]);
  const rebuilt = await as('milepost_ingest', (db) =>
    rebuild(db, { dryRun: true, by: 'asha', reason: 'test', shown: 9 }),
  );
  expect(rebuilt).toMatchObject({ changed: 0 });
  const reconciled = await as('milepost_support', (db) =>
    reconcile(
      db,
      (async function* () {
        yield* statement;
      })(),
      { service: 'neucoin', shown: 9, from: ago(1), to: ago(-1) },
    ),
  );
  expect(reconciled).toMatchObject({ agree: true, lines: statement.length });
  expect(await as('milepost_support', (db) => summarizePlayer(db, user))).toBeUndefined();
  const pseudonym = done?.pseudonym as string;
  expect(await as('milepost_support', (db) => summarizePlayer(db, pseudonym))).toMatchObject({ claims: [{}, {}, {}] });
  const { rows: audit } = await database.pool.query(
    "select subject, reason from milepost.audit where action = 'erasePlayer'",
  );
  expect(audit).toEqual([{ subject: pseudonym, reason: `${pseudonym} asks` }]);

  // Erased once is erased.
  expect(await eraseNow()).toBeUndefined();
  expect(await as('milepost_erase', (db) => planErasure(db, user))).toBeUndefined();
});

test('what is from before and comes again counts nothing and is not kept; what comes later is somebody new', async () => {
  await live();
  await pay();
  await eraseNow();
  const after = await ledgers();

  const again = [...Array.from({ length: 10 }, (_, number) => payment(number)), payment(50, { occurred: ago(1) })];
  expect(new Set(await words(again))).toEqual(new Set(['rejected player_erased']));
  expect(await words([payment(0), upiPayment(1, { user: 'other', occurred: ago(3) }), payment(1)])).toEqual([
    ...['rejected player_erased', 'applied null', 'rejected player_erased'],
  ]);
  expect(await find('SECRET')).toEqual([]);
  expect(await find(user)).toEqual(['milepost.parked_message']);
  // What the other has done since: the outcome, its credit, and a step with its reward.
  expect((await ledgers()).length).toBe(after.length + 4);

  // A window that had begun pays nobody twice; one that begins later is theirs.
  const soon = Date.now() + 60_000;
  const next = makeGame({
    game_id: 'next',
    game_window: { ...from(0, -400), start: formatInstant(soon) },
    milestone_steps: [1],
  });
  const anew = (id: string, occurred: Instant) => upiPayment(100, { id, user, occurred, received: Date.now() });
  expect(await words([anew('new-1', Date.now())])).toEqual(['outside_window player_erased']);
  await install(database.pool, { games: [gameHistory(next)] });
  expect(await words([anew('new-2', soon + 1), payment(2)])).toEqual(['applied null', 'rejected player_erased']);
  expect(await find('SECRET')).toEqual([]);
  expect(await disagreements()).toEqual([]);

  // And may ask again.
  await pay();
  expect(await eraseNow()).toMatchObject({ resumed: false });
  expect(await find(user)).toEqual(['milepost.parked_message']);
  expect(await words([anew('new-2', soon + 1), anew('new-3', soon + 2)])).toEqual([
    'rejected player_erased',
    'outside_window player_erased',
  ]);
  expect(await disagreements()).toEqual([]);
});

test.for(['payloads', 'events', 'credits', 'what people wrote, and messages that could not be read'])(
  'broken off before %s, the books are right, and the same command goes on',
  async (step) => {
    await live();
    await pay();
    const before = await ledgers();
    const stop = (doing: string) => {
      if (doing === step) throw new Error('broken off');
    };
    await expect(eraseNow({ progress: stop })).rejects.toThrow('broken off');
    expect(await disagreements()).toEqual([]);
    expect(await words([payment(0)])).toEqual(['rejected player_erased']);

    expect(await eraseNow()).toMatchObject({ resumed: true });
    expect(await find('SECRET')).toEqual([]);
    expect(await find(user)).toEqual(['milepost.parked_message']);
    expect(await ledgers()).toEqual(before);
    expect(await disagreements()).toEqual([]);
  },
);

test('events stream in meanwhile: each counts for whom it was before, or leaves nothing', async () => {
  await live();
  await pay();
  const stream = Array.from({ length: 30 }, (_, round) => [
    payment(100 + round, { occurred: ago(3), attributes: { merchant_id: secret(round), note: secret('note') } }),
    ...Array.from({ length: 20 }, (_, index) => upiPayment(1, { user: `other-${index}`, occurred: ago(3) })),
  ]);
  const outcomes: string[] = [];
  const taken = (async () => {
    for (const batch of stream) outcomes.push((await words(batch))[0] as string);
  })();
  await waitFor('some batches', () => outcomes.length > 3);
  await eraseNow();
  await taken;
  expect(new Set(outcomes)).toEqual(
    new Set(
      ['applied repeated_value', 'applied null', 'rejected player_erased'].filter((word) => outcomes.includes(word)),
    ),
  );
  expect(outcomes.at(-1)).toBe('rejected player_erased');
  expect(await find('SECRET')).toEqual([]);
  expect(await find(user)).toEqual(['milepost.parked_message']);
  expect(await disagreements()).toEqual([]);
});
