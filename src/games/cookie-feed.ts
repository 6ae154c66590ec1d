// Cookies that players open, as messages of a source of its own, so that they pass the same door as everything else.
import { controlEvents } from '../event/control.ts';
import type { Message, Origin } from '../event/event.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import type { Source } from '../event/source.ts';
import { digestOf } from '../ids.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Opening } from './games.ts';

const source: Source = {
  sourceId: 'cookies',
  file: 'the built-in source of opened cookies',
  shape: 'canonical',
  producer: 'milepost',
  topics: [],
  controls: ['cookies'],
  attributes: {},
};

export const COOKIE_SOURCE = source.sourceId;

/** Reads `openingMessage`s, and nothing else: this source is on no topic and cannot be named in a request. */
export function createCookieNormaliser(): Normaliser {
  return createNormaliser([source]);
}

/** The event by which a player opens a cookie. Its id is the claim's, so that whoever asks again, or at once from two devices, asks for the same. */
export function openingMessage(
  userId: string,
  { gameId, windowStart, step, earning }: Opening,
  at: Instant,
  origin: Origin,
): Message {
  const window = formatInstant(windowStart);
  const event = {
    event_id: digestOf('cookie', userId, gameId, window, String(step), String(earning)),
    event_type: controlEvents.cookies[0],
    occurred_at: formatInstant(at),
    user_id: userId,
    attributes: { game_id: gameId, window_start: window, step, earning },
  };
  return { bytes: Buffer.from(JSON.stringify(event)), origin, receivedAt: undefined };
}
