-- Events of the last two days by the hour of their receipt and by what became of them.
create or replace view milepost_dba.inbox_outcome as
select date_trunc('hour', k.received_at, 'UTC') as hour, k.outcome::text as outcome, k.reason, count(*) as events,
       now() - max(k.received_at) as age_of_newest
  from milepost.event_key k
 where k.received_at > now() - interval '2 days'
 group by 1, 2, 3;
comment on view milepost_dba.inbox_outcome is 'Events of the last two days by the hour of their receipt and by what became of them.';
grant select on milepost_dba.inbox_outcome to milepost_dba;
