// Administration of cohorts over HTTP: who is in, since when, until when. A change is an event through the same door as everything else; this only makes
// events of a request, and answers what became of each.
import { readChange } from '../src/cohorts/change.ts';
import { intervalsOf, statedAt } from '../src/cohorts/cohorts.ts';
import { type ChangeRequest, COHORT_SOURCE, changeMessage, createCohortNormaliser } from '../src/cohorts/feed.ts';
import { readStatements } from '../src/cohorts/read.ts';
import type { EventResult } from '../src/engine/batch.ts';
import type { Problem as InputProblem } from '../src/errors.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import { limits } from '../src/limits.ts';
import { formatInstant, type Instant, parseInstant } from '../src/time.ts';
import { changeMembers, oneMember } from './contract/admin-cohorts.ts';
import { inTime, type OrderOptions } from './events.ts';
import { Problem } from './problem.ts';
import type { Asked, Serve } from './serve.ts';

/** What became of one change. */
export type ChangeAnswer = EventResult & { user_id: string };

export function adminCohortRoutes(serve: Serve, { db, engine, clock }: OrderOptions): void {
  const normaliser = createCohortNormaliser();

  serve(changeMembers, async (asked) => {
    const events = eventsOf(await requestsOf(asked));
    const { results } = await inTime('the changes', (signal) => engine.process({ events, parked: [] }, signal));
    const answers = results.map((result, index): ChangeAnswer => {
      return { user_id: (events[index] as IncomingEvent).event.user_id, ...result };
    });
    return { status: 200, body: { results: answers } };
  });

  serve(oneMember, async ({ params: { cohort_id, user_id } }) => {
    const statements = await readStatements(db, user_id, cohort_id);
    const body = {
      cohort_id,
      user_id,
      member: statedAt(statements, cohort_id, clock()) ?? false,
      memberships: intervalsOf(statements).map(({ from, to }) => ({
        from: formatInstant(from),
        until: Number.isFinite(to) ? formatInstant(to) : null,
      })),
      statements: statements.map(({ from, member }) => ({ from: formatInstant(from), member })),
    };
    return { status: 200, body };
  });

  async function requestsOf(asked: Asked<typeof changeMembers>): Promise<ChangeRequest[]> {
    const cohortId = asked.params.cohort_id;
    const { members } = (await asked.body()).value;
    if (members.length > limits.httpBatchEvents) {
      throw new Problem(413, `a request may name ${limits.httpBatchEvents} members; this one has ${members.length}`);
    }
    const { subject: by } = asked.caller;
    const now = clock();
    return members.map(({ user_id: userId, member, from, until }) => ({
      cohortId,
      userId,
      member,
      from: from === undefined ? now : (parseInstant(from) as Instant),
      until: until === undefined ? undefined : parseInstant(until),
      by,
    }));
  }

  /** All of them, or a problem that names each which is not right. */
  function eventsOf(requests: readonly ChangeRequest[]): IncomingEvent[] {
    const problems: InputProblem[] = [];
    const events = requests.flatMap((request, index) => {
      const path = `$.members[${index}]`;
      const normalised = normaliser.normalise(COHORT_SOURCE, changeMessage(request, { transport: 'http' }));
      if (normalised.kind === 'parked') {
        problems.push({ path, message: normalised.parked.detail });
        return [];
      }
      if ('problem' in readChange(normalised.event.event)) {
        problems.push({
          path: `${path}.until`,
          message: `must lie after from, which is ${formatInstant(request.from)}`,
        });
      }
      return [normalised.event];
    });
    if (problems.length === 0) return events;
    throw new Problem(400, 'the body is not right; nothing was changed', {}, problems.slice(0, limits.cohortProblems));
  }
}
