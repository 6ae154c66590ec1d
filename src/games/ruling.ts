// Rulings: what is said afterwards about events that counted. A reversal takes an event back, or part of its amount; a verdict releases or voids
// what is held. Owns which events are rulings, what they name, and what a ruling makes of a credit. Pure.
import { conditionFails } from '../condition/condition.ts';
import { decimalOf, fromDecimal } from '../digits.ts';
import { show } from '../errors.ts';
import { controlEvents, reversalTypes } from '../event/control.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { parseInstant } from '../time.ts';
import type { Trigger } from './config.ts';
import type { Game } from './game.ts';
import type { ClaimRuling, Correction, Credit, Ruling } from './games.ts';
import { contributionOf } from './progression.ts';

const [HOLD_RELEASED, HOLD_VOIDED] = controlEvents.holds;

/** The event type of each verdict on what is held. */
export const verdictTypes = { released: HOLD_RELEASED, voided: HOLD_VOIDED } as const;

/** Whether an event takes others back instead of counting itself. */
export function isReversal({ event_type, correlation }: CanonicalEvent): boolean {
  return reversalTypes.includes(event_type) || correlation.original_event_id !== null;
}

/** Whether an event is a verdict on what is held. */
export function isVerdict({ event_type }: CanonicalEvent): boolean {
  return event_type === HOLD_RELEASED || event_type === HOLD_VOIDED;
}

/** What a reversal says; `problem` names what is not right. */
export function readReversal(event: CanonicalEvent, eventNo: number): { ruling: Ruling } | { problem: string } {
  const { original_event_id: originalEventId, payment_id: paymentId } = event.correlation;
  if (originalEventId === null && paymentId === null) {
    return { problem: 'correlation: a reversal names an original_event_id or a payment_id' };
  }
  const { transaction_amount: amount = null } = event.attributes;
  if (amount !== null && (typeof amount !== 'number' || amount <= 0)) {
    return {
      problem: `attributes.transaction_amount: expected what is taken back, or null for all; found ${show(amount)}`,
    };
  }
  return { ruling: { kind: 'reversed', amount, ...named(event), eventNo, waiting: false } };
}

/** What a verdict says: about an event that it names, or about a claim (attributes game_id, window_start, step and, if it is told, earning). */
export function readVerdict(
  event: CanonicalEvent,
  eventNo: number,
): { ruling: Ruling } | { claim: ClaimRuling } | { problem: string } {
  const kind = event.event_type === HOLD_RELEASED ? 'released' : 'voided';
  if (event.correlation.original_event_id !== null) {
    return { ruling: { kind, amount: null, ...named(event), eventNo, waiting: false } };
  }
  const { game_id: gameId, window_start: start, step, earning = null } = event.attributes;
  if (typeof gameId !== 'string') return { problem: `attributes.game_id: expected text; found ${show(gameId)}` };
  const windowStart = typeof start === 'string' ? parseInstant(start) : undefined;
  if (windowStart === undefined) return { problem: `attributes.window_start: expected a time; found ${show(start)}` };
  if (typeof step !== 'number' || !Number.isSafeInteger(step)) {
    return { problem: `attributes.step: expected the number of a step; found ${show(step)}` };
  }
  if (earning !== null && (typeof earning !== 'number' || !Number.isSafeInteger(earning))) {
    return { problem: `attributes.earning: expected the number of an earning, or null; found ${show(earning)}` };
  }
  return { claim: { kind, gameId, windowStart, step, earning } };
}

function named({ event_id, producer, correlation, attributes }: CanonicalEvent) {
  const { original_event_id: originalEventId, payment_id } = correlation;
  const { original_producer: of } = attributes;
  return {
    eventId: event_id,
    producer,
    originalEventId,
    originalProducer: originalEventId !== null && typeof of === 'string' ? of : null,
    // An original that is named is all that is meant, whatever its payment.
    paymentId: originalEventId === null ? payment_id : null,
  };
}

/** The reversals of an event that came before it. */
export function reversalsOf(event: CanonicalEvent, { rulings }: { rulings: readonly Ruling[] }): Ruling[] {
  return rulings.filter((ruling) => ruling.kind === 'reversed' && namesEvent(ruling, event));
}

/** Whether a ruling names an event. */
export function namesEvent(ruling: Ruling, { event_id, producer, correlation }: CanonicalEvent): boolean {
  if (ruling.originalEventId === null) return ruling.paymentId === correlation.payment_id;
  return ruling.originalEventId === event_id && (ruling.originalProducer ?? producer) === producer;
}

/**
 * What a credit counts once a ruling is added to those before it; undefined where that changes nothing. In whatever order rulings are added, the
 * result is the same. `game` is the version that judged the credit.
 */
export function correct(credit: Credit, ruling: Ruling, game: Game): Correction | undefined {
  const { remaining, amount, held } = credit.correction ?? {
    remaining: null,
    amount: credit.amount,
    held: credit.held,
  };
  if (remaining === 0) return undefined;
  switch (ruling.kind) {
    case 'released':
      return held ? { remaining, amount, held: false } : undefined;
    case 'voided':
      return held ? { remaining: 0, amount: 0, held } : undefined;
    case 'reversed': {
      const before = remaining ?? credit.transactionAmount;
      const left = before === null || ruling.amount === null ? 0 : less(before, ruling.amount);
      return { remaining: left, amount: worthOfRest(credit, left, game), held };
    }
  }
}

/** a - b as exact decimals, never below 0. */
function less(a: number, b: number): number {
  const [one, other] = [decimalOf(a), decimalOf(b)];
  const places = Math.max(one.places, other.places);
  const digits = one.digits * 10n ** BigInt(places - one.places) - other.digits * 10n ** BigInt(places - other.places);
  return digits <= 0n ? 0 : fromDecimal({ digits, places });
}

/**
 * What a credit is worth as if its event had been of the rest of its amount: nothing when that alone makes the rule fail, and by the trigger's
 * progression where it goes by the amount. Never more than before.
 */
function worthOfRest(credit: Credit, left: number, game: Game): number {
  if (left === 0) return 0;
  const { rule, progression_config } = game.triggersById.get(credit.triggerId) as Trigger;
  const rest = { attributes: { transaction_amount: left } } as unknown as CanonicalEvent;
  if (conditionFails(rule, AMOUNT, rest, game.zone)) return 0;
  if (!('field' in progression_config) || progression_config.field !== AMOUNT || progression_config.mode === 'unique') {
    return credit.amount;
  }
  return Math.min(credit.amount, contributionOf(progression_config, rest, game.zone).amount);
}

const AMOUNT = 'attributes.transaction_amount';

/** The credits that count, as they count: as corrected, and without those that are worth nothing any more. */
export function liveCredits(credits: readonly Credit[]): readonly Credit[] {
  return credits.flatMap((credit) => {
    const { correction } = credit;
    if (correction === null) return [credit];
    return correction.amount === 0 ? [] : [{ ...credit, amount: correction.amount, held: correction.held }];
  });
}
