-- Writes what the games decided: credits, progress, claims, changes of claims' statuses (with their transitions), and joins. Credits, claims,
-- changes and joins name the event that caused them, and with it their player, by its place in the p_event_* arrays. A column of nulls may come as null.
-- A claim names its player itself where that is another one of the same person (p_claim_bucket, p_change_bucket, …).
create or replace function milepost.games_apply(
  p_event_bucket smallint[], p_event_player_id bigint[], p_event_no bigint[], p_event_occurred_at bigint[],
  p_credit_event integer[], p_credit_game_no integer[], p_credit_window_start bigint[], p_credit_trigger_id text[],
  p_credit_amount bigint[], p_credit_distinct_value text[], p_credit_held boolean[], p_credit_version integer[],
  p_credit_payment_id text[], p_credit_transaction_id text[], p_credit_event_id text[], p_credit_transaction_amount numeric[],
  p_progress_bucket smallint[], p_progress_player_id bigint[], p_progress_game_no integer[], p_progress_window_start bigint[],
  p_progress_value bigint[], p_progress_cleared bigint[], p_progress_claimed text[], p_progress_state jsonb[],
  p_progress_taken_back jsonb[],
  p_claim_event integer[], p_claim_bucket smallint[], p_claim_player_id bigint[], p_claim_game_no integer[], p_claim_window_start bigint[], p_claim_step bigint[], p_claim_earning smallint[],
  p_claim_step_type text[], p_claim_status milepost.claim_status[], p_claim_version integer[], p_claim_reward_type text[],
  p_claim_amount bigint[], p_claim_message_key uuid[],
  p_change_event integer[], p_change_bucket smallint[], p_change_player_id bigint[], p_change_game_no integer[], p_change_window_start bigint[], p_change_step bigint[],
  p_change_earning smallint[], p_change_from milepost.claim_status[], p_change_to milepost.claim_status[],
  p_join_event integer[], p_join_game_no integer[],
  p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
  v_change record;
begin
  -- Arrays are unnested side by side in a select list: in FROM, each would first be stored as a table of one column.
  insert into milepost.credit
    (bucket, player_id, game_no, window_start, event_no, trigger_id, amount, distinct_value, held, version, occurred_at, payment_id,
     transaction_id, event_id, transaction_amount)
  select p_event_bucket[c.event], p_event_player_id[c.event], c.game_no, milepost.instant_of(c.window_start), p_event_no[c.event],
         c.trigger_id, c.amount, c.distinct_value, coalesce(c.held, false), c.version, milepost.instant_of(p_event_occurred_at[c.event]), c.payment_id,
         c.transaction_id, c.event_id, c.transaction_amount
    from (
      select unnest(p_credit_event) as event, unnest(p_credit_game_no) as game_no, unnest(p_credit_window_start) as window_start,
             unnest(p_credit_trigger_id) as trigger_id, unnest(p_credit_amount) as amount,
             unnest(p_credit_distinct_value) as distinct_value, unnest(p_credit_held) as held,
             unnest(p_credit_version) as version, unnest(p_credit_payment_id) as payment_id,
             unnest(p_credit_transaction_id) as transaction_id, unnest(p_credit_event_id) as event_id,
             unnest(p_credit_transaction_amount) as transaction_amount
    ) as c;

  -- An upsert rather than an update joined to the arrays: it is one index probe per row under any statistics.
  insert into milepost.progress as p (bucket, player_id, game_no, window_start, value, cleared, claimed, state, taken_back, version,
                                      updated_at)
  select n.bucket, n.player_id, n.game_no, milepost.instant_of(n.window_start), n.value, n.cleared, n.claimed, n.state,
         n.taken_back, 1, p_now
    from (
      select unnest(p_progress_bucket) as bucket, unnest(p_progress_player_id) as player_id, unnest(p_progress_game_no) as game_no,
             unnest(p_progress_window_start) as window_start, unnest(p_progress_value) as value, unnest(p_progress_cleared) as cleared,
             unnest(p_progress_claimed)::bigint[] as claimed, unnest(p_progress_state) as state,
             unnest(p_progress_taken_back) as taken_back
    ) as n
  on conflict (bucket, player_id, game_no, window_start) do update
    set value = excluded.value, cleared = excluded.cleared, claimed = excluded.claimed, state = excluded.state,
        taken_back = excluded.taken_back, version = p.version + 1, updated_at = excluded.updated_at;

  if cardinality(p_claim_step) > 0 then
    insert into milepost.claim
      (bucket, player_id, game_no, window_start, step, earning, step_type, status, version, event_no, reward_type, amount, message_key,
       claimed_at)
    select coalesce(c.bucket, p_event_bucket[c.event]), coalesce(c.player_id, p_event_player_id[c.event]), c.game_no,
           milepost.instant_of(c.window_start), c.step, c.earning, c.step_type, c.status, c.version, p_event_no[c.event], c.reward_type, c.amount, c.message_key, p_now
      from unnest(p_claim_event, p_claim_bucket, p_claim_player_id, p_claim_game_no, p_claim_window_start, p_claim_step, p_claim_earning, p_claim_step_type, p_claim_status,
                  p_claim_version, p_claim_reward_type, p_claim_amount, p_claim_message_key)
        as c(event, bucket, player_id, game_no, window_start, step, earning, step_type, status, version, reward_type, amount, message_key);
  end if;

  if cardinality(p_change_step) > 0 then
    -- In the batch's order: a claim may change twice in it. Each change finds the claim as the one before has left it.
    for v_change in
      select c.event, coalesce(c.bucket, p_event_bucket[c.event]) as bucket, coalesce(c.player_id, p_event_player_id[c.event]) as player_id,
             c.game_no, milepost.instant_of(c.window_start) as window_start, c.step, c.earning, c.from_status, c.to_status
        from unnest(p_change_event, p_change_bucket, p_change_player_id, p_change_game_no, p_change_window_start, p_change_step, p_change_earning,
                    p_change_from, p_change_to)
          with ordinality as c(event, bucket, player_id, game_no, window_start, step, earning, from_status, to_status, at)
       order by c.at
    loop
      update milepost.claim c
         set status = v_change.to_status
       where c.bucket = v_change.bucket and c.player_id = v_change.player_id
         and c.game_no = v_change.game_no and c.window_start = v_change.window_start and c.step = v_change.step
         and c.earning = v_change.earning and c.status = v_change.from_status;
      if not found then
        raise exception 'step % of game % is not % any more', v_change.step, v_change.game_no, v_change.from_status
          using errcode = 'serialization_failure';
      end if;
      insert into milepost.claim_transition
        (bucket, player_id, game_no, window_start, step, earning, from_status, to_status, event_no, changed_at)
      values (v_change.bucket, v_change.player_id, v_change.game_no, v_change.window_start, v_change.step, v_change.earning,
              v_change.from_status, v_change.to_status, p_event_no[v_change.event], p_now);
    end loop;
  end if;

  if cardinality(p_join_event) > 0 then
    insert into milepost.game_join (bucket, player_id, game_no, joined_at, event_no)
    select p_event_bucket[j.event], p_event_player_id[j.event], j.game_no, milepost.instant_of(p_event_occurred_at[j.event]),
           p_event_no[j.event]
      from unnest(p_join_event, p_join_game_no) as j(event, game_no);
  end if;
end
$$;
grant execute on function milepost.games_apply to milepost_ingest;
