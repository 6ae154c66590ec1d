// Changes that people make (by file, by API) as messages of a source of its own, so that they pass the same door as everything else: they are normalised,
// stored in the inbox and judged once. Never writes a membership.
import type { Message, Origin } from '../event/event.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import { ownSource } from '../event/source.ts';
import { digestOf } from '../ids.ts';
import { formatInstant, type Instant } from '../time.ts';
import { COHORT_CHANGED } from './change.ts';

/** A change as somebody asks for it. */
export interface ChangeRequest {
  cohortId: string;
  userId: string;
  member: boolean;
  from: Instant;
  until: Instant | undefined;
  /** Who asks, for the record. */
  by: string;
}

const source = ownSource('cohorts');

export const COHORT_SOURCE = source.sourceId;

/** Reads `changeMessage`s, and nothing else: this source is on no topic and cannot be named in a request. */
export function createCohortNormaliser(): Normaliser {
  return createNormaliser([source]);
}

/** The event of a change. Its id is made of what it says, so that asking twice is a repeat and changes nothing. */
export function changeMessage({ cohortId, userId, member, from, until, by }: ChangeRequest, origin: Origin): Message {
  const occurredAt = formatInstant(from);
  const end = until === undefined ? null : formatInstant(until);
  const event = {
    event_id: digestOf(cohortId, userId, occurredAt, end ?? '', String(member), by),
    event_type: COHORT_CHANGED,
    occurred_at: occurredAt,
    user_id: userId,
    attributes: { cohort_id: cohortId, member, until: end, changed_by: by },
  };
  return { bytes: Buffer.from(JSON.stringify(event)), origin, receivedAt: undefined };
}
