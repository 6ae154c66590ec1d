-- Writes that a player is one person with another from now on, or is not any more. p_merge is null for almost all batches, else JSON
-- {bucket, player_id, into_bucket, into_player_id, event_no}: who is named and by which event. That is all where the event was refused; else there are
-- {kind, reason, stated_by}, which make it a row of player_merge, and
-- owned: rows of player_owner as they are now, and
-- members: rows {bucket, player_id}, everybody whose person has changed.
-- Called with the buckets of both persons locked.
create or replace function milepost.players_apply(p_merge json, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
  if p_merge is null then return; end if;

  insert into milepost.player_mention (bucket, player_id, by_bucket, by_player_id, event_no)
  select m.bucket, m.player_id, m.into_bucket, m.into_player_id, m.event_no
    from json_populate_record(null::milepost.player_merge, p_merge) as m
  on conflict do nothing;
  if p_merge ->> 'kind' is null then return; end if;

  insert into milepost.player_merge (bucket, player_id, event_no, kind, into_bucket, into_player_id, reason, stated_by, stated_at)
  select m.bucket, m.player_id, m.event_no, m.kind, m.into_bucket, m.into_player_id, m.reason, m.stated_by, p_now
    from json_populate_record(null::milepost.player_merge, p_merge) as m;

  if p_merge ->> 'kind' = 'unmerged' then
    delete from milepost.player_owner o
     where o.bucket = (p_merge ->> 'bucket')::smallint and o.player_id = (p_merge ->> 'player_id')::bigint;
  end if;
  insert into milepost.player_owner (bucket, player_id, owner_bucket, owner_id, into_bucket, into_player_id, merged_at)
  select o.bucket, o.player_id, o.owner_bucket, o.owner_id, o.into_bucket, o.into_player_id, o.merged_at
    from json_populate_recordset(null::milepost.player_owner, p_merge -> 'owned') as o
  on conflict (bucket, player_id) do update set owner_bucket = excluded.owner_bucket, owner_id = excluded.owner_id;

  update milepost.player p set merges = p.merges + 1
    from json_to_recordset(p_merge -> 'members') as m(bucket smallint, player_id bigint)
   where p.bucket = m.bucket and p.player_id = m.player_id;
end
$$;
grant execute on function milepost.players_apply to milepost_ingest;
