// The contract of players as people: merging accounts, and taking them apart again.
import { z } from 'zod';
import { defineRoute } from './route.ts';
import { identifier, reason, time } from './shapes.ts';

const players = {
  tag: 'Players',
  scopes: ['support'],
  method: 'post',
  params: z.object({ user_id: identifier }),
} as const;

const dryRun = z
  .boolean()
  .optional()
  .describe('True: only say what would change. What is asked is on record all the same.');

const answer = {
  user_id: z.string(),
  into: z.string().describe('Who counts, or has counted, for both.'),
  already: z.boolean().describe('It was so before: nothing was done.'),
  would_change: z
    .array(
      z.object({
        game_id: z.string(),
        window_start: time,
        step: z.number(),
        user_id: z.string().describe('The account that the claim stands under, or would.'),
        from: z.string().nullable().describe('Null: a claim that would be made.'),
        to: z.string(),
        reward: z.string().nullable(),
      }),
    )
    .optional()
    .describe('Of a dry run: what would become of claims.'),
};

const problems = {
  404: 'Nothing has come for one of the players yet.',
  409: 'It cannot be done, or somebody else has changed it at this moment; the detail says why. Nothing was changed.',
} as const;

export const mergePlayers = defineRoute({
  ...players,
  path: '/api/admin/players/{user_id}/merge',
  operationId: 'mergePlayers',
  summary: 'Say that two accounts are one person',
  description:
    'From then on what comes for either counts for the one it is merged into, and no step is claimed again that either has. Nothing moves. Repeating changes nothing; the other way round it is refused.',
  body: {
    description: 'Into whom, and why.',
    schema: z.strictObject({ into: identifier, reason, dry_run: dryRun }),
    isChecked: true,
    isRecorded: true,
    example: { into: 'U2', reason: 'ticket 4711: new phone' },
  },
  answers: {
    200: { description: 'What was done.', schema: z.object({ merged: z.boolean(), ...answer }) },
  },
  problems,
});

export const unmergePlayer = defineRoute({
  ...players,
  path: '/api/admin/players/{user_id}/unmerge',
  operationId: 'unmergePlayer',
  summary: 'Take a merged account out again',
  description:
    'Within 30 days. What has come since the merge stays with the account that counted. Repeating changes nothing.',
  body: {
    description: 'Why.',
    schema: z.strictObject({ reason, dry_run: dryRun }),
    isChecked: true,
    isRecorded: true,
    example: { reason: 'ticket 4712: not the same person' },
  },
  answers: {
    200: { description: 'What was done.', schema: z.object({ unmerged: z.boolean(), ...answer }) },
  },
  problems,
});
