// Runs the pure decision over batches, with the players' state kept in memory between them: the engine without a database.
import type { EventResult, Outcome } from '../engine/batch.ts';
import { decide } from '../engine/decide.ts';
import type { Decision } from '../engine/effect.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { RewardMessage } from '../event/message.ts';
import type { Player } from '../games/games.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import type { Books } from './books.ts';
import { type GameHistory, makeDefinitions } from './make.ts';
import type { History } from './model.ts';

export interface DryRun {
  /** Decides one batch and keeps what it changed. */
  process(events: readonly IncomingEvent[]): { results: EventResult[]; decision: Decision };
  books(): Books;
}

export function dryRun(games: readonly GameHistory[], memberships: History['memberships']): DryRun {
  const definitions = makeDefinitions(games);
  const gameIds = new Map(definitions.games.map(({ gameNo, gameId }) => [gameNo, gameId]));
  const players = new Map<string, Player>();
  const known = new Map<string, { eventNo: number; contentHash: string; outcome: Outcome; reason: string | null }>();
  const books: Books = { outcomes: [], credits: [], progress: [], claims: [], rewards: [] };
  let batchNo = 0;

  function playerOf(userId: string): Player {
    let player = players.get(userId);
    if (player === undefined) {
      player = {
        bucket: bucketOf(userId),
        playerId: players.size + 1,
        userId,
        progress: [],
        heldClaims: [],
        memberships: memberships.filter((membership) => membership.userId === userId),
        joins: [],
        credits: [],
      };
      players.set(userId, player);
    }
    return player;
  }

  function process(events: readonly IncomingEvent[]): { results: EventResult[]; decision: Decision } {
    batchNo++;
    const opened = events.map((incoming, index) => ({
      incoming,
      player: playerOf(incoming.event.user_id),
      receivedAt: incoming.receivedAt as number,
      eventNo: batchNo * limits.eventNumbersPerBatch + index,
      known: known.get(identityOf(incoming)),
    }));
    const { decision, results } = decide(opened, definitions);
    for (const player of players.values()) for (const progress of player.progress) progress.changed = false;
    keep(decision);
    return { results, decision };
  }

  function keep(decision: Decision): void {
    for (const { opened, eventNo, outcome, reason } of decision.judged) {
      const { user_id, producer, event_id } = opened.incoming.event;
      known.set(identityOf(opened.incoming), { eventNo, contentHash: opened.incoming.contentHash, outcome, reason });
      books.outcomes.push({ user_id, producer, event_id, outcome });
    }
    for (const { player, judged, credit } of decision.credits) {
      const { producer, event_id } = judged.opened.incoming.event;
      books.credits.push({
        user_id: player.userId,
        game_id: gameIds.get(credit.gameNo) as string,
        window_start: credit.windowStart,
        producer,
        event_id,
        trigger_id: credit.triggerId,
        amount: credit.amount,
        held: credit.held,
        version: credit.version,
      });
    }
    for (const { player, claim } of decision.claims) {
      books.claims.push({
        user_id: player.userId,
        game_id: claim.gameId,
        window_start: claim.windowStart,
        step: claim.step,
        earning: claim.earning,
        step_type: claim.stepType,
        status: claim.status,
        version: claim.version,
        reward_type: claim.reward?.rewardType ?? null,
        amount: claim.reward?.amount ?? null,
      });
    }
    for (const { player, claim } of decision.releases) {
      const line = books.claims.find(
        ({ user_id, game_id, window_start, step }) =>
          user_id === player.userId &&
          game_id === claim.gameId &&
          window_start === claim.windowStart &&
          step === claim.step,
      );
      if (line?.status !== 'held') throw new Error(`released a claim that is not held: ${JSON.stringify(claim)}`);
      line.status = claim.status;
    }
    for (const { destination, body } of decision.messages) {
      if (destination === 'projection') continue;
      // When it was received differs by arrival; the model knows the set.
      const { window_start, event_received_at: _, ...reward } = body as RewardMessage;
      books.rewards.push({ ...reward, window_start: Date.parse(window_start), step_type: 'REWARD', status: 'earned' });
    }
  }

  return {
    process,
    books: () => ({ ...books, progress: [...players.values()].flatMap((player) => progressLines(player, gameIds)) }),
  };
}

function identityOf({ event }: IncomingEvent): string {
  return JSON.stringify([event.producer, event.event_id, event.user_id]);
}

function progressLines(player: Player, gameIds: ReadonlyMap<number, string>): Books['progress'] {
  return player.progress.map(({ gameNo, windowStart, all, cleared }) => ({
    user_id: player.userId,
    game_id: gameIds.get(gameNo) as string,
    window_start: windowStart,
    value: all.value,
    cleared: cleared.value,
  }));
}
