// The configuration of a game as its owner writes it: the schema, which is the contract, and the types it gives. What a schema cannot express is
// checked in parse.ts. Every field but those of the first contract is optional and says what holds without it.
import { z } from 'zod';
import { type Group, groupSchema } from '../condition/condition.ts';
import { limits } from '../limits.ts';
import { parseInstant } from '../time.ts';
import { isTimeZone } from '../time-zone.ts';

const identifier = z
  .string()
  .min(1)
  .max(limits.identifierBytes)
  .regex(/^[A-Za-z0-9_.:-]+$/, { error: 'may hold letters, digits and _ . : - only' });

const instant = z.string().refine((text) => parseInstant(text) !== undefined, {
  error: 'must be a date and time with its offset, such as 2026-05-01T00:00:00Z',
});

const title = z.string().min(1).max(120);
const eventType = z.string().min(1).max(limits.identifierBytes);
/** What progress, steps and contributions are counted in; large enough for a quarter's spending in paise. */
const quantity = z.number().int().min(1).max(1_000_000_000_000);
const quantityOrZero = z.number().int().min(0).max(1_000_000_000_000);
const wholeNumber = z.number().int().min(1).max(1_000_000_000);
const eventField = z.string().min(1).max(256);

const calendarPeriod = /^P[1-9]\d{0,2}[DW]$/;
const duration = /^(P[1-9]\d{0,2}[DW]|PT[1-9]\d{0,3}H)$/;

const reward = z.strictObject({
  /** NC: NeuCoins. VOUCHER: a voucher of this face value in rupees. */
  reward_type: z.enum(['NC', 'VOUCHER']),
  value: wholeNumber,
  /** A hidden reward is shown to a player only once it is earned. */
  visibility: z.enum(['visible', 'hidden']).default('visible'),
  /** upto: shown as "up to value". Without a distribution the whole value is paid. */
  display_type: z.enum(['flat', 'upto']).default('flat'),
});

/** What reaches a step, where it is not the value: in a checklist certain targets, in a grid one cell or one row. */
const requires = z.union([
  z.strictObject({
    targets: z.array(identifier).min(1).max(100),
    match: z.enum(['any', 'all']).default('all'),
  }),
  /** From 1, in reading order. */
  z.strictObject({ cell: wholeNumber }),
  /** From 1, from the top. */
  z.strictObject({ row: wholeNumber }),
]);

const stepFields = {
  /** The value that reaches it; with `requires` only its number and its place among the steps. */
  step: quantity,
  title: title.optional(),
  requires: requires.optional(),
};

const milestoneStep = z.discriminatedUnion('step_type', [
  z.strictObject({ ...stepFields, step_type: z.literal('REWARD'), reward }),
  z.strictObject({ ...stepFields, step_type: z.literal('EMPTY') }),
  z.strictObject({ ...stepFields, step_type: z.literal('FORTUNE_COOKIE') }),
]);

const progression = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('increment_by_constant'), value: wholeNumber }),
  z.strictObject({
    mode: z.literal('increment_by_attribute'),
    field: eventField,
    /** Progress for one unit of the field, as a decimal: 1 counts rupees, 100 paise, 0.01 hundreds of rupees. */
    scale: z.number().positive().max(1_000_000),
    /** What becomes of the part of a unit that an event leaves over. */
    rounding: z.enum(['down', 'half_up', 'up']),
    max_per_event: quantity.optional(),
  }),
  z.strictObject({
    mode: z.literal('weighted'),
    field: eventField,
    /** By the field's text. */
    weights: z.record(z.string().min(1).max(limits.identifierBytes), quantityOrZero).optional(),
    /** By the field's number: the last band that it reaches. */
    bands: z
      .array(z.strictObject({ at_least: z.number(), adds: quantityOrZero }))
      .min(1)
      .max(100)
      .optional(),
    /** What everything else adds. */
    otherwise: quantityOrZero.default(0),
  }),
  z.strictObject({
    mode: z.literal('unique'),
    field: eventField,
    /** What each value that was not seen before in the window adds. */
    value: wholeNumber.default(1),
  }),
]);

const trigger = z.strictObject({
  trigger_id: identifier,
  title: title.optional(),
  event_type: eventType,
  rule: groupSchema,
  progression_config: progression,
  /** What the trigger adds at most, per day (of the game's time zone) and per window. */
  cap: z.strictObject({ per_day: quantity.optional(), per_window: quantity.optional() }).optional(),
});

const gameWindow = z.strictObject({
  start: instant,
  /** Inclusive; written to the second it includes that whole second. */
  end: instant,
  /** It describes. Only `recurrence` repeats. */
  type: z.enum(['monthly', 'quarterly', 'weekly', 'daily', 'custom']),
  /** Cuts the time from start to end into windows, each with progress and claims of its own. Without it there is one. */
  recurrence: z
    .union([
      z.enum(['daily', 'weekly', 'monthly', 'quarterly']),
      z
        .string()
        .regex(calendarPeriod, { error: 'must be daily, weekly, monthly, quarterly, or days or weeks such as P10D' }),
    ])
    .optional(),
  /** The window begins when the player joins and lasts this long. Needs `join`. */
  from_join: z
    .string()
    .regex(duration, { error: 'must be days, weeks or hours, such as P7D, P2W or PT48H' })
    .optional(),
  /** How long after a window's end its events are still taken, by the time they were received. */
  grace: z
    .string()
    .regex(duration, { error: 'must be days, weeks or hours, such as P3D, P1W or PT72H' })
    .default('PT72H'),
});

const target = z.strictObject({
  target_id: identifier,
  title: title.optional(),
  triggers: z.array(identifier).min(1).max(100),
  /** What its triggers have to add up to. */
  count: quantity.default(1),
});

/** Named targets; the value is how many of them are complete. */
const checklist = z.strictObject({ targets: z.array(target).min(1).max(50) });

/** Consecutive days or weeks of the game's time zone; the value is the longest run. */
const streak = z.strictObject({
  period: z.enum(['day', 'week']),
  /** What a period's credits have to add up to. */
  per_period: quantity.default(1),
  /** Periods that a run may miss without breaking; they do not lengthen it. */
  freezes: z.number().int().min(0).max(366).default(0),
});

/** Days of the window, or named cells; the value is how many are filled. */
const grid = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('days'),
    columns: z.number().int().min(1).max(31).default(7),
    /** What a day's credits have to add up to. */
    per_cell: quantity.default(1),
  }),
  z.strictObject({
    kind: z.literal('cells'),
    columns: z.number().int().min(1).max(31).default(7),
    /** In reading order. */
    cells: z
      .array(
        z.strictObject({
          cell_id: identifier,
          title: title.optional(),
          triggers: z.array(identifier).min(1).max(100),
          count: quantity.default(1),
        }),
      )
      .min(1)
      .max(366),
  }),
]);

export const gameSchema = z.strictObject({
  schema_version: z.literal('1.0'),
  game_id: identifier.refine((id) => id !== 'active', {
    error: 'may not be "active": that is a path of the read API',
  }),
  title: title.optional(),
  game_archetype: z.enum(['NUMERIC_COUNTER', 'CHECKLIST', 'STREAK', 'CALENDAR_GRID']),
  /** The players who take part; `everyone` is reserved for all. */
  cohort_id: identifier,
  /** Takes part only who has joined: by an event of this type for which the rule holds. Without it all members do. */
  join: z.strictObject({ event_type: eventType, rule: groupSchema.optional() }).optional(),
  /** Where the game's days, weeks and months begin. */
  time_zone: z
    .string()
    .refine(isTimeZone, { error: 'must be a time zone of the IANA database, such as Asia/Kolkata' })
    .default('Asia/Kolkata'),
  game_window: gameWindow,
  progress_state_model: z.strictObject({
    type: z.enum(['numeric_counter', 'checklist', 'streak', 'calendar_grid']),
    unit: z.enum(['count', 'amount', 'distinct', 'target', 'day', 'week', 'cell']),
    display_unit: z.string().min(1).max(64),
    max_value: quantity,
  }),
  checklist: checklist.optional(),
  streak: streak.optional(),
  grid: grid.optional(),
  milestone_steps: z.array(milestoneStep).min(1).max(100),
  triggers: z.array(trigger).min(1).max(100),
  /** What several triggers matching one event do: ADDITIVE adds them up. */
  stacking: z.literal('ADDITIVE').default('ADDITIVE'),
  /** INBOUNDEVENT: each event counts by itself. LOGICAL_TRANSACTION: events of one canonical_transaction_id count once. */
  evaluation_scope: z.enum(['INBOUNDEVENT', 'LOGICAL_TRANSACTION']).default('INBOUNDEVENT'),
  /** Which of a logical transaction's events counts: the first to arrive, the one worth most, or all added up. */
  transaction_policy: z.enum(['first', 'max', 'sum']).default('max'),
  /** An event flagged by fraud and risk management: hold counts it and holds the rewards it earns, ignore does not look, reject counts nothing. */
  frm: z.enum(['hold', 'ignore', 'reject']).default('hold'),
});

/** A game as its owner writes it, with defaults filled in. */
export type GameConfig = z.infer<typeof gameSchema>;
export type Archetype = GameConfig['game_archetype'];
export type MilestoneStep = GameConfig['milestone_steps'][number];
export type Reward = z.infer<typeof reward>;
export type Progression = z.infer<typeof progression>;
export type Trigger = Omit<z.infer<typeof trigger>, 'rule'> & { rule: Group };
export type Target = z.infer<typeof target>;
