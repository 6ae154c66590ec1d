// The contract of administering games.
import { z } from 'zod';
import { defineRoute } from './route.ts';
import { inputProblems, instant, reason, time } from './shapes.ts';

const config = z.record(z.string(), z.unknown()).describe('A game as it is configured: docs/schemas/game.schema.json.');
const status = z.enum(['active', 'paused', 'ended']);
const differences = z
  .array(z.object({ path: z.string(), sentence: z.string() }))
  .describe('What it changes in the version in force, in sentences.');
const remarks = z.array(z.string());

const summary = {
  game_id: z.string(),
  revision: z.number().int().describe('Names what was seen, for whoever then changes the game.'),
  version: z.number().int(),
  versions: z.number().int(),
  state: z.enum(['upcoming', 'active', 'paused', 'ended']),
  window: z.object({ start: time, end: time }),
  cohort_id: z.string(),
  archetype: z.string(),
  time_zone: z.string(),
};
const signed = { made_at: time, made_by: z.string(), reason: z.string() };
const entry = {
  state: z.enum(['past', 'in_force', 'planned', 'cancelled']),
  in_force_from: time,
  ...signed,
};
const activated = z
  .object({
    game_id: z.string(),
    version: z.number().int(),
    in_force_from: time,
    changed: z.boolean(),
    revision: z.number().int(),
    before: z.number().int().nullable(),
    differences,
    remarks,
  })
  .meta({ id: 'Activation' });

const admin = { tag: 'Games, administered', scopes: ['owner'] } as const;
const game = z.object({ game_id: z.string() });
const noSuchGame = { 404: 'There is no such game.' };
const etag = { ETag: "The game's revision." };

/** Whoever changes a game says which revision they have seen. */
const seen = z.object({
  'if-match': z.string().optional().describe('The ETag of the game as it was seen, such as "3".'),
  'if-none-match': z.string().optional().describe('* for a new game.'),
});
const change = {
  reason,
  into_the_past: z.boolean().default(false).describe('Meant to change what has been judged already.'),
};
const refusals = {
  ...noSuchGame,
  409: 'The game does not allow this change; nothing was changed.',
  412: 'Somebody else was faster: the header ETag is the present revision.',
  428: 'If-Match or If-None-Match is missing.',
};
const statusChange = {
  ...admin,
  method: 'post',
  params: game,
  headers: seen,
  body: {
    description: 'Why, and since when.',
    schema: z.strictObject({ at: instant.optional().describe('Now unless given.'), ...change }),
    isChecked: true,
    example: { reason: 'the switch sends payments twice' },
  },
  answers: {
    200: {
      description: 'What was done.',
      headers: etag,
      schema: z
        .object({
          game_id: z.string(),
          change_no: z.number().int(),
          status,
          in_force_from: time,
          revision: z.number().int(),
          remarks,
        })
        .meta({ id: 'StatusChange' }),
    },
  },
  problems: refusals,
} as const;

export const listGames = defineRoute({
  ...admin,
  method: 'get',
  path: '/api/admin/games',
  operationId: 'listGames',
  summary: 'All games, with the version in force',
  answers: { 200: { description: 'By their ids.', schema: z.object({ games: z.array(z.object(summary)) }) } },
});

export const lookAtGame = defineRoute({
  ...admin,
  method: 'get',
  path: '/api/admin/games/{game_id}',
  operationId: 'lookAtGame',
  summary: 'One game: its configuration in force and its timeline',
  params: game,
  answers: {
    200: {
      description: 'The game as it is now.',
      headers: etag,
      schema: z.object({
        ...summary,
        timeline: z.object({
          versions: z.array(z.object({ version: z.number().int(), ...entry })),
          statuses: z.array(z.object({ change_no: z.number().int(), status, ...entry })),
        }),
        config,
      }),
    },
  },
  problems: noSuchGame,
});

export const lookAtVersion = defineRoute({
  ...admin,
  method: 'get',
  path: '/api/admin/games/{game_id}/versions/{version}',
  operationId: 'lookAtVersion',
  summary: 'One version of a game',
  params: z.object({ game_id: z.string(), version: z.string() }),
  answers: {
    200: {
      description: 'With its text as its owner wrote it.',
      schema: z.object({
        game_id: z.string(),
        version: z.number().int(),
        in_force_from: time,
        ...signed,
        config,
        source_text: z.string().nullable(),
      }),
    },
  },
  problems: { 404: 'There is no such game, or no such version of it.' },
});

const sum = z.object({ claims: z.number().int(), amount: z.number().int() });

export const lookAtBudgets = defineRoute({
  ...admin,
  method: 'get',
  path: '/api/admin/games/{game_id}/budgets',
  operationId: 'lookAtBudgets',
  summary: 'What a game may pay, and what has become of it',
  params: game,
  answers: {
    200: {
      description: 'The budgets of the version in force, then those of earlier versions, which limit nothing any more.',
      schema: z.object({
        game_id: z.string(),
        version: z.number().int(),
        budgets: z.array(
          z.object({
            budget_id: z.string(),
            period: z.enum(['game', 'window', 'day', 'week', 'month']).nullable(),
            limit: z
              .object({ amount: z.number().int().nullable(), claims: z.number().int().nullable() })
              .nullable()
              .describe('Null, as the period is, for a budget of an earlier version.'),
            when_exhausted: z.enum(['hold', 'downgrade', 'skip']).nullable(),
            downgrade_to: z.number().int().nullable(),
            periods: z
              .array(
                z.object({
                  start: time,
                  taken: sum.describe('Reserved: paid, or on its way to be.'),
                  paid: sum,
                  downgraded: z.number().int().describe('Of those taken, how many are paid less than they were worth.'),
                  held: sum,
                  skipped: sum,
                  let_through: sum.describe('Beyond the limit, since a person has released them.'),
                }),
              )
              .describe('Newest first.'),
          }),
        ),
      }),
    },
  },
  problems: noSuchGame,
});

export const validateGame = defineRoute({
  ...admin,
  method: 'post',
  path: '/api/admin/games/validate',
  operationId: 'validateGame',
  summary: 'Check a game; nothing is stored',
  // Whatever it is, the answer says what is wrong with it.
  body: { description: 'The game: docs/schemas/game.schema.json.', schema: z.unknown(), isChecked: false },
  answers: {
    200: {
      description: 'Whether it is right, and what it would change.',
      schema: z.object({
        valid: z.boolean(),
        problems: inputProblems,
        game_id: z.string().nullable(),
        against: z.number().int().nullable().describe('The version it was compared with; null for a new game.'),
        differences,
        remarks: remarks.describe('What would be refused if it were activated now.'),
      }),
    },
  },
});

export const activateVersion = defineRoute({
  ...admin,
  method: 'post',
  path: '/api/admin/games/{game_id}/versions',
  operationId: 'activateVersion',
  summary: 'Activate a version of a game',
  params: game,
  headers: seen,
  body: {
    description: 'The game, why, and since when.',
    schema: z.strictObject({ config, from: instant.optional(), ...change }),
    isChecked: true,
  },
  answers: {
    200: { description: 'It is in force already.', headers: etag, schema: activated },
    201: { description: 'Activated.', headers: { ...etag, Location: 'The version.' }, schema: activated },
  },
  problems: { ...refusals, 422: "The game's configuration is not right." },
});

export const rollBack = defineRoute({
  ...admin,
  method: 'post',
  path: '/api/admin/games/{game_id}/rollback',
  operationId: 'rollBackGame',
  summary: 'Activate a new version that is equal to an older one',
  params: game,
  headers: seen,
  body: {
    description: 'The version to go back to, why, and since when.',
    schema: z.strictObject({ to_version: z.number().int().min(1), from: instant.optional(), ...change }),
    isChecked: true,
    example: { to_version: 1, reason: 'the new steps are too far apart' },
  },
  answers: {
    200: { description: 'It is in force already.', headers: etag, schema: activated },
    201: { description: 'Activated.', headers: { ...etag, Location: 'The version.' }, schema: activated },
  },
  problems: refusals,
});

export const pause = defineRoute({
  ...statusChange,
  path: '/api/admin/games/{game_id}/pause',
  operationId: 'pauseGame',
  summary: 'Pause a game: what happens meanwhile does not count',
});
export const resume = defineRoute({
  ...statusChange,
  path: '/api/admin/games/{game_id}/resume',
  operationId: 'resumeGame',
  summary: 'Let a paused game go on',
});
export const end = defineRoute({
  ...statusChange,
  path: '/api/admin/games/{game_id}/end',
  operationId: 'endGame',
  summary: 'End a game, for good',
});
