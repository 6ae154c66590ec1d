// The words for what becomes of an event in a scenario, and what each means to an owner. The compiler holds them complete.
import type { Outcome } from '../engine/batch.ts';
import type { CookieRefusal } from '../games/cookie.ts';
import type { Verdict } from '../games/games.ts';

/** What a scenario's event may become; the other outcomes belong to deliveries and messages. */
export const scenarioOutcomes = [
  'applied',
  'held',
  'reversed',
  'waiting',
  'rejected',
  'late',
  'not_in_cohort',
  'outside_window',
  'no_match',
] as const satisfies readonly Outcome[];
export type ScenarioOutcome = (typeof scenarioOutcomes)[number];

/** Why, in the game's words or, for an event that no game looked at, the engine's. */
export type ScenarioReason =
  | Exclude<Verdict['reason'], null | 'player_erased'>
  | 'no_game'
  | 'occurred_in_future'
  | 'reversal_invalid'
  | 'original_unknown'
  | 'nothing_counted'
  | 'already_reversed'
  | 'verdict_invalid'
  | 'not_held'
  | 'released'
  | 'voided'
  | 'conflicting_content'
  | 'opened'
  | 'opening_invalid'
  | CookieRefusal;

/** What each reason says. */
export const meanings: Record<ScenarioReason, string> = {
  before_window: 'the game had not begun',
  after_window: 'the window was over',
  paused: 'the game was paused',
  ended: 'the game had been ended',
  window_closed: 'it was received after the grace of its window',
  condition_failed: 'no trigger matched',
  worth_nothing: 'the triggers that matched gave nothing for it',
  not_a_member: 'the player was not in the cohort',
  not_joined: 'the player had not joined',
  already_joined: 'the player had joined already',
  joined: 'the player joined',
  frm_flagged: 'it was flagged by fraud and risk management',
  capped: 'it counted, but a cap was full',
  repeated_value: 'it counted, but its value had been seen before',
  transaction_counted: 'it counted, but another event of its transaction counts instead',
  reversed_before: 'it counts nothing: its reversal had come before it',
  reversal_invalid: 'it names nothing that it takes back, or no amount',
  original_unknown: 'what it names has not come yet',
  nothing_counted: 'what it takes back had counted nothing',
  already_reversed: 'all of it had been taken back already',
  verdict_invalid: 'it does not say what it is about',
  not_held: 'what it is about is not held',
  released: 'what was held is released',
  voided: 'what was held is taken away',
  opened: 'the player opened a cookie',
  opening_invalid: 'it does not say which cookie it opens',
  no_cookie: 'there was no such cookie',
  cookie_held: 'the cookie waited for a release',
  cookie_taken_back: 'the cookie had been taken back',
  already_opened: 'the cookie had been opened before',
  not_openable: 'the game does not say what may come out of the cookie',
  no_game: 'the game does not look at this event type',
  occurred_in_future: 'it was received more than 5 minutes before it happened',
  conflicting_content: 'its id was known with another content',
};

export const scenarioReasons = Object.keys(meanings) as [ScenarioReason, ...ScenarioReason[]];
