// Random games of every mode and archetype for property tests, with versions that change triggers and caps in mid-window, pauses, joining, and
// windows that repeat. Each is one that `milepost games validate` takes, and each version one that may follow the one before.
import fc from 'fast-check';
import type { Json } from '../event/event.ts';
import { type GameConfig, gameSchema } from '../games/config.ts';
import { mostDays } from '../games/window.ts';
import type { Era } from './era.ts';
import { type GameHistory, gameHistory } from './make.ts';

const cohorts = ['everyone', 'everyone', 'early', 'late'];

function comparisonIn({ boundaries, zone }: Era): fc.Arbitrary<unknown> {
  const day = new Date((boundaries[0] as number) + 12 * 3_600_000).toISOString().slice(0, 10);
  const time = zone === 'Asia/Kolkata' ? '05:30' : '01:30';
  return fc.oneof(
    fc.record({
      field: fc.constant('attributes.transaction_amount'),
      op: fc.constantFrom('gt', 'gte', 'lt', 'lte', 'eq', 'ne'),
      value: fc.constantFrom(1_200, 1_199.99),
    }),
    fc.record({
      field: fc.constantFrom('attributes.transaction_type', 'producer'),
      op: fc.constantFrom('eq', 'ne', 'starts_with'),
      value: fc.constantFrom('UPI', 'switch', 'U'),
    }),
    fc.record({
      field: fc.constantFrom('attributes.transaction_type', 'attributes.merchant_category'),
      op: fc.constantFrom('in', 'not_in'),
      value: fc.constantFrom<Json[]>(['UPI', 'CARD'], ['CARD', null]),
    }),
    fc.record({
      field: fc.constantFrom('attributes.transaction_amount', 'attributes.merchant_category'),
      op: fc.constant('exists'),
      value: fc.boolean(),
    }),
    fc.record({
      field: fc.constant('attributes.transaction_amount'),
      op: fc.constant('between'),
      value: fc.constantFrom([1_200, 1_200], [1_200, 30_000]),
    }),
    fc.record({
      field: fc.constantFrom('attributes.transaction_type', 'attributes.merchant_id'),
      op: fc.constant('matches'),
      value: fc.constantFrom('^U', '[12]$', 'A(R|P)D'),
    }),
    fc.record({
      field: fc.constant('local.time'),
      op: fc.constantFrom('gt', 'gte', 'lt', 'lte', 'eq'),
      value: fc.constantFrom(time, '00:00', '12:00'),
    }),
    fc.record({
      field: fc.constant('local.time'),
      op: fc.constant('between'),
      value: fc.constantFrom(['22:00', time], ['00:00', '23:58']),
    }),
    fc.record({
      field: fc.constant('local.date'),
      op: fc.constantFrom('lt', 'lte', 'gte', 'eq', 'ne'),
      value: fc.constant(day),
    }),
    fc.record({
      field: fc.constant('local.weekday'),
      op: fc.constantFrom('in', 'not_in'),
      value: fc.constantFrom(['monday'], ['saturday', 'sunday']),
    }),
  );
}

function ruleIn(era: Era): fc.Arbitrary<unknown> {
  const { rule } = fc.letrec((tie) => ({
    rule: fc.oneof(
      fc.record({
        operator: fc.constantFrom('and', 'or'),
        conditions: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ operator: fc.constant('not'), conditions: fc.tuple(tie('node')) }),
    ),
    node: fc.oneof({ maxDepth: 4, depthSize: 'small', withCrossShrink: true }, comparisonIn(era), tie('rule')),
  }));
  // Most triggers take everything, or hardly an event would count.
  const anything = { operator: 'or', conditions: [{ field: 'producer', op: 'exists', value: true }] };
  return fc.oneof({ weight: 3, arbitrary: fc.constant(anything) }, { weight: 1, arbitrary: rule });
}

const small = fc.integer({ min: 1, max: 4 });

const modes = {
  increment_by_constant: fc.record({ mode: fc.constant('increment_by_constant'), value: small }),
  increment_by_attribute: fc.record(
    {
      mode: fc.constant('increment_by_attribute'),
      field: fc.constant('attributes.transaction_amount'),
      // 0.07 times 100 is more than 7 as doubles, 0.29 times 100 less than 29, and 1,200 times 0.00125 is half a unit over 1.
      scale: fc.constantFrom(0.001, 0.00125, 0.01, 100, 12.5),
      rounding: fc.constantFrom('down', 'half_up', 'up'),
      max_per_event: fc.constantFrom(2, 5),
    },
    { requiredKeys: ['mode', 'field', 'scale', 'rounding'] },
  ),
  weighted_by_text: fc.record({
    mode: fc.constant('weighted'),
    field: fc.constant('attributes.transaction_type'),
    weights: fc.record({ UPI: fc.integer({ min: 0, max: 3 }), CARD: small }),
    otherwise: fc.constantFrom(0, 0, 1),
  }),
  weighted_by_number: fc.record({
    mode: fc.constant('weighted'),
    field: fc.constant('attributes.transaction_amount'),
    bands: fc.constantFrom(
      [{ at_least: 1_200, adds: 2 }],
      [
        { at_least: 0.29, adds: 1 },
        { at_least: 1_200.01, adds: 0 },
      ],
    ),
    otherwise: fc.constantFrom(0, 0, 1),
  }),
  unique: fc.record({
    mode: fc.constant('unique'),
    field: fc.constantFrom('attributes.merchant_id', 'attributes.merchant_id', 'attributes.transaction_amount'),
    value: fc.constantFrom(1, 2, 3),
  }),
};

/** Triggers under the same names in every version, so that versions share and part allowances. What lies on days knows no cap per window. */
function triggersIn(era: Era, onDays: boolean) {
  const { unique, ...others } = modes;
  const cap = fc.record({ per_day: fc.constantFrom(1, 3, 5), per_window: fc.constantFrom(4, 7) }, { requiredKeys: [] });
  return fc
    .array(
      fc
        .record({
          event_type: fc.constantFrom('payment_success', 'payment_success', 'fs_action_complete'),
          rule: ruleIn(era),
          progression_config: onDays
            ? fc.oneof(...Object.values(others))
            : fc.oneof(...Object.values(others), unique, unique),
          cap: fc.oneof(fc.constant({ per_day: undefined, per_window: undefined }), cap),
        })
        .map(({ cap, ...trigger }) => {
          const { per_day, per_window } = cap;
          const caps = {
            ...(per_day !== undefined && trigger.progression_config.mode !== 'unique' ? { per_day } : {}),
            ...(per_window !== undefined && !onDays ? { per_window } : {}),
          };
          return Object.keys(caps).length === 0 ? trigger : { ...trigger, cap: caps };
        }),
      { minLength: 1, maxLength: 3 },
    )
    .map((list) => list.map((trigger, index) => ({ ...trigger, trigger_id: `trigger_${index}` })));
}

/** Hands every trigger to at least one part; `extra` decides who else has it. */
function shareOut(ids: readonly string[], parts: number, extra: readonly number[]): string[][] {
  const shares = Array.from({ length: parts }, (): string[] => []);
  ids.forEach((id, index) => {
    shares[index % parts]?.push(id);
  });
  shares.forEach((share, index) => {
    const other = ids[(extra[index] as number) % ids.length] as string;
    if (share.length === 0 || ((extra[index] as number) > 4 && !share.includes(other))) share.push(other);
  });
  return shares;
}

const partCount = fc.integer({ min: 1, max: 4 });
const counts = fc.array(fc.constantFrom(1, 1, 2, 5), { minLength: 4, maxLength: 4 });

/** What an archetype makes of a game. */
interface Shape {
  /** What counts lies on days, so that it must be certain on which. */
  onDays: boolean;
  model: { type: string; unit: string; max_value: number };
  columns: number;
  /** What its steps may require. */
  requires: readonly object[];
  /** Its own settings, given the triggers of each part. */
  settings(shares: string[][]): object;
}

const shapes: Record<'NUMERIC_COUNTER' | 'CHECKLIST' | 'CELLS' | 'STREAK' | 'DAYS', fc.Arbitrary<Shape>> = {
  NUMERIC_COUNTER: fc.constant({
    onDays: false,
    model: { type: 'numeric_counter', unit: 'count', max_value: 1_000 },
    columns: 7,
    requires: [],
    settings: () => ({}),
  }),
  CHECKLIST: fc.record({ partCount, counts }).map(({ partCount: parts, counts: needed }) => ({
    onDays: false,
    model: { type: 'checklist', unit: 'target', max_value: parts },
    columns: 7,
    requires: [
      { targets: ['part_0'], match: 'all' },
      { targets: ['part_0', `part_${parts - 1}`], match: 'any' },
      { targets: Array.from({ length: parts }, (_, index) => `part_${index}`), match: 'all' },
    ],
    settings: (shares: string[][]) => ({
      checklist: {
        targets: shares.map((triggers, index) => ({ target_id: `part_${index}`, triggers, count: needed[index] })),
      },
    }),
  })),
  CELLS: fc
    .record({ partCount, counts, columns: fc.constantFrom(1, 2, 7) })
    .map(({ partCount: parts, counts: needed, columns }) => ({
      onDays: false,
      model: { type: 'calendar_grid', unit: 'cell', max_value: parts },
      columns,
      requires: [{ cell: parts }, { row: Math.ceil(parts / columns) }, { row: 1 }],
      settings: (shares: string[][]) => ({
        grid: {
          kind: 'cells',
          columns,
          cells: shares.map((triggers, index) => ({ cell_id: `part_${index}`, triggers, count: needed[index] })),
        },
      }),
    })),
  STREAK: fc
    .record({
      period: fc.constantFrom('day', 'day', 'week'),
      per_period: fc.constantFrom(1, 2, 4),
      freezes: fc.constantFrom(0, 1, 2),
    })
    .map((streak) => ({
      onDays: true,
      model: { type: 'streak', unit: streak.period, max_value: 1 },
      columns: 7,
      requires: [],
      settings: () => ({ streak }),
    })),
  DAYS: fc
    .record({ columns: fc.constantFrom(2, 7), per_cell: fc.constantFrom(1, 1, 3) })
    .map(({ columns, per_cell }) => ({
      onDays: true,
      model: { type: 'calendar_grid', unit: 'day', max_value: 1 },
      columns,
      requires: [{ cell: 1 }, { cell: 3 }, { row: 1 }, { row: 2 }],
      settings: () => ({ grid: { kind: 'days', columns, per_cell } }),
    })),
};

/** The same trigger, where it adds a fixed amount with another one. */
function worthAnother<One extends { progression_config: object }>(trigger: One, value: number): One {
  if (!('value' in trigger.progression_config)) return trigger;
  return { ...trigger, progression_config: { ...trigger.progression_config, value } };
}

/** What a step requires, unless there is no such cell or row. */
function requirement(requires: object | undefined, cells: number, columns: number): object {
  if (requires === undefined) return {};
  if ('cell' in requires && (requires.cell as number) > cells) return {};
  if ('row' in requires && (requires.row as number) > Math.ceil(cells / columns)) return {};
  return { requires };
}

const joining = (era: Era) =>
  fc.record(
    { event_type: fc.constantFrom('opted_in', 'fs_action_complete'), rule: ruleIn(era) },
    { requiredKeys: ['event_type'] },
  );

const statusIn = ({ boundaries }: Era) =>
  fc.record({
    status: fc.constantFrom('paused' as const, 'active' as const, 'ended' as const),
    from: fc.constantFrom(...boundaries),
  });

const windows = fc.record(
  {
    recurrence: fc.constantFrom('daily', 'weekly', 'monthly', 'quarterly', 'P3D', 'P2W'),
    from_join: fc.constantFrom('P1D', 'P3D', 'PT36H'),
    grace: fc.constantFrom('PT1H', 'P1D', 'P1W'),
  },
  { requiredKeys: [] },
);

const fourOf = <Value>(one: fc.Arbitrary<Value>) => fc.array(one, { minLength: 4, maxLength: 4 });

/** What a later version may change in a window that has begun. */
const termsIn = (era: Era, onDays: boolean) =>
  fc.record({
    triggers: triggersIn(era, onDays),
    extra: fourOf(fc.integer({ min: 0, max: 7 })),
    frm: fc.constantFrom('hold', 'hold', 'ignore', 'reject'),
    rewards: fourOf(fc.integer({ min: 1, max: 500 })),
    /** The first version's triggers stay, and are worth another amount. */
    keeps: fc.boolean(),
    worth: fc.integer({ min: 1, max: 3 }),
    /** A version may prolong or shorten the game, but for grids and runs, whose days are counted. */
    end: fc.constantFrom(undefined, undefined, undefined, ...(onDays ? [] : [era.prolonged, era.shifted.end])),
    /** As for the game, or another policy for this version. */
    policy: fc.constantFrom('same', 'same', 'same', 'same', 'first', 'max', 'sum', undefined),
  });

/** A game under any id. */
function gameOf(era: Era, archetype: keyof typeof shapes): fc.Arbitrary<(gameId: string) => GameHistory> {
  return shapes[archetype].chain(({ onDays, model, columns, requires, settings }) =>
    fc
      .record({
        cohort_id: fc.constantFrom(...cohorts),
        steps: fc.uniqueArray(fc.integer({ min: 1, max: archetype === 'NUMERIC_COUNTER' ? 14 : 5 }), { maxLength: 4 }),
        types: fourOf(fc.constantFrom('REWARD', 'REWARD', 'EMPTY', 'FORTUNE_COOKIE')),
        needs: fourOf(fc.nat(requires.length * 2)),
        versions: fc.array(termsIn(era, onDays), { minLength: 1, maxLength: 3 }),
        window: fc.constantFrom(era, era, era, era.shifted, era.long),
        recurring: windows,
        time_zone: fc.constantFrom(era.zone, era.zone, 'UTC'),
        join: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: joining(era) }),
        scope: fc.constantFrom(undefined, undefined, undefined, 'first', 'max', 'sum'),
        statuses: fc
          .constantFrom(0, 0, 0, 0, 0, 1, 2)
          .chain((length) => fc.array(statusIn(era), { minLength: length, maxLength: length })),
      })
      .map(({ steps, types, needs, versions, window, recurring, join, scope, statuses, ...fixed }) => (game_id) => {
        const { recurrence, from_join, ...grace } = recurring;
        const cut = join !== undefined && from_join !== undefined ? { from_join } : { recurrence };
        const numbers = [...new Set([1, ...steps])].sort((a, b) => a - b).slice(0, 4);
        const configs = versions.map(({ keeps, worth, extra, rewards, policy: own, frm, end, ...terms }, place) => {
          const game_window = {
            ...{ type: 'custom', start: window.start, end: (place > 0 ? end : undefined) ?? window.end },
            ...cut,
            ...grace,
          };
          const triggers = keeps
            ? (versions[0] as typeof terms).triggers.map((one) => worthAnother(one, worth))
            : terms.triggers;
          const policy = own === 'same' ? scope : own;
          const build = (max_value: number): GameConfig =>
            gameSchema.parse({
              ...fixed,
              schema_version: '1.0',
              game_id,
              game_archetype: archetype === 'CELLS' || archetype === 'DAYS' ? 'CALENDAR_GRID' : archetype,
              game_window,
              join,
              progress_state_model: { ...model, display_unit: 'units', max_value },
              milestone_steps: numbers
                .map((step, index) => ({
                  step,
                  step_type: types[index],
                  ...requirement(requires[needs[index] as number], max_value, columns),
                  ...(types[index] === 'REWARD'
                    ? { reward: { reward_type: index % 2 === 0 ? 'NC' : 'VOUCHER', value: rewards[index] } }
                    : {}),
                }))
                .filter((step) => 'requires' in step || step.step <= max_value),
              triggers,
              frm,
              ...(policy === undefined ? {} : { evaluation_scope: 'LOGICAL_TRANSACTION', transaction_policy: policy }),
              ...settings(
                shareOut(
                  triggers.map(({ trigger_id }) => trigger_id),
                  model.max_value,
                  extra,
                ),
              ),
            });
          return build(onDays ? Math.ceil(mostDays(build(1_000)) / (model.unit === 'week' ? 7 : 1)) : model.max_value);
        });
        const [first, ...later] = configs as [GameConfig, ...GameConfig[]];
        return {
          ...gameHistory(
            first,
            ...later.map((config, index): [number, GameConfig] => [era.versions[index] as number, config]),
          ),
          statuses: statuses.map((change, index) => ({ ...change, changeNo: index + 1 })),
        };
      }),
  );
}

/** A game of an era under any id; half of them are counters. */
export function gameIn(era: Era): fc.Arbitrary<(gameId: string) => GameHistory> {
  return fc
    .constantFrom('NUMERIC_COUNTER' as const, 'NUMERIC_COUNTER' as const, 'NUMERIC_COUNTER' as const, ...archetypes)
    .chain((archetype) => gameOf(era, archetype));
}

const archetypes = ['CHECKLIST', 'STREAK', 'CELLS', 'DAYS'] as const;
