// A scenario: given a game, when events happen, then players have earned this. Owns what such a file may say; every key is described in
// docs/scenarios.md. What only shows beside the game and the sources (a step that is not there, an attribute) is checked in stage.ts.
import { z } from 'zod';
import { parsePath } from '../event/source.ts';
import type { ClaimStatus } from '../games/games.ts';
import { parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import { isMoment } from './moment.ts';
import { type ScenarioOutcome, type ScenarioReason, scenarioOutcomes, scenarioReasons } from './outcome.ts';

const name = z.string().min(1).max(limits.identifierBytes);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const moment = z.string().refine(isMoment, {
  error: 'must be a day or a time such as "2026-05-03" or "2026-05-03 10:00", of the game\'s time zone',
});

/** What happens at an event, as far as one of a kind is like the other. */
const eventFields = {
  attributes: z.record(z.string(), scalar).optional().describe('The attributes of the event, as sources declare them.'),
  correlation: z
    .strictObject({
      payment_id: name.optional(),
      txn_id: name.optional(),
      canonical_transaction_id: name.optional(),
      original_event_id: name.optional(),
    })
    .optional()
    .describe('The ids that tie events together.'),
  producer: name.optional().describe('Who says so. Without it: scenario.'),
};

const kind = z.strictObject({ event_type: name.describe('Such as payment_success.'), ...eventFields });

const period = z.string().regex(/^(P[1-9]\d{0,2}[DW]|PT[1-9]\d{0,3}[HM])$/, {
  error: 'must be days, weeks, hours or minutes, such as P1D, P1W, PT2H or PT10M',
});

const verdict = z.union([
  z.enum(scenarioOutcomes),
  z.strictObject({
    outcome: z.enum(scenarioOutcomes).optional(),
    reason: z.enum(scenarioReasons).nullable().optional().describe('Why, in one word; null for none.'),
    adds: z.number().int().min(0).optional().describe('By how much it raises the progress of its player.'),
    replayed: z.boolean().optional().describe('Whether the event was known already.'),
  }),
]);

const happening = z.strictObject({
  at: moment.describe("When it happens, by the clocks of the game's time zone. A day alone means its noon."),
  event: name.optional().describe('A kind of event from given.events. Where there is only one, it need not be named.'),
  event_type: name.optional().describe('What happens, where it is none of given.events.'),
  player: name.optional().describe('To whom. Without it: player.'),
  ...eventFields,
  event_id: name.optional().describe('For an event that arrives twice: the same id again.'),
  received_at: moment.optional().describe('When it is received. Without it: a second after it happens.'),
  times: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('How often it happens: events alike, each with an id of its own.'),
  every: period.optional().describe('How far apart they are. Without it they happen at the same time.'),
  expect: z
    .union([verdict, z.array(verdict).min(1)])
    .optional()
    .describe('What becomes of it; of several, of each of them, or a list with one entry for each.'),
});

const stepStates = ['earned', 'held', 'unopened', 'locked'] as const satisfies readonly (ClaimStatus | 'locked')[];
/** What has become of a step; `locked`: it is not reached. */
export type StepState = (typeof stepStates)[number];

const expectation = z.strictObject({
  player: name.optional().describe('Of whom. Without it: player.'),
  at: moment
    .optional()
    .describe(
      'The window looked at is the one at this time, and so is what depends on the clock. Without it: when the last event happens.',
    ),
  progress: z.number().int().min(0).optional().describe('What steps are reached by, not cut at max_value.'),
  cleared: z.number().int().min(0).optional().describe('The part of the progress that no hold touches.'),
  shown: z.number().int().min(0).optional().describe('What the player is shown, at most max_value.'),
  detail: z
    .record(z.string(), z.json())
    .optional()
    .describe(
      'What the player is shown beyond the number. Only what is written is looked at; of a list, the entries that are written.',
    ),
  steps: z.record(z.string().regex(/^\d+$/, { error: 'must be the number of a step' }), z.enum(stepStates)).optional(),
  rewards: z
    .array(z.string().regex(/^(NC|VOUCHER) [1-9]\d*$/, { error: 'must be a reward such as "NC 10" or "VOUCHER 100"' }))
    .optional()
    .describe('All that is paid in the window, in order.'),
});

const fromTo = { from: moment.optional(), to: moment.optional() };

export const scenarioSchema = z.strictObject({
  scenario: z.string().min(1).max(200).describe('What it shows, as a sentence.'),
  game: z.string().min(1).describe('The file of the game, seen from this one.'),
  later_versions: z
    .array(
      z
        .strictObject({
          from: moment.describe('From when it is in force. A day alone means its beginning.'),
          file: z.string().min(1).optional().describe('The file of the version, seen from this one.'),
          change: z
            .record(
              z.string().refine((path) => parsePath(path) !== undefined, {
                error: 'must be a path such as milestone_steps[0].reward.value',
              }),
              z.json(),
            )
            .optional()
            .describe('What it changes in the version before it, by path; null removes.'),
        })
        .refine(({ file, change }) => (file === undefined) !== (change === undefined), {
          error: 'needs "file" or "change", one of them',
        }),
    )
    .default([])
    .describe('Versions that follow the first, oldest first.'),
  given: z
    .strictObject({
      events: z.record(name, kind).default({}).describe('Kinds of events, by a name of your choice.'),
      members: z
        .array(z.union([name, z.strictObject({ player: name, cohort: name.optional(), ...fromTo })]))
        .optional()
        .describe('The members of the cohort, always or from and to. Without it: every player.'),
      joined: z
        .array(z.strictObject({ player: name.optional(), at: moment }))
        .default([])
        .describe('Who has joined an opt-in game before all events. Joining may also be one of the events.'),
      paused: z
        .array(z.strictObject({ from: moment, to: moment.optional() }))
        .default([])
        .describe('When the game is paused.'),
      ended: moment.optional().describe('From when the game is ended.'),
    })
    .prefault({}),
  when: z.array(happening).min(1).describe('Events, in the order in which they arrive.'),
  // biome-ignore lint/suspicious/noThenProperty: given, when, then are the words of the format; what is there is data, never a function
  then: z.union([expectation, z.array(expectation).min(1)]).describe('What holds after all of them.'),
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
