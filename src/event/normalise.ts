// Normalising: one message of a source in, one canonical event or one parked message out. Pure, and never throws on what a producer sent.
// The whole of it, top to bottom: decode, read in the source's shape, check, permit, write down, digest.
import { hash } from 'node:crypto';
import { show } from '../errors.ts';
import { toUuid } from '../ids.ts';
import { limits } from '../limits.ts';
import { type Instant, parseInstant } from '../time.ts';
import { readCanonical } from './canonical.ts';
import { controlOf } from './control.ts';
import { decode } from './decode.ts';
import type { IncomingEvent, Json, Message, Normalised } from './event.ts';
import { compileMappings } from './mapping.ts';
import { check, type RawEvent } from './raw-event.ts';
import { Refusal } from './refusal.ts';
import { checkTogether, type Source } from './source.ts';

export interface Normaliser {
  /** All Kafka topics that some source reads. */
  topics: readonly string[];
  /** The source of that name, or the one that reads that topic. */
  sourceOf(nameOrTopic: string): Source | undefined;
  /** Normalises one message of a source, given by its name or topic. Throws only when there is no such source. */
  normalise(nameOrTopic: string, message: Message): Normalised;
}

interface Reader {
  source: Source;
  amounts: readonly string[];
  read(root: { [key: string]: Json }, message: Message): RawEvent;
}

/** Compiles the sources. Throws a UserError when two of them cannot live together. */
export function createNormaliser(sources: readonly Source[]): Normaliser {
  checkTogether(sources);
  const readers = new Map<string, Reader>();
  for (const source of sources) {
    const reader = createReader(source);
    for (const key of [source.sourceId, ...source.topics]) readers.set(key, reader);
  }
  return {
    topics: sources.flatMap((source) => source.topics),
    sourceOf: (nameOrTopic) => readers.get(nameOrTopic)?.source,
    normalise(nameOrTopic, message) {
      const reader = readers.get(nameOrTopic);
      if (reader === undefined) throw new Error(`no source is called ${nameOrTopic} or reads such a topic`);
      try {
        return { kind: 'event', event: toEvent(reader, message) };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { origin, receivedAt } = message;
        const bytes = message.bytes.subarray(0, limits.parkedBytes);
        const source = reader.source.sourceId;
        return {
          kind: 'parked',
          parked: { source, origin, bytes, receivedAt, reason: error.reason, detail: error.message },
        };
      }
    },
  };
}

function createReader(source: Source): Reader {
  const declared = Object.keys(source.attributes).filter((name) => source.attributes[name] === 'amount');
  const amounts = [...new Set(['transaction_amount', ...declared])];
  if (source.shape === 'mapped') return { source, amounts, read: compileMappings(source) };
  const { producer } = source;
  return { source, amounts, read: (root, message) => readCanonical(root, message, producer) };
}

function toEvent(reader: Reader, message: Message): IncomingEvent {
  const { text, value: root } = decode(message.bytes);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    throw new Refusal('not_an_object', `expected a JSON object; found ${show(root)}`);
  }
  const raw = reader.read(root, message);
  // NUL and lone surrogates survive UTF-8 decoding only as \u escapes; without one, only a key from outside the message can hold them.
  const checkText = text.includes('\\u') || message.idempotencyKey !== undefined;
  const event = check(raw, reader.amounts, checkText);
  permit(reader.source, event.event_type);
  const payload = JSON.stringify({ attributes: event.attributes, correlation: event.correlation });
  return {
    event,
    source: reader.source.sourceId,
    origin: message.origin,
    receivedAt: message.receivedAt ?? receivedAtOf(root, message),
    payload,
    ...(message.trace === undefined ? {} : { trace: message.trace }),
    contentHash: toUuid(hash('sha256', `${event.event_type}\n${payload}`, 'hex')),
  };
}

/** Not every producer may change what others earn: a control event counts only where the source's file allows it. */
function permit({ sourceId, controls }: Source, eventType: string): void {
  const control = controlOf(eventType);
  if (control === undefined || controls.includes(control)) return;
  const mend = `if it may, its file says "controls": ["${control}"]`;
  throw new Refusal('not_permitted', `event_type: the source ${sourceId} may not send ${eventType} events; ${mend}`);
}

/** A line of a file may say when its message was received, for tests and back-fill; no other transport is believed. */
function receivedAtOf(root: { [key: string]: Json }, message: Message): Instant | undefined {
  const value = root.received_at;
  if (message.origin.transport !== 'file' || value === undefined || value === null) return undefined;
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  if (instant !== undefined) return instant;
  throw new Refusal('invalid_field', `received_at: expected a time with an offset; found ${show(value)}`);
}
