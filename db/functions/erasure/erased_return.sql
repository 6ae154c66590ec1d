-- Notes, of players that were made a moment ago, which are people who had been erased: their events from before that do not count (erased_state).
create or replace function milepost.erased_return(p_bucket smallint[], p_user_id text[]) returns void
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  if not exists (select from milepost.erased_user) then return; end if;
  update milepost.erased_user e set player_id = p.player_id
    from unnest(p_bucket, p_user_id) as made(bucket, user_id)
    join milepost.player p on p.bucket = made.bucket and p.user_id = made.user_id
   where e.bucket = made.bucket and e.digest = milepost.erased_digest(made.user_id);
end
$$;
grant execute on function milepost.erased_return to milepost_ingest;
