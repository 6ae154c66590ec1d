-- The job queue for DBAs. Runs as its owner: its tables have row-level security, under which anybody else sees nothing. A view of ours on its tables
-- would keep a newer version of the queue from changing them.
create or replace function milepost.dba_jobs() returns table (
  task text, state text, run_at timestamptz, locked_at timestamptz, attempts integer, max_attempts integer, last_error text
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query
    select t.identifier,
           case when j.locked_at is not null then 'running'
                when j.attempts >= j.max_attempts then 'dead'
                when j.run_at > clock_timestamp() then case when j.attempts > 0 then 'retrying' else 'scheduled' end
                else 'ready' end,
           j.run_at, j.locked_at, j.attempts::integer, j.max_attempts::integer, j.last_error
      from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id;
end
$$;
-- An owner must be allowed to create in the schema at the moment it becomes one (a superuser is not asked).
grant create on schema milepost to milepost_worker;
alter function milepost.dba_jobs() owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.dba_jobs to milepost_dba;
