// The configuration of a game: its schema (the contract with game owners), the checks a schema cannot express, and the form the engine judges by.
import { z } from 'zod';
import { type Condition, checkCondition, type FieldTypes, type Group, groupSchema } from '../condition/condition.ts';
import { formatPath, parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { type Instant, parseInstant } from '../time.ts';

const identifier = z
  .string()
  .min(1)
  .max(limits.identifierBytes)
  .regex(/^[A-Za-z0-9_.:-]+$/, { error: 'may hold letters, digits and _ . : - only' });

const instant = z.string().refine((text) => parseInstant(text) !== undefined, {
  error: 'must be a date and time with its offset, such as 2026-05-01T00:00:00Z',
});

const wholeNumber = z.number().int().min(1).max(1_000_000_000);

const reward = z.strictObject({
  /** NC: NeuCoins. VOUCHER: a voucher of this face value in rupees. */
  reward_type: z.enum(['NC', 'VOUCHER']),
  value: wholeNumber,
  /** A hidden reward is shown to a player only once it is earned. */
  visibility: z.enum(['visible', 'hidden']).default('visible'),
  /** upto: shown as "up to value". Without a distribution the whole value is paid. */
  display_type: z.enum(['flat', 'upto']).default('flat'),
});

const milestoneStep = z.discriminatedUnion('step_type', [
  z.strictObject({ step: wholeNumber, step_type: z.literal('REWARD'), reward }),
  z.strictObject({ step: wholeNumber, step_type: z.literal('EMPTY') }),
  z.strictObject({ step: wholeNumber, step_type: z.literal('FORTUNE_COOKIE') }),
]);

const trigger = z.strictObject({
  trigger_id: identifier,
  event_type: z.string().min(1).max(limits.identifierBytes),
  rule: groupSchema,
  progression_config: z.strictObject({
    mode: z.literal('increment_by_constant'),
    value: wholeNumber,
  }),
});

export const gameSchema = z
  .strictObject({
    schema_version: z.literal('1.0'),
    game_id: identifier.refine((id) => id !== 'active', {
      error: 'may not be "active": that is a path of the read API',
    }),
    game_archetype: z.enum(['NUMERIC_COUNTER']),
    /** The players who take part; `everyone` is reserved for all. */
    cohort_id: identifier,
    game_window: z.strictObject({ start: instant, end: instant, type: z.enum(['monthly', 'quarterly']) }),
    progress_state_model: z.strictObject({
      type: z.literal('numeric_counter'),
      unit: z.enum(['count']),
      display_unit: z.string().min(1).max(64),
      max_value: wholeNumber,
    }),
    milestone_steps: z.array(milestoneStep).min(1).max(100),
    triggers: z.array(trigger).min(1).max(100),
    /** What several triggers matching one event do: ADDITIVE adds them up. */
    stacking: z.literal('ADDITIVE').default('ADDITIVE'),
    /** What one credit is judged on: each inbound event by itself. */
    evaluation_scope: z.literal('INBOUNDEVENT').default('INBOUNDEVENT'),
    /** An event flagged by fraud and risk management: hold counts it and holds the rewards it earns, ignore does not look, reject counts nothing. */
    frm: z.enum(['hold', 'ignore', 'reject']).default('hold'),
  })
  .superRefine((game, context) => {
    const problem = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const start = parseInstant(game.game_window.start);
    const end = windowEndOf(game.game_window.end);
    if (start !== undefined && end !== undefined && end <= start) {
      problem(['game_window', 'end'], `the window ends before it starts (${game.game_window.start})`);
    }
    game.milestone_steps.forEach(({ step }, index) => {
      const before = game.milestone_steps[index - 1];
      if (before !== undefined && step <= before.step) {
        problem(['milestone_steps', index, 'step'], `steps must rise: ${step} comes after ${before.step}`);
      }
      if (step > game.progress_state_model.max_value) {
        problem(
          ['milestone_steps', index, 'step'],
          `step ${step} lies above max_value ${game.progress_state_model.max_value} and could never be reached`,
        );
      }
    });
    const seen = new Set<string>();
    game.triggers.forEach(({ trigger_id }, index) => {
      if (seen.has(trigger_id)) {
        problem(['triggers', index, 'trigger_id'], `two triggers are called ${JSON.stringify(trigger_id)}; rename one`);
      }
      seen.add(trigger_id);
    });
  });

/** A game as its owner writes it, with defaults filled in. */
export type GameConfig = z.infer<typeof gameSchema>;
export type MilestoneStep = GameConfig['milestone_steps'][number];
export type Reward = z.infer<typeof reward>;
export type Trigger = Omit<z.infer<typeof trigger>, 'rule'> & { rule: Group };

/**
 * Reads a game's text (JSON, comments allowed) and checks all of it, its rules against the fields that sources declare.
 * @throws UserError naming `file` and, for each problem, the path, the value found and the mend.
 */
export function parseGame(text: string, file: string, fields: FieldTypes): GameConfig {
  const checked = gameSchema.superRefine((game, context) => {
    game.triggers.forEach((candidate, index) => {
      for (const { path, message } of checkCondition(candidate.rule as Condition, fields, didYouMean)) {
        context.addIssue({ code: 'custom', path: ['triggers', index, 'rule', ...path], message });
      }
    });
  });
  return parseJsonc(text, checked, file);
}

/** A config version in the form the engine judges by. */
export interface Game {
  gameNo: number;
  version: number;
  /** In force from this instant until the next version's; the first is in force from the window's start. */
  inForceFrom: Instant;
  config: GameConfig;
  windowStart: Instant;
  /** The first instant after the window. */
  windowEnd: Instant;
  triggersByType: ReadonlyMap<string, readonly Trigger[]>;
}

/** Prepares a checked configuration for judging. */
export function prepareGame(config: GameConfig, at: { gameNo: number; version: number; inForceFrom: Instant }): Game {
  const triggersByType = new Map<string, Trigger[]>();
  for (const candidate of config.triggers) {
    const triggers = triggersByType.get(candidate.event_type) ?? [];
    triggers.push(candidate);
    triggersByType.set(candidate.event_type, triggers);
  }
  return {
    ...at,
    config,
    windowStart: parseInstant(config.game_window.start) as Instant,
    windowEnd: windowEndOf(config.game_window.end) as Instant,
    triggersByType,
  };
}

/** The first instant after an inclusive end: an end written to the second includes that whole second. */
function windowEndOf(end: string): Instant | undefined {
  const instant = parseInstant(end);
  if (instant === undefined) return undefined;
  return /:\d{2}\.\d/.test(end) ? instant + 1 : instant + 1_000;
}

/**
 * What a new version may not change while its window runs: thresholds, max_value, archetype, start. Players have been told those.
 * Returns one problem per change, empty when the new version may follow.
 */
export function forbiddenChanges(before: GameConfig, after: GameConfig): { path: string; message: string }[] {
  const problems: { path: string; message: string }[] = [];
  const compare = (path: (string | number)[], from: unknown, to: unknown): void => {
    if (from === to) return;
    const message = `may not change from ${JSON.stringify(from)} to ${JSON.stringify(to)} in a window that has begun`;
    problems.push({ path: formatPath(path), message });
  };
  compare(['game_archetype'], before.game_archetype, after.game_archetype);
  compare(['game_window', 'start'], parseInstant(before.game_window.start), parseInstant(after.game_window.start));
  compare(
    ['progress_state_model', 'max_value'],
    before.progress_state_model.max_value,
    after.progress_state_model.max_value,
  );
  const count = Math.max(before.milestone_steps.length, after.milestone_steps.length);
  for (let index = 0; index < count; index++) {
    compare(
      ['milestone_steps', index, 'step'],
      before.milestone_steps[index]?.step,
      after.milestone_steps[index]?.step,
    );
    compare(
      ['milestone_steps', index, 'step_type'],
      before.milestone_steps[index]?.step_type,
      after.milestone_steps[index]?.step_type,
    );
  }
  return problems;
}
