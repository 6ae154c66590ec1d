-- Locks messages, by key, that nobody holds, and returns the keys of these. Whoever holds the row of a message is sending it, or has: they are not
-- waited for. But where it waits for its budget, they are about to say what becomes of it, which may be that it is held for a person: that is waited for.
-- (The budgets' drain waits for no message, so that neither waits for the other.) Runs as the workers do: a batch that takes rewards back may look and lock, and change nothing but by outbox_cancel and outbox_release.
create or replace function milepost.outbox_lock(p_bucket smallint[], p_message_key uuid[]) returns uuid[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_locked uuid[];
begin
  perform from unnest(p_bucket, p_message_key) as k(bucket, message_key)
     join milepost.outbox o on o.bucket = k.bucket and o.message_key = k.message_key
    where o.destination = 'budget' and o.state = 'pending'
      for update of o;
  with locked as (
    select o.message_key
      from unnest(p_bucket, p_message_key) as k(bucket, message_key)
      join milepost.outbox o on o.bucket = k.bucket and o.message_key = k.message_key
       for update of o skip locked
  )
  select coalesce(array_agg(l.message_key), '{}') into v_locked from locked l;
  return v_locked;
end
$$;
grant create on schema milepost to milepost_worker;
alter function milepost.outbox_lock(smallint[], uuid[]) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.outbox_lock to milepost_ingest;
