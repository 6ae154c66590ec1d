-- Wakes the workers: one `drain_outbox` job per destination, unless one is waiting already. Called after the commit that wrote the messages.
-- Leaving a waiting job alone loses nothing: it is seen as unlocked in a snapshot newer than our commit, so it will begin, and read, later.
-- Runs as the owner of the job queue: its tables have row-level security, under which nobody else can add a job.
create or replace function milepost.outbox_wake(p_destination text[]) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_destination text;
  v_added integer := 0;
begin
  foreach v_destination in array p_destination loop
    if not exists (
      select 1 from graphile_worker._private_jobs j
        join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = 'drain_outbox' and j.payload ->> 'destination' = v_destination
         and j.locked_at is null and j.run_at <= clock_timestamp() and j.attempts < j.max_attempts
    ) then
      perform graphile_worker.add_job('drain_outbox', json_build_object('destination', v_destination));
      v_added := v_added + 1;
    end if;
  end loop;
  return v_added;
end
$$;
-- An owner must be allowed to create in the schema at the moment it becomes one (a superuser is not asked).
grant create on schema milepost to milepost_worker;
alter function milepost.outbox_wake(text[]) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.outbox_wake to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
