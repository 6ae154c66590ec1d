// What support asks over HTTP: why an event did or did not count. Reads only.
import type { Db } from '../src/db/connect.ts';
import { reading } from '../src/db/failure.ts';
import { type Explanation, explainEvent, ofGame, openRecords } from '../src/explain/explain.ts';
import { findExplained, findMentions, nameOf, type Question } from '../src/explain/find.ts';
import { type Instant, parseInstant } from '../src/time.ts';
import { explain } from './contract/support.ts';
import { Problem } from './problem.ts';
import type { Asked, Serve } from './serve.ts';

export function supportRoutes(
  serve: Serve,
  options: {
    /** As milepost_api. */
    db: Db;
    clock: () => Instant;
  },
): void {
  const { db, clock } = options;

  serve(explain, async ({ query }) => {
    const question = questionOf(query);
    const until = clock();
    const since = query.since === undefined ? 0 : (parseInstant(query.since) as Instant);
    const body = await reading(async () => {
      const [records, found, parked] = await Promise.all([
        openRecords(db),
        findExplained(db, question, { since, until }),
        findMentions(db, nameOf(question)),
      ]);
      const events: Explanation[] = [];
      for (const stored of found) events.push(ofGame(await explainEvent(records, stored), query.game_id));
      return { events, parked };
    });
    return { status: 200, body };
  });
}

/** A payment or transaction without its player would have to be looked for among everybody's events: that is for the command line, which may take its time. */
function questionOf({
  event_id,
  payment_id,
  transaction_id,
  user_id: userId,
}: Asked<typeof explain>['query']): Question {
  const named = [event_id, payment_id, transaction_id].filter((id) => id !== undefined).length;
  if (named > 1) throw new Problem(400, 'name one of event_id, payment_id and transaction_id');
  if (event_id !== undefined) return { eventId: event_id, userId };
  if (userId === undefined) {
    throw new Problem(
      400,
      named === 0
        ? 'name an event_id, or a user_id, alone or with a payment_id or transaction_id'
        : 'a payment or transaction is found by its player: name the user_id as well',
    );
  }
  if (payment_id !== undefined) return { paymentId: payment_id, userId };
  return transaction_id === undefined ? { userId } : { transactionId: transaction_id, userId };
}
