-- Records the judged events of a batch: their identities with the outcome, and their payloads. An event that had failed before (redone) keeps
-- its identity and its number. A second insert of a known identity is impossible by the primary key.
create or replace function milepost.inbox_record(
  p_bucket smallint[], p_player_id bigint[], p_event_no bigint[], p_event_id text[], p_producer text[], p_content_hash uuid[],
  p_outcome milepost.event_outcome[], p_reason text[], p_received_at bigint[], p_occurred_at bigint[], p_event_type text[],
  p_event_version text[], p_source text[], p_origin text[], p_payload jsonb[], p_redone boolean[]
) returns void
language plpgsql volatile as $$
begin
  insert into milepost.event_key (bucket, event_id, producer, player_id, event_no, content_hash, outcome, reason, received_at)
  select e.bucket, e.event_id, e.producer, e.player_id, e.event_no, e.content_hash, e.outcome, e.reason, milepost.instant_of(e.received_at)
    from unnest(p_bucket, p_event_id, p_producer, p_player_id, p_event_no, p_content_hash, p_outcome, p_reason, p_received_at, p_redone)
      as e(bucket, event_id, producer, player_id, event_no, content_hash, outcome, reason, received_at, redone)
   where not e.redone;

  insert into milepost.inbox
    (bucket, player_id, received_at, event_no, occurred_at, event_type, event_version, source, origin, payload)
  select e.bucket, e.player_id, milepost.instant_of(e.received_at), e.event_no, milepost.instant_of(e.occurred_at), e.event_type,
         e.event_version, e.source, e.origin, e.payload
    from unnest(p_bucket, p_player_id, p_received_at, p_event_no, p_occurred_at, p_event_type, p_event_version, p_source, p_origin,
                p_payload)
      as e(bucket, player_id, received_at, event_no, occurred_at, event_type, event_version, source, origin, payload);

  if true = any (p_redone) then
    update milepost.event_key k
       set outcome = e.outcome, reason = e.reason, received_at = milepost.instant_of(e.received_at)
      from unnest(p_bucket, p_event_id, p_producer, p_player_id, p_outcome, p_reason, p_received_at, p_redone)
        as e(bucket, event_id, producer, player_id, outcome, reason, received_at, redone)
     where e.redone and k.bucket = e.bucket and k.event_id = e.event_id and k.producer = e.producer and k.player_id = e.player_id
       and k.outcome = 'failed';
  end if;
end
$$;
grant execute on function milepost.inbox_record to milepost_ingest;
