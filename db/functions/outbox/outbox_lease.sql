-- Leases the due messages of a destination, longest due first: nobody else is given them until the lease is over, by the database's clock.
-- Returns one row: the token that fences these leases; the messages as JSON rows [bucket, message_no, message_key, body, attempt, age in ms
-- since the first attempt that there may have been: ours, or, in a database restored from a backup, one since the event was received]; and, unless there may be more at once, in how many ms the next message is due (null: none is waiting).
--
-- next_attempt_at of a leased message is the end of its lease, so "due" is one condition on one index for messages that wait and for
-- messages whose holder died. Messages are found by state and never by number: one that commits late is not passed over.
--
-- The settings leave the planner one plan, the walk along outbox_due in its order and one primary-key probe per row. A plan cached while the
-- table was nearly empty would else read or sort the whole backlog for every lease.
create or replace function milepost.outbox_lease(p_destination text, p_limit integer, p_lease_ms double precision)
returns table (claim_token uuid, messages text, due_in_ms double precision)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now constant timestamptz := clock_timestamp();
  v_until constant timestamptz := v_now + p_lease_ms * interval '1 millisecond';
  v_token constant uuid := gen_random_uuid();
  v_count integer;
  v_messages json;
  v_due_in_ms double precision;
begin
  with due as materialized (
    select o.bucket, o.message_no
      from milepost.outbox o
     where o.destination = p_destination and o.state in ('pending', 'leased') and o.next_attempt_at <= v_now
     order by o.next_attempt_at
     limit p_limit
       for update skip locked
  ), leased as (
    update milepost.outbox o
       set state = 'leased', claim_token = v_token, leased_until = v_until, next_attempt_at = v_until,
           attempts = o.attempts + 1, first_attempt_at = coalesce(o.first_attempt_at, v_now)
      from due
     where o.bucket = due.bucket and o.message_no = due.message_no
    returning o.bucket, o.message_no, o.message_key, o.body, o.attempts, o.first_attempt_at
  )
  select count(*),
         coalesce(json_agg(json_build_array(
           l.bucket, l.message_no::text, l.message_key, l.body, l.attempts,
           extract(epoch from v_now - least(l.first_attempt_at, (l.body ->> 'event_received_at')::timestamptz)) * 1000)), '[]')
    into v_count, v_messages
    from leased l;

  if v_count < p_limit then
    -- Strictly later than now: a due message that was passed over is locked by somebody, and asking again at once would be a hot loop.
    select extract(epoch from o.next_attempt_at - clock_timestamp()) * 1000 into v_due_in_ms
      from milepost.outbox o
     where o.destination = p_destination and o.state in ('pending', 'leased') and o.next_attempt_at > v_now
     order by o.next_attempt_at
     limit 1;
  else
    v_due_in_ms := 0;
  end if;
  return query select v_token, v_messages::text, v_due_in_ms;
end
$$;
grant execute on function milepost.outbox_lease to milepost_worker;
