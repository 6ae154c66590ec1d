-- Reversals that wait for what they name, by the day on which they came.
create or replace view milepost_dba.waiting_reversal as
select date_trunc('day', r.ruled_at, 'UTC') as day, count(*) as reversals, now() - min(r.ruled_at) as age_of_oldest
  from milepost.ruling r
 where r.waiting
 group by 1;
comment on view milepost_dba.waiting_reversal is 'Reversals that wait for what they name, by the day (UTC) on which they came.';
grant select on milepost_dba.waiting_reversal to milepost_dba;
