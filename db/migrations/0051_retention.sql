-- Days of the inbox go when nobody asks for their payloads any more. `detach … concurrently`, which stops no batch, can run in no function, so that it takes
-- a session of the inbox's owner; that is a role of its own, which owns nothing else.
do $$
declare
  v_partition regclass;
begin
  begin
    create role milepost_retention nologin;
  exception when duplicate_object or unique_violation then
    null; -- made by another database of this server, perhaps at this very moment
  end;
  if not pg_has_role(current_user, 'milepost_retention', 'usage') then
    grant milepost_retention to current_user;
  end if;
  -- It makes the days as well: milepost.inbox_partition runs with its rights.
  grant usage, create on schema milepost to milepost_retention;
  alter table milepost.inbox owner to milepost_retention;
  for v_partition in select inhrelid from pg_inherits where inhparent = 'milepost.inbox'::regclass loop
    execute format('alter table %s owner to milepost_retention', v_partition);
  end loop;
end
$$;

-- What each day that goes comes to, written before anything is done to it: whoever finds it unfinished goes on from there.
-- archive_folder: where its events are to be kept first; null: nowhere.
create table milepost.retired_partition (
  retired_no     bigint not null generated always as identity,
  partition      text   not null,
  day            date   not null,
  archive_folder text,
  begun_at       timestamptz not null,
  detached_at    timestamptz,
  archive_file   text,
  archive_events bigint,
  archive_bytes  bigint,
  archive_sha256 text,
  archived_at    timestamptz,
  dropped_at     timestamptz,
  constraint retired_partition_pkey primary key (retired_no),
  constraint retired_partition_archive_check
    check ((archived_at is null) = (archive_file is null or archive_events is null or archive_bytes is null or archive_sha256 is null)),
  constraint retired_partition_dropped_check
    check (dropped_at is null or (detached_at is not null and (archive_folder is null or archived_at is not null)))
);
-- A day that was dropped may begin anew under the same name (a file with old events) and go again.
create unique index retired_partition_once on milepost.retired_partition (partition) where dropped_at is null;

-- One row: what the last run of the retention job was told, so that views can say what will go. Null: kept for ever.
create table milepost.retention_policy (
  one            boolean not null default true,
  inbox_days     integer,
  event_key_days integer,
  archive_folder text,
  applied_at     timestamptz not null,
  constraint retention_policy_pkey primary key (one),
  constraint retention_policy_one_check check (one),
  constraint retention_policy_days_check check (inbox_days > 0 and (event_key_days is null or event_key_days >= inbox_days))
);

grant select, insert on milepost.retired_partition to milepost_retention;
grant update (detached_at, archive_file, archive_events, archive_bytes, archive_sha256, archived_at, dropped_at)
  on milepost.retired_partition to milepost_retention;
grant select, insert, update on milepost.retention_policy to milepost_retention;
grant select on milepost.retired_partition, milepost.retention_policy to milepost_support;
-- Archives say who and which event.
grant select on milepost.player, milepost.event_key to milepost_retention;
grant usage on schema milepost_dba to milepost_retention;
