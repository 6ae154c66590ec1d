// Adds messages to the outbox outside a batch (a cohort changed, for instance). A batch's own messages go with its apply_batch.
import { arrayOf, arrayOfJson, callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import type { RefreshMessage } from '../event/message.ts';

/** Has the projections of players, [bucket, player_id], read anew once the transaction is committed and the projection is woken. */
export async function appendRefresh(tx: Tx, players: [number, string][]): Promise<void> {
  const [first] = players;
  if (first === undefined) return;
  const body: RefreshMessage = { players };
  await callFunction(tx, 'outbox_append', [
    { name: 'p_bucket', type: 'smallint[]', value: arrayOf([first[0]]) },
    { name: 'p_destination', type: 'text[]', value: arrayOf(['projection']) },
    { name: 'p_message_key', type: 'uuid[]', value: arrayOf(['null']) },
    { name: 'p_body', type: 'jsonb[]', value: arrayOfJson([JSON.stringify(body)]), joined: true },
  ]);
}
