// How fresh a player's read is: the event or payment it waits for, and what is said of it; the tag by which an unchanged answer is known. The tag leaves
// out what changes by itself (`as_of`, the seconds left), so that it changes when something has happened.
import { hash } from 'node:crypto';
import type { Context } from 'koa';
import { isIdentifier } from '../src/ids.ts';
import type { EventWaits } from '../src/inbox/await.ts';
import { counts, type EventName, type EventOutcome, outcomeInWords } from '../src/inbox/outcome.ts';
import { limits } from '../src/limits.ts';
import { Problem } from './problem.ts';
import { queryText } from './request.ts';

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

/** Reads `after_event`, or `after_payment`, and `wait` (seconds). */
export function awaitedOf(ctx: Context): Awaited | undefined {
  const [eventId, paymentId, wait] = ['after_event', 'after_payment', 'wait'].map((name) => queryText(ctx, name));
  if (eventId === undefined && paymentId === undefined) return undefined;
  if (eventId !== undefined && paymentId !== undefined) {
    throw new Problem(400, 'after_event and after_payment exclude each other');
  }
  for (const [name, id] of Object.entries({ after_event: eventId, after_payment: paymentId })) {
    if (id !== undefined && !isIdentifier(id)) {
      throw new Problem(400, `${name} must be an id of 1 to ${limits.identifierBytes} bytes`);
    }
  }
  return {
    event: eventId === undefined ? { paymentId: paymentId as string } : { eventId },
    forMs: secondsOf(wait) * 1_000,
  };
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return limits.awaitSeconds;
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= limits.awaitSecondsMax) return seconds;
  throw new Problem(400, `wait must be a whole number of seconds from 0 to ${limits.awaitSecondsMax}`);
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

/** Answers a player's own data: in full, or with 304 to whoever has it already. */
export function answer(ctx: Context, body: object): void {
  const text = JSON.stringify(body);
  const tag = tagOf(text);
  ctx.set({ ETag: tag, 'Cache-Control': 'private, no-cache', Vary: 'Authorization' });
  if (isKnown(ctx.get('If-None-Match'), tag)) {
    ctx.status = 304;
    return;
  }
  ctx.type = 'application/json';
  ctx.body = text;
}

/** Whether a tag is among those the caller has. */
function isKnown(tags: string, tag: string): boolean {
  if (tags === '') return false;
  const opaque = tag.slice('W/'.length);
  return tags === '*' || tags.split(',').some((each) => each.trim().replace(/^W\//, '') === opaque);
}
