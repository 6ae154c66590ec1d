// A scenario: given a game, when events happen, then players have earned this. Owns what such a file may say; every key is described in
// docs/scenarios.md. What only shows beside the game and the sources (a step that is not there, an attribute) is checked in stage.ts.
import { z } from 'zod';
import type { ClaimStatus } from '../games/games.ts';
import { parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import { isMoment, MOMENT } from './moment.ts';
import { type ScenarioOutcome, type ScenarioReason, scenarioOutcomes, scenarioReasons } from './outcome.ts';

const name = z.string().min(1).max(limits.identifierBytes);
const file = z
  .string()
  .min(1)
  .meta({ examples: ['../upi_fs_milestone_may_2026.json'] });

// The pattern is for editors; whether a day exists, only code can say.
const moment = z
  .string()
  .refine(isMoment, {
    error: 'must be a day or a time such as "2026-05-03" or "2026-05-03 10:00", in the game\'s time zone',
  })
  .meta({ pattern: MOMENT.source, examples: ['2026-05-03', '2026-05-03 10:00', '2026-05-03T10:00:00+05:30'] });

const duration = z
  .string()
  .regex(/^(P[1-9]\d{0,2}[DW]|PT[1-9]\d{0,3}[HM])$/, {
    error: 'must be days, weeks, hours or minutes, such as P1D, P1W, PT2H or PT10M',
  })
  .meta({ examples: ['P1D', 'PT10M'] });

const attributes = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .optional()
  .describe(
    'What the event says, by the names that sources declare. Beside "event" these come on top of those of its kind.',
  );

const correlation = z
  .strictObject({
    payment_id: name.optional().describe('The payment.'),
    txn_id: name.optional().describe('The transaction at the producer.'),
    canonical_transaction_id: name.optional().describe('The logical transaction, seen by several producers.'),
    original_event_id: name.optional().describe('In a reversal: the event it takes back.'),
  })
  .optional()
  .describe('The ids that tie events together.');

const producer = name.optional().describe('Who says so. Without it: scenario.');
const player = name.optional().describe('The player (user_id). Without it: player.');

const kind = z.strictObject({
  event_type: name.meta({ description: 'The type of such an event.', examples: ['payment_success'] }),
  attributes,
  correlation,
  producer,
});

const outcome = z.enum(scenarioOutcomes);
const verdict = z.strictObject({
  outcome: outcome.optional().describe('What becomes of it.'),
  reason: z.enum(scenarioReasons).nullable().optional().describe('Why; null where there is no reason to give.'),
  adds: z
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: "By how much it raises its player's progress.", unit: 'progress' }),
  replayed: z.boolean().optional().describe('Whether it was known already.'),
});

const happening = z.strictObject({
  at: moment.describe('When it happens. A day alone means its noon.'),
  event: name.optional().describe('Its kind, one of given.events. Where there is only one kind it may be left out.'),
  event_type: name.optional().describe('Its type, where it is of no kind.'),
  open: z
    .number()
    .int()
    .min(1)
    .optional()
    .meta({
      description: 'In place of an event: the player opens the newest cookie of this step.',
      unit: 'step',
      examples: [10],
    }),
  player,
  attributes,
  correlation,
  producer,
  event_id: name
    .optional()
    .describe('Its id, for an event that arrives again. Without it each event has one of its own.'),
  received_at: moment.optional().describe('When it is received. Without it: a second after it happens.'),
  times: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: 'How often it happens, each time with another id. Without it: once.', unit: 'events' }),
  every: duration.optional().describe('With "times": how far apart. Without it they happen at the same time.'),
  expect: z
    .union([outcome, verdict, z.array(z.union([outcome, verdict])).min(1)])
    .optional()
    .describe('What becomes of it. With "times": of each of them, or a list with an entry for each.'),
});

const stepStates = [
  'earned',
  'awaiting_budget',
  'held',
  'unopened',
  'opened',
  'voided',
  'cancelled',
  'kept',
  'clawed_back',
  'offset',
  'locked',
] as const satisfies readonly (ClaimStatus | 'locked')[];
/** What has become of a step; `locked`: it is not reached. */
export type StepState = (typeof stepStates)[number];

const amount = z.number().int().min(0).optional().meta({ unit: 'progress' });

const expectation = z.strictObject({
  player,
  at: moment
    .optional()
    .describe(
      'Which window is looked at, and what the clock shows. Without it: when the latest event happens. A day alone means its noon.',
    ),
  progress: amount.describe('The progress, not cut at max_value.'),
  cleared: amount.describe('The part of the progress that no hold touches.'),
  shown: amount.describe('The progress as the player is shown it, at most max_value.'),
  detail: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'What the archetype shows beyond the number. Only what is written here is compared; of a list, the entries that are written.',
    ),
  steps: z
    .record(z.string().regex(/^\d+$/, { error: 'must be the number of a step' }), z.enum(stepStates))
    .optional()
    .meta({
      description:
        'What has become of steps, by their numbers; unopened and opened are of a cookie, locked is not reached.',
      examples: [{ 3: 'earned', 6: 'locked' }],
    }),
  rewards: z
    .array(
      z.string().regex(/^(NC|VOUCHER|service:[a-z0-9_-]+) [1-9]\d*$/, {
        error: 'must be a reward such as "NC 10", "VOUCHER 100" or "service:lounge_pass 1"',
      }),
    )
    .optional()
    .meta({ description: 'Everything that is paid in the window, in order.', examples: [['NC 10', 'VOUCHER 100']] }),
});

const laterVersion = z
  .strictObject({
    from: moment.describe('From when it is in force. A day alone means its beginning.'),
    file: file.optional().describe('Its file, seen from this one.'),
    change: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({
        description: 'In place of a file: what it changes in the version before it, by path; null takes something out.',
        examples: [{ 'milestone_steps[0].reward.value': 20 }],
      }),
  })
  .refine((version) => (version.file === undefined) !== (version.change === undefined), {
    error: 'needs "file" or "change", one of them',
  });

const given = z.strictObject({
  events: z.record(name, kind).default({}).describe('Kinds of events, by names of your choice.'),
  members: z
    .array(
      z.union([
        name,
        z.strictObject({
          player: name.describe('The player (user_id).'),
          cohort: name.optional().describe('The cohort. Without it: that of the game.'),
          from: moment.optional().describe('Since when. A day alone means its beginning. Without it: always.'),
          to: moment.optional().describe('Until when. A day alone is included. Without it: for ever.'),
        }),
      ]),
    )
    .optional()
    .describe("The members of the game's cohort. Without it every player is one."),
  joined: z
    .array(z.strictObject({ player, at: moment.describe('When. A day alone means its noon.') }))
    .default([])
    .describe('Who has joined an opt-in game. Joining may also be one of the events.'),
  paused: z
    .array(
      z.strictObject({
        from: moment.describe('Since when. A day alone means its beginning.'),
        to: moment.optional().describe('Until when. A day alone is included. Without it: for ever.'),
      }),
    )
    .default([])
    .describe('When the game is paused.'),
  ended: moment.optional().describe('From when the game is ended. A day alone means its beginning.'),
});

export const scenarioSchema = z.strictObject({
  scenario: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'What it shows, as a sentence.', examples: ['Three payments reach the first step'] }),
  game: file.describe('The file of the game, seen from this one.'),
  later_versions: z.array(laterVersion).default([]).describe('The versions that follow this one, oldest first.'),
  given: given.prefault({}).describe('What holds before the first event.'),
  when: z.array(happening).min(1).describe('The events, in the order in which they arrive.'),
  // biome-ignore lint/suspicious/noThenProperty: given, when, then are the words of the format; what is there is data, never a function
  then: z
    .union([expectation, z.array(expectation).min(1)])
    .describe('What is found after all events: of one player, or a list for several players or windows.'),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type Happening = Scenario['when'][number];
export type EventKind = z.output<typeof kind>;
export type Expectation = z.output<typeof expectation>;

/** What is expected of one event. */
export interface ExpectedVerdict {
  outcome?: ScenarioOutcome | undefined;
  reason?: ScenarioReason | null | undefined;
  adds?: number | undefined;
  replayed?: boolean | undefined;
}

/** The player of an event or an expectation that names none. */
export const somePlayer = 'player';

/**
 * Reads a scenario's text (JSON, comments allowed).
 * @throws UserError naming `file` and, for each problem, the path, the value found and the mend.
 */
export function parseScenario(text: string, file: string): Scenario {
  return parseJsonc(text, scenarioSchema, file);
}

/** What is expected of the occurrence with this index; undefined when nothing is. */
export function expectedOf({ expect }: Happening, occurrence: number): ExpectedVerdict | undefined {
  const one = Array.isArray(expect) ? expect[occurrence] : expect;
  return typeof one === 'string' ? { outcome: one } : one;
}

/** What is expected in the end, as a list. */
export function expectationsOf({ then }: Scenario): readonly Expectation[] {
  return Array.isArray(then) ? then : [then];
}
