// A game as its owner writes it, as far as the model reads it. Loose on purpose: the model shares no types with what it checks.
import type { WindowConfig } from './calendar.ts';
import type { Rule } from './rule.ts';
import type { Progression } from './worth.ts';

interface Counting {
  triggers: readonly string[];
  count: number;
}

/** With everything that an owner may leave out. */
export interface ModelConfig {
  game_id: string;
  game_archetype: string;
  cohort_id: string;
  time_zone: string;
  join?: { event_type: string; rule?: Rule | undefined } | undefined;
  game_window: WindowConfig;
  progress_state_model: { max_value: number };
  checklist?: { targets: readonly (Counting & { target_id: string })[] } | undefined;
  streak?: { period: string; per_period: number; freezes: number } | undefined;
  grid?:
    | { kind: 'days'; columns: number; per_cell: number }
    | { kind: 'cells'; columns: number; cells: readonly (Counting & { cell_id: string })[] }
    | undefined;
  milestone_steps: readonly {
    step: number;
    step_type: string;
    requires?: { targets: readonly string[]; match: string } | { cell: number } | { row: number } | undefined;
    reward?: { reward_type: string; value: number };
  }[];
  triggers: readonly {
    trigger_id: string;
    event_type: string;
    rule: Rule;
    progression_config: Progression;
    cap?: { per_day?: number | undefined; per_window?: number | undefined } | undefined;
  }[];
  evaluation_scope: string;
  transaction_policy: string;
  frm: string;
}

const defaults = {
  time_zone: 'Asia/Kolkata',
  evaluation_scope: 'INBOUNDEVENT',
  transaction_policy: 'max',
  frm: 'hold',
};

export type WrittenConfig = Omit<ModelConfig, keyof typeof defaults> & Partial<ModelConfig>;

/** What holds where a game says nothing. */
export function withDefaults(written: WrittenConfig): ModelConfig {
  return { ...defaults, ...written };
}
