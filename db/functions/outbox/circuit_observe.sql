-- Takes what came of calls of a destination, in their order, into its circuit. Returns the circuit's state, whether this call has changed it, the
-- lease that may be sent while it is half-open, and whether a lease may be had now that was refused before. Called by outbox_settle, in its transaction.
--
-- p_result: done, refused, ambiguous, retry, released. p_reason: of a retry, else ''. A failure of the service is a retry for one of the reasons
-- below; another retry (an answer we do not understand, an error of ours) says nothing about it, except that a probe has not succeeded.
-- closed → open: p_open_after failures in a row, of all workers together; or of at least p_share_results results within p_window_ms the part p_open_share
-- or more; or one failure that would befall every call. The time is counted from a failure on, since before it no row counts anything.
-- open → half_open: outbox_lease. half_open → open: a message of the wave was not dealt with.
-- half_open → closed: a wave of p_full_wave was dealt with, or one that was all there was.
-- While open it waits p_wait_ms, 2 p_wait_ms, 4 p_wait_ms … p_wait_max_ms, the upper half of it at random, and at least what the service asked for.
-- A service that works costs one look at a row that is not there; one that has just failed, an update for each settlement while its time is counted.
-- p_open_share and what follows may be left out, as workers of the version before do: then failures in a row count alone. The settings: see outbox_lease.
create or replace function milepost.circuit_observe(
  p_destination text, p_claim_token uuid[], p_result text[], p_reason text[], p_asked_ms double precision[],
  p_open_after integer, p_wait_ms double precision, p_wait_max_ms double precision, p_full_wave integer,
  p_open_share double precision default null, p_share_results integer default null, p_window_ms double precision default null
) returns table (state milepost.circuit_state, changed boolean, probe_token uuid, ready boolean)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
  v_known boolean;
  v_was milepost.circuit;
  v_is milepost.circuit;
  v_now timestamptz;
  v_failed boolean;
  v_in_a_row integer;
  v_results integer;
  v_failures integer;
  v_succeeded boolean;
  v_fatal text;
  v_last text;
  v_asked interval;
  v_probed integer;
  v_dealt_with integer;
  v_released integer;
begin
  v_known := exists (select from milepost.circuit c where c.destination = p_destination);
  if not v_known and not 'retry' = any (p_result) then
    return query select 'closed'::milepost.circuit_state, false, null::uuid, false;
    return;
  end if;

  with called as (
    select r.*, r.result = 'retry' and r.reason in
             ('unreachable', 'timeout', 'server_error', 'overloaded', 'unauthorised', 'no_route', 'untrusted') as failed
      from unnest(p_result, p_reason, p_asked_ms) with ordinality as r(result, reason, asked_ms, at)
  ), success as (
    select max(at) as at from called where result in ('done', 'refused')
  )
  select coalesce(bool_or(c.failed), false), count(*) filter (where c.result <> 'released'), count(*) filter (where c.failed),
         count(*) filter (where c.failed and c.at > coalesce(s.at, 0)), coalesce(bool_or(s.at is not null), false),
         max(c.reason) filter (where c.failed and c.reason in ('unauthorised', 'no_route', 'untrusted')),
         (array_agg(c.reason order by c.at desc) filter (where c.result = 'retry'))[1],
         coalesce(max(c.asked_ms) filter (where c.failed), 0) * interval '1 millisecond'
    into v_failed, v_results, v_failures, v_in_a_row, v_succeeded, v_fatal, v_last, v_asked
    from called c cross join success s;
  if not v_known and not v_failed then
    return query select 'closed'::milepost.circuit_state, false, null::uuid, false;
    return;
  end if;

  loop
    insert into milepost.circuit (destination, changed_at) values (p_destination, clock_timestamp()) on conflict do nothing;
    select * into v_was from milepost.circuit c where c.destination = p_destination for update;
    exit when found; -- else somebody has just closed it
  end loop;
  v_now := clock_timestamp();
  v_is := v_was;
  v_is.changed_at := v_now;

  case v_was.state
  when 'closed' then
    v_is.failures := v_in_a_row + case when v_succeeded then 0 else v_was.failures end;
    if v_was.window_from + p_window_ms * interval '1 millisecond' > v_now then
      v_is.window_results := v_was.window_results + v_results;
      v_is.window_failures := v_was.window_failures + v_failures;
    elsif v_failed and p_window_ms is not null then
      v_is.window_from := v_now;
      v_is.window_results := v_results;
      v_is.window_failures := v_failures;
    else
      v_is.window_from := null;
      v_is.window_results := 0;
      v_is.window_failures := 0;
    end if;
    v_is.reason := case
      when v_fatal is not null then v_fatal
      when v_is.failures >= p_open_after then v_is.failures || ' failures in a row, the last: ' || v_last
      -- A failure must be among what came now: the service may be well again.
      when v_failed and v_is.window_results >= p_share_results and v_is.window_failures >= p_open_share * v_is.window_results
      then v_is.window_failures || ' of ' || v_is.window_results || ' results were failures, the last: ' || v_last
    end;
    if v_is.reason is not null then
      v_is.state := 'open';
      v_is.opened_at := v_now;
    end if;
  when 'open' then
    -- Calls that were under way when it opened say nothing new, except how long the service wants to be left alone.
    v_is.probe_at := greatest(v_was.probe_at, v_now + v_asked);
  when 'half_open' then
    select count(*), count(*) filter (where r.result in ('done', 'refused')), count(*) filter (where r.result = 'released')
      into v_probed, v_dealt_with, v_released
      from unnest(p_claim_token, p_result) as r(claim_token, result)
     where r.claim_token = v_was.probe_token;
    v_is.probe_left := greatest(v_was.probe_left - v_probed, 0);
    if v_dealt_with + v_released < v_probed then
      v_is.state := 'open';
      v_is.failures := v_was.failures + v_in_a_row;
    elsif v_probed > 0 and v_is.probe_left = 0 then
      v_is.probe_token := null;
      -- A message that was given back proves nothing.
      if v_released = 0 and v_was.wave >= p_full_wave then
        v_is.state := 'closed';
        v_is.failures := 0;
      elsif v_released = 0 then
        v_is.wave := v_was.wave * 2;
      end if;
    end if;
  end case;

  if v_is.state = 'open' and v_was.state <> 'open' then
    v_is.openings := v_was.openings + 1;
    v_is.wave := 1;
    v_is.window_from := null;
    v_is.window_results := 0;
    v_is.window_failures := 0;
    v_is.probe_token := null;
    v_is.probe_left := 0;
    v_is.probe_at := v_now + greatest(
      v_asked, least(p_wait_max_ms, p_wait_ms * power(2, least(v_was.openings, 30))) * (0.5 + random() / 2) * interval '1 millisecond');
  end if;
  if v_is.state <> v_was.state and 'closed' in (v_is.state, v_was.state) then
    insert into milepost.circuit_change (destination, state, reason, changed_by, changed_at)
    values (p_destination, v_is.state, coalesce(case v_is.state when 'open' then v_is.reason end, 'the service answers'), 'milepost', v_now);
  end if;

  if v_is.state = 'closed' and v_is.failures = 0 and v_is.window_from is null then
    delete from milepost.circuit c where c.destination = p_destination;
  elsif v_is is distinct from v_was then
    update milepost.circuit c
       set state = v_is.state, failures = v_is.failures, openings = v_is.openings, wave = v_is.wave, probe_at = v_is.probe_at,
           probe_token = v_is.probe_token, probe_left = v_is.probe_left, opened_at = v_is.opened_at, reason = v_is.reason, changed_at = v_now,
           window_from = v_is.window_from, window_results = v_is.window_results, window_failures = v_is.window_failures
     where c.destination = p_destination;
  end if;
  return query select v_is.state, v_is.state <> v_was.state, v_is.probe_token,
                      v_was.state = 'half_open' and v_is.state <> 'open' and v_is.probe_token is null;
end
$$;
grant execute on function milepost.circuit_observe to milepost_worker;
