// The job `sweep`, every minute: looks for what a lost wake-up left and for messages whose wait is over, whatever became of the jobs, and makes the inbox partitions of the coming days.
import type { Task } from 'graphile-worker';
import type { Db } from '../../src/db/connect.ts';
import { ensureInboxPartition } from '../../src/inbox/store.ts';
import { limits } from '../../src/limits.ts';
import type { Drain } from '../../src/outbox/drain.ts';
import { followEnded } from '../../src/outbox/follow.ts';
import { utcDay } from '../../src/time.ts';

const dayMs = 24 * 3_600_000;

export function sweep(db: Db, drains: ReadonlyMap<string, Drain>): Task {
  return async () => {
    await followEnded(db);
    for (const drain of drains.values()) drain.wake();
    for (let ahead = 0; ahead <= limits.inboxDaysAhead; ahead++) {
      await ensureInboxPartition(db, utcDay(Date.now() + ahead * dayMs));
    }
  };
}
