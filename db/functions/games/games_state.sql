-- What the games know of the batch's players in the wanted games, in windows that start at p_game_since (in ms) or later, as JSON {"progress": …, "held": …, "joins": …, "credits": …}, each a list of
-- columns or null:
-- progress: player's place, game_no, window_start in ms, value, cleared, claimed steps, state, what was taken back;
-- held and kept claims: player's place, game_no, window_start in ms, step, earning, step_type, status, version, reward_type, amount, netted, sending,
-- over budget (see rulings_state; of a held claim nothing was sent, and a kept one is not changed but for its name);
-- joins, in the games of p_join_game_no: player's place, game_no, joined_at in ms;
-- credits, in the games of p_fold_game_no: see credits_of.
-- Columns, not rows: one array per column is built several times faster than one array per row.
create or replace function milepost.games_state(
  p_bucket smallint[], p_player_id bigint[], p_game_no integer[], p_game_since bigint[], p_join_game_no integer[], p_fold_game_no integer[]
) returns text
language plpgsql stable as $$
declare
  v_progress json;
  v_held json;
  v_joins json;
  v_credits json;
  v_something_apart boolean;
  v_place integer[];
  v_bucket smallint[];
  v_player_id bigint[];
  v_game_no integer[];
  v_since bigint[];
begin
  select json_build_array(array_agg(wanted.place), array_agg(p.game_no), array_agg(milepost.ms_of(p.window_start)), array_agg(p.value),
                          array_agg(p.cleared), array_agg(to_json(p.claimed)), array_agg(p.state), array_agg(p.taken_back)),
         bool_or(p.cleared < p.value or p.state ? 'cleared' or p.taken_back is not null)
    into v_progress, v_something_apart
    from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
   cross join unnest(p_game_no, p_game_since) as g(game_no, since)
   cross join lateral (
      -- offset 0 keeps this one index range per player and game: flattened, an empty table's statistics would invite a scan of the whole table.
      select p.game_no, p.window_start, p.value, p.cleared, p.claimed, p.state, p.taken_back from milepost.progress p
       where p.bucket = wanted.bucket and p.player_id = wanted.player_id and p.game_no = g.game_no
         and p.window_start >= milepost.instant_of(g.since)
      offset 0
    ) as p;

  -- Only progress of which something is held can have a held claim, and only one of which something was taken back a kept one: both are rare.
  if v_something_apart then
    select json_build_array(array_agg(wanted.place), array_agg(c.game_no), array_agg(milepost.ms_of(c.window_start)), array_agg(c.step),
                            array_agg(c.earning), array_agg(c.step_type), array_agg(c.status), array_agg(c.version),
                            array_agg(c.reward_type), array_agg(c.amount), array_agg(0),
                            array_agg(case c.status when 'held' then 'none' else 'sent' end), array_agg(false))
      into v_held
      from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
     cross join unnest(p_game_no, p_game_since) as g(game_no, since)
     cross join lateral (
        select c.* from milepost.claim c
         where c.bucket = wanted.bucket and c.player_id = wanted.player_id and c.game_no = g.game_no
           and c.window_start >= milepost.instant_of(g.since) and c.status in ('held', 'kept')
        offset 0
      ) as c;
  end if;

  if cardinality(p_join_game_no) > 0 then
    select json_build_array(array_agg(wanted.place), array_agg(j.game_no), array_agg(milepost.ms_of(j.joined_at)))
      into v_joins
      from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
     cross join lateral (
        select j.game_no, j.joined_at from milepost.game_join j
         where j.bucket = wanted.bucket and j.player_id = wanted.player_id and j.game_no = any (p_join_game_no)
        offset 0
      ) as j;
  end if;

  if cardinality(p_fold_game_no) > 0 then
    select array_agg(wanted.place), array_agg(p_bucket[wanted.place]), array_agg(p_player_id[wanted.place]), array_agg(g.game_no), array_agg(g.since)
      into v_place, v_bucket, v_player_id, v_game_no, v_since
      from generate_subscripts(p_bucket, 1) as wanted(place)
     cross join unnest(p_game_no, p_game_since) as g(game_no, since)
     where g.game_no = any (p_fold_game_no);
    v_credits := milepost.credits_of(v_place, v_bucket, v_player_id, v_game_no, v_since, null);
  end if;
  return json_build_object('progress', v_progress, 'held', v_held, 'joins', v_joins, 'credits', v_credits)::text;
end
$$;
grant execute on function milepost.games_state to milepost_ingest;
