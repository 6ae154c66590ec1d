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
--
-- Players that are one person come with all players of that person (people_open), and the lock is on the bucket of who counts for them as well:
-- whoever decides about a person holds it. player_ids is then what people_open says of people, and `apart`, what people_apart says.
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
  v_locked smallint[] := array(select distinct u.bucket from unnest(p_bucket) as u(bucket));
  v_missing smallint[];
  v_merged boolean;
  v_player_id bigint[];
  v_people record;
begin
  loop
    begin
      perform pg_advisory_xact_lock(77001, locked.bucket)
        from (select u.bucket::integer from unnest(v_locked) as u(bucket) order by 1) as locked(bucket);
      select o.player_ids, o.merged into v_player_id, v_merged from milepost.players_open(p_bucket, p_user_id) as o;
      exit when not v_merged;
      -- Who counts for a player changes only under the lock of who does.
      select * into v_people from milepost.people_open(p_bucket, v_player_id, p_event_player, p_event_id, p_producer);
      v_missing := array(select v_people.bucket[u.owner] from unnest(v_people.owner) as u(owner) except select unnest(v_locked));
      exit when v_missing = '{}';
      -- What is locked is given back with the block, so that the next round locks everything in order.
      v_locked := v_locked || v_missing;
      raise exception 'who counts for a player of the batch is in a bucket that is not locked' using errcode = 'MP001';
    exception when sqlstate 'MP001' then null;
    end;
  end loop;

  if not v_merged then
    select p_bucket as bucket, v_player_id as player_id, null::integer[] as owner, p_event_player as event_player, p_event_id as event_id,
           p_producer as producer, array_to_json(v_player_id) as people
      into v_people;
  else
    v_people.people := json_build_object(
      'players', v_people.people -> 'players', 'again', v_people.people -> 'again',
      'apart', milepost.people_apart(v_people.bucket, v_people.player_id, v_people.owner, p_event_player, p_event_id, p_producer, p_rulings));
  end if;
  return query select
    nextval('milepost.batch_no'),
    (select d.epoch from milepost.definitions d),
    clock_timestamp(),
    v_people.people::text,
    milepost.inbox_repeats(v_people.bucket, v_people.player_id, v_people.event_player, v_people.event_id, v_people.producer),
    milepost.games_state(v_people.bucket, v_people.player_id, p_game_no, p_game_since, p_join_game_no, p_fold_game_no),
    milepost.rulings_state(v_people.bucket, v_people.player_id, p_game_no, p_game_since, p_rulings, v_people.owner),
    milepost.cohorts_memberships(v_people.bucket, v_people.player_id, p_cohort_id);
end
$$;
grant execute on function milepost.open_batch to milepost_ingest;
