-- Gives claims of cookies the rewards that came out of them. Runs as the owner of the claims: who ingests may change nothing of a claim but its status,
-- and this only once, of a cookie that was opened. Returns how many claims were such.
create or replace function milepost.cookie_pay(
  p_bucket smallint[], p_player_id bigint[], p_game_no integer[], p_window_start timestamptz[], p_step bigint[], p_earning smallint[],
  p_reward_type text[], p_amount bigint[], p_message_key uuid[]
) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_paid integer;
begin
  update milepost.claim c
     set reward_type = o.reward_type, amount = o.amount, message_key = o.message_key
    from unnest(p_bucket, p_player_id, p_game_no, p_window_start, p_step, p_earning, p_reward_type, p_amount, p_message_key)
      as o(bucket, player_id, game_no, window_start, step, earning, reward_type, amount, message_key)
   where c.bucket = o.bucket and c.player_id = o.player_id and c.game_no = o.game_no and c.window_start = o.window_start and c.step = o.step
     and c.earning = o.earning and c.step_type = 'FORTUNE_COOKIE' and c.status not in ('held', 'unopened') and c.reward_type is null;
  get diagnostics v_paid = row_count;
  return v_paid;
end
$$;
grant execute on function milepost.cookie_pay to milepost_ingest;
