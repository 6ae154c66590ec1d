-- What owners and support asked for, by day: who, in which right, what, and how often. About what and why is for support to read (milepost.audit).
create or replace view milepost_dba.audit as
select (a.at at time zone 'UTC')::date as day, a.scope, a.action, a.actor, count(*) as requests, count(a.reason) as with_reason, max(a.at) as newest
  from milepost.audit a
 group by 1, a.scope, a.action, a.actor;
comment on view milepost_dba.audit is 'What owners and support asked for, by day: who, in which right, what, and how often.';
grant select on milepost_dba.audit to milepost_dba;
