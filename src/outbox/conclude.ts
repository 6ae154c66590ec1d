// Ending ambiguous rewards by a person's decision, from what the service's statement says: paid, or not paid. Who, when and why is on record; what it
// means for keys is in db/functions/outbox/outbox_conclude.sql and outbox_retry.sql.
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { Json } from '../event/event.ts';
import { limits } from '../limits.ts';

export interface Conclusion {
  paid: boolean;
  by: string;
  reason: string;
}

/** An ambiguous reward, by its claim's key; of a paid one the receipt, as far as it is known. */
export interface Concluded {
  key: string;
  receipt?: Json;
}

/** Concludes rewards, a few in each transaction. Returns the keys of those that were ambiguous. What waits for them, the next sweep lets go. */
export async function concludeRewards(
  db: Db,
  rewards: readonly Concluded[],
  { paid, by, reason }: Conclusion,
): Promise<Set<string>> {
  const concluded = new Set<string>();
  for (let from = 0; from < rewards.length; from += limits.retriedRows) {
    const some = rewards.slice(from, from + limits.retriedRows);
    const { rows } = await transaction(db, (tx) =>
      tx.client.query<{ message_key: string }>('select * from milepost.outbox_conclude($1, $2, $3, $4, $5)', [
        some.map(({ key }) => key),
        paid,
        some.map(({ receipt }) => JSON.stringify(receipt ?? {})),
        by,
        reason,
      ]),
    );
    for (const { message_key } of rows) concluded.add(message_key);
  }
  // The refreshes that this wrote; a crash before costs a minute: the sweep looks.
  if (concluded.size > 0) await db.pool.query("select milepost.outbox_wake(array['projection'])");
  return concluded;
}
