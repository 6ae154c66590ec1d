-- What keeps a Kafka partition from being read, beside its position (source_position).

-- A partition that is not read until a person has decided: its records are gone, its topic was made anew, or a batch of records is broken.
-- Deleting the row is the decision; moving source_position.next_offset before that says where to go on.
create table milepost.source_alarm (
  topic       text    not null,
  partition   integer not null,
  next_offset bigint  not null,
  reason      text    not null,
  detail      text    not null,
  raised_at   timestamptz not null,
  constraint source_alarm_pkey primary key (topic, partition),
  constraint source_alarm_reason_check check (reason in ('records_gone', 'log_restarted', 'undecodable'))
);

-- The first batch after an assignment commits that it has begun; a row that is found again is a start that killed its process. After several
-- of them events are processed one by one (alone), so that the next death names its event.
create table milepost.source_start (
  topic       text    not null,
  partition   integer not null,
  next_offset bigint  not null,
  alone       boolean not null,
  starts      integer not null,
  started_at  timestamptz not null,
  constraint source_start_pkey primary key (topic, partition),
  constraint source_start_starts_check check (starts >= 1)
);

grant select, insert on milepost.source_alarm to milepost_ingest;
grant select, insert, update, delete on milepost.source_start to milepost_ingest;
grant select on milepost.source_alarm, milepost.source_start to milepost_support, milepost_api;
