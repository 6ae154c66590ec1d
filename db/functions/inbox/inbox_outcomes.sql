-- What became of events that somebody asks for, by p_event_id, or by p_payment_id among the player's newest p_newest events received since p_since; the
-- other is null. One row per event found, with the place of who asked; none for an event that has not been judged. Of one id several producers may
-- have events, of one payment several events; asked is about all players of the person. The settings and the ranges: see player_facts.
create or replace function milepost.inbox_outcomes(
  p_bucket smallint[], p_user_id text[], p_event_id text[], p_payment_id text[], p_since timestamptz, p_newest integer
) returns table (place integer, event_id text, event_no bigint, outcome text, reason text)
language plpgsql stable
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
  select wanted.place::integer, k.event_id, k.event_no, k.outcome::text, k.reason
    from unnest(p_bucket, p_user_id, p_event_id) with ordinality as wanted(bucket, user_id, event_id, place)
   cross join lateral (
      select p.bucket, p.player_id, p.merges from milepost.player p
       where p.bucket = wanted.bucket and p.user_id between wanted.user_id and wanted.user_id
       order by p.user_id
       limit 1
    ) as named
   cross join lateral (
      select named.bucket, named.player_id where named.merges = 0
      union all
      select m.bucket, m.player_id from milepost.person_of(named.bucket, named.player_id) as m where named.merges > 0
    ) as p
   cross join lateral (
      select e.event_id, e.event_no, e.outcome, e.reason from milepost.event_key e
       where e.bucket = p.bucket and e.event_id = wanted.event_id and e.player_id = p.player_id
      offset 0
    ) as k
   where wanted.event_id is not null;

  if exists (select from unnest(p_payment_id) as u(payment_id) where u.payment_id is not null) then
    return query
    select wanted.place::integer, k.event_id, k.event_no, k.outcome::text, k.reason
      from unnest(p_bucket, p_user_id, p_payment_id) with ordinality as wanted(bucket, user_id, payment_id, place)
     cross join lateral (
        select p.bucket, p.player_id, p.merges from milepost.player p
         where p.bucket = wanted.bucket and p.user_id between wanted.user_id and wanted.user_id
         order by p.user_id
         limit 1
      ) as named
     cross join lateral (
        select named.bucket, named.player_id where named.merges = 0
        union all
        select m.bucket, m.player_id from milepost.person_of(named.bucket, named.player_id) as m where named.merges > 0
      ) as p
     cross join lateral (
        select newest.event_id, newest.event_no
          from (
            select i.event_id, i.event_no, i.payload from milepost.inbox i
             where i.bucket = p.bucket and i.player_id = p.player_id and i.received_at >= p_since
             order by i.received_at desc, i.event_no desc
             limit p_newest
          ) as newest
         where newest.payload -> 'correlation' ->> 'payment_id' = wanted.payment_id
      ) as i
     cross join lateral (
        select e.event_id, e.event_no, e.outcome, e.reason from milepost.event_key e
         where e.bucket = p.bucket and e.event_id = i.event_id and e.player_id = p.player_id and e.event_no = i.event_no
        offset 0
      ) as k
     where wanted.payment_id is not null;
  end if;
end
$$;
grant execute on function milepost.inbox_outcomes to milepost_api;
