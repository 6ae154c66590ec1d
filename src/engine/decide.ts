// The decision on a batch: events and state in, effects out. Synchronous and pure; `now` is data. The features meet here, in this order:
// dedupe → acceptance → cohorts → games → rewards → projection. Each event sees the progress that the events before it left.
import { COHORT_CHANGED, readChange } from '../cohorts/change.ts';
import { addStatement, intervalsOf, type Statement, statedAt } from '../cohorts/cohorts.ts';
import { noVerdicts, type Question, type Verdicts } from '../cohorts/resolver.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { CanonicalEvent } from '../event/event.ts';
import type { OutboxMessage } from '../event/message.ts';
import { periodsOf } from '../games/budgets.ts';
import { judge, runningAt, type Timeline } from '../games/decide.ts';
import type { Game } from '../games/game.ts';
import type { Claim, Player, Verdict } from '../games/games.ts';
import { earliestStart } from '../games/window.ts';
import { limits } from '../limits.ts';
import { payReward } from '../rewards/decide.ts';
import type { Instant } from '../time.ts';
import type { EventResult, Outcome } from './batch.ts';
import type { Decision, JudgedEvent, OpenedEvent, PlayerState } from './effect.ts';

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

/** Whether a player is in a cohort is neither known nor recorded: nobody's fault but the infrastructure's. */
export class CohortUnknown extends Error {}

/**
 * Outcomes of events that have changed nothing, so that they may be judged anew. A failed event is judged again whenever it comes; the others when
 * a person asks for it.
 */
export const changedNothing = ['failed', 'rejected', 'late', 'not_in_cohort', 'outside_window', 'no_match'] as const;

/**
 * Decides a batch in arrival order. Players are folded on in place; everything else is in the decision. `verdicts` answers `questionsOf` its events.
 * `anew`: a person asks for events that have changed nothing to be judged as if they came now, with the time of receipt they bring.
 * @throws CohortUnknown when a verdict is needed, there is none, and none is recorded.
 */
export function decide(
  events: readonly OpenedEvent[],
  definitions: Definitions,
  verdicts: Verdicts = noVerdicts,
  anew = false,
): { decision: Decision; results: EventResult[] } {
  const decision: Decision = {
    judged: [],
    conflicts: [],
    credits: [],
    claims: [],
    releases: [],
    joins: [],
    statements: [],
    messages: [],
    touched: [],
  };
  const seen = new Map<string, JudgedEvent>();
  const results = events.map((opened) => decideEvent(opened, definitions, verdicts, anew, decision, seen));
  decision.touched = [
    ...new Set([...decision.credits, ...decision.joins, ...decision.statements].map(({ player }) => player)),
  ];
  refreshProjection(decision);
  return { decision, results };
}

function decideEvent(
  opened: OpenedEvent,
  definitions: Definitions,
  verdicts: Verdicts,
  anew: boolean,
  decision: Decision,
  seen: Map<string, JudgedEvent>,
): EventResult {
  const { event, contentHash } = opened.incoming;
  // Identifiers hold no NUL, so nothing else joins to the same text.
  const identity = `${event.producer}\u0000${event.event_id}\u0000${event.user_id}`;
  const earlier = seen.get(identity);
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
  if (known !== undefined && !(anew ? isOneOf(changedNothing, known.outcome) : known.outcome === 'failed')) {
    return { event_id: event.event_id, outcome: known.outcome, reason: known.reason, replayed: true };
  }

  const redone = known !== undefined;
  const judged: JudgedEvent = {
    opened,
    place: decision.judged.length + 1,
    eventNo: redone ? known.eventNo : opened.eventNo,
    redone,
    ...acceptance(opened),
  };
  if (event.event_type === COHORT_CHANGED) decideCohorts(judged, decision);
  else if (judged.outcome !== 'rejected') {
    consult(opened, definitions, verdicts, decision);
    decideGames(judged, definitions, decision);
  }
  // Judged anew to the same end, an event has still changed nothing.
  if (redone && known.outcome === judged.outcome && known.reason === judged.reason) {
    return { event_id: event.event_id, outcome: judged.outcome, reason: judged.reason, replayed: true };
  }
  seen.set(identity, judged);
  decision.judged.push(judged);
  return { event_id: event.event_id, outcome: judged.outcome, reason: judged.reason, replayed: false };
}

function isOneOf(outcomes: readonly Outcome[], outcome: Outcome): boolean {
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
  if (!addStatement(player.statements, statement)) return;
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

function decideGames(judged: JudgedEvent, definitions: Definitions, decision: Decision): void {
  const { incoming, player, receivedAt } = judged.opened;
  const subject = { event: incoming.event, eventNo: judged.eventNo, receivedAt };
  let best: Verdict | undefined;
  for (const timeline of definitions.gamesByEventType.get(incoming.event.event_type) ?? []) {
    const verdict = judge(timeline, subject, player);
    if (verdict === undefined) continue;
    if (verdict.reason === 'joined') decision.joins.push({ player, judged, join: verdict.join });
    else if (verdict.outcome === 'applied' || verdict.outcome === 'held') collect(verdict, judged, player, decision);
    if (best === undefined || isBetter(verdict, best)) best = verdict;
  }
  if (best === undefined) return;
  judged.outcome = best.outcome;
  judged.reason = best.reason;
}

/** An event's outcome is that of the game which made most of it; of equal ones, of one that it joined, or else counted for in full. */
function isBetter(verdict: Verdict, best: Verdict): boolean {
  const [rank, bestRank] = [precedence.indexOf(verdict.outcome), precedence.indexOf(best.outcome)];
  return rank === bestRank ? fullness(verdict) > fullness(best) : rank < bestRank;
}

function fullness({ reason }: Verdict): number {
  if (reason === 'joined') return 2;
  return reason === null ? 1 : 0;
}

function collect(
  verdict: Extract<Verdict, { credits: unknown }>,
  judged: JudgedEvent,
  player: Player,
  decision: Decision,
): void {
  for (const credit of verdict.credits) decision.credits.push({ player, judged, credit });
  for (const claim of verdict.claims) {
    const message = rewardOf(claim, judged.opened);
    decision.claims.push({ player, judged, claim, messageKey: message?.messageKey ?? null });
    if (message !== undefined && isPayable(claim)) decision.messages.push(message);
  }
  for (const claim of verdict.released) {
    const message = rewardOf(claim, judged.opened);
    decision.releases.push({ player, judged, claim });
    if (message !== undefined && isPayable(claim)) decision.messages.push(message);
  }
}

/** What pays the claim's reward, now or once it is released; undefined when the step pays nothing by itself. */
function rewardOf(claim: Claim, { player, receivedAt }: OpenedEvent): OutboxMessage | undefined {
  const { reward } = claim;
  if (reward === null) return undefined;
  const budgets = periodsOf(claim, receivedAt);
  return payReward({ ...claim, reward, budgets, userId: player.userId }, player.bucket, receivedAt);
}

function isPayable({ status }: Claim): boolean {
  return status === 'earned' || status === 'awaiting_budget';
}

/** One refresh for all players of the batch; stored with the first one's bucket. */
function refreshProjection(decision: Decision): void {
  const first = decision.touched[0];
  if (first === undefined) return;
  decision.messages.push({
    bucket: first.bucket,
    destination: 'projection',
    messageKey: null,
    body: { players: decision.touched.map((player) => [player.bucket, String(player.playerId)]) },
  });
}
