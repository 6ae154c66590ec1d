-- Locks the stock of the prizes that openings of a batch may draw, in one order, and reads how often each has come out: columns game_no, window_start
-- in ms, step, prize_id, given; null where no prize has a stock. Rows that are missing are made first, as only a row can be locked. Called with the
-- buckets of the batch locked, so that two batches wait for each other in one direction only. Three statements, so that the last reads what whoever
-- held the lock before has committed. Without p_lock it is only read.
create or replace function milepost.cookie_stock_open(p_rulings json, p_lock boolean) returns json
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_game_no integer[];
  v_window_start timestamptz[];
  v_step bigint[];
  v_prize_id text[];
  v_stock bigint[];
  v_columns json;
begin
  select array_agg(w.game_no order by w.game_no, w.window_start, w.step, w.prize_id),
         array_agg(w.window_start order by w.game_no, w.window_start, w.step, w.prize_id),
         array_agg(w.step order by w.game_no, w.window_start, w.step, w.prize_id),
         array_agg(w.prize_id order by w.game_no, w.window_start, w.step, w.prize_id),
         array_agg(w.stock order by w.game_no, w.window_start, w.step, w.prize_id)
    into v_game_no, v_window_start, v_step, v_prize_id, v_stock
    from (
      select r.game_no, milepost.instant_of(r.stock_window) as window_start, r.step, s.prize_id collate "C" as prize_id, max(s.stock) as stock
        from json_to_recordset(p_rulings) as r(game_no integer, step bigint, stock_window bigint, stocks json)
       cross join json_to_recordset(r.stocks) as s(prize_id text, stock bigint)
       group by 1, 2, 3, 4
    ) as w;
  if v_prize_id is null then return null; end if;

  if p_lock then
    insert into milepost.cookie_stock (game_no, window_start, step, prize_id, given, stock)
    select w.game_no, w.window_start, w.step, w.prize_id, 0, w.stock
      from unnest(v_game_no, v_window_start, v_step, v_prize_id, v_stock) with ordinality as w(game_no, window_start, step, prize_id, stock, place)
     order by w.place
    on conflict do nothing;

    for v_place in 1 .. cardinality(v_prize_id) loop
      perform from milepost.cookie_stock s
        where s.game_no = v_game_no[v_place] and s.window_start = v_window_start[v_place] and s.step = v_step[v_place]
          and s.prize_id = v_prize_id[v_place]
          for update;
    end loop;
  end if;

  select json_build_array(array_agg(s.game_no), array_agg(milepost.ms_of(s.window_start)), array_agg(s.step), array_agg(s.prize_id),
                          array_agg(s.given))
    into v_columns
    from unnest(v_game_no, v_window_start, v_step, v_prize_id) as w(game_no, window_start, step, prize_id)
   cross join lateral (
      select * from milepost.cookie_stock s
       where s.game_no = w.game_no and s.window_start = w.window_start and s.step = w.step and s.prize_id = w.prize_id
       limit 1
    ) as s;
  return v_columns;
end
$$;
grant execute on function milepost.cookie_stock_open to milepost_ingest;
