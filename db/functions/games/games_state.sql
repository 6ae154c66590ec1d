-- What the games know of the batch's players in the wanted games, as JSON {"progress": [column, …], "held": [column, …]}:
-- progress columns: player's place, game_no, window_start in ms, value, cleared, reached, state;
-- held claims' columns: player's place, game_no, window_start in ms, step, earning, step_type, version, reward_type, amount.
-- Columns, not rows: one array per column is built several times faster than one array per row.
create or replace function milepost.games_state(p_bucket smallint[], p_player_id bigint[], p_game_no integer[]) returns text
language plpgsql stable as $$
declare
  v_progress json;
  v_held json;
  v_something_held boolean;
begin
  select json_build_array(array_agg(wanted.place), array_agg(p.game_no), array_agg(milepost.ms_of(p.window_start)), array_agg(p.value),
                          array_agg(p.cleared), array_agg(p.reached), array_agg(p.state)),
         bool_or(p.cleared < p.value)
    into v_progress, v_something_held
    from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
   cross join lateral (
      -- offset 0 keeps this one index range per player: flattened, an empty table's statistics would invite a scan of the whole table.
      select p.game_no, p.window_start, p.value, p.cleared, p.reached, p.state from milepost.progress p
       where p.bucket = wanted.bucket and p.player_id = wanted.player_id and p.game_no = any (p_game_no)
      offset 0
    ) as p;

  -- Only progress of which something is held can have a held claim, which is rare.
  if v_something_held then
    select json_build_array(array_agg(wanted.place), array_agg(c.game_no), array_agg(milepost.ms_of(c.window_start)), array_agg(c.step),
                            array_agg(c.earning), array_agg(c.step_type), array_agg(c.version), array_agg(c.reward_type),
                            array_agg(c.amount))
      into v_held
      from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
     cross join lateral (
        select c.* from milepost.claim c
         where c.bucket = wanted.bucket and c.player_id = wanted.player_id and c.game_no = any (p_game_no) and c.status = 'held'
        offset 0
      ) as c;
  end if;
  return json_build_object('progress', v_progress, 'held', v_held)::text;
end
$$;
grant execute on function milepost.games_state to milepost_ingest;
