-- Progress as a fold over more than a sum: archetypes with details, values that count once, logical transactions, games to join.

-- The value that a trigger of mode unique counts once; null for the other modes.
alter table milepost.credit add column distinct_value text collate "C";

-- The steps that have been claimed take the place of the greatest value for which they were: not every step is reached by the value alone.
-- state holds what folding needs beyond value and cleared, as {"all": [counted, detail], "cleared": …}; cleared is left out where nothing is held.
alter table milepost.progress add column claimed bigint[] not null default '{}';
update milepost.progress p
   set claimed = c.steps
  from (select bucket, player_id, game_no, window_start, array_agg(distinct step order by step) as steps
          from milepost.claim group by bucket, player_id, game_no, window_start) as c
 where (c.bucket, c.player_id, c.game_no, c.window_start) = (p.bucket, p.player_id, p.game_no, p.window_start);
alter table milepost.progress drop column reached;

-- A player's joining of an opt-in game. With windows from the join, joined_at is a window's identity.
create table milepost.game_join (
  bucket    smallint not null,
  player_id bigint   not null,
  game_no   integer  not null,
  joined_at timestamptz not null,
  event_no  bigint   not null,
  constraint game_join_pkey primary key (bucket, player_id, game_no, joined_at)
);

grant update (claimed) on milepost.progress to milepost_ingest;
grant select on milepost.game_join to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert on milepost.game_join to milepost_ingest;
