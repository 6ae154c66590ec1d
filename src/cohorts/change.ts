// A change of a cohort as an event: what its attributes say, and what is wrong with them. Pure. Owns the rules for names of cohorts, the same for every
// door; it decides nothing about games.
import { show } from '../errors.ts';
import { controlEvents } from '../event/control.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { parseInstant } from '../time.ts';
import { EVERYONE, type Statement } from './cohorts.ts';

export const [COHORT_CHANGED] = controlEvents.cohorts;

const NAME = /^[A-Za-z0-9_.:-]{1,128}$/;

/** What is wrong with a cohort's name; undefined when nothing is. */
export function cohortProblem(name: string): string | undefined {
  if (name === EVERYONE) return 'everyone is reserved: every player is in it already';
  if (NAME.test(name)) return undefined;
  return `${show(name)} is no cohort: letters, digits and _ . : - only, at most 128`;
}

/**
 * What a `cohort_changed` event states: `member` holds from its occurred_at; with `until`, the opposite holds from that instant on.
 * `problem` names the attribute that is not right.
 */
export function readChange(
  event: Pick<CanonicalEvent, 'occurred_at' | 'attributes'>,
): { statements: Statement[] } | { problem: string } {
  const { cohort_id: cohortId, member, until: end = null } = event.attributes;
  if (typeof cohortId !== 'string') return { problem: `attributes.cohort_id: expected text; found ${show(cohortId)}` };
  const nameProblem = cohortProblem(cohortId);
  if (nameProblem !== undefined) return { problem: `attributes.cohort_id: ${nameProblem}` };
  if (typeof member !== 'boolean')
    return { problem: `attributes.member: expected true or false; found ${show(member)}` };
  const from = event.occurred_at;
  if (end === null) return { statements: [{ cohortId, from, member }] };
  const until = typeof end === 'string' ? parseInstant(end) : undefined;
  if (until === undefined) {
    const expected = 'a time with an offset, such as 2026-06-01T00:00:00+05:30';
    return { problem: `attributes.until: expected ${expected}; found ${show(end)}` };
  }
  if (until <= from) return { problem: `attributes.until: must lie after occurred_at; found ${show(end)}` };
  return {
    statements: [
      { cohortId, from, member },
      { cohortId, from: until, member: !member },
    ],
  };
}
