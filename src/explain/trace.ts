// What each game made of an event, question by question: the engine's own judgement of the player as they were, and beside it what it looked at. Pure.
// The verdict is always the engine's; a trace never decides.
import { failing } from '../condition/condition.ts';
import { describeCondition, explainFailure, type Failure } from '../condition/words.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { formatMoment } from '../definitions/moment.ts';
import { rankOf, wasThere } from '../engine/decide.ts';
import type { PlayerState } from '../engine/effect.ts';
import type { CanonicalEvent, Json } from '../event/event.ts';
import { archetypes } from '../games/archetypes/archetype.ts';
import type { Trigger } from '../games/config.ts';
import {
  isMember,
  joinsOf,
  judge,
  runningAt,
  statusAt,
  type Timeline,
  versionInForce,
  windowFor,
} from '../games/decide.ts';
import { counting, foldsAnew } from '../games/fold.ts';
import type { Game } from '../games/game.ts';
import type { ClaimStatus, Player, Progress, Ruling, Verdict } from '../games/games.ts';
import { contributionOf } from '../games/progression.ts';
import type { Window } from '../games/window.ts';
import type { Draw } from '../rewards/draw.ts';
import { formatInstant, type Instant } from '../time.ts';
import { eventInWords } from './event-name.ts';
import type { LedgerCredit } from './past.ts';
import { statusInWords } from './reward.ts';

/** An event as the engine had it. */
export interface Judged {
  event: CanonicalEvent;
  eventNo: number;
  receivedAt: Instant;
  /** The reversals that name it and came before it. */
  rulings: readonly Ruling[];
}

/** What one trigger, or the rule for joining, said. */
export interface TriggerTrace {
  /** Null: the rule for joining. */
  trigger_id: string | null;
  event_type: string;
  /** What it asks for, in words. */
  condition: string;
  matches: boolean;
  /** The first thing that is not so: what was wanted and what was found. */
  failed: (Failure & { in_words: string }) | null;
  /** What it adds before caps, if it matches. */
  worth: number | null;
}

export interface GameTrace {
  game_id: string;
  /** The config version that judged. */
  version: number;
  outcome: string;
  reason: string | null;
  /** In words that can be sent on. */
  answer: string;
  window: { start: string; end: string; accepted_until: string } | null;
  status: string;
  cohort: { cohort_id: string; member: boolean; memberships: { from: string; until: string | null }[] };
  /** When the player had joined; null where a game asks for no joining. */
  joined_at: string[] | null;
  triggers: TriggerTrace[];
  frm: { flag: Json; policy: string } | null;
  /** What the player had before and after, where it counted. */
  progress: { before: number; after: number; max: number; unit: string; in_words: string[] } | null;
  credits: { trigger_id: string; amount: number; held: boolean }[];
  claims: { step: number; step_type: string; status: ClaimStatus; reward_type: string | null; amount: number | null }[];
}

/**
 * Every game that looked at the event, or ran when it occurred: those first in which it counted, then as they came near to counting it, and last those that do
 * not count such events. `player` is not changed.
 */
export function traceGames(
  { games }: Definitions,
  judged: Judged,
  player: PlayerState,
  credits: readonly LedgerCredit[],
  draw: Draw,
): GameTrace[] {
  return games
    .flatMap((timeline) => traceGame(timeline, judged, player, credits, draw) ?? [])
    .sort((a, b) => a.rank - b.rank || (a.trace.game_id < b.trace.game_id ? -1 : 1))
    .map(({ trace }) => trace);
}

function traceGame(
  timeline: Timeline,
  judged: Judged,
  player: PlayerState,
  credits: readonly LedgerCredit[],
  draw: Draw,
): { trace: GameTrace; rank: number } | undefined {
  const { event } = judged;
  const after = structuredClone(player) as PlayerState;
  const verdict = judge(timeline, judged, after);
  // Nothing to say about a game that neither counts such events nor was there.
  if (verdict === undefined && runningAt(timeline, event.occurred_at) === undefined) return undefined;

  const game = versionInForce(timeline, event.occurred_at);
  const joins = joinsOf(player, game.gameNo);
  const window = windowFor(game, event.occurred_at, joins);
  const counted = verdict !== undefined && 'credits' in verdict ? verdict : undefined;
  const windowStart = counted?.credits[0]?.windowStart;
  const { flag, policy } = { flag: event.attributes.frm_flag ?? null, policy: game.config.frm };
  const trace: Omit<GameTrace, 'answer'> = {
    game_id: timeline.gameId,
    version: game.version,
    outcome: verdict?.outcome ?? 'no_match',
    reason: verdict === undefined ? 'event_type' : verdict.reason,
    window: window === undefined ? null : windowOf(window, game),
    status: statusAt(timeline, event.occurred_at),
    cohort: cohortOf(game, player, event.occurred_at),
    joined_at: game.config.join === undefined ? null : joins.map(formatInstant),
    triggers: triggersOf(game, event),
    frm: flag === null || flag === false || flag === '' ? null : { flag, policy },
    progress:
      windowStart === undefined || window === undefined
        ? null
        : progressOf(game, window, progressIn(player, game, windowStart), progressIn(after, game, windowStart)),
    credits: (counted?.credits ?? []).map(({ triggerId, amount, held }) => ({ trigger_id: triggerId, amount, held })),
    claims: (counted?.claims ?? []).map((claim) => ({
      step: claim.step,
      step_type: claim.stepType,
      status: claim.status,
      reward_type: claim.reward?.rewardType ?? null,
      amount:
        claim.reward?.odds === undefined
          ? (claim.reward?.amount ?? null)
          : draw({ ...claim, purpose: 'upto', userId: player.userId }, claim.reward.odds).chosen.value,
    })),
  };
  const at = event.occurred_at;
  // That a game was over is of least use to who asks, whatever the order of outcomes.
  const far = wasThere(timeline, at) ? 0 : 1_000_000;
  const answer = answerOf(trace, { timeline, game, window, judged, verdict, after, credits });
  return {
    trace: { ...trace, answer },
    rank: verdict === undefined ? Number.MAX_SAFE_INTEGER : far + rankOf(verdict, timeline, at),
  };
}

function windowOf({ start, end }: Window, { graceMs }: Game): NonNullable<GameTrace['window']> {
  return { start: formatInstant(start), end: formatInstant(end), accepted_until: formatInstant(end + graceMs) };
}

function cohortOf({ config }: Game, player: Player, at: Instant): GameTrace['cohort'] {
  const { cohort_id } = config;
  const own = player.memberships.filter(({ cohortId }) => cohortId === cohort_id);
  return {
    cohort_id,
    member: isMember(player, cohort_id, at),
    memberships: own.map(({ from, to }) => ({
      from: formatInstant(from),
      until: Number.isFinite(to) ? formatInstant(to) : null,
    })),
  };
}

function triggersOf(game: Game, event: CanonicalEvent): TriggerTrace[] {
  const { join } = game.config;
  const joining = join?.event_type === event.event_type ? [traceRule(null, join.rule, undefined, game, event)] : [];
  const counting = game.triggersByType.get(event.event_type) ?? [];
  return [...joining, ...counting.map((trigger) => traceRule(trigger.trigger_id, trigger.rule, trigger, game, event))];
}

function traceRule(
  triggerId: string | null,
  rule: Trigger['rule'] | undefined,
  trigger: Trigger | undefined,
  { zone }: Game,
  event: CanonicalEvent,
): TriggerTrace {
  const failed = rule === undefined ? undefined : failing(rule, event, zone);
  const worth =
    failed === undefined && trigger !== undefined
      ? contributionOf(trigger.progression_config, event, zone).amount
      : null;
  return {
    trigger_id: triggerId,
    event_type: event.event_type,
    condition: rule === undefined ? 'anything' : describeCondition(rule),
    matches: failed === undefined,
    failed:
      failed === undefined
        ? null
        : {
            ...explainFailure(failed, event, zone),
            in_words: missedInWords(describeCondition(failed), explainFailure(failed, event, zone)),
          },
    worth,
  };
}

/** `it asks that transaction_amount is at least 1200, and transaction_amount is 900` */
function missedInWords(wanted: string, failure: Failure): string {
  if (!('found' in failure)) return `it asks that ${wanted}`;
  const name = failure.field.replace(/^(?:attributes|correlation)\./, '');
  const found = failure.found === null ? `${name} is missing` : `${name} is ${JSON.stringify(failure.found)}`;
  return `it asks that ${wanted}, and ${found}`;
}

function progressIn(player: Player, { gameNo }: Game, windowStart: Instant): Progress | undefined {
  return player.progress.find((progress) => progress.gameNo === gameNo && progress.windowStart === windowStart);
}

/** How far a player was in a window, before and after. */
export function progressOf(
  game: Game,
  window: Window,
  before: Progress | undefined,
  after: Progress | undefined,
): GameTrace['progress'] {
  if (after === undefined) return null;
  const { max_value, display_unit } = game.config.progress_state_model;
  return {
    before: before?.all.value ?? 0,
    after: after.all.value,
    max: max_value,
    unit: display_unit,
    in_words: archetypes[game.config.game_archetype].explain(game, after.all, window),
  };
}

interface Scene {
  timeline: Timeline;
  game: Game;
  window: Window | undefined;
  judged: Judged;
  verdict: Verdict | undefined;
  after: PlayerState;
  credits: readonly LedgerCredit[];
}

/** The answer to "why did it count, or not?", of one game. */
function answerOf(trace: Omit<GameTrace, 'answer'>, scene: Scene): string {
  const { game, window, judged, timeline } = scene;
  const { game_id } = trace;
  const when = (at: Instant): string => formatMoment(at, game.zone);
  const { occurred_at, event_type } = judged.event;
  switch (trace.reason) {
    case 'event_type': {
      const types = [...game.triggersByType.keys()].join(', ');
      return `It did not count in ${game_id}, which does not count ${event_type} events but ${types}.`;
    }
    case 'before_window':
      return `It did not count in ${game_id}: it happened on ${when(occurred_at)}, before the game began on ${when(game.start)}.`;
    case 'after_window':
      return `It did not count in ${game_id}: it happened on ${when(occurred_at)}, after the ${window === undefined || window === game ? 'game' : "player's window"} had ended, on ${when(window?.end ?? game.end)}.`;
    case 'player_erased':
      return `It did not count in ${game_id}: the player was erased on ${when(scene.after.erasedAt as Instant)}, after the time that it falls into had begun.`;
    case 'paused':
    case 'ended': {
      const change = timeline.statuses.findLast(({ from }) => from <= occurred_at);
      const since = change === undefined ? '' : ` since ${when(change.from)}`;
      return `It did not count in ${game_id}: when it happened, on ${when(occurred_at)}, the game had been ${trace.reason}${since}.`;
    }
    case 'window_closed': {
      const end = window?.end ?? game.end;
      return (
        `It was too late for ${game_id}: it was received on ${when(judged.receivedAt)}; what happened in the time that ended on ${when(end)} ` +
        `is accepted until ${when(end + game.graceMs)}.`
      );
    }
    case 'condition_failed': {
      const missed = trace.triggers.flatMap(({ trigger_id, failed }) =>
        failed === null ? [] : `${trigger_id ?? 'joining'}: ${failed.in_words}`,
      );
      return `It did not count in ${game_id}: it is not what the game counts. ${missed.join('. ')}.`;
    }
    case 'not_a_member': {
      const { memberships, cohort_id } = trace.cohort;
      const known =
        memberships.length === 0
          ? 'as far as was known, never'
          : memberships
              .map(
                ({ from, until }) =>
                  `from ${momentOf(from, when)}${until === null ? ' on' : ` until ${momentOf(until, when)}`}`,
              )
              .join(', and ');
      return `It did not count in ${game_id}: the player was not in the group ${cohort_id} on ${when(occurred_at)} (${known}).`;
    }
    case 'not_joined':
      return `It did not count in ${game_id}: the player had not joined the game by ${when(occurred_at)}, as far as was known when it came.`;
    case 'frm_flagged':
      return `It was not accepted by ${game_id}: it is flagged by fraud and risk management (${JSON.stringify(trace.frm?.flag ?? null)}).`;
    case 'worth_nothing':
      return `It did not count in ${game_id}: it is what the game counts, and is worth nothing there.`;
    case 'already_joined':
      return `It changed nothing in ${game_id}: the player had joined before.`;
    case 'reversed_before':
      return `It did not count in ${game_id}: it had been taken back before it came, by ${judged.rulings.map(({ eventId, producer }) => eventInWords(eventId, producer)).join(' and ')}.`;
    case 'joined':
      return `With it the player joined ${game_id}.`;
    default:
      return countedAnswer(trace, scene);
  }
}

function momentOf(iso: string, when: (at: Instant) => string): string {
  return when(Date.parse(iso));
}

function countedAnswer(trace: Omit<GameTrace, 'answer'>, scene: Scene): string {
  const { game_id, progress, credits, claims, reason } = trace;
  const worth = credits.map(({ trigger_id, amount }) => `${trigger_id} +${amount}`).join(', ');
  const sentences = [`It counted in ${game_id}: ${worth}.`];
  if (reason === 'capped') sentences.push(`It added nothing: ${capsOf(scene, credits)}, and that was reached before.`);
  if (reason === 'repeated_value') sentences.push('It added nothing: the same had counted before.');
  if (reason === 'transaction_counted')
    sentences.push(`It added nothing: ${counterpartOf(scene)} of the same transaction counts.`);
  if (progress !== null) sentences.push(progressInWords(progress));
  if (credits.some(({ held }) => held)) {
    sentences.push(
      `It is flagged by fraud and risk management (${JSON.stringify(trace.frm?.flag ?? null)}): what it earns waits for a release.`,
    );
  }
  if (claims.length > 0) {
    const steps = claims.map(({ step, amount, reward_type, status }) => {
      const pays = amount === null ? '' : ` (${amount} ${reward_type})`;
      if (status === 'earned' && amount === null) return `step ${step}`;
      // Whether it has been opened since is said where its prize is.
      return `step ${step}${pays}, ${status === 'unopened' ? 'a fortune cookie' : statusInWords(status, amount !== null)}`;
    });
    sentences.push(`With it the player reached ${steps.join('; ')}.`);
  }
  return sentences.join(' ');
}

export function progressInWords({ before, after, max, unit }: NonNullable<GameTrace['progress']>): string {
  return before === after
    ? `Progress stayed at ${after} of ${max} ${unit}.`
    : `Progress went from ${before} to ${after} of ${max} ${unit}.`;
}

function capsOf({ game }: Scene, credits: GameTrace['credits']): string {
  return credits
    .flatMap(({ trigger_id }) => {
      const cap = game.triggersById.get(trigger_id)?.cap;
      const day = cap?.per_day === undefined ? [] : [`${cap.per_day} a day`];
      const all = cap?.per_window === undefined ? [] : [`${cap.per_window} in all`];
      return cap === undefined ? [] : [`${trigger_id} adds at most ${[...day, ...all].join(' and ')}`];
    })
    .join(', ');
}

/** The event that counts in the place of this one. */
function counterpartOf({ timeline, game, judged, after, credits }: Scene): string {
  if (!timeline.versions.some(foldsAnew)) return 'another event';
  const versionOf = (version: number): Game => timeline.versions.find((each) => each.version === version) ?? game;
  const transaction = judged.event.correlation.canonical_transaction_id;
  const own = after.credits.filter(
    ({ gameNo, transactionId }) => gameNo === game.gameNo && transactionId !== null && transactionId === transaction,
  );
  const chosen = counting(own, versionOf)[0];
  const eventId = credits.find(({ eventNo }) => eventNo === chosen?.eventNo)?.eventId ?? null;
  return eventId === null ? 'another event' : `the event ${eventId}`;
}
