// The nouns of cohorts: statements, and the memberships that follow from them. Pure. A statement says from when on a player is, or is no longer, in a
// cohort; whoever is a member at an instant is what the newest statement at or before it says. So the order of arrival and repetition do not matter.
import type { Instant } from '../time.ts';

export interface Statement {
  cohortId: string;
  from: Instant;
  member: boolean;
}

/** One per statement that says "a member", up to the next statement about that cohort. */
export interface Interval {
  cohortId: string;
  from: Instant;
  /** Infinity when it has no end. */
  to: Instant;
}

/** Everybody is in it, and nothing can be said about it. */
export const EVERYONE = 'everyone';

/**
 * Adds a statement to a player's. Of two about the same instant that contradict each other, the one that says "not a member" counts.
 * Returns whether anything was new.
 */
export function addStatement(statements: Statement[], added: Statement): boolean {
  const same = statements.find(({ cohortId, from }) => cohortId === added.cohortId && from === added.from);
  if (same === undefined) {
    statements.push({ ...added });
    return true;
  }
  if (added.member || !same.member) return false;
  same.member = false;
  return true;
}

/** What the newest statement about a cohort at or before an instant says; undefined when there is none. */
export function statedAt(statements: readonly Statement[], cohortId: string, at: Instant): boolean | undefined {
  let newest: Statement | undefined;
  for (const statement of statements) {
    if (statement.cohortId !== cohortId || statement.from > at) continue;
    if (newest === undefined || statement.from > newest.from) newest = statement;
  }
  return newest?.member;
}

/** The memberships that follow from a player's statements. The same as `lead()` over them in player_facts. */
export function intervalsOf(statements: readonly Statement[]): Interval[] {
  return [...Map.groupBy(statements, ({ cohortId }) => cohortId)].flatMap(([cohortId, own]) => {
    const ordered = own.toSorted((a, b) => a.from - b.from);
    return ordered.flatMap(({ from, member }, index) =>
      member ? { cohortId, from, to: ordered[index + 1]?.from ?? Number.POSITIVE_INFINITY } : [],
    );
  });
}

/** The statements from which exactly these memberships of one player follow; those that overlap or touch become one. */
export function statementsOf(intervals: readonly Interval[]): Statement[] {
  return [...Map.groupBy(intervals, ({ cohortId }) => cohortId)].flatMap(([cohortId, own]) => {
    const merged: { from: Instant; to: Instant }[] = [];
    for (const { from, to } of own.toSorted((a, b) => a.from - b.from)) {
      const last = merged.at(-1);
      if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
      else merged.push({ from, to });
    }
    return merged.flatMap(({ from, to }): Statement[] => [
      { cohortId, from, member: true },
      ...(Number.isFinite(to) ? [{ cohortId, from: to, member: false }] : []),
    ]);
  });
}
