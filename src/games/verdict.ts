// Verdicts that people give on what is held, as messages of a source of its own, so that they pass the same door as everything else: they are
// normalised, stored in the inbox and judged once (ruling.ts). Never changes what is held.
import type { Message, Origin } from '../event/event.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import { ownSource } from '../event/source.ts';
import { digestOf } from '../ids.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { HeldClaim, HeldEvent } from './hold.ts';
import { verdictTypes } from './ruling.ts';

/** A verdict as somebody asks for it. */
export interface VerdictRequest {
  verdict: keyof typeof verdictTypes;
  /** Who asks, when and why, for the record. */
  by: string;
  at: Instant;
  reason: string;
}

/** What names a hold. */
export type NamedHold =
  | Pick<HeldEvent, 'kind' | 'user_id' | 'producer' | 'event_id'>
  | Pick<HeldClaim, 'kind' | 'user_id' | 'game_id' | 'window_start' | 'step' | 'earning'>;

const source = ownSource('holds');

export const HOLD_SOURCE = source.sourceId;

/** Reads `verdictMessage`s, and nothing else: this source is on no topic and cannot be named in a request. */
export function createHoldNormaliser(): Normaliser {
  return createNormaliser([source]);
}

/**
 * The event of a verdict. It names the earning of a claim, so that a late verdict never meets a later one. Its id tells apart each time that somebody
 * asks: a verdict that is refused, since nothing is held, does not stand in the way of a later one.
 */
export function verdictMessage(hold: NamedHold, { verdict, by, at, reason }: VerdictRequest, origin: Origin): Message {
  const named: Record<string, string | number> =
    hold.kind === 'event'
      ? { original_producer: hold.producer }
      : { game_id: hold.game_id, window_start: hold.window_start, step: hold.step, earning: hold.earning };
  const original = hold.kind === 'event' ? hold.event_id : null;
  const occurredAt = formatInstant(at);
  const event = {
    event_id: digestOf(
      verdict,
      hold.user_id,
      original ?? '',
      ...Object.values(named).map(String),
      occurredAt,
      by,
      reason,
    ),
    event_type: verdictTypes[verdict],
    occurred_at: occurredAt,
    user_id: hold.user_id,
    correlation: { original_event_id: original },
    attributes: { ...named, ruled_by: by, reason },
  };
  return { bytes: Buffer.from(JSON.stringify(event)), origin, receivedAt: undefined };
}
