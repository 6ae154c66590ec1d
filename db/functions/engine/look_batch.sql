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
  v_merged boolean;
  v_people record;
begin
  select array_agg(p.player_id order by wanted.place), bool_or(p.merges > 0)
    into v_player_id, v_merged
    from unnest(p_bucket, p_user_id) with ordinality as wanted(bucket, user_id, place)
    left join lateral (
      -- A range in the order of the wanted index: see player_facts.
      select p.player_id, p.merges from milepost.player p
       where p.bucket = wanted.bucket and p.user_id between wanted.user_id and wanted.user_id
       order by p.user_id
       limit 1
    ) as p on true;

  if v_merged then
    -- Nobody has the number below 0 that a player who does not exist is given.
    select * into v_people
      from milepost.people_open(p_bucket, array(select coalesce(u.player_id, -u.place) from unnest(v_player_id) with ordinality as u(player_id, place)),
                                p_event_player, p_event_id, p_producer);
  else
    select p_bucket as bucket, v_player_id as player_id, null::integer[] as owner, p_event_player as event_player, p_event_id as event_id,
           p_producer as producer, array_to_json(v_player_id) as people
      into v_people;
  end if;
  return query select
    0::bigint,
    (select d.epoch from milepost.definitions d),
    clock_timestamp(),
    v_people.people::text,
    milepost.inbox_repeats(v_people.bucket, v_people.player_id, v_people.event_player, v_people.event_id, v_people.producer),
    milepost.games_state(v_people.bucket, v_people.player_id, p_game_no, p_game_since, p_join_game_no, p_fold_game_no),
    milepost.rulings_state(v_people.bucket, v_people.player_id, p_game_no, p_game_since, p_rulings, v_people.owner, p_lock => false),
    milepost.cohorts_memberships(v_people.bucket, v_people.player_id, p_cohort_id);
end
$$;
grant execute on function milepost.look_batch to milepost_ingest;
