-- Days of the inbox: whether each may be dropped, and why. Rows are the planner's estimate; rows of a detached day are counted by nobody.
create or replace view milepost_dba.inbox_partition as
with partition as (
  select c.oid, c.relname::text as partition, to_date(substring(c.relname from 7 for 8), 'YYYYMMDD') as day, c.reltuples,
         case when i.inhrelid is null then 'detached' when i.inhdetachpending then 'detaching' else 'attached' end as state
    from pg_class c
    left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = 'milepost.inbox'::regclass
   where c.relnamespace = 'milepost'::regnamespace and c.relkind = 'r' and c.relname ~ '^inbox_\d{8}(_\d+)?$'
), policy as (
  -- One that is not applied any more says nothing.
  select inbox_days, archive_folder from milepost.retention_policy where applied_at > now() - interval '2 days'
), judged as (
  select p.*, (now() at time zone 'UTC')::date - p.day as days_old, o.inbox_days, r.begun_at is not null as retiring,
         case
           when r.begun_at is not null then 'being retired'
           when p.state <> 'attached' then 'detached by somebody else: left alone'
           when p.day >= (now() at time zone 'UTC')::date then 'not over yet'
           when o.inbox_days is null then 'no retention is applied: kept'
           when (now() at time zone 'UTC')::date - p.day > o.inbox_days
             then 'older than ' || o.inbox_days || ' days' || case when o.archive_folder is null then '' else ': archived, then dropped' end
           else 'within ' || o.inbox_days || ' days'
         end as reason
    from partition p
    left join policy o on true
    left join milepost.retired_partition r on r.partition = p.partition and r.dropped_at is null
)
select j.partition, j.day, j.state, j.days_old, case when j.reltuples >= 0 then j.reltuples::bigint end as estimated_rows,
       pg_total_relation_size(j.oid) as bytes,
       coalesce(j.retiring or (j.state = 'attached' and j.days_old > j.inbox_days), false) as may_be_dropped, j.reason
  from judged j;
comment on view milepost_dba.inbox_partition is 'Days of the inbox: whether each may be dropped, and why.';
grant select on milepost_dba.inbox_partition to milepost_dba, milepost_retention;
