// Identities of events go by age: whatever of that time comes again counts nothing, and nothing that may still count is taken for it.
import { beforeEach, expect, test } from 'vitest';
import { connect, type Role } from '../src/db/connect.ts';
import { forgetBefore } from '../src/definitions/forget.ts';
import { rebuild } from '../src/engine/rebuild.ts';
import { verify } from '../src/engine/verify.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import { explainEvent, openRecords } from '../src/explain/explain.ts';
import { bucketOf } from '../src/ids.ts';
import { pruneEventKeys } from '../src/inbox/event-keys.ts';
import type { RetentionPolicy } from '../src/inbox/retention.ts';
import { listEvents } from '../src/inbox/stored.ts';
import { limits } from '../src/limits.ts';
import { readBooks } from '../src/testing/books.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { install, silent, testEngine } from '../src/testing/engine.ts';
import {
  changed,
  gameHistory,
  makeEvent,
  makeGame,
  paymentReversal,
  reversalOf,
  upiPayment,
} from '../src/testing/make.ts';
import { pastMidnight } from '../src/testing/midnight.ts';
import { waitFor } from '../src/testing/wait.ts';
import { formatInstant } from '../src/time.ts';
import { retireInbox } from './tasks/retire_inbox.ts';

beforeEach(pastMidnight);

const dayMs = 24 * 3_600_000;
const now = Date.now();
const ago = (days: number): number => now - days * dayMs;
const window = (from: number, to: number) => ({ start: formatInstant(ago(from)), end: formatInstant(ago(to)) });
const over = makeGame({ game_id: 'over', game_window: window(300, 200), milestone_steps: [1, 50] });
/** The day on which the window that is open began. */
const firstDay = Math.floor(ago(100) / dayMs) * dayMs;
const open = makeGame({ game_id: 'open', game_window: window(100, -10), milestone_steps: [1, 50] });

const payment = (days: number, id: string, received = ago(days)): IncomingEvent =>
  upiPayment(1_000, {
    id,
    user: id.slice(0, 2),
    occurred: ago(days),
    received,
    correlation: { payment_id: `pay-${id}` },
  });

async function as<T>(
  database: TestDatabase,
  role: Role,
  work: (db: ReturnType<typeof connect>) => Promise<T>,
): Promise<T> {
  // Of one connection, as the worker's.
  const db = connect(database.url, { role, size: role === 'milepost_retention' ? 1 : 3, log: silent });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** The job, with identities kept for 90 days and payloads for 60 unless said. Returns how many identities went, and how many waits ended. */
async function retire(database: TestDatabase, policy: RetentionPolicy = { inboxDays: 60, eventKeyDays: 90 }) {
  const counts = async () => {
    const { rows } = await database.pool.query<{ kept_from: Date | null; keys: number; waiting: number }>(
      `select (select event_keys_from from milepost.definitions) as kept_from, count(*)::integer as keys,
              count(*) filter (where outcome = 'waiting')::integer as waiting from milepost.event_key`,
    );
    return rows[0] as (typeof rows)[number];
  };
  const before = await counts();
  await as(database, 'milepost_retention', async (db) => retireInbox(db, policy, silent)({}, {} as never));
  const after = await counts();
  return {
    keptFrom: after.kept_from?.getTime(),
    pruned: before.keys - after.keys,
    ended: before.waiting - after.waiting,
  };
}

const ids = async ({ pool }: TestDatabase) =>
  (await pool.query('select event_id from milepost.event_key order by 1')).rows.map(({ event_id }) => event_id);

test('what is older than identities are kept counts nothing when it comes again; what may count in an open window is kept', async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(over), gameHistory(open)] });
  await using engine = testEngine(database.url);
  const words = async (...events: IncomingEvent[]) =>
    (await engine.take(events)).results.map(
      ({ outcome, reason, replayed }) => `${outcome} ${reason}${replayed ? ' again' : ''}`,
    );
  const poisoned = { ...payment(240, 'U3-bad'), payload: '{"attributes":' };
  await engine.take([
    payment(250, 'U1-old'),
    payment(245, 'U2-old'),
    poisoned,
    payment(95, 'U1-open'),
    payment(50, 'U1-new'),
    // By a clock that ran ahead.
    makeEvent({ id: 'U4-ahead', user: 'U4', occurred: firstDay + 60_000, received: firstDay - 60_000 }),
  ]);
  await engine.take([
    reversalOf('U2-old', null, { id: 'U2-reversal', user: 'U2', occurred: ago(240), received: ago(240) }),
  ]);
  const books = async () => {
    const { progress, claims, rewards } = await readBooks(database.pool);
    return { progress, claims, rewards };
  };
  const before = await books();

  expect(await retire(database, { inboxDays: 400 })).toEqual({ keptFrom: undefined, pruned: 0, ended: 0 });
  // Nothing of a day whose payloads are still there.
  expect(await retire(database, { eventKeyDays: 90 })).toEqual({ keptFrom: firstDay, pruned: 0, ended: 0 });
  const { keptFrom, pruned } = await retire(database);
  // Not to 90 days: what occurred since the open window began may still come for the first time.
  expect(keptFrom).toBe(firstDay);
  expect(pruned).toBe(4);
  expect(await ids(database)).toEqual(['U1-new', 'U1-open', 'U4-ahead']);
  expect((await database.pool.query('select from milepost.event_failure')).rowCount).toBe(0);
  expect(await retire(database)).toEqual({ keptFrom, pruned: 0, ended: 0 });
  // What may be gone is never said to be known again.
  expect(await as(database, 'milepost_retention', (db) => forgetBefore(db, ago(200)))).toBe(firstDay);

  // As it was, from a topic that is read again; sent again by its producer; and never seen.
  expect(await words(payment(250, 'U1-old'), payment(250, 'U1-old', Date.now()), payment(249, 'U1-first'))).toEqual([
    ...['rejected identity_gone', 'rejected identity_gone again', 'rejected identity_gone'],
  ]);
  expect(await words(reversalOf('U1-old', 5, { id: 'U2-reversal', user: 'U2', occurred: ago(240) }))).toEqual([
    'rejected identity_gone',
  ]);
  expect(await words(payment(95, 'U1-open'), payment(50, 'U1-new'))).toEqual([
    'applied null again',
    'applied null again',
  ]);
  // Whoever prolongs the grace of a game that is over does not count anything twice.
  await database.pool.query(
    `insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
     select game_no, 2, $2, $3::text::jsonb, $3, now(), 'test', 'test' from milepost.game where game_id = $1`,
    ['over', over.game_window.start, JSON.stringify({ ...over, game_window: { ...over.game_window, grace: 'P400D' } })],
  );
  await database.pool.query('update milepost.definitions set epoch = epoch + 1');
  expect(await words(payment(245, 'U2-old'), payment(250, 'U1-old'))).toEqual([
    'rejected identity_gone',
    'rejected identity_gone again',
  ]);
  // Nor does one who has them judged anew.
  const { results } = await engine.process({ events: [payment(250, 'U1-old')], parked: [], run: '1' });
  expect(results).toMatchObject([{ outcome: 'rejected', reason: 'identity_gone', replayed: true }]);
  expect(await books()).toEqual(before);

  // A membership holds from an instant, however long ago.
  const member = makeEvent({
    user: 'U1',
    type: 'cohort_changed',
    occurred: ago(280),
    received: ago(0),
    attributes: { cohort_id: 'a', member: true, until: null },
  });
  expect(await words(member)).toEqual(['applied cohort_changed']);
  // A refund that names the payment finds it still.
  expect(await words(paymentReversal('pay-U1-old', null, { user: 'U1', occurred: ago(0), received: ago(0) }))).toEqual([
    'reversed null',
  ]);

  await as(database, 'milepost_support', async (db) => {
    const records = await openRecords(db);
    const explained = await Promise.all((await listEvents(db, {}, 100)).map((stored) => explainEvent(records, stored)));
    // Some payloads are gone.
    expect(explained.flatMap(({ recomputed }) => recomputed?.differences ?? [])).toEqual([]);
    expect(explained.find(({ event_id }) => event_id === 'U1-first')?.answer).toMatch(
      /nobody can tell whether it has counted/,
    );
  });
  expect(await as(database, 'milepost_support', (db) => verify(db))).toEqual([]);
  const rebuilt = await as(database, 'milepost_ingest', (db) =>
    rebuild(db, { dryRun: true, by: 'asha', reason: 'test', shown: 9 }),
  );
  expect(rebuilt).toMatchObject({ changed: 0 });
});

test('a reversal finds what counted though its identity went; one that waits for what can come no more ends, and is listed for a while', async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(over)] });
  await using engine = testEngine(database.url);
  const take = async (...events: IncomingEvent[]) =>
    (await engine.take(events)).results.map(({ outcome, reason }) => `${outcome} ${reason}`);
  const reversal = (original: string, days: number, id = `U1-of-${original}`) =>
    reversalOf(original, null, { id, user: 'U1', occurred: ago(days), received: ago(days) });
  const listed = async () =>
    (await as(database, 'milepost_support', (db) => listEvents(db, {}, 100))).map(
      ({ event_id, outcome, reason }) => `${event_id} ${outcome} ${reason}`,
    );
  // One counts, one came too late for its game; others never come.
  await take(payment(250, 'U1-old'), payment(260, 'U1-late', ago(190)));
  expect(await take(reversal('U1-never', 170), reversal('ancient', 210), reversal('U1-late', 50))).toEqual([
    'waiting original_unknown',
    'waiting original_unknown',
    'reversed nothing_counted',
  ]);
  // The oldest one was not listed any more in the same run.
  expect(await retire(database)).toMatchObject({ pruned: 3, ended: 2 });
  expect(await listed()).toEqual(['U1-of-U1-late reversed nothing_counted', 'U1-of-U1-never reversed original_gone']);
  expect(await retire(database)).toMatchObject({ pruned: 0, ended: 0 });

  expect(await take(payment(171, 'U1-never', ago(0)), reversal('U1-old', 1), reversal('unknown', 1))).toEqual([
    ...['rejected identity_gone', 'reversed null', 'waiting original_unknown'],
  ]);
  const { rows } = await database.pool.query('select event_id from milepost.ruling where waiting');
  expect(rows).toEqual([{ event_id: 'U1-of-unknown' }]);
  const waiting = await as(database, 'milepost_dba', (db) =>
    db.pool.query('select reversals::integer from milepost_dba.waiting_reversal'),
  );
  expect(waiting.rows).toEqual([{ reversals: 1 }]);

  await as(database, 'milepost_support', async (db) => {
    const records = await openRecords(db);
    const told = async (id: string) => {
      const [stored] = await listEvents(db, { eventIds: [id] }, 1);
      return (await explainEvent(records, stored as NonNullable<typeof stored>)).answer;
    };
    expect(await told('U1-of-U1-never')).toMatch(
      /received on \S+\. It is about the event U1-never\. It took nothing back: what it is about never came, or counted nothing\./,
    );
    expect(await told('U1-of-U1-late')).toMatch(
      /^It takes back the event U1-late\. It took nothing back: .* The identity of that event has been forgotten since/,
    );
    expect(await told('U1-of-U1-old')).toMatch(
      /^It takes back the event U1-old\. Since then in over payment counts 0 /,
    );
    expect(await told('U1-of-unknown')).toMatch(
      /^It takes back the event unknown, which has not come yet \(or came before \S+ and counted nothing: that is not known any more\)\./,
    );
    expect(await verify(db)).toEqual([]);
  });
});

test('no identity goes before the batches that know nothing of it have ended', async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(over)] });
  await using engine = testEngine(database.url);
  await engine.take([payment(250, 'U1-old')]);
  const batch = await database.pool.connect();
  try {
    await batch.query('begin');
    await batch.query('select pg_advisory_xact_lock(77001, $1)', [bucketOf('U1')]);
    const retired = retire(database);
    await waitFor('the job to wait for the batch', async () => {
      const { rows } = await database.pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%77001%'`,
      );
      return rows.length === 1;
    });
    expect(await ids(database)).toEqual(['U1-old']);
    await batch.query('commit');
    expect(await retired).toMatchObject({ pruned: 1 });
  } finally {
    batch.release();
  }
});

test('what is known of nothing but an identity goes with it, and with no other', async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(over)] });
  await using engine = testEngine(database.url);
  const payments = [250, 50].map((days) => payment(days, `U1-${days}`));
  const spoilt = payments.map((event) => changed(event, { event_id: `${event.event.event_id}-bad` }));
  await engine.take([...payments, ...spoilt.map((event) => ({ ...event, payload: '{"attributes":' }))]);
  await engine.take(payments.map((event) => changed(event, { attributes: { another: true } })));
  await database.pool.query(
    `insert into milepost.event_rejudged
     select bucket, player_id, event_no, event_no + 1, outcome, reason, outcome, reason, null, now() from milepost.event_key`,
  );
  const rest = async () => {
    const { rows } = await database.pool.query(
      `select t.name || ' ' || k.event_id as line
         from (select 'failure' as name, bucket, player_id, event_no from milepost.event_failure
               union all select 'conflict', bucket, player_id, event_no from milepost.event_conflict
               union all select 'rejudged', bucket, player_id, event_no from milepost.event_rejudged) as t
         left join milepost.event_key k using (bucket, player_id, event_no) order by 1`,
    );
    return rows.map(({ line }) => line);
  };
  expect(await rest()).toHaveLength(8);
  expect(await retire(database)).toMatchObject({ pruned: 2 });
  expect(await rest()).toEqual(['conflict U1-50', 'failure U1-50-bad', 'rejudged U1-50', 'rejudged U1-50-bad']);
});

test('more than one statement takes go all the same, and a stop leaves the rest to the next run', async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  await engine.take([payment(50, 'U1-new')]);
  await database.pool.query(
    `insert into milepost.event_key (bucket, player_id, event_id, producer, event_no, content_hash, outcome, received_at)
     select bucket, player_id, 'old ' || n, 'tests', n, gen_random_uuid(), 'no_match', $1
       from milepost.player, generate_series(1, $2::integer) as n`,
    [formatInstant(ago(250)), 2 * limits.prunedKeys + 1],
  );
  const stopped = await as(database, 'milepost_retention', (db) => pruneEventKeys(db, ago(90), AbortSignal.abort()));
  expect(stopped).toEqual({ pruned: 0, ended: 0 });
  expect(await as(database, 'milepost_retention', (db) => pruneEventKeys(db, ago(90)))).toEqual({
    pruned: 2 * limits.prunedKeys + 1,
    ended: 0,
  });
  expect(await ids(database)).toEqual(['U1-new']);
});
