// How far behind the outbox is: what to watch, since a process may look well and do nothing.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Destination } from '../event/message.ts';
import { allDestinations } from './destinations.ts';

/**
 * For each of these destinations and of those that messages wait for, for how many seconds its longest due message has been due; 0 when none is. What
 * waits for a service that is not configured any more is among them: nobody delivers it.
 */
export async function oldestDueSeconds(db: Db, known: readonly Destination[]): Promise<Map<Destination, number>> {
  const { rows } = await sql<{ destination: Destination; seconds: number }>`
    select d.destination, coalesce(extract(epoch from clock_timestamp() - oldest.next_attempt_at), 0)::double precision as seconds
      from (${allDestinations(known)}) as d
      left join lateral (
        select o.next_attempt_at from milepost.outbox o
         where o.destination = d.destination and o.state in ('pending', 'leased') and o.next_attempt_at <= clock_timestamp()
         order by o.next_attempt_at limit 1
      ) as oldest on true`.execute(db.query);
  return new Map(rows.map(({ destination, seconds }) => [destination, seconds]));
}

/** For how many seconds the oldest change that Redis has not been told of has waited: by how much what players see may be behind. 0 when none has. */
export async function projectionAgeSeconds(db: Db): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`
    select coalesce(extract(epoch from clock_timestamp() - min(o.created_at)), 0)::double precision as seconds
      from milepost.outbox o
     where o.destination = 'projection' and o.state in ('pending', 'leased')`.execute(db.query);
  return rows[0]?.seconds ?? 0;
}
