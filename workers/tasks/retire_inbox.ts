// The job `retire_inbox`, every hour: days of the inbox that the policy does not keep are archived, where that is wanted, and dropped; then identities of
// events that it does not keep go as well.
import type { Task } from 'graphile-worker';
import type { Db } from '../../src/db/connect.ts';
import { forgetBefore } from '../../src/definitions/forget.ts';
import { pruneEventKeys } from '../../src/inbox/event-keys.ts';
import { applyRetention, type RetentionPolicy } from '../../src/inbox/retention.ts';
import { limits } from '../../src/limits.ts';
import type { Log } from '../../src/log.ts';

const DAY_MS = 24 * 3_600_000;

export function retireInbox(db: Db, policy: RetentionPolicy, log: Log): Task {
  return async (_payload, { abortSignal }) => {
    const retired = await applyRetention(db, policy, { log, signal: abortSignal });
    // Somebody else is at it.
    if (retired === undefined || policy.eventKeyDays === undefined) return;
    const keptFrom = await forgetBefore(db, Date.now() - policy.eventKeyDays * DAY_MS);
    // An event may have been received that much before it occurred.
    const { pruned, ended } = await pruneEventKeys(db, keptFrom - limits.clockSkewMs, abortSignal);
    if (pruned > 0) log.info({ events: pruned }, 'identities of events are pruned');
    if (ended > 0) log.info({ reversals: ended }, 'reversals no longer wait for events of a time that is forgotten');
  };
}
