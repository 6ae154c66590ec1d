// What a new version changes, as its owner is told: table tests for the sentences, and properties for what must hold of all of them.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GameConfig } from '../games/config.ts';
import { formatPath } from '../jsonc.ts';
import { makeGame } from '../testing/make.ts';
import { diffGames } from './diff.ts';

type Path = (string | number)[];

const rule = (...conditions: object[]) => ({ operator: 'and', conditions });
const upi = { field: 'attributes.transaction_type', op: 'eq', value: 'UPI' };
const large = { field: 'attributes.transaction_amount', op: 'gte', value: 1_200 };

/** A configuration that uses every field there is; of no archetype in particular, as a difference asks for none. */
const full = {
  schema_version: '1.0',
  game_id: 'summer',
  title: 'A summer of payments',
  game_archetype: 'NUMERIC_COUNTER',
  cohort_id: 'early',
  join: { event_type: 'joined', rule: rule(upi) },
  time_zone: 'Asia/Kolkata',
  game_window: {
    start: '2026-05-01T00:00:00+05:30',
    end: '2026-07-31T23:59:59+05:30',
    type: 'monthly',
    recurrence: 'monthly',
    from_join: 'P7D',
    grace: 'PT72H',
  },
  progress_state_model: { type: 'numeric_counter', unit: 'count', display_unit: 'payments', max_value: 12 },
  checklist: {
    targets: [
      { target_id: 'pay', title: 'Pay', triggers: ['small', 'amount'], count: 2 },
      { target_id: 'shop', triggers: ['shops'], count: 1 },
    ],
  },
  streak: { period: 'day', per_period: 1, freezes: 2 },
  grid: {
    kind: 'cells',
    columns: 3,
    cells: [
      { cell_id: 'a1', title: 'First', triggers: ['small'], count: 1 },
      { cell_id: 'a2', triggers: ['shops'], count: 3 },
    ],
  },
  milestone_steps: [
    {
      step: 3,
      step_type: 'REWARD',
      reward: { reward_type: 'NC', value: 10, visibility: 'visible', display_type: 'flat' },
    },
    {
      step: 6,
      title: 'Halfway',
      requires: { targets: ['pay'], match: 'any' },
      step_type: 'REWARD',
      reward: {
        reward_type: 'VOUCHER',
        value: 50,
        visibility: 'hidden',
        display_type: 'upto',
        distribution: [
          { value: 10, weight: 9 },
          { value: 50, weight: 1 },
        ],
      },
    },
    { step: 9, requires: { cell: 2 }, step_type: 'EMPTY' },
    {
      step: 12,
      requires: { row: 1 },
      step_type: 'FORTUNE_COOKIE',
      cookie: {
        prizes: [
          {
            prize_id: 'gold',
            title: 'Gold',
            weight: 3,
            stock: 10,
            reward: { reward_type: 'VOUCHER', value: 500, pool: 'sweets' },
          },
          { prize_id: 'none', weight: 97 },
        ],
      },
    },
  ],
  budgets: [
    {
      budget_id: 'coins',
      rewards: { reward_type: 'NC', steps: [3] },
      period: 'day',
      limit: { amount: 5_000, claims: 500 },
      when_exhausted: 'downgrade',
      downgrade_to: 5,
    },
    { budget_id: 'sweets', rewards: { pool: 'sweets' }, period: 'game', limit: { claims: 10 }, when_exhausted: 'skip' },
  ],
  triggers: [
    {
      trigger_id: 'small',
      title: 'A payment',
      event_type: 'payment_success',
      rule: rule(upi, large),
      progression_config: { mode: 'increment_by_constant', value: 1 },
      cap: { per_day: 2, per_window: 20 },
    },
    {
      trigger_id: 'amount',
      event_type: 'payment_success',
      rule: rule(large),
      progression_config: {
        mode: 'increment_by_attribute',
        field: 'attributes.transaction_amount',
        scale: 0.01,
        rounding: 'down',
        max_per_event: 5,
      },
    },
    {
      trigger_id: 'shops',
      event_type: 'payment_success',
      rule: rule(upi),
      progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 1 },
    },
    {
      trigger_id: 'kinds',
      event_type: 'payment_success',
      rule: rule(upi),
      progression_config: {
        mode: 'weighted',
        field: 'attributes.merchant_category',
        weights: { UTILITY: 3, FUEL: 1 },
        otherwise: 0,
      },
    },
    {
      trigger_id: 'bands',
      event_type: 'payment_success',
      rule: rule(upi),
      progression_config: {
        mode: 'weighted',
        field: 'attributes.transaction_amount',
        bands: [
          { at_least: 100, adds: 1 },
          { at_least: 500, adds: 3 },
        ],
        otherwise: 0,
      },
    },
  ],
  stacking: 'ADDITIVE',
  evaluation_scope: 'LOGICAL_TRANSACTION',
  transaction_policy: 'max',
  frm: 'hold',
} as unknown as GameConfig;

/** `full` with one place changed; undefined takes it away. */
function changed(path: Path, value: unknown, config: GameConfig = full): GameConfig {
  const copy = structuredClone(config);
  const parent = path.slice(0, -1).reduce((at: unknown, key) => (at as never)[key], copy) as Record<
    string | number,
    unknown
  >;
  const key = path.at(-1) as string | number;
  if (value === undefined) delete parent[key];
  else parent[key] = value;
  return copy;
}

const step = (index: number, ...rest: Path): Path => ['milestone_steps', index, ...rest];
const trigger = (index: number, ...rest: Path): Path => ['triggers', index, ...rest];

describe('what is told', () => {
  test.each<[Path, unknown, string]>([
    [step(0, 'reward', 'value'), 20, 'step 3 pays 20 NC instead of 10 NC'],
    [step(0, 'reward', 'value'), 20_000, 'step 3 pays 20,000 NC instead of 10 NC'],
    [step(0, 'reward', 'reward_type'), 'VOUCHER', 'step 3 pays a voucher of 10 rupees instead of 10 NC'],
    [step(0, 'reward', 'display_type'), 'upto', 'step 3 pays up to 10 NC instead of 10 NC'],
    [step(0, 'reward', 'visibility'), 'hidden', 'the reward visibility of step 3 is "hidden" instead of "visible"'],
    [
      step(1, 'reward', 'distribution'),
      undefined,
      'step 6 pays up to a voucher of 50 rupees instead of up to a voucher of 50 rupees (drawn: 10 by weight 9, 50 by weight 1)',
    ],
    [step(1, 'title'), 'In the middle', 'the title of step 6 is "In the middle" instead of "Halfway"'],
    [step(1, 'title'), undefined, 'the title of step 6 is no longer set; it was "Halfway"'],
    [step(1, 'requires', 'match'), 'all', 'the requires match of step 6 is "all" instead of "any"'],
    [step(2, 'step_type'), 'FORTUNE_COOKIE', 'step 9 gives a fortune cookie; before, it pays nothing'],
    [
      step(3, 'step_type'),
      'EMPTY',
      'step 12 pays nothing; before, it gives a fortune cookie: gold is a voucher of 500 rupees, pool "sweets" by weight 3, at most 10; none is nothing by weight 97',
    ],
    [
      step(3, 'cookie'),
      undefined,
      'the cookie of step 12 cannot be opened any more; before, gold is a voucher of 500 rupees, pool "sweets" by weight 3, at most 10; none is nothing by weight 97',
    ],
    [step(3, 'cookie', 'prizes', 0, 'stock'), 20, 'the stock of prize gold of step 12 is 20 instead of 10'],
    [step(3, 'cookie', 'prizes', 1, 'weight'), 7, 'the weight of prize none of step 12 is 7 instead of 97'],
    [
      step(3, 'cookie', 'prizes', 2),
      { prize_id: 'coins', weight: 1, reward: { reward_type: 'NC', value: 5 } },
      'prize coins of step 12 is new: 5 NC by weight 1',
    ],
    [['budgets', 0, 'limit', 'amount'], 6_000, 'the limit amount of budget coins is 6,000 instead of 5,000'],
    [
      ['budgets', 2],
      { budget_id: 'all', period: 'window', limit: { claims: 1_000 }, when_exhausted: 'hold' },
      'budget all is new: at most 1,000 claims in each window; when exhausted "hold"',
    ],
    [trigger(0, 'progression_config', 'value'), 2, 'trigger small adds 2 instead of 1'],
    [
      trigger(1, 'progression_config', 'rounding'),
      'half_up',
      'trigger amount adds attributes.transaction_amount × 0.01, rounded half up, at most 5 an event instead of attributes.transaction_amount × 0.01, rounded down, at most 5 an event',
    ],
    [
      trigger(2, 'progression_config', 'value'),
      2,
      'trigger shops adds 2 for each new attributes.merchant_id instead of 1 for each new attributes.merchant_id',
    ],
    [
      trigger(3, 'progression_config', 'weights', 'FUEL'),
      2,
      'trigger kinds adds by attributes.merchant_category 3 for UTILITY, 2 for FUEL, 0 otherwise instead of by attributes.merchant_category 3 for UTILITY, 1 for FUEL, 0 otherwise',
    ],
    [
      trigger(4, 'progression_config', 'bands', 1, 'adds'),
      4,
      'trigger bands adds by attributes.transaction_amount 1 from 100, 4 from 500, 0 otherwise instead of by attributes.transaction_amount 1 from 100, 3 from 500, 0 otherwise',
    ],
    [trigger(0, 'cap', 'per_day'), 5, 'the daily cap of trigger small rises from 2 to 5'],
    [trigger(0, 'cap', 'per_day'), 1, 'the daily cap of trigger small falls from 2 to 1'],
    [trigger(0, 'cap', 'per_window'), undefined, 'trigger small has no cap per window any more; it was 20'],
    [trigger(1, 'cap'), { per_day: 3 }, 'trigger amount has a daily cap now: 3'],
    [
      trigger(0, 'rule'),
      rule(upi),
      'trigger small counts other events: its rule is transaction_type is UPI, was transaction_type is UPI and transaction_amount is at least 1200',
    ],
    [
      trigger(0, 'event_type'),
      'payment_done',
      'the event type of trigger small is "payment_done" instead of "payment_success"',
    ],
    [
      ['game_window', 'end'],
      '2026-08-01T00:00:00+05:30',
      'the game ends on 1 August 2026 00:00 (Asia/Kolkata) instead of 31 July 2026 23:59:59 (Asia/Kolkata)',
    ],
    [
      ['game_window', 'start'],
      '2026-04-30T18:30:00Z',
      'the game window start is "2026-04-30T18:30:00Z" instead of "2026-05-01T00:00:00+05:30"',
    ],
    [['game_window', 'grace'], 'P5D', 'the game window grace is "P5D" instead of "PT72H"'],
    [['progress_state_model', 'max_value'], 24, 'progress is shown up to 24 instead of 12'],
    [['cohort_id'], 'everyone', 'cohort everyone takes part instead of early'],
    [
      ['join'],
      undefined,
      'players take part without joining; they had to join, by joined where transaction_type is UPI',
    ],
    [['join', 'event_type'], 'opted_in', 'the join event type is "opted_in" instead of "joined"'],
    [['frm'], 'reject', 'the frm is "reject" instead of "hold"'],
    [['streak', 'freezes'], 0, 'the streak freezes is 0 instead of 2'],
    [['checklist', 'targets', 0, 'count'], 3, 'the count of target pay is 3 instead of 2'],
    [['grid', 'cells', 1, 'triggers'], ['small'], 'the triggers of cell a2 is ["small"] instead of ["shops"]'],
  ])('%j → %j', (path, value, sentence) => {
    expect(diffGames(full, changed(path, value)).map((each) => each.sentence)).toEqual([sentence]);
  });

  test('rules that read alike are told as they are written', () => {
    const [difference] = diffGames(
      full,
      changed(trigger(2, 'rule', 'conditions', 0, 'field'), 'correlation.transaction_type'),
    );
    expect(difference?.sentence).toContain('"correlation.transaction_type"');
    expect(difference?.sentence).toContain('"attributes.transaction_type"');
  });

  test('steps and triggers that are new, gone, or in another order', () => {
    const [first, second, ...others] = full.milestone_steps;
    const fresh = { ...first, step: 4 } as GameConfig['milestone_steps'][0];
    const after = {
      ...full,
      milestone_steps: [first, fresh, ...others] as GameConfig['milestone_steps'],
      triggers: [...full.triggers.slice(2, 4).toReversed(), ...full.triggers.slice(0, 2)],
    };
    expect(second?.step).toBe(6);
    expect(diffGames(full, after)).toEqual([
      { path: '$.milestone_steps[1]', sentence: 'step 4 is new: it pays 10 NC' },
      {
        path: '$.milestone_steps[1]',
        sentence:
          'step 6 is gone: it pays up to a voucher of 50 rupees (drawn: 10 by weight 9, 50 by weight 1), hidden until it is earned; title "Halfway"; requires {"targets":["pay"],"match":"any"}',
      },
      {
        path: '$.triggers[4]',
        sentence:
          'trigger bands is gone: it counts payment_success where transaction_type is UPI, and adds by attributes.transaction_amount 1 from 100, 3 from 500, 0 otherwise',
      },
      { path: '$.triggers', sentence: 'the triggers are in another order: kinds, shops, small, amount' },
    ]);
  });
});

// ---- properties

/** Every value in a configuration that holds no others. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((at: unknown, key) => (at as Record<string | number, unknown> | undefined)?.[key], value);
}

/** Values that a field of few has, each with another one. */
const others: Record<string, string> = {
  EMPTY: 'FORTUNE_COOKIE',
  FORTUNE_COOKIE: 'EMPTY',
  REWARD: 'EMPTY',
  NC: 'VOUCHER',
  VOUCHER: 'NC',
  flat: 'upto',
  upto: 'flat',
  down: 'half_up',
};

/** Some other value of the same type. */
function otherThan(value: unknown): unknown {
  if (others[String(value)] !== undefined) return others[String(value)];
  if (typeof value === 'number') return value + 7;
  return typeof value === 'boolean' ? !value : `${value}_new`;
}

const someLeaves = fc.subarray(leaves(full), { minLength: 1 });
/** Moments cannot be changed by adding to their text. */
const instants: Record<string, string> = {
  '$.game_window.start': '2026-06-01T00:00:00+05:30',
  '$.game_window.end': '2026-09-30T23:59:59+05:30',
  '$.time_zone': 'Europe/Berlin',
  '$.game_archetype': 'CHECKLIST',
};

function mutate(paths: readonly Path[], take: readonly boolean[]): GameConfig {
  return paths.reduce((config, path, index) => {
    const other = instants[formatPath(path)] ?? otherThan(valueAt(full, path));
    // Entries of lists are not taken away: that would move the others.
    const gone = take[index % take.length] === true && typeof path.at(-1) === 'string' && !isName(path);
    return changed(path, gone ? undefined : other, config);
  }, full);
}

const isName = (path: Path): boolean =>
  ['step', 'trigger_id', 'target_id', 'cell_id', 'mode', 'bands', 'time_zone', 'operator', 'op', 'field'].includes(
    String(path.at(-1)),
  );

test('there is a difference exactly when two configurations say something else', () => {
  const draw = fc.tuple(someLeaves, fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }));
  fc.assert(
    fc.property(draw, draw, ([paths, take], [otherPaths, otherTake]) => {
      const [before, after] = [mutate(paths, take), mutate(otherPaths, otherTake)];
      expect(diffGames(before, after).length > 0).toBe(!isDeepStrictEqual(before, after));
      expect(diffGames(after, structuredClone(after))).toEqual([]);
    }),
  );
});

test('the order in which keys are written says nothing', () => {
  const shuffled = JSON.parse(JSON.stringify(full), (_key, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toReversed())
      : value,
  );
  expect(diffGames(full, shuffled)).toEqual([]);
});

test('every changed value is told: its path lies at or below that of a difference', () => {
  fc.assert(
    fc.property(someLeaves, fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }), (paths, take) => {
      const unnamed = paths.filter((path) => !isName(path));
      const told = diffGames(full, mutate(unnamed, take)).map(({ path }) => path);
      for (const path of unnamed.map(formatPath)) {
        expect(
          told.some((place) => place !== '$' && path.startsWith(place)),
          `${path} in ${told}`,
        ).toBe(true);
      }
    }),
  );
});

test.each(leaves(full).map((path) => [formatPath(path), path] as const))(
  'a change of %s alone is told with the new value',
  (_name, path) => {
    const after = mutate([path], [false]);
    const sentences = diffGames(full, after).map(({ sentence }) => sentence);
    const value = valueAt(after, path);
    expect(sentences.length).toBeGreaterThan(0);
    const isWorded = path.includes('rule') || others[String(valueAt(full, path))] !== undefined;
    if (isWorded || instants[formatPath(path)] !== undefined) return;
    expect(sentences.join('\n')).toContain(typeof value === 'number' ? value.toLocaleString('en') : String(value));
  },
);

test('games as they are read have no differences with themselves', () => {
  expect(diffGames(makeGame(), makeGame())).toEqual([]);
});
