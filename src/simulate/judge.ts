// Judges stored events in one game, as the engine would: the very decision of live events, over one player at a time, whose state is kept in
// memory until the player's last event. Owns the tally of what comes out. Writes nothing.
import { intervalsOf } from '../cohorts/cohorts.ts';
import { noVerdicts } from '../cohorts/resolver.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { Outcome } from '../engine/batch.ts';
import { decide } from '../engine/decide.ts';
import type { Decision, PlayerState } from '../engine/effect.ts';
import type { CanonicalEvent } from '../event/event.ts';
import type { Claim } from '../games/games.ts';
import { trialDraw } from '../rewards/draw.ts';
import type { Run, StoredEvent } from './history.ts';
import { addReward, type ByType, entryOf, newCounts, type Tally } from './tally.ts';

/** What a player is to be paid. */
export type Paid = ByType<number>;

/** One player's way through one game. */
export interface Judgement {
  /** Judges the events that come next. */
  take(events: readonly StoredEvent[]): void;
  /** Ends the player's way: what it came to is in the tally. */
  end(): Paid;
}

/** `refused` hears of each event that no trigger's rule would take. */
export function judgePlayer(
  definitions: Definitions,
  tally: Tally,
  { bucket, playerId, statements }: Pick<Run, 'bucket' | 'playerId' | 'statements'>,
  refused: (event: CanonicalEvent) => void = () => {},
): Judgement {
  const paid: Paid = new Map();
  let counts = false;
  let player: PlayerState = {
    bucket,
    playerId,
    // Nothing of what the decision makes for the outside is kept, so nobody needs the name; only draws must differ from player to player.
    userId: `${bucket}/${playerId}`,
    progress: [],
    claims: [],
    statements,
    memberships: intervalsOf(statements),
    joins: [],
    credits: [],
    // What was reversed or ruled upon afterwards is not looked at: a simulation judges what happened as it came.
    rulings: [],
    debts: {},
    accounts: [],
  };

  function take(events: readonly StoredEvent[]): void {
    const before = copyOf(player);
    const decision = attempt(events);
    if (decision !== undefined) {
      keep(decision);
      return;
    }
    player = before;
    // As live: a batch with an event that cannot be judged is split until that event stands alone, and is set aside.
    if (events.length === 1) count('failed', 'data_error');
    else for (const event of events) take([event]);
  }

  function attempt(events: readonly StoredEvent[]): Decision | undefined {
    const opened = events.map(({ incoming, eventNo, receivedAt }) => {
      return { incoming, player, receivedAt, eventNo, known: undefined, originals: [], stock: new Map() };
    });
    try {
      return decide(opened, definitions, noVerdicts, 'new', trialDraw).decision;
    } catch {
      return undefined;
    }
  }

  function keep({ judged, claims, changes }: Decision): void {
    for (const { outcome, reason, opened } of judged) {
      count(outcome, reason);
      if (reason === 'condition_failed') refused(opened.incoming.event);
    }
    for (const { claim } of claims) pay(claim);
    for (const { change } of changes) pay(change.claim);
  }

  function count(outcome: Outcome, reason: string | null): void {
    const key = reason === null ? outcome : `${outcome} ${reason}`;
    tally.outcomes.set(key, (tally.outcomes.get(key) ?? 0) + 1);
    tally.events++;
    counts ||= outcome === 'applied' || outcome === 'held';
  }

  function pay({ status, reward }: Claim): void {
    if (reward === null || (status !== 'earned' && status !== 'awaiting_budget')) return;
    addReward(tally.paid, reward.rewardType, 1, reward.amount);
    paid.set(reward.rewardType, (paid.get(reward.rewardType) ?? 0) + reward.amount);
  }

  return {
    take,
    end() {
      tally.players++;
      if (counts) tally.playersCounted++;
      const steps = new Set<number>();
      for (const { claimed } of player.progress) {
        for (const step of claimed) {
          steps.add(step);
          stepOf(tally, step).claims++;
        }
      }
      for (const step of steps) stepOf(tally, step).players++;
      for (const { step, reward } of player.claims.filter(({ status }) => status === 'held')) {
        stepOf(tally, step).held++;
        if (reward !== null) addReward(tally.held, reward.rewardType, 1, reward.amount);
      }
      for (const [type, sum] of paid) {
        const players = entryOf(tally.playersByPay, type, newCounts);
        players.set(sum, (players.get(sum) ?? 0) + 1);
      }
      return paid;
    },
  };
}

function stepOf({ steps }: Tally, step: number): { players: number; claims: number; held: number } {
  let entry = steps.get(step);
  if (entry === undefined) {
    entry = { players: 0, claims: 0, held: 0 };
    steps.set(step, entry);
  }
  return entry;
}

/** What the decision changes in place, so that an attempt can be taken back. */
function copyOf(player: PlayerState): PlayerState {
  return {
    ...player,
    statements: player.statements.map((statement) => ({ ...statement })),
    progress: player.progress.map((progress) => ({ ...progress })),
    claims: [...player.claims],
    joins: [...player.joins],
    credits: [...player.credits],
  };
}
