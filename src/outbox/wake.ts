// Wakes the workers after a commit. A wake-up may get lost (a crash, a broken connection): the scheduled sweep finds what it left.
import type { Db } from '../db/connect.ts';
import { messageOf } from '../errors.ts';
import type { Destination } from '../event/message.ts';
import type { Log } from '../log.ts';

export interface Waker {
  /** Says that rows are due for these destinations. Returns at once; wake-ups asked for while one is on its way go out together. */
  wake(destinations: Iterable<Destination>): void;
  /** Resolves when no wake-up is on its way. */
  idle(): Promise<void>;
}

export function createWaker(db: Db, log: Log): Waker {
  const asked = new Set<Destination>();
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    while (asked.size > 0) {
      const destinations = [...asked];
      asked.clear();
      try {
        await db.pool.query('select milepost.outbox_wake($1)', [destinations]);
      } catch (error) {
        log.warn({ destinations, error: messageOf(error) }, 'wake-up lost; the sweep will find the messages');
      }
    }
    sending = undefined;
  }

  return {
    wake(destinations) {
      for (const destination of destinations) asked.add(destination);
      if (asked.size > 0) sending ??= send();
    },
    async idle() {
      await sending;
    },
  };
}
