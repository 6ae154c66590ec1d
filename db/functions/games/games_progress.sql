-- The progress of the batch's players in the wanted games, as JSON rows
-- [player's place, game_no, window_start in ms, value, cleared, reached, state].
create or replace function milepost.games_progress(p_bucket smallint[], p_player_id bigint[], p_game_no integer[]) returns text
language plpgsql stable as $$
begin
  return (
    select coalesce(json_agg(json_build_array(
             wanted.place, p.game_no, (extract(epoch from p.window_start) * 1000)::bigint,
             p.value, p.cleared, p.reached, p.state)), '[]')::text
      from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
     cross join lateral (
        -- offset 0 keeps this one index range per player: flattened, an empty table's statistics would invite a scan of the whole table.
        select * from milepost.progress p
         where p.bucket = wanted.bucket and p.player_id = wanted.player_id and p.game_no = any (p_game_no)
        offset 0
      ) as p
  );
end
$$;
grant execute on function milepost.games_progress to milepost_ingest;
