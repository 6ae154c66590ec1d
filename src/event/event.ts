// The canonical event: what every source is mapped to and the only thing the engine judges.
import type { Instant } from '../time.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Correlation {
  payment_id: string | null;
  txn_id: string | null;
  canonical_transaction_id: string | null;
  original_event_id: string | null;
}

/** A canonical event, validated: identifiers are non-empty, at most 128 bytes, without NUL or lone surrogates. */
export interface CanonicalEvent {
  event_id: string;
  event_type: string;
  event_version: string;
  occurred_at: Instant;
  producer: string;
  user_id: string;
  correlation: Correlation;
  attributes: Record<string, Json>;
}

/** Where a message came from; kept with the inbox row or the parked message. */
export type Origin =
  | { transport: 'kafka'; topic: string; partition: number; offset: string }
  | { transport: 'http' }
  | { transport: 'file'; file: string; line: number };

/** One message of a source, before mapping. */
export interface Message {
  bytes: Uint8Array;
  origin: Origin;
  /** The Kafka record's timestamp; undefined where acceptance is the time of receipt. */
  receivedAt: Instant | undefined;
  /** The `Idempotency-Key` of an HTTP producer, which stands in for a missing event_id. */
  idempotencyKey?: string;
  /** The producer's span (a W3C traceparent), where it sends one and traces are on. */
  trace?: string;
}

/** An event on its way into the inbox. */
export interface IncomingEvent {
  event: CanonicalEvent;
  /** The source whose mapping produced it. */
  source: string;
  origin: Origin;
  /** Undefined: the database's clock at acceptance. */
  receivedAt: Instant | undefined;
  /** Correlation and attributes as JSON with sorted keys: what the inbox stores and the content hash covers. */
  payload: string;
  /** The producer's span; no part of the event. */
  trace?: string;
  /** UUID-shaped digest of event_type and payload (not of occurred_at: a restamped repeat is a repeat). */
  contentHash: string;
}

/** A message that could not be read as an event: kept with its bytes and the reason, reprocessable once the cause is mended. */
export interface ParkedMessage {
  source: string;
  origin: Origin;
  bytes: Uint8Array;
  receivedAt: Instant | undefined;
  reason: ParkReason;
  detail: string;
}

/** Why a message was parked; closed, the same word in SQL, metrics and docs. */
export type ParkReason =
  | 'invalid_json'
  | 'not_an_object'
  | 'too_large'
  | 'unsupported_encoding'
  | 'unknown_version'
  | 'unmapped_type'
  | 'invalid_field'
  | 'not_permitted'
  | 'quarantined';

/** The result of normalising one message. */
export type Normalised = { kind: 'event'; event: IncomingEvent } | { kind: 'parked'; parked: ParkedMessage };
