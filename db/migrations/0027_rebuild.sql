-- Rebuilding progress from the ledgers: how far it is, so that it can be gone on with, and what it changed, by whose order.

-- Everything up to (bucket, player_id) has been folded again. One at a time.
create table milepost.rebuild (
  rebuild_no bigint   not null generated always as identity,
  bucket     smallint not null default 0,
  player_id  bigint   not null default 0,
  players    bigint   not null default 0,
  changed    bigint   not null default 0,
  started_by text     not null,
  reason     text     not null,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  ended_at   timestamptz,
  constraint rebuild_pkey primary key (rebuild_no)
);
create unique index rebuild_open on milepost.rebuild ((true)) where ended_at is null;

-- Sums over the windows of a bucket that do not depend on their order: of what the ledgers add up to, and of what stood in progress in the end.
create table milepost.rebuild_bucket (
  rebuild_no bigint   not null,
  bucket     smallint not null,
  windows    bigint   not null,
  expected   numeric  not null,
  stored     numeric  not null,
  constraint rebuild_bucket_pkey primary key (rebuild_no, bucket)
);

-- Each row of progress that was not what the ledgers add up to; progress_before is null where there was none. Append-only.
create table milepost.rebuild_change (
  rebuild_no      bigint   not null,
  bucket          smallint not null,
  player_id       bigint   not null,
  game_no         integer  not null,
  window_start    timestamptz not null,
  progress_before jsonb,
  progress_after  jsonb    not null,
  changed_at      timestamptz not null,
  constraint rebuild_change_pkey primary key (rebuild_no, bucket, player_id, game_no, window_start)
);

grant select on milepost.rebuild, milepost.rebuild_bucket, milepost.rebuild_change
  to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert on milepost.rebuild, milepost.rebuild_bucket, milepost.rebuild_change to milepost_ingest;
grant update (bucket, player_id, players, changed, updated_at, ended_at) on milepost.rebuild to milepost_ingest;
grant update (windows, expected, stored) on milepost.rebuild_bucket to milepost_ingest;
