// What a claim that may be paid sends out. Pure. The key is the claim's identity, so that no retry, replay or restore can pay it twice.
import { type OutboxMessage, type RewardMessage, type RewardType, serviceOf } from '../event/message.ts';
import { digestOf } from '../ids.ts';
import { formatInstant, type Instant } from '../time.ts';

/** The identity of a claim, as it is known outside: no surrogate numbers, which a restore may hand out anew. */
export interface ClaimIdentity {
  userId: string;
  gameId: string;
  windowStart: Instant;
  step: number;
  earning: number;
}

/** The idempotency key of a claim's reward. */
export function rewardKey(claim: ClaimIdentity): string {
  const { userId, gameId, windowStart, step, earning } = claim;
  return digestOf('reward', userId, gameId, formatInstant(windowStart), String(step), String(earning));
}

/** The idempotency key of what takes a payment back: derived from the payment's, so that nothing is taken back twice either. */
export function takeBackKey(paymentKey: string): string {
  return digestOf('take_back', paymentKey);
}

type Payable = ClaimIdentity & {
  version: number;
  reward: { rewardType: RewardType; amount: number; pool: string | null };
  /** How much of it is kept back for debts. */
  netted: number;
};

/**
 * The message that pays a claim's reward, less what was netted, by way of its budgets where it has any; the event that made it due was received at
 * `eventReceivedAt`.
 */
export function payReward(
  claim: Payable & {
    /** The periods of budgets that it falls in. */
    budgets: readonly { budgetId: string; start: Instant }[];
  },
  bucket: number,
  eventReceivedAt: Instant,
): OutboxMessage {
  const budgets = claim.budgets.map(({ budgetId, start }) => ({
    budget_id: budgetId,
    period_start: formatInstant(start),
  }));
  return {
    bucket,
    destination: budgets.length > 0 ? 'budget' : serviceOf(claim.reward.rewardType),
    messageKey: rewardKey(claim),
    afterKey: null,
    body: {
      ...bodyOf(claim, eventReceivedAt),
      ...(budgets.length === 0 ? {} : { service: serviceOf(claim.reward.rewardType), budgets }),
    },
  };
}

/** The message that takes back what was paid for a claim, once it is known to have been paid. */
export function takeBackReward(claim: Payable, bucket: number, eventReceivedAt: Instant): OutboxMessage {
  const paymentKey = rewardKey(claim);
  return {
    bucket,
    destination: serviceOf(claim.reward.rewardType),
    messageKey: takeBackKey(paymentKey),
    afterKey: paymentKey,
    body: { ...bodyOf(claim, eventReceivedAt), operation: 'take_back', paid: null },
  };
}

function bodyOf(claim: Payable, eventReceivedAt: Instant): RewardMessage {
  return {
    user_id: claim.userId,
    reward_type: claim.reward.rewardType,
    amount: claim.reward.amount - claim.netted,
    game_id: claim.gameId,
    window_start: formatInstant(claim.windowStart),
    step: claim.step,
    earning: claim.earning,
    version: claim.version,
    event_received_at: formatInstant(eventReceivedAt),
    ...(claim.reward.pool === null ? {} : { pool: claim.reward.pool }),
  };
}
