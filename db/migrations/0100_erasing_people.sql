-- A person of several players is erased with all of them. What other players' events say of an erased one is found by whom they name.

-- Each event that states something about a player besides its own (a merge, or its undoing): who is named, and where the event stands. Also of those that
-- were refused, which player_merge does not have. Append-only.
create table milepost.player_mention (
  bucket       smallint not null,
  player_id    bigint   not null,
  by_bucket    smallint not null,
  by_player_id bigint   not null,
  event_no     bigint   not null,
  constraint player_mention_pkey primary key (bucket, player_id, event_no)
);
create index player_mention_by on milepost.player_mention (by_bucket, by_player_id);
insert into milepost.player_mention (bucket, player_id, by_bucket, by_player_id, event_no)
select bucket, player_id, into_bucket, into_player_id, event_no from milepost.player_merge;

grant select, insert on milepost.player_mention to milepost_ingest;
grant select on milepost.player_mention to milepost_worker, milepost_api, milepost_support, milepost_owner, milepost_erase;

-- The name that is on its way out, until the erasure has ended: one that was broken off is gone on with for all players of the person, whichever is named.
alter table milepost.erasure add column user_id text collate "C";
alter table milepost.erasure add constraint erasure_user_id_check check (user_id is null or ended_at is null) not valid;
alter table milepost.erasure validate constraint erasure_user_id_check;
grant update (user_id) on milepost.erasure to milepost_erase;

grant select on milepost.player_merge to milepost_erase;
grant update (reason) on milepost.player_merge to milepost_erase;
