// Why a game did not count an event, looked at afterwards: the same questions that the engine asked, asked again of what is known now. Pure. Nothing is
// kept per game and event, so where rules or memberships have changed since, the answer may be another; then this says so.
import { failing } from '../condition/condition.ts';
import { describeCondition } from '../condition/words.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { outcomeInWords } from '../inbox/outcome.ts';
import type { Instant } from '../time.ts';
import { sift, type Timeline, versionInForce } from './decide.ts';
import type { PlayerFacts } from './facts.ts';
import { contributionOf } from './progression.ts';

/** An event as it was judged. */
export interface JudgedEvent {
  event: CanonicalEvent;
  receivedAt: Instant;
  /** The best that any game made of it. */
  outcome: string;
  reason: string | null;
}

/** What the questions are about, beside the event. */
export type Known = Pick<PlayerFacts, 'memberships' | 'joins'>;

export interface Refusal {
  outcome: string;
  reason: string | null;
  /** In words. */
  detail: string;
  /** Of each trigger for such events, the first thing its rule asks for that this one is not; only where that is the reason. */
  missed: { trigger_id: string; condition: string }[];
}

/** Why a game did not count an event that it did not count. */
export function refusalOf(
  timeline: Timeline,
  { event, receivedAt, outcome, reason }: JudgedEvent,
  player: Known,
): Refusal {
  // No game looked at it, or one that knew more of the player.
  if (outcome === 'failed' || (outcome === 'rejected' && reason !== 'frm_flagged') || reason === 'player_erased') {
    return inWords(outcome, reason);
  }
  // A joining is added to those known.
  const sifted = sift(
    timeline,
    { event, receivedAt },
    { memberships: [...player.memberships], joins: [...player.joins] },
  );
  if (sifted === undefined) return inWords('no_match', 'no_game');
  if ('outcome' in sifted) {
    if (sifted.outcome === 'applied') return inWords('no_match', 'already_joined');
    return inWords(
      sifted.outcome,
      sifted.reason,
      sifted.reason === 'condition_failed' ? missedOf(timeline, event) : [],
    );
  }
  const { game, matching } = sifted;
  const worth = matching.some(
    ({ progression_config }) => contributionOf(progression_config, event, game.zone).amount > 0,
  );
  return worth ? inWords('no_match', 'judged_before') : inWords('no_match', 'worth_nothing');
}

function inWords(outcome: string, reason: string | null, missed: Refusal['missed'] = []): Refusal {
  return { outcome, reason, detail: outcomeInWords(outcome, reason), missed };
}

/** Of each trigger for such events, the first thing its rule asks for that this one is not. */
export function missedOf(timeline: Timeline, event: CanonicalEvent): Refusal['missed'] {
  const game = versionInForce(timeline, event.occurred_at);
  return (game.triggersByType.get(event.event_type) ?? []).flatMap(({ trigger_id, rule }) => {
    const failed = failing(rule, event, game.zone);
    return failed === undefined ? [] : [{ trigger_id, condition: describeCondition(failed) }];
  });
}
