-- Lets messages that ended in p_state (failed or ambiguous) be tried again, and records who did so and why. Messages that are not, or no longer,
-- in that state are left alone. Returns those that are due again. Runs as the workers do: support may do this, and nothing else to the outbox.
--
-- A failed message gets a new key, since a service may remember that it has refused the old one; the key is derived from the claim's, so that the
-- same retry after a restore is the same key. That must never pay twice: either each call under the old key is on record as refused, or a person has
-- concluded from the service's statement that nothing was paid (outbox_conclude), or the service is asked for the old key before anything is sent
-- (ask_key). An ambiguous message keeps its key, and the service is asked for it.
create or replace function milepost.outbox_retry(p_message_key uuid[], p_state milepost.outbox_state, p_by text, p_reason text)
returns table (message_key uuid, destination text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now constant timestamptz := clock_timestamp();
  v_bucket smallint[];
  v_user_id text[];
  v_message_key uuid[];
begin
  if coalesce(btrim(p_by), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception 'who has a reward tried again, and why, must be told' using errcode = 'invalid_parameter_value';
  end if;
  if p_state not in ('failed', 'ambiguous') then
    raise exception 'a message that is % cannot be tried again by hand', p_state using errcode = 'invalid_parameter_value';
  end if;
  with ended as materialized (
    select o.bucket, o.message_no, o.message_key, o.state, o.last_error, coalesce(o.service_key, o.message_key) as key, o.attempts,
           (select count(*) from milepost.dispatch_attempt a
             where a.bucket = o.bucket and a.message_no = o.message_no and a.attempt > coalesce(o.retried_after, 0) and a.result = 'refused')
             = o.attempts - coalesce(o.retried_after, 0)
           or exists (select from milepost.outbox_conclusion c
                       where c.bucket = o.bucket and c.message_no = o.message_no and not c.paid and c.concluded_at = o.settled_at) as surely_unpaid,
           (select count(*) from milepost.outbox_retry r where r.bucket = o.bucket and r.message_no = o.message_no and r.from_state = 'failed') as renewed
      from unnest(p_message_key) as wanted(message_key)
      join milepost.outbox o on o.message_key = wanted.message_key
     where o.state = p_state
     order by o.bucket, o.message_no
       for update of o
  ), again as (
    update milepost.outbox o
       set state = 'pending', next_attempt_at = v_now, settled_at = null, revision = o.revision + 1,
           first_attempt_at = case p_state when 'ambiguous' then o.first_attempt_at end,
           retried_at = case p_state when 'ambiguous' then o.retried_at else v_now end,
           retried_after = case p_state when 'ambiguous' then o.retried_after else o.attempts end,
           service_key = case p_state
             when 'ambiguous' then o.service_key
             else encode(substring(sha256(convert_to('retry ' || e.renewed + 1 || ' of ' || e.message_key, 'UTF8')) for 16), 'hex')::uuid
           end,
           -- Under a new key it may be another request than before.
           request_digest = case p_state when 'ambiguous' then o.request_digest end,
           ask_key = case when p_state = 'ambiguous' or not e.surely_unpaid then e.key end
      from ended e
     where o.bucket = e.bucket and o.message_no = e.message_no
    returning o.bucket, o.message_no, o.message_key, o.destination, o.body ->> 'user_id' as user_id, o.service_key, e.state, e.last_error, e.key
  ), recorded as (
    insert into milepost.outbox_retry (bucket, message_no, from_state, error, key_before, key_after, retried_by, reason, retried_at)
    select bucket, message_no, state, last_error, key, coalesce(service_key, message_key), p_by, p_reason, v_now from again
  )
  select array_agg(bucket), array_agg(user_id), array_agg(message_key) into v_bucket, v_user_id, v_message_key from again;
  if v_message_key is null then return; end if;
  perform milepost.outbox_refresh(v_bucket, v_user_id, v_now);
  return query
    select o.message_key, o.destination from unnest(v_message_key) as k(message_key) join milepost.outbox o on o.message_key = k.message_key;
end
$$;
grant create on schema milepost to milepost_worker;
alter function milepost.outbox_retry(uuid[], milepost.outbox_state, text, text) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.outbox_retry to milepost_support;
