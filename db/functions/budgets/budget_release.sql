-- Gives back what cancelled rewards had reserved. Called by budget_open, which has locked the messages and the periods; so rows stay where
-- they are while they are found by their place (ctid), which is one probe for each under any statistics. The settings: see outbox_lease.
create or replace function milepost.budget_release(p_bucket smallint[], p_message_no bigint[], p_now timestamptz) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  with freed as (
    update milepost.outbox o set reserved = false
      from (
        select at.ctid from unnest(p_bucket, p_message_no) as c(bucket, message_no)
         cross join lateral (
            select i.ctid from milepost.outbox i where i.bucket = c.bucket and i.message_no = c.message_no limit 1
          ) as at
      ) as c
     where o.ctid = c.ctid
    returning o.message_key, o.body
  ), released as (
    update milepost.budget_reservation r set state = 'released', released_at = p_now
      from (
        select at.ctid
          from freed as f
         cross join lateral (select g.game_no from milepost.game g where g.game_id = f.body ->> 'game_id' limit 1) as g
         cross join lateral jsonb_to_recordset(f.body -> 'budgets') as b(budget_id text)
         cross join lateral (
            select i.ctid from milepost.budget_reservation i
             where i.game_no = g.game_no and i.budget_id = b.budget_id and i.message_key = f.message_key limit 1
          ) as at
      ) as f
     where r.ctid = f.ctid and r.state = 'reserved'
    returning r.game_no, r.budget_id, r.period_start, r.amount
  )
  update milepost.budget_period p
     set taken_amount = p.taken_amount - s.amount, taken_claims = p.taken_claims - s.claims
    from (select game_no, budget_id, period_start, sum(amount) as amount, count(*) as claims from released group by 1, 2, 3) as s
   where p.game_no = s.game_no and p.budget_id = s.budget_id and p.period_start = s.period_start;
end
$$;
grant execute on function milepost.budget_release to milepost_worker;
