// How explanations name events. A correction and what it corrects have one id (src/engine/correct.ts), so that the id alone would name the event itself.
import { correctionBy } from '../engine/correct.ts';

export interface EventName {
  event_id: string;
  producer: string;
}

/** `the event r1`, or `the correction of the event p1`. */
export function eventInWords(eventId: string, producer: string | null | undefined): string {
  const correction = producer === null || producer === undefined ? undefined : correctionBy(producer);
  return correction?.takesBack === true ? `the correction of the event ${eventId}` : `the event ${eventId}`;
}

/** What an event has to do with corrections. */
export interface Correction {
  /** What it corrects, as it was said before; null where it corrects nothing. */
  corrects: EventName | null;
  /** What should have been said in the place of what it says, or of what it takes back; null where it was not corrected. */
  corrected_as: EventName | null;
}

/** `rulings`: all of the player. */
export function correctionFor(
  { event_id, producer }: EventName,
  rulings: readonly { producer: string; originalEventId: string | null; originalProducer: string | null }[],
): Correction {
  const own = correctionBy(producer);
  const later = rulings.find(
    ({ originalEventId, originalProducer, producer: ruler }) =>
      originalEventId === event_id && originalProducer === producer && correctionBy(ruler)?.takesBack === true,
  );
  const corrected = own?.takesBack === true ? own : later && correctionBy(later.producer);
  return {
    corrects: own === undefined ? null : { event_id, producer: own.corrects },
    corrected_as: corrected === undefined ? null : { event_id, producer: corrected.corrected },
  };
}
