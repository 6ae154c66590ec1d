// Games of May 2026 that between them have every archetype, progression mode and kind of window, each with a hidden reward: what reads are tried on.
// All count payments; two have to be joined, by an event of type `joined`.
import type { GameConfig } from '../games/config.ts';
import { makeGame } from './make.ts';

/** The value of each hidden reward: what must be in no byte of any answer before it is earned. */
export const SENTINEL = 987_654_321;

const hidden = {
  step_type: 'REWARD',
  reward: { reward_type: 'VOUCHER', value: SENTINEL, visibility: 'hidden', display_type: 'upto' },
};
const shown = { step_type: 'REWARD', reward: { reward_type: 'NC', value: 10, display_type: 'upto' } };
const titled = { ...shown, title: 'The first thousand' };
const merchants = { mode: 'unique' as const, field: 'attributes.merchant_id', value: 1 };
const join = { event_type: 'joined' };

export const everyArchetype: readonly GameConfig[] = [
  makeGame({
    game_id: 'spend',
    title: 'Spend and earn',
    time_zone: 'UTC',
    game_window: { type: 'weekly', recurrence: 'weekly' },
    progress_state_model: { type: 'numeric_counter', unit: 'amount', display_unit: 'rupees', max_value: 10_000 },
    triggers: [
      {
        trigger_id: 'rupees',
        title: 'Every rupee',
        progression_config: {
          mode: 'increment_by_attribute',
          field: 'attributes.transaction_amount',
          scale: 1,
          rounding: 'down',
          max_per_event: 5_000,
        },
        cap: { per_day: 6_000 },
      },
      {
        trigger_id: 'category',
        progression_config: {
          mode: 'weighted',
          field: 'attributes.merchant_category',
          weights: { UTILITY: 30, FUEL: 20 },
          otherwise: 0,
        },
      },
      {
        trigger_id: 'size',
        progression_config: {
          mode: 'weighted',
          field: 'attributes.transaction_amount',
          bands: [{ at_least: 1_000, adds: 7 }],
          otherwise: 1,
        },
      },
      { trigger_id: 'merchants', progression_config: { ...merchants, value: 50 }, cap: { per_window: 100 } },
    ],
    milestone_steps: [
      { step: 1_000, ...titled },
      { step: 6_100, ...hidden },
      { step: 9_000, step_type: 'EMPTY' },
    ],
  }),
  makeGame({
    game_id: 'list',
    game_archetype: 'CHECKLIST',
    time_zone: 'UTC',
    progress_state_model: { type: 'checklist', unit: 'target', display_unit: 'tasks', max_value: 3 },
    checklist: {
      targets: [
        { target_id: 'pay', title: 'Pay', triggers: ['payment'], count: 1 },
        { target_id: 'shops', triggers: ['merchants'], count: 2 },
        { target_id: 'often', triggers: ['payment'], count: 10 },
      ],
    },
    triggers: [{ trigger_id: 'payment' }, { trigger_id: 'merchants', progression_config: merchants }],
    milestone_steps: [
      { step: 1, requires: { targets: ['pay'], match: 'all' }, ...shown },
      { step: 2, requires: { targets: ['shops', 'often'], match: 'any' }, ...hidden },
      { step: 3, step_type: 'FORTUNE_COOKIE' },
    ],
  }),
  makeGame({
    game_id: 'run',
    game_archetype: 'STREAK',
    time_zone: 'UTC',
    progress_state_model: { type: 'streak', unit: 'day', display_unit: 'days', max_value: 10 },
    streak: { period: 'day', per_period: 1, freezes: 1 },
    milestone_steps: [
      { step: 1, ...shown },
      { step: 2, ...hidden },
    ],
  }),
  makeGame({
    game_id: 'board',
    game_archetype: 'CALENDAR_GRID',
    time_zone: 'UTC',
    join,
    progress_state_model: { type: 'calendar_grid', unit: 'cell', display_unit: 'cells', max_value: 2 },
    grid: {
      kind: 'cells',
      columns: 2,
      cells: [
        { cell_id: 'pay', title: 'Pay', triggers: ['payment'], count: 1 },
        { cell_id: 'shops', triggers: ['merchants'], count: 2 },
      ],
    },
    triggers: [{ trigger_id: 'payment' }, { trigger_id: 'merchants', progression_config: merchants }],
    milestone_steps: [
      { step: 1, requires: { cell: 1 }, ...shown },
      { step: 2, requires: { row: 1 }, ...hidden },
    ],
  }),
  makeGame({
    game_id: 'week',
    game_archetype: 'CALENDAR_GRID',
    time_zone: 'UTC',
    join,
    game_window: { type: 'custom', from_join: 'P7D' },
    progress_state_model: { type: 'calendar_grid', unit: 'day', display_unit: 'days', max_value: 7 },
    grid: { kind: 'days', columns: 7, per_cell: 1 },
    milestone_steps: [
      { step: 1, ...shown },
      { step: 2, ...hidden },
    ],
  }),
];
