// POST /api/events: producers send one event or a batch, and hear what became of each. It only turns a request into a batch of the engine: the
// same mapping, dedupe and decision as for Kafka. Nothing is kept of a request that is refused as a whole.
import type { Db } from '../src/db/connect.ts';
import { within } from '../src/deadline.ts';
import type { EventResult } from '../src/engine/batch.ts';
import type { Engine } from '../src/engine/process.ts';
import type { Json, Message, Normalised } from '../src/event/event.ts';
import type { Normaliser } from '../src/event/normalise.ts';
import { canonicalSource, type Source } from '../src/event/source.ts';
import { limits } from '../src/limits.ts';
import type { Instant } from '../src/time.ts';
import { sendEvents } from './contract/events.ts';
import { Problem, unavailable } from './problem.ts';
import type { Asked, Serve } from './serve.ts';
import type { Caller } from './state.ts';

/** What became of one event; a parked one has no identity yet, and says what was wrong with it. */
export type EventAnswer =
  | EventResult
  | { event_id: null; outcome: 'parked'; reason: string; detail: string; replayed: false };

/** What routes need that give the engine events on somebody's order. */
export interface OrderOptions {
  /** As milepost_api. */
  db: Db;
  engine: Pick<Engine, 'process'>;
  clock: () => Instant;
}

export function eventRoutes(serve: Serve, options: { engine: Pick<Engine, 'process'>; normaliser: Normaliser }): void {
  const { engine, normaliser } = options;

  serve(sendEvents, async (asked) => {
    const source = sourceOf(asked.query.source ?? canonicalSource.sourceId, normaliser);
    const messages = await readMessages(asked);
    const normalised = messages.map((message) => normaliser.normalise(source.sourceId, message));
    for (const [index, message] of normalised.entries()) assertMaySend(asked.caller, source, message, index);
    return { status: 200, body: { results: await process(normalised) } };
  });

  async function process(normalised: readonly Normalised[]): Promise<EventAnswer[]> {
    const batch = {
      events: normalised.flatMap((message) => (message.kind === 'event' ? [message.event] : [])),
      parked: normalised.flatMap((message) => (message.kind === 'parked' ? [message.parked] : [])),
    };
    const results = (await inTime('the events', (signal) => engine.process(batch, signal))).results.values();
    return normalised.map((message): EventAnswer => {
      if (message.kind === 'event') return results.next().value as EventResult;
      const { reason, detail } = message.parked;
      return { event_id: null, outcome: 'parked', reason, detail, replayed: false };
    });
  }
}

/**
 * The engine waits for a database that is away; a producer is told to come back. The signal ends the engine's attempts; one that hangs in the
 * database is not waited for either. Whether it committed is then unknown, and repeating is harmless.
 */
export async function inTime<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const aborted = new AbortController();
  return within(limits.httpWaitMs, work(aborted.signal), () => {
    aborted.abort();
    return unavailable(`${what} could not be stored in time`);
  });
}

function sourceOf(name: string, normaliser: Normaliser): Source {
  const source = normaliser.sourceOf(name);
  // A topic names a source too, but not here.
  if (source?.sourceId === name) return source;
  throw new Problem(400, `there is no source called ${JSON.stringify(name)}`);
}

/** The body is one event, or a batch `{"events": [...]}`. */
async function readMessages(asked: Asked<typeof sendEvents>): Promise<Message[]> {
  const { bytes, value } = await asked.body();
  const idempotencyKey = asked.headers['idempotency-key'];
  const events = batchOf(value);
  if (events === undefined) return [messageOf(bytes, idempotencyKey)];
  if (idempotencyKey !== undefined)
    throw new Problem(400, 'Idempotency-Key names one event; give each event of a batch an event_id');
  if (events.length === 0) throw new Problem(400, 'the batch is empty');
  if (events.length > limits.httpBatchEvents) {
    throw new Problem(413, `a batch may have ${limits.httpBatchEvents} events; this one has ${events.length}`);
  }
  return events.map((event, index) => messageOf(bytesOf(event, index), undefined));
}

function bytesOf(event: Json, index: number): Buffer {
  try {
    return Buffer.from(JSON.stringify(event));
  } catch (error) {
    if (error instanceof RangeError) throw new Problem(400, `event ${index} is nested too deeply`);
    throw error;
  }
}

function batchOf(value: Json): Json[] | undefined {
  if (Array.isArray(value)) throw new Problem(400, 'a batch is an object: {"events": [...]}');
  if (typeof value !== 'object' || value === null)
    throw new Problem(400, 'the body must be an event, or {"events": [...]}');
  const keys = Object.keys(value);
  return keys.length === 1 && Array.isArray(value.events) ? value.events : undefined;
}

function messageOf(bytes: Uint8Array, idempotencyKey: string | undefined): Message {
  return {
    bytes,
    origin: { transport: 'http' },
    receivedAt: undefined,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

/**
 * A producer sends for the sources and producers its token names; one event for somebody else refuses the request as a whole. Whose source may control
 * something is not for a message to say, though it may name any producer.
 */
function assertMaySend(caller: Caller, source: Source, message: Normalised, index: number): void {
  if (caller.sources.includes(source.sourceId)) return;
  if (source.controls.length > 0) {
    throw new Problem(
      403,
      `this token may not send to the source ${JSON.stringify(source.sourceId)}: name it in the claim sources`,
    );
  }
  const producer = message.kind === 'event' ? message.event.event.producer : source.producer;
  // A canonical message that cannot be read names no producer: it is parked under its source, where it harms nobody.
  if (producer === undefined || caller.sources.includes(producer)) return;
  throw new Problem(403, `this token may not send events of producer ${JSON.stringify(producer)} (event ${index})`);
}
