// The decision on a batch: events and state in, effects out. Synchronous and pure; `now` is data. The features meet here, in this order:
// dedupe → acceptance → cohorts → rulings or games → rewards → projection. Each event sees the progress that the events before it left.
import { COHORT_CHANGED, readChange } from '../cohorts/change.ts';
import { addStatement, intervalsOf, type Statement, statedAt } from '../cohorts/cohorts.ts';
import { noVerdicts, type Question, type Verdicts } from '../cohorts/resolver.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { type RewardType, serviceOf } from '../event/message.ts';
import { periodsOf } from '../games/budgets.ts';
import { isOpening, openCookie, readOpening } from '../games/cookie.ts';
import {
  applyClaimRuling,
  applyRuling,
  foldApart,
  foldTogether,
  judge,
  runningAt,
  type Settled,
  settleWindows,
  statusAt,
  type Timeline,
  type TimelineOf,
  versionInForce,
} from '../games/decide.ts';
import type { Game } from '../games/game.ts';
import type { Account, ClaimChange, ClaimRuling, OpenClaim, Ruling, Verdict } from '../games/games.ts';
import { isReversal, isVerdict, namesEvent, readReversal, readVerdict, reversalsOf } from '../games/ruling.ts';
import { earliestStart } from '../games/window.ts';
import { limits } from '../limits.ts';
import { isMerge, type MergeStatement, readMerge } from '../players/merge.ts';
import { net } from '../rewards/debts.ts';
import { payReward, rewardKey, takeBackReward } from '../rewards/decide.ts';
import { type Draw, noDraw } from '../rewards/draw.ts';
import type { Instant } from '../time.ts';
import type { EventResult, Outcome } from './batch.ts';
import type { Decision, JudgedEvent, MergedAccount, OpenedEvent, PlayerState } from './effect.ts';
import { accountOf, isOverpaid, letGo, membersOf, ownedBy, takeIn } from './people.ts';

/** Best first: an event's outcome is the best verdict of the games that looked at it. */
const precedence: readonly Outcome[] = [
  'applied',
  'held',
  'reversed',
  'rejected',
  'late',
  'not_in_cohort',
  'outside_window',
  'no_match',
];

/** Of equal outcomes the best reason: that it joined, or counted in full; else that of the game which came nearest to counting it. */
const nearest: readonly Verdict['reason'][] = [
  ...(['joined', null] as const),
  ...(['not_joined', 'not_a_member'] as const),
  ...(['player_erased', 'paused'] as const),
  ...(['worth_nothing', 'already_joined', 'condition_failed'] as const),
  ...(['ended', 'after_window', 'before_window'] as const),
];

/** Whether a player is in a cohort is neither known nor recorded: nobody's fault but the infrastructure's. */
export class CohortUnknown extends Error {}

/**
 * Outcomes of events that have changed nothing, so that they may be judged anew. A failed event is judged again whenever it comes; the others when
 * a person asks for it.
 */
export const changedNothing = ['failed', 'rejected', 'late', 'not_in_cohort', 'outside_window', 'no_match'] as const;

/**
 * Why events are judged. `new`: they have come. `anew`: a person asks for events that have changed nothing to be judged as if they came now, with the time
 * of receipt they bring. `correction`: there are two, and the second takes the place of what the first takes back: a claim whose step it reaches as well stays
 * as it is.
 */
export type Occasion = 'new' | 'anew' | 'correction';

/** What the events of a batch tell each other. */
interface Course {
  occasion: Occasion;
  /** By identity. */
  seen: Map<string, JudgedEvent>;
  /** Settles the claims that the reversal of a correction has left as they were. */
  settleRest: () => void;
}

/**
 * Decides a batch in arrival order. Players are folded on in place; everything else is in the decision. `verdicts` answers `questionsOf` its events.
 * @throws CohortUnknown when a verdict is needed, there is none, and none is recorded.
 * @throws whatever `draw` throws; DrawKeyMissing where none is given and an amount has to be drawn.
 */
export function decide(
  events: readonly OpenedEvent[],
  definitions: Definitions,
  verdicts: Verdicts = noVerdicts,
  occasion: Occasion = 'new',
  draw: Draw = noDraw,
): { decision: Decision; results: EventResult[] } {
  const decision: Decision = {
    judged: [],
    conflicts: [],
    credits: [],
    claims: [],
    changes: [],
    joins: [],
    statements: [],
    rulings: [],
    resolved: [],
    corrections: [],
    debts: [],
    draws: [],
    openings: [],
    merge: null,
    refusedMerge: null,
    messages: [],
    cancelled: [],
    released: [],
    touched: [],
  };
  const course: Course = { occasion, seen: new Map(), settleRest: () => {} };
  const results = events.map((opened) => decideEvent(opened, definitions, verdicts, draw, decision, course));
  course.settleRest();
  if (occasion === 'correction' && decision.judged.length === 1) {
    throw new Error('one of the two events of a correction is known already: something else has its identity');
  }
  decision.touched = [
    ...new Set([
      ...decision.touched,
      ...[
        ...decision.credits,
        ...decision.joins,
        ...decision.statements,
        ...decision.corrections,
        ...decision.changes,
      ].map(({ player }) => player),
    ]),
  ];
  refreshProjection(decision);
  return { decision, results };
}

function decideEvent(
  opened: OpenedEvent,
  definitions: Definitions,
  verdicts: Verdicts,
  draw: Draw,
  decision: Decision,
  course: Course,
): EventResult {
  const { event, contentHash } = opened.incoming;
  // Identifiers hold no NUL, so nothing else joins to the same text.
  const identity = `${event.producer}\u0000${event.event_id}\u0000${opened.player.userId}`;
  const earlier = course.seen.get(identity);
  const known =
    earlier === undefined
      ? opened.known
      : {
          eventNo: earlier.eventNo,
          contentHash: earlier.opened.incoming.contentHash,
          outcome: earlier.outcome,
          reason: earlier.reason,
        };
  if (known !== undefined && known.contentHash !== contentHash) {
    decision.conflicts.push({ opened, eventNo: known.eventNo });
    return { event_id: event.event_id, outcome: 'rejected', reason: 'conflicting_content', replayed: false };
  }
  // The opening of a cookie has its claim's identity: one that was refused is asked for again with it. Who is one person with whom is said by whoever asks
  // for it, never again by the way.
  const isAnew = (course.occasion === 'anew' && !isMerge(event)) || (isOpening(event) && earlier === undefined);
  const again = isAnew ? changedNothing : failed;
  if (known !== undefined && !isOneOf(again, known.outcome)) {
    return { event_id: event.event_id, outcome: known.outcome, reason: known.reason, replayed: true };
  }

  // What came under a player that was merged since keeps its identity there, and has another one here.
  const redone = known !== undefined && !known.elsewhere;
  const judged: JudgedEvent = {
    opened,
    place: decision.judged.length + 1,
    eventNo: redone ? known.eventNo : opened.eventNo,
    redone,
    ...acceptance(opened),
  };
  // What was known all along, and had changed nothing, may still be judged anew.
  if ((!redone || known.reason === 'identity_gone') && isForgotten(event, definitions)) {
    judged.outcome = 'rejected';
    judged.reason = 'identity_gone';
  }
  let answered: Answered[] = [];
  if (event.event_type === COHORT_CHANGED) decideCohorts(judged, decision);
  else if (judged.outcome !== 'rejected' && isMerge(event)) decideMerge(judged, definitions, draw, decision);
  else if (judged.outcome !== 'rejected' && isVerdict(event))
    decideVerdict(judged, definitions, draw, decision, course);
  else if (judged.outcome !== 'rejected' && isReversal(event))
    decideReversal(judged, definitions, draw, decision, course);
  else if (judged.outcome !== 'rejected' && isOpening(event)) decideOpening(judged, definitions, draw, decision);
  else if (judged.outcome !== 'rejected') {
    consult(opened, definitions, verdicts, decision);
    answered = decideGames(judged, definitions, draw, decision, course);
  }
  // Judged anew to the same end, an event has still changed nothing.
  if (redone && known.outcome === judged.outcome && known.reason === judged.reason) {
    return { event_id: event.event_id, outcome: judged.outcome, reason: judged.reason, replayed: true };
  }
  for (const { ruling, reason } of answered) resolve(ruling, opened.player, reason, decision);
  course.seen.set(identity, judged);
  decision.judged.push(judged);
  return { event_id: event.event_id, outcome: judged.outcome, reason: judged.reason, replayed: false };
}

const failed = ['failed'] as const;

export function isOneOf(outcomes: readonly Outcome[], outcome: Outcome): boolean {
  return outcomes.includes(outcome);
}

/**
 * An event from the future is a producer's clock gone wrong: kept, judged by no game. A change of a cohort is no such event: it names the instant from
 * which it holds.
 */
function acceptance({ incoming, receivedAt }: OpenedEvent): Pick<JudgedEvent, 'outcome' | 'reason'> {
  return incoming.event.occurred_at > receivedAt + limits.clockSkewMs
    ? { outcome: 'rejected', reason: 'occurred_in_future' }
    : { outcome: 'no_match', reason: 'no_game' };
}

/**
 * Whether nobody can tell any more if an unknown event has counted. A change of a cohort names the instant from which it holds, however long ago, and
 * saying it twice changes nothing.
 */
function isForgotten({ event_type, occurred_at }: CanonicalEvent, { eventKeysFrom }: Definitions): boolean {
  return eventKeysFrom !== undefined && occurred_at < eventKeysFrom && event_type !== COHORT_CHANGED;
}

/** A change of a cohort counts in no game; events after it in the batch see it. */
function decideCohorts(judged: JudgedEvent, decision: Decision): void {
  const { incoming, player } = judged.opened;
  const change = readChange(incoming.event);
  if ('problem' in change) {
    judged.outcome = 'rejected';
    judged.reason = 'cohort_change_invalid';
    return;
  }
  for (const statement of change.statements) state(player, statement, decision);
  judged.outcome = 'applied';
  judged.reason = COHORT_CHANGED;
}

function state(player: PlayerState, statement: Statement, decision: Decision): void {
  const isNew = addStatement(player.statements, statement);
  // Of a person it may stand under another player, and stands under this one as well then.
  if (!isNew && player.accounts.length === 0) return;
  player.memberships = intervalsOf(player.statements);
  decision.statements.push({ player, statement });
}

/**
 * The games whose state may matter to the decision on some events, each with the start of the earliest window that matters. Of games that do not
 * run when an event occurs, and of windows that are over by then, nothing has to be read.
 */
export function gamesFor(events: readonly CanonicalEvent[], definitions: Definitions): ReadonlyMap<Timeline, Instant> {
  const wanted = new Map<Timeline, Instant>();
  for (const event of events) {
    for (const [timeline, game] of runningGames(event, definitions)) {
      const since = earliestStart(game, event.occurred_at);
      wanted.set(timeline, Math.min(since, wanted.get(timeline) ?? since));
    }
  }
  return wanted;
}

/** What has to be asked about an event before it is decided: its player's membership in the cohorts of the games that may count it. */
export function questionsOf(event: CanonicalEvent, definitions: Definitions): Question[] {
  return runningGames(event, definitions).map(([, { config }]) => ({
    cohortId: config.cohort_id,
    userId: event.user_id,
  }));
}

/** The games that look at an event's type and run when it occurs, each with the version that judges it. */
function runningGames(event: CanonicalEvent, definitions: Definitions): [Timeline, Game][] {
  return (definitions.gamesByEventType.get(event.event_type) ?? []).flatMap((timeline): [Timeline, Game][] => {
    const game = runningAt(timeline, event.occurred_at);
    return game === undefined ? [] : [[timeline, game]];
  });
}

/**
 * Records verdicts that say something else than what is recorded, from the event's instant on. A verdict is about now: where something newer than
 * the event is recorded already, that history stands. Without a verdict the recorded one stands.
 */
function consult(
  { incoming, player }: OpenedEvent,
  definitions: Definitions,
  verdicts: Verdicts,
  decision: Decision,
): void {
  if (verdicts === noVerdicts) return;
  const { event } = incoming;
  for (const question of questionsOf(event, definitions)) {
    const { cohortId } = question;
    if (!verdicts.decides(cohortId)) continue;
    const verdict = verdicts.of(question);
    const stated = statedAt(player.statements, cohortId, event.occurred_at);
    if (stated === undefined && verdict === undefined) {
      throw new CohortUnknown(`whether a player is in ${cohortId} cannot be said now, and is not recorded`);
    }
    if (verdict === undefined || verdict === stated) continue;
    const superseded =
      stated !== undefined &&
      player.statements.some((each) => each.cohortId === cohortId && each.from > event.occurred_at);
    if (!superseded) state(player, { cohortId, from: event.occurred_at, member: verdict }, decision);
  }
}

/** A ruling that names an event, and why nothing came of it for that event. */
interface Answered {
  ruling: Ruling;
  reason: 'nothing_counted' | null;
}

/** What the games make of an event, and the rulings that it is the answer to. */
function decideGames(
  judged: JudgedEvent,
  definitions: Definitions,
  draw: Draw,
  decision: Decision,
  course: Course,
): Answered[] {
  const { incoming, player, receivedAt } = judged.opened;
  const rulings = reversalsOf(incoming.event, player);
  const subject = { event: incoming.event, eventNo: judged.eventNo, receivedAt, rulings };
  const timelines = definitions.gamesByEventType.get(incoming.event.event_type) ?? [];
  const verdicts = timelines.flatMap((timeline) => {
    const verdict = judge(timeline, subject, player);
    return verdict === undefined ? [] : [{ verdict, rank: rankOf(verdict, timeline, incoming.event.occurred_at) }];
  });
  // Before anything is paid: what is taken back by it may be owed again.
  course.settleRest();
  let best: Verdict | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const { verdict, rank } of verdicts) {
    if (verdict.reason === 'joined') decision.joins.push({ player, judged, join: verdict.join });
    else if ('credits' in verdict) collect(verdict, judged, rulings, draw, decision);
    if (rank < bestRank) [best, bestRank] = [verdict, rank];
  }
  if (best !== undefined) {
    judged.outcome = best.outcome;
    judged.reason = best.reason;
  }
  const counted = best !== undefined && 'credits' in best;
  return rulings.map((ruling) => ({ ruling, reason: counted ? null : 'nothing_counted' }));
}

/** A ruling that waited has found what it names. */
function resolve(ruling: Ruling, player: PlayerState, reason: string | null, decision: Decision): void {
  if (!ruling.waiting) return;
  ruling.waiting = false;
  decision.resolved.push({ player, ruling, reason });
}

/**
 * A reversal: takes back what the events it names have counted, or waits for them. It is remembered in any case: what it names may be judged again, or
 * come later.
 */
function decideReversal(
  judged: JudgedEvent,
  definitions: Definitions,
  draw: Draw,
  decision: Decision,
  course: Course,
): void {
  const { incoming, player } = judged.opened;
  const reading = readReversal(incoming.event, judged.eventNo);
  if ('problem' in reading) {
    judged.outcome = 'rejected';
    judged.reason = 'reversal_invalid';
    return;
  }
  const { ruling } = reading;
  const { named, known, corrected } = rule(ruling, judged, definitions, draw, decision, course);
  ruling.waiting = !known && named === 0;
  player.rulings.push(ruling);
  decision.rulings.push({ player, judged, ruling });
  judged.outcome = ruling.waiting ? 'waiting' : 'reversed';
  if (ruling.waiting) judged.reason = 'original_unknown';
  else if (named === 0) judged.reason = 'nothing_counted';
  else judged.reason = corrected === 0 ? 'already_reversed' : null;
}

/** A verdict on what is held: an event that fraud and risk management had flagged, or a claim over its budget. */
function decideVerdict(
  judged: JudgedEvent,
  definitions: Definitions,
  draw: Draw,
  decision: Decision,
  course: Course,
): void {
  const { incoming, player } = judged.opened;
  const reading = readVerdict(incoming.event, judged.eventNo);
  judged.outcome = 'rejected';
  if ('problem' in reading) {
    judged.reason = 'verdict_invalid';
    return;
  }
  if ('claim' in reading) {
    const change = claimVerdict(reading.claim, definitions, player);
    judged.reason = 'not_held';
    if (change === undefined) return;
    collectChange(change, player, judged, decision);
    judged.reason = reading.claim.kind;
  } else {
    const { known, corrected } = rule(reading.ruling, judged, definitions, draw, decision, course);
    judged.reason = known ? 'not_held' : 'original_unknown';
    if (corrected === 0) return;
    player.rulings.push(reading.ruling);
    decision.rulings.push({ player, judged, ruling: reading.ruling });
    judged.reason = reading.ruling.kind;
  }
  judged.outcome = 'applied';
}

function claimVerdict(ruling: ClaimRuling, definitions: Definitions, player: PlayerState): ClaimChange | undefined {
  const timeline = definitions.games.find(({ gameId }) => gameId === ruling.gameId);
  return timeline === undefined ? undefined : applyClaimRuling(timeline, ruling, player);
}

/** A player opens a cookie: one of its prizes is drawn, and its reward is on its way. */
function decideOpening(judged: JudgedEvent, definitions: Definitions, draw: Draw, decision: Decision): void {
  const { incoming, player, stock } = judged.opened;
  const opening = readOpening(incoming.event);
  judged.outcome = 'rejected';
  if ('problem' in opening) {
    judged.reason = 'opening_invalid';
    return;
  }
  const timeline = definitions.games.find(({ gameId }) => gameId === opening.gameId);
  const opened =
    timeline === undefined
      ? 'no_cookie'
      : openCookie(timeline, opening, incoming.event.occurred_at, player, stock, (claim, prizes) =>
          draw({ ...claim, purpose: 'cookie', userId: (claim.account ?? player).userId }, prizes),
        );
  if (typeof opened === 'string') {
    judged.reason = opened;
    return;
  }
  const { claim } = opened.change;
  pay(claim, player, judged, decision);
  decision.changes.push({ player, judged, change: opened.change });
  decision.openings.push({ player, judged, opened, messageKey: keyOf(claim, player) });
  judged.outcome = 'applied';
  judged.reason = 'opened';
}

/** Takes a ruling on the player's credits. `known`: an event that it names is stored. */
function rule(
  ruling: Ruling,
  judged: JudgedEvent,
  definitions: Definitions,
  draw: Draw,
  decision: Decision,
  course: Course,
): { named: number; known: boolean; corrected: number } {
  const { player, originals } = judged.opened;
  const numbers = new Set(originals);
  // Of a payment nobody knows the events of earlier batches that counted nothing, so that those of this one must not matter either.
  for (const { opened, eventNo } of ruling.originalEventId === null ? [] : course.seen.values()) {
    if (opened.player === player && namesEvent(ruling, opened.incoming.event)) numbers.add(eventNo);
  }
  const unwound = applyRuling(
    timelinesOf(definitions),
    ruling,
    ({ eventNo, paymentId }) =>
      ruling.originalEventId === null ? paymentId === ruling.paymentId : numbers.has(eventNo),
    player,
  );
  for (const credit of unwound.corrected) decision.corrections.push({ player, credit, rulingNo: judged.eventNo });
  const settleAll = () => settle(settleWindows(unwound.windows, player), player, judged, draw, decision);
  if (course.occasion !== 'correction') settleAll();
  else {
    course.settleRest = () => {
      course.settleRest = () => {};
      settleAll();
    };
  }
  return { named: unwound.named, known: numbers.size > 0, corrected: unwound.corrected.length };
}

function timelinesOf({ games }: Definitions): TimelineOf {
  return (gameNo) => {
    const timeline = games.find((each) => each.gameNo === gameNo);
    if (timeline === undefined) throw new Error(`there is no game ${gameNo}`);
    return timeline;
  };
}

/** Collects what a window's new fold asks for. */
function settle(
  { claims, changes }: Settled,
  player: PlayerState,
  judged: JudgedEvent,
  draw: Draw,
  decision: Decision,
): void {
  for (const change of changes) collectChange(change, player, judged, decision);
  for (const claim of claims) collectClaim(claim, player, judged, draw, decision);
}

/**
 * Two players become one person, or two again. From a merge on, the event's player counts for the other one: what either has done is folded together. What
 * stands under the other one stays there. Undone, what either has done is folded for itself; what has come since stays with the event's player.
 */
function decideMerge(judged: JudgedEvent, definitions: Definitions, draw: Draw, decision: Decision): void {
  const { incoming, player, named, receivedAt } = judged.opened;
  const reading = readMerge(incoming.event);
  judged.outcome = 'rejected';
  if ('problem' in reading || named === undefined) {
    judged.reason = 'merge_invalid';
    return;
  }
  const { merge } = reading;
  const account = player.accounts.find(({ userId }) => userId === merge.userId);
  const about = {
    judged,
    account: membersOf(named).find(({ userId }) => userId === merge.userId) as Account,
    into: accountOf(player),
  };
  // Until nothing refuses it.
  decision.refusedMerge = about;
  const timelines = timelinesOf(definitions);
  if (merge.kind === 'merged') {
    const refusal = refusalOf(merge, player, named, account);
    if (refusal !== undefined) {
      if (refusal === 'already_merged') judged.outcome = 'no_match';
      judged.reason = refusal;
      return;
    }
    takeIn(player, named, receivedAt);
    settle(foldTogether(timelines, named.credits, player), player, judged, draw, decision);
    decision.merge = {
      ...{ ...merge, ...about },
      owned: ownedBy(player, player.accounts.slice(-1 - named.accounts.length)),
      members: membersOf(player),
    };
    decision.touched.push(player);
  } else {
    if (account === undefined) {
      judged.outcome = 'no_match';
      judged.reason = 'not_merged';
      return;
    }
    if (receivedAt - account.mergedAt > limits.unmergeMs) {
      judged.reason = 'unmerge_too_late';
      return;
    }
    const members = membersOf(player);
    const freed = letGo(player, account);
    if (isOverpaid(player) || isOverpaid(freed)) {
      judged.reason = 'debts_settled';
      return;
    }
    const apart = foldApart(timelines, player, freed);
    settle(apart.player, player, judged, draw, decision);
    settle(apart.other, freed, judged, draw, decision);
    decision.merge = {
      ...{ ...merge, ...about },
      owned: ownedBy(freed, freed.accounts),
      members,
    };
    decision.touched.push(player, freed);
  }
  decision.refusedMerge = null;
  judged.outcome = 'applied';
  judged.reason = incoming.event.event_type;
}

/** Why a player cannot be merged into another one; undefined when it can. */
function refusalOf(
  { userId }: MergeStatement,
  player: PlayerState,
  named: PlayerState,
  account: MergedAccount | undefined,
): string | undefined {
  if (account !== undefined) return 'already_merged';
  if (named === player) return 'same_player';
  if (named.userId !== userId) return 'merged_elsewhere';
  // What they had before is with a pseudonym: nothing could be told to be paid once only.
  if (player.erasedAt !== undefined || named.erasedAt !== undefined) return 'player_erased';
  if (player.accounts.length + named.accounts.length + 1 > limits.playerAccounts) return 'too_many_players';
  return undefined;
}

/** Whether a game had begun by then and was not over, paused or not. */
export function wasThere(timeline: Timeline, at: Instant): boolean {
  const { start, end } = versionInForce(timeline, at);
  return start <= at && at < end && statusAt(timeline, at) !== 'ended';
}

/**
 * How good a game's verdict is to stand for its event: the less, the better. Of equal outcomes, a game that was over, or had not begun, speaks last: it has
 * asked nothing else of the event.
 */
export function rankOf(
  { outcome, reason }: Pick<Verdict, 'outcome' | 'reason'>,
  timeline: Timeline,
  at: Instant,
): number {
  const place = nearest.indexOf(reason);
  return (
    precedence.indexOf(outcome) * 1_000 + (wasThere(timeline, at) ? 0 : 100) + (place === -1 ? nearest.length : place)
  );
}

function collect(
  verdict: Extract<Verdict, { credits: unknown }>,
  judged: JudgedEvent,
  rulings: readonly Ruling[],
  draw: Draw,
  decision: Decision,
): void {
  const { player } = judged.opened;
  for (const credit of verdict.credits) {
    decision.credits.push({ player, judged, credit });
    const ruling = rulings.at(-1);
    if (credit.correction !== null && ruling !== undefined) {
      decision.corrections.push({ player, credit, rulingNo: ruling.eventNo });
    }
  }
  for (const claim of verdict.claims) collectClaim(claim, player, judged, draw, decision);
  for (const change of verdict.changes) collectChange(change, player, judged, decision);
}

function collectClaim(
  claim: OpenClaim,
  player: PlayerState,
  judged: JudgedEvent,
  draw: Draw,
  decision: Decision,
): void {
  drawAmount(claim, player, draw, decision);
  if (isPayable(claim)) pay(claim, player, judged, decision);
  decision.claims.push({ player, judged, claim, messageKey: claim.reward === null ? null : keyOf(claim, player) });
}

/** Draws what a new claim's reward comes to, where that is left to chance. From here on it is its amount, also while the claim is held. */
function drawAmount(claim: OpenClaim, player: PlayerState, draw: Draw, decision: Decision): void {
  if (claim.reward?.odds === undefined) return;
  const { odds, ...reward } = claim.reward;
  const drawn = draw({ ...claim, purpose: 'upto', userId: player.userId }, odds);
  claim.reward = { ...reward, amount: drawn.chosen.value };
  decision.draws.push({ player, claim, drawn });
}

function collectChange(change: ClaimChange, player: PlayerState, judged: JudgedEvent, decision: Decision): void {
  const { claim, from } = change;
  const { receivedAt } = judged.opened;
  const { bucket, userId } = claim.account ?? player;
  if (from === 'held' && isPayable(claim)) pay(claim, player, judged, decision);
  decision.changes.push({ player, judged, change });
  if (claim.reward === null) return;
  const { reward } = claim;
  const messageKey = keyOf(claim, player);
  const owe = (amount: number, afterKey: string | null): void => {
    if (amount === 0) return;
    enterDebt(claim, reward, { amount, afterKey }, player, judged, decision);
    if (afterKey === null) player.debts[reward.rewardType] = (player.debts[reward.rewardType] ?? 0) + amount;
  };
  switch (claim.status) {
    case 'earned':
    case 'opened':
      if (from === 'awaiting_budget') {
        decision.released.push({ bucket, messageKey, destination: serviceOf(reward.rewardType) });
      }
      return;
    case 'voided':
    case 'cancelled':
      if (claim.sending === 'unsent' || claim.sending === 'unpaid') decision.cancelled.push({ bucket, messageKey });
      break;
    case 'clawed_back':
      decision.messages.push(takeBackReward({ ...claim, reward, userId }, bucket, receivedAt));
      break;
    case 'offset':
      owe(reward.amount - claim.netted, messageKey);
      break;
    default:
      return;
  }
  // What the reward had made up for is owed again.
  owe(claim.netted, null);
}

function isPayable({ status, reward }: OpenClaim): boolean {
  return reward !== null && (status === 'earned' || status === 'awaiting_budget');
}

/**
 * Sends what pays a claim's reward, less what its player owes. The claim is changed: how much was kept back, and that there is a message. A reward under
 * a budget makes up for nothing: the budget may lower or skip it later, and the debt would be gone for a reward that nobody paid.
 */
function pay(claim: OpenClaim, player: PlayerState, judged: JudgedEvent, decision: Decision): void {
  const { reward } = claim;
  if (reward === null) return;
  const { receivedAt } = judged.opened;
  const { bucket, userId } = claim.account ?? player;
  claim.netted = claim.budgets.length > 0 ? 0 : net(player.debts, reward);
  const { netted } = claim;
  if (netted > 0) enterDebt(claim, reward, { amount: -netted, afterKey: null }, player, judged, decision);
  if (netted === reward.amount) return;
  claim.sending = 'unsent';
  const budgets = periodsOf(claim, receivedAt);
  decision.messages.push(payReward({ ...claim, reward, budgets, userId }, bucket, receivedAt));
}

/** Enters more or less of what a player owes because of a claim's reward. */
function enterDebt(
  { gameNo, windowStart, step, earning, account }: OpenClaim,
  { rewardType }: { rewardType: RewardType },
  change: { amount: number; afterKey: string | null },
  player: PlayerState,
  judged: JudgedEvent,
  decision: Decision,
): void {
  const entry = { rewardType, gameNo, windowStart, step, earning, ...change };
  decision.debts.push({ player: account ?? player, judged, entry });
}

function keyOf(claim: OpenClaim, player: PlayerState): string {
  return rewardKey({ ...claim, userId: (claim.account ?? player).userId });
}

/** One refresh for all players of the batch; stored with the first one's bucket. */
function refreshProjection(decision: Decision): void {
  const first = decision.touched[0];
  if (first === undefined) return;
  decision.messages.push({
    bucket: first.bucket,
    destination: 'projection',
    messageKey: null,
    afterKey: null,
    body: {
      players: decision.touched
        .flatMap((player) => [player, ...player.accounts])
        .map(({ bucket, playerId }) => [bucket, String(playerId)]),
    },
  });
}
