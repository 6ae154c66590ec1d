// A service that pays rewards and takes them back, as Milepost sees it. Adapters translate; they never decide when to try again, and never touch the
// database. What every one of them must do is written as tests: conformance.test.ts.

import type { Json } from '../event/event.ts';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';
import type { Delivery, RetryReason } from '../outbox/delivery.ts';

/** What a service knows of a key. */
export type Lookup =
  /** It was applied: the delivery is done, or ambiguous where what was applied is not what was asked for. */
  | { kind: 'applied'; delivery: Delivery }
  /** It was never applied. */
  | { kind: 'absent' }
  /** The service cannot tell, now or later. */
  | { kind: 'unanswerable'; request: Json; error: string }
  /** No answer this time. */
  | { kind: 'retry'; request: Json; reason: RetryReason; error: string; retryAfterMs?: number };

/**
 * What is sent is a pure function of message and key, and must stay so in later versions, since a service may compare a repeat with the first.
 */
export interface RewardService {
  /** Pays once in effect: the same key and message may be sent again any number of times. */
  pay(message: RewardMessage, key: string, signal: AbortSignal): Promise<Delivery>;
  /** Asks whether a payment was applied; changes nothing. */
  lookup(message: RewardMessage, key: string, signal: AbortSignal): Promise<Lookup>;
  /** Takes back what was paid (`message.paid` is known), once in effect like a payment; what is spent or used already is refused by the service. */
  takeBack(message: TakeBackMessage, key: string, signal: AbortSignal): Promise<Delivery>;
  /** Asks whether something was taken back; changes nothing. */
  lookupTakeBack(message: TakeBackMessage, key: string, signal: AbortSignal): Promise<Lookup>;
  /** Closes its connections. */
  close(): Promise<void>;
}
