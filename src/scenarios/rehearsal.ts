// A rehearsal: the engine without a database. It runs the very decision that judges live events and keeps in memory what the database would keep:
// players, identities, credits, claims, rewards to be paid. It decides nothing itself.
import { intervalsOf, statementsOf } from '../cohorts/cohorts.ts';
import { noVerdicts } from '../cohorts/resolver.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { EventResult } from '../engine/batch.ts';
import { decide, type Occasion } from '../engine/decide.ts';
import type { Decision, JudgedEvent, OpenedEvent, PlayerState } from '../engine/effect.ts';
import { Defect } from '../errors.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { RewardMessage } from '../event/message.ts';
import { isSameClaim } from '../games/claim.ts';
import type { Stock } from '../games/cookie.ts';
import type { Claim, Credit, Join, Membership, Player } from '../games/games.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { trialDraw } from '../rewards/draw.ts';

/** What is there before the first event. */
export interface Beginning {
  memberships: readonly (Membership & { userId: string })[];
  joins?: readonly (Join & { userId: string })[];
}

/** An event of a rehearsal says when it was received: there is no clock. */
export type TimedEvent = IncomingEvent & { receivedAt: number };

export interface Rehearsal {
  /** Decides one batch and keeps what it changed. */
  process(events: readonly TimedEvent[], occasion?: Occasion): { results: EventResult[]; decision: Decision };
  /** A player, as the events so far have left them. */
  playerOf(userId: string): Player;
  players: ReadonlyMap<string, Player>;
  /** In the order of the decisions. */
  judged: readonly JudgedEvent[];
  credits: readonly Decision['credits'][number][];
  /** As they stand now: a claim that was released is no longer held. */
  claims: readonly { player: Player; claim: Claim }[];
  /** What would have gone into the outbox to be paid. */
  rewards: readonly RewardMessage[];
}

export function createRehearsal(definitions: Definitions, beginning: Beginning): Rehearsal {
  const players = new Map<string, PlayerState>();
  const known = new Map<string, NonNullable<OpenedEvent['known']>>();
  const judged: JudgedEvent[] = [];
  const credits: Decision['credits'] = [];
  const claims: { player: Player; claim: Claim }[] = [];
  const rewards = new Map<string, RewardMessage>();
  const stock: Stock = new Map();
  let batchNo = 0;

  function playerOf(userId: string): PlayerState {
    let player = players.get(userId);
    if (player === undefined) {
      const statements = statementsOf(beginning.memberships.filter((membership) => membership.userId === userId));
      player = {
        bucket: bucketOf(userId),
        playerId: players.size + 1,
        userId,
        progress: [],
        claims: [],
        statements,
        memberships: intervalsOf(statements),
        joins: beginning.joins?.filter((join) => join.userId === userId) ?? [],
        credits: [],
        rulings: [],
        debts: {},
        accounts: [],
      };
      players.set(userId, player);
    }
    return player;
  }

  function process(
    events: readonly TimedEvent[],
    occasion: Occasion = 'new',
  ): { results: EventResult[]; decision: Decision } {
    batchNo++;
    const opened = events.map((incoming, index) => ({
      incoming,
      player: playerOf(incoming.event.user_id),
      receivedAt: incoming.receivedAt,
      eventNo: batchNo * limits.eventNumbersPerBatch + index,
      known: known.get(identityOf(incoming)),
      originals: originalsOf(incoming),
      stock,
    }));
    const { decision, results } = decide(opened, definitions, noVerdicts, occasion, trialDraw);
    for (const player of players.values()) for (const progress of player.progress) progress.changed = false;
    keep(decision);
    return { results, decision };
  }

  /** The numbers of the events that a ruling names. */
  function originalsOf({ event }: IncomingEvent): number[] {
    const { original_event_id: id } = event.correlation;
    if (id === null) return [];
    const { original_producer: producer } = event.attributes;
    return judged
      .filter(({ opened, outcome }) => {
        const other = opened.incoming.event;
        const isMeant = typeof producer !== 'string' || other.producer === producer;
        return other.user_id === event.user_id && other.event_id === id && isMeant && outcome !== 'failed';
      })
      .map(({ eventNo }) => eventNo);
  }

  function keep(decision: Decision): void {
    for (const event of decision.judged) {
      const { incoming } = event.opened;
      const { eventNo, outcome, reason } = event;
      known.set(identityOf(incoming), { eventNo, contentHash: incoming.contentHash, outcome, reason });
      judged.push(event);
    }
    credits.push(...decision.credits);
    claims.push(...decision.claims.map(({ player, claim }) => ({ player, claim })));
    for (const { player, change } of decision.changes) {
      const known = claims.find((one) => one.player === player && isSameClaim(one.claim, change.claim));
      if (known?.claim.status !== change.from) {
        throw new Defect(`changed a claim that is not ${change.from}: ${JSON.stringify(change.claim)}`);
      }
      known.claim = change.claim;
    }
    for (const { player, credit } of decision.corrections) {
      const known = credits.find((one) => one.player === player && isSameCredit(one.credit, credit));
      if (known === undefined) throw new Defect(`corrected a credit that is not there: ${JSON.stringify(credit)}`);
      known.credit = credit;
    }
    // Nothing is ever sent here, so nothing is ever taken back that was paid.
    for (const { messageKey, body } of decision.messages)
      if (messageKey !== null) rewards.set(messageKey, body as RewardMessage);
    for (const { messageKey } of decision.cancelled) rewards.delete(messageKey);
  }

  return {
    process,
    playerOf,
    players,
    judged,
    credits,
    claims,
    get rewards() {
      return [...rewards.values()];
    },
  };
}

function isSameCredit(a: Credit, b: Credit): boolean {
  return a.eventNo === b.eventNo && a.triggerId === b.triggerId && a.gameNo === b.gameNo;
}

function identityOf({ event }: IncomingEvent): string {
  return JSON.stringify([event.producer, event.event_id, event.user_id]);
}
