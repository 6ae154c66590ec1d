// Makers with defaults: an event, a game, its config versions. What a test sets is what matters to it; everything else comes from here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldTypes } from '../condition/condition.ts';
import { createDefinitions, type Definitions } from '../definitions/definitions.ts';
import { correctionOf } from '../engine/correct.ts';
import type { CanonicalEvent, Correlation, IncomingEvent, Json, Origin } from '../event/event.ts';
import { attributeCatalogue, canonicalSource } from '../event/source.ts';
import { type GameConfig, gameSchema } from '../games/config.ts';
import type { StatusChange, Timeline } from '../games/decide.ts';
import { prepareGame } from '../games/game.ts';
import { parseGame } from '../games/parse.ts';
import { digestOf } from '../ids.ts';
import type { Instant } from '../time.ts';

/** The file that the game's owner gave us. */
export const seedGameFile = join(import.meta.dirname, '../../game-configs/upi_fs_milestone_may_2026.json');
export const seedCohort = 'viduur_segment_upi_fs_early_lifecycle';

/** The fields that rules may name. */
export const fields: FieldTypes = new Map(
  [...attributeCatalogue([canonicalSource])].map(([name, type]) => [`attributes.${name}`, type]),
);

/** The seed game as it comes from its file. */
export function seedGame(): GameConfig {
  return parseGame(readFileSync(seedGameFile, 'utf8'), seedGameFile, fields);
}

/** Milliseconds of an ISO time; a bare day (`05-10`) means noon UTC of that day of 2026. */
export function at(time: string): Instant {
  const instant = Date.parse(/^\d\d-\d\d$/.test(time) ? `2026-${time}T12:00:00Z` : time);
  if (Number.isNaN(instant)) throw new Error(`not a time: ${time}`);
  return instant;
}

export interface EventOptions {
  id?: string;
  user?: string;
  producer?: string;
  type?: string;
  /** When it happened: an ISO time, a day such as `05-10`, or milliseconds. */
  occurred?: string | Instant;
  /** When the broker received it; a second after it happened unless said. */
  received?: string | Instant;
  attributes?: Record<string, Json>;
  correlation?: Partial<Correlation>;
  origin?: Origin;
}

let made = 0;

/** An event that the games of these tests know nothing about, unless `type` and `attributes` say so. */
export function makeEvent(options: EventOptions = {}): IncomingEvent {
  const occurredAt = instantOf(options.occurred ?? '05-10');
  const event: CanonicalEvent = {
    event_id: options.id ?? `evt_${++made}`,
    event_type: options.type ?? 'something_happened',
    event_version: '1.0',
    occurred_at: occurredAt,
    producer: options.producer ?? 'tests',
    user_id: options.user ?? 'U1',
    correlation: {
      payment_id: null,
      txn_id: null,
      canonical_transaction_id: null,
      original_event_id: null,
      ...options.correlation,
    },
    attributes: options.attributes ?? {},
  };
  return incoming(event, instantOf(options.received ?? occurredAt + 1_000), options.origin ?? { transport: 'http' });
}

/** A successful UPI payment; the seed game counts it from 1,200 rupees on. */
export function upiPayment(amount: number, options: EventOptions = {}): IncomingEvent {
  const attributes = {
    transaction_type: 'UPI',
    payment_status: 'SUCCESS',
    transaction_amount: amount,
    currency: 'INR',
  };
  return makeEvent({ type: 'payment_success', ...options, attributes: { ...attributes, ...options.attributes } });
}

/** An application for a credit card; three steps in the seed game. */
export function cardApplication(options: EventOptions = {}): IncomingEvent {
  const attributes = { action_type: 'CREDIT_CARD_APPLY' };
  return makeEvent({ type: 'fs_action_complete', ...options, attributes: { ...attributes, ...options.attributes } });
}

/** The same event as delivered another time, changed as a producer might change it. The content hash follows. */
export function changed(from: IncomingEvent, change: Partial<CanonicalEvent>): IncomingEvent {
  return incoming({ ...from.event, ...change }, from.receivedAt, from.origin);
}

function incoming(event: CanonicalEvent, receivedAt: Instant | undefined, origin: Origin): IncomingEvent {
  const payload = JSON.stringify({ attributes: event.attributes, correlation: event.correlation });
  return { event, source: 'tests', origin, receivedAt, payload, contentHash: digestOf(event.event_type, payload) };
}

function instantOf(time: string | Instant): Instant {
  return typeof time === 'number' ? time : at(time);
}

type GameInput = Omit<GameConfig, 'schema_version' | 'milestone_steps' | 'triggers' | 'game_window'> & {
  game_window: Partial<GameConfig['game_window']>;
  /** A number stands for a REWARD step of that many NeuCoins times ten. */
  milestone_steps: (
    | number
    | { step: number; step_type: string; reward?: object; requires?: object; cookie?: object }
  )[];
  triggers: Partial<GameConfig['triggers'][number]>[];
};

/** What counts a payment of at least `from` rupees, `worth` each. */
export function paymentTrigger(options: { id?: string; from?: number; worth?: number } = {}): GameInput['triggers'][0] {
  return {
    trigger_id: options.id ?? 'payment',
    event_type: 'payment_success',
    rule: {
      operator: 'and',
      conditions: [{ field: 'attributes.transaction_amount', op: 'gte', value: options.from ?? 0 }],
    },
    progression_config: { mode: 'increment_by_constant', value: options.worth ?? 1 },
  };
}

/** A game of May 2026 for everyone in which any payment is worth 1, with one step at 3. */
export function makeGame(options: Partial<GameInput> = {}): GameConfig {
  const { milestone_steps: steps = [3], triggers = [paymentTrigger()], game_window: window, ...rest } = options;
  return gameSchema.parse({
    schema_version: '1.0',
    game_id: 'game',
    game_archetype: 'NUMERIC_COUNTER',
    cohort_id: 'everyone',
    game_window: { start: '2026-05-01T00:00:00Z', end: '2026-05-31T23:59:59Z', type: 'monthly', ...window },
    progress_state_model: { type: 'numeric_counter', unit: 'count', display_unit: 'payments', max_value: 1_000 },
    milestone_steps: steps.map((step) =>
      typeof step === 'number' ? { step, step_type: 'REWARD', reward: { reward_type: 'NC', value: step * 10 } } : step,
    ),
    triggers: triggers.map((trigger) => ({ ...paymentTrigger(), ...trigger })),
    ...rest,
  });
}

/** A game's versions: the first in force from its window's start, each other from its instant. */
export interface GameHistory {
  versions: readonly { config: GameConfig; inForceFrom: Instant }[];
  statuses?: readonly StatusChange[];
}

/** A game with later versions, each with the time from which it is in force. */
export function gameHistory(first: GameConfig, ...later: [from: string | Instant, config: GameConfig][]): GameHistory {
  return {
    versions: [
      { config: first, inForceFrom: Date.parse(first.game_window.start) },
      ...later.map(([from, config]) => ({ config, inForceFrom: instantOf(from) })),
    ],
  };
}

/** The definitions of some games, as if they had been loaded; games are numbered from 1. */
export function makeDefinitions(games: readonly GameHistory[]): Definitions {
  const timelines = games.map(({ versions, statuses }, index): Timeline => {
    const gameNo = index + 1;
    return {
      gameNo,
      gameId: versions[0]?.config.game_id as string,
      versions: versions.map(({ config, inForceFrom }, order) =>
        prepareGame(config, { gameNo, version: order + 1, inForceFrom }),
      ),
      statuses: statuses ?? [],
    };
  });
  return createDefinitions(1, timelines);
}

/** A reversal of an event, by its id; with an `amount` of that much of it. */
export function reversalOf(original: string, amount: number | null = null, options: EventOptions = {}): IncomingEvent {
  return makeEvent({
    type: 'event_reversed',
    ...options,
    attributes: { transaction_amount: amount, ...options.attributes },
    correlation: { original_event_id: original, ...options.correlation },
  });
}

/** The two events that correct an event, as the command makes them, given a day after it. */
export function correctionTo(
  original: IncomingEvent,
  attributes: CanonicalEvent['attributes'],
  { edition = 1, producer = original.event.producer }: { edition?: number; producer?: string } = {},
): [reversal: IncomingEvent, corrected: IncomingEvent] {
  const order = { edition, producer, by: 'asha', reason: 'ticket 815' };
  const [reversal, corrected] = correctionOf(original, { ...original.event.attributes, ...attributes }, order);
  return [{ ...reversal, receivedAt: original.event.occurred_at + 24 * 3_600_000 }, corrected];
}

/** The opening of the cookie of a step in a game of `makeGame`. Its id is the claim's, as the API makes it. */
export function cookieOpening(
  step: number,
  options: EventOptions & { game?: string; window?: string; earning?: number } = {},
): IncomingEvent {
  const { game: game_id = 'game', window: window_start = '2026-05-01T00:00:00Z', earning = 1, ...rest } = options;
  return makeEvent({
    type: 'cookie_opened',
    id: `open ${options.user ?? 'U1'} ${game_id} ${window_start} ${step} ${earning}`,
    ...rest,
    attributes: { game_id, window_start, step, earning, ...rest.attributes },
  });
}

/** A reversal of everything that a payment has counted. */
export function paymentReversal(
  payment: string,
  amount: number | null = null,
  options: EventOptions = {},
): IncomingEvent {
  return makeEvent({
    type: 'payment_reversed',
    ...options,
    attributes: { transaction_amount: amount, ...options.attributes },
    correlation: { payment_id: payment, ...options.correlation },
  });
}
