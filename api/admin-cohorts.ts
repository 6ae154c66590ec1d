// Administration of cohorts over HTTP: who is in, since when, until when. A change is an event through the same door as everything else; this only makes
// events of a request, and answers what became of each.
import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { cohortProblem, readChange } from '../src/cohorts/change.ts';
import { intervalsOf, statedAt } from '../src/cohorts/cohorts.ts';
import { type ChangeRequest, COHORT_SOURCE, changeMessage, createCohortNormaliser } from '../src/cohorts/feed.ts';
import { readStatements } from '../src/cohorts/read.ts';
import type { Db } from '../src/db/connect.ts';
import type { EventResult } from '../src/engine/batch.ts';
import type { Engine } from '../src/engine/process.ts';
import type { Problem as InputProblem } from '../src/errors.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import { isIdentifier } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import { formatInstant, type Instant, parseInstant } from '../src/time.ts';
import type { createAuth } from './auth.ts';
import { inTime } from './events.ts';
import { Problem } from './problem.ts';
import { instant, parseBody, readText } from './request.ts';
import type { ApiState, Caller } from './state.ts';

const changes = z.strictObject({
  members: z
    .array(
      z.strictObject({
        user_id: z.string(),
        member: z.boolean().default(true),
        from: instant.optional(),
        until: instant.optional(),
      }),
    )
    .min(1),
});

/** What became of one change. */
export type ChangeAnswer = EventResult & { user_id: string };

export function adminCohortRoutes(
  router: Router<ApiState>,
  options: {
    /** As milepost_api. */
    db: Db;
    engine: Pick<Engine, 'process'>;
    auth: ReturnType<typeof createAuth>;
    clock: () => Instant;
  },
): void {
  const { db, engine, clock } = options;
  const auth = options.auth('owner');
  const normaliser = createCohortNormaliser();

  router.post('/api/admin/cohorts/:cohort_id/members', auth, async (ctx) => {
    const events = eventsOf(await requestsOf(ctx));
    const { results } = await inTime('the changes', (signal) => engine.process({ events, parked: [] }, signal));
    ctx.body = {
      results: results.map((result, index): ChangeAnswer => {
        return { user_id: (events[index] as IncomingEvent).event.user_id, ...result };
      }),
    };
  });

  router.get('/api/admin/cohorts/:cohort_id/members/:user_id', auth, async (ctx) => {
    const cohortId = cohortOf(ctx);
    const userId = userOf(ctx);
    const statements = await readStatements(db, userId, cohortId);
    ctx.body = {
      cohort_id: cohortId,
      user_id: userId,
      member: statedAt(statements, cohortId, clock()) ?? false,
      memberships: intervalsOf(statements).map(({ from, to }) => ({
        from: formatInstant(from),
        until: Number.isFinite(to) ? formatInstant(to) : null,
      })),
      statements: statements.map(({ from, member }) => ({ from: formatInstant(from), member })),
    };
  });

  async function requestsOf(ctx: Context): Promise<ChangeRequest[]> {
    const cohortId = cohortOf(ctx);
    const { members } = parseBody(await readText(ctx), changes);
    if (members.length > limits.httpBatchEvents) {
      throw new Problem(413, `a request may name ${limits.httpBatchEvents} members; this one has ${members.length}`);
    }
    const { subject: by } = ctx.state.caller as Caller;
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

function cohortOf(ctx: Context): string {
  const cohortId = String(ctx.params.cohort_id);
  const problem = cohortProblem(cohortId);
  if (problem !== undefined) throw new Problem(400, problem);
  return cohortId;
}

function userOf(ctx: Context): string {
  const userId = String(ctx.params.user_id);
  if (!isIdentifier(userId)) {
    throw new Problem(400, `a user_id is text of 1 to ${limits.identifierBytes} bytes, without NUL`);
  }
  return userId;
}
