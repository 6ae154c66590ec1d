-- Who may do what. The roles cannot log in; a process connects as its own login user, which is a member of its role, and sets the role
-- on connecting. Roles belong to the whole server, so another database of the same server may have made them already.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['milepost_ingest', 'milepost_worker', 'milepost_api', 'milepost_owner', 'milepost_support'] loop
    begin
      execute format('create role %I nologin', v_role);
    exception when duplicate_object or unique_violation then
      null; -- made by another database of this server, perhaps at this very moment
    end;
    if not pg_has_role(current_user, v_role, 'usage') then
      execute format('grant %I to current_user', v_role);
    end if;
  end loop;
  -- The job queue's schema must belong to the role that runs the jobs: its tables have row-level security, under which a runner that
  -- is not their owner silently sees nothing.
  execute format('grant create on database %I to milepost_worker', current_database());
end
$$;

create schema milepost;
grant usage on schema milepost to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
