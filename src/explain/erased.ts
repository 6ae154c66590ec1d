// What explanations say where what an event said went with an erasure: when that was, and nothing of what it was. Reads only.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { StoredEvent } from '../inbox/stored.ts';
import { type PlayerName, rowsOf } from '../players/kin.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Ledger } from './past.ts';

/** An erasure that an event went with. */
export interface ErasedSince {
  /** Null: only that it was is on record. */
  at: Instant | null;
  /** Of the event's own player; else of one that it was about. */
  own: boolean;
}

/** Undefined for nearly every event. */
export async function readErasure(
  db: Db,
  { bucket, player_id, event_no }: Pick<StoredEvent, 'bucket' | 'player_id' | 'event_no'>,
  { rulings }: Pick<Ledger, 'rulings'>,
): Promise<ErasedSince | undefined> {
  const { rows } = await sql<{ at: Instant; own: boolean }>`
    select e.begun_at as at, true as own from milepost.erasure e where e.bucket = ${bucket} and e.player_id = ${player_id}
    union all
    select e.begun_at, false
      from milepost.player_mention m join milepost.erasure e on e.bucket = m.bucket and e.player_id = m.player_id
     where m.by_bucket = ${bucket} and m.by_player_id = ${player_id} and m.event_no = ${event_no}
     limit 1`.execute(db.query);
  const [found] = rows;
  if (found !== undefined) return found;
  const named = rulings.find(({ eventNo }) => eventNo === Number(event_no));
  const isGone = [named?.originalEventId, named?.paymentId].some((name) => name?.startsWith('erased:'));
  return isGone ? { at: null, own: false } : undefined;
}

/** Whether any of some players has been erased: what they had done is no longer told apart by what it was. */
export async function anyErased(db: Db, players: readonly PlayerName[]): Promise<boolean> {
  const { rows } = await sql`
    select from ${rowsOf(players)}
      join milepost.erasure e using (bucket, player_id) limit 1`.execute(db.query);
  return rows.length > 0;
}

/** `The player was erased on 2026-06-03.` */
export function erasedInWords({ at, own }: ErasedSince): string {
  const who = own ? 'The player' : 'A player whom it was about';
  return at === null ? `${who} has been erased since.` : `${who} was erased on ${formatInstant(at).slice(0, 10)}.`;
}
