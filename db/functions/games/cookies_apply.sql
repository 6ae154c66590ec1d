-- Writes the cookies that were opened: rows of cookie_opening, the rewards that came out as those of the claims (reward_type, amount, message_key;
-- null without one), and what was taken of stocks (stock: as the draw saw it). p_openings: JSON rows, instants in ms; null where nothing was opened. Called
-- after the claims and the changes of their statuses are written.
create or replace function milepost.cookies_apply(p_openings json, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
  v_paid integer;
  v_wanted integer;
begin
  if p_openings is null then return; end if;

  insert into milepost.cookie_opening
    (bucket, player_id, game_no, window_start, step, earning, event_no, version, prizes, key_id, prize_id, stock_window, opened_at)
  select o.bucket, o.player_id, o.game_no, milepost.instant_of(o.window_start), o.step, o.earning, o.event_no, o.version, o.prizes, o.key_id,
         o.prize_id, milepost.instant_of(o.stock_window), p_now
    from json_to_recordset(p_openings)
      as o(bucket smallint, player_id bigint, game_no integer, window_start bigint, step bigint, earning smallint, event_no bigint,
           version integer, prizes jsonb, key_id text, prize_id text, stock_window bigint);

  select milepost.cookie_pay(array_agg(o.bucket), array_agg(o.player_id), array_agg(o.game_no), array_agg(milepost.instant_of(o.window_start)),
                             array_agg(o.step), array_agg(o.earning), array_agg(o.reward_type), array_agg(o.amount),
                             array_agg(o.message_key)), count(*)
    into v_paid, v_wanted
    from json_to_recordset(p_openings)
      as o(bucket smallint, player_id bigint, game_no integer, window_start bigint, step bigint, earning smallint, reward_type text,
           amount bigint, message_key uuid)
   where o.reward_type is not null;
  if v_paid <> v_wanted then
    raise exception '% of % claims of cookies have a reward already', v_wanted - v_paid, v_wanted using errcode = 'serialization_failure';
  end if;

  -- In the order in which they were locked. The constraint holds the stock, whatever was decided.
  insert into milepost.cookie_stock as s (game_no, window_start, step, prize_id, given, stock)
  select o.game_no, milepost.instant_of(o.stock_window), o.step, o.prize_id, count(*), max(o.stock)
    from json_to_recordset(p_openings) as o(game_no integer, step bigint, prize_id text, stock_window bigint, stock bigint)
   where o.stock_window is not null
   group by o.game_no, o.stock_window, o.step, o.prize_id
   order by o.game_no, o.stock_window, o.step, o.prize_id collate "C"
  on conflict (game_no, window_start, step, prize_id) do update set given = s.given + excluded.given, stock = excluded.stock;
end
$$;
grant execute on function milepost.cookies_apply to milepost_ingest;
