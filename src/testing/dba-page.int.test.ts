// The page for DBAs tells the truth: for each of its queries the situation that it is for is brought about, and the query, as the role for DBAs, shows it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { applyRetention } from '../inbox/retention.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { owe } from './dispatch.ts';
import { install, silent, testEngine } from './engine.ts';
import { gameHistory, makeGame, upiPayment } from './make.ts';
import { waitFor } from './wait.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/dba.md'), 'utf8');
const queries = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, query]) => query as string);

/** By the view that a query reads: what is brought about, and what the query then shows. */
const situations: Record<string, { bring: (database: TestDatabase) => Promise<unknown>; shows: object | object[] }> = {
  outbox: {
    bring: ({ pool }) => owe(pool, { count: 3 }),
    shows: { destination: 'neucoin', state: 'pending', messages: '3', due: '3' },
  },
  circuit: {
    bring: ({ pool }) =>
      pool.query(
        `insert into milepost.circuit (destination, state, by_hand, opened_at, reason, changed_at)
         values ('voucher', 'open', true, now(), 'their migration', now())`,
      ),
    shows: { destination: 'voucher', state: 'open', by_hand: true, reason: 'their migration' },
  },
  outbox_error: {
    bring: async ({ pool }) => {
      await owe(pool, { count: 2 });
      await pool.query(
        "update milepost.outbox set attempts = message_no, last_error = 'status 503 for U' || message_no || '77'",
      );
    },
    shows: { destination: 'neucoin', error: 'status 503 for #', messages: '2' },
  },
  dead_letter: {
    bring: async ({ pool }) => {
      await owe(pool);
      await pool.query("update milepost.outbox set state = 'failed', settled_at = now(), last_error = 'USER_BLOCKED'");
    },
    shows: { kind: 'failed message', subject: 'neucoin', reason: 'USER_BLOCKED', entries: '1' },
  },
  job: {
    bring: ({ pool }) => pool.query("select graphile_worker.add_job('drain_outbox', '{}')"),
    shows: { task: 'drain_outbox', state: 'ready', jobs: '1' },
  },
  source: {
    bring: ({ pool }) =>
      pool.query("insert into milepost.source_alarm values ('payments', 3, 7, 'records_gone', 'gone', now())"),
    shows: { topic: 'payments', partition: 3, alarm: 'records_gone' },
  },
  hold: {
    bring: async (database) => {
      await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
      await using engine = testEngine(database.url);
      await engine.take([upiPayment(1, { attributes: { frm_flag: 'suspect' } })]);
    },
    shows: [
      { kind: 'claim', subject: 'game', reward_type: 'NC', entries: '1', amount: '10' },
      { kind: 'event', subject: 'game', entries: '1' },
    ],
  },
  budget: {
    bring: async (database) => {
      const game = makeGame({
        budgets: [{ budget_id: 'all', period: 'game', limit: { claims: 4, amount: 1_000 }, when_exhausted: 'hold' }],
      });
      await install(database.pool, { games: [gameHistory(game)] });
      const at = "'2026-05-01T00:00:00Z', 90, 4";
      await database.pool.query(`insert into milepost.budget_period select game_no, 'all', ${at} from milepost.game`);
      await database.pool.query(
        `insert into milepost.budget_reservation
         select game_no, 'all', gen_random_uuid(), 1, '2026-05-01T00:00:00Z', 20, 'refused', now() from milepost.game`,
      );
    },
    shows: {
      game_id: 'game',
      budget_id: 'all',
      taken_share: '1.000',
      taken_claims: '4',
      limit_claims: '4',
      refused_claims: '1',
      when_exhausted: 'hold',
    },
  },
  inbox_partition: {
    bring: async (database) => {
      await database.pool.query('select milepost.inbox_partition(current_date - 40)');
      const keeper = connect(database.url, { role: 'milepost_retention', size: 1, log: silent });
      // A policy that keeps the day, and is then shortened.
      await applyRetention(keeper, { inboxDays: 50 }, { log: silent });
      await keeper.close();
      await database.pool.query('update milepost.retention_policy set inbox_days = 30');
    },
    shows: { state: 'attached', reason: 'older than 30 days' },
  },
  relation: {
    bring: async ({ pool }) => {
      await owe(pool, { count: 2_000 });
      await pool.query('delete from milepost.outbox where message_no > 20');
      await pool.query('analyze milepost.outbox');
    },
    shows: { relation: 'outbox', kind: 'table', bloat_estimate: expect.stringMatching(/^0\.9/) },
  },
};

const viewOf = (query: string): string => /milepost_dba\.(\w+)/.exec(query)?.[1] as string;

async function asDba(database: TestDatabase, query: string): Promise<pg.QueryResultRow[]> {
  const dba = connect(database.url, { role: 'milepost_dba', size: 1, log: silent });
  try {
    return (await dba.pool.query(query)).rows;
  } finally {
    await dba.close();
  }
}

test('every query has its situation', () => {
  expect(queries.map(viewOf).sort()).toEqual([...Object.keys(situations), 'session'].sort());
});

test.each(queries.filter((query) => viewOf(query) in situations).map((query) => [viewOf(query), query]))(
  'the query of %s shows its situation',
  async (view, query) => {
    await using database = await testDatabase();
    const { bring, shows } = situations[view] as (typeof situations)[string];
    await bring(database);
    const rows = await asDba(database, query);
    for (const row of [shows].flat()) expect(rows).toContainEqual(expect.objectContaining(row));
  },
);

test('the query of session names who is in the way, and who waits', async () => {
  const query = queries.find((each) => viewOf(each) === 'session') as string;
  await using database = await testDatabase();
  const holder = await database.pool.connect();
  const waiter = await database.pool.connect();
  await waiter.query("set application_name = 'milepost waiter'");
  await holder.query('begin; lock table milepost.claim');
  const waiting = waiter.query('select from milepost.claim');
  const { rows } = await holder.query('select pg_backend_pid() as pid');
  await waitFor('the wait to be seen', async () => {
    const seen = await asDba(database, query);
    expect(seen).toMatchObject([
      { pid: rows[0].pid, state: 'idle in transaction', blocked_by: [], blocks: '1', statement: null },
      { application: 'milepost waiter', blocked_by: [rows[0].pid], statement: 'select from milepost.claim' },
    ]);
    return true;
  });
  await holder.query('commit');
  await waiting;
  holder.release();
  waiter.release();
});

test('what has been read or judged since is no dead letter; a budget without a limit any more is shown', async () => {
  await using database = await testDatabase();
  const { pool } = database;
  await pool.query(
    `insert into milepost.parked_message (message_key, source, origin, bytes, reason, detail, received_at)
     select gen_random_uuid(), 'canonical', 'http', 'x', 'invalid_json', 'detail', now() from generate_series(1, 3)`,
  );
  await pool.query(
    `insert into milepost.event_failure select 1, player_no, 7, '{}', 'error ' || player_no, now() from generate_series(1, 2) as player_no`,
  );
  await pool.query(
    `with run as (insert into milepost.reprocess_run (started_at, asked_by, reason, wanted) values (now(), 'asha', 'mended', '{}') returning run_no)
     insert into milepost.parked_resolution select min(parked_no), max(run_no), 'e1', 'tests', 'applied', now() from milepost.parked_message, run`,
  );
  await pool.query(
    "insert into milepost.event_rejudged values (1, 2, 7, 8, 'failed', null, 'applied', null, null, now())",
  );
  await install(pool, { games: [gameHistory(makeGame())] });
  await pool.query("insert into milepost.budget_period select game_no, 'former', now(), 5, 1 from milepost.game");
  expect(await asDba(database, 'select kind, entries from milepost_dba.dead_letter order by kind')).toEqual([
    { kind: 'failed event', entries: '1' },
    { kind: 'parked message', entries: '2' },
  ]);
  expect(
    await asDba(database, 'select budget_id, limit_amount, taken_amount, taken_share from milepost_dba.budget'),
  ).toEqual([{ budget_id: 'former', limit_amount: null, taken_amount: '5', taken_share: null }]);
});

test('every view is on the page', async () => {
  await using database = await testDatabase();
  const { rows } = await database.pool.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'milepost_dba'::regnamespace and relkind = 'v'",
  );
  for (const { name } of rows) expect(text).toContain(`\`${name}\``);
});
