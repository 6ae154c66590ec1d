// The stored events, found by what is known of them, for people and for judging them anew. Reads only. An event's payload may be gone: days of the
// inbox are dropped, identities stay.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { CanonicalEvent, IncomingEvent } from '../event/event.ts';
import { parseOrigin } from '../event/origin.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { StoredOutcome } from './stored-outcome.ts';

/** What is looked for; what is absent does not matter. */
export interface EventFilter {
  outcomes?: readonly StoredOutcome[] | undefined;
  /** The outcome's reason, such as `condition_failed`. */
  reason?: string | undefined;
  /** Received at or after this, and before that. */
  since?: Instant | undefined;
  until?: Instant | undefined;
  source?: string | undefined;
  type?: string | undefined;
  userId?: string | undefined;
  /** About this payment, or this transaction, by what their correlation says. */
  paymentId?: string | undefined;
  transactionId?: string | undefined;
  /** Any of these. */
  eventIds?: readonly string[] | undefined;
}

/** A place in the order in which events are judged anew: a player's in the order of their arrival. */
export interface EventPlace {
  bucket: number;
  player_id: string;
  event_no: string;
}

export interface StoredEvent extends EventPlace {
  event_id: string;
  producer: string;
  user_id: string;
  content_hash: string;
  outcome: StoredOutcome;
  reason: string | null;
  received_at: Instant;
  /** From here on null where the payload is gone; of a failed event only what can be read of it. */
  occurred_at: Instant | null;
  event_type: string | null;
  event_version: string | null;
  source: string | null;
  origin: string | null;
  /** Correlation and attributes, as the text that was hashed. */
  payload: string | null;
  /** A failed event as it came. */
  failed: string | null;
}

const columns = sql`
  k.bucket, k.player_id, k.event_no, k.event_id, k.producer, p.user_id, k.content_hash, k.outcome, k.reason, k.received_at,
  i.occurred_at, coalesce(i.event_type, milepost.failed_event(f.event) -> 'event' ->> 'event_type') as event_type, i.event_version,
  coalesce(i.source, milepost.failed_event(f.event) ->> 'source') as source, i.origin, i.payload::text as payload, f.event as failed`;

// A failed event has no payload in the inbox; what it was is kept with its error.
const tables = sql`
  milepost.event_key k
  join milepost.player p on p.bucket = k.bucket and p.player_id = k.player_id
  left join milepost.inbox i
    on i.bucket = k.bucket and i.player_id = k.player_id and i.received_at = k.received_at and i.event_no = k.event_no
  left join milepost.event_failure f
    on f.bucket = k.bucket and f.player_id = k.player_id and f.event_no = k.event_no and k.outcome = 'failed'`;

function conditions(filter: EventFilter): RawBuilder<unknown> {
  const { outcomes, reason, since, until, source, type, userId, paymentId, transactionId, eventIds } = filter;
  return sql.join(
    [
      sql`true`,
      ...(outcomes === undefined ? [] : [sql`k.outcome = any (${outcomes}::milepost.event_outcome[])`]),
      ...(reason === undefined ? [] : [sql`k.reason = ${reason}`]),
      ...(since === undefined ? [] : [sql`k.received_at >= ${formatInstant(since)}::timestamptz`]),
      ...(until === undefined ? [] : [sql`k.received_at < ${formatInstant(until)}::timestamptz`]),
      ...(source === undefined
        ? []
        : [sql`coalesce(i.source, milepost.failed_event(f.event) ->> 'source') = ${source}`]),
      ...(type === undefined
        ? []
        : [sql`coalesce(i.event_type, milepost.failed_event(f.event) -> 'event' ->> 'event_type') = ${type}`]),
      ...(userId === undefined ? [] : [sql`k.bucket = ${bucketOf(userId)} and p.user_id = ${userId}`]),
      // Of what is no longer stored, the credits still tell the payment.
      ...(paymentId === undefined
        ? []
        : [
            sql`case when i.payload is null
                  then exists (select from milepost.credit c where c.bucket = k.bucket and c.player_id = k.player_id
                                  and c.event_no = k.event_no and c.payment_id = ${paymentId})
                  else i.payload -> 'correlation' ->> 'payment_id' = ${paymentId} end`,
          ]),
      ...(transactionId === undefined
        ? []
        : [
            sql`${transactionId} in (i.payload -> 'correlation' ->> 'txn_id', i.payload -> 'correlation' ->> 'canonical_transaction_id')`,
          ]),
      ...(eventIds === undefined ? [] : [sql`k.event_id = any (${eventIds}::text[])`]),
    ],
    sql` and `,
  );
}

/** The newest events that a filter names. Without a player or a recent `since` it looks at every identity. */
export async function listEvents(db: Db, filter: EventFilter, limit: number): Promise<StoredEvent[]> {
  const { rows } = await sql<StoredEvent>`
    select ${columns} from ${tables}
     where ${conditions(filter)}
     order by k.received_at desc, k.event_no desc limit ${limit}`.execute(db.query);
  return rows;
}

/**
 * Everything a filter names, a page at a time: bucket by bucket, player by player, each player's events as they came; begun after a place. Events
 * named by their ids are found some ids at a time, and always from the beginning. A page is never empty.
 */
export async function* pagesOfEvents(
  db: Db,
  filter: EventFilter,
  after: EventPlace | undefined,
): AsyncGenerator<StoredEvent[]> {
  for (const part of partsOf(filter, after)) {
    let place = filter.eventIds === undefined ? after : undefined;
    for (;;) {
      const past =
        place === undefined
          ? sql``
          : sql`and (k.bucket, k.player_id, k.event_no) > (${place.bucket}, ${place.player_id}, ${place.event_no})`;
      const { rows } = await sql<StoredEvent>`
        select ${columns} from ${tables}
         where k.bucket = any (${part.buckets}::smallint[]) and ${conditions(part)} ${past}
         order by k.bucket, k.player_id, k.event_no limit ${limits.reprocessedEvents}`.execute(db.query);
      if (rows.length === 0) break;
      place = rows.at(-1);
      yield rows;
    }
  }
}

/** A filter in parts that a statement can look through: one bucket, or some ids in all of them. */
function partsOf(filter: EventFilter, after: EventPlace | undefined): (EventFilter & { buckets: number[] })[] {
  const { userId, eventIds } = filter;
  const buckets = userId === undefined ? allBuckets : [bucketOf(userId)];
  if (eventIds === undefined) {
    const from = after?.bucket ?? 0;
    return buckets.filter((bucket) => bucket >= from).map((bucket) => ({ ...filter, buckets: [bucket] }));
  }
  const parts = [];
  for (let first = 0; first < eventIds.length; first += limits.reprocessedEvents) {
    parts.push({ ...filter, buckets, eventIds: eventIds.slice(first, first + limits.reprocessedEvents) });
  }
  return parts;
}

const allBuckets = Array.from({ length: limits.buckets }, (_, bucket) => bucket);

/** A stored event as it came in; undefined when its payload is gone. */
export function incomingOf(stored: StoredEvent): IncomingEvent | undefined {
  // Lateness is judged by the receipt on record, not by when it is looked at again.
  if (stored.failed !== null) {
    return { ...(JSON.parse(stored.failed) as IncomingEvent), receivedAt: stored.received_at };
  }
  const { occurred_at, event_type, event_version, source, origin, payload } = stored;
  if (payload === null || occurred_at === null || event_type === null || event_version === null) return undefined;
  const { event_id, producer, user_id, received_at, content_hash } = stored;
  const { attributes, correlation } = JSON.parse(payload) as Pick<CanonicalEvent, 'attributes' | 'correlation'>;
  return {
    event: { event_id, event_type, event_version, occurred_at, producer, user_id, correlation, attributes },
    source: source ?? '',
    origin: parseOrigin(origin ?? ''),
    receivedAt: received_at,
    payload,
    contentHash: content_hash,
  };
}
