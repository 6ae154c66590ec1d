// The configuration of a game as its owner writes it: the schema, which is the contract, and the types it gives. Its descriptions are what editors
// show (docs/schemas/game.schema.json). What a schema cannot express is checked in parse.ts. Every field but those of the first contract is
// optional and says what holds without it.
import { z } from 'zod';
import { type Group, groupSchema } from '../condition/condition.ts';
import { controlOf, reversalTypes } from '../event/control.ts';
import type { RewardType } from '../event/message.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { ISO_INSTANT, parseInstant } from '../time.ts';
import { isTimeZone } from '../time-zone.ts';

const identifier = z
  .string()
  .min(1)
  .max(limits.identifierBytes)
  .regex(/^[A-Za-z0-9_.:-]+$/, { error: 'may hold letters, digits and _ . : - only' })
  .meta({ unit: 'letters, digits and _ . : -' });

// The pattern is for editors; what exists, such as a day, only code can say. What parse.ts checks needs times and zones that exist: hence "abort".
const instant = z
  .string()
  .refine((text) => parseInstant(text) !== undefined, {
    error: 'must be a date and time with its offset, such as 2026-05-01T00:00:00Z',
    abort: true,
  })
  // Those of events: no other could ever count.
  .refine((text) => /^20/.test(text), { error: 'must lie in the years 2000 to 2099, as events do', abort: true })
  .meta({ pattern: ISO_INSTANT.source, unit: 'a date and time with its offset' });

const title = z
  .string()
  .min(1)
  .max(120)
  .optional()
  .meta({
    description: 'What players are shown as its name.',
    examples: ['Pay a bill'],
  });
const eventType = z
  .string()
  .min(1)
  .max(limits.identifierBytes)
  .refine((type) => controlOf(type) === undefined && !reversalTypes.includes(type), {
    error: 'is reserved: such an event changes what others count, and counts in no game',
  });
/** What progress, steps and contributions are counted in; large enough for a quarter's spending in paise. */
const quantity = z
  .number()
  .int()
  .min(1)
  .max(1_000_000_000_000)
  .meta({ unit: 'progress', examples: [3] });
const quantityOrZero = z
  .number()
  .int()
  .min(0)
  .max(1_000_000_000_000)
  .meta({ unit: 'progress', examples: [1] });
const wholeNumber = z.number().int().min(1).max(1_000_000_000);
const eventField = z
  .string()
  .min(1)
  .max(256)
  .meta({ examples: ['attributes.transaction_amount', 'attributes.merchant_category', 'attributes.merchant_id'] });
const triggerIds = z
  .array(identifier)
  .min(1)
  .max(100)
  .meta({
    description: 'The triggers that count towards it, by their trigger_id.',
    unit: 'a list',
    examples: [['bill', 'recharge']],
  });

const recurrences = ['daily', 'weekly', 'monthly', 'quarterly'];
const duration = /^(P[1-9]\d{0,2}[DW]|PT[1-9]\d{0,3}H)$/;

const rewardType = z
  .string()
  .regex(/^(NC|VOUCHER|service:[a-z][a-z0-9_-]{0,63})$/, {
    error: 'must be NC, VOUCHER, or service: and the id of a configured service, such as service:lounge_pass',
  })
  .meta({
    description:
      'NC: NeuCoins. VOUCHER: a voucher. What a [configured service](services.md) gives is named by service: and its id.',
    unit: '`NC`, `VOUCHER` or `service:…`',
    examples: ['NC', 'VOUCHER', 'service:lounge_pass'],
  })
  .transform((type) => type as RewardType);

const rewardValue = wholeNumber.meta({
  description:
    'How many NeuCoins, or the face value of the voucher in rupees; of a configured service, what it takes as the amount.',
  unit: 'NeuCoins or rupees',
  examples: [10, 250],
});
const pool = identifier.optional().meta({
  description:
    'Only for VOUCHER: the pool that the voucher comes from, as the voucher service calls it. How many there are is a budget.',
  examples: ['diwali_sweets'],
});
const weight = z
  .number()
  .int()
  .min(1)
  .max(1_000_000)
  .meta({
    description: 'Its chance: its weight over the sum of all weights.',
    unit: 'weight',
    examples: [70],
  });

const reward = z.strictObject({
  reward_type: rewardType,
  value: rewardValue,
  visibility: z
    .enum(['visible', 'hidden'])
    .default('visible')
    .describe('hidden: nothing about the reward leaves the server before it is earned.'),
  display_type: z
    .enum(['flat', 'upto'])
    .default('flat')
    .describe('upto: shown as "up to" the value. Without a distribution the whole value is paid.'),
  distribution: z
    .array(
      z.strictObject({
        value: wholeNumber.meta({
          description: 'An amount that may be drawn, at most the value of the reward.',
          unit: 'NeuCoins or rupees',
          examples: [5],
        }),
        weight,
      }),
    )
    .min(1)
    .max(100)
    .optional()
    .describe(
      'Only for upto: what the amount is drawn from when the reward is earned. Players are not shown it. Needs DRAW_KEYS.',
    ),
  pool,
});

const cookie = z.strictObject({
  prizes: z
    .array(
      z.strictObject({
        prize_id: identifier.meta({
          description: 'The name of the prize, unique in the cookie. How often it came out is kept under it.',
          examples: ['gold'],
        }),
        title,
        weight,
        stock: z
          .number()
          .int()
          .min(0)
          .max(1_000_000_000)
          .optional()
          .meta({
            description:
              'How often the prize comes out at most in one window of the game; where windows begin with joining, in the whole game. Then the others are drawn from. Without it there is no such limit.',
            unit: 'prizes',
            examples: [10],
          }),
        reward: z
          .strictObject({ reward_type: rewardType, value: rewardValue, pool })
          .optional()
          .describe('What the prize pays. Without it nothing.'),
      }),
    )
    .min(1)
    .max(50)
    .describe('What one of them is drawn from when the cookie is opened. Players are shown only what came out.'),
});

const requires = z.union(
  [
    z.strictObject({
      targets: z
        .array(identifier)
        .min(1)
        .max(100)
        .meta({
          description: 'CHECKLIST: the targets by their target_id.',
          examples: [['pay_a_bill', 'recharge']],
        }),
      match: z.enum(['any', 'all']).default('all').describe('any: one of the targets is enough.'),
    }),
    z.strictObject({
      cell: wholeNumber.meta({
        description: 'CALENDAR_GRID: this cell, counted from 1 in reading order.',
        unit: 'cell',
        examples: [1],
      }),
    }),
    z.strictObject({
      row: wholeNumber.meta({
        description: 'CALENDAR_GRID: all cells of this row, counted from 1 from the top.',
        unit: 'row',
        examples: [1],
      }),
    }),
  ],
  { error: 'must be one of {"targets": […]}, {"cell": …} and {"row": …}' },
);

const stepFields = {
  step: quantity.describe(
    'The value that reaches the step. With "requires" only its number and its place among the steps.',
  ),
  title,
  requires: requires
    .optional()
    .describe(
      'What reaches the step in place of the value: certain targets of a checklist, one cell or one row of a grid.',
    ),
};
const stepType = <Type extends string>(type: Type) =>
  z
    .literal(type)
    .describe('REWARD pays its reward. EMPTY pays nothing. FORTUNE_COOKIE becomes a cookie, which the player opens.');

const milestoneStep = z.discriminatedUnion('step_type', [
  z.strictObject({ ...stepFields, step_type: stepType('REWARD'), reward: reward.describe('What the step pays.') }),
  z.strictObject({ ...stepFields, step_type: stepType('EMPTY') }),
  z.strictObject({
    ...stepFields,
    step_type: stepType('FORTUNE_COOKIE'),
    cookie: cookie
      .optional()
      .describe(
        'What may come out of the cookie. Needs DRAW_KEYS. Without it the cookie cannot be opened, until a version says what may come out.',
      ),
  }),
]);

const mode = <Mode extends string>(name: Mode, description: string) => z.literal(name).describe(description);

const progression = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: mode('increment_by_constant', 'Every event that matches adds the same.'),
    value: wholeNumber.meta({ description: 'What an event adds.', unit: 'progress', examples: [1] }),
  }),
  z.strictObject({
    mode: mode('increment_by_attribute', 'An event adds the number in one of its fields, times a scale.'),
    field: eventField.describe('The field with the number.'),
    scale: z
      .number()
      .positive()
      .max(1_000_000)
      .meta({
        description:
          'Progress for one unit of the field. Of an amount in rupees: 1 counts rupees, 100 paise, 0.01 hundreds of rupees.',
        unit: 'progress per unit of the field',
        examples: [1, 100, 0.01],
      }),
    rounding: z
      .enum(['down', 'half_up', 'up'])
      .describe('What becomes of the part of a unit that an event leaves over.'),
    max_per_event: quantity
      .optional()
      .meta({ description: 'What one event adds at most. Without it there is no such limit.', examples: [5000] }),
  }),
  z.strictObject({
    mode: mode(
      'weighted',
      'What an event adds is looked up: by the text of a field in "weights", or by its number in "bands".',
    ),
    field: eventField.describe('The field that is looked up.'),
    weights: z
      .record(z.string().min(1).max(limits.identifierBytes), quantityOrZero)
      .optional()
      .meta({
        description: 'What each text of the field adds.',
        unit: 'progress',
        examples: [{ UTILITY: 3, GROCERY: 2 }],
      }),
    bands: z
      .array(
        z.strictObject({
          at_least: z
            .number()
            .meta({ description: 'Where the band begins.', unit: 'unit of the field', examples: [500, 2000] }),
          adds: quantityOrZero.meta({ description: 'What an event in the band adds.', examples: [1, 3] }),
        }),
      )
      .min(1)
      .max(100)
      .optional()
      .describe('Bands of a number, rising. The last one that the number reaches counts.'),
    otherwise: quantityOrZero.default(0).describe('What everything else adds.'),
  }),
  z.strictObject({
    mode: mode('unique', 'Counts the distinct values of a field within a window.'),
    field: eventField.describe('The field whose values are told apart.'),
    value: wholeNumber
      .default(1)
      .meta({ description: 'What a value adds when it is seen for the first time.', unit: 'progress', examples: [1] }),
  }),
]);

const trigger = z.strictObject({
  trigger_id: identifier.meta({
    description: 'The name of the trigger, unique in the game.',
    examples: ['upi_plus_one'],
  }),
  title,
  event_type: eventType.meta({
    description: 'The type of event that the trigger looks at.',
    examples: ['payment_success'],
  }),
  rule: groupSchema.describe('Which of these events count.'),
  progression_config: progression.describe('What an event that counts adds.'),
  cap: z
    .strictObject({
      per_day: quantity.optional().meta({
        description: "At most this much on one day of the game's time zone. Not with unique.",
        examples: [2],
      }),
      per_window: quantity.optional().meta({ description: 'At most this much in one window.', examples: [10] }),
    })
    .optional()
    .describe('What the trigger adds at most to one player. Without it there is no such limit.'),
});

const gameWindow = z.strictObject({
  start: instant.meta({ description: 'The first moment of the game.', examples: ['2026-05-01T00:00:00+05:30'] }),
  end: instant.meta({
    description: 'The last moment of the game, included. Written to the second it includes that whole second.',
    examples: ['2026-05-31T23:59:59+05:30'],
  }),
  type: z
    .enum(['monthly', 'quarterly', 'weekly', 'daily', 'custom'])
    .describe('What kind of window it is, for people. It repeats nothing: see "recurrence".'),
  recurrence: z
    .string()
    .regex(/^(daily|weekly|monthly|quarterly|P[1-9]\d{0,2}[DW])$/, {
      error: ({ input }) =>
        `must be daily, weekly, monthly, quarterly, or days or weeks such as P10D${meant(input, recurrences)}`,
    })
    .optional()
    .meta({
      description:
        'Cuts the time from start to end into windows, each with progress and claims of its own. Without it there is one window.',
      unit: 'daily, weekly, monthly, quarterly, days (P10D) or weeks (P2W)',
      examples: [...recurrences, 'P10D'],
    }),
  from_join: z
    .string()
    .regex(duration, { error: 'must be days, weeks or hours, such as P7D, P2W or PT48H' })
    .optional()
    .meta({
      description: 'The window begins when the player joins and lasts this long. Needs "join".',
      unit: 'days (P7D), weeks (P2W) or hours (PT48H)',
      examples: ['P7D', 'P2W', 'PT48H'],
    }),
  grace: z
    .string()
    .regex(duration, { error: 'must be days, weeks or hours, such as P3D, P1W or PT72H' })
    .default('PT72H')
    .meta({
      description: "How long after a window's end its events are still taken, by the time they were received.",
      unit: 'days (P3D), weeks (P1W) or hours (PT72H)',
      examples: ['PT72H', 'P7D'],
    }),
});

const target = z.strictObject({
  target_id: identifier.meta({ description: 'The name of the target, unique in the game.', examples: ['pay_a_bill'] }),
  title,
  triggers: triggerIds,
  count: quantity.default(1).describe('What its triggers have to add up to.'),
});

const checklist = z.strictObject({
  targets: z.array(target).min(1).max(50).describe('What there is to do. max_value is how many there are.'),
});

const streak = z.strictObject({
  period: z.enum(['day', 'week']).describe("Days or weeks (from Monday) of the game's time zone."),
  per_period: quantity.default(1).describe('What a period has to add up to, to be active.'),
  freezes: z
    .number()
    .int()
    .min(0)
    .max(366)
    .default(0)
    .meta({
      description: 'How many periods a run may miss without breaking. They do not lengthen it.',
      unit: 'periods',
      examples: [2],
    }),
});

const budget = z.strictObject({
  budget_id: identifier.meta({
    description: 'The name of the budget, unique in the game. What has been taken is kept under it.',
    examples: ['may_neucoins'],
  }),
  rewards: z
    .strictObject({
      reward_type: rewardType.optional().meta({ description: 'Only rewards of this type.', examples: ['NC'] }),
      steps: z
        .array(quantity)
        .min(1)
        .max(100)
        .optional()
        .meta({
          description: 'Only the rewards of these steps, by their numbers.',
          unit: 'a list',
          examples: [[3, 6]],
        }),
      pool: identifier
        .optional()
        .meta({ description: 'Only vouchers of this pool: the limit is its stock.', examples: ['diwali_sweets'] }),
    })
    .optional()
    .describe('Which rewards it covers. Without it all rewards of the game.'),
  period: z
    .enum(['game', 'window', 'day', 'week', 'month'])
    .describe(
      "For how long the limit holds, before it begins anew. window: for each window of the game. day, week (from Monday), month: of the game's time zone, by when the event was received that made the reward due.",
    ),
  limit: z
    .strictObject({
      amount: z
        .number()
        .int()
        .min(0)
        .max(1_000_000_000_000)
        .optional()
        .meta({
          description: 'At most so much together in one period.',
          unit: 'NeuCoins or rupees',
          examples: [5_000_000],
        }),
      claims: z
        .number()
        .int()
        .min(0)
        .max(1_000_000_000)
        .optional()
        .meta({
          description: 'At most so many rewards in one period.',
          unit: 'rewards',
          examples: [500],
        }),
    })
    .describe('What may be paid in one period. At least one of the two; with both, both hold.'),
  when_exhausted: z
    .enum(['hold', 'downgrade', 'skip'])
    .default('hold')
    .describe(
      'What becomes of a reward for which not enough is left. hold: it waits for a person to release it. downgrade: "downgrade_to" is paid instead, or nothing where not even that is left. skip: it is not paid.',
    ),
  downgrade_to: wholeNumber.optional().meta({
    description: 'Only for downgrade, and required there: what is paid instead.',
    unit: 'NeuCoins or rupees',
    examples: [5],
  }),
});

const columns = z
  .number()
  .int()
  .min(1)
  .max(31)
  .default(7)
  .meta({ description: 'How many cells make a row.', unit: 'cells', examples: [7] });

const grid = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('days').describe("days: a cell for each day of the window, in the game's time zone."),
    columns,
    per_cell: quantity.default(1).describe('What a day has to add up to, to be filled.'),
  }),
  z.strictObject({
    kind: z.literal('cells').describe('cells: named cells, each with triggers of its own.'),
    columns,
    cells: z
      .array(
        z.strictObject({
          cell_id: identifier.meta({ description: 'The name of the cell, unique in the game.', examples: ['fuel'] }),
          title,
          triggers: triggerIds,
          count: quantity.default(1).describe('What its triggers have to add up to, to be filled.'),
        }),
      )
      .min(1)
      .max(366)
      .describe('The cells in reading order. max_value is how many there are.'),
  }),
]);

/** What a text that is none of these most likely meant. */
function meant(input: unknown, allowed: Iterable<string>): string {
  return didYouMean(String(input), allowed);
}

export const gameSchema = z
  .strictObject({
    schema_version: z.literal('1.0').describe('The version of this format.'),
    game_id: identifier
      .refine((id) => id !== 'active', { error: 'may not be "active": that is a path of the read API' })
      .meta({
        description: 'The name of the game in the API, for ever. Not "active".',
        not: { const: 'active' },
        examples: ['upi_fs_milestone_may_2026'],
      }),
    title,
    game_archetype: z
      .enum(['NUMERIC_COUNTER', 'CHECKLIST', 'STREAK', 'CALENDAR_GRID'])
      .describe('What is made of the events that count: a sum, targets, a run of days or weeks, or filled cells.'),
    cohort_id: identifier.meta({
      description: 'The players who take part. "everyone" is reserved for all.',
      examples: ['everyone', 'viduur_segment_upi_fs_early_lifecycle'],
    }),
    join: z
      .strictObject({
        event_type: eventType.meta({
          description: 'The type of the event by which a player joins.',
          examples: ['game_joined'],
        }),
        rule: groupSchema.optional().describe('Which of these events are a joining. Without it all are.'),
      })
      .optional()
      .describe('Makes the game opt-in: only who has joined takes part. Without it all members do.'),
    time_zone: z
      .string()
      .refine(isTimeZone, {
        error: ({ input }) =>
          `must be a time zone of the IANA database, such as Asia/Kolkata${meant(input, Intl.supportedValuesOf('timeZone'))}`,
        abort: true,
      })
      .default('Asia/Kolkata')
      .meta({
        description: "Where the game's days, weeks and months begin.",
        unit: 'a name of the IANA database',
        examples: ['Asia/Kolkata', 'UTC', 'Europe/London'],
      }),
    game_window: gameWindow.describe('When the game runs, and how its windows are cut.'),
    progress_state_model: z
      .strictObject({
        type: z
          .enum(['numeric_counter', 'checklist', 'streak', 'calendar_grid'])
          .describe('The archetype in lower case.'),
        unit: z
          .enum(['count', 'amount', 'distinct', 'target', 'day', 'week', 'cell'])
          .describe(
            'What the value counts. NUMERIC_COUNTER: count, amount or distinct. CHECKLIST: target. STREAK: its period. CALENDAR_GRID: day or cell.',
          ),
        display_unit: z
          .string()
          .min(1)
          .max(64)
          .meta({
            description: 'What players are shown behind the value.',
            examples: ['transactions'],
          }),
        max_value: quantity.meta({
          description:
            'Where the display stops; progress is kept exactly. In a checklist and a grid it is the number of targets or cells.',
          examples: [12],
        }),
      })
      .describe('How the value is called and shown.'),
    checklist: checklist
      .optional()
      .describe('Only for CHECKLIST, and required there. The value is how many targets are complete.'),
    streak: streak.optional().describe('Only for STREAK, and required there. The value is the longest run.'),
    grid: grid
      .optional()
      .describe('Only for CALENDAR_GRID, and required there. The value is how many cells are filled.'),
    milestone_steps: z.array(milestoneStep).min(1).max(100).describe('What players work towards, in rising order.'),
    triggers: z.array(trigger).min(1).max(100).describe('What counts, and how much.'),
    budgets: z
      .array(budget)
      .min(1)
      .max(20)
      .optional()
      .describe(
        'What the game may pay. A reward that several budgets cover needs room in all of them. Without any there is no limit.',
      ),
    stacking: z
      .literal('ADDITIVE')
      .default('ADDITIVE')
      .describe('What several triggers matching one event do. ADDITIVE: they add up.'),
    evaluation_scope: z
      .enum(['INBOUNDEVENT', 'LOGICAL_TRANSACTION'])
      .default('INBOUNDEVENT')
      .describe(
        'INBOUNDEVENT: each event counts by itself. LOGICAL_TRANSACTION: events with one canonical_transaction_id count once.',
      ),
    transaction_policy: z
      .enum(['first', 'max', 'sum'])
      .default('max')
      .describe(
        'Only for LOGICAL_TRANSACTION: which of the events counts. The first to arrive, the one worth most, or all of them added up.',
      ),
    on_reversal: z
      .enum(['keep', 'claw_back', 'offset'])
      .default('keep')
      .describe(
        'What becomes of a reward that was paid when an event it was earned by is reversed. keep: the player keeps it. claw_back: the service takes it back. offset: later rewards of its type are lowered by as much.',
      ),
    frm: z
      .enum(['hold', 'ignore', 'reject'])
      .default('hold')
      .describe(
        'An event flagged by fraud and risk management. hold: it counts, and what it earns is held. ignore: the flag is not looked at. reject: it counts nothing.',
      ),
  })
  .describe('A game as its owner writes it. docs/games.md describes every field.');

/** A game as its owner writes it, with defaults filled in. */
export type GameConfig = z.infer<typeof gameSchema>;
export type Archetype = GameConfig['game_archetype'];
export type MilestoneStep = GameConfig['milestone_steps'][number];
export type Reward = z.infer<typeof reward>;
export type Cookie = z.infer<typeof cookie>;
export type Prize = Cookie['prizes'][number];
export type BudgetConfig = z.infer<typeof budget>;
export type Progression = z.infer<typeof progression>;
export type Trigger = Omit<z.infer<typeof trigger>, 'rule'> & { rule: Group };
export type Target = z.infer<typeof target>;
