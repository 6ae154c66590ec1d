// The stored history: the events of the inbox, bucket by bucket and player by player, each player's in the order in which they were judged. Owns
// what of the inbox is read, and what is told where it holds nothing. Reads only; a page at a time, so that memory does not grow with the history.
import pg from 'pg';
import type { Statement } from '../cohorts/cohorts.ts';
import type { Db } from '../db/connect.ts';
import { arrayOf, arrayOfText, callFunction } from '../db/sql-function.ts';
import { type Tx, transaction } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import type { CanonicalEvent, IncomingEvent, Origin } from '../event/event.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant, utcDay } from '../time.ts';

/** Which events are wanted. */
export interface Wanted {
  /** By when they occurred: from the first instant on, before the second. */
  from: Instant;
  to: Instant;
  eventTypes: readonly string[];
  cohorts: readonly string[];
  /** Whether a rule asks who the producer is: the inbox does not say, and looking it up takes time. */
  producers: boolean;
}

export interface StoredEvent {
  incoming: IncomingEvent;
  eventNo: number;
  receivedAt: Instant;
}

/** Events of one player that follow each other. A player with many has several such runs. */
export interface Run {
  bucket: number;
  playerId: number;
  /** What is stated about the wanted cohorts, whenever it was. */
  statements: Statement[];
  events: StoredEvent[];
}

/** Hands over the wanted events of one bucket. `take` must not wait: the next page is on its way meanwhile. */
export async function readBucket(
  db: Db,
  bucket: number,
  wanted: Wanted,
  take: (runs: readonly Run[]) => void,
): Promise<void> {
  await transaction(db, async (tx) => {
    await tx.client.query(openCursor(bucket, wanted));
    const fetch = async (): Promise<Row[]> => {
      const text = `fetch ${limits.simulatedRows} from history`;
      return (await tx.client.query<Row>({ text, rowMode: 'array' })).rows;
    };
    let page = await fetch();
    while (page.length > 0) {
      const runs = runsOf(bucket, page);
      await readStatements(tx, runs, wanted.cohorts);
      const following = fetch();
      // It is waited for below, unless taking fails before.
      following.catch(() => {});
      take(runs);
      page = await following;
    }
  });
}

type Row = [
  playerId: string,
  eventNo: string,
  receivedAt: string,
  occurredAt: string,
  eventType: string,
  eventVersion: string,
  payload: Pick<CanonicalEvent, 'attributes' | 'correlation'>,
  producer: string | null,
];

function openCursor(bucket: number, { from, to, eventTypes, producers }: Wanted): string {
  const instant = (at: Instant): string => `'${formatInstant(at)}'::timestamptz`;
  const ms = (column: string): string => `(date_part('epoch', ${column}) * 1000)::bigint::text`;
  // What was received earlier than its producer's clock may be ahead is rejected, whatever the game; days before that need not be looked at.
  const received = `received_at >= ${instant(from - limits.clockSkewMs)}`;
  // Numbers are given under the lock of the player's bucket: they are the order in which a player's events were judged.
  const events = `
    select i.player_id::text, i.event_no::text, ${ms('i.received_at')}, ${ms('i.occurred_at')}, i.event_type, i.event_version, i.payload,
           ${producers ? 'k.producer' : 'null'}
      from milepost.inbox i ${producers ? 'join keys k on k.player_id = i.player_id and k.event_no = i.event_no' : ''}
     where i.bucket = ${bucket} and i.${received} and i.occurred_at >= ${instant(from)} and i.occurred_at < ${instant(to)}
       and i.event_type = any (${pg.escapeLiteral(arrayOfText([...eventTypes]))}::text[])
     order by i.player_id, i.event_no`;
  const keys = `
    with keys as materialized (
      select player_id, event_no, producer from milepost.event_key where bucket = ${bucket} and ${received}
    )`;
  return `
    set transaction read only;
    -- Rows in the order of the index, as they are asked for, and not a sorted copy of the bucket first.
    set local cursor_tuple_fraction = 0.0001;
    ${producers ? 'set local enable_nestloop = off;' : ''}
    declare history no scroll cursor for ${producers ? keys : ''} ${events}`;
}

/** The decision takes it along and never looks at it. */
const origin: Origin = { transport: 'http' };

function runsOf(bucket: number, page: readonly Row[]): Run[] {
  const runs: Run[] = [];
  let run: Run | undefined;
  for (const [player, eventNo, receivedAt, occurredAt, eventType, eventVersion, payload, producer] of page) {
    const playerId = Number(player);
    if (run?.playerId !== playerId) {
      run = { bucket, playerId, statements: [], events: [] };
      runs.push(run);
    }
    const event: CanonicalEvent = {
      // Its number stands in for its id, which is as unique and which no rule asks for.
      event_id: eventNo,
      event_type: eventType,
      event_version: eventVersion,
      occurred_at: Number(occurredAt),
      producer: producer ?? '',
      user_id: player,
      correlation: payload.correlation,
      attributes: payload.attributes,
    };
    const at = Number(receivedAt);
    const incoming = { event, source: '', origin, receivedAt: at, payload: '', contentHash: '' };
    run.events.push({ incoming, eventNo: Number(eventNo), receivedAt: at });
  }
  return runs;
}

async function readStatements(tx: Tx, runs: readonly Run[], cohorts: readonly string[]): Promise<void> {
  if (cohorts.length === 0) return;
  const [row] = await callFunction<{ cohorts_memberships: string }>(tx, 'cohorts_memberships', [
    { name: 'p_bucket', type: 'smallint[]', value: arrayOf(runs.map(({ bucket }) => bucket)) },
    { name: 'p_player_id', type: 'bigint[]', value: arrayOf(runs.map(({ playerId }) => playerId)) },
    { name: 'p_cohort_id', type: 'text[]', value: arrayOfText([...cohorts]) },
  ]);
  type Columns = [places: number[] | null, cohorts: number[], froms: Instant[], members: boolean[]];
  const [places, cohortPlaces, froms, members] = JSON.parse(row?.cohorts_memberships ?? '[null]') as Columns;
  places?.forEach((place, index) => {
    (runs[place - 1] as Run).statements.push({
      cohortId: cohorts[(cohortPlaces[index] as number) - 1] as string,
      from: froms[index] as number,
      member: members[index] as boolean,
    });
  });
}

// ---- what is stored at all

/** Days of receipt (UTC) of which the inbox has a partition. */
const DAYS = `
  select substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \\(''([^'']+)''\\)')::timestamptz as day
    from pg_inherits h join pg_class c on c.oid = h.inhrelid
   where h.inhparent = 'milepost.inbox'::regclass`;

/** Pages of the identities' table that are looked at for days that have been dropped; some tens of thousands of identities. */
const SAMPLED_PAGES = 1_000;

/**
 * Refuses a range of which days have been dropped from the inbox: identities are kept when payloads go, and a sample of them tells.
 * @throws UserError with the days, and where what is stored begins.
 */
export async function checkNotDropped(db: Db, from: Instant, to: Instant): Promise<void> {
  const { rows } = await db.pool.query<{ first: Instant | null; last: Instant | null }>(
    `with days as (${DAYS}),
          share as (
            select least(100, 100.0 * ${SAMPLED_PAGES} / greatest(1, pg_relation_size('milepost.event_key') / current_setting('block_size')::int))
                   as percent
          )
     select min(k.received_at) as first, max(k.received_at) as last
       from milepost.event_key k tablesample system ((select percent from share)) repeatable (1)
      where k.outcome <> 'failed' and k.received_at >= $1 and k.received_at < $2
        and date_trunc('day', k.received_at, 'UTC') not in (select day from days)`,
    [formatInstant(from), formatInstant(to)],
  );
  const { first, last } = rows[0] as (typeof rows)[number];
  if (first === null || last === null) return;
  const begin = formatInstant(Date.parse(utcDay(last)) + 24 * 3_600_000);
  throw new UserError(
    `events received from ${utcDay(first)} to ${utcDay(last)} are no longer stored: these days have been dropped from the inbox, and the ` +
      `simulation would miss them; choose --from ${begin} or later`,
  );
}

/** The error of a range without an event of the wanted types. */
export async function nothingStored(db: Db, { from, to, eventTypes }: Wanted): Promise<UserError> {
  const { rows } = await db.pool.query<{ first: Instant | null; last: Instant | null; others: boolean }>(
    `with days as (
       select d.day from (${DAYS}) as d
        where exists (select from milepost.inbox i where i.received_at >= d.day and i.received_at < d.day + interval '1 day')
     )
     select min(day) as first, max(day) as last,
            exists (select from milepost.inbox where received_at >= $3 and occurred_at >= $1 and occurred_at < $2) as others
       from days`,
    [formatInstant(from), formatInstant(to), formatInstant(from - limits.clockSkewMs)],
  );
  const { first, last, others } = rows[0] as (typeof rows)[number];
  const what = `no event of the types ${eventTypes.join(', ')} occurred from ${formatInstant(from)} to ${formatInstant(to)}`;
  if (first === null || last === null) return new UserError(`${what}: the inbox is empty`);
  const stored = `the inbox holds events received from ${utcDay(first)} to ${utcDay(last)} (UTC)`;
  return new UserError(
    `${what}${others ? ', though events of other types did' : ''}; ${stored}; choose another range with --from and --to`,
  );
}
