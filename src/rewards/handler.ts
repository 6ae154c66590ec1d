// Delivers reward messages through a service: pays or takes back, as the message's operation says, or asks first: past the time for which the service remembers a key, and where a person has
// let a message be tried again.
import type { Destination, RewardMessage, TakeBackMessage } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Delivery } from '../outbox/delivery.ts';
import type { Handler } from '../outbox/drain.ts';
import type { LeasedMessage } from '../outbox/lease.ts';
import type { Lookup, RewardService } from './service.ts';

/** What a message wants done, and how the service is asked whether it was. */
interface Operation {
  apply(key: string, signal: AbortSignal): Promise<Delivery>;
  lookup(key: string, signal: AbortSignal): Promise<Lookup>;
}

export function createRewardHandler(
  destination: Destination,
  service: RewardService,
  options: {
    /** What is sent now, where that may change, and the service as it was asked by something before. */
    requests?: { digest: string; serviceBy: (digest: string) => Promise<RewardService> } | undefined;
    callMs: number;
    idempotencyPeriodMs: number;
    /** Calls at once of this process; messages per second of all processes. */
    concurrency: number;
    ratePerSecond?: number | undefined;
  },
): Handler {
  const { requests } = options;

  async function deliver(message: LeasedMessage, signal: AbortSignal): Promise<Delivery> {
    const { messageKey, requestDigest } = message;
    const frozen = requestDigest === null ? service : ((await requests?.serviceBy(requestDigest)) ?? service);
    const operation = operationOf(frozen, message.body as RewardMessage | TakeBackMessage);
    if (messageKey === null) throw new Error(`outbox message ${message.messageNo} is a reward without a key`);
    const asked = message.askKey ?? (isRemembered(message) ? null : messageKey);
    if (asked !== null) {
      const found = await operation.lookup(asked, signal);
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
    return operation.apply(messageKey, signal);
  }

  function operationOf(service: RewardService, body: RewardMessage | TakeBackMessage): Operation {
    if (!('operation' in body)) {
      return {
        apply: (key, signal) => service.pay(body, key, signal),
        lookup: (key, signal) => service.lookup(body, key, signal),
      };
    }
    if (body.operation === 'take_back') {
      return {
        apply: (key, signal) => service.takeBack(body, key, signal),
        lookup: (key, signal) => service.lookupTakeBack(body, key, signal),
      };
    }
    // Of a newer version: whoever knows it will deliver it.
    throw new Error(`this version knows no operation ${JSON.stringify(body.operation satisfies never)}`);
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
    requestDigest: requests?.digest,
    // A look-up and what it was for.
    callMs: 2 * options.callMs,
    retryMaxMs: limits.retryMaxMs,
    recorded: true,
    deliver: (messages, signal) => Promise.all(messages.map((message) => deliver(message, signal))),
  };
}
