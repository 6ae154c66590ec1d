// The contract of support: explanations.
import { z } from 'zod';
import { limits } from '../../src/limits.ts';
import { defineRoute } from './route.ts';
import { identifier, instant, time } from './shapes.ts';

const json = z.unknown();
const outcome = z.string().describe('Such as applied, late, no_match.');
const reason = z.string().nullable().describe('Such as condition_failed; null where the outcome says it all.');

const trigger = z.object({
  trigger_id: z.string().nullable().describe('Null: the rule for joining.'),
  event_type: z.string(),
  condition: z.string().describe('What it asks for, in words.'),
  matches: z.boolean(),
  failed: z
    .union([
      z.object({
        op: z.string(),
        field: z.string(),
        wanted: json,
        found: json.describe('Null where the event does not have the field.'),
        in_words: z.string(),
      }),
      z.object({ op: z.literal('not'), unwanted: z.string(), in_words: z.string() }),
    ])
    .nullable()
    .describe('The first thing that is not so.'),
  worth: z.number().nullable().describe('What it adds before caps, if it matches.'),
});

const game = z.object({
  game_id: z.string(),
  version: z.number().int().describe('The config version that judged.'),
  outcome,
  reason,
  answer: z.string().describe('In words that can be sent on.'),
  window: z.object({ start: time, end: time, accepted_until: time }).nullable(),
  status: z.string(),
  cohort: z.object({
    cohort_id: z.string(),
    member: z.boolean(),
    memberships: z.array(z.object({ from: time, until: time.nullable() })),
  }),
  joined_at: z.array(time).nullable().describe('Null where a game asks for no joining.'),
  triggers: z.array(trigger),
  frm: z.object({ flag: json, policy: z.string() }).nullable(),
  progress: z
    .object({
      before: z.number(),
      after: z.number(),
      max: z.number(),
      unit: z.string(),
      in_words: z.array(z.string()),
    })
    .nullable()
    .describe('Where the event counted.'),
  credits: z.array(z.object({ trigger_id: z.string(), amount: z.number(), held: z.boolean() })),
  claims: z.array(
    z.object({
      step: z.number(),
      step_type: z.string(),
      status: z.string(),
      reward_type: z.string().nullable(),
      amount: z.number().nullable(),
    }),
  ),
});

const reward = z.object({
  service: z.string(),
  state: z.string(),
  amount: z.number().describe('What is paid: a budget may have lowered it, or debts.'),
  lowered_from: z.number().nullable().describe('What it was before a budget had not enough left for it.'),
  attempts: z.number().int(),
  written_at: time,
  settled_at: time.nullable(),
  next_attempt_at: time.nullable(),
  last_error: z.string().nullable(),
  calls: z.array(
    z.object({
      attempt: z.number().int(),
      started_at: time,
      ended_at: time,
      result: z.string(),
      error: z.string().nullable(),
    }),
  ),
  retries: z.array(z.object({ retried_at: time, retried_by: z.string(), reason: z.string(), from_state: z.string() })),
});

const by = z.string().nullable().describe('The event that did so; null where it is not on record any more.');
const ruler = z.string().nullable().describe('The producer of that event, where it was a reversal or a verdict.');
const eventName = z.object({ event_id: z.string(), producer: z.string() });
const account = z
  .string()
  .optional()
  .describe('The account of the person that it came under; only where that is not the one of user_id.');
const claimName = { game_id: z.string(), window_start: time, step: z.number(), earning: z.number().int(), account };

const claim = z.object({
  ...claimName,
  step_type: z.string(),
  status: z.string(),
  version: z.number().int(),
  reward_type: z.string().nullable(),
  amount: z.number().nullable(),
  key: z.string().nullable(),
  claimed_at: time,
  time_zone: z.string().describe('Of its game.'),
  event_id: by.describe('The event that reached the step; null where it is not on record any more.'),
  repeated: z
    .boolean()
    .describe('It was cancelled by a merge, since another account of the person has the step as well.'),
  history: z
    .array(z.object({ from: z.string(), to: z.string(), changed_at: time, event_id: by, producer: ruler }))
    .describe('Each change of its status.'),
  reached_again: z.boolean().describe('The step has been reached anew since this claim was taken back.'),
  opening: z
    .object({ opened_at: time, event_id: by, prize_id: z.string().nullable().describe('Null: nothing was left.') })
    .nullable()
    .describe('Of a fortune cookie that was opened.'),
  reward: reward.nullable().describe('Null for steps that pay nothing, and while nothing has been sent off.'),
  take_back: reward.nullable().describe('What takes the reward back from the player, where something does.'),
  kept_back: z
    .array(z.object({ ...claimName, event_id: by, producer: ruler, amount: z.number() }))
    .describe('How much of it was kept back for what the player owed, by the claim that is owed.'),
  debts: z
    .array(
      z.object({
        ...claimName,
        reward_type: z.string(),
        amount: z.number(),
        event_id: by,
        producer: ruler,
        state: z
          .enum(['owed', 'settled', 'waiting', 'void'])
          .describe('It counts once the reward is known to have been paid. settled: all of it has been made up for.'),
        since: time.nullable().describe('When it arose.'),
        left: z.number().describe('What has not been made up for.'),
        made_up_by: z
          .array(z.object({ ...claimName, amount: z.number(), at: time, event_id: by }))
          .describe('The rewards that were lowered by it.'),
      }),
    )
    .describe('What the player owes since it was taken back.'),
});

const correction = {
  by: z.array(eventName).describe('The events that say so: one ruling, or all that were there before the event.'),
  kind: z.enum(['reversed', 'released', 'voided']),
  came_first: z.boolean().describe('The ruling was there before the event.'),
  corrected_at: time,
  amount: z.number(),
  remaining: z
    .number()
    .nullable()
    .describe("What is left of the event's own amount; null where nothing was taken back."),
  held: z.boolean(),
};

const changed = z.object({
  credits: z.array(
    z.object({
      game_id: z.string(),
      window_start: time,
      trigger_id: z.string(),
      amount: z.number(),
      held: z.boolean(),
      version: z.number().int(),
      corrections: z.array(z.object(correction)).describe('What rulings have made of it; the last one holds.'),
    }),
  ),
  ruled: z
    .array(
      z.object({
        ...correction,
        event_id: z.string().nullable(),
        payment_id: z.string().nullable(),
        game_id: z.string(),
        window_start: time,
        trigger_id: z.string(),
        transaction_amount: z.number().nullable(),
        before: z.object({ amount: z.number(), remaining: z.number().nullable(), held: z.boolean() }),
      }),
    )
    .describe('What it has ruled about other events.'),
  joined: z.array(z.object({ game_id: z.string(), joined_at: time })),
  claims: z.array(claim).describe('The steps that were reached with it.'),
  transitions: z
    .array(claim.extend({ from: z.string(), to: z.string(), changed_at: time }))
    .describe('Claims of other events whose status it changed.'),
  undone: z.array(claim).describe('Claims of other events that changed by what was ruled about this one.'),
});

const explanation = z
  .object({
    event_id: z.string(),
    producer: z.string(),
    user_id: z.string().describe('The account that it came under; since a merge the one that counts.'),
    person: z
      .array(z.string())
      .optional()
      .describe('The other accounts of the person when it was judged; only where there were any.'),
    outcome,
    reason,
    answer: z
      .string()
      .describe('The whole answer in words that can be sent on; begins with CAUTION where it must not be.'),
    arrived: z.object({
      received_at: time,
      source: z.string().nullable(),
      origin: z.string().nullable().describe('Of the first delivery. Repeats changed nothing and are not kept.'),
      conflicts: z
        .array(z.object({ received_at: time, origin: z.string(), payload: json }))
        .describe('Deliveries under its id with other content; they changed nothing.'),
      judged_again: z.array(
        z.object({
          judged_at: time,
          from: z.string(),
          to: z.string(),
          by: z.string().nullable(),
          reason: z.string().nullable(),
          run: z.number().int().nullable(),
        }),
      ),
    }),
    erased_at: time
      .nullable()
      .describe('When its player, or one whom it was about, was erased; what it said went with that.'),
    event: z
      .object({
        event_type: z.string(),
        occurred_at: time,
        correlation: z.object({
          payment_id: z.string().nullable(),
          txn_id: z.string().nullable(),
          canonical_transaction_id: z.string().nullable(),
          original_event_id: z.string().nullable(),
        }),
        attributes: z.record(z.string(), json),
      })
      .nullable()
      .describe('Null: no longer stored; it is older than retention, or erased.'),
    recomputed: z
      .object({ outcome, reason, agrees: z.boolean(), differences: z.array(z.string()) })
      .nullable()
      .describe(
        'The decision taken again by what was known then. Where it does not agree with what is stored, something is wrong. Null where what it said is no longer stored, and of merges.',
      ),
    error: z.string().nullable(),
    games: z
      .array(game)
      .describe(
        'Every game that looked at it, or ran when it occurred: those first in which it counted, then as they came near to it.',
      ),
    ruling: z
      .object({
        kind: z.enum(['reversed', 'released', 'voided']),
        original_event_id: z.string().nullable(),
        payment_id: z.string().nullable(),
        amount: z.number().nullable().describe('How much is taken back, in major units; null for all.'),
        answer: z.string(),
        games: z.array(
          z.object({
            game_id: z.string(),
            window_start: time,
            progress: game.shape.progress,
            answer: z.string(),
          }),
        ),
      })
      .nullable()
      .describe('What it says about other events, if it is a reversal or a verdict.'),
    changed: changed.describe('What is in the books because of it.'),
    correction: z
      .object({
        corrects: eventName.nullable().describe('What it corrects; null where it is no correction.'),
        corrected_as: eventName.nullable().describe('What takes its place, or that of what it corrects.'),
      })
      .describe('A correction has the id of what it corrects, and a producer of its own.'),
    opening: z
      .object({
        game_id: z.string(),
        step: z.number(),
        prize_id: z.string().nullable().describe('Null: nothing was left.'),
        reward_type: z.string().nullable(),
        amount: z.number().nullable(),
        prizes: z
          .array(z.object({ prize_id: z.string(), weight: z.number(), left: z.number().nullable() }))
          .describe('What it was drawn from, as it was before. Not for players.'),
      })
      .nullable()
      .describe('The fortune cookie that it opened.'),
  })
  .meta({ id: 'Explanation' });

export const explain = defineRoute({
  tag: 'Support',
  scopes: ['support'],
  method: 'get',
  path: '/api/support/explanations',
  operationId: 'explain',
  summary: 'Why an event, a payment or a transaction did or did not count',
  description: `Name one of event_id, payment_id and transaction_id; a payment or a transaction with its player. A player alone: their newest ${limits.explainedEvents} events. Of a merged player those of the whole person are found, whichever of its accounts is named.`,
  query: z.object({
    event_id: identifier.optional(),
    payment_id: identifier.optional(),
    transaction_id: identifier.optional(),
    user_id: identifier.optional(),
    game_id: z.string().optional().describe('Only what this game says.'),
    since: instant.optional().describe('Received since then.'),
  }),
  answers: {
    200: {
      description: 'What is known; nothing is an answer too.',
      schema: z.object({
        events: z.array(explanation),
        parked: z
          .array(
            z.object({
              parked_no: z.number().int(),
              received_at: time,
              source: z.string(),
              origin: z.string(),
              reason: z.string(),
              detail: z.string(),
              event_id: z.string().nullable().describe('The event that it turned out to be, once it could be read.'),
            }),
          )
          .describe('Messages that could not be read and hold the id.'),
      }),
    },
  },
  problems: { 400: 'The question names nothing, or several things, or a payment without its player.' },
});
