-- Everybody who is, or ever was, one person with a player, by any chain of merges, undone or not; the player among them.
create or replace function milepost.kin_of(p_bucket smallint, p_player_id bigint)
returns table (bucket smallint, player_id bigint)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
  with recursive kin as (
    select p_bucket as bucket, p_player_id as player_id
    union
    select other.bucket, other.player_id
      from kin k
     cross join lateral (
        select m.into_bucket, m.into_player_id from milepost.player_merge m where m.bucket = k.bucket and m.player_id = k.player_id
        union all
        select m.bucket, m.player_id from milepost.player_merge m where m.into_bucket = k.bucket and m.into_player_id = k.player_id
      ) as other(bucket, player_id)
  )
  select k.bucket, k.player_id from kin k;
end
$$;
grant execute on function milepost.kin_of to milepost_ingest, milepost_api, milepost_support, milepost_erase;
