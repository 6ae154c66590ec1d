-- Players, and the inbox: what arrived, once. Hot tables lead their primary key with bucket so that the schema can be distributed without
-- being re-keyed, and carry no foreign keys: each would cost a probe and a row lock per inserted row. `milepost verify` checks those instead.

create table milepost.player (
  bucket     smallint not null,
  player_id  bigint   not null generated always as identity,
  user_id    text     not null collate "C",
  created_at timestamptz not null default now(),
  constraint player_pkey primary key (bucket, player_id),
  -- Not led by bucket: on empty statistics all indexes that are look alike to the planner, and this one would be taken for look-ups by number.
  constraint player_user_id_key unique (user_id, bucket),
  constraint player_bucket_check check (bucket between 0 and 255),
  constraint player_user_id_check check (octet_length(user_id) between 1 and 128)
);

create type milepost.event_outcome as enum (
  'applied', 'held', 'reversed', 'late', 'not_in_cohort', 'outside_window', 'no_match', 'rejected', 'waiting', 'failed'
);

-- The dedupe: an event's identity, kept for ever by default. event_id comes before player_id in the key so that support finds an event by
-- its id alone with one probe per bucket, without a second index.
create table milepost.event_key (
  bucket       smallint not null,
  event_id     text     not null collate "C",
  producer     text     not null collate "C",
  player_id    bigint   not null,
  event_no     bigint   not null,
  content_hash uuid     not null,
  outcome      milepost.event_outcome not null,
  reason       text,
  received_at  timestamptz not null,
  constraint event_key_pkey primary key (bucket, event_id, producer, player_id)
) with (fillfactor = 95);

-- Batches are numbered; an event's number is its batch's number * 4096 + its place in the batch.
create sequence milepost.batch_no as bigint;

-- The payloads, as the text that was hashed (json keeps it, jsonb would not). Partitioned by day of receipt so that old days are dropped by detaching them. No default partition: a row without a
-- partition is an error that ingestion answers by making the partition.
create table milepost.inbox (
  bucket        smallint not null,
  player_id     bigint   not null,
  received_at   timestamptz not null,
  event_no      bigint   not null,
  occurred_at   timestamptz not null,
  event_type    text     not null,
  event_version text     not null,
  source        text     not null,
  origin        text     not null,
  payload       json     not null,
  constraint inbox_pkey primary key (bucket, player_id, received_at, event_no)
) partition by range (received_at);

-- An event that could not be judged (a data error stood alone after splitting). The event is kept as text: the error may be in its payload.
create table milepost.event_failure (
  bucket    smallint not null,
  player_id bigint   not null,
  event_no  bigint   not null,
  event     text     not null,
  error     text     not null,
  failed_at timestamptz not null,
  constraint event_failure_pkey primary key (bucket, player_id, event_no)
);

-- The same identity with another content: recorded, nothing else changes.
create table milepost.event_conflict (
  bucket       smallint not null,
  player_id    bigint   not null,
  conflict_no  bigint   not null generated always as identity,
  event_no     bigint   not null,
  content_hash uuid     not null,
  origin       text     not null,
  payload      json     not null,
  received_at  timestamptz not null,
  constraint event_conflict_pkey primary key (bucket, player_id, conflict_no),
  constraint event_conflict_once unique (bucket, player_id, event_no, content_hash)
);

-- A message that could not be read as an event. message_key names the delivery (position and bytes), so that a redelivery parks it once.
create table milepost.parked_message (
  parked_no   bigint not null generated always as identity,
  message_key uuid   not null,
  source      text   not null,
  origin      text   not null,
  topic       text,
  partition   integer,
  "offset"    bigint,
  bytes       bytea  not null,
  reason      text   not null,
  detail      text   not null,
  received_at timestamptz not null,
  constraint parked_message_pkey primary key (parked_no),
  constraint parked_message_once unique (message_key)
);

-- The next offset to read of each Kafka partition, written in the batch's own transaction: a database restored from a backup re-reads
-- what it lost, whatever the broker remembers.
create table milepost.source_position (
  topic       text    not null,
  partition   integer not null,
  next_offset bigint  not null,
  updated_at  timestamptz not null,
  constraint source_position_pkey primary key (topic, partition),
  constraint source_position_next_offset_check check (next_offset >= 0)
);

grant select, insert on milepost.player, milepost.inbox, milepost.event_failure, milepost.event_conflict, milepost.parked_message
  to milepost_ingest;
grant select, insert on milepost.event_key to milepost_ingest;
grant update (content_hash, outcome, reason, received_at) on milepost.event_key to milepost_ingest;
grant update (error, failed_at) on milepost.event_failure to milepost_ingest;
grant select, insert, update on milepost.source_position to milepost_ingest;
grant usage on sequence milepost.batch_no to milepost_ingest;
grant select on milepost.player, milepost.event_key, milepost.inbox, milepost.event_failure, milepost.event_conflict,
  milepost.parked_message, milepost.source_position to milepost_support;
grant select on milepost.player, milepost.event_key to milepost_worker, milepost_api;
grant select, insert on milepost.player to milepost_owner;
