-- The players of a batch with all others that are one person with any of them, for a batch that has such players: the given ones first, in their order,
-- then the others. Events are asked for under each player of their person: the given ones first, then again for the others.
--
-- owner   for each player, the place of the one that counts for the person
-- people  what the decision has to know, as JSON {"players": columns of bucket, player_id, user_id, owner (place), into (player_id of what it was merged
--         into, or null), merged_at (in ms, or null); "again": columns of the events that are asked for again: place of the event, place of
--         the player}
create or replace function milepost.people_open(
  p_bucket smallint[], p_player_id bigint[], p_event_player integer[], p_event_id text[], p_producer text[]
) returns table (
  bucket smallint[], player_id bigint[], owner integer[], event_player integer[], event_id text[], producer text[], people json
)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
  v_bucket smallint[];
  v_player_id bigint[];
  v_owner integer[];
  v_players json;
begin
  with named as (
    select u.bucket, u.player_id, u.place from unnest(p_bucket, p_player_id) with ordinality as u(bucket, player_id, place)
  ), owners as (
    select distinct coalesce(o.owner_bucket, n.bucket) as bucket, coalesce(o.owner_id, n.player_id) as player_id
      from named n
      left join lateral (
        select o.owner_bucket, o.owner_id from milepost.player_owner o where o.bucket = n.bucket and o.player_id = n.player_id limit 1
      ) as o on true
  ), members as (
    select w.bucket, w.player_id, w.bucket as owner_bucket, w.player_id as owner_id, null::bigint as into_id, null::timestamptz as merged_at
      from owners w
    union all
    select m.bucket, m.player_id, m.owner_bucket, m.owner_id, m.into_player_id, m.merged_at
      from owners w
     cross join lateral (
        select * from milepost.player_owner m where m.owner_bucket = w.bucket and m.owner_id = w.player_id offset 0
      ) as m
  ), placed as (
    select m.*, row_number() over (order by n.place nulls last, m.bucket, m.player_id) as place
      from members m left join named n on n.bucket = m.bucket and n.player_id = m.player_id
  ), owned as (
    select p.*, o.place as owner
      from placed p join placed o on o.bucket = p.owner_bucket and o.player_id = p.owner_id
  )
  select array_agg(o.bucket order by o.place), array_agg(o.player_id order by o.place), array_agg(o.owner::integer order by o.place),
         json_build_array(json_agg(o.bucket order by o.place), json_agg(o.player_id order by o.place), json_agg(p.user_id order by o.place),
                          json_agg(o.owner order by o.place), json_agg(o.into_id order by o.place),
                          json_agg(milepost.ms_of(o.merged_at) order by o.place))
    into v_bucket, v_player_id, v_owner, v_players
    from owned o
    left join lateral (
      select p.user_id from milepost.player p where p.bucket = o.bucket and p.player_id between o.player_id and o.player_id
       order by p.player_id limit 1
    ) as p on true;

  return query
  with asked as (
    select e.player, e.event_id, e.producer, e.event
      from unnest(p_event_player, p_event_id, p_producer) with ordinality as e(player, event_id, producer, event)
  ), again as (
    select m.place, a.event_id, a.producer, a.event, row_number() over (order by a.event, m.place) as at
      from asked a join unnest(v_owner) with ordinality as m(owner, place) on m.owner = v_owner[a.player]
     where m.place <> a.player
  )
  select v_bucket, v_player_id, v_owner, p_event_player || array_agg(a.place::integer order by a.at),
         p_event_id || array_agg(a.event_id order by a.at), p_producer || array_agg(a.producer order by a.at),
         json_build_object('players', v_players, 'again', json_build_array(coalesce(json_agg(a.event order by a.at), '[]'), coalesce(json_agg(a.place order by a.at), '[]')))
    from again a;
end
$$;
grant execute on function milepost.people_open to milepost_ingest;
