// Cohorts that are decided outside Milepost: what a resolver of such cohorts does, and its verdicts for one batch. Asking comes before the decision,
// which sees verdicts only as data.

export interface CohortResolver {
  /** The cohorts that it decides. */
  readonly cohortIds: ReadonlySet<string>;
  /** Whether a player is a member now; undefined: it cannot say now. Never rejects. */
  verdict(cohortId: string, userId: string): Promise<boolean | undefined>;
  /** Ends its connections. Harmless when called twice. */
  close(): Promise<void>;
}

export interface Question {
  cohortId: string;
  userId: string;
}

/** What a resolver said about the players of one batch. */
export interface Verdicts {
  /** Whether that cohort is decided outside. */
  decides(cohortId: string): boolean;
  of(question: Question): boolean | undefined;
}

export const noVerdicts: Verdicts = { decides: () => false, of: () => undefined };

/** Asks each question about a cohort that the resolver decides, once. */
export async function ask(resolver: CohortResolver, questions: Iterable<Question>): Promise<Verdicts> {
  const asked = new Map<string, Question>();
  for (const question of questions) {
    if (resolver.cohortIds.has(question.cohortId)) asked.set(keyOf(question), question);
  }
  const verdicts = new Map<string, boolean | undefined>();
  await Promise.all(
    [...asked].map(async ([key, { cohortId, userId }]) => verdicts.set(key, await resolver.verdict(cohortId, userId))),
  );
  return {
    decides: (cohortId) => resolver.cohortIds.has(cohortId),
    of: (question) => verdicts.get(keyOf(question)),
  };
}

/** Names of cohorts hold no space. */
function keyOf({ cohortId, userId }: Question): string {
  return `${cohortId} ${userId}`;
}
