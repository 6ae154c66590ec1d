-- Sessions of ours in this database, and others that ours wait for. Runs with its owner's rights, who may see what other logins do
-- (pg_read_all_stats), and shows the statement of our own sessions only: theirs hold parameters' places, not their values.
create or replace function milepost.dba_sessions() returns table (
  pid integer, login text, application text, state text, transaction_began timestamptz, statement_began timestamptz, wait_event_type text,
  wait_event text, blocked_by integer[], statement text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query
    with session as materialized (
      select a.*, case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end as blockers,
             a.application_name like 'milepost%' as ours
        from pg_stat_activity a where a.datname = current_database() and a.backend_type = 'client backend'
    )
    select s.pid, s.usename::text, s.application_name, s.state, s.xact_start, s.query_start, s.wait_event_type, s.wait_event, s.blockers,
           case when s.ours then left(s.query, 120) end
      from session s
     where s.ours or s.pid in (select unnest(o.blockers) from session o where o.ours);
end
$$;
grant execute on function milepost.dba_sessions to milepost_dba, milepost_support;
