-- The held claims of the batch's players in the wanted games, as JSON rows
-- [player's place, game_no, window_start in ms, step, earning, step_type, version, reward_type, amount].
-- Only progress with something held can have one, which is rare: the claims are looked up for those rows alone.
create or replace function milepost.games_held_claims(p_bucket smallint[], p_player_id bigint[], p_game_no integer[]) returns text
language plpgsql stable as $$
begin
  return (
    select coalesce(json_agg(json_build_array(
             wanted.place, c.game_no, (extract(epoch from c.window_start) * 1000)::bigint,
             c.step, c.earning, c.step_type, c.version, c.reward_type, c.amount)), '[]')::text
      from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
     cross join lateral (
        select * from milepost.progress p
         where p.bucket = wanted.bucket and p.player_id = wanted.player_id and p.game_no = any (p_game_no) and p.cleared < p.value
        offset 0
      ) as p
     cross join lateral (
        select * from milepost.claim c
         where c.bucket = p.bucket and c.player_id = p.player_id and c.game_no = p.game_no
           and c.window_start = p.window_start and c.status = 'held'
        offset 0
      ) as c
  );
end
$$;
grant execute on function milepost.games_held_claims to milepost_ingest;
