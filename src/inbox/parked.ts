// Parked messages: finding them, reading them again, and noting which could be read after all. A parked row is never changed.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Tx } from '../db/transaction.ts';
import type { Message } from '../event/event.ts';
import { parseOrigin } from '../event/origin.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

/** What is looked for; what is absent does not matter. */
export interface ParkedFilter {
  numbers?: readonly string[] | undefined;
  reason?: string | undefined;
  /** Not for this reason. */
  except?: string | undefined;
  source?: string | undefined;
  since?: Instant | undefined;
  until?: Instant | undefined;
  /** Whose bytes hold this text. */
  mentions?: string | undefined;
  /** Those too that could be read meanwhile. */
  resolved?: boolean | undefined;
}

export interface ParkedRow {
  parked_no: string;
  source: string;
  origin: string;
  bytes: Buffer;
  reason: string;
  detail: string;
  received_at: Instant;
  /** The event that it turned out to be, once it could be read. */
  event_id: string | null;
  resolved_at: Instant | null;
}

/** Parked messages after a number in ascending order, or the newest ones. */
export async function findParked(
  db: Db,
  filter: ParkedFilter,
  limit: number,
  after?: string | undefined,
): Promise<ParkedRow[]> {
  const { numbers, reason, except, source, since, until, mentions, resolved = false } = filter;
  const { rows } = await sql<ParkedRow>`
    select m.parked_no, m.source, m.origin, m.bytes, m.reason, m.detail, m.received_at, r.event_id, r.resolved_at
      from milepost.parked_message m
      left join milepost.parked_resolution r on r.parked_no = m.parked_no
     where ${resolved ? sql`true` : sql`r.parked_no is null`}
       ${after === undefined ? sql`` : sql`and m.parked_no > ${after}`}
       ${numbers === undefined ? sql`` : sql`and m.parked_no = any (${numbers}::bigint[])`}
       ${reason === undefined ? sql`` : sql`and m.reason = ${reason}`}
       ${except === undefined ? sql`` : sql`and m.reason <> ${except}`}
       ${source === undefined ? sql`` : sql`and m.source = ${source}`}
       ${since === undefined ? sql`` : sql`and m.received_at >= ${formatInstant(since)}::timestamptz`}
       ${until === undefined ? sql`` : sql`and m.received_at < ${formatInstant(until)}::timestamptz`}
       ${mentions === undefined ? sql`` : sql`and position(convert_to(${mentions}, 'UTF8') in m.bytes) > 0`}
     order by m.parked_no ${after === undefined ? sql`desc` : sql`asc`} limit ${limit}`.execute(db.query);
  return rows;
}

/** Whether a message names somebody or something: as a word by itself, since one id may be part of another. */
export function names({ bytes }: ParkedRow, id: string): boolean {
  const escaped = id.replaceAll(/[\^$\\.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${escaped}(?![\\p{L}\\p{N}_-])`, 'u').test(bytes.toString('utf8'));
}

/** Everything a filter names, a page at a time, from after a number on. A page is never empty. */
export async function* pagesOfParked(
  db: Db,
  filter: ParkedFilter,
  after: string | undefined,
): AsyncGenerator<ParkedRow[]> {
  let last = after ?? '0';
  for (;;) {
    const rows = await findParked(db, filter, limits.reprocessedEvents, last);
    if (rows.length === 0) return;
    last = rows.at(-1)?.parked_no as string;
    yield rows;
  }
}

/** The message as it came. A line of a file may say itself when it was received; whatever does not was received when it was parked. */
export function messageOf({ bytes, origin, received_at }: ParkedRow): Message {
  const from = parseOrigin(origin);
  return { bytes, origin: from, receivedAt: from.transport === 'file' ? undefined : received_at };
}

/** A parked message that could be read. */
export interface Resolution {
  parkedNo: string;
  eventId: string;
  producer: string;
  outcome: string;
}

/** Notes which messages could be read after all. Noting it twice changes nothing. */
export async function resolveParked(tx: Tx, run: string, resolutions: readonly Resolution[]): Promise<void> {
  if (resolutions.length === 0) return;
  await tx.query
    .insertInto('parked_resolution')
    .values(
      resolutions.map(({ parkedNo, eventId, producer, outcome }) => ({
        parked_no: parkedNo,
        run_no: run,
        event_id: eventId,
        producer,
        outcome,
        resolved_at: sql<string>`clock_timestamp()`,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
