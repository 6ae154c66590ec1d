-- Two sums over the windows of some players of a bucket, p_after < player_id <= p_to: of what their credits were folded to (the arrays), and of what
-- stands in progress. Equal sums are equal progress; the order of rows does not matter, and sums of parts add up. See rebuild_progress.
create or replace function milepost.rebuild_sums(
  p_bucket smallint, p_after bigint, p_to bigint,
  p_player_id bigint[], p_game_no integer[], p_window_start bigint[], p_value bigint[], p_cleared bigint[], p_state jsonb[]
) returns table (expected numeric, stored numeric)
language sql stable as $$
  select (select coalesce(sum(('x' || substr(md5(concat_ws('|', f.player_id, f.game_no, f.window_start, f.value, f.cleared, f.state)), 1, 15))::bit(60)::bigint), 0)
            from unnest(p_player_id, p_game_no, p_window_start, p_value, p_cleared, p_state) as f(player_id, game_no, window_start, value, cleared, state)),
         (select coalesce(sum(('x' || substr(md5(concat_ws('|', p.player_id, p.game_no, milepost.ms_of(p.window_start), p.value, p.cleared, p.state)), 1, 15))::bit(60)::bigint), 0)
            from milepost.progress p where p.bucket = p_bucket and p.player_id > p_after and p.player_id <= p_to
             -- What a player had reached who was merged since is nobody's progress.
             and not exists (select from milepost.player_owner o where o.bucket = p.bucket and o.player_id = p.player_id))
$$;
grant execute on function milepost.rebuild_sums to milepost_ingest;
