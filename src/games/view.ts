// What a player is shown: the widget and the journey, rendered from facts, definitions and the time. Pure. Whatever depends on configuration
// or on the clock is decided here, on reading, so that a window opens without an event. It must never show a hidden reward that is not earned,
// nor what caps, distinct values and archetypes keep for themselves.
import { describeCondition } from '../condition/words.ts';
import { formatInstant, type Instant } from '../time.ts';
import { archetypes } from './archetypes/archetype.ts';
import type { ProgressView } from './archetypes/strategy.ts';
import { hasEnded } from './claim.ts';
import type { Archetype, MilestoneStep, Progression, Reward, Trigger } from './config.ts';
import { cookieOf } from './cookie.ts';
import type { GameStatus, Timeline } from './decide.ts';
import type { ClaimFact, CreditFact, PlayerFacts } from './facts.ts';
import type { Game } from './game.ts';
import { type Joining, openGames, type Presence, presenceIn, presenceOf, previousWindow } from './presence.ts';
import type { Window } from './window.ts';

/**
 * What has become of a claim, as a player is told: `reached` and nothing to pay · `held` reached, its reward waits for a release · `paying` · `paid` ·
 * `netted` earned, and all of it made up for what the player owed · `kept` paid, and the player's although the step is not reached any more ·
 * `failed` the service refused · `not_paid` nothing was left of its budget, or a person decided so · `cookie_to_open` · `taken_back` the step was lost.
 */
export type ClaimState =
  | 'reached'
  | 'held'
  | 'paying'
  | 'paid'
  | 'netted'
  | 'kept'
  | 'failed'
  | 'not_paid'
  | 'cookie_to_open'
  | 'taken_back';

/** The same of a step; `locked` not reached. One whose claim was taken back is locked, too: it may be reached again. */
export type StepState = Exclude<ClaimState, 'taken_back'> | 'locked';

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

/** What came out of a cookie. */
export interface PrizeView {
  prize_id: string;
  title: string | null;
  /** Null for a prize that pays nothing. */
  reward: { reward_type: Reward['reward_type']; value: number } | null;
}

/** A configured step with what has become of it. */
interface Step {
  step: MilestoneStep;
  claim: ClaimFact | undefined;
  state: StepState;
}

/** What the widget and the journey have in common. */
interface GameView {
  game_id: string;
  title: string | null;
  archetype: Archetype;
  /** Null for a game that all members take part in; `open` while joining would count. */
  join: { state: 'open' | 'joined'; joined_at: string | null } | null;
  current_value: number;
  max_value: number;
  display_unit: string;
  /** What the archetype shows beyond the two numbers; null when nothing, and for a game that is yet to be joined. */
  progress: ProgressView['detail'];
  /** The first visible reward that is still to be reached; null when there is none. */
  next_visible_reward: {
    step: number;
    title: string | null;
    reward_type: Reward['reward_type'];
    value: number;
    display_type: Reward['display_type'];
  } | null;
  /** The last events that count in this window, newest first: by these an app sees which of its own are in the numbers. */
  last_credited: { event_id: string; payment_id: string | null }[];
  /** The one that is open, or was last; where windows begin with joining the player's own, and before it the time from the game's start to its end. */
  window: { start: string; end: string; seconds_remaining: number };
  config_version: number;
  /** Rises with every change of the player's progress, claims and payments in this window; 0 before the first. */
  projection_version: number;
  as_of: string;
}

interface StepView {
  step: number;
  title: string | null;
  step_type: MilestoneStep['step_type'];
  state: StepState;
  /** Only of a cookie that was opened: what came out; null when nothing was left. */
  prize?: PrizeView | null;
}

export interface WidgetGame extends GameView {
  steps: StepView[];
}

export interface Journey extends GameView {
  state: GameStatus;
  /** By its start, the player's window before this one; null when this is the first. */
  previous_window: string | null;
  steps: (StepView & {
    /** What reaches it where its number does not, as configured. */
    requires: NonNullable<MilestoneStep['requires']> | null;
    /** Null for steps that pay nothing by themselves. */
    reward: RewardView | null;
    /** How much of the reward was kept back for what the player owed. */
    netted: number;
    /** What the reward would have been, had enough been left of its budget; null where it was not lowered. */
    downgraded_from: number | null;
    /** Null while the step is locked. */
    reached_at: string | null;
  })[];
  triggers: TriggerView[];
}

/** What an event has to be, and what it then adds before caps. */
export type TriggerView = {
  trigger_id: string;
  title: string | null;
  event_type: string;
  /** In words. */
  condition: string;
  cap: { per_day: number | null; per_window: number | null } | null;
} & Worth;

/** What an event adds, as configured. `adds` is null where that depends on the event's `field`. */
type Worth =
  | { mode: 'increment_by_constant'; adds: number; field: null }
  | {
      mode: 'increment_by_attribute';
      adds: null;
      field: string;
      scale: number;
      rounding: ByMode<'increment_by_attribute'>['rounding'];
      max_per_event: number | null;
    }
  | {
      mode: 'weighted';
      adds: null;
      field: string;
      weights: Readonly<Record<string, number>> | null;
      bands: readonly { at_least: number; adds: number }[] | null;
      otherwise: number;
    }
  | { mode: 'unique'; adds: number; field: string };
type ByMode<Mode> = Extract<Progression, { mode: Mode }>;

/** The active games of a player: those that are open, or may be joined. Those that end first come first. */
export function renderWidget(timelines: readonly Timeline[], facts: PlayerFacts, now: Instant): WidgetGame[] {
  return openGames(timelines, now)
    .flatMap((timeline) => {
      const presence = presenceOf(timeline, facts, now);
      return presence === undefined ? [] : [{ timeline, presence }];
    })
    .filter(({ presence }) => presence.state === 'active')
    .sort(
      ({ presence: a }, { presence: b }) =>
        windowOf(a).end - windowOf(b).end || (a.game.config.game_id < b.game.config.game_id ? -1 : 1),
    )
    .map(({ timeline, presence }) => {
      const steps = stepsOf(presence);
      return { ...gameView(presence, steps, facts, now), steps: steps.map((each) => stepView(each, timeline)) };
    });
}

/**
 * One game of a player, while it runs and after it, in its window of now or in the one that began at `windowStart`. Undefined before it, and for a
 * player who does not see it (`presenceOf`).
 */
export function renderJourney(
  timeline: Timeline,
  facts: PlayerFacts,
  now: Instant,
  windowStart?: Instant,
): Journey | undefined {
  const presence =
    windowStart === undefined ? presenceOf(timeline, facts, now) : presenceIn(timeline, facts, windowStart, now);
  if (presence === undefined) return undefined;
  const previous = presence.window === undefined ? undefined : previousWindow(timeline, facts, presence.window.start);
  const steps = stepsOf(presence);
  return {
    ...gameView(presence, steps, facts, now),
    state: presence.state,
    previous_window: previous === undefined ? null : formatInstant(previous),
    steps: steps.map((each) => ({
      ...stepView(each, timeline),
      requires: each.step.requires ?? null,
      reward: each.step.step_type === 'REWARD' ? rewardView(each.step.reward, earnedOf(each.claim)) : null,
      netted: each.claim?.netted ?? 0,
      downgraded_from: each.claim?.downgradedFrom ?? null,
      reached_at: each.claim === undefined ? null : formatInstant(each.claim.claimedAt),
    })),
    triggers: presence.game.config.triggers.map((trigger) => triggerView(trigger as Trigger)),
  };
}

/** What has become of a claim, as a player is told. An ambiguous payment is still being cleared up: to the player it is under way. */
export function claimState({ status, payment, netted }: Pick<ClaimFact, 'status' | 'payment' | 'netted'>): ClaimState {
  if (hasEnded(status)) return 'taken_back';
  if (status === 'voided') return 'not_paid';
  if (status === 'held') return 'held';
  if (status === 'unopened') return 'cookie_to_open';
  switch (payment) {
    case null:
      return netted > 0 ? 'netted' : 'reached';
    case 'pending':
    case 'ambiguous':
      return 'paying';
    case 'held':
      return 'held';
    case 'done':
      return status === 'kept' ? 'kept' : 'paid';
    case 'failed':
      return 'failed';
    case 'skipped':
    case 'cancelled':
      return 'not_paid';
  }
}

/** What was earned, once it was: a held claim is not earned yet. */
type Earned = Pick<ClaimFact, 'rewardType' | 'amount'> | undefined;

function earnedOf(claim: ClaimFact | undefined): Earned {
  return claim?.status === 'held' ? undefined : claim;
}

/**
 * A step's reward as a player may see it: once earned what was earned, under the version that judged it; before that what is promised, and of
 * a hidden one only that there is one.
 */
export function rewardView(promised: Reward, earned: Earned): RewardView {
  if (earned !== undefined && earned.rewardType !== null && earned.amount !== null) {
    return { visibility: 'visible', reward_type: earned.rewardType, value: earned.amount, display_type: 'flat' };
  }
  if (promised.visibility === 'hidden') return { visibility: 'hidden' };
  const { reward_type, value, display_type } = promised;
  return { visibility: 'visible', reward_type, value, display_type };
}

function gameView(presence: Presence, steps: readonly Step[], facts: PlayerFacts, now: Instant): GameView {
  const { game, progress } = presence;
  const { config } = game;
  const { current, max, detail } = progressView(presence);
  return {
    game_id: config.game_id,
    title: config.title ?? null,
    archetype: config.game_archetype,
    join: presence.join === null ? null : joinView(presence.join),
    current_value: current,
    max_value: max,
    display_unit: config.progress_state_model.display_unit,
    progress: detail,
    next_visible_reward: nextVisibleReward(steps),
    last_credited: lastCredited(progress?.recent ?? []),
    window: windowView(game, windowOf(presence), presence.state === 'ended' ? undefined : now),
    config_version: game.version,
    projection_version: progress?.version ?? 0,
    as_of: formatInstant(facts.asOf),
  };
}

function lastCredited(recent: readonly CreditFact[]): GameView['last_credited'] {
  const seen = new Set<string>();
  return recent.flatMap(({ eventId, paymentId }) => {
    if (eventId === null || seen.has(eventId)) return [];
    seen.add(eventId);
    return [{ event_id: eventId, payment_id: paymentId }];
  });
}

function progressView({ game, window, progress, join, seenAt }: Presence): ProgressView {
  const strategy = archetypes[game.config.game_archetype];
  const isYetToJoin = join !== null && join.at === undefined;
  if (window === undefined || (isYetToJoin && progress === undefined)) {
    return { current: 0, max: game.config.progress_state_model.max_value, detail: null };
  }
  return strategy.view(game, progress ?? strategy.initial(), window, seenAt);
}

function joinView({ isOpen, at }: Joining): GameView['join'] {
  return { state: isOpen ? 'open' : 'joined', joined_at: at === undefined ? null : formatInstant(at) };
}

function windowOf({ game, window }: Presence): Window {
  return window ?? game;
}

/** A window as its owner wrote it when it is the whole game. `now` is left out when it has ended. */
function windowView(game: Game, { start, end }: Window, now: Instant | undefined): GameView['window'] {
  const seconds_remaining = now === undefined ? 0 : Math.ceil((end - now) / 1_000);
  if (start === game.start && end === game.end) {
    const { start, end } = game.config.game_window;
    return { start, end, seconds_remaining };
  }
  return { start: formatInstant(start), end: formatInstant(end - 1), seconds_remaining };
}

function nextVisibleReward(steps: readonly Step[]): GameView['next_visible_reward'] {
  for (const { step, state } of steps) {
    if (state !== 'locked' || step.step_type !== 'REWARD' || step.reward.visibility === 'hidden') continue;
    const { reward_type, value, display_type } = step.reward;
    return { step: step.step, title: step.title ?? null, reward_type, value, display_type };
  }
  return null;
}

function stepsOf({ game, progress }: Presence): Step[] {
  return game.config.milestone_steps.map((step): Step => {
    // The last earning is the one that counts; one that was taken back counts as none: the step may be earned again.
    const last = progress?.claims.findLast((candidate) => candidate.step === step.step);
    const state = last === undefined ? 'taken_back' : claimState(last);
    return state === 'taken_back' ? { step, claim: undefined, state: 'locked' } : { step, claim: last, state };
  });
}

function stepView({ step, claim, state }: Step, timeline: Timeline): StepView {
  const view = { step: step.step, title: step.title ?? null, step_type: step.step_type, state };
  const prize = claim === undefined || state === 'locked' ? undefined : prizeView(timeline, claim);
  return prize === undefined ? view : { ...view, prize };
}

/** What came out of the cookie of a claim, as its player is told: undefined where none was opened, null when nothing was left. */
export function prizeView(
  timeline: Timeline,
  { step, opening, rewardType, amount }: Pick<ClaimFact, 'step' | 'opening' | 'rewardType' | 'amount'>,
): PrizeView | null | undefined {
  if (opening === null) return undefined;
  const { version, prizeId } = opening;
  if (prizeId === null) return null;
  const game = timeline.versions.find((candidate) => candidate.version === version);
  const prize = game && cookieOf(game, step)?.prizes.find(({ prize_id }) => prize_id === prizeId);
  return {
    prize_id: prizeId,
    title: prize?.title ?? null,
    reward: rewardType === null || amount === null ? null : { reward_type: rewardType, value: amount },
  };
}

function triggerView({ trigger_id, title, event_type, rule, progression_config, cap }: Trigger): TriggerView {
  return {
    trigger_id,
    title: title ?? null,
    event_type,
    condition: describeCondition(rule),
    ...worthOf(progression_config),
    cap: cap === undefined ? null : { per_day: cap.per_day ?? null, per_window: cap.per_window ?? null },
  };
}

function worthOf(progression: Progression): Worth {
  const { mode } = progression;
  switch (mode) {
    case 'increment_by_constant':
      return { mode, adds: progression.value, field: null };
    case 'increment_by_attribute': {
      const { field, scale, rounding, max_per_event } = progression;
      return { mode, adds: null, field, scale, rounding, max_per_event: max_per_event ?? null };
    }
    case 'weighted': {
      const { field, weights, bands, otherwise } = progression;
      return { mode, adds: null, field, weights: weights ?? null, bands: bands ?? null, otherwise };
    }
    case 'unique':
      return { mode, adds: progression.value, field: progression.field };
  }
}
