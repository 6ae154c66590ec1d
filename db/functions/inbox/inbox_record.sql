-- Records the judged events of a batch: their identities with the outcome, and their payloads. An event that had been judged before and has changed
-- nothing (redone; a null array: none is) keeps its identity and its number, and its payload if that was stored: one that failed has none. A second
-- insert of a known identity is impossible by the primary key.
create or replace function milepost.inbox_record(
  p_bucket smallint[], p_player_id bigint[], p_event_no bigint[], p_event_id text[], p_producer text[], p_content_hash uuid[],
  p_outcome milepost.event_outcome[], p_reason text[], p_received_at bigint[], p_occurred_at bigint[], p_event_type text[],
  p_event_version text[], p_source text[], p_origin text[], p_payload json[], p_redone boolean[]
) returns void
language plpgsql volatile as $$
begin
  -- Arrays are unnested side by side in a select list: in FROM, each would first be stored as a table of one column.
  insert into milepost.event_key (bucket, event_id, producer, player_id, event_no, content_hash, outcome, reason, received_at)
  select e.bucket, e.event_id, e.producer, e.player_id, e.event_no, e.content_hash, e.outcome, e.reason, milepost.instant_of(e.received_at)
    from (
      select unnest(p_bucket) as bucket, unnest(p_event_id) as event_id, unnest(p_producer) as producer,
             unnest(p_player_id) as player_id, unnest(p_event_no) as event_no, unnest(p_content_hash) as content_hash,
             unnest(p_outcome) as outcome, unnest(p_reason) as reason, unnest(p_received_at) as received_at, unnest(p_redone) as redone
    ) as e
   where e.redone is not true;

  insert into milepost.inbox
    (bucket, player_id, received_at, event_no, event_id, occurred_at, event_type, event_version, source, origin, payload)
  select e.bucket, e.player_id, milepost.instant_of(e.received_at), e.event_no, e.event_id, milepost.instant_of(e.occurred_at), e.event_type,
         e.event_version, e.source, e.origin, e.payload
    from (
      select unnest(p_bucket) as bucket, unnest(p_player_id) as player_id, unnest(p_received_at) as received_at,
             unnest(p_event_no) as event_no, unnest(p_event_id) as event_id, unnest(p_occurred_at) as occurred_at, unnest(p_event_type) as event_type,
             unnest(p_event_version) as event_version, unnest(p_source) as source, unnest(p_origin) as origin, unnest(p_payload) as payload,
             unnest(p_redone) as redone
    ) as e
   where e.redone is not true;

  if true = any (p_redone) then
    insert into milepost.inbox
      (bucket, player_id, received_at, event_no, event_id, occurred_at, event_type, event_version, source, origin, payload)
    select e.bucket, e.player_id, milepost.instant_of(e.received_at), e.event_no, e.event_id, milepost.instant_of(e.occurred_at), e.event_type,
           e.event_version, e.source, e.origin, e.payload
      from unnest(p_bucket, p_player_id, p_received_at, p_event_no, p_event_id, p_occurred_at, p_event_type, p_event_version, p_source, p_origin,
                  p_payload, p_redone)
        as e(bucket, player_id, received_at, event_no, event_id, occurred_at, event_type, event_version, source, origin, payload, redone)
     where e.redone
    on conflict do nothing;
    update milepost.event_key k
       set outcome = e.outcome, reason = e.reason, received_at = milepost.instant_of(e.received_at)
      from unnest(p_bucket, p_event_id, p_producer, p_player_id, p_outcome, p_reason, p_received_at, p_redone)
        as e(bucket, event_id, producer, player_id, outcome, reason, received_at, redone)
     where e.redone and k.bucket = e.bucket and k.event_id = e.event_id and k.producer = e.producer and k.player_id = e.player_id
       and k.outcome not in ('applied', 'held', 'reversed');
  end if;
end
$$;
grant execute on function milepost.inbox_record to milepost_ingest;
