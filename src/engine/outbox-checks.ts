// What verify looks for in the outbox: messages that will never leave. No constraint can forbid them, since each stands in a state that is right by
// itself; what is wrong is that nobody comes for it. Queries of (bucket, player_id, subject, expected, found), as verify.ts runs them.
import { builtInDestinations } from '../event/message.ts';
import { limits } from '../limits.ts';

const SUBJECT = `'message ' || coalesce(m.message_key::text, m.message_no::text) || ' to ' || m.destination`;
const PLAYER = `left join milepost.player p on p.bucket = m.bucket and p.user_id = m.body ->> 'user_id'`;
const OVERDUE = `clock_timestamp() - interval '${limits.overdueMs} milliseconds'`;
const instant = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

export const outboxChecks = {
  /**
   * What is due is tried. Not while its circuit is open (unless its probe is as late as that), nor while workers are at the destination: they take what
   * has been due for longest first, and a backlog may last.
   */
  due_messages_are_tried: `
    select m.bucket, coalesce(p.player_id, 0) as player_id, ${SUBJECT} as subject,
           'an attempt since ' || ${instant('m.next_attempt_at')} as expected,
           case m.state when 'leased' then 'a lease that is over' else 'none' end as found
      from milepost.outbox m ${PLAYER}
      left join milepost.circuit c on c.destination = m.destination
     where m.state in ('pending', 'leased') and m.next_attempt_at < ${OVERDUE}
       and (coalesce(c.state, 'closed') = 'closed' or not c.by_hand and c.probe_at < ${OVERDUE})
       and not exists (select from milepost.outbox l where l.destination = m.destination and l.state = 'leased' and l.leased_until > clock_timestamp())
       and not exists (select from milepost.dispatch_rate r where r.destination = m.destination and r.filled_at > ${OVERDUE})`,

  /** No wait is as long as that; it is where the database's clock was ahead, or somebody wrote it. */
  waits_have_an_end: `
    select m.bucket, coalesce(p.player_id, 0) as player_id, ${SUBJECT} as subject,
           'an attempt within the hour' as expected, 'none before ' || ${instant('greatest(m.next_attempt_at, c.probe_at)')} as found
      from milepost.outbox m ${PLAYER}
      left join milepost.circuit c on c.destination = m.destination and c.state = 'open' and not c.by_hand
     where m.state in ('pending', 'leased') and greatest(m.next_attempt_at, c.probe_at) > clock_timestamp() + interval '${limits.overdueMs} milliseconds'`,

  /** What has not ended goes somewhere. Which services are configured is not known here; what nobody delivers to one of them is found by the check above. */
  destinations_are_served: `
    select m.bucket, coalesce(p.player_id, 0) as player_id, ${SUBJECT} as subject,
           'one of ${builtInDestinations.join(', ')}, or a configured service' as expected, m.state::text as found
      from milepost.outbox m ${PLAYER}
     where m.state in ('pending', 'leased', 'waiting', 'held') and m.destination not in (${builtInDestinations.map((name) => `'${name}'`).join(', ')})
       and m.destination not like 'service:%'`,

  /** What waits for the end of a payment is let go when it comes. */
  waiting_messages_have_what_they_wait_for: `
    select m.bucket, coalesce(p.player_id, 0) as player_id, ${SUBJECT} as subject,
           'message ' || m.after_key || ' under way' as expected, coalesce(w.state || ' since ' || ${instant('w.settled_at')}, 'no such message') as found
      from milepost.outbox m ${PLAYER}
      left join milepost.outbox w on w.message_key = m.after_key
     where m.state = 'waiting' and (w.message_key is null or (w.state in ('done', 'failed', 'skipped', 'cancelled') and w.settled_at < ${OVERDUE}))`,
} as const;

export type OutboxCheck = keyof typeof outboxChecks;
