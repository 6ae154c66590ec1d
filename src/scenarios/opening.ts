// Cookies that players of a scenario open: which one is meant, only the events before can say.
import { Defect } from '../errors.ts';
import type { Origin } from '../event/event.ts';
import { COOKIE_SOURCE, createCookieNormaliser, openingMessage } from '../games/cookie-feed.ts';
import type { Opening } from '../games/games.ts';
import type { Instant } from '../time.ts';
import type { Rehearsal, TimedEvent } from './rehearsal.ts';

const normaliser = createCookieNormaliser();

/** The event by which a player opens a cookie. */
export function openingEvent(
  userId: string,
  opening: Opening,
  { at, receivedAt, origin }: { at: Instant; receivedAt: Instant; origin: Origin },
): TimedEvent {
  const message = { ...openingMessage(userId, opening, at, origin), receivedAt };
  const normalised = normaliser.normalise(COOKIE_SOURCE, message);
  if (normalised.kind === 'parked') throw new Defect(`an opening could not be read: ${normalised.parked.detail}`);
  return normalised.event as TimedEvent;
}

/** The opening of the newest cookie that its player has on a step by now; undefined where there is none. */
export function ofNewest(
  { event, receivedAt, origin }: TimedEvent,
  step: number,
  rehearsal: Rehearsal,
): TimedEvent | undefined {
  const [newest] = rehearsal.claims
    .filter(({ player, claim }) => {
      return player.userId === event.user_id && claim.step === step && claim.stepType === 'FORTUNE_COOKIE';
    })
    .map(({ claim }) => claim)
    .sort((a, b) => b.windowStart - a.windowStart || b.earning - a.earning);
  return newest && openingEvent(event.user_id, newest, { at: event.occurred_at, receivedAt, origin });
}
