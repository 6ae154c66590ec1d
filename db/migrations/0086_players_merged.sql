-- Two players that are one person. Nothing that stands under one of them moves: from a merge on, one player counts for the other, too, and what
-- either has done is read together (docs/decisions/0086).

-- Every merge and every undoing of one, as it was stated. Append-only.
create table milepost.player_merge (
  bucket         smallint    not null,
  player_id      bigint      not null,
  event_no       bigint      not null,
  kind           text        not null,
  into_bucket    smallint    not null,
  into_player_id bigint      not null,
  reason         text        not null,
  stated_by      text        not null,
  stated_at      timestamptz not null,
  constraint player_merge_pkey primary key (bucket, player_id, event_no),
  constraint player_merge_kind_check check (kind in ('merged', 'unmerged')),
  constraint player_merge_other_check check ((bucket, player_id) <> (into_bucket, into_player_id))
);

-- Who counts for whom now: one row for each player that was merged. `owner` is the end of the chain and counts for all of its members; `into` is what
-- the player itself was merged into. As a player has one row and an owner has none, there is no circle.
create table milepost.player_owner (
  bucket         smallint    not null,
  player_id      bigint      not null,
  owner_bucket   smallint    not null,
  owner_id       bigint      not null,
  into_bucket    smallint    not null,
  into_player_id bigint      not null,
  merged_at      timestamptz not null,
  constraint player_owner_pkey primary key (bucket, player_id),
  constraint player_owner_other_check check ((bucket, player_id) <> (owner_bucket, owner_id))
);
create index player_owner_owner on milepost.player_owner (owner_bucket, owner_id);

-- How often a player's person has changed; 0: the player has always been alone, and nobody has to look further. The versions of the projection rise with it.
alter table milepost.player add column merges integer not null default 0;
alter table milepost.player add constraint player_merges_check check (merges between 0 and 9000) not valid;
alter table milepost.player validate constraint player_merges_check;

grant select, insert on milepost.player_merge to milepost_ingest;
grant select, insert, update (owner_bucket, owner_id), delete on milepost.player_owner to milepost_ingest;
grant update (merges) on milepost.player to milepost_ingest;
grant select on milepost.player_merge, milepost.player_owner to milepost_worker, milepost_api, milepost_support, milepost_owner;

-- Who erases players (0090) folds progress anew, and has to see who counts for whom.
do $$
begin
  create role milepost_erase nologin;
exception when duplicate_object or unique_violation then
  null; -- made by another database of this server, perhaps at this very moment
end
$$;
grant select on milepost.player_owner to milepost_erase;
