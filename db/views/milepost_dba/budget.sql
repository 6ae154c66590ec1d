-- Budgets of games by period: what is taken, beside the limits of the version in force, and what has not been given a part. Reads all reservations.
create or replace view milepost_dba.budget as
with in_force as (
  select distinct on (v.game_no) v.game_no, v.config
    from milepost.game_version v
   where v.in_force_from <= now()
   order by v.game_no, v.version desc
), configured as (
  select f.game_no, b.value ->> 'budget_id' as budget_id, b.value ->> 'period' as period, b.value ->> 'when_exhausted' as when_exhausted,
         (b.value -> 'limit' ->> 'amount')::numeric as limit_amount, (b.value -> 'limit' ->> 'claims')::numeric as limit_claims
    from in_force f
   cross join lateral jsonb_array_elements(coalesce(f.config -> 'budgets', '[]')) as b(value)
), refused as (
  select r.game_no, r.budget_id, r.period_start, count(*) as claims, sum(r.amount) as amount
    from milepost.budget_reservation r
   where r.state = 'refused'
   group by r.game_no, r.budget_id, r.period_start
)
select g.game_id, budget_id, c.period, p.period_start, p.taken_amount, c.limit_amount, p.taken_claims, c.limit_claims,
       round(greatest(p.taken_amount / nullif(c.limit_amount, 0), p.taken_claims / nullif(c.limit_claims, 0)), 3) as taken_share,
       c.when_exhausted, coalesce(r.claims, 0) as refused_claims, coalesce(r.amount, 0) as refused_amount
  from configured c
  full join milepost.budget_period p using (game_no, budget_id)
  left join refused r using (game_no, budget_id, period_start)
  join milepost.game g using (game_no);
comment on view milepost_dba.budget is 'Budgets of games by period: what is taken, beside the limits of the version in force, and what has not been given a part.';
grant select on milepost_dba.budget to milepost_dba;
