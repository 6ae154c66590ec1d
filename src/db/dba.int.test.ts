// The role for DBAs: reads its views and nothing else, and sees neither players nor payloads in them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { park } from '../inbox/store.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { owe } from '../testing/dispatch.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { connect, type Db } from './connect.ts';
import { transaction } from './transaction.ts';

/** In every place that speaks of a player or of what a player did. */
const secret = 'sec7ret';

let database: TestDatabase;
let dba: Db;
let views: string[];

beforeAll(async () => {
  database = await testDatabase();
  const { pool } = database;
  await install(pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
  {
    await using engine = testEngine(database.url);
    const user = `U-${secret}`;
    await engine.take([
      upiPayment(1, { user, id: `evt-${secret}`, received: Date.now() - 60_000, attributes: { merchant_id: secret } }),
      upiPayment(1, { user, id: `evt-${secret}-flagged`, attributes: { frm_flag: secret } }),
    ]);
    await transaction(engine.db, (tx) =>
      park(
        tx,
        [
          {
            source: 'payments',
            origin: { transport: 'http' },
            bytes: Buffer.from(secret),
            receivedAt: undefined,
            reason: 'invalid_json',
            detail: secret,
          },
        ],
        Date.now(),
      ),
    );
  }
  await owe(pool, { destination: 'voucher', count: 1 });
  await pool.query(
    `update milepost.outbox set state = 'failed', settled_at = now(), attempts = 2, last_error = 'no account of ' || $1 || ' (409)'
      where destination = 'voucher'`,
    [`U-${secret}`],
  );
  await pool.query(
    `insert into milepost.event_failure (bucket, player_id, event_no, event, error, failed_at)
     values (0, 1, 1, $1, 'invalid input: "' || $1 || '"', now())`,
    [secret],
  );
  await pool.query(`select graphile_worker.add_job('drain_outbox', json_build_object('destination', $1::text));`, [
    secret,
  ]);
  dba = connect(database.url, { role: 'milepost_dba', size: 1, log: silent });
  const { rows } = await pool.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'milepost_dba'::regnamespace and relkind = 'v' order by 1",
  );
  views = rows.map(({ name }) => name);
});
afterAll(async () => {
  await dba.close();
  await database[Symbol.asyncDispose]();
});

test('reads its views', async () => {
  expect(views.length).toBeGreaterThan(9);
  for (const view of views) await dba.pool.query(`select * from milepost_dba.${view}`);
});

test('reads no table, of us or of the job queue, calls no function, and changes nothing', async () => {
  const { rows } = await database.pool.query<{ statement: string }>(
    `select format('select from %I.%I', n.nspname, c.relname) as statement from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('milepost', 'graphile_worker', 'public') and c.relkind in ('r', 'p', 'v')
     union all
     select format('select %s.%I()', n.nspname, p.proname) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('milepost', 'graphile_worker') and p.pronargs = 0
     union all
     select format('create table %I.mine ()', nspname) from pg_namespace where nspname in ('milepost', 'milepost_dba')`,
  );
  expect(rows.length).toBeGreaterThan(30);
  const allowed: string[] = [];
  for (const { statement } of rows) {
    const code = await dba.pool.query(statement).then(
      () => 'allowed',
      (error: { code: string }) => error.code,
    );
    if (code !== '42501') allowed.push(`${statement}: ${code}`);
  }
  expect(allowed).toEqual([]);
});

test('sees nothing of players, payloads and what errors say of them', async () => {
  for (const view of views) {
    const { rows } = await dba.pool.query(`select v::text as row from milepost_dba.${view} as v`);
    expect(
      rows.filter(({ row }) => row.includes(secret)),
      view,
    ).toEqual([]);
  }
  // What is left of an error is enough to know its kind.
  const { rows } = await dba.pool.query("select reason from milepost_dba.dead_letter where kind = 'failed message'");
  expect(rows).toEqual([{ reason: 'no account of # (409)' }]);
});
