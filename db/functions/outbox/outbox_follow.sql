-- Lets go of messages that waited for the end of others: those of p_message_key, or, with null, all that ended while nobody looked (at most p_limit).
-- What takes a reward back is due once the reward was paid, and learns what was paid: the amount (a budget may have lowered it), the key that the service knows, and its answer. Where nothing was
-- paid there is nothing to take back: it is cancelled. An ambiguous payment goes on being waited for.
-- Returns the destinations that have something due now. Runs as the workers do: a batch calls it for what it has just written, and may not change
-- messages otherwise.
create or replace function milepost.outbox_follow(p_message_key uuid[], p_limit integer, p_now timestamptz) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_key uuid[] := p_message_key;
  v_destinations text[];
begin
  if v_key is null then
    select array_agg(e.after_key) into v_key
      from (
        select w.after_key from milepost.outbox w
         cross join lateral (
            select o.state from milepost.outbox o
             where o.bucket = w.bucket and o.message_key between w.after_key and w.after_key
             order by o.message_key
             limit 1
          ) as o
         where w.state = 'waiting' and o.state in ('done', 'failed', 'skipped', 'cancelled')
         limit p_limit
      ) as e;
  end if;
  with followed as (
    select w.bucket, w.message_no, o.message_no as after_no, o.state, coalesce(o.service_key, o.message_key) as key, o.answer,
           o.body -> 'amount' as amount
      from unnest(v_key) as k(after_key)
     cross join lateral (
        select w.* from milepost.outbox w where w.after_key = k.after_key and w.state = 'waiting' offset 0
      ) as w
     cross join lateral (
        select o.* from milepost.outbox o
         where o.bucket = w.bucket and o.message_key between w.after_key and w.after_key
         order by o.message_key
         limit 1
      ) as o
     where o.state in ('done', 'failed', 'skipped', 'cancelled')
  ), never_again as (
    -- The reward was refused, and is not owed any more: nobody may have it tried again.
    update milepost.outbox o
       set state = 'cancelled', revision = o.revision + 1
      from followed f
     where o.bucket = f.bucket and o.message_no = f.after_no and o.state = 'failed'
  ), changed as (
    update milepost.outbox w
       set state = case f.state when 'done' then 'pending' else 'cancelled' end::milepost.outbox_state,
           body = case f.state
             when 'done' then w.body || jsonb_build_object('amount', f.amount, 'paid', jsonb_build_object('key', f.key, 'answer', f.answer))
             else w.body
           end,
           next_attempt_at = p_now,
           settled_at = case f.state when 'done' then null else p_now end,
           revision = w.revision + 1
      from followed f
     where w.bucket = f.bucket and w.message_no = f.message_no and w.state = 'waiting'
    returning w.destination, w.state
  )
  select array_agg(distinct c.destination) filter (where c.state = 'pending') into v_destinations from changed c;
  return coalesce(v_destinations, '{}');
end
$$;
grant create on schema milepost to milepost_worker;
alter function milepost.outbox_follow(uuid[], integer, timestamptz) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.outbox_follow to milepost_ingest, milepost_worker;
