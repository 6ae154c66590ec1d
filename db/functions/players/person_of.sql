-- All players that are one person with a player: first the one that counts for all of them, then the others. Asked only of a player whose person has ever
-- changed (player.merges > 0): everybody else is alone.
create or replace function milepost.person_of(p_bucket smallint, p_player_id bigint)
returns table (bucket smallint, player_id bigint)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_bucket smallint := p_bucket;
  v_player_id bigint := p_player_id;
begin
  select o.owner_bucket, o.owner_id into v_bucket, v_player_id from milepost.player_owner o where o.bucket = p_bucket and o.player_id = p_player_id;
  if not found then
    v_bucket := p_bucket;
    v_player_id := p_player_id;
  end if;
  return query
  select v_bucket, v_player_id
  union all
  (select o.bucket, o.player_id from milepost.player_owner o
    where o.owner_bucket = v_bucket and o.owner_id = v_player_id order by o.bucket, o.player_id);
end
$$;
grant execute on function milepost.person_of to milepost_ingest, milepost_worker, milepost_api, milepost_support, milepost_erase;
