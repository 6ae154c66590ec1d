// The contract of what is held, and of verdicts on it.
import { z } from 'zod';
import { HOLD_KEY, holdKinds } from '../../src/games/hold.ts';
import { limits } from '../../src/limits.ts';
import { eventResult } from './events.ts';
import { defineRoute } from './route.ts';
import { identifier, instant, reason, time, wholeNumber } from './shapes.ts';

const waitingClaim = z.object({
  step: z.number(),
  earning: z.number().int(),
  step_type: z.string(),
  reward_type: z.string().nullable(),
  amount: z.number().nullable(),
});

const hold = z
  .union([
    z.object({
      kind: z.literal('event'),
      user_id: z.string(),
      producer: z.string(),
      event_id: z.string(),
      since: time.describe('When it occurred.'),
      flag: z.unknown().describe('What it was flagged with; null where its payload is no longer stored.'),
      games: z.array(
        z.object({
          game_id: z.string(),
          window_start: time,
          amount: z.number().describe('What it counts there.'),
          claims: z.array(waitingClaim).describe('Those that wait for this event, or for others in the same window.'),
        }),
      ),
    }),
    z.object({
      kind: z.literal('claim'),
      user_id: z.string(),
      key: z.string().describe('The key of its reward.'),
      since: time.describe('When its reward was written.'),
      game_id: z.string(),
      window_start: time,
      step: z.number(),
      earning: z.number().int(),
      reward_type: z.string(),
      amount: z.number(),
      budget_id: z.string().nullable().describe('The budget that had not enough left.'),
    }),
  ])
  .describe('event: flagged by fraud and risk management. claim: its reward is over a budget.')
  .meta({ id: 'Hold' });

const holds = { tag: 'Holds', scopes: ['support'] } as const;

export const listHolds = defineRoute({
  ...holds,
  method: 'get',
  path: '/api/admin/holds',
  operationId: 'listHolds',
  summary: 'What is held until a person decides, longest first',
  query: z.object({
    kind: z.enum(holdKinds).optional(),
    game_id: identifier.optional(),
    user_id: identifier.optional(),
    producer: identifier.optional().describe('Events of this producer only.'),
    since: instant.optional().describe('Held since then or later. With the last entry’s since, the list goes on.'),
    until: instant.optional().describe('And since before then.'),
    limit: wholeNumber(1, limits.listedHolds).optional().describe('100 unless given.'),
  }),
  answers: {
    200: {
      description: 'What is held now.',
      schema: z.object({ holds: z.array(hold), more: z.boolean().describe('There are more than these.') }),
    },
  },
});

const namedHold = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('event'), user_id: identifier, producer: identifier, event_id: identifier }),
  z.strictObject({ kind: z.literal('claim'), key: z.string().regex(HOLD_KEY) }),
]);

export const giveVerdicts = defineRoute({
  ...holds,
  method: 'post',
  path: '/api/admin/holds/verdicts',
  operationId: 'giveVerdicts',
  summary: 'Release or void what is held',
  description:
    'Each verdict is an event, with who asks and why. One on what is not held, or not any more, changes nothing (not_held); so a request may be repeated.',
  body: {
    description: `At most ${limits.ruledRows} holds, in one transaction.`,
    schema: z.strictObject({
      verdict: z
        .enum(['released', 'voided'])
        .describe(
          'released: it counts, and is paid, also beyond a budget. voided: it counts nothing, or is never paid.',
        ),
      reason,
      holds: z.array(namedHold).min(1).max(limits.ruledRows),
    }),
    isChecked: true,
    isRecorded: true,
    example: {
      verdict: 'released',
      reason: 'ticket 812: it was the customer',
      holds: [{ kind: 'event', user_id: 'U1', producer: 'payments', event_id: 'evt_pay_001' }],
    },
  },
  answers: {
    200: {
      description: 'What became of each, in their order.',
      schema: z.object({
        results: z.array(
          z.object({
            hold: namedHold,
            ...eventResult.shape,
            event_id: z
              .string()
              .nullable()
              .describe('Of the verdict; null where nothing was held, and so none was given.'),
          }),
        ),
      }),
    },
  },
});
