-- Leases the due messages of a destination, longest due first: nobody else is given them until the lease is over, by the database's clock.
-- Returns one row: the token that fences these leases; the messages as JSON rows [bucket, message_no, key for the service, body, attempt,
-- age in ms since the first attempt that there may have been: ours, or, in a database restored from a backup, one since the event was received,
-- key to ask for first, what it is sent by]; and, unless there may be more at once, in how many ms to look again (null: nothing is waiting).
--
-- What all workers share is decided here. A circuit that is open gives nothing; when its probe is due, one lease gets it, and while it is
-- half-open there is one lease at a time, of `wave` messages. p_rate: messages per second for all workers together, out of a bucket that holds
-- those of one second; null for no limit. p_look_ms: how soon to look again at what others are about to change. Both may be
-- left out, as workers of the version before do, which run on while a new one is brought out. p_request_digest: by what messages that were never
-- leased are sent (milepost.service_request); for the others it stays what it was.
--
-- next_attempt_at of a leased message is the end of its lease, so "due" is one condition on one index for messages that wait and for
-- messages whose holder died. Messages are found by state and never by number: one that commits late is not passed over.
--
-- The settings leave the planner one plan, the walk along outbox_due in its order and one primary-key probe per row. A plan cached while the
-- table was nearly empty would else read or sort the whole backlog for every lease.
create or replace function milepost.outbox_lease(
  p_destination text, p_limit integer, p_lease_ms double precision, p_look_ms double precision default 1000,
  p_rate double precision default null, p_request_digest uuid default null
) returns table (claim_token uuid, messages text, due_in_ms double precision)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_until timestamptz;
  v_token constant uuid := gen_random_uuid();
  v_limit integer := p_limit;
  v_circuit milepost.circuit;
  v_tokens double precision;
  v_count integer;
  v_messages json;
  v_due_in_ms double precision;
begin
  select * into v_circuit from milepost.circuit c where c.destination = p_destination;
  if v_circuit.state <> 'closed' then
    -- Again, locked: only one of those who come now sees that the probe is due.
    select * into v_circuit from milepost.circuit c where c.destination = p_destination for update;
    v_now := clock_timestamp();
  end if;
  if v_circuit.state <> 'closed' then
    if v_circuit.by_hand then
      return query select v_token, '[]', p_look_ms;
      return;
    elsif (v_circuit.state = 'open' or v_circuit.probe_token is not null) and v_circuit.probe_at > v_now then
      v_due_in_ms := extract(epoch from v_circuit.probe_at - v_now) * 1000;
      return query select v_token, '[]', case v_circuit.state when 'open' then v_due_in_ms else least(v_due_in_ms, p_look_ms) end;
      return;
    end if;
    v_limit := least(v_limit, v_circuit.wave);
  end if;

  if p_rate is not null then
    -- The row stays locked until this lease is committed: workers take their tokens one after the other.
    insert into milepost.dispatch_rate as r (destination, tokens, filled_at) values (p_destination, greatest(p_rate, 1), v_now)
        on conflict (destination) do update
       set tokens = least(greatest(p_rate, 1), r.tokens + p_rate * greatest(extract(epoch from clock_timestamp() - r.filled_at), 0)),
           filled_at = clock_timestamp()
    returning r.tokens into v_tokens;
    v_now := clock_timestamp();
    v_limit := least(v_limit, floor(v_tokens)::integer);
  end if;

  v_until := v_now + p_lease_ms * interval '1 millisecond';
  with due as materialized (
    select o.bucket, o.message_no
      from milepost.outbox o
     where o.destination = p_destination and o.state in ('pending', 'leased') and o.next_attempt_at <= v_now
     order by o.next_attempt_at
     limit v_limit
       for update skip locked
  ), leased as (
    update milepost.outbox o
       set state = 'leased', claim_token = v_token, leased_until = v_until, next_attempt_at = v_until,
           attempts = o.attempts + 1, first_attempt_at = coalesce(o.first_attempt_at, v_now),
           request_digest = coalesce(o.request_digest, p_request_digest)
      from due
     where o.bucket = due.bucket and o.message_no = due.message_no
    returning o.bucket, o.message_no, coalesce(o.service_key, o.message_key) as key, o.body, o.attempts, o.first_attempt_at, o.ask_key, o.retried_at,
              o.request_digest
  )
  select count(*),
         coalesce(json_agg(json_build_array(
           l.bucket, l.message_no::text, l.key, l.body, l.attempts,
           extract(epoch from v_now - least(l.first_attempt_at, coalesce(l.retried_at, (l.body ->> 'event_received_at')::timestamptz))) * 1000,
           l.ask_key, l.request_digest)), '[]')
    into v_count, v_messages
    from leased l;

  if v_count > 0 and v_circuit.state <> 'closed' then
    -- A wave that took all there was is the last: there is no backlog to be careful with.
    update milepost.circuit c
       set state = 'half_open', probe_token = v_token, probe_at = v_until, probe_left = v_count,
           wave = case when v_count < v_limit then greatest(p_limit, c.wave) else c.wave end
     where c.destination = p_destination;
  end if;
  if v_count = 0 and v_limit > 0 and v_circuit.state = 'half_open' and v_circuit.probe_token is null and v_circuit.wave > 1 then
    -- What was tried succeeded, and nothing else is due.
    delete from milepost.circuit c where c.destination = p_destination;
    insert into milepost.circuit_change (destination, state, reason, changed_by, changed_at)
    values (p_destination, 'closed', 'the service answers', 'milepost', v_now);
  end if;
  if v_count > 0 and v_tokens is not null then
    v_tokens := v_tokens - v_count;
    update milepost.dispatch_rate r set tokens = v_tokens where r.destination = p_destination;
  end if;

  if v_count < v_limit then
    -- Strictly later than now: a due message that was passed over is locked by somebody, and asking again at once would be a hot loop.
    select extract(epoch from o.next_attempt_at - clock_timestamp()) * 1000 into v_due_in_ms
      from milepost.outbox o
     where o.destination = p_destination and o.state in ('pending', 'leased') and o.next_attempt_at > v_now
     order by o.next_attempt_at
     limit 1;
  elsif v_count > 0 and v_circuit.state <> 'closed' then
    v_due_in_ms := p_look_ms;
  elsif v_limit < p_limit then
    -- The bucket is empty. Not one by one, but a twentieth of a second's messages at a time.
    v_due_in_ms := greatest(greatest(p_rate / 20, 1) - v_tokens, 0) / p_rate * 1000;
  else
    v_due_in_ms := 0;
  end if;
  return query select v_token, v_messages::text, v_due_in_ms;
end
$$;
grant execute on function milepost.outbox_lease to milepost_worker;
