-- Lets messages through that are held over a budget: they are due at their service. Returns how many were held. Runs as the workers do (see outbox_lock).
create or replace function milepost.outbox_release(p_bucket smallint[], p_message_key uuid[], p_destination text[], p_now timestamptz) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_released integer;
begin
  update milepost.outbox o
     set state = 'pending', destination = k.destination, next_attempt_at = p_now, revision = o.revision + 1
    from unnest(p_bucket, p_message_key, p_destination) as k(bucket, message_key, destination)
   where o.bucket = k.bucket and o.message_key = k.message_key and o.state = 'held';
  get diagnostics v_released = row_count;
  return v_released;
end
$$;
grant create on schema milepost to milepost_worker;
alter function milepost.outbox_release(smallint[], uuid[], text[], timestamptz) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.outbox_release to milepost_ingest;
