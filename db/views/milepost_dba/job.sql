-- Jobs of the queue by task and state. A job only wakes: what is to be done stands in the outbox.
create or replace view milepost_dba.job as
select j.task, j.state, count(*) as jobs, now() - min(j.run_at) filter (where j.state in ('ready', 'dead')) as longest_waiting,
       now() - min(j.locked_at) as longest_running, max(j.attempts) as most_attempts, max(milepost.dba_error_shape(j.last_error)) as an_error
  from milepost.dba_jobs() as j
 group by j.task, j.state;
comment on view milepost_dba.job is 'Jobs of the queue by task and state. A job only wakes: what is to be done stands in the outbox.';
grant select on milepost_dba.job to milepost_dba;
