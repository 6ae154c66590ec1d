// The contract of what a player reads: widget, journey, history.
import { z } from 'zod';
import { type Cursor, parseCursor } from '../../src/games/history.ts';
import { limits } from '../../src/limits.ts';
import { type Instant, parseInstant } from '../../src/time.ts';
import { defineRoute } from './route.ts';
import { identifier, instant, time, truth, wholeNumber } from './shapes.ts';

const claimStates = [
  'reached',
  'held',
  'paying',
  'paid',
  'netted',
  'kept',
  'failed',
  'not_paid',
  'cookie_to_open',
] as const;
const inWords =
  'reached: nothing is paid for it. held: its reward waits for a release. paying: under way. netted: all of its reward made up for what the player owed. kept: paid, and the player keeps it, though the step is not reached any more. failed: refused for good. not_paid: nothing will be paid. cookie_to_open: a fortune cookie waits.';
const stepState = z
  .enum(['locked', ...claimStates])
  .describe(`locked: not reached, or not any more. ${inWords}`)
  .meta({ id: 'StepState' });
const stepType = z.enum(['REWARD', 'EMPTY', 'FORTUNE_COOKIE']);
const promise = {
  reward_type: z.string().describe('NC, VOUCHER, or service:<name> for what an installation adds.'),
  value: z.number(),
  display_type: z.enum(['flat', 'upto']).describe('upto: shown as "up to value".'),
};
const reward = z
  .union([z.object({ visibility: z.literal('hidden') }), z.object({ visibility: z.literal('visible'), ...promise })])
  .describe('Of a hidden reward only that there is one, until it is earned.')
  .meta({ id: 'Reward' });

/** What archetypes show beyond the two numbers. Each archetype makes its own; tests compare what is answered with this. */
const progress = z
  .union([
    z.null(),
    z.object({
      targets: z.array(
        z.object({
          target_id: z.string(),
          title: z.string().nullable(),
          done: z.number(),
          count: z.number(),
          complete: z.boolean(),
        }),
      ),
    }),
    z.object({
      best: z.number(),
      current: z.number(),
      freezes_left: z.number(),
      active_now: z.boolean(),
      period: z.enum(['day', 'week']),
    }),
    z.object({
      columns: z.number(),
      cells: z.array(
        z.object({
          cell: z.number(),
          date: z.string().optional(),
          cell_id: z.string().optional(),
          title: z.string().nullable().optional(),
          filled: z.boolean(),
        }),
      ),
    }),
  ])
  .describe('CHECKLIST: targets. STREAK: runs. CALENDAR_GRID: cells in reading order. Null for NUMERIC_COUNTER.')
  .meta({ id: 'ProgressDetail' }) as z.ZodType<Record<string, unknown> | null>;

const prize = z
  .object({
    prize_id: z.string(),
    title: z.string().nullable(),
    reward: z
      .object({ reward_type: promise.reward_type, value: z.number() })
      .nullable()
      .describe('Null: it pays nothing.'),
  })
  .nullable()
  .describe('What came out of a fortune cookie; null when nothing was left.')
  .meta({ id: 'Prize' });

const step = {
  step: z.number(),
  title: z.string().nullable(),
  step_type: stepType,
  state: stepState,
  prize: prize.optional().describe('Only of a fortune cookie that was opened.'),
};

const gameView = {
  game_id: z.string(),
  title: z.string().nullable(),
  archetype: z.enum(['NUMERIC_COUNTER', 'CHECKLIST', 'STREAK', 'CALENDAR_GRID']),
  join: z
    .object({ state: z.enum(['open', 'joined']), joined_at: time.nullable() })
    .nullable()
    .describe('Null for a game that all members take part in.'),
  current_value: z.number().describe('At most max_value. What waits for a release by risk management counts.'),
  max_value: z.number(),
  display_unit: z.string(),
  progress,
  next_visible_reward: z
    .object({ step: z.number(), title: z.string().nullable(), ...promise })
    .nullable()
    .describe('The first visible reward that is not reached.'),
  last_credited: z
    .array(z.object({ event_id: z.string(), payment_id: z.string().nullable() }))
    .describe('The last events that count in this window, newest first.'),
  window: z.object({ start: time, end: time, seconds_remaining: z.number().int() }),
  config_version: z.number().int(),
  projection_version: z
    .number()
    .int()
    .describe("Rises with every change of the player's progress, claims and payments in this window."),
  as_of: time.describe('What was committed before this instant is in the answer.'),
};

const trigger = {
  trigger_id: z.string(),
  title: z.string().nullable(),
  event_type: z.string(),
  condition: z.string().describe('In words.'),
  cap: z.object({ per_day: z.number().nullable(), per_window: z.number().nullable() }).nullable(),
};
const triggerView = z
  .discriminatedUnion('mode', [
    z.object({ ...trigger, mode: z.literal('increment_by_constant'), adds: z.number(), field: z.null() }),
    z.object({
      ...trigger,
      mode: z.literal('increment_by_attribute'),
      adds: z.null(),
      field: z.string(),
      scale: z.number(),
      rounding: z.enum(['down', 'half_up', 'up']),
      max_per_event: z.number().nullable(),
    }),
    z.object({
      ...trigger,
      mode: z.literal('weighted'),
      adds: z.null(),
      field: z.string(),
      weights: z.record(z.string(), z.number()).nullable(),
      bands: z.array(z.object({ at_least: z.number(), adds: z.number() })).nullable(),
      otherwise: z.number(),
    }),
    z.object({ ...trigger, mode: z.literal('unique'), adds: z.number(), field: z.string() }),
  ])
  .describe('What counts, and what it adds before caps.')
  .meta({ id: 'Trigger' });

const requires = z
  .union([
    z.object({ targets: z.array(z.string()), match: z.enum(['any', 'all']) }),
    z.object({ cell: z.number() }),
    z.object({ row: z.number() }),
  ])
  .nullable()
  .describe('What reaches the step where its number does not.');

const after = z
  .object({
    event_id: z.string().nullable(),
    payment_id: z.string().nullable(),
    status: z
      .enum(['applied', 'not_applicable', 'pending'])
      .describe('applied: its effect is in this answer. not_applicable: judged, without one. pending: not judged yet.'),
    outcome: z.string().nullable(),
    reason: z.string().nullable(),
    detail: z.string().describe('In words.'),
  })
  .describe('What is said of the event that was waited for; only where one was.')
  .meta({ id: 'After' });

const widget = z.object({
  games: z.array(z.object({ ...gameView, steps: z.array(z.object(step)) }).meta({ id: 'WidgetGame' })),
  after: after.optional(),
});

/** Why less than its reward is paid for a step. */
const lowered = {
  netted: z.number().describe('How much of the reward was kept back for what the player owed.'),
  downgraded_from: z
    .number()
    .nullable()
    .describe('What the reward would have been, had enough been left for it; null where it was not lowered.'),
};

const journey = z
  .object({
    ...gameView,
    state: z.enum(['active', 'paused', 'ended']),
    previous_window: time.nullable().describe("By its start, the player's window before this one."),
    steps: z.array(
      z.object({
        ...step,
        requires,
        reward: reward.nullable(),
        ...lowered,
        reached_at: time.nullable().describe('Null while the step is locked.'),
      }),
    ),
    triggers: z.array(triggerView),
    after: after.optional(),
  })
  .meta({ id: 'Journey' });

const account = z
  .string()
  .optional()
  .describe('The other account of the person that it came under; only where that is not the one that is asked for.');
const entry = { at: time, account, window_start: time };
const claimState = z
  .enum([...claimStates, 'taken_back'])
  .describe(`${inWords} taken_back: an event that it was reached by was taken back; the step may be reached again.`)
  .meta({ id: 'ClaimState' });
const history = z.object({
  game_id: z.string(),
  entries: z.array(
    z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('join'), at: time, account }),
        z
          .object({
            kind: z.literal('merge'),
            at: time,
            account,
            what: z.enum(['merged', 'unmerged']),
            user_id: z
              .string()
              .nullable()
              .describe("Who was merged; null: an account that is not this person's any more."),
            into: z.string().nullable().describe('Who counts, or counted, for both; null likewise.'),
            detail: z.string().describe('In words.'),
          })
          .describe('Two accounts are one person from here on, or are not any more.'),
        z.object({
          kind: z.literal('credit'),
          ...entry,
          trigger_id: z.string(),
          amount: z.number().describe('What the event was worth by itself, before caps and repeated values.'),
          counts: z.number().describe('What is left of that after rulings; 0 when all of it was taken back.'),
          held: z.boolean().describe('It counts, but the rewards it earns wait for a release.'),
          event_id: z
            .string()
            .nullable()
            .describe('Null where the event was credited before ids were kept with credits.'),
          payment_id: z.string().nullable(),
          transaction_id: z.string().nullable(),
        }),
        z.object({
          kind: z.literal('claim'),
          ...entry,
          step: z.number(),
          step_type: stepType,
          state: claimState,
          reward: reward.nullable(),
          ...lowered,
        }),
        z.object({ kind: z.literal('opening'), ...entry, step: z.number(), prize }),
        z.object({
          kind: z.literal('ruling'),
          ...entry,
          what: z
            .enum(['reversed', 'released', 'voided'])
            .describe(
              'The event was taken back, in whole or in part; or what was held of it was released, or taken away.',
            ),
          trigger_id: z.string(),
          amount: z.number().describe('What the event counts since, before caps and repeated values.'),
          taken: z.number().describe('How much less that is than before.'),
          remaining: z
            .number()
            .nullable()
            .describe("What is left of the event's amount; null where nothing of it was taken back."),
          event_id: z.string().nullable(),
          payment_id: z.string().nullable(),
        }),
        z.object({
          kind: z.literal('not_counted'),
          at: time,
          account,
          event_id: z.string(),
          event_type: z.string(),
          payment_id: z.string().nullable(),
          outcome: z.string(),
          reason: z.string().nullable(),
          detail: z.string().describe('The reason in words.'),
          missed: z
            .array(z.object({ trigger_id: z.string(), condition: z.string() }))
            .describe('What triggers wanted that the event was not, in words.'),
        }),
        z.object({
          kind: z.literal('reward'),
          ...entry,
          step: z.number(),
          state: z.enum(['paid', 'failed', 'not_paid']).describe('How the payment ended.'),
          reward: reward.describe('What the payment was of.'),
        }),
        z.object({
          kind: z.literal('take_back'),
          ...entry,
          step: z.number(),
          state: z
            .enum(['taking_back', 'taken_back', 'failed'])
            .describe('taking_back: under way. failed: the service refused.'),
          reward: reward.describe('What is taken back.'),
        }),
        z.object({
          kind: z.literal('debt'),
          ...entry,
          step: z.number(),
          what: z
            .enum(['owed', 'netted'])
            .describe(
              "owed: the player owes it, since the step's reward was taken back. netted: it was kept back of the step's reward, and is owed no more.",
            ),
          reward_type: promise.reward_type,
          amount: z.number(),
        }),
      ])
      .meta({ id: 'HistoryEntry' }),
  ),
  next_cursor: z.string().nullable().describe('Asks for the page after this one; null on the last.'),
});

/** Waiting for an event, by its id or its payment's. */
const awaiting = {
  after_event: identifier.optional().describe('Wait until this event has been judged, and say what became of it.'),
  after_payment: identifier.optional().describe('The same, by the payment that the event tells of.'),
  wait: wholeNumber(0, limits.awaitSecondsMax)
    .optional()
    .describe(`For so many seconds at most; ${limits.awaitSeconds} unless given.`),
};

const cursor = z
  .string()
  .transform((text, context): Cursor => {
    const read = parseCursor(text);
    if (read !== undefined) return read;
    context.addIssue({ code: 'custom', message: 'must be a next_cursor of this history' });
    return z.NEVER;
  })
  .describe('The next_cursor of the page before.');

const windowStart = z
  .string()
  .transform((text, context): Instant => {
    const start = parseInstant(text);
    if (start !== undefined) return start;
    context.addIssue({ code: 'custom', message: 'must be the start of one, such as 2026-05-01T00:00:00Z' });
    return z.NEVER;
  })
  .meta({ description: 'One of the windows of the player, by its start.', override: { format: 'date-time' } });

const game = { params: z.object({ game_id: z.string() }) };
const player = {
  method: 'get',
  tag: 'Games of a player',
  scopes: ['player', 'bff'],
  isTagged: true,
} as const;
const notTheirs = { 404: 'This player takes part in no such game, or there is none.' };

const ids = {
  event_id: identifier.optional(),
  event_version: z.string().optional(),
  occurred_at: instant.optional().describe('Now unless given.'),
  producer: identifier.optional(),
};
const jsonObject = z.record(z.string(), z.unknown());

const previewedStep = { step: z.number(), title: z.string().nullable(), step_type: stepType };
const reachedStep = z.object({
  ...previewedStep,
  held: z.boolean().describe('Its reward would wait for a release.'),
  reward: reward.nullable().describe('As promised; null where the step pays nothing.'),
});

const lostStep = z.object({
  ...previewedStep,
  kept: z.boolean().describe('The player keeps what was paid for it.'),
  reward: reward
    .nullable()
    .describe(
      'As earned, out of a fortune cookie too; null where the step pays nothing, and of a cookie that was not opened.',
    ),
});

const preview = z.object({
  outcome: z.string().describe('What the event would be answered; of one that has been judged already, what it was.'),
  reason: z.string().nullable(),
  detail: z.string().describe('In words.'),
  replayed: z.boolean().describe('An event of this id has been judged already: it would change nothing.'),
  games: z.array(
    z
      .object({
        game_id: z.string(),
        title: z.string().nullable(),
        outcome: z.string(),
        reason: z.string().nullable(),
        detail: z.string().describe('In words.'),
        missed: z
          .array(z.object({ trigger_id: z.string(), condition: z.string() }))
          .describe('What triggers ask for that the event is not.'),
        adds: z.number().describe('By how much current_value would rise; of a reversal, fall: below 0.'),
        current_value: z.number().describe('What it would be then.'),
        max_value: z.number(),
        window_start: time.nullable().describe('The window it would count in.'),
        steps_reached: z.array(reachedStep),
        steps_lost: z.array(lostStep).describe('What a reversal would take back.'),
      })
      .meta({ id: 'GamePreview' }),
  ),
});

export const previewEvent = defineRoute({
  method: 'post',
  tag: 'Games of a player',
  scopes: ['player', 'bff'],
  path: '/api/games/preview',
  operationId: 'previewEvent',
  summary: 'What an event of the player would do if it came now',
  description:
    'The event is judged as any other, and nothing of it is kept. Games that the player does not see are left out. What comes meanwhile may make the answer wrong.',
  body: {
    description: 'A canonical event, of which the rest may be left out.',
    schema: z.strictObject({
      ...ids,
      event_type: identifier,
      attributes: jsonObject.optional(),
      correlation: jsonObject.optional(),
    }),
    isChecked: true,
    example: {
      event_type: 'payment_success',
      correlation: { payment_id: 'pay_123' },
      attributes: { transaction_type: 'UPI', payment_status: 'SUCCESS', transaction_amount: 25_000 },
    },
  },
  answers: { 200: { description: 'The change it would make, by game.', schema: preview } },
});

export const gameEvents = defineRoute({
  method: 'get',
  tag: 'Games of a player',
  scopes: ['player', 'bff'],
  path: '/api/games/events',
  operationId: 'streamGames',
  summary: 'The widget as a stream: at once, and whenever it means something else',
  description:
    'Server-sent events called "games", each with a body of getActiveGames and its tag as id. Ends after some minutes: connect again.',
  headers: z.object({
    'last-event-id': z.string().optional().describe('The id of the last event that the caller has had.'),
  }),
  answers: { 200: { description: 'A stream that goes on until it is closed.', type: 'text/event-stream' } },
});

export const activeGames = defineRoute({
  ...player,
  path: '/api/games/active',
  operationId: 'getActiveGames',
  summary: 'The widget: the games that are open to the player now',
  query: z.object(awaiting),
  answers: { 200: { description: 'Those that end first come first.', schema: widget } },
});

export const oneGame = defineRoute({
  ...player,
  ...game,
  path: '/api/games/{game_id}',
  operationId: 'getGame',
  summary: 'The journey: one game with its steps, rewards and triggers',
  query: z.object({ ...awaiting, window: windowStart.optional() }),
  answers: { 200: { description: 'The game as the player sees it.', schema: journey } },
  problems: notTheirs,
});

const claimCode = z
  .object({
    game_id: z.string(),
    step: z.number(),
    window_start: time,
    code: z.string().describe('Worth money: show it, do not keep it.'),
  })
  .meta({ id: 'ClaimCode' });

export const codeOfClaim = defineRoute({
  ...player,
  isTagged: false,
  path: '/api/games/{game_id}/claims/{step}/code',
  operationId: 'getCodeOfClaim',
  summary: "The code of the voucher that one of the player's claims earned",
  description:
    'Of a step that was claimed more than once, in several windows or again after it was taken back: the newest.',
  params: z.object({ game_id: z.string(), step: wholeNumber(1, 999_999_999) }),
  query: z.object({ window: windowStart.optional() }),
  answers: {
    200: { description: 'The code. Never cached (no-store), and in no log.', schema: claimCode },
  },
  problems: {
    404: 'The player has no such claim, or it has no code: none was issued, or not yet, or it was not kept.',
    409: 'The voucher was taken back.',
  },
});

const openedCookie = z
  .object({
    game_id: z.string(),
    step: z.number(),
    window_start: time,
    state: claimState.describe('Of what the prize pays; reached: nothing is paid.'),
    prize,
    ...lowered,
    replayed: z.boolean().describe('It had been opened before, with this prize.'),
  })
  .meta({ id: 'OpenedCookie' });

export const openCookie = defineRoute({
  method: 'post',
  tag: 'Games of a player',
  scopes: ['player', 'bff'],
  path: '/api/games/{game_id}/claims/{step}/open',
  operationId: 'openCookie',
  summary: 'Opens a fortune cookie of the player',
  description:
    'A cookie is opened once: whoever asks again, or at the same time, is answered the same prize. Of a step that was claimed more than once, in several windows or again after it was taken back: the newest.',
  params: z.object({ game_id: z.string(), step: wholeNumber(1, 999_999_999) }),
  query: z.object({ window: windowStart.optional() }),
  answers: { 200: { description: 'What came out of it.', schema: openedCookie } },
  problems: {
    404: 'The player has no cookie on that step: it is not reached, or is no cookie.',
    409: 'It waits for a release, was taken back, or cannot be opened now: the game is paused, or does not say what may come out.',
  },
});

export const gameHistory = defineRoute({
  ...player,
  ...game,
  path: '/api/games/{game_id}/history',
  operationId: 'getHistory',
  summary: 'The history of the player in one game, newest first',
  query: z.object({
    limit: wholeNumber(1, limits.historyPage)
      .optional()
      .describe(`Entries in a page; ${limits.historyPage} unless given.`),
    cursor: cursor.optional(),
    not_counted: truth.optional().describe('Whether events that did not count are told; they are unless it is false.'),
  }),
  answers: { 200: { description: 'A page.', schema: history } },
  problems: notTheirs,
});
