-- Ends ambiguous messages by what a service's statement says of them: paid, then done, with p_answer kept beside what is known already; not paid, then
-- failed, from where outbox_retry may pay it under a new key. Messages that are not ambiguous, or no longer, are left alone. Who and why is on
-- record. Returns those that were concluded. Runs as the workers do: support may do this, and nothing else to the outbox.
create or replace function milepost.outbox_conclude(p_message_key uuid[], p_paid boolean, p_answer jsonb[], p_by text, p_reason text)
returns table (message_key uuid)
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
    raise exception 'who concludes what became of a reward, and why, must be told' using errcode = 'invalid_parameter_value';
  end if;
  with ambiguous as materialized (
    select o.bucket, o.message_no, o.last_error, wanted.answer
      from unnest(p_message_key, p_answer) as wanted(message_key, answer)
      join milepost.outbox o on o.message_key = wanted.message_key
     where o.state = 'ambiguous'
     order by o.bucket, o.message_no
       for update of o
  ), concluded as (
    update milepost.outbox o
       set state = case when p_paid then 'done' else 'failed' end::milepost.outbox_state,
           settled_at = v_now, revision = o.revision + 1,
           answer = case when p_paid then coalesce(o.answer, '{}') || coalesce(a.answer, '{}') else o.answer end,
           last_error = case when not p_paid then 'NOT_PAID: ' || p_reason end
      from ambiguous a
     where o.bucket = a.bucket and o.message_no = a.message_no
    returning o.bucket, o.message_no, o.message_key, o.body ->> 'user_id' as user_id, a.last_error
  ), recorded as (
    insert into milepost.outbox_conclusion (bucket, message_no, paid, error, concluded_by, reason, concluded_at)
    select bucket, message_no, p_paid, last_error, p_by, p_reason, v_now from concluded
  )
  select array_agg(bucket), array_agg(user_id), array_agg(message_key) into v_bucket, v_user_id, v_message_key from concluded;
  if v_message_key is null then return; end if;
  perform milepost.outbox_refresh(v_bucket, v_user_id, v_now);
  return query select unnest(v_message_key);
end
$$;
grant create on schema milepost to milepost_worker;
alter function milepost.outbox_conclude(uuid[], boolean, jsonb[], text, text) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.outbox_conclude to milepost_support;
