// Tells others after a commit what they have to look at: the workers, that rows are due, and waiting readers, whose facts may have changed. Either may
// get lost (a crash, a broken connection): the scheduled sweep finds what it left, and readers wait for a bounded time only.
import type { Db } from '../db/connect.ts';
import { messageOf } from '../errors.ts';
import type { Destination } from '../event/message.ts';
import type { Log } from '../log.ts';
import { encodeNews, SEND_NEWS } from './news.ts';

export interface Waker {
  /**
   * Says that rows are due for these destinations, and that there is news about these players. Returns at once; what is said while something is on its
   * way goes out together.
   */
  wake(destinations: Iterable<Destination>, userIds?: Iterable<string>): void;
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>;
}

export function createWaker(db: Db, log: Log): Waker {
  const asked = new Set<Destination>();
  const changed = new Set<string>();
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    while (asked.size > 0 || changed.size > 0) {
      const destinations = [...asked];
      const userIds = [...changed];
      asked.clear();
      changed.clear();
      try {
        // Readers first: somebody waits for them.
        if (userIds.length > 0) await db.pool.query(SEND_NEWS, [encodeNews(userIds)]);
        if (destinations.length > 0) await db.pool.query('select milepost.outbox_wake($1)', [destinations]);
      } catch (error) {
        log.warn({ destinations, error: messageOf(error) }, 'wake-up lost; the sweep will find the messages');
      }
    }
    sending = undefined;
  }

  return {
    wake(destinations, userIds = []) {
      for (const destination of destinations) asked.add(destination);
      for (const userId of userIds) changed.add(userId);
      if (asked.size > 0 || changed.size > 0) sending ??= send();
    },
    async idle() {
      await sending;
    },
  };
}
