// How fresh a player's read is: the event or payment it waits for, and what is said of it; the tag by which an unchanged answer is known. The tag leaves
// out what changes by itself (`as_of`, the seconds left), so that it changes when something has happened.
import { hash } from 'node:crypto';
import type { Context } from 'koa';
import type { EventWaits } from '../src/inbox/await.ts';
import { counts, type EventName, type EventOutcome, outcomeInWords } from '../src/inbox/outcome.ts';
import { limits } from '../src/limits.ts';
import { Problem } from './problem.ts';

/** The event that a request waits for. */
export interface Awaited {
  event: EventName;
  forMs: number;
}

/** What is said of the event that was waited for. */
export interface After {
  /** Null while it is not known which event tells of the payment. */
  event_id: string | null;
  payment_id: string | null;
  /** `applied`: its effect is in this answer · `not_applicable`: it was judged, and has none · `pending`: not judged yet. */
  status: 'applied' | 'not_applicable' | 'pending';
  /** Null while it is pending. */
  outcome: string | null;
  reason: string | null;
  /** In words. */
  detail: string;
}

/** The event that a query names, by its id or its payment's. */
export function awaitedOf(query: {
  after_event?: string | undefined;
  after_payment?: string | undefined;
  wait?: number | undefined;
}): Awaited | undefined {
  const { after_event: eventId, after_payment: paymentId, wait = limits.awaitSeconds } = query;
  if (eventId !== undefined && paymentId !== undefined) {
    throw new Problem(400, 'after_event and after_payment exclude each other');
  }
  const event = eventId !== undefined ? { eventId } : paymentId !== undefined ? { paymentId } : undefined;
  return event && { event, forMs: wait * 1_000 };
}

/** Waits for the event of a request, as long as the caller does. */
export async function outcomeOf(
  ctx: Context,
  waits: EventWaits,
  userId: string,
  { event, forMs }: Awaited,
): Promise<EventOutcome | undefined> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  ctx.res.once('close', leave);
  try {
    return await waits.outcome(userId, event, { forMs, signal: gone.signal });
  } finally {
    ctx.res.off('close', leave);
  }
}

export function afterView({ event }: Awaited, outcome: EventOutcome | undefined): After {
  const names = {
    event_id: outcome?.eventId ?? ('eventId' in event ? event.eventId : null),
    payment_id: 'paymentId' in event ? event.paymentId : null,
  };
  if (outcome === undefined) {
    return { ...names, status: 'pending', outcome: null, reason: null, detail: 'It has not arrived yet.' };
  }
  return {
    ...names,
    status: counts(outcome) ? 'applied' : 'not_applicable',
    outcome: outcome.outcome,
    reason: outcome.reason,
    detail: outcomeInWords(outcome.outcome, outcome.reason),
  };
}

// In a string of JSON a quote stands behind a backslash, so these match nothing that somebody wrote.
const CHANGES_BY_ITSELF = /"as_of":"[^"]*"|"seconds_remaining":\d+/g;

/** The tag of an answer's text. A weak one: answers of one tag mean the same, and are not alike byte by byte. */
export function tagOf(text: string): string {
  return `W/"${hash('sha1', text.replace(CHANGES_BY_ITSELF, ''), 'base64url')}"`;
}

/** Whether a tag is among those the caller has. */
export function isKnown(tags: string, tag: string): boolean {
  if (tags === '') return false;
  const opaque = tag.slice('W/'.length);
  return tags === '*' || tags.split(',').some((each) => each.trim().replace(/^W\//, '') === opaque);
}
