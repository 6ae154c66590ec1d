-- Credits with what they count since a ruling, as JSON columns: player's place, game_no, window_start in ms, event_no, trigger_id, amount,
-- distinct_value, held, version, occurred_at in ms, payment_id, transaction_id, transaction_amount, correction {remaining, amount, held} or null.
-- Each element of the arrays asks for one player and game: for the windows that start at p_since (in ms) or later, or for the one that starts at
-- p_window_start, if given.
create or replace function milepost.credits_of(
  p_place integer[], p_bucket smallint[], p_player_id bigint[], p_game_no integer[], p_since bigint[], p_window_start bigint[]
) returns json
language sql stable as $$
  select json_build_array(array_agg(w.place), array_agg(c.game_no), array_agg(milepost.ms_of(c.window_start)), array_agg(c.event_no),
                          array_agg(c.trigger_id), array_agg(c.amount), array_agg(c.distinct_value), array_agg(c.held), array_agg(c.version),
                          array_agg(milepost.ms_of(c.occurred_at)), array_agg(c.payment_id), array_agg(c.transaction_id),
                          array_agg(c.transaction_amount), array_agg(r.correction))
    from unnest(p_place, p_bucket, p_player_id, p_game_no, p_since, p_window_start) as w(place, bucket, player_id, game_no, since, window_start)
   cross join lateral (
      -- offset 0 keeps this one index range per element, whatever the statistics say.
      select c.* from milepost.credit c
       where c.bucket = w.bucket and c.player_id = w.player_id and c.game_no = w.game_no
         and c.window_start >= milepost.instant_of(coalesce(w.window_start, w.since))
         and (w.window_start is null or c.window_start = milepost.instant_of(w.window_start))
      offset 0
    ) as c
    left join lateral (
      select json_build_object('remaining', k.remaining, 'amount', k.amount, 'held', k.held) as correction
        from milepost.credit_correction k
       where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
         and k.event_no = c.event_no and k.trigger_id = c.trigger_id
       order by k.correction_no desc
       limit 1
    ) as r on true
$$;
grant execute on function milepost.credits_of to milepost_ingest;
