-- What open_batch answers, for a decision that is thrown away: no bucket is locked, no player is made, no number is taken. Players that do not exist
-- have no state. It takes and returns exactly what open_batch does.
create or replace function milepost.look_batch(
  p_bucket smallint[], p_user_id text[],
  p_event_player integer[], p_event_id text[], p_producer text[],
  p_game_no integer[], p_game_since bigint[], p_join_game_no integer[], p_fold_game_no integer[], p_cohort_id text[],
  p_rulings json
) returns table (
  batch_no bigint, epoch bigint, opened_at timestamptz, player_ids text, repeats text, games text, rulings text, memberships text
)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_player_id bigint[];
begin
  select array_agg(p.player_id order by wanted.place)
    into v_player_id
    from unnest(p_bucket, p_user_id) with ordinality as wanted(bucket, user_id, place)
    left join lateral (
      -- A range in the order of the wanted index: see player_facts.
      select p.player_id from milepost.player p
       where p.bucket = wanted.bucket and p.user_id between wanted.user_id and wanted.user_id
       order by p.user_id
       limit 1
    ) as p on true;

  return query select
    0::bigint,
    (select d.epoch from milepost.definitions d),
    clock_timestamp(),
    array_to_json(v_player_id)::text,
    milepost.inbox_repeats(p_bucket, v_player_id, p_event_player, p_event_id, p_producer),
    milepost.games_state(p_bucket, v_player_id, p_game_no, p_game_since, p_join_game_no, p_fold_game_no),
    milepost.rulings_state(p_bucket, v_player_id, p_game_no, p_game_since, p_rulings, p_lock => false),
    milepost.cohorts_memberships(p_bucket, v_player_id, p_cohort_id);
end
$$;
grant execute on function milepost.look_batch to milepost_ingest;
