// Checks that all archetypes share: their own section of the configuration and no other's, the model of progress, steps that can be reached.
import type { Archetype, GameConfig, MilestoneStep } from '../config.ts';
import type { Report } from './strategy.ts';

type Model = GameConfig['progress_state_model'];
export type Requires = NonNullable<MilestoneStep['requires']>;

/** Where each archetype has its own settings, and what its progress is called. */
const shapes: Readonly<Record<Archetype, { section?: 'checklist' | 'streak' | 'grid'; type: Model['type'] }>> = {
  NUMERIC_COUNTER: { type: 'numeric_counter' },
  CHECKLIST: { section: 'checklist', type: 'checklist' },
  STREAK: { section: 'streak', type: 'streak' },
  CALENDAR_GRID: { section: 'grid', type: 'calendar_grid' },
};

/** Checks that a game has its archetype's section and no other's, and a model of progress that fits. */
export function checkShape(config: GameConfig, units: readonly Model['unit'][], report: Report): void {
  const own = shapes[config.game_archetype];
  for (const [archetype, { section }] of Object.entries(shapes)) {
    if (section === undefined) continue;
    if (section === own.section && config[section] === undefined) {
      report([section], `missing; ${config.game_archetype} is described there`);
    }
    if (section !== own.section && config[section] !== undefined) {
      report(
        [section],
        `belongs to ${archetype}, and this is ${config.game_archetype}; remove one or change the other`,
      );
    }
  }
  const { type, unit } = config.progress_state_model;
  if (type !== own.type) {
    report(['progress_state_model', 'type'], `is ${type}; ${config.game_archetype} has ${own.type}`);
  }
  if (!units.includes(unit)) {
    report(['progress_state_model', 'unit'], `is ${unit}; what is counted here: ${units.join(', ')}`);
  }
}

/** Checks that each step can be reached: by its number, or by what it requires where the archetype knows how to check that. */
export function checkSteps(
  config: GameConfig,
  report: Report,
  checkRequires?: (requires: Requires, path: (string | number)[]) => void,
): void {
  const { max_value } = config.progress_state_model;
  config.milestone_steps.forEach(({ step, requires }, index) => {
    const at = ['milestone_steps', index];
    if (requires === undefined) {
      if (step <= max_value) return;
      report([...at, 'step'], `step ${step} lies above max_value ${max_value} and could never be reached`);
    } else if (checkRequires === undefined) {
      report(
        [...at, 'requires'],
        `has no meaning in ${config.game_archetype}, whose steps are reached by the value alone`,
      );
    } else {
      checkRequires(requires, [...at, 'requires']);
    }
  });
}

/** Refuses what counts on no certain day: of two repeated values, or of two credits at a cap for the window, either might be the one left out. */
export function checkDayIsCertain(config: GameConfig, report: Report): void {
  config.triggers.forEach(({ progression_config, cap }, index) => {
    const reason = 'which day it counts on would depend on the order in which events arrive';
    if (progression_config.mode === 'unique') {
      report(['triggers', index, 'progression_config', 'mode'], `unique is not for days: ${reason}; use another mode`);
    }
    if (cap?.per_window !== undefined) {
      report(['triggers', index, 'cap', 'per_window'], `is not for days: ${reason}; use "per_day"`);
    }
  });
}
