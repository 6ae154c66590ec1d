// Makers for tests of folding: a prepared game, credits as if events had been judged, and arbitrary ones for properties.
import fc from 'fast-check';
import type { Trigger } from '../games/config.ts';
import { type Game, prepareGame } from '../games/game.ts';
import type { Credit } from '../games/games.ts';
import type { Window } from '../games/window.ts';
import type { Instant } from '../time.ts';
import { at, makeGame, paymentTrigger } from './make.ts';

type GameOptions = NonNullable<Parameters<typeof makeGame>[0]>;

/** A game of May 2026, India's time, as version 1; as in makeGame any payment is worth 1. */
export function preparedGame(options: GameOptions = {}, version = 1): Game {
  const game_window = { start: '2026-05-01T00:00:00+05:30', end: '2026-05-31T23:59:59+05:30', ...options.game_window };
  const config = makeGame({ ...options, game_window });
  return prepareGame(config, { gameNo: 1, version, inForceFrom: 0 });
}

/** A trigger that counts payments, called `id`, with what a test sets besides. */
export function trigger(
  id: string,
  options: Partial<Trigger> = {},
): GameOptions['triggers'] extends (infer T)[] | undefined ? T : never {
  return { ...paymentTrigger({ id }), ...options };
}

export interface CreditOptions {
  /** The event's place in the order of arrival. */
  event?: number;
  trigger?: string;
  amount?: number;
  /** An ISO time, or a day such as `05-10` for its noon in UTC. */
  at?: string | Instant;
  distinct?: string;
  tx?: string;
  held?: boolean;
  version?: number;
  windowStart?: Instant;
}

/** Credits of `game`, each of an event of its own that arrived after the one before, unless a test says otherwise. */
export function credits(game: Game, ...options: CreditOptions[]): Credit[] {
  return options.map((each, index) => ({
    gameNo: game.gameNo,
    windowStart: each.windowStart ?? game.start,
    eventNo: each.event ?? index + 1,
    triggerId: each.trigger ?? (game.config.triggers[0] as Trigger).trigger_id,
    amount: each.amount ?? 1,
    distinctValue: each.distinct ?? null,
    held: each.held ?? false,
    version: each.version ?? game.version,
    occurredAt: typeof each.at === 'number' ? each.at : at(each.at ?? '05-10'),
    paymentId: null,
    transactionId: each.tx ?? null,
    transactionAmount: null,
    correction: null,
  }));
}

/** The window of a game without recurrence. */
export function wholeWindow({ start, end }: Game): Window {
  return { start, end };
}

/** Any credits of a game in one of its windows: repeated values, shared transactions, several triggers of one event, times near midnight. */
export function anyCredits(game: Game, window: Window = wholeWindow(game), most = 24): fc.Arbitrary<Credit[]> {
  const { triggers } = game.config;
  const anyTime = fc.integer({ min: window.start, max: window.end - 1 });
  const nearMidnight = anyTime.chain((instant) => {
    const { day } = game.zone.localOf(instant);
    const midnight = game.zone.instantOf(day, 0);
    return fc
      .constantFrom(midnight - 1, midnight)
      .map((time) => Math.max(window.start, Math.min(time, window.end - 1)));
  });
  const anyEvent = fc.record({
    matching: fc.subarray([...triggers], { minLength: 1 }),
    amounts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: triggers.length, maxLength: triggers.length }),
    occurredAt: fc.oneof(anyTime, nearMidnight),
    transactionId: fc.constantFrom(null, null, 'T1', 'T2', 'T3'),
    value: fc.constantFrom('"a', '"b', '"c'),
    held: fc.boolean(),
  });
  return fc.array(anyEvent, { maxLength: most }).map((events) =>
    events.flatMap(({ matching, amounts, value, ...event }, index) =>
      matching.map(({ trigger_id, progression_config }, place): Credit => {
        const unique = progression_config.mode === 'unique';
        return {
          ...event,
          gameNo: game.gameNo,
          windowStart: window.start,
          eventNo: index + 1,
          triggerId: trigger_id,
          amount: unique ? progression_config.value : (amounts[place] as number),
          distinctValue: unique ? value : null,
          version: game.version,
          paymentId: null,
          transactionAmount: null,
          correction: null,
        };
      }),
    ),
  );
}

/** Some credits and the same ones in another order. */
export function shuffled(any: fc.Arbitrary<Credit[]>): fc.Arbitrary<[Credit[], Credit[]]> {
  return any.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
}
