// Retention of the inbox: days that nobody needs any more are detached, archived where that is wanted, and dropped, one after the other, while batches
// go on. And of the record of what people ask for (audit), whose old entries are deleted. Owns the order of these steps and the record of them (retired_partition), by which a run that was broken off is finished by the next.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Db } from '../db/connect.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { type Archive, archivePartition } from './archive.ts';

/** What is kept for how long. Absent: for ever. */
export interface RetentionPolicy {
  /** Days of receipt (UTC) before today. */
  inboxDays?: number | undefined;
  /** Where a day's events are written to before it is dropped; absent: nowhere. */
  archiveFolder?: string | undefined;
  /** Days for which identities of events are kept, whatever becomes of their payloads. */
  eventKeyDays?: number | undefined;
  /** Days of the record of what people ask for. */
  auditDays?: number | undefined;
}

export interface RetentionRun {
  log: Log;
  /** Breaks off between two steps, or while an archive is written; the next run goes on from there. */
  signal?: AbortSignal | undefined;
  /** Other times than the limits; for tests. */
  timing?: { lockMs: number; pauseMs: number };
}

export interface RetiredPartition {
  partition: string;
  day: string;
  archive: Archive | undefined;
}

export interface InboxPartition {
  partition: string;
  /** `2026-06-10`, UTC. */
  day: string;
  state: 'attached' | 'detaching' | 'detached';
  days_old: number;
  /** The planner's estimate; null before the first ANALYZE. */
  estimated_rows: number | null;
  bytes: number;
  may_be_dropped: boolean;
  reason: string;
}

/** The days of the inbox, oldest first, as DBAs see them. */
export async function readPartitions(db: Db): Promise<InboxPartition[]> {
  const { rows } = await db.pool.query<InboxPartition>(
    `select partition, to_char(day, 'YYYY-MM-DD') as day, state, days_old, estimated_rows::double precision, bytes::double precision,
            may_be_dropped, reason
       from milepost_dba.inbox_partition order by day, partition`,
  );
  return rows;
}

/**
 * Retires every day that the policy does not keep. Returns those that are gone now; undefined when somebody else is at it at this moment.
 * A day that a long transaction still reads is left for the next run. Works as milepost_retention, the inbox's owner.
 */
export async function applyRetention(
  db: Db,
  policy: RetentionPolicy,
  run: RetentionRun,
): Promise<RetiredPartition[] | undefined> {
  return alone(db, run, async (client) => {
    await recordPolicy(client, policy);
    if (policy.auditDays !== undefined) await expireAudit(client, policy.auditDays, run);
    if (policy.inboxDays !== undefined) {
      await begin(client, `(now() at time zone 'UTC')::date - ${Number(policy.inboxDays)}`, policy.archiveFolder);
    }
    return retire(client, run);
  });
}

/** Retires every day before `day` (`2026-06-10`, UTC, not after today), whatever the policy. Undefined: somebody else is at it. */
export async function dropBefore(
  db: Db,
  options: { day: string; archiveFolder: string | undefined },
  run: RetentionRun,
): Promise<RetiredPartition[] | undefined> {
  return alone(db, run, async (client) => {
    const before = `least(${pg.escapeLiteral(options.day)}::date, (now() at time zone 'UTC')::date)`;
    await begin(client, before, options.archiveFolder);
    return retire(client, run);
  });
}

/** Writes a day's events to a file; the day stays. Returns the file of each of its partitions. */
export async function archiveDay(db: Db, day: string, folder: string): Promise<Archive[]> {
  const partitions = (await readPartitions(db)).filter((partition) => partition.day === day);
  const client = await db.pool.connect();
  try {
    const archives: Archive[] = [];
    for (const { partition } of partitions) archives.push(await archivePartition(client, partition, folder));
    return archives;
  } finally {
    client.release();
  }
}

const LOCK = 77_003;

/** Does some work on a connection while nobody else does such work. */
async function alone<T>(
  db: Db,
  { timing }: RetentionRun,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T | undefined> {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [LOCK]);
    if (!rows[0]?.free) return undefined;
    await client.query(`set lock_timeout = ${timing?.lockMs ?? limits.retentionLockMs}`);
    return await work(client);
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    if (broken === undefined) await client.query('reset lock_timeout; select pg_advisory_unlock_all()');
    client.release(broken);
  }
}

async function recordPolicy(
  client: pg.PoolClient,
  { inboxDays, archiveFolder, eventKeyDays, auditDays }: RetentionPolicy,
): Promise<void> {
  await client.query(
    `insert into milepost.retention_policy (inbox_days, archive_folder, event_key_days, audit_days, applied_at)
     values ($1, $2, $3, $4, clock_timestamp())
     on conflict (one) do update set inbox_days = excluded.inbox_days, archive_folder = excluded.archive_folder,
                                     event_key_days = excluded.event_key_days, audit_days = excluded.audit_days,
                                     applied_at = excluded.applied_at`,
    [inboxDays ?? null, archiveFolder ?? null, eventKeyDays ?? null, auditDays ?? null],
  );
}

/** Deletes what is older from the record of what people ask for, some rows in each transaction. */
async function expireAudit(client: pg.PoolClient, days: number, { signal, log }: RetentionRun): Promise<void> {
  let deleted = 0;
  for (let more = true; more && signal?.aborted !== true; ) {
    const { rowCount } = await client.query(
      `delete from milepost.audit where audit_no in
         (select a.audit_no from milepost.audit a where a.at < now() - $1 * interval '1 day' order by a.at limit $2)`,
      [days, limits.expiredRows],
    );
    deleted += rowCount ?? 0;
    more = rowCount === limits.expiredRows;
  }
  if (deleted > 0) log.info({ deleted, days }, 'old entries of the record of what people ask for are deleted');
}

/** Puts every attached day before an SQL date on record as retiring. */
async function begin(client: pg.PoolClient, before: string, archiveFolder: string | undefined): Promise<void> {
  await client.query(
    `insert into milepost.retired_partition (partition, day, archive_folder, begun_at)
     select partition, day, $1, clock_timestamp() from milepost_dba.inbox_partition
      where state = 'attached' and day < ${before}
      order by day, partition
     on conflict (partition) where dropped_at is null do nothing`,
    [archiveFolder ?? null],
  );
}

interface Retiring {
  retired_no: string;
  partition: string;
  day: string;
  archive_folder: string | null;
  archived: boolean;
}

/**
 * Brings every day that is on record as retiring to its end, oldest first. One that cannot be detached now stays on record, and one that fails does not
 * keep the others.
 * @throws what kept days from being retired, after all of them were tried.
 */
async function retire(client: pg.PoolClient, run: RetentionRun): Promise<RetiredPartition[]> {
  const { rows } = await client.query<Retiring>(
    `select retired_no, partition, to_char(day, 'YYYY-MM-DD') as day, archive_folder, archived_at is not null as archived
       from milepost.retired_partition where dropped_at is null order by day, retired_no`,
  );
  const retired: RetiredPartition[] = [];
  const errors: Error[] = [];
  for (const retiring of rows) {
    if (run.signal?.aborted) break;
    const { partition, day } = retiring;
    try {
      const archive = await retireOne(client, retiring, run);
      if (archive !== 'in use') retired.push({ partition, day, archive });
    } catch (error) {
      errors.push(new Error(`${partition}: ${messageOf(error)}`, { cause: error }));
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map(messageOf).join('; '));
  return retired;
}

async function retireOne(
  client: pg.PoolClient,
  retiring: Retiring,
  run: RetentionRun,
): Promise<Archive | undefined | 'in use'> {
  const { partition, archive_folder: folder } = retiring;
  if (!(await patiently(run, partition, () => detach(client, retiring)))) return 'in use';
  let archive: Archive | undefined;
  if (folder !== null && !retiring.archived) {
    archive = await archivePartition(client, partition, folder, run.signal);
    await recordArchive(client, retiring, archive);
  }
  if (!(await patiently(run, partition, () => drop(client, retiring)))) return 'in use';
  run.log.info({ partition, archive: archive?.file, events: archive?.events }, 'a day of the inbox is dropped');
  return archive;
}

/**
 * Detaches a partition without stopping anybody: `concurrently` waits, with no lock that batches ask for, until the transactions of now have ended. Broken
 * off while it waits, it leaves the partition half detached: hidden from everybody, and to be finished.
 */
async function detach(client: pg.PoolClient, { retired_no, partition }: Retiring): Promise<void> {
  const { rows } = await client.query<{ pending: boolean }>(
    `select i.inhdetachpending as pending from pg_inherits i
      where i.inhparent = 'milepost.inbox'::regclass and i.inhrelid = to_regclass($1)`,
    [`milepost.${partition}`],
  );
  const attached = rows[0];
  if (attached !== undefined) {
    const how = attached.pending ? 'finalize' : 'concurrently';
    await client.query(`alter table milepost.inbox detach partition milepost.${pg.escapeIdentifier(partition)} ${how}`);
  }
  await client.query(
    'update milepost.retired_partition set detached_at = clock_timestamp() where retired_no = $1 and detached_at is null',
    [retired_no],
  );
}

async function recordArchive(client: pg.PoolClient, { retired_no }: Retiring, archive: Archive): Promise<void> {
  await client.query(
    `update milepost.retired_partition
        set archive_file = $2, archive_events = $3, archive_bytes = $4, archive_sha256 = $5, archived_at = clock_timestamp()
      where retired_no = $1`,
    [retired_no, archive.file, archive.events, archive.bytes, archive.sha256],
  );
}

/** In one transaction with its record, which refuses while an archive is wanted and not there. */
async function drop(client: pg.PoolClient, { retired_no, partition }: Retiring): Promise<void> {
  await client.query('begin');
  try {
    await client.query('update milepost.retired_partition set dropped_at = clock_timestamp() where retired_no = $1', [
      retired_no,
    ]);
    // Somebody with more rights than we may have dropped it by hand.
    await client.query(`drop table if exists milepost.${pg.escapeIdentifier(partition)}`);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** Does a step that waits for a lock, some times at most. False: it is still not free, and the next run tries again. */
async function patiently(
  { log, timing }: RetentionRun,
  partition: string,
  step: () => Promise<void>,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await step();
      return true;
    } catch (error) {
      const { code } = error as { code?: string };
      // Lock or statement time-out.
      if (code !== '55P03' && code !== '57014') throw error;
      if (attempt === limits.retentionTries) {
        log.warn({ partition }, 'a day of the inbox is still in use by a long transaction: left for the next run');
        return false;
      }
    }
    await delay(timing?.pauseMs ?? limits.retentionPauseMs);
  }
}
