-- Cancels messages that nobody has sent, so that nobody will. Returns how many of them were such. Runs as the workers do (see outbox_lock).
create or replace function milepost.outbox_cancel(p_bucket smallint[], p_message_key uuid[], p_now timestamptz) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_cancelled integer;
begin
  update milepost.outbox o
     set state = 'cancelled', settled_at = p_now, revision = o.revision + 1
    from unnest(p_bucket, p_message_key) as k(bucket, message_key)
   where o.bucket = k.bucket and o.message_key = k.message_key
     and (o.state = 'pending' and o.attempts = 0 or o.state in ('held', 'failed', 'skipped', 'cancelled'));
  get diagnostics v_cancelled = row_count;
  return v_cancelled;
end
$$;
grant create on schema milepost to milepost_worker;
alter function milepost.outbox_cancel(smallint[], uuid[], timestamptz) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.outbox_cancel to milepost_ingest;
