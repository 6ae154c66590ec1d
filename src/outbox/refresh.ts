// Delivers refreshes: the players touched by batches and settlements, each once per call however many messages name them.
import type { RefreshMessage } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Handler } from './drain.ts';

/** Reads the projection of these players, [bucket, player_id], anew. Doing so twice is harmless. */
export type Refresh = (players: [number, string][]) => Promise<void>;

/** Without a `refresh` (no projection is kept) the messages are only cleared away. */
export function createRefreshHandler(refresh: Refresh | undefined, callMs: number): Handler {
  return {
    destination: 'projection',
    // Few, since each may name the players of a whole batch.
    perCall: 16,
    concurrency: 1,
    callMs,
    retryMaxMs: limits.refreshRetryMaxMs,
    recorded: false,
    async deliver(messages) {
      if (refresh !== undefined) {
        const players = new Map(
          messages.flatMap(({ body }) => (body as RefreshMessage).players).map((player) => [player.join(), player]),
        );
        const all = [...players.values()];
        for (let from = 0; from < all.length; from += limits.refreshPlayers) {
          await refresh(all.slice(from, from + limits.refreshPlayers));
        }
      }
      return messages.map(() => ({ kind: 'done', request: null, answer: null }));
    },
  };
}
