// Messages that wait for the end of others. Settling lets them go; what this finds is left from a settlement that did not see them yet.
import type { Db } from '../db/connect.ts';
import { limits } from '../limits.ts';

/** Makes messages due, or cancels them, whose wait has been over unnoticed. */
export async function followEnded(db: Db): Promise<void> {
  await db.pool.query('select milepost.outbox_follow(null, $1, clock_timestamp())', [limits.settleRows]);
}
