// The milestone game's decision: what one event means to one player in one game. Pure: no clock, no random, no I/O. It changes only the
// player's progress in memory, so that the next event of the same batch sees it.
import { failing } from '../condition/condition.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { limits } from '../limits.ts';
import type { Instant } from '../time.ts';
import { archetypes } from './archetypes/archetype.ts';
import type { Game, Trigger } from './config.ts';
import type { Claim, ClaimStatus, Credit, HeldClaim, Membership, Player, Progress, Verdict } from './games.ts';

/** The config versions of one game, oldest first. */
export interface Timeline {
  gameNo: number;
  gameId: string;
  versions: readonly Game[];
}

/**
 * The version in force at an instant: the newest of those in force by then; before all of them the first (its window then decides). Not the one
 * with the latest instant: a version that was replaced before its window began is in force from that window's start only by name.
 */
export function versionInForce(timeline: Timeline, at: Instant): Game {
  const { versions } = timeline;
  for (let index = versions.length - 1; index > 0; index--) {
    const version = versions[index] as Game;
    if (version.inForceFrom <= at) return version;
  }
  return versions[0] as Game;
}

/**
 * Judges an event in one game, in this order: event type, window, late, rule, cohort, FRM. Undefined when the game has no trigger for the
 * event's type. Credits, claims and the player's progress are changed only when the event counts.
 */
export function judge(
  timeline: Timeline,
  event: CanonicalEvent,
  receivedAt: Instant,
  player: Player,
): Verdict | undefined {
  const game = versionInForce(timeline, event.occurred_at);
  const candidates = game.triggersByType.get(event.event_type);
  if (candidates === undefined) return undefined;
  if (event.occurred_at < game.windowStart) return { outcome: 'outside_window', reason: 'before_window' };
  if (event.occurred_at >= game.windowEnd) return { outcome: 'outside_window', reason: 'after_window' };
  // windowEnd is the first instant after the window, hence ">=": the grace is counted from the window's last instant.
  if (receivedAt >= game.windowEnd + limits.graceMs) return { outcome: 'late', reason: 'window_closed' };

  const matching = candidates.filter((trigger) => failing(trigger.rule, event) === undefined);
  if (matching.length === 0) return { outcome: 'no_match', reason: 'condition_failed' };
  if (!isMember(player, game.config.cohort_id, event.occurred_at)) {
    return { outcome: 'not_in_cohort', reason: 'not_a_member' };
  }
  const flagged = game.config.frm !== 'ignore' && isFlagged(event);
  if (flagged && game.config.frm === 'reject') return { outcome: 'rejected', reason: 'frm_flagged' };
  return credit(game, matching, player, flagged);
}

/** Whether a player belongs to a cohort at an instant. */
export function isMember(player: { memberships: readonly Membership[] }, cohortId: string, at: Instant): boolean {
  if (cohortId === 'everyone') return true;
  return player.memberships.some(
    (membership) => membership.cohortId === cohortId && membership.from <= at && at < membership.to,
  );
}

/** Flagged by fraud and risk management: not null, not false, not empty. */
function isFlagged(event: CanonicalEvent): boolean {
  const flag = event.attributes.frm_flag ?? null;
  return flag !== null && flag !== false && flag !== '';
}

/** Stacks the matching triggers, folds their credits into progress, and claims every step that crossed, in order. */
function credit(game: Game, matching: readonly Trigger[], player: Player, held: boolean): Verdict {
  const strategy = archetypes[game.config.game_archetype];
  const progress = progressOf(player, game);
  const clearedBefore = progress.cleared;
  const credits: Credit[] = matching.map((trigger) => ({
    gameNo: game.gameNo,
    windowStart: game.windowStart,
    triggerId: trigger.trigger_id,
    amount: strategy.contribution(trigger),
    held,
    version: game.version,
  }));
  for (const entry of credits) Object.assign(progress, strategy.reduce(progress, entry));
  progress.changed = true;

  const claims = strategy.stepsReached(game.config, progress.reached, progress.value).map((step): Claim => {
    const reward =
      step.step_type === 'REWARD' ? { rewardType: step.reward.reward_type, amount: step.reward.value } : null;
    return {
      gameNo: game.gameNo,
      gameId: game.config.game_id,
      windowStart: game.windowStart,
      step: step.step,
      earning: 1,
      stepType: step.step_type,
      status: statusOf(step.step_type, progress.cleared >= step.step),
      version: game.version,
      reward,
    };
  });
  progress.reached = Math.max(progress.reached, progress.value);

  const released = progress.cleared > clearedBefore ? release(player, progress) : [];
  for (const claim of claims) if (claim.status === 'held') player.heldClaims.push(claim as HeldClaim);
  return { outcome: held ? 'held' : 'applied', reason: null, credits, claims, released };
}

function statusOf(stepType: Claim['stepType'], cleared: boolean): ClaimStatus {
  if (!cleared) return 'held';
  return stepType === 'FORTUNE_COOKIE' ? 'unopened' : 'earned';
}

/** Takes the held claims that the cleared total now covers. */
function release(player: Player, progress: Progress): Claim[] {
  const covered = (claim: HeldClaim): boolean =>
    claim.gameNo === progress.gameNo && claim.windowStart === progress.windowStart && claim.step <= progress.cleared;
  const released = player.heldClaims.filter(covered);
  if (released.length > 0) player.heldClaims = player.heldClaims.filter((claim) => !covered(claim));
  return released.map((claim) => ({ ...claim, status: statusOf(claim.stepType, true) }));
}

function progressOf(player: Player, game: Game): Progress {
  const known = player.progress.find(
    (progress) => progress.gameNo === game.gameNo && progress.windowStart === game.windowStart,
  );
  if (known !== undefined) return known;
  const fresh: Progress = {
    ...archetypes[game.config.game_archetype].initial(),
    gameNo: game.gameNo,
    windowStart: game.windowStart,
    reached: 0,
    changed: false,
  };
  player.progress.push(fresh);
  return fresh;
}
