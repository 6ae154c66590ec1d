// Which identities of events may be forgotten: those of what occurred before an instant that every batch knows before the first of them is gone. Never
// those of a window that is open: an event that has not come yet may still count in it.
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { earliestOpen } from '../games/window.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type Definitions, loadDefinitions } from './definitions.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Lets identities of what occurred before `wanted` be forgotten, as far as no window is open there; whole days (UTC), so that consumers need not load the
 * definitions anew at every turn. Returns the instant from which on they are kept; it never moves back. Works as milepost_retention.
 */
export async function forgetBefore(db: Db, wanted: Instant): Promise<Instant> {
  for (;;) {
    const definitions = await loadDefinitions(db);
    const from = await transaction(db, async ({ client }) => {
      const { rows } = await client.query<{ epoch: string; kept_from: Instant | null; now: Instant }>(
        'select epoch, event_keys_from as kept_from, clock_timestamp() as now from milepost.definitions for update',
      );
      const { epoch, kept_from: known, now } = rows[0] as (typeof rows)[number];
      // A game has changed since: another window may be open.
      if (Number(epoch) !== definitions.epoch) return undefined;
      const whole = Math.floor(Math.min(wanted, oldestOpen(definitions, now)) / DAY_MS) * DAY_MS;
      if (known !== null && whole <= known) return known;
      await client.query('update milepost.definitions set event_keys_from = $1, epoch = epoch + 1', [
        formatInstant(whole),
      ]);
      return whole;
    });
    if (from !== undefined) return from;
  }
}

/** Not later than the start of any window in which something may still count. */
function oldestOpen({ games }: Definitions, now: Instant): Instant {
  const starts = games.flatMap(({ versions }) => versions.map((game) => earliestOpen(game, now) ?? now));
  return starts.reduce((a, b) => Math.min(a, b), now);
}
