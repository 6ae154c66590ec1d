// Reads a game's file: text in, a checked configuration out, or every problem with its path. Owns the checks that a schema cannot express.
import {
  type Condition,
  checkCondition,
  eventFields,
  type FieldTypes,
  patternSize,
  unknownField,
} from '../condition/condition.ts';
import { parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { parseInstant } from '../time.ts';
import { archetypes } from './archetypes/archetype.ts';
import type { Report } from './archetypes/strategy.ts';
import { checkBudgets } from './budgets.ts';
import { type GameConfig, gameSchema, type Progression } from './config.ts';
import { checkCookies } from './cookie.ts';
import { endOf } from './game.ts';

/**
 * Reads a game's text (JSON, comments allowed) and checks all of it, its rules against the fields that sources declare.
 * @throws UserError naming `file` and, for each problem, the path, the value found and the mend.
 */
export function parseGame(text: string, file: string, fields: FieldTypes): GameConfig {
  const checked = gameSchema.superRefine((game, context) => {
    checkGame(game, fields, (path, message) => context.addIssue({ code: 'custom', path, message }));
  });
  return parseJsonc(text, checked, file);
}

function checkGame(game: GameConfig, fields: FieldTypes, report: Report): void {
  checkWindow(game, report);
  checkSteps(game, report);
  checkDistributions(game, report);
  checkCookies(game, report);
  checkBudgets(game, report);
  checkTriggers(game, fields, report);
  checkPatterns(game, report);
  if (game.join?.rule !== undefined) checkRule(game.join.rule as Condition, fields, ['join', 'rule'], report);
  archetypes[game.game_archetype].check(game, report);
}

function checkWindow({ game_window: window, join }: GameConfig, report: Report): void {
  const start = parseInstant(window.start);
  const end = endOf(window.end);
  if (start !== undefined && end !== undefined && end <= start) {
    report(['game_window', 'end'], `the window ends before it starts (${window.start})`);
  }
  if (window.from_join === undefined) return;
  if (join === undefined) {
    report(['game_window', 'from_join'], 'needs "join": which event is the joining that the window begins with');
  }
  if (window.recurrence !== undefined) {
    report(
      ['game_window', 'recurrence'],
      'has no meaning beside "from_join", whose windows begin with each join; remove one',
    );
  }
}

function checkSteps(game: GameConfig, report: Report): void {
  game.milestone_steps.forEach(({ step }, index) => {
    const before = game.milestone_steps[index - 1];
    if (before === undefined || step > before.step) return;
    report(['milestone_steps', index, 'step'], `steps must rise: ${step} comes after ${before.step}`);
  });
}

function checkDistributions({ milestone_steps: steps }: GameConfig, report: Report): void {
  steps.forEach((step, index) => {
    if (step.step_type !== 'REWARD' || step.reward.distribution === undefined) return;
    const { display_type, value, distribution } = step.reward;
    const at = ['milestone_steps', index, 'reward', 'distribution'];
    if (display_type !== 'upto') report(at, 'is only for "display_type": "upto"; a flat reward pays its value');
    const seen = new Set<number>();
    distribution.forEach((chance, place) => {
      if (chance.value > value) {
        report([...at, place, 'value'], `${chance.value} is more than the reward's value, ${value}`);
      }
      if (seen.has(chance.value)) report([...at, place, 'value'], `${chance.value} is there twice; add up its weights`);
      seen.add(chance.value);
    });
    if (!seen.has(value))
      report(at, `"up to ${value}" would be untrue: ${value} cannot be drawn; add it, or lower the value`);
  });
}

function checkTriggers(game: GameConfig, fields: FieldTypes, report: Report): void {
  const seen = new Set<string>();
  game.triggers.forEach((trigger, index) => {
    const at = ['triggers', index];
    if (seen.has(trigger.trigger_id)) {
      report([...at, 'trigger_id'], `two triggers are called ${JSON.stringify(trigger.trigger_id)}; rename one`);
    }
    seen.add(trigger.trigger_id);
    checkRule(trigger.rule as Condition, fields, [...at, 'rule'], report);
    checkProgression(trigger.progression_config, fields, [...at, 'progression_config'], report);
    if (trigger.progression_config.mode === 'unique' && trigger.cap?.per_day !== undefined) {
      const message = 'a value counts once in the window, on no certain day; use "per_window", or another mode';
      report([...at, 'cap', 'per_day'], message);
    }
    if (trigger.cap !== undefined && trigger.cap.per_day === undefined && trigger.cap.per_window === undefined) {
      report([...at, 'cap'], 'says nothing; give "per_day" or "per_window", or remove it');
    }
  });
}

/** Patterns are bounded each and together: whoever writes games must not be able to make events slow. */
function checkPatterns({ triggers, join }: GameConfig, report: Report): void {
  const rules = [...triggers.map(({ rule }) => rule), ...(join?.rule === undefined ? [] : [join.rule])];
  const size = rules.reduce((sum, rule) => sum + patternSize(rule), 0);
  if (size <= limits.gamePatternSize) return;
  const message = `the patterns of all rules unfold to ${size} steps together, ${limits.gamePatternSize} are allowed; repeat less, or use fewer`;
  report(['triggers'], message);
}

function checkRule(rule: Condition, fields: FieldTypes, at: (string | number)[], report: Report): void {
  for (const { path, message } of checkCondition(rule, fields, didYouMean)) report([...at, ...path], message);
}

/** A progression may only count a field that a source declares, of a type it can count. */
function checkProgression(progression: Progression, fields: FieldTypes, at: (string | number)[], report: Report): void {
  if (progression.mode === 'increment_by_constant') return;
  const { field } = progression;
  const type = fields.get(field) ?? eventFields.get(field);
  if (type === undefined) {
    report([...at, 'field'], unknownField(field, fields, didYouMean));
    return;
  }
  const isNumber = type === 'number' || type === 'amount';
  if (progression.mode === 'increment_by_attribute' && !isNumber) {
    report([...at, 'field'], `${field} is ${type}; increment_by_attribute counts numbers and amounts`);
  }
  if (progression.mode !== 'weighted') return;

  const { weights, bands, otherwise } = progression;
  if ((weights === undefined) === (bands === undefined)) {
    report(at, 'needs exactly one of "weights" (by text) and "bands" (by number)');
  } else if (weights !== undefined && isNumber) {
    report([...at, 'weights'], `${field} is ${type}; weigh it by "bands"`);
  } else if (bands !== undefined && !isNumber) {
    report([...at, 'bands'], `${field} is ${type}; weigh it by "weights"`);
  } else if (weights !== undefined) {
    checkTexts(field, Object.keys(weights), fields, [...at, 'weights'], report);
  }
  bands?.forEach(({ at_least }, index) => {
    const before = bands[index - 1];
    if (before === undefined || at_least > before.at_least) return;
    report([...at, 'bands', index, 'at_least'], `bands must rise: ${at_least} comes after ${before.at_least}`);
  });
  const worths = [...Object.values(weights ?? {}), ...(bands ?? []).map(({ adds }) => adds)];
  if ((weights ?? bands) !== undefined && otherwise === 0 && worths.every((worth) => worth === 0)) {
    report(at, 'adds nothing, whatever happens; give something a weight above 0');
  }
}

/** A text that the field never holds, such as a weekday in capitals, would wait in vain. */
function checkTexts(field: string, texts: string[], fields: FieldTypes, at: (string | number)[], report: Report): void {
  for (const text of texts) {
    const [problem] = checkCondition({ field, op: 'eq', value: text }, fields, didYouMean);
    if (problem !== undefined) report([...at, text], problem.message);
  }
}
