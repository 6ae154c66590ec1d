// What a player is shown: the widget and the journey, rendered from facts, definitions and the time. Pure. Whatever depends on configuration
// or on the clock is decided here, on reading, so that a window opens without an event. It must never show a hidden reward that is not earned.
import { formatInstant, type Instant } from '../time.ts';
import { archetypes } from './archetypes/archetype.ts';
import type { MilestoneStep, Reward } from './config.ts';
import { isMember, type Timeline, versionInForce } from './decide.ts';
import { type ClaimFact, type GameFacts, gameField, type PlayerFacts } from './facts.ts';
import type { Game } from './game.ts';

/**
 * `locked` not reached · `reached` and nothing to pay · `held` reached, its reward waits for a release · `paying` · `paid` · `failed` the
 * service refused · `cookie_to_open`.
 */
export type StepState = 'locked' | 'reached' | 'held' | 'paying' | 'paid' | 'failed' | 'cookie_to_open';

/** A reward as a player may see it. */
export type RewardView =
  | { visibility: 'hidden' }
  | {
      visibility: 'visible';
      reward_type: Reward['reward_type'];
      value: number;
      /** Of an earned reward always flat: the value is what was earned. */
      display_type: Reward['display_type'];
    };

/** A configured step with what has become of it. */
interface Step {
  step: MilestoneStep;
  claim: ClaimFact | undefined;
  state: StepState;
}

/** What the widget and the journey have in common. */
interface Standing {
  game_id: string;
  current_value: number;
  max_value: number;
  display_unit: string;
  /** The first visible reward that is still to be reached; null when there is none. */
  next_visible_reward: {
    step: number;
    reward_type: Reward['reward_type'];
    value: number;
    display_type: Reward['display_type'];
  } | null;
  window: { start: string; end: string; seconds_remaining: number };
  config_version: number;
  /** Rises with every change of the player's progress, claims and payments in this window; 0 before the first. */
  projection_version: number;
  as_of: string;
}

export interface WidgetGame extends Standing {
  steps: { step: number; step_type: MilestoneStep['step_type']; state: StepState }[];
}

export interface Journey extends Standing {
  state: 'active' | 'ended';
  steps: {
    step: number;
    step_type: MilestoneStep['step_type'];
    state: StepState;
    /** Null for steps that pay nothing by themselves. */
    reward: RewardView | null;
    reached_at: string | null;
  }[];
  triggers: { trigger_id: string; event_type: string; adds: number }[];
}

/** The fields of a player's facts that `renderWidget` or `renderJourney` of these games will look at. */
export function fieldsFor(timelines: readonly Timeline[], now: Instant): string[] {
  return timelines.map((timeline) => {
    const game = versionInForce(timeline, now);
    return gameField(game.gameNo, game.start);
  });
}

/** The games whose window is open now. */
export function openGames(timelines: readonly Timeline[], now: Instant): Timeline[] {
  return timelines.filter((timeline) => {
    const game = versionInForce(timeline, now);
    return game.start <= now && now < game.end;
  });
}

/** The active games of a player: open now, and the player is a member now or has progress. Those that end first come first. */
export function renderWidget(timelines: readonly Timeline[], facts: PlayerFacts, now: Instant): WidgetGame[] {
  return openGames(timelines, now)
    .map((timeline) => versionInForce(timeline, now))
    .filter((game) => takesPart(game, facts, now))
    .sort((a, b) => a.end - b.end || (a.config.game_id < b.config.game_id ? -1 : 1))
    .map((game) => {
      const steps = stepsOf(game, facts);
      return {
        ...standing(game, facts, steps, now),
        steps: steps.map(({ step, state }) => ({ step: step.step, step_type: step.step_type, state })),
      };
    });
}

/**
 * One game of a player, during its window and after it. Undefined before the window, and for a player who has no progress and is no member
 * (after the window: was none at its end).
 */
export function renderJourney(timeline: Timeline, facts: PlayerFacts, now: Instant): Journey | undefined {
  const game = versionInForce(timeline, now);
  if (now < game.start || !takesPart(game, facts, now)) return undefined;
  const steps = stepsOf(game, facts);
  return {
    ...standing(game, facts, steps, now),
    state: now < game.end ? 'active' : 'ended',
    steps: steps.map(({ step, claim, state }) => ({
      step: step.step,
      step_type: step.step_type,
      state,
      reward: step.step_type === 'REWARD' ? rewardView(step.reward, claim) : null,
      reached_at: claim === undefined ? null : formatInstant(claim.claimedAt),
    })),
    triggers: game.config.triggers.map((trigger) => ({
      trigger_id: trigger.trigger_id,
      event_type: trigger.event_type,
      adds: trigger.progression_config.mode === 'increment_by_constant' ? trigger.progression_config.value : 0,
    })),
  };
}

/** What has become of a step's claim, as a player is told. An ambiguous payment is still being cleared up: to the player it is under way. */
export function stepState(claim: ClaimFact | undefined): StepState {
  if (claim === undefined) return 'locked';
  if (claim.status === 'held') return 'held';
  if (claim.status === 'unopened') return 'cookie_to_open';
  switch (claim.payment) {
    case null:
      return 'reached';
    case 'pending':
    case 'ambiguous':
      return 'paying';
    case 'done':
      return 'paid';
    case 'failed':
      return 'failed';
  }
}

/**
 * A step's reward as a player may see it: once earned what was earned, under the version that judged it; before that what is promised, and of
 * a hidden one only that there is one. A held claim is not earned yet.
 */
export function rewardView(promised: Reward, claim: ClaimFact | undefined): RewardView {
  if (claim !== undefined && claim.status !== 'held' && claim.rewardType !== null && claim.amount !== null) {
    return { visibility: 'visible', reward_type: claim.rewardType, value: claim.amount, display_type: 'flat' };
  }
  if (promised.visibility === 'hidden') return { visibility: 'hidden' };
  const { reward_type, value, display_type } = promised;
  return { visibility: 'visible', reward_type, value, display_type };
}

function standing(game: Game, facts: PlayerFacts, steps: readonly Step[], now: Instant): Standing {
  const { config } = game;
  const progress = progressIn(game, facts);
  const { current, max } = archetypes[config.game_archetype].view(
    game,
    { value: progress?.value ?? 0, detail: null },
    game,
    now,
  );
  return {
    game_id: config.game_id,
    current_value: current,
    max_value: max,
    display_unit: config.progress_state_model.display_unit,
    next_visible_reward: nextVisibleReward(steps),
    window: {
      start: config.game_window.start,
      end: config.game_window.end,
      seconds_remaining: Math.max(0, Math.ceil((game.end - now) / 1_000)),
    },
    config_version: game.version,
    projection_version: progress?.version ?? 0,
    as_of: formatInstant(facts.asOf),
  };
}

function nextVisibleReward(steps: readonly Step[]): Standing['next_visible_reward'] {
  for (const { step, state } of steps) {
    if (state !== 'locked' || step.step_type !== 'REWARD' || step.reward.visibility === 'hidden') continue;
    const { reward_type, value, display_type } = step.reward;
    return { step: step.step, reward_type, value, display_type };
  }
  return null;
}

function stepsOf(game: Game, facts: PlayerFacts): Step[] {
  const claims = progressIn(game, facts)?.claims ?? [];
  return game.config.milestone_steps.map((step) => {
    // The last earning is the one that counts: a claim that was taken back may be earned again.
    const claim = claims.findLast((candidate) => candidate.step === step.step);
    return { step, claim, state: stepState(claim) };
  });
}

function takesPart(game: Game, facts: PlayerFacts, now: Instant): boolean {
  const at = Math.min(now, game.end - 1);
  return progressIn(game, facts) !== undefined || isMember(facts, game.config.cohort_id, at);
}

function progressIn(game: Game, facts: PlayerFacts): GameFacts | undefined {
  return facts.games.get(gameField(game.gameNo, game.start));
}
