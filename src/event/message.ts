// The shape out: what an outbox row carries to its destination.
import type { Json } from './event.ts';

/** A service defined in configuration (game-configs/services), as everything names it: rewards, destinations, circuits, metrics. */
export type ConfiguredService = `service:${string}`;

/** What the id of a configured service looks like. */
export const SERVICE_ID = /^[a-z][a-z0-9_-]{0,63}$/;

/** NeuCoins, a voucher, or whatever a configured service gives. */
export type RewardType = 'NC' | 'VOUCHER' | ConfiguredService;

/**
 * Where a message goes; each destination is drained on its own, so that a slow service delays nobody else. `budget` is a stop on the way: there a
 * reward gets its part of the budgets that cover it, and goes on to its service. Configured services come besides.
 */
export const builtInDestinations = ['budget', 'neucoin', 'voucher', 'projection'] as const;
export type Destination = (typeof builtInDestinations)[number] | ConfiguredService;

/** The service that pays rewards of a type. */
export function serviceOf(type: RewardType): Destination {
  if (type === 'NC') return 'neucoin';
  return type === 'VOUCHER' ? 'voucher' : type;
}

/** Those that somebody is called for; only they, and configured services, have a circuit. */
export const calledDestinations = builtInDestinations.filter((destination) => destination !== 'budget');

/** A reward to be paid. Its message_key is the idempotency key: the claim's identity, never random, never a sequence. */
export interface RewardMessage {
  user_id: string;
  reward_type: RewardType;
  /** Whole units of the reward (NeuCoins; rupees of a voucher's face value; what a configured service makes of it). */
  amount: number;
  game_id: string;
  /** ISO instant; with game, step and earning it names the claim. */
  window_start: string;
  step: number;
  earning: number;
  /** The config version that judged the event which reached the step. */
  version: number;
  /**
   * ISO instant: when the event was received that made the reward due. No attempt is older; after a restore from backup this tells that an
   * attempt may have been made of which this database knows nothing.
   */
  event_received_at: string;
  /** The span of its cause (a W3C traceparent), where traces are on. No service is sent it. */
  trace?: string;
  /** The pool that a voucher comes from; absent for any. */
  pool?: string;
  /** The periods of budgets that it falls in, in the order of the configuration; absent where no budget covers it. */
  budgets?: { budget_id: string; period_start: string }[];
  /** Where it goes from its budgets; absent where none covers it. */
  service?: Destination;
  /** What it would have paid, where a budget had not enough left and `amount` is paid instead. */
  downgraded_from?: number;
}

/**
 * Takes a reward back that was paid: a debit, or a voucher's cancellation. It waits (outbox.after_key) until the payment has ended; its message_key
 * is derived from the payment's.
 */
export interface TakeBackMessage extends RewardMessage {
  operation: 'take_back';
  /** What was paid, once that is known: the key the service knows it by, and the kept answer. Null while the message waits. */
  paid: { key: string; answer: Json } | null;
}

/** Players whose projection must be read anew: one row per batch. */
export interface RefreshMessage {
  /** [bucket, player_id] of each. */
  players: [number, string][];
}

export interface OutboxMessage {
  bucket: number;
  destination: Destination;
  /** Null for a refresh, which needs no identity: reading anew twice is harmless. */
  messageKey: string | null;
  /** The message_key of the message whose end is waited for; null: due at once. */
  afterKey: string | null;
  body: RewardMessage | TakeBackMessage | RefreshMessage | Record<string, Json>;
}
