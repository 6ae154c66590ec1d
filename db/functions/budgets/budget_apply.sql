-- Writes what was decided about rewards that budget_open took, in its transaction: each moves on to its service, or ends here.
-- p_result: reserved and downgraded (p_amount is what is paid; both are due at their service at once), held, skipped (p_refused_by: the budget that
-- has not enough left). Players whose rewards were not simply reserved get a refresh of their projection; returns whether one was written.
-- The settings: see outbox_lease.
create or replace function milepost.budget_apply(
  p_bucket smallint[], p_message_no bigint[], p_result text[], p_amount bigint[], p_refused_by text[]
) returns table (refreshed boolean)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now constant timestamptz := clock_timestamp();
  v_moved integer;
  v_bucket smallint[];
  v_user_id text[];
begin
  with moved as (
    update milepost.outbox o
       set state = case d.result when 'held' then 'held' when 'skipped' then 'skipped' else 'pending' end::milepost.outbox_state,
           destination = o.body ->> 'service',
           body = case d.result
             when 'downgraded' then o.body || jsonb_build_object('amount', d.amount, 'downgraded_from', o.body -> 'amount')
             else o.body
           end,
           reserved = d.result in ('reserved', 'downgraded'),
           next_attempt_at = v_now,
           settled_at = case d.result when 'skipped' then v_now end,
           revision = o.revision + (d.result <> 'reserved')::integer
      from (
        select d.result, d.amount, d.refused_by, at.ctid
          from unnest(p_bucket, p_message_no, p_result, p_amount, p_refused_by) as d(bucket, message_no, result, amount, refused_by)
         cross join lateral (
            select i.ctid from milepost.outbox i where i.bucket = d.bucket and i.message_no = d.message_no limit 1
          ) as at
      ) as d
     -- The rows are locked, so that they stay where they are. The state as text: else an index of what is pending might be read whole.
     where o.ctid = d.ctid and o.state::text = 'pending' and o.destination || '' = 'budget'
    returning o.bucket, o.message_key, o.body, d.result, d.amount, d.refused_by
  ), reservations as (
    insert into milepost.budget_reservation (game_no, budget_id, message_key, bucket, period_start, amount, state, decided_at)
    select g.game_no, b.budget_id, m.message_key, m.bucket, b.period_start, m.amount,
           case when m.refused_by is null then 'reserved' else 'refused' end::milepost.budget_reservation_state, v_now
      from moved as m
     cross join lateral (select g.game_no from milepost.game g where g.game_id = m.body ->> 'game_id' limit 1) as g
     cross join lateral jsonb_to_recordset(m.body -> 'budgets') as b(budget_id text, period_start timestamptz)
     where m.refused_by is null or b.budget_id = m.refused_by
    returning game_no, budget_id, period_start, amount, state
  ), taken as (
    update milepost.budget_period p
       set taken_amount = p.taken_amount + s.amount, taken_claims = p.taken_claims + s.claims
      from (select game_no, budget_id, period_start, sum(amount) as amount, count(*) as claims
              from reservations where state = 'reserved' group by 1, 2, 3) as s
     where p.game_no = s.game_no and p.budget_id = s.budget_id and p.period_start = s.period_start
  )
  select count(*), array_agg(bucket) filter (where result <> 'reserved'), array_agg(body ->> 'user_id') filter (where result <> 'reserved')
    into v_moved, v_bucket, v_user_id
    from moved;
  if v_moved <> cardinality(p_message_no) then
    raise exception '% of % rewards do not wait for their budgets any more', cardinality(p_message_no) - v_moved, cardinality(p_message_no)
      using errcode = 'serialization_failure';
  end if;
  return query select v_bucket is not null and milepost.outbox_refresh(v_bucket, v_user_id, v_now);
end
$$;
grant execute on function milepost.budget_apply to milepost_worker;
