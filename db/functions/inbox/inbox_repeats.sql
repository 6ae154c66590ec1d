-- The events of the batch whose identity is known already, as JSON rows [place, event_no, content_hash, outcome, reason].
create or replace function milepost.inbox_repeats(
  p_bucket smallint[], p_player_id bigint[], p_event_player integer[], p_event_id text[], p_producer text[]
) returns text
language plpgsql stable as $$
begin
  return (
    select coalesce(json_agg(json_build_array(wanted.place, k.event_no, k.content_hash, k.outcome, k.reason)), '[]')::text
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
