-- Of a batch's events, those that belong to a player who is another person again: a player was one person with another, the merge was undone, and what came for
-- it meanwhile stayed with the other (docs/decisions/0086). A repeat of such an event, and a ruling on it, would find nothing under the player that it names
-- and count a second time, or never.
--
-- p_bucket, p_player_id, p_owner  players of the batch with all others of their persons, and the place of who counts for each, as people_open returns them
-- p_event_*                       one element per event
-- p_rulings                       see rulings_state
--
-- JSON columns: place of the event, user_id of the player under whom it is; null where there is none. An event that the named person knows itself stays.
create or replace function milepost.people_apart(
  p_bucket smallint[], p_player_id bigint[], p_owner integer[],
  p_event_player integer[], p_event_id text[], p_producer text[], p_rulings json
) returns json
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
  return (
    with spans as (
      -- While a player of the person was another person's: numbers of events.
      select o.owner, o.bucket, o.player_id, u.event_no as until,
             (select max(s.event_no) from milepost.player_merge s
               where s.bucket = o.bucket and s.player_id = o.player_id and s.kind = 'merged' and s.event_no < u.event_no) as since
        from unnest(p_bucket, p_player_id, p_owner) as o(bucket, player_id, owner)
       cross join lateral (
          select u.event_no from milepost.player_merge u
           where u.bucket = o.bucket and u.player_id = o.player_id and u.kind = 'unmerged' offset 0
        ) as u
    ), others as (
      select distinct s.owner, k.bucket, k.player_id, s.since, s.until
        from spans s cross join lateral milepost.kin_of(s.bucket, s.player_id) as k
       where not exists (
          select from unnest(p_bucket, p_player_id, p_owner) as o(bucket, player_id, owner)
           where o.owner = s.owner and o.bucket = k.bucket and o.player_id = k.player_id)
    ), places as (
      -- Where to look, and at which numbers of events: at others while they were one person, and in the person itself at all.
      select o.owner, o.bucket, o.player_id, o.since, o.until, false as own from others o
      union all
      select o.owner, o.bucket, o.player_id, -1, 9223372036854775807, true
        from unnest(p_bucket, p_player_id, p_owner) as o(bucket, player_id, owner) where o.owner in (select others.owner from others)
    ), named as (
      select r.event, p_owner[r.player] as owner, r.original_event_id, r.original_producer, r.payment_id
        from json_to_recordset(p_rulings) as r(event integer, player integer, original_event_id text, original_producer text, payment_id text)
       where r.original_event_id is not null or r.payment_id is not null
    ), counting as (
      -- Whose credits the event names that count something.
      select n.event, w.bucket, w.player_id, w.own
        from named n join places w on w.owner = n.owner
       where exists (
           select from milepost.credit c
            cross join lateral (
               select coalesce((select k.amount from milepost.credit_correction k
                                 where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
                                   and k.event_no = c.event_no and k.trigger_id = c.trigger_id
                                 order by k.correction_no desc limit 1), c.amount) as amount
             ) as left_of
            where c.bucket = w.bucket and c.player_id = w.player_id and c.event_no > w.since and c.event_no < w.until and left_of.amount > 0
              and (c.payment_id = n.payment_id or c.event_id = n.original_event_id))
    ), known as (
      -- Whose identities the event names, or has. A ruling may have been given to another one since they are two again.
      select a.event, w.bucket, w.player_id, w.own
        from (
          select e.event::integer as event, p_owner[e.player] as owner, e.event_id, e.producer,
                 exists (select from named n where n.event = e.event) as lasting
            from unnest(p_event_player, p_event_id, p_producer) with ordinality as e(player, event_id, producer, event)
          union all
          select n.event, n.owner, n.original_event_id, n.original_producer, false from named n where n.original_event_id is not null
        ) as a join places w on w.owner = a.owner
       where exists (
           select from milepost.event_key e
            where e.bucket = w.bucket and e.event_id = a.event_id and e.producer = coalesce(a.producer, e.producer) and e.player_id = w.player_id
              and e.event_no > w.since and (e.event_no < w.until or a.lasting))
    ), apart as (
      select c.event, c.bucket, c.player_id from counting c
       where not c.own and not exists (select from counting own where own.event = c.event and own.own)
      union all
      select k.event, k.bucket, k.player_id from known k
       where not k.own and not exists (select from known own where own.event = k.event and own.own)
    ), chosen as (
      select distinct on (a.event) a.event, p.user_id
        from apart a join milepost.player p on p.bucket = a.bucket and p.player_id = a.player_id
       order by a.event, p.user_id collate "C"
    )
    select json_build_array(json_agg(c.event order by c.event), json_agg(c.user_id order by c.event)) from chosen c having count(*) > 0
  );
end
$$;
grant execute on function milepost.people_apart to milepost_ingest;
