-- Removes leased messages that nobody asks about once they are delivered (refreshes), each only if its lease is still ours.
-- Returns how many were removed. The settings: see outbox_lease.
create or replace function milepost.outbox_remove(p_bucket smallint[], p_message_no bigint[], p_claim_token uuid[]) returns integer
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_removed integer;
begin
  delete from milepost.outbox o
   using unnest(p_bucket, p_message_no, p_claim_token) as g(bucket, message_no, claim_token)
   where o.bucket = g.bucket and o.message_no = g.message_no and o.claim_token = g.claim_token
     and o.destination = 'projection';
  get diagnostics v_removed = row_count;
  return v_removed;
end
$$;
grant execute on function milepost.outbox_remove to milepost_worker;
