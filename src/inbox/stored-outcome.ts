// The outcomes that an event's identity is stored with.

/** What an event's identity is stored with; the same words as in SQL. */
export const storedOutcomes = [
  'applied',
  'held',
  'reversed',
  'late',
  'not_in_cohort',
  'outside_window',
  'no_match',
  'rejected',
  'waiting',
  'failed',
] as const;

export type StoredOutcome = (typeof storedOutcomes)[number];
