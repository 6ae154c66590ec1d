// A config version in the form the engine judges by: times as instants, triggers by event type, the zone at hand. Made once per version.
import type { Instant } from '../time.ts';
import { parseInstant } from '../time.ts';
import { type Zone, zoneOf } from '../time-zone.ts';
import type { GameConfig, Trigger } from './config.ts';

export interface Game {
  gameNo: number;
  version: number;
  /** In force from this instant until the next version's; the first is in force from the game's start. */
  inForceFrom: Instant;
  config: GameConfig;
  zone: Zone;
  /** When the game begins. A game without recurrence and from_join has one window, from start to end. */
  start: Instant;
  /** The first instant after the game. */
  end: Instant;
  graceMs: number;
  triggersByType: ReadonlyMap<string, readonly Trigger[]>;
  triggersById: ReadonlyMap<string, Trigger>;
}

/** Prepares a checked configuration for judging. */
export function prepareGame(config: GameConfig, at: { gameNo: number; version: number; inForceFrom: Instant }): Game {
  return {
    ...at,
    config,
    zone: zoneOf(config.time_zone),
    start: parseInstant(config.game_window.start) as Instant,
    end: endOf(config.game_window.end) as Instant,
    graceMs: hoursOf(config.game_window.grace) * 3_600_000,
    triggersByType: Map.groupBy(config.triggers, ({ event_type }) => event_type),
    triggersById: new Map(config.triggers.map((trigger) => [trigger.trigger_id, trigger])),
  };
}

/** The first instant after an inclusive end: an end written to the second includes that whole second. */
export function endOf(end: string): Instant | undefined {
  const instant = parseInstant(end);
  if (instant === undefined) return undefined;
  return /:\d{2}\.\d/.test(end) ? instant + 1 : instant + 1_000;
}

/** A duration as in the configuration: whole days of the calendar, or hours. */
export function durationOf(text: string): { days: number } | { hours: number } {
  const [, number, unit] = /(\d+)([DWH])$/.exec(text) as unknown as [string, string, 'D' | 'W' | 'H'];
  return unit === 'H' ? { hours: Number(number) } : { days: Number(number) * (unit === 'W' ? 7 : 1) };
}

function hoursOf(text: string): number {
  const duration = durationOf(text);
  return 'hours' in duration ? duration.hours : duration.days * 24;
}
