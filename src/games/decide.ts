// The games' decision: what one event means to one player in one game. Pure: no clock, no random, no I/O. It changes only the player in memory,
// so that the next event of the same batch sees what this one did.
import { failing } from '../condition/condition.ts';
import type { CanonicalEvent } from '../event/event.ts';
import type { Instant } from '../time.ts';
import { archetypes } from './archetypes/archetype.ts';
import { budgetsOf, poolOf } from './budgets.ts';
import { hasEnded, isLive, isSameClaim } from './claim.ts';
import type { Trigger } from './config.ts';
import { counting, emptyStanding, fold, foldBoth, foldOn, foldsAnew } from './fold.ts';
import type { Game } from './game.ts';
import type {
  ClaimChange,
  ClaimRuling,
  ClaimStatus,
  Credit,
  Join,
  Membership,
  OpenClaim,
  Player,
  Progress,
  Ruling,
  Verdict,
} from './games.ts';
import { contributionOf } from './progression.ts';
import { correct, liveCredits } from './ruling.ts';
import { lastWindow, type Window, windowAt, windowFromJoin } from './window.ts';

export type GameStatus = 'active' | 'paused' | 'ended';

/** A pause, a resumption or the end of a game. */
export interface StatusChange {
  changeNo: number;
  status: GameStatus;
  from: Instant;
}

/** One game over time: its config versions and its changes of status, both oldest first. */
export interface Timeline {
  gameNo: number;
  gameId: string;
  versions: readonly Game[];
  statuses: readonly StatusChange[];
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

/** A game's status at an instant: what the newest change in force by then says. */
export function statusAt(timeline: Timeline, at: Instant): GameStatus {
  return timeline.statuses.findLast(({ from }) => from <= at)?.status ?? 'active';
}

/** The version that judges what occurs at an instant, while the game runs: undefined before its start, after its end, and when it is paused or ended. */
export function runningAt(timeline: Timeline, at: Instant): Game | undefined {
  const game = versionInForce(timeline, at);
  return game.start <= at && at < game.end && statusAt(timeline, at) === 'active' ? game : undefined;
}

/** An event about to be judged. */
export interface Subject {
  event: CanonicalEvent;
  eventNo: number;
  receivedAt: Instant;
  /** The reversals that name the event and came before it. */
  rulings: readonly Ruling[];
}

/**
 * Judges an event in one game, in this order: event type, window, pause and end, late, rule, cohort, join, FRM. Undefined when the game has
 * nothing to do with the event's type. The player is changed only when the event counts.
 */
export function judge(timeline: Timeline, subject: Subject, player: Player): Verdict | undefined {
  const sifted = sift(timeline, subject, player);
  if (sifted === undefined || 'outcome' in sifted) return sifted;
  const { game, window, matching, flagged } = sifted;
  const credits = creditsOf(game, window, matching, subject, flagged);
  if (credits.length === 0) return { outcome: 'no_match', reason: 'worth_nothing' };
  return apply(timeline, game, window, credits, player);
}

/** What is left of the question after `sift`: an event that counts if it is worth something. */
export interface Sifted {
  game: Game;
  window: Window;
  /** The triggers whose rules hold. */
  matching: readonly Trigger[];
  flagged: boolean;
}

/** The part of `judge` that asks for no progress: refuses an event, takes it for a joining, or says what would count it. */
export function sift(
  timeline: Timeline,
  subject: Pick<Subject, 'event' | 'receivedAt'>,
  player: Pick<Player, 'memberships' | 'joins' | 'erasedAt'>,
): Verdict | Sifted | undefined {
  const { event, receivedAt } = subject;
  const game = versionInForce(timeline, event.occurred_at);
  const candidates = game.triggersByType.get(event.event_type);
  const joins = game.config.join?.event_type === event.event_type;
  if (candidates === undefined && !joins) return undefined;

  if (event.occurred_at < game.start) return { outcome: 'outside_window', reason: 'before_window' };
  if (event.occurred_at >= game.end) return { outcome: 'outside_window', reason: 'after_window' };
  const status = statusAt(timeline, event.occurred_at);
  if (status !== 'active') return { outcome: 'outside_window', reason: status };

  if (joins && failing(game.config.join?.rule ?? anything, event, game.zone) === undefined) {
    const verdict = join(game, subject, player);
    // The event that joins does nothing else; one more of its kind may be what a trigger counts.
    if (verdict.reason !== 'already_joined' || candidates === undefined) return verdict;
  }
  // Undefined before a joining that begins one; whether the event is what the game counts is asked before that.
  const window = windowFor(game, event.occurred_at, joinsOf(player, game.gameNo));
  if (window !== undefined) {
    if (event.occurred_at >= window.end) return { outcome: 'outside_window', reason: 'after_window' };
    // What the person had in it is with the pseudonym, its rewards paid: nothing can be told to be paid once only.
    if (player.erasedAt !== undefined && window.start <= player.erasedAt) {
      return { outcome: 'outside_window', reason: 'player_erased' };
    }
    // A window's end is the first instant after it, hence ">=": the grace is counted from the window's last instant.
    if (receivedAt >= window.end + game.graceMs) return { outcome: 'late', reason: 'window_closed' };
  }

  const matching = candidates?.filter((trigger) => failing(trigger.rule, event, game.zone) === undefined) ?? [];
  if (matching.length === 0) return { outcome: 'no_match', reason: 'condition_failed' };
  if (!isMember(player, game.config.cohort_id, event.occurred_at)) {
    return { outcome: 'not_in_cohort', reason: 'not_a_member' };
  }
  if (window === undefined || !hasJoined(game, joinsOf(player, game.gameNo), event.occurred_at)) {
    return { outcome: 'not_in_cohort', reason: 'not_joined' };
  }
  const flagged = game.config.frm !== 'ignore' && isFlagged(event);
  if (flagged && game.config.frm === 'reject') return { outcome: 'rejected', reason: 'frm_flagged' };
  return { game, window, matching, flagged };
}

/** Whether a player belongs to a cohort at an instant. */
export function isMember(player: { memberships: readonly Membership[] }, cohortId: string, at: Instant): boolean {
  if (cohortId === 'everyone') return true;
  return player.memberships.some(
    (membership) => membership.cohortId === cohortId && membership.from <= at && at < membership.to,
  );
}

/** Whether a player takes part by an instant as far as joining goes: where a game asks for no joining, everybody does. */
export function hasJoined(game: Game, joins: readonly Instant[], at: Instant): boolean {
  return game.config.join === undefined || joins.some((join) => join <= at);
}

/**
 * The window of a game that an instant is in, or the last one begun by then: with from_join the player's own. Undefined before the first.
 */
export function windowFor(game: Game, at: Instant, joins: readonly Instant[]): Window | undefined {
  if (game.config.game_window.from_join !== undefined) return windowFromJoin(game, at, joins);
  return windowAt(game, at) ?? (at >= game.end ? lastWindow(game, at) : undefined);
}

/** When a player joined a game. */
export function joinsOf(player: { joins: readonly Join[] }, gameNo: number): Instant[] {
  return player.joins.filter((join) => join.gameNo === gameNo).map(({ at }) => at);
}

const anything = { operator: 'and' as const, conditions: [] };

/** An event of joining. In a game of windows from the join it begins one, unless that would overlap another of the player's. */
function join(
  game: Game,
  { event, receivedAt }: Pick<Subject, 'event' | 'receivedAt'>,
  player: Pick<Player, 'memberships' | 'joins'>,
): Verdict {
  const at = event.occurred_at;
  if (receivedAt >= game.end + game.graceMs) return { outcome: 'late', reason: 'window_closed' };
  if (!isMember(player, game.config.cohort_id, at)) return { outcome: 'not_in_cohort', reason: 'not_a_member' };
  const known = joinsOf(player, game.gameNo);
  const own = windowFromJoin(game, at, [at]);
  const overlaps =
    own === undefined
      ? known.some((earlier) => earlier <= at)
      : known.some((other) => {
          const window = windowFromJoin(game, other, [other]) as Window;
          return window.start < own.end && own.start < window.end;
        });
  if (overlaps) return { outcome: 'no_match', reason: 'already_joined' };
  const joined = { gameNo: game.gameNo, at };
  player.joins.push(joined);
  return { outcome: 'applied', reason: 'joined', join: joined };
}

/** Flagged by fraud and risk management: not null, not false, not empty. */
function isFlagged(event: CanonicalEvent): boolean {
  const flag = event.attributes.frm_flag ?? null;
  return flag !== null && flag !== false && flag !== '';
}

/** What the matching triggers give, those left out that give nothing. */
function creditsOf(
  game: Game,
  window: Window,
  matching: readonly Trigger[],
  { event, eventNo, rulings }: Subject,
  held: boolean,
): Credit[] {
  const { transaction_amount: transactionAmount = null } = event.attributes;
  return matching.flatMap((trigger): Credit[] => {
    const { amount, distinctValue } = contributionOf(trigger.progression_config, event, game.zone);
    if (amount === 0) return [];
    const credit: Credit = {
      gameNo: game.gameNo,
      windowStart: window.start,
      eventNo,
      triggerId: trigger.trigger_id,
      amount,
      distinctValue,
      held,
      version: game.version,
      occurredAt: event.occurred_at,
      paymentId: event.correlation.payment_id,
      transactionId: event.correlation.canonical_transaction_id,
      transactionAmount: typeof transactionAmount === 'number' ? transactionAmount : null,
      correction: null,
    };
    for (const ruling of rulings) credit.correction = correct(credit, ruling, game) ?? credit.correction;
    return [credit];
  });
}

/** Folds an event's credits into progress, and claims every step that is newly reached, in order. */
function apply(timeline: Timeline, game: Game, window: Window, credits: Credit[], player: Player): Verdict {
  const progress = progressOf(player, game, window);
  player.credits.push(...credits);
  progress.changed = true;
  const live = liveCredits(credits);
  if (live.length === 0) return { outcome: 'reversed', reason: 'reversed_before', credits, claims: [], changes: [] };

  const reason = timeline.versions.some(foldsAnew)
    ? foldAll(timeline, game, live, player, progress)
    : foldEach(game, live, progress);
  return {
    outcome: live[0]?.held ? 'held' : 'applied',
    reason,
    credits,
    ...settleClaims(timeline, game, window, progress, player),
  };
}

/** What a ruling has changed. */
export interface Unwound {
  /** How many credits it names, whether or not they still counted. */
  named: number;
  corrected: Credit[];
  /** The windows that it has folded anew. What that means for claims is for `settleWindows`. */
  windows: Unsettled[];
}

/** A window that was folded anew, and whose claims are those of the steps that it reached before. */
export interface Unsettled {
  timeline: Timeline;
  game: Game;
  window: Window;
  before: Reached;
}

/** Takes a ruling on a player's credits (all of the windows concerned must be in hand) and folds these windows anew. Claims stay as they are. */
export function applyRuling(
  timelineOf: TimelineOf,
  ruling: Ruling,
  isNamed: (credit: Credit) => boolean,
  player: Player,
): Unwound {
  const unwound: Unwound = { named: 0, corrected: [], windows: [] };
  player.credits = player.credits.map((credit) => {
    if (!isNamed(credit)) return credit;
    unwound.named++;
    const correction = correct(credit, ruling, versionOf(timelineOf(credit.gameNo), credit.version));
    if (correction === undefined) return credit;
    const corrected = { ...credit, correction };
    unwound.corrected.push(corrected);
    return corrected;
  });
  const windows = Map.groupBy(unwound.corrected, ({ gameNo, windowStart }) => `${gameNo}:${windowStart}`);
  for (const [credit] of windows.values()) {
    const { gameNo, windowStart } = credit as Credit;
    const timeline = timelineOf(gameNo);
    const { game, window } = placeOf(timeline, windowStart, creditsIn(timeline, windowStart, player));
    const before = stepsOf(game, window, progressOf(player, game, window));
    refold(timeline, game, window, player);
    unwound.windows.push({ timeline, game, window, before });
  }
  return unwound;
}

/**
 * Settles the claims of windows by what they reach now. Claims whose steps are not reached any more end, by the policy of the version that made them
 * where their reward may have been paid.
 */
export function settleWindows(windows: readonly Unsettled[], player: Player): Settled {
  const settled: Settled = { claims: [], changes: [] };
  for (const { timeline, game, window, before } of windows) {
    append(settled, settleAnew(timeline, game, window, player, before));
  }
  return settled;
}

function creditsIn({ gameNo }: Timeline, windowStart: Instant, player: Player): Credit[] {
  return player.credits.filter((credit) => credit.gameNo === gameNo && credit.windowStart === windowStart);
}

/** A window of which there are credits, and the last version that judged one: steps are the same in all, and it knows how far the window goes. */
function placeOf(timeline: Timeline, windowStart: Instant, credits: readonly Credit[]): { game: Game; window: Window } {
  const newest = credits.reduce((a, b) => (b.version > a.version ? b : a));
  const game = versionOf(timeline, newest.version);
  return { game, window: windowFor(game, newest.occurredAt, [windowStart]) as Window };
}

/** Folds all live credits of a window anew. */
function refold(timeline: Timeline, game: Game, window: Window, player: Player): void {
  const progress = progressOf(player, game, window);
  Object.assign(
    progress,
    foldBoth(liveCredits(creditsIn(timeline, window.start, player)), game, (version) => versionOf(timeline, version)),
  );
  progress.changed = true;
}

/** Ends, releases and makes the claims that a window asks for which was folded anew. Taken back is only what was reached `before`. */
function settleAnew(timeline: Timeline, game: Game, window: Window, player: Player, before: Reached): Settled {
  const progress = progressOf(player, game, window);
  const after = stepsOf(game, window, progress);
  // What another event of the same transaction has taken away before stays claimed: only what this takes is taken back.
  const lost = (claim: OpenClaim): boolean =>
    claim.status === 'held'
      ? before.reached.has(claim.step) && !after.reached.has(claim.step)
      : before.cleared.has(claim.step) && !after.cleared.has(claim.step);
  const changes = claimsOf(player, progress)
    .filter((claim) => isLive(claim) && lost(claim))
    .map((claim) => {
      const policy = versionOf(timeline, claim.version).config.on_reversal;
      return change(player, claim, { ...claim, status: claim.sending === 'sent' ? endings[policy] : 'cancelled' });
    });
  Object.assign(progress, claimedBy(claimsOf(player, progress)));
  const settled = settleClaims(timeline, game, window, progress, player);
  return { claims: settled.claims, changes: [...changes, ...settled.changes] };
}

/** Finds a game by its number. */
export type TimelineOf = (gameNo: number) => Timeline;

/**
 * Folds anew, after a player has taken another one in, the windows of the other's credits (`taken`). What the two reach together is claimed. Nothing is
 * taken back but what would be paid twice: of two claims on a step the one that nobody has sent, as long as the other stands.
 */
export function foldTogether(timelineOf: TimelineOf, taken: readonly Credit[], player: Player): Settled {
  const together: Settled = { claims: [], changes: [] };
  for (const [timeline, windowStart] of windowsOf(timelineOf, taken)) {
    const { game, window } = placeOf(timeline, windowStart, creditsIn(timeline, windowStart, player));
    const progress = progressOf(player, game, window);
    for (const claim of repeated(claimsOf(player, progress))) {
      together.changes.push(change(player, claim, { ...claim, status: 'cancelled' }));
    }
    Object.assign(progress, claimedBy(claimsOf(player, progress)));
    refold(timeline, game, window, player);
    append(together, settleAnew(timeline, game, window, player, nothing));
  }
  return together;
}

/**
 * Folds anew, after a player has let another one go, the windows of the other's credits, for both. What either does not reach alone is taken back, as
 * after a reversal; what either reaches alone is claimed.
 */
export function foldApart(timelineOf: TimelineOf, player: Player, other: Player): { player: Settled; other: Settled } {
  const apart = { player: { claims: [], changes: [] }, other: { claims: [], changes: [] } };
  for (const [timeline, windowStart] of windowsOf(timelineOf, other.credits)) {
    const credits = [player, other].flatMap((each) => creditsIn(timeline, windowStart, each));
    const { game, window } = placeOf(timeline, windowStart, credits);
    // The player's progress is still that of both.
    const together = stepsOf(game, window, progressOf(player, game, window));
    for (const [each, settled] of [
      [player, apart.player],
      [other, apart.other],
    ] as const) {
      const progress = progressOf(each, game, window);
      Object.assign(progress, claimedBy(claimsOf(each, progress)));
      refold(timeline, game, window, each);
      append(settled, settleAnew(timeline, game, window, each, together));
    }
  }
  return apart;
}

/** The windows that there are credits in. */
function windowsOf(timelineOf: TimelineOf, credits: readonly Credit[]): [timeline: Timeline, windowStart: Instant][] {
  const windows = Map.groupBy(credits, ({ gameNo, windowStart }) => `${gameNo}:${windowStart}`);
  return [...windows.values()].map(([credit]) => {
    const { gameNo, windowStart } = credit as Credit;
    return [timelineOf(gameNo), windowStart];
  });
}

function append(settled: Settled, { claims, changes }: Settled): void {
  settled.claims.push(...claims);
  settled.changes.push(...changes);
}

const nothing: Reached = { reached: new Set(), cleared: new Set() };

/** Of the claims of a window those that would pay a step a second time, and have not been sent: all but the one of each step that has come furthest. */
function repeated(claims: readonly OpenClaim[]): OpenClaim[] {
  const steps = Map.groupBy(
    claims.filter((claim) => isLive(claim) || claim.status === 'kept'),
    ({ step }) => step,
  );
  return [...steps.values()].flatMap((rivals) => {
    const [, ...others] = rivals.toSorted((a, b) => advance(b) - advance(a));
    return others
      .filter((claim) => claim.reward !== null || claim.stepType === 'FORTUNE_COOKIE')
      .filter((claim) => advance(claim) < PAID);
  });
}

const PAID = 4;

/** How far a claim has come on its way to its player. */
function advance({ status, sending, reward }: OpenClaim): number {
  if (status === 'kept' || status === 'opened' || sending === 'sent') return PAID;
  if (status === 'held' || sending === 'unpaid') return 0;
  if (status === 'unopened') return 1;
  if (status === 'awaiting_budget') return 2;
  // What has no message was made up for by a debt.
  return reward !== null && sending === 'none' ? PAID : 3;
}

/** Which steps have a claim, and what has been taken back, by the claims of a window. */
function claimedBy(claims: readonly OpenClaim[]): Pick<Progress, 'claimed' | 'ended' | 'kept'> {
  const standing = claims.filter(({ status }) => !hasEnded(status));
  const ended: Record<number, number> = {};
  for (const { step, status, earning } of claims) {
    if (hasEnded(status)) ended[step] = Math.max(earning, ended[step] ?? 0);
  }
  return {
    claimed: [...new Set(standing.map(({ step }) => step))],
    ended,
    kept: standing.filter(({ status }) => status === 'kept').map(({ step }) => step),
  };
}

const endings = { keep: 'kept', claw_back: 'clawed_back', offset: 'offset' } as const;

/** Takes a verdict on a claim whose message waits over its budget; undefined where there is none such. */
export function applyClaimRuling(timeline: Timeline, ruling: ClaimRuling, player: Player): ClaimChange | undefined {
  const claim = player.claims.find(
    ({ gameNo, windowStart, step, earning, status, overBudget }) =>
      gameNo === timeline.gameNo &&
      windowStart === ruling.windowStart &&
      step === ruling.step &&
      earning === (ruling.earning ?? earning) &&
      // An earlier event of the same batch may have taken it back.
      status === 'awaiting_budget' &&
      overBudget,
  );
  if (claim === undefined) return undefined;
  return change(player, claim, {
    ...claim,
    overBudget: false,
    status: ruling.kind === 'voided' ? 'voided' : payable(claim),
  });
}

export interface Settled {
  claims: OpenClaim[];
  changes: ClaimChange[];
}

/** Claims every step that is reached and not claimed, in order, and releases what is held of those that are reached without what is held. */
function settleClaims(timeline: Timeline, game: Game, window: Window, progress: Progress, player: Player): Settled {
  const { steps, cleared } = stepsOf(game, window, progress);
  const claims = steps
    .filter(({ step }) => !progress.claimed.includes(step))
    .map((step): OpenClaim => {
      const claim: OpenClaim = {
        gameNo: game.gameNo,
        gameId: game.config.game_id,
        windowStart: window.start,
        step: step.step,
        earning: (progress.ended[step.step] ?? 0) + 1,
        stepType: step.step_type,
        status: 'held' as const,
        version: game.version,
        reward:
          step.step_type === 'REWARD'
            ? {
                rewardType: step.reward.reward_type,
                amount: step.reward.value,
                pool: null,
                ...(step.reward.distribution === undefined ? {} : { odds: step.reward.distribution }),
              }
            : null,
        budgets: [],
        netted: 0,
        sending: 'none',
        overBudget: false,
      };
      return cleared.has(step.step) ? freed(claim, game) : claim;
    });
  const changes = claimsOf(player, progress)
    .filter(
      ({ status, step }) =>
        cleared.has(step) && (status === 'held' || (status === 'kept' && progress.kept.includes(step))),
    )
    .map((claim) =>
      change(
        player,
        claim,
        claim.status === 'held' ? freed(claim, versionOf(timeline, claim.version)) : regained(claim),
      ),
    );
  progress.kept = progress.kept.filter((step) => !cleared.has(step));
  if (claims.length > 0) progress.claimed = [...progress.claimed, ...claims.map(({ step }) => step)];
  player.claims.push(...claims);
  return { claims, changes };
}

/** Steps that are reached, and those that are reached without what is held. */
interface Reached {
  reached: ReadonlySet<number>;
  cleared: ReadonlySet<number>;
}

/** The steps that a window's progress reaches. */
function stepsOf(game: Game, window: Window, { all, cleared }: Progress) {
  const { stepsReached } = archetypes[game.config.game_archetype];
  const steps = stepsReached(game, all, window);
  const reached = new Set(steps.map(({ step }) => step));
  const free = cleared === all ? reached : new Set(stepsReached(game, cleared, window).map(({ step }) => step));
  return { steps, reached, cleared: free };
}

function claimsOf(player: Player, { gameNo, windowStart }: Progress): OpenClaim[] {
  return player.claims.filter((claim) => claim.gameNo === gameNo && claim.windowStart === windowStart);
}

/** Puts a changed claim in the place of the one that the player has. */
export function change(player: Player, claim: OpenClaim, changed: OpenClaim): ClaimChange {
  player.claims = player.claims.map((other) => (isSameClaim(other, claim) ? changed : other));
  return { claim: changed, from: claim.status };
}

/** A kept claim whose step is reached again: it has been paid. */
function regained(claim: OpenClaim): OpenClaim {
  return { ...claim, status: payable(claim) };
}

/** What a claim is that nothing keeps from being paid. */
function payable({ stepType }: OpenClaim): ClaimStatus {
  return stepType === 'FORTUNE_COOKIE' ? 'opened' : 'earned';
}

function versionOf({ gameId, versions }: Timeline, version: number): Game {
  const game = versions.find((each) => each.version === version);
  if (game === undefined) throw new Error(`there is no version ${version} of ${gameId}`);
  return game;
}

type Counted = Exclude<Extract<Verdict, { credits: Credit[] }>['reason'], 'reversed_before'>;

/** Folds credits on, one after the other. */
function foldEach(game: Game, credits: readonly Credit[], progress: Progress): Counted {
  let total = 0;
  for (const credit of credits) {
    const together = progress.cleared === progress.all;
    const { standing, added } = foldOn(progress.all, credit, game);
    progress.all = standing;
    if (!credit.held) progress.cleared = together ? standing : foldOn(progress.cleared, credit, game).standing;
    total += added;
  }
  return reasonOf(credits, total);
}

/** Why credits that count have added nothing; null when they have. */
function reasonOf(credits: readonly Credit[], added: number): Counted {
  if (added > 0) return null;
  return credits.every(({ distinctValue }) => distinctValue !== null) ? 'repeated_value' : 'capped';
}

/** Folds all live credits of the window anew: an event may take the place of another of its transaction. */
function foldAll(
  timeline: Timeline,
  game: Game,
  credits: readonly Credit[],
  player: Player,
  progress: Progress,
): Counted {
  const byVersion = (version: number): Game => versionOf(timeline, version);
  const live = liveCredits(
    player.credits.filter(({ gameNo, windowStart }) => gameNo === game.gameNo && windowStart === progress.windowStart),
  );
  Object.assign(progress, foldBoth(live, game, byVersion));
  const chosen = counting(live, byVersion);
  const { eventNo: own } = credits[0] as Credit;
  if (!chosen.some(({ eventNo }) => eventNo === own)) return 'transaction_counted';
  const isLimited = ({ triggerId, distinctValue }: Credit): boolean =>
    distinctValue !== null || game.triggersById.get(triggerId)?.cap !== undefined;
  if (!credits.every(isLimited)) return null;
  // What they add to all others that count: as their order does not matter, they may as well be the last.
  let standing = fold(
    chosen.filter(({ eventNo }) => eventNo !== own),
    game,
    byVersion,
  );
  let total = 0;
  for (const credit of credits) {
    const after = foldOn(standing, credit, game);
    standing = after.standing;
    total += after.added;
  }
  return reasonOf(credits, total);
}

/** A claim that nothing holds: a cookie to open, or payable by what the version that judged it says about its reward. */
function freed(claim: OpenClaim, game: Game): OpenClaim {
  if (claim.stepType === 'FORTUNE_COOKIE') return { ...claim, status: 'unopened' };
  if (claim.reward === null) return { ...claim, status: 'earned' };
  const budgets = budgetsOf(game, claim.step);
  const reward = { ...claim.reward, pool: poolOf(game, claim.step) };
  return { ...claim, status: budgets.length > 0 ? 'awaiting_budget' : 'earned', reward, budgets };
}

function progressOf(player: Player, game: Game, window: Window): Progress {
  const known = player.progress.find(
    (progress) => progress.gameNo === game.gameNo && progress.windowStart === window.start,
  );
  if (known !== undefined) return known;
  const empty = emptyStanding(game);
  const fresh: Progress = {
    gameNo: game.gameNo,
    windowStart: window.start,
    all: empty,
    cleared: empty,
    claimed: [],
    ended: {},
    kept: [],
    changed: false,
  };
  player.progress.push(fresh);
  return fresh;
}
