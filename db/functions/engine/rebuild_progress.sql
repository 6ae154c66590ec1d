-- Puts progress of one bucket where it is not what the ledgers add up to, and says what stood there. Called in a transaction that holds the lock of
-- the bucket, as batches do (open_batch), with what the credits were folded to under that lock. The steps that have been claimed are taken from the
-- claims, of all players of the person, that have not been taken back. A row that is right is not written. Returns the rows that were written.
create or replace function milepost.rebuild_progress(
  p_bucket smallint, p_player_id bigint[], p_game_no integer[], p_window_start bigint[], p_value bigint[], p_cleared bigint[], p_state jsonb[],
  p_write boolean
) returns table (player_id bigint, game_no integer, window_start timestamptz, progress_before jsonb, progress_after jsonb)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now constant timestamptz := clock_timestamp();
begin
  return query
  with wanted as materialized (
    select f.player_id, f.game_no, milepost.instant_of(f.window_start) as window_start, f.value, f.cleared, f.state,
           coalesce((
             select array_agg(distinct c.step order by c.step)
               from (select p_bucket as bucket, f.player_id
                     union all
                     select o.bucket, o.player_id from milepost.player_owner o where o.owner_bucket = p_bucket and o.owner_id = f.player_id) as m
               join milepost.claim c on c.bucket = m.bucket and c.player_id = m.player_id and c.game_no = f.game_no
                and c.window_start = milepost.instant_of(f.window_start)
              where c.status::text not in ('cancelled', 'clawed_back', 'offset')), '{}') as claimed
      from unnest(p_player_id, p_game_no, p_window_start, p_value, p_cleared, p_state) as f(player_id, game_no, window_start, value, cleared, state)
  ), wrong as materialized (
    select w.*, case when p.version is not null then jsonb_build_object(
             'value', p.value, 'cleared', p.cleared, 'claimed', p.claimed, 'state', p.state) end as before
      from wanted w
      left join milepost.progress p
        on p.bucket = p_bucket and p.player_id = w.player_id and p.game_no = w.game_no and p.window_start = w.window_start
     where (p.value, p.cleared) is distinct from (w.value, w.cleared) or p.state is distinct from w.state
        or not (p.claimed @> w.claimed and p.claimed <@ w.claimed)
  ), written as (
    insert into milepost.progress as p (bucket, player_id, game_no, window_start, value, cleared, claimed, state, version, updated_at)
    select p_bucket, w.player_id, w.game_no, w.window_start, w.value, w.cleared, w.claimed, w.state, 1, v_now from wrong w where p_write
    on conflict (bucket, player_id, game_no, window_start) do update
      set value = excluded.value, cleared = excluded.cleared, claimed = excluded.claimed, state = excluded.state,
          -- The projection takes what is newer.
          version = p.version + 1, updated_at = excluded.updated_at
  )
  select w.player_id, w.game_no, w.window_start, w.before,
         jsonb_build_object('value', w.value, 'cleared', w.cleared, 'claimed', w.claimed, 'state', w.state)
    from wrong w
   order by w.player_id, w.game_no, w.window_start;
end
$$;
grant execute on function milepost.rebuild_progress to milepost_ingest;
