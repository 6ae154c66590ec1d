// Which destinations there are: those that this version has, those that are configured, and those that messages wait for, whoever configured them.
import { type RawBuilder, sql } from 'kysely';
import type { Destination } from '../event/message.ts';

/** A query of `destination`, and of `at` to order by: the known ones as they are given; null for others, that messages wait for or whose circuit is not closed. */
export function allDestinations(known: readonly Destination[]): RawBuilder<unknown> {
  // One probe of outbox_due per destination, however many messages wait.
  return sql`
    with recursive waiting(destination) as (
      select (select min(o.destination) from milepost.outbox o where o.state in ('pending', 'leased'))
      union all
      select (select min(o.destination) from milepost.outbox o where o.state in ('pending', 'leased') and o.destination > w.destination)
        from waiting w where w.destination is not null
    )
    select d.destination, min(d.at) as at
      from (select destination, at from unnest(${[...known]}::text[]) with ordinality as k(destination, at)
            union all select destination, null from waiting where destination is not null
            union all select destination, null from milepost.circuit) as d
     group by d.destination`;
}
