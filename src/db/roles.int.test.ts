// Who may do what, tried as each role: every verb on every table of the schema, and every column that may be updated.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../engine/process.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../testing/make.ts';
import { connect, type Db, type Role } from './connect.ts';

const processes = ['milepost_ingest', 'milepost_worker', 'milepost_api', 'milepost_owner', 'milepost_support'] as const;
/** And the role that owns the days of the inbox, and the one that erases players. */
const roles = [...processes, 'milepost_retention', 'milepost_erase'] as const;
type Named = (typeof roles)[number];

let database: TestDatabase;
const dbs = new Map<Role, Db>();
/** What each role was able to do, as `verb table` or `update table.column`. */
const able = new Map<Named, string[]>();

beforeAll(async () => {
  database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
  {
    await using engine = testEngine(database.url);
    await engine.take([upiPayment(1)]);
  }
  for (const role of roles) dbs.set(role, connect(database.url, { role, size: 1, log: silent }));
  const { rows } = await database.pool.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(quote_ident(a.attname) order by a.attnum) as columns
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = ''
      where c.relnamespace = 'milepost'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      group by 1 order by 1`,
  );
  for (const role of roles) {
    const can: string[] = [];
    for (const { name, columns } of rows) {
      // Rights are checked before the first row is looked for, so that nothing has to be changed.
      const attempts: [string, string][] = [
        [`select ${name}`, `select * from milepost.${name} where false`],
        [
          `insert ${name}`,
          `insert into milepost.${name} (${columns}) select ${columns.map((column) => `(null::milepost.${name}).${column}`)} where false`,
        ],
        [`delete ${name}`, `delete from milepost.${name}`],
        [`truncate ${name}`, `truncate milepost.${name}`],
        ...columns.map((column): [string, string] => [
          `update ${name}.${column}`,
          `update milepost.${name} set ${column} = default where false`,
        ]),
      ];
      for (const [what, statement] of attempts) if (await isAllowed(role, statement)) can.push(what);
    }
    able.set(role, can);
  }
});
afterAll(async () => {
  for (const db of dbs.values()) await db.close();
  await database[Symbol.asyncDispose]();
});

/** Tries a statement in a transaction that is rolled back. */
async function isAllowed(role: Named, statement: string): Promise<boolean> {
  const client = await (dbs.get(role) as Db).pool.connect();
  try {
    await client.query('begin');
    await client.query(statement);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '42501') return false; // insufficient privilege
    throw error;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const allOf = (role: Named, verb: string) =>
  (able.get(role) as string[]).filter((what) => what.startsWith(`${verb} `)).map((what) => what.slice(verb.length + 1));
const everybody = (verb: string) => new Set(processes.flatMap((role) => allOf(role, verb)));

describe('milepost_ingest', () => {
  test('deletes nothing but the mark of a start, and who counts for a player that is taken out of a person', () => {
    expect(allOf('milepost_ingest', 'delete')).toEqual(['player_owner', 'source_start']);
  });

  test('changes only totals, outcomes, statuses, positions, who counts for whom and how far runs are, column by column', () => {
    expect(allOf('milepost_ingest', 'update').filter((column) => !column.startsWith('source_'))).toEqual([
      ...['status'].map((column) => `claim.${column}`),
      ...['revision', 'member'].map((column) => `cohort_membership.${column}`),
      ...['given', 'stock'].map((column) => `cookie_stock.${column}`),
      'erased_user.player_id',
      ...['error', 'failed_at'].map((column) => `event_failure.${column}`),
      ...['content_hash', 'outcome', 'reason', 'received_at'].map((column) => `event_key.${column}`),
      'player.merges',
      ...['owner_bucket', 'owner_id'].map((column) => `player_owner.${column}`),
      ...['value', 'cleared', 'state', 'version', 'updated_at', 'claimed', 'taken_back'].map(
        (column) => `progress.${column}`,
      ),
      ...['bucket', 'player_id', 'players', 'changed', 'updated_at', 'ended_at'].map((column) => `rebuild.${column}`),
      ...['windows', 'expected', 'stored'].map((column) => `rebuild_bucket.${column}`),
      ...['"position"', 'looked_at', 'changed', 'ended_at'].map((column) => `reprocess_run.${column}`),
      'ruling.waiting',
    ]);
  });

  test('touches no definitions', () => {
    for (const table of ['game', 'game_version', 'game_status_change', 'definitions']) {
      expect(allOf('milepost_ingest', 'insert')).not.toContain(table);
    }
  });
});

test('milepost_api and milepost_support write nothing at all', () => {
  for (const role of ['milepost_api', 'milepost_support'] as const) {
    expect((able.get(role) as string[]).filter((what) => !what.startsWith('select '))).toEqual([]);
    expect(allOf(role, 'select')).toContain('claim');
  }
});

test('whoever gives a command adds who, what and why to the record, and says neither the number nor the time of it', async () => {
  for (const role of [...processes, 'milepost_retention'] as const) {
    const mayAdd = !['milepost_worker', 'milepost_api'].includes(role);
    const own = "insert into milepost.audit (actor, scope, action, subject, details) values ('a', 's', 'a', '', '{}')";
    expect(await isAllowed(role, own), role).toBe(mayAdd);
    const when =
      "insert into milepost.audit (at, actor, scope, action, subject, details) values (now(), 'a', 's', 'a', '', '{}')";
    expect(await isAllowed(role, when), role).toBe(false);
    expect(await isAllowed(role, "update milepost.audit set actor = 'b'"), role).toBe(false);
  }
});

test('milepost_worker writes what leaves, and no game state', () => {
  const written = ['insert', 'update', 'delete'].flatMap((verb) =>
    allOf('milepost_worker', verb).map((what) => what.split('.')[0]),
  );
  expect([...new Set(written)].sort()).toEqual([
    'budget_period',
    'budget_reservation',
    'circuit',
    'circuit_change',
    'dispatch_attempt',
    'dispatch_rate',
    'outbox',
    'outbox_conclusion',
    'outbox_retry',
    'service_request',
    'voucher_code',
  ]);
  expect(allOf('milepost_worker', 'delete')).toEqual(['circuit', 'outbox']);
});

test('milepost_owner activates; it can neither rewrite what is in force nor change a cohort', () => {
  expect(allOf('milepost_owner', 'update')).toEqual(['definitions.epoch', 'game.game_id', 'game.revision']);
  expect(allOf('milepost_owner', 'delete')).toEqual([]);
  expect(allOf('milepost_owner', 'insert')).toEqual(['game', 'game_status_change', 'game_version']);
});

test('ledgers are append-only for everybody, and of a claim only the status may change', () => {
  const updates = [...everybody('update')];
  for (const ledger of [
    'credit',
    'claim_transition',
    'inbox',
    'event_conflict',
    'game_version',
    'game_status_change',
    'dispatch_attempt',
    'circuit_change',
    'outbox_retry',
    'ingest_pause',
    'player_merge',
    'player_mention',
  ]) {
    expect(updates.filter((column) => column.startsWith(`${ledger}.`))).toEqual([]);
    expect([...everybody('delete')]).not.toContain(ledger);
  }
  expect(updates.filter((column) => column.startsWith('claim.'))).toEqual(['claim.status']);
  expect(updates.filter((column) => column.startsWith('player.'))).toEqual(['player.merges']);
  expect([...everybody('truncate')]).toEqual([]);
});

test('milepost_erase writes names and texts, and no amount, status or number of a ledger', () => {
  expect(allOf('milepost_erase', 'insert')).toEqual(['audit', 'erased_user', 'erasure']);
  expect(allOf('milepost_erase', 'delete')).toEqual([
    ...['event_conflict', 'event_failure', 'parked_message', 'voucher_code'],
  ]);
  expect(allOf('milepost_erase', 'update')).toEqual([
    ...['subject', 'reason', 'details'].map((column) => `audit.${column}`),
    ...['payment_id', 'transaction_id', 'distinct_value', 'event_id'].map((column) => `credit.${column}`),
    ...['request', 'answer', 'error'].map((column) => `dispatch_attempt.${column}`),
    ...['erased_at', 'player_id'].map((column) => `erased_user.${column}`),
    ...['ended_at', 'user_id'].map((column) => `erasure.${column}`),
    ...['event_id', 'content_hash'].map((column) => `event_key.${column}`),
    ...['body', 'state', 'last_error', 'answer'].map((column) => `outbox.${column}`),
    ...['error', 'reason'].map((column) => `outbox_conclusion.${column}`),
    ...['error', 'reason'].map((column) => `outbox_retry.${column}`),
    'parked_resolution.event_id',
    'player.user_id',
    'player_merge.reason',
    ...['state', 'version', 'updated_at'].map((column) => `progress.${column}`),
    ...['progress_before', 'progress_after'].map((column) => `rebuild_change.${column}`),
    ...['wanted', 'reason'].map((column) => `reprocess_run.${column}`),
    ...['event_id', 'original_event_id', 'payment_id'].map((column) => `ruling.${column}`),
  ]);
});

test('milepost_retention writes the inbox, which it owns, prunes identities and old entries of the audit, and writes the record of what went', () => {
  const all = (able.get('milepost_retention') as string[]).filter((what) => !/^\w+ inbox\b/.test(what));
  expect(all.filter((what) => what.startsWith('update '))).toEqual(
    [
      ...['epoch', 'event_keys_from'].map((column) => `update definitions.${column}`),
      ...['outcome', 'reason'].map((column) => `update event_key.${column}`),
      'update ruling.waiting',
      ...['inbox_days', 'event_key_days', 'archive_folder', 'applied_at', 'one', 'audit_days'].map(
        (column) => `update retention_policy.${column}`,
      ),
      ...[
        'archive_file',
        'archive_events',
        'archive_bytes',
        'archive_sha256',
        'archived_at',
        'detached_at',
        'dropped_at',
      ].map((column) => `update retired_partition.${column}`),
    ].sort((a, b) => all.indexOf(a) - all.indexOf(b)),
  );
  expect(all.filter((what) => !what.startsWith('update '))).toEqual([
    ...['select audit', 'delete audit', 'select definitions'],
    ...['event_conflict', 'event_failure'].map((table) => `delete ${table}`),
    ...['select event_key', 'delete event_key', 'delete event_rejudged'],
    ...['game', 'game_status_change', 'game_version', 'player'].map((table) => `select ${table}`),
    'select retention_policy',
    'insert retention_policy',
    'select retired_partition',
    'insert retired_partition',
  ]);
});

test('nobody else makes tables in the schema, nor changes what is there', async () => {
  for (const role of processes) {
    for (const statement of [
      'create table milepost.mine ()',
      'drop table milepost.credit',
      'alter table milepost.inbox detach partition milepost.inbox_20260510',
      'alter table milepost.claim drop constraint claim_pkey',
    ]) {
      expect(await isAllowed(role, statement), `${role}: ${statement}`).toBe(false);
    }
  }
});

describe('functions', () => {
  const functions = async () => {
    const { rows } = await database.pool.query(
      `select p.proname as name, p.prosecdef as definer, coalesce(array_to_string(p.proconfig, ' '), '') as settings,
              coalesce((select bool_or(grantee = 0) from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))), false) as public,
              array(select r from unnest($1::text[]) as r where has_function_privilege(r, p.oid, 'execute')) as callers
         from pg_proc p where p.pronamespace = 'milepost'::regnamespace order by 1`,
      [processes],
    );
    return rows as { name: string; definer: boolean; settings: string; public: boolean; callers: string[] }[];
  };

  test('none is for the public, and those with their owner’s rights have a pinned search_path', async () => {
    for (const { name, definer, settings, public: forAll } of await functions()) {
      expect(forAll, name).toBe(false);
      if (definer) expect(settings, name).toContain('search_path=pg_catalog, pg_temp');
    }
  });

  test('only milepost_ingest may call what decides and records', async () => {
    const found = Object.fromEntries((await functions()).map(({ name, callers }) => [name, callers]));
    for (const name of ['open_batch', 'apply_batch', 'games_apply', 'inbox_record', 'inbox_fail', 'inbox_advance']) {
      expect(found[name], name).toEqual(['milepost_ingest']);
    }
  });

  test('another role’s engine changes nothing: the database refuses it', async () => {
    for (const role of ['milepost_api', 'milepost_support', 'milepost_worker', 'milepost_owner'] as const) {
      const stop = new AbortController();
      const refused: string[] = [];
      const log = {
        ...silent,
        warn: ({ error }: { error: string }) => {
          refused.push(error);
          stop.abort();
        },
      } as unknown as typeof silent;
      const engine = createEngine(dbs.get(role) as Db, log);
      await expect(engine.process({ events: [upiPayment(1)], parked: [] }, stop.signal)).rejects.toThrow();
      expect(refused, role).toEqual([expect.stringContaining('permission denied')]);
    }
    expect((await database.pool.query('select from milepost.event_key')).rowCount).toBe(1);
  });
});
