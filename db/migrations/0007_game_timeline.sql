-- The second track of a game's timeline: when it is paused, resumed and ended, beside its versions; and the number by which two who change a game
-- at once find out about each other.

-- Raised by every change of the game's timeline. Whoever changes a game may say which number they saw.
alter table milepost.game add column revision integer not null default 0;
alter table milepost.game add constraint game_revision_check check (revision >= 0);

-- The games that were there before have had one change per version.
update milepost.game g set revision = (select count(*) from milepost.game_version v where v.game_no = g.game_no);

create type milepost.game_status as enum ('active', 'paused', 'ended');

-- Append-only, as versions are. The status in force at an instant is that of the highest change_no whose in_force_from is at or before it; before
-- all of them the game is active.
create table milepost.game_status_change (
  game_no       integer not null,
  change_no     integer not null,
  status        milepost.game_status not null,
  in_force_from timestamptz not null,
  changed_at    timestamptz not null,
  changed_by    text    not null,
  reason        text    not null,
  constraint game_status_change_pkey primary key (game_no, change_no),
  constraint game_status_change_game_fkey foreign key (game_no) references milepost.game (game_no),
  constraint game_status_change_change_no_check check (change_no > 0)
);

grant select on milepost.game_status_change to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert on milepost.game_status_change to milepost_owner;
grant update (revision) on milepost.game to milepost_owner;

-- What a change into the past would have touched is counted before it is refused. Payloads stay out of it.
grant select (bucket, player_id, received_at, occurred_at, event_type) on milepost.inbox to milepost_owner;
