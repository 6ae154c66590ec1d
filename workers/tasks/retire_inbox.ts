// The job `retire_inbox`, every hour: days of the inbox that the policy does not keep are archived, where that is wanted, and dropped.
import type { Task } from 'graphile-worker';
import type { Db } from '../../src/db/connect.ts';
import { applyRetention, type RetentionPolicy } from '../../src/inbox/retention.ts';
import type { Log } from '../../src/log.ts';

export function retireInbox(db: Db, policy: RetentionPolicy, log: Log): Task {
  return async (_payload, { abortSignal }) => {
    await applyRetention(db, policy, { log, signal: abortSignal });
  };
}
