-- Adds messages to the outbox, due at once, or, with p_after_key, waiting for the end of the message of that key (outbox_follow). message_key is null where a message needs no identity (a projection refresh).
create or replace function milepost.outbox_append(
  p_bucket smallint[], p_destination text[], p_message_key uuid[], p_body jsonb[],
  p_now timestamptz default clock_timestamp(), p_after_key uuid[] default null
) returns void
language plpgsql volatile as $$
begin
  if cardinality(p_bucket) = 0 then return; end if;
  insert into milepost.outbox (bucket, destination, message_key, body, state, after_key, next_attempt_at, created_at)
  select m.bucket, m.destination, m.message_key, m.body,
         case when m.after_key is null then 'pending' else 'waiting' end::milepost.outbox_state, m.after_key, p_now, p_now
    from unnest(p_bucket, p_destination, p_message_key, p_body, p_after_key) as m(bucket, destination, message_key, body, after_key);
end
$$;
grant execute on function milepost.outbox_append to milepost_ingest, milepost_worker;
