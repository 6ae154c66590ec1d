-- Makes the inbox partition of a day (UTC) unless it exists. Runs as the inbox's owner: the role that ingests may not create tables.
-- The advisory lock keeps two callers from making the same partition at once; attaching a freshly made, empty table needs only a
-- SHARE UPDATE EXCLUSIVE lock on the inbox, so that running batches are not stopped.
create or replace function milepost.inbox_partition(p_day date) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  c_day constant text := 'inbox_' || to_char(p_day, 'YYYYMMDD');
  v_name text := c_day;
  v_number integer := 1;
begin
  if p_day not between date '2000-01-01' and date '2100-12-31' then
    raise exception 'no inbox partition for %: received_at must lie between 2000 and 2100', p_day using errcode = '22008';
  end if;
  perform pg_advisory_xact_lock(77002, 0);
  while to_regclass('milepost.' || v_name) is not null loop
    if exists (select from pg_inherits i where i.inhrelid = to_regclass('milepost.' || v_name) and not i.inhdetachpending) then
      return false;
    end if;
    -- Retention began to detach it and did not get to the end: the day cannot begin anew before that.
    if exists (select from pg_inherits i where i.inhrelid = to_regclass('milepost.' || v_name)) then
      execute format('alter table milepost.inbox detach partition milepost.%I finalize', v_name);
    end if;
    -- It was detached and kept: it is left alone, and the day begins anew under another name.
    v_number := v_number + 1;
    v_name := c_day || '_' || v_number;
  end loop;
  -- Its rows come once and go with it: no vacuum has anything to do there, but for the one against wraparound.
  execute format('create table milepost.%I (like milepost.inbox including defaults including constraints including indexes)
                    with (autovacuum_vacuum_insert_threshold = -1)', v_name);
  execute format('alter table milepost.inbox attach partition milepost.%I for values from (%L) to (%L)',
    v_name, p_day::timestamp at time zone 'UTC', (p_day + 1)::timestamp at time zone 'UTC');
  return true;
end
$$;
alter function milepost.inbox_partition(date) owner to milepost_retention;
grant execute on function milepost.inbox_partition to milepost_ingest, milepost_worker;
