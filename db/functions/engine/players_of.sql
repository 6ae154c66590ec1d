-- Called by the form of open_batch before players could be merged; players_open has taken its place.
-- The player ids of (bucket, user_id) pairs, in their order; players that do not exist yet are made, sorted, so that two callers that make
-- the same ones wait for each other in one direction only.
create or replace function milepost.players_of(p_bucket smallint[], p_user_id text[]) returns bigint[]
language plpgsql volatile as $$
declare
  v_player_id bigint[];
  v_missing boolean[];
begin
  for v_round in 1 .. 2 loop
    -- `lateral … limit 1` stays one index probe per row whatever the statistics say; a plain join may become a scan of the whole table.
    select array_agg(known.player_id order by wanted.place) into v_player_id
      from unnest(p_bucket, p_user_id) with ordinality as wanted(bucket, user_id, place)
      left join lateral (
        select p.player_id from milepost.player p where p.bucket = wanted.bucket and p.user_id = wanted.user_id limit 1
      ) as known on true;
    exit when array_position(v_player_id, null) is null;
    v_missing := array(select player_id is null from unnest(v_player_id) as known(player_id));

    insert into milepost.player (bucket, user_id)
    select wanted.bucket, wanted.user_id
      from unnest(p_bucket, p_user_id, v_player_id) as wanted(bucket, user_id, player_id)
     where wanted.player_id is null
     order by wanted.bucket, wanted.user_id collate "C"
    on conflict (bucket, user_id) do nothing;
  end loop;
  if v_missing is not null then
    perform milepost.erased_return(array_agg(wanted.bucket), array_agg(wanted.user_id))
       from unnest(p_bucket, p_user_id, v_missing) as wanted(bucket, user_id, missing) where wanted.missing;
  end if;
  -- Of no players (a batch of parked messages only) array_agg makes null.
  return coalesce(v_player_id, '{}');
end
$$;
grant execute on function milepost.players_of to milepost_ingest;
