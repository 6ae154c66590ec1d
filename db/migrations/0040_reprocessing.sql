-- Events that a person has judged anew, and parked messages that could be read after all: who asked, why, how far it is and what it changed.

-- One row per order. `wanted` is what was asked for, `position` what has been dealt with of it, so that an order that was broken off goes on
-- there; repeating a part of it changes nothing.
create table milepost.reprocess_run (
  run_no     bigint not null generated always as identity,
  wanted     jsonb  not null,
  asked_by   text   not null,
  reason     text   not null,
  started_at timestamptz not null,
  position   jsonb,
  looked_at  bigint not null default 0,
  changed    bigint not null default 0,
  ended_at   timestamptz,
  constraint reprocess_run_pkey primary key (run_no),
  constraint reprocess_run_counts_check check (changed >= 0 and looked_at >= changed)
);

-- Each judgement of an event after its first: a failed one that was delivered again (without a run), or one that a run judged anew. judged_no is
-- the number that the event would have if it had come then: event_no says when an event came, judged_no when it was judged. Append-only.
create table milepost.event_rejudged (
  bucket       smallint not null,
  player_id    bigint   not null,
  event_no     bigint   not null,
  judged_no    bigint   not null,
  from_outcome milepost.event_outcome not null,
  from_reason  text,
  to_outcome   milepost.event_outcome not null,
  to_reason    text,
  run_no       bigint,
  judged_at    timestamptz not null,
  constraint event_rejudged_pkey primary key (bucket, player_id, event_no, judged_no),
  constraint event_rejudged_order_check check (judged_no > event_no)
);

-- A parked message that could be read after all, and the event that it was. Append-only.
create table milepost.parked_resolution (
  parked_no   bigint not null,
  run_no      bigint not null,
  event_id    text   not null collate "C",
  producer    text   not null collate "C",
  outcome     text   not null,
  resolved_at timestamptz not null,
  constraint parked_resolution_pkey primary key (parked_no),
  constraint parked_resolution_message_fkey foreign key (parked_no) references milepost.parked_message (parked_no) on delete cascade,
  constraint parked_resolution_run_fkey foreign key (run_no) references milepost.reprocess_run (run_no)
);

-- The last batch that had begun when an entry of a game's timeline was written (null: none, or nobody noted it): batches up to there knew nothing
-- of it. An explanation judges an event by what was known when it was judged, whatever has been activated into the past since.
alter table milepost.game_version add column after_batch bigint;
alter table milepost.game_version alter column after_batch set default pg_sequence_last_value('milepost.batch_no');
alter table milepost.game_status_change add column after_batch bigint;
alter table milepost.game_status_change alter column after_batch set default pg_sequence_last_value('milepost.batch_no');
grant select on sequence milepost.batch_no to milepost_owner;

grant select, insert on milepost.reprocess_run, milepost.event_rejudged, milepost.parked_resolution to milepost_ingest;
grant update (position, looked_at, changed, ended_at) on milepost.reprocess_run to milepost_ingest;
grant select on milepost.reprocess_run, milepost.event_rejudged, milepost.parked_resolution to milepost_support, milepost_api;
