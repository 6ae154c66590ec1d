// Delivers reward messages through a service: pays, or asks first: past the time for which the service remembers a key, and where a person has
// let a message be tried again.
import type { Destination, RewardMessage } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Delivery } from '../outbox/delivery.ts';
import type { Handler } from '../outbox/drain.ts';
import type { LeasedMessage } from '../outbox/lease.ts';
import type { RewardService } from './service.ts';

export function createRewardHandler(
  destination: Destination,
  service: RewardService,
  options: {
    callMs: number;
    idempotencyPeriodMs: number;
    /** Calls at once of this process; messages per second of all processes. */
    concurrency: number;
    ratePerSecond?: number | undefined;
  },
): Handler {
  async function deliver(message: LeasedMessage, signal: AbortSignal): Promise<Delivery> {
    const reward = message.body as RewardMessage;
    const { messageKey } = message;
    if (messageKey === null) throw new Error(`outbox message ${message.messageNo} is a reward without a key`);
    const asked = message.askKey ?? (isRemembered(message) ? null : messageKey);
    if (asked !== null) {
      const found = await service.lookup(reward, asked, signal);
      switch (found.kind) {
        case 'applied':
          return found.delivery;
        case 'retry':
          return found;
        case 'unanswerable':
          return { kind: 'ambiguous', request: found.request, answer: null, error: found.error };
        case 'absent':
          break;
        default:
          found satisfies never;
      }
    }
    return service.pay(reward, messageKey, signal);
  }

  /** Whether the service still knows the key of every earlier attempt by the time this one arrives. */
  function isRemembered({ ageMs }: LeasedMessage): boolean {
    return ageMs + limits.leaseSeconds * 1_000 < options.idempotencyPeriodMs;
  }

  return {
    destination,
    perCall: 1,
    concurrency: options.concurrency,
    ratePerSecond: options.ratePerSecond,
    // A look-up and a payment.
    callMs: 2 * options.callMs,
    retryMaxMs: limits.retryMaxMs,
    recorded: true,
    deliver: (messages, signal) => Promise.all(messages.map((message) => deliver(message, signal))),
  };
}
