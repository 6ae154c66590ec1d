// The pure decision over batches without a database, and the books that it makes, in the model's words.
import type { EventResult } from '../engine/batch.ts';
import type { Occasion } from '../engine/decide.ts';
import type { Decision } from '../engine/effect.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { Player } from '../games/games.ts';
import { createRehearsal, type TimedEvent } from '../scenarios/rehearsal.ts';
import type { Books } from './books.ts';
import { type GameHistory, makeDefinitions } from './make.ts';
import type { History } from './model.ts';

export interface DryRun {
  /** Decides one batch and keeps what it changed. */
  process(events: readonly IncomingEvent[], occasion?: Occasion): { results: EventResult[]; decision: Decision };
  books(): Books;
  /** The players, as the batches so far have left them. */
  players: ReadonlyMap<string, Player>;
}

export function dryRun(games: readonly GameHistory[], memberships: History['memberships']): DryRun {
  const definitions = makeDefinitions(games);
  const gameIds = new Map(definitions.games.map(({ gameNo, gameId }) => [gameNo, gameId]));
  const rehearsal = createRehearsal(definitions, { memberships });
  const joins: Decision['joins'] = [];

  function process(events: readonly IncomingEvent[], occasion?: Occasion): ReturnType<DryRun['process']> {
    const decided = rehearsal.process(events as TimedEvent[], occasion);
    joins.push(...decided.decision.joins);
    return decided;
  }

  function books(): Books {
    return {
      outcomes: rehearsal.judged.map(({ opened, outcome, reason }) => {
        const { user_id, producer, event_id } = opened.incoming.event;
        return { user_id, producer, event_id, outcome, reason };
      }),
      joins: joins.map(({ player, judged, join }) => {
        const { producer, event_id } = judged.opened.incoming.event;
        const game_id = gameIds.get(join.gameNo) as string;
        return { user_id: player.userId, game_id, joined_at: join.at, producer, event_id };
      }),
      credits: rehearsal.credits.map(({ player, judged, credit }) => {
        const { producer, event_id } = judged.opened.incoming.event;
        return {
          user_id: player.userId,
          game_id: gameIds.get(credit.gameNo) as string,
          window_start: credit.windowStart,
          producer,
          event_id,
          trigger_id: credit.triggerId,
          amount: credit.amount,
          held: credit.held,
          version: credit.version,
        };
      }),
      progress: [...rehearsal.players.values()].flatMap(({ userId, progress }) =>
        progress.map(({ gameNo, windowStart, all, cleared }) => ({
          user_id: userId,
          game_id: gameIds.get(gameNo) as string,
          window_start: windowStart,
          value: all.value,
          cleared: cleared.value,
        })),
      ),
      claims: rehearsal.claims.map(({ player, claim }) => ({
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
      })),
      // When it was received differs by arrival; the model knows the set.
      rewards: rehearsal.rewards.map(({ window_start, event_received_at: _, ...reward }) => ({
        ...reward,
        window_start: Date.parse(window_start),
        step_type: 'REWARD',
        status: 'earned',
      })),
    };
  }

  return { process, books, players: rehearsal.players };
}
