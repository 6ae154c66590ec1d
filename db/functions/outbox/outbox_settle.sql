-- Records what came of leased messages, each only if its lease is still ours (claim_token): a holder that comes back late changes nothing.
-- p_result: done, refused (ends failed), ambiguous, retry (due again in p_wait_ms), released (was not sent: as if never leased).
-- p_request is null where nothing was called, and then no attempt is recorded. Times come as durations, since only the database's clock counts.
-- p_sealed: of a voucher that was issued, its code, sealed and in base64, with the id of its key in p_key_id; else null.
-- Players whose rewards ended get a refresh of their projection, in this same transaction; messages that waited for these are let go (outbox_follow).
-- p_destination and the parameters after it are for its circuit (circuit_observe): of a retry, why, and how long the service wants to be left
-- alone. Workers of the version before, which run on while a new one is brought out, do not know them, and their results do not count there.
-- Returns the number of messages settled, whether a refresh was written, and what circuit_observe says. The settings: see outbox_lease.
create or replace function milepost.outbox_settle(
  p_bucket smallint[], p_message_no bigint[], p_claim_token uuid[], p_result text[], p_wait_ms double precision[], p_error text[],
  p_answer jsonb[], p_request jsonb[], p_started_ms_ago double precision[], p_ended_ms_ago double precision[],
  p_destination text default null, p_reason text[] default null, p_asked_ms double precision[] default null, p_open_after integer default null,
  p_circuit_wait_ms double precision default null, p_circuit_wait_max_ms double precision default null, p_full_wave integer default null,
  p_open_share double precision default null, p_share_results integer default null, p_window_ms double precision default null,
  p_key_id text[] default null, p_sealed text[] default null
) returns table (settled integer, refreshed boolean, circuit milepost.circuit_state, circuit_changed boolean, probe_token uuid, ready boolean)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now constant timestamptz := clock_timestamp();
  v_settled integer;
  v_bucket smallint[];
  v_user_id text[];
  v_ended uuid[];
  v_followed boolean := false;
begin
  with settled as (
    update milepost.outbox o
       set state = case g.result when 'done' then 'done' when 'refused' then 'failed' when 'ambiguous' then 'ambiguous' else 'pending' end
                   ::milepost.outbox_state,
           claim_token = null,
           leased_until = null,
           next_attempt_at = v_now + g.wait_ms * interval '1 millisecond',
           attempts = o.attempts - (g.result = 'released')::integer,
           first_attempt_at = case when g.result = 'released' and o.attempts = 1 then null else o.first_attempt_at end,
           request_digest = case when g.result = 'released' and o.attempts = 1 then null else o.request_digest end,
           last_error = case when g.result = 'released' then o.last_error else g.error end,
           answer = coalesce(g.answer, o.answer),
           revision = o.revision + (g.result in ('done', 'refused', 'ambiguous'))::integer,
           settled_at = case when g.result in ('done', 'refused', 'ambiguous') then v_now end
      from unnest(p_bucket, p_message_no, p_claim_token, p_result, p_wait_ms, p_error, p_answer, p_request, p_started_ms_ago, p_ended_ms_ago,
                  p_key_id, p_sealed)
        as g(bucket, message_no, claim_token, result, wait_ms, error, answer, request, started_ms_ago, ended_ms_ago, key_id, sealed)
     where o.bucket = g.bucket and o.message_no = g.message_no and o.claim_token = g.claim_token
    returning o.bucket, o.message_no, o.attempts, o.body ->> 'user_id' as user_id,
              g.result, g.error, g.answer, g.request, g.started_ms_ago, g.ended_ms_ago, o.message_key, g.key_id, g.sealed
  ), recorded as (
    insert into milepost.dispatch_attempt (bucket, message_no, attempt, started_at, ended_at, result, request, answer, error)
    select bucket, message_no, attempts, v_now - started_ms_ago * interval '1 millisecond', v_now - ended_ms_ago * interval '1 millisecond',
           result, request, answer, error
      from settled
     where request is not null
  ), kept as (
    -- There already: it was issued, forgotten in a restore of this row alone, and looked up. The service gives the same code.
    insert into milepost.voucher_code (bucket, claim_key, key_id, sealed, stored_at)
    select bucket, message_key, key_id, decode(sealed, 'base64'), v_now from settled where result = 'done' and sealed is not null
        on conflict do nothing
  )
  select count(*), array_agg(bucket) filter (where ended), array_agg(user_id) filter (where ended), array_agg(message_key) filter (where ended)
    into v_settled, v_bucket, v_user_id, v_ended
    from (select *, result in ('done', 'refused', 'ambiguous') as ended from settled) as s;

  if v_ended is not null then
    v_followed := cardinality(milepost.outbox_follow(v_ended, cardinality(v_ended), v_now)) > 0;
  end if;

  return query
    select v_settled, milepost.outbox_refresh(v_bucket, v_user_id, v_now), o.state, o.changed, o.probe_token, o.ready or v_followed
      from milepost.circuit_observe(p_destination, p_claim_token, p_result, p_reason, p_asked_ms, p_open_after, p_circuit_wait_ms,
                                    p_circuit_wait_max_ms, p_full_wave, p_open_share, p_share_results, p_window_ms) as o;
end
$$;
grant execute on function milepost.outbox_settle to milepost_worker;
