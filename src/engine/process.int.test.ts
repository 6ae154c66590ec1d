import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { transaction } from '../db/transaction.ts';
import { activateGame } from '../definitions/activate.ts';
import type { IncomingEvent, ParkedMessage } from '../event/event.ts';
import { PositionMoved } from '../inbox/store.ts';
import { startPostgres } from '../local/postgres.ts';
import { expectBooks, readBooks } from '../testing/books.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { startHalfOpenProxy } from '../testing/half-open-proxy.ts';
import { at, changed, gameHistory, makeEvent, makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { expectedBooks } from '../testing/model.ts';
import { waitFor } from '../testing/wait.ts';

const game = gameHistory(makeGame({ milestone_steps: [2, 4] }));

/** PostgreSQL refuses a payload that is no JSON; no normaliser makes one. */
const poisoned = (event: IncomingEvent): IncomingEvent => ({ ...event, payload: '{"attributes":' });

const words = (results: { outcome: string; replayed: boolean }[]) =>
  results.map(({ outcome, replayed }) => `${outcome}${replayed ? ' again' : ''}`);

async function one<Row extends pg.QueryResultRow>(pool: pg.Pool, query: string, values: unknown[] = []): Promise<Row> {
  const { rows } = await pool.query<Row>(query, values);
  expect(rows, query).toHaveLength(1);
  return rows[0] as Row;
}

describe('an event that cannot be judged', () => {
  test('stands alone in the end: it is stored as failed with its error, all others are committed', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [game] });
    const good = Array.from({ length: 9 }, (_, index) => upiPayment(1, { user: `U${index % 2}` }));
    const bad = [poisoned(upiPayment(1, { user: 'U0' })), poisoned(upiPayment(1, { user: 'U7' }))];
    const batch = [...good.slice(0, 4), ...bad.slice(0, 1), ...good.slice(4), ...bad.slice(1)];

    const position = { topic: 't', partition: 3, nextOffset: '9007199254740993' };
    const { results, claims } = await engine.process({ events: batch, parked: [parkedMessage('x')], position });
    expect(words(results)).toEqual(batch.map((event) => (bad.includes(event) ? 'failed' : 'applied')));
    expect(results.map(({ event_id }) => event_id)).toEqual(batch.map(({ event }) => event.event_id));
    expect(claims).toBe(4);

    const books = await readBooks(database.pool);
    const expected = expectedBooks({ games: [game], memberships: [], events: good });
    const failed = bad.map(({ event: { user_id, producer, event_id } }) => ({
      user_id,
      producer,
      event_id,
      outcome: 'failed',
      reason: 'data_error',
    }));
    expectBooks(books, { ...expected, outcomes: [...expected.outcomes, ...failed] });

    const { rows } = await database.pool.query('select event, error from milepost.event_failure order by event_no');
    expect(rows.map(({ event }) => JSON.parse(event).event.event_id)).toEqual(bad.map(({ event }) => event.event_id));
    expect(rows[0]?.error).toMatch(/invalid input syntax for type json/);
    expect(await one(database.pool, 'select next_offset from milepost.source_position')).toEqual({
      next_offset: '9007199254740993',
    });
    expect((await database.pool.query('select from milepost.parked_message')).rowCount).toBe(1);
  });

  test('is processed again when it is redelivered, and counts once it can', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [game] });
    const event = upiPayment(1);
    const again = { ...event, receivedAt: (event.receivedAt as number) + 60_000 };

    expect(words((await engine.take([poisoned(event)])).results)).toEqual(['failed']);
    expect(words((await engine.take([poisoned(again), upiPayment(1)])).results)).toEqual(['failed', 'applied']);
    expect((await database.pool.query('select from milepost.event_failure')).rowCount).toBe(1);

    expect(words((await engine.take([again])).results)).toEqual(['applied']);
    expect(words((await engine.take([again, event])).results)).toEqual(['applied again', 'applied again']);
    const key = await one(
      database.pool,
      'select outcome, reason, received_at from milepost.event_key where event_id = $1',
      [event.event.event_id],
    );
    expect(key).toEqual({ outcome: 'applied', reason: null, received_at: new Date(again.receivedAt) });
    expect((await readBooks(database.pool)).progress).toMatchObject([{ value: 2, cleared: 2 }]);
    // The failure stays on record: somebody will ask what was wrong.
    expect((await database.pool.query('select from milepost.event_failure')).rowCount).toBe(1);
  });

  test('the decision itself may fail it', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
    await engine.take([upiPayment(1)]);
    await database.pool.query('update milepost.progress set value = 9007199254740991');
    const { results } = await engine.take([
      upiPayment(1, { user: 'U2' }),
      upiPayment(1),
      upiPayment(1, { user: 'U3' }),
    ]);
    expect(words(results)).toEqual(['applied', 'failed', 'applied']);
    expect(await one(database.pool, 'select error from milepost.event_failure')).toEqual({
      error: 'progress would pass 9007199254740991',
    });
  });

  test('a day that no partition may be made for fails its event only', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [game] });
    const { results } = await engine.take([upiPayment(1, { received: '1999-12-31T00:00:00Z' }), upiPayment(1)]);
    expect(words(results)).toEqual(['failed', 'applied']);
    expect((await one<{ error: string }>(database.pool, 'select error from milepost.event_failure')).error).toMatch(
      /1999-12-31.*must lie between 2000 and 2100/,
    );
  });

  test('a repeat that comes in a broken delivery is still a repeat', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [game] });
    const event = upiPayment(1);
    await engine.take([event]);
    const { results } = await engine.take([{ ...event, receivedAt: at('1999-12-31T00:00:00Z') }]);
    expect(words(results)).toEqual(['applied again']);
    expect((await database.pool.query('select from milepost.event_failure')).rowCount).toBe(0);
  });
});

describe('the database goes away', () => {
  /** Events of 30 players in batches of 7, each batch twice. */
  const events = Array.from({ length: 150 }, (_, index) => upiPayment(1, { user: `U${index % 30}` }));
  const batches: IncomingEvent[][] = [];
  for (let from = 0; from < events.length; from += 7) {
    batches.push(events.slice(from, from + 7), events.slice(from, from + 7));
  }
  const expected = expectedBooks({ games: [game], memberships: [], events });

  test('an immediate shutdown in mid-stream, again and again, loses and doubles nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'milepost-restart-'));
    await chmod(folder, 0o755);
    const options = { dataDir: join(folder, 'postgres'), settings: { shared_buffers: '32MB' } };
    let server = await startPostgres(options);
    try {
      const port = Number(new URL(server.url).port);
      await migrate(server.url);
      await onServer(server.url, (pool) => install(pool, { games: [game] }));
      await using engine = testEngine(server.url);
      let done = 0;
      const stream = (async () => {
        for (const batch of batches) {
          await engine.take(batch);
          done++;
        }
      })();
      for (const share of [0.1, 0.4, 0.7]) {
        await waitFor(`${share} of the stream`, () => done >= batches.length * share);
        await server.kill();
        server = await startPostgres({ ...options, port });
      }
      await stream;
      await onServer(server.url, async (pool) => expectBooks(await readBooks(pool), expected));
    } finally {
      await server.stop();
      await rm(folder, { recursive: true });
    }
  });

  test('connections are terminated all the time', async () => {
    await using database = await testDatabase();
    await using one = testEngine(database.url);
    await using other = testEngine(database.url);
    await install(database.pool, { games: [game] });
    let done = 0;
    const stream = Promise.all(
      [one, other].map(async (engine) => {
        for (const batch of batches) {
          await engine.take(batch);
          done++;
        }
      }),
    );
    // Between two strikes a batch must get through, however slow the machine is.
    let terminated = 0;
    while (done < 2 * batches.length) {
      const before = done;
      const { rowCount } = await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'milepost_ingest'`,
      );
      terminated += rowCount ?? 0;
      await waitFor('another batch', () => done > before);
    }
    await stream;
    expect(terminated).toBeGreaterThan(5);
    expectBooks(await readBooks(database.pool), expected);
  });

  test('a COMMIT that applied and was not answered is repeated without effect', async () => {
    await using database = await testDatabase();
    await using proxy = await startHalfOpenProxy(database.url);
    await using engine = testEngine(proxy.url);
    await install(database.pool, { games: [game] });
    await engine.take([makeEvent()]);
    const batch = [...events.slice(0, 20), poisoned(upiPayment(1, { user: 'U1' }))];

    const cut = proxy.cutNextCommit();
    const { results, claims } = await engine.process({ events: batch.slice(0, 20), parked: [parkedMessage('cut')] });
    await cut;
    expect(new Set(words(results))).toEqual(new Set(['applied again']));
    expect(claims).toBe(0);

    const cutFailure = proxy.cutNextCommit();
    const failed = await engine.process({ events: batch.slice(20), parked: [parkedMessage('cut too')] });
    await cutFailure;
    expect(words(failed.results)).toEqual(['failed']);

    const counts = await one(
      database.pool,
      `select (select count(*)::int from milepost.event_key where outcome <> 'no_match') as keys, (select count(*)::int from milepost.event_failure) as failures,
              (select count(*)::int from milepost.parked_message) as parked, (select count(*)::int from milepost.credit) as credits,
              (select count(*)::int from milepost.outbox where destination = 'projection') as refreshes`,
    );
    expect(counts).toEqual({ keys: 21, failures: 1, parked: 2, credits: 20, refreshes: 1 });
  });

  test('a stop is heard while it waits; then nothing of the batch is committed', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [game] });
    const stop = new AbortController();
    await using blocked = await holdBuckets(database.pool);
    const position = { topic: 't', partition: 0, nextOffset: '1' };
    const processed = engine.process({ events: events.slice(0, 1), parked: [], position }, stop.signal);
    const outcome = expect(processed).rejects.toThrow(/abort|stopping/);
    await blocked.someoneWaits();
    expect((await database.pool.query('select from milepost.source_position')).rowCount).toBe(0);
    stop.abort(new Error('stopping'));
    await blocked.terminateWaiting();
    await outcome;
    await blocked[Symbol.asyncDispose]();
    expect((await readBooks(database.pool)).outcomes).toEqual([]);
    expect((await database.pool.query('select from milepost.source_position')).rowCount).toBe(0);
  });
});

describe('definitions', () => {
  const worth = (value: number) => makeGame({ milestone_steps: [1_000], triggers: [paymentTrigger({ worth: value })] });

  test('a version activated while batches run is picked up without a restart, and no batch is judged by a mixture', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const owner = connect(database.url, { role: 'milepost_owner', size: 1, log: silent });
    const { rows } = await database.pool.query('select now() as now');
    const now = (rows[0].now as Date).getTime();
    const window = { start: new Date(now - 86_400_000).toISOString(), end: new Date(now + 86_400_000).toISOString() };
    const activate = (value: number) =>
      transaction(owner, (tx) =>
        activateGame(tx, {
          config: { ...worth(value), game_window: { ...window, type: 'monthly', grace: 'PT72H' } },
          text: '',
          file: 'game.json',
          by: 'test',
          reason: 'test',
        }),
      );
    await activate(1);
    // Some occurred before the second version can be in force, some after: producers' clocks may be minutes ahead.
    const occurred = [now - 60_000, now + 120_000];
    const versionsOf = async (batch: IncomingEvent[]) => {
      const { rows: credits } = await database.pool.query(
        `select c.occurred_at > now() + interval '1 minute' as ahead, array_agg(distinct c.version) as versions, count(*)::int as credits
           from milepost.credit c join milepost.event_key k using (bucket, player_id, event_no)
          where k.event_id = any ($1) group by 1 order by 1`,
        [batch.map(({ event }) => event.event_id)],
      );
      return credits;
    };
    const batches: IncomingEvent[][] = [];
    const take = async () => {
      const batch = Array.from({ length: 20 }, (_, index) =>
        upiPayment(1, { user: `U${index}`, occurred: occurred[index % 2] as number, received: now }),
      );
      batches.push(batch);
      await engine.take(batch);
      return batch;
    };
    await take();
    let activated = false;
    const activation = (async () => {
      const { version, inForceFrom } = await activate(5);
      expect(version).toBe(2);
      expect(inForceFrom).toBeGreaterThan(now + 1_999);
      activated = true;
    })();
    while (!activated) await take();
    await activation;
    await take();

    const seen = await Promise.all(batches.map(versionsOf));
    for (const [before, ahead] of seen) {
      expect(before).toEqual({ ahead: false, versions: [1], credits: 10 });
      expect([[1], [2]]).toContainEqual(ahead.versions);
    }
    expect(seen[0]?.[1].versions).toEqual([1]);
    expect(seen.at(-1)?.[1].versions).toEqual([2]);
    await owner.close();
  });

  test('a batch that waited for its buckets while a version was activated is decided anew', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [gameHistory(worth(1))] });
    await engine.take([upiPayment(1)]);
    expect((await engine.definitions()).games[0]?.versions).toHaveLength(1);

    await using blocked = await holdBuckets(database.pool);
    const taken = engine.take([upiPayment(1)]);
    await blocked.someoneWaits();
    await database.pool.query(
      `insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
       select game_no, 2, '2026-05-02T00:00:00Z', $1, '', now(), 'test', 'test' from milepost.game`,
      [JSON.stringify(worth(5))],
    );
    await database.pool.query('update milepost.definitions set epoch = epoch + 1');
    await blocked[Symbol.asyncDispose]();
    await taken;
    expect((await readBooks(database.pool)).credits.map(({ amount, version }) => [amount, version])).toEqual([
      [1, 1],
      [5, 2],
    ]);
  });

  test('batches taken at once by one engine all see an activation', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [gameHistory(worth(1))] });
    await engine.take([makeEvent()]);
    await install(database.pool, { games: [gameHistory({ ...worth(1), game_id: 'second' })] });
    await Promise.all(Array.from({ length: 12 }, (_, index) => engine.take([upiPayment(1, { user: `U${index}` })])));
    const { progress } = await readBooks(database.pool);
    expect(progress.map(({ game_id }) => game_id).sort()).toEqual([
      ...Array(12).fill('game'),
      ...Array(12).fill('second'),
    ]);
  });
});

describe('positions and parked messages', () => {
  test('a position moves with its batch, also when the batch holds no event', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const position = (nextOffset: string) => ({ topic: 'payments', partition: 1, nextOffset });
    await engine.process({ events: [makeEvent()], parked: [], position: position('5') });
    expect(await one(database.pool, 'select topic, partition, next_offset from milepost.source_position')).toEqual({
      topic: 'payments',
      partition: 1,
      next_offset: '5',
    });
    await engine.process({ events: [], parked: [parkedMessage('only parked')], position: position('6') });
    expect((await one(database.pool, 'select next_offset from milepost.source_position')).next_offset).toBe('6');
    await engine.process({ events: [], parked: [], position: position('7') });
    expect((await one(database.pool, 'select next_offset from milepost.source_position')).next_offset).toBe('7');
    expect((await database.pool.query('select from milepost.parked_message')).rowCount).toBe(1);
  });

  test('a batch commits only from where its partition stands, or again to where it went', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const take = (fromOffset: string | undefined, nextOffset: string, events = [makeEvent()]) =>
      engine.process({
        events,
        parked: [],
        position: { topic: 't', partition: 0, nextOffset, ...(fromOffset === undefined ? {} : { fromOffset }) },
      });
    const stored = async () =>
      (await one(database.pool, 'select next_offset from milepost.source_position')).next_offset;
    const count = async () => (await database.pool.query('select from milepost.event_key')).rowCount;

    await expect(take('0', '5')).rejects.toThrow(PositionMoved);
    await take(undefined, '5');
    await take('5', '8');
    await take('5', '8');
    expect([await stored(), await count()]).toEqual(['8', 3]);
    await expect(take('5', '9')).rejects.toThrow(PositionMoved);
    await expect(take('9', '12', [])).rejects.toThrow('the position of t/0 is not 9 any more');
    await expect(take('5', '9', [poisoned(makeEvent())])).rejects.toThrow(PositionMoved);
    expect([await stored(), await count()]).toEqual(['8', 3]);
  });

  test('a delivery is parked once, other deliveries beside it', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const kafka = (offset: string, bytes: string) =>
      parkedMessage(bytes, { transport: 'kafka', topic: 't', partition: 0, offset });
    const messages = [kafka('1', 'a'), kafka('2', 'a'), kafka('1', 'b'), parkedMessage('a'), parkedMessage('b')];
    for (let delivery = 0; delivery < 3; delivery++) {
      await engine.process({ events: [], parked: [...messages, ...messages] });
    }
    const { rows } = await database.pool.query(
      `select origin, topic, partition, "offset", convert_from(bytes, 'utf8') as bytes, reason, detail
         from milepost.parked_message order by origin, bytes`,
    );
    expect(rows.map(({ origin, bytes }) => `${origin} ${bytes}`)).toEqual([
      'http a',
      'http b',
      'kafka:t/0@1 a',
      'kafka:t/0@1 b',
      'kafka:t/0@2 a',
    ]);
    expect(rows[2]).toMatchObject({
      topic: 't',
      partition: 0,
      offset: '1',
      reason: 'invalid_json',
      detail: 'not JSON',
    });
    expect(rows[0]).toMatchObject({ topic: null, partition: null, offset: null });
  });

  test('the same deliveries at once, in opposite orders, do not end in a deadlock', async () => {
    await using database = await testDatabase();
    {
      await using forwards = testEngine(database.url);
      await using backwards = testEngine(database.url);
      for (let round = 0; round < 40; round++) {
        const messages = Array.from({ length: 300 }, (_, index) => parkedMessage(`${round} ${index}`));
        await Promise.all([
          forwards.process({ events: [], parked: messages }),
          backwards.process({ events: [], parked: messages.toReversed() }),
        ]);
      }
    }
    const deadlocks = 'select deadlocks::integer from pg_stat_database where datname = current_database()';
    // A session counts for others at the latest when it ends.
    await waitFor('the end of the engines’ sessions', async () => {
      const sessions = `select from pg_stat_activity where datname = current_database() and application_name = 'milepost_ingest'`;
      expect((await database.pool.query(sessions)).rowCount).toBe(0);
      return true;
    });
    expect(await one(database.pool, deadlocks)).toEqual({ deadlocks: 0 });
  });

  test('whatever a parser says of a message can be kept', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const message = { ...parkedMessage('\0'), detail: 'not JSON: unexpected token "\0" \ud800' };
    const { results } = await engine.process({ events: [makeEvent()], parked: [message] });
    expect(words(results)).toEqual(['no_match']);
    expect(await one(database.pool, 'select detail, bytes from milepost.parked_message')).toEqual({
      detail: 'not JSON: unexpected token "\ufffd" \ufffd',
      bytes: Buffer.of(0),
    });
  });
});

describe('the inbox', () => {
  test('makes the day’s partition when an event needs it, however old', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const days = ['2019-02-28', '2026-05-10', '2026-05-11'];
    const events = days.map((day) => makeEvent({ received: `${day}T23:59:59.999Z`, occurred: `${day}T23:00:00Z` }));
    await engine.take(events);
    const { rows } = await database.pool.query(
      `select relname as partition from milepost.inbox i join pg_class c on c.oid = i.tableoid order by received_at`,
    );
    expect(rows.map(({ partition }) => partition)).toEqual(days.map((day) => `inbox_${day.replaceAll('-', '')}`));
  });

  test('makes no day of the future: what was received then counts as received now', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const received = ['2099-01-01T00:00:00Z', '2150-01-01T00:00:00Z'];
    const { results } = await engine.take(received.map((instant) => makeEvent({ received: instant })));
    expect(words(results)).toEqual(['no_match', 'no_match']);
    const { rows } = await database.pool.query(
      `select inhrelid::regclass::text as day from pg_inherits
        where inhparent = 'milepost.inbox'::regclass and inhrelid::regclass::text > 'milepost.inbox_2099'`,
    );
    expect(rows).toEqual([]);
  });

  test('goes on when a day was dropped or detached under it', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await engine.take([makeEvent()]);
    await database.pool.query('drop table milepost.inbox_20260510');
    await engine.take([makeEvent()]);
    await database.pool.query('alter table milepost.inbox detach partition milepost.inbox_20260510');
    await engine.take([makeEvent()]);
    expect((await database.pool.query('select from milepost.event_key')).rowCount).toBe(3);
    expect((await database.pool.query('select from milepost.inbox')).rowCount).toBe(1);
  });

  test('keeps what was said, and where and when it was heard', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    const event = upiPayment(1_200.5, {
      user: 'ü"\\{},null',
      occurred: '2026-05-10T11:05:00.123+05:30',
      received: '2026-05-10T05:36:00.456Z',
      correlation: { payment_id: 'pay "1"' },
      attributes: { note: 'quotes " and \\ back\\\\slashes, {braces}, tab \t, ☕ and \u2028' },
      origin: { transport: 'kafka', topic: 'upi', partition: 2, offset: '99' },
    });
    await engine.take([event]);
    const row = await one(
      database.pool,
      `select p.user_id, p.bucket = milepost.bucket_of(p.user_id) as right_bucket, i.payload, i.source, i.origin, i.event_type, i.event_version,
              i.occurred_at, i.received_at, i.event_no = k.event_no as right_key
         from milepost.inbox i join milepost.player p using (bucket, player_id) join milepost.event_key k using (bucket, player_id)`,
    );
    expect(row).toEqual({
      user_id: 'ü"\\{},null',
      right_bucket: true,
      payload: { attributes: event.event.attributes, correlation: event.event.correlation },
      source: 'tests',
      origin: 'kafka:upi/2@99',
      event_type: 'payment_success',
      event_version: '1.0',
      occurred_at: new Date('2026-05-10T05:35:00.123Z'),
      received_at: new Date('2026-05-10T05:36:00.456Z'),
      right_key: true,
    });
  });

  test('takes the database’s clock for what does not say when it was received', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await engine.take([{ ...makeEvent(), receivedAt: undefined }]);
    const { recent } = await one(
      database.pool,
      "select received_at > now() - interval '1 minute' as recent from milepost.inbox",
    );
    expect(recent).toBe(true);
  });

  test('records a conflict once, and nothing changes', async () => {
    await using database = await testDatabase();
    await using engine = testEngine(database.url);
    await install(database.pool, { games: [game] });
    const event = upiPayment(1);
    const other = changed(event, { attributes: { transaction_amount: 2 } });
    await engine.take([event]);
    const before = await readBooks(database.pool);
    for (let delivery = 0; delivery < 2; delivery++) {
      expect((await engine.take([other, event])).results).toMatchObject([
        { outcome: 'rejected', reason: 'conflicting_content', replayed: false },
        { outcome: 'applied', replayed: true },
      ]);
    }
    expect(await readBooks(database.pool)).toEqual(before);
    expect((await one(database.pool, 'select payload from milepost.event_conflict')).payload).toMatchObject({
      attributes: { transaction_amount: 2 },
    });
  });
});

test('one wake-up per destination follows the commit; a repeat wakes nobody', async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  await install(database.pool, { games: [game] });
  const jobs = async () => {
    const { rows } = await database.pool.query(
      `select payload ->> 'destination' as destination from graphile_worker._private_jobs j
         join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = 'drain_outbox' order by 1`,
    );
    return rows.map(({ destination }) => destination);
  };
  const batch = [upiPayment(1), upiPayment(1)];
  await engine.take([makeEvent({ type: 'unheard_of' })]);
  await engine.idle();
  expect(await jobs()).toEqual([]);
  await engine.take(batch);
  await engine.idle();
  expect(await jobs()).toEqual(['neucoin', 'projection']);
  await database.pool.query('delete from graphile_worker._private_jobs');
  await engine.take(batch);
  await engine.idle();
  expect(await jobs()).toEqual([]);
});

function parkedMessage(bytes: string, origin: ParkedMessage['origin'] = { transport: 'http' }): ParkedMessage {
  return {
    source: 'tests',
    origin,
    bytes: Buffer.from(bytes),
    receivedAt: at('05-10'),
    reason: 'invalid_json',
    detail: 'not JSON',
  };
}

/** Does something on a server that may be stopped right after. */
async function onServer(url: string, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const owner = connect(url, { role: 'login', size: 1, log: silent });
  await work(owner.pool);
  await owner.close();
}

/** Holds the locks of all buckets, as another batch might, until it is disposed of. */
async function holdBuckets(pool: pg.Pool) {
  const client = await pool.connect();
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock(77001, bucket) from generate_series(0, 255) as bucket');
  let held = true;
  const waiting = "datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'";
  return {
    someoneWaits: () =>
      waitFor('a batch that waits for its bucket', async () => {
        const { rowCount } = await pool.query(`select from pg_stat_activity where ${waiting}`);
        return rowCount;
      }),
    terminateWaiting: () => pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${waiting}`),
    async [Symbol.asyncDispose]() {
      if (!held) return;
      held = false;
      await client.query('rollback');
      client.release();
    },
  };
}
