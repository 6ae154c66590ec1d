-- The events of the batch whose identity is known already, as JSON columns: place, event_no, content_hash, outcome, reason.
create or replace function milepost.inbox_repeats(
  p_bucket smallint[], p_player_id bigint[], p_event_player integer[], p_event_id text[], p_producer text[]
) returns text
language plpgsql stable as $$
begin
  return (
    select json_build_array(array_agg(wanted.place), array_agg(k.event_no), array_agg(k.content_hash), array_agg(k.outcome),
                            array_agg(k.reason))::text
      from unnest(p_event_player, p_event_id, p_producer) with ordinality as wanted(player, event_id, producer, place)
     cross join lateral (
        select e.event_no, e.content_hash, e.outcome, e.reason
          from milepost.event_key e
         where e.bucket = p_bucket[wanted.player] and e.event_id = wanted.event_id
           and e.producer = wanted.producer and e.player_id = p_player_id[wanted.player]
         limit 1
      ) as k
  );
end
$$;
grant execute on function milepost.inbox_repeats to milepost_ingest;
