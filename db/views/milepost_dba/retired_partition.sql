-- Days that were retired, or are being: when each was detached, archived and dropped, and where its archive is.
create or replace view milepost_dba.retired_partition as
select r.partition, r.day, r.begun_at, r.detached_at, r.archived_at, r.dropped_at, r.archive_folder, r.archive_file, r.archive_events, r.archive_bytes,
       r.archive_sha256
  from milepost.retired_partition r;
comment on view milepost_dba.retired_partition is 'Days that were retired, or are being, and where their archives are.';
grant select on milepost_dba.retired_partition to milepost_dba;
