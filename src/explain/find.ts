// Finding what is to be explained: events by their id, by the payment or transaction that they are about, or a player's newest. Reads only.
import type { Db } from '../db/connect.ts';
import { findParked, names, type ParkedRow } from '../inbox/parked.ts';
import { listEvents, pagesOfEvents, type StoredEvent } from '../inbox/stored.ts';
import { limits } from '../limits.ts';
import { accountsOf } from '../players/read.ts';
import { formatInstant, type Instant } from '../time.ts';

/** What is asked about. */
export type Question =
  | { eventId: string; userId?: string | undefined }
  | { paymentId: string; userId?: string | undefined }
  | { transactionId: string; userId?: string | undefined }
  | { userId: string };

/** Where to look for a payment or transaction of whose player nothing is said: at what was received in this time. */
export interface Range {
  since: Instant;
  until: Instant;
}

/** A parked message that may be what is asked for. */
export interface ParkedMention {
  parked_no: number;
  received_at: string;
  source: string;
  origin: string;
  reason: string;
  detail: string;
  /** The event that it turned out to be, once it could be read. */
  event_id: string | null;
}

const DAY_MS = 24 * 3_600_000;

/**
 * The events that a question is about, newest first, at most `limits.explainedEvents`; of a player those of the whole person. Without its player, a payment or transaction is looked for day by day from the newest on, which
 * takes seconds a day where there are millions of events; `progress` hears of each day.
 */
export async function findExplained(
  db: Db,
  question: Question,
  range: Range,
  progress: (day: string) => void = () => {},
): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  const { userId, ...named } = question;
  if (userId !== undefined) {
    const filter = 'eventId' in named ? { eventIds: [named.eventId] } : named;
    for (const account of await accountsOf(db, userId)) {
      found.push(...(await listEvents(db, { ...filter, userId: account }, limits.explainedEvents)));
    }
    return newest(found);
  }
  if ('eventId' in question) {
    for await (const page of pagesOfEvents(db, { eventIds: [question.eventId] }, undefined)) found.push(...page);
    return newest(found);
  }
  for (let until = range.until; until > range.since && found.length < limits.explainedEvents; until -= DAY_MS) {
    const since = Math.max(range.since, until - DAY_MS);
    progress(formatInstant(since).slice(0, 10));
    found.push(...(await listEvents(db, { ...question, since, until }, limits.explainedEvents - found.length)));
  }
  return found;
}

function newest(found: readonly StoredEvent[]): StoredEvent[] {
  return found
    .toSorted((a, b) => b.received_at - a.received_at || Number(BigInt(b.event_no) - BigInt(a.event_no)))
    .slice(0, limits.explainedEvents);
}

/** Messages that could not be read and name an id, of the newest that hold its text. */
export async function findMentions(db: Db, text: string): Promise<ParkedMention[]> {
  const rows = await findParked(db, { mentions: text, resolved: true }, limits.reprocessedEvents);
  const named = rows.filter((row) => names(row, text)).slice(0, limits.explainedMentions);
  return named.map(({ parked_no, received_at, source, origin, reason, detail, event_id }: ParkedRow) => ({
    parked_no: Number(parked_no),
    received_at: formatInstant(received_at),
    source,
    origin,
    reason,
    detail,
    event_id,
  }));
}

/** The id that a question names. */
export function nameOf(question: Question): string {
  if ('eventId' in question) return question.eventId;
  if ('paymentId' in question) return question.paymentId;
  return 'transactionId' in question ? question.transactionId : question.userId;
}
