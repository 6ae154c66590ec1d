-- Applies the decision of a batch, in one round trip: what the inbox records, what the games and cohorts changed, what leaves through the outbox, and
-- the position of the source (null topic: it has none). Arrays of one group have one element per row, or are null where the whole column is;
-- instants are milliseconds; credits, claims and changes of claims name their event by its place. Called in the transaction of the open_batch it answers.
create or replace function milepost.apply_batch(
  p_event_bucket smallint[], p_event_player_id bigint[], p_event_no bigint[], p_event_id text[], p_event_producer text[],
  p_event_content_hash uuid[], p_event_outcome milepost.event_outcome[], p_event_reason text[], p_event_received_at bigint[],
  p_event_occurred_at bigint[], p_event_type text[], p_event_version text[], p_event_source text[], p_event_origin text[],
  p_event_payload json[], p_event_redone boolean[],
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
  p_statement_bucket smallint[], p_statement_player_id bigint[], p_statement_cohort_id text[], p_statement_valid_from bigint[],
  p_statement_member boolean[],
  p_message_bucket smallint[], p_message_destination text[], p_message_key uuid[], p_message_after_key uuid[], p_message_body jsonb[],
  p_rulings json,
  p_topic text, p_partition integer, p_from_offset bigint, p_next_offset bigint,
  p_now timestamptz
) returns void
-- Custom plans gain nothing here (every look-up is one probe per row) and would be made anew for each batch.
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
begin
  perform milepost.inbox_record(
    p_event_bucket, p_event_player_id, p_event_no, p_event_id, p_event_producer, p_event_content_hash, p_event_outcome, p_event_reason,
    p_event_received_at, p_event_occurred_at, p_event_type, p_event_version, p_event_source, p_event_origin, p_event_payload,
    p_event_redone);
  perform milepost.games_apply(
    p_event_bucket, p_event_player_id, p_event_no, p_event_occurred_at,
    p_credit_event, p_credit_game_no, p_credit_window_start, p_credit_trigger_id, p_credit_amount, p_credit_distinct_value,
    p_credit_held, p_credit_version, p_credit_payment_id, p_credit_transaction_id, p_credit_event_id, p_credit_transaction_amount,
    p_progress_bucket, p_progress_player_id, p_progress_game_no, p_progress_window_start, p_progress_value, p_progress_cleared,
    p_progress_claimed, p_progress_state, p_progress_taken_back,
    p_claim_event, p_claim_bucket, p_claim_player_id, p_claim_game_no, p_claim_window_start, p_claim_step, p_claim_earning, p_claim_step_type, p_claim_status,
    p_claim_version, p_claim_reward_type, p_claim_amount, p_claim_message_key,
    p_change_event, p_change_bucket, p_change_player_id, p_change_game_no, p_change_window_start, p_change_step, p_change_earning, p_change_from, p_change_to,
    p_join_event, p_join_game_no,
    p_now);
  perform milepost.cohorts_apply(
    p_statement_bucket, p_statement_player_id, p_statement_cohort_id, p_statement_valid_from, p_statement_member);
  perform milepost.outbox_append(p_message_bucket, p_message_destination, p_message_key, p_message_body, p_now, p_message_after_key);
  -- After the messages: one that this batch has written may be cancelled by it.
  perform milepost.rulings_apply(p_rulings, p_now);
  perform milepost.players_apply(p_rulings -> 'merge', p_now);
  if p_message_after_key is not null then
    -- What is waited for may have ended already.
    perform milepost.outbox_follow(p_message_after_key, cardinality(p_message_after_key), p_now);
  end if;
  perform milepost.inbox_advance(p_topic, p_partition, p_from_offset, p_next_offset, p_now);
end
$$;
grant execute on function milepost.apply_batch to milepost_ingest;
