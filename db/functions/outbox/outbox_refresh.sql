-- Adds one refresh for all these players, by their user ids, and all that are one person with any of them; returns whether there was anybody to refresh. The settings: see outbox_lease.
create or replace function milepost.outbox_refresh(p_bucket smallint[], p_user_id text[], p_now timestamptz) returns boolean
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_bucket smallint;
  v_players jsonb;
begin
  select min(found.bucket), jsonb_agg(distinct jsonb_build_array(found.bucket, found.player_id::text))
    into v_bucket, v_players
    from unnest(p_bucket, p_user_id) as touched(bucket, user_id)
   cross join lateral (
      select p.bucket, p.player_id, p.merges from milepost.player p where p.bucket = touched.bucket and p.user_id = touched.user_id limit 1
    ) as named
   cross join lateral (
      select named.bucket, named.player_id where named.merges = 0
      union all
      select m.bucket, m.player_id from milepost.person_of(named.bucket, named.player_id) as m where named.merges > 0
    ) as found;
  if v_players is null then return false; end if;
  perform milepost.outbox_append(
    array[v_bucket], array['projection'], array[null::uuid], array[jsonb_build_object('players', v_players)], p_now);
  return true;
end
$$;
grant execute on function milepost.outbox_refresh to milepost_worker;
