// Merging accounts over HTTP, and taking them apart again: the order that the command gives (src/engine/merge.ts), by whoever the token names.
import { type MergeOrder, type Ordered, orderMerge, UnknownPlayer } from '../src/engine/merge.ts';
import { UserError } from '../src/errors.ts';
import { mergePlayers, unmergePlayer } from './contract/players.ts';
import { inTime, type OrderOptions } from './events.ts';
import { Problem } from './problem.ts';
import type { Asked, Serve } from './serve.ts';

export function playerRoutes(serve: Serve, { db, engine, clock }: OrderOptions): void {
  serve(mergePlayers, async (asked) => {
    const { into, reason, dry_run: dryRun = false } = (await asked.body()).value;
    const done = await give({ ...orderOf(asked, reason), kind: 'merged', into }, dryRun);
    return { status: 200, body: { merged: !dryRun && !done.already, ...answerOf(done) } };
  });

  serve(unmergePlayer, async (asked) => {
    const { reason, dry_run: dryRun = false } = (await asked.body()).value;
    const done = await give({ ...orderOf(asked, reason), kind: 'unmerged' }, dryRun);
    return { status: 200, body: { unmerged: !dryRun && !done.already, ...answerOf(done) } };
  });

  function orderOf({ params, caller }: Asked<typeof mergePlayers | typeof unmergePlayer>, reason: string) {
    const origin = { transport: 'http' } as const;
    return { userId: params.user_id, by: caller.subject, reason: reason.trim(), at: clock(), origin };
  }

  async function give(order: MergeOrder, dryRun: boolean): Promise<Ordered> {
    try {
      return await inTime('the merge', (signal) => orderMerge({ db, engine, dryRun, signal }, order));
    } catch (error) {
      if (error instanceof UnknownPlayer) throw new Problem(404, error.message);
      if (error instanceof UserError) throw new Problem(409, error.message);
      throw error;
    }
  }
}

function answerOf({ userId, into, already, wouldChange }: Ordered) {
  return { user_id: userId, into, already, ...(wouldChange === undefined ? {} : { would_change: wouldChange }) };
}
