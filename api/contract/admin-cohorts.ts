// The contract of administering cohorts.
import { z } from 'zod';
import { cohortProblem } from '../../src/cohorts/change.ts';
import { limits } from '../../src/limits.ts';
import { eventResult } from './events.ts';
import { defineRoute } from './route.ts';
import { identifier, instant, time } from './shapes.ts';

const cohortId = z
  .string()
  .superRefine((name, context) => {
    const message = cohortProblem(name);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .meta({ override: { pattern: '^[A-Za-z0-9_.:-]{1,128}$' } });

const cohorts = { tag: 'Cohorts', scopes: ['owner'] } as const;

export const changeMembers = defineRoute({
  ...cohorts,
  method: 'post',
  path: '/api/admin/cohorts/{cohort_id}/members',
  operationId: 'changeMembers',
  summary: 'Say who is in a cohort, since when and until when',
  params: z.object({ cohort_id: cohortId }),
  body: {
    description: `At most ${limits.httpBatchEvents} members. All of a request or nothing.`,
    schema: z.strictObject({
      members: z
        .array(
          z.strictObject({
            user_id: z.string(),
            member: z.boolean().default(true),
            from: instant.optional().describe('Now unless given.'),
            until: instant.optional().describe('From here on the opposite holds.'),
          }),
        )
        .min(1),
    }),
    isChecked: true,
    example: { members: [{ user_id: 'U1', from: '2026-06-01T00:00:00+05:30' }] },
  },
  answers: {
    200: {
      description: 'What became of each change.',
      schema: z.object({ results: z.array(z.object({ user_id: z.string(), ...eventResult.shape })) }),
    },
  },
});

export const oneMember = defineRoute({
  ...cohorts,
  method: 'get',
  path: '/api/admin/cohorts/{cohort_id}/members/{user_id}',
  operationId: 'getMember',
  summary: 'Whether a player is in a cohort, and since when',
  params: z.object({ cohort_id: cohortId, user_id: identifier }),
  answers: {
    200: {
      description: 'What is known; of a player nobody has heard of, nothing is stated.',
      schema: z.object({
        cohort_id: z.string(),
        user_id: z.string(),
        member: z.boolean(),
        memberships: z.array(z.object({ from: time, until: time.nullable() })),
        statements: z.array(z.object({ from: time, member: z.boolean() })),
      }),
    },
  },
});
