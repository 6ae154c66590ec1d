-- Stores an event that could not be judged: its identity with outcome `failed`, the event as text and the error. Called with the bucket locked
-- (open_batch), so that nobody else is judging the same event. Fails again: the newer error replaces the older one.
create or replace function milepost.inbox_fail(
  p_bucket smallint, p_player_id bigint, p_event_no bigint, p_event_id text, p_producer text, p_content_hash uuid,
  p_received_at timestamptz, p_event text, p_error text
) returns void
language plpgsql volatile as $$
begin
  insert into milepost.event_key (bucket, event_id, producer, player_id, event_no, content_hash, outcome, reason, received_at)
  values (p_bucket, p_event_id, p_producer, p_player_id, p_event_no, p_content_hash, 'failed', 'data_error', p_received_at)
  on conflict (bucket, event_id, producer, player_id) do nothing;
  insert into milepost.event_failure as f (bucket, player_id, event_no, event, error, failed_at)
  values (p_bucket, p_player_id, p_event_no, p_event, p_error, clock_timestamp())
  on conflict (bucket, player_id, event_no) do update set error = excluded.error, failed_at = excluded.failed_at;
end
$$;
grant execute on function milepost.inbox_fail to milepost_ingest;
