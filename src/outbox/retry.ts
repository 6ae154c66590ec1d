// Trying again, by a person's decision, what has ended: what was refused, under a new key; what is ambiguous, by asking the service for its key. Who,
// when and why is on record. The rules about keys are where they are atomic: db/functions/outbox/outbox_retry.sql.
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { Destination } from '../event/message.ts';
import { limits } from '../limits.ts';

export interface RetryRequest {
  /** Of messages that ended in this state; others are left alone. */
  state: 'failed' | 'ambiguous';
  by: string;
  reason: string;
}

/** Makes messages due again, a few in each transaction, and wakes the workers. Returns the keys of those that were in that state. */
export async function retryRewards(db: Db, keys: readonly string[], request: RetryRequest): Promise<Set<string>> {
  const retried = new Set<string>();
  const destinations = new Set<Destination>();
  for (let from = 0; from < keys.length; from += limits.retriedRows) {
    const { rows } = await transaction(db, (tx) =>
      tx.client.query<{ message_key: string; destination: Destination }>(
        'select * from milepost.outbox_retry($1, $2, $3, $4)',
        [keys.slice(from, from + limits.retriedRows), request.state, request.by, request.reason],
      ),
    );
    for (const { message_key, destination } of rows) {
      retried.add(message_key);
      destinations.add(destination);
    }
  }
  // A crash before this costs a minute: the sweep looks.
  if (destinations.size > 0) await db.pool.query('select milepost.outbox_wake($1)', [[...destinations, 'projection']]);
  return retried;
}
