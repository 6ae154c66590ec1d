-- Adds messages to the outbox, due at once. message_key is null where a message needs no identity (a projection refresh).
create or replace function milepost.outbox_append(
  p_bucket smallint[], p_destination text[], p_message_key uuid[], p_body jsonb[],
  p_now timestamptz default clock_timestamp()
) returns void
language plpgsql volatile as $$
begin
  if cardinality(p_bucket) = 0 then return; end if;
  insert into milepost.outbox (bucket, destination, message_key, body, next_attempt_at, created_at)
  select m.bucket, m.destination, m.message_key, m.body, p_now, p_now
    from unnest(p_bucket, p_destination, p_message_key, p_body) as m(bucket, destination, message_key, body);
end
$$;
grant execute on function milepost.outbox_append to milepost_ingest, milepost_worker;
