-- Opens a batch: locks its buckets, makes the players that are missing, and returns everything the decision needs, in one round trip.
--
-- p_bucket, p_user_id     the distinct players of the batch, sorted; a player's place in them (from 1) is how events refer to it
-- p_event_*               one element per event
-- p_game_no, p_cohort_id  the games and cohorts that the decision may ask about
-- p_game_since            for each game, the start of the earliest window that an event of the batch may fall into
-- p_rulings               what events of the batch rule about (see rulings_state); null for most batches
-- p_join_game_no, p_fold_game_no  of these games, those that players join, and those whose progress is folded anew from its credits
--
-- The statements stay separate and in this order. Under READ COMMITTED each sees what committed before it began, so the reads after the
-- lock see the work of whoever held it before; a statement that locked and read at once would return values from before the wait.
-- The lock is on buckets, in ascending order, and not on player rows: it writes no WAL, also covers rows that do not exist yet, and
-- cannot deadlock because every batch takes its buckets in the same order.
create or replace function milepost.open_batch(
  p_bucket smallint[], p_user_id text[],
  p_event_player integer[], p_event_id text[], p_producer text[],
  p_game_no integer[], p_game_since bigint[], p_join_game_no integer[], p_fold_game_no integer[], p_cohort_id text[],
  p_rulings json
) returns table (
  batch_no bigint, epoch bigint, opened_at timestamptz, player_ids text, repeats text, games text, rulings text, memberships text
)
-- Custom plans gain nothing here (every look-up is one probe per row) and would be made anew for each batch.
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_player_id bigint[];
begin
  perform pg_advisory_xact_lock(77001, locked.bucket)
    from (select distinct bucket::integer from unnest(p_bucket) as u(bucket) order by 1) as locked(bucket);

  v_player_id := milepost.players_of(p_bucket, p_user_id);

  return query select
    nextval('milepost.batch_no'),
    (select d.epoch from milepost.definitions d),
    clock_timestamp(),
    array_to_json(v_player_id)::text,
    milepost.inbox_repeats(p_bucket, v_player_id, p_event_player, p_event_id, p_producer),
    milepost.games_state(p_bucket, v_player_id, p_game_no, p_game_since, p_join_game_no, p_fold_game_no),
    milepost.rulings_state(p_bucket, v_player_id, p_game_no, p_game_since, p_rulings),
    milepost.cohorts_memberships(p_bucket, v_player_id, p_cohort_id);
end
$$;
grant execute on function milepost.open_batch to milepost_ingest;
