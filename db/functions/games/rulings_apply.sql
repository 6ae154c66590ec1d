-- Writes what rulings have changed, and what claims that end mean for messages and debts. p_rulings is null for most batches; else JSON with lists of
-- rows (instants in ms):
-- rulings: rows of milepost.ruling; resolved: the same with a reason, rulings whose wait is over: their events are `reversed` now;
-- corrections: rows of milepost.credit_correction; debts: rows of milepost.debt_entry; draws: rows of milepost.draw; openings: see cookies_apply (both
-- absent from older processes);
-- released {bucket, message_key, destination}: messages that a person lets through though their budget is exhausted;
-- cancelled {bucket, message_key}: messages that nobody has sent and nobody may; the decision was taken with their rows locked (rulings_state).
create or replace function milepost.rulings_apply(p_rulings json, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
  v_wanted integer;
  v_changed integer;
begin
  if p_rulings is null then return; end if;

  insert into milepost.ruling
    (bucket, player_id, event_no, event_id, producer, kind, original_event_id, original_producer, payment_id, amount, waiting, ruled_at)
  select r.bucket, r.player_id, r.event_no, r.event_id, r.producer, r.kind, r.original_event_id, r.original_producer, r.payment_id, r.amount,
         r.waiting, p_now
    from json_populate_recordset(null::milepost.ruling, p_rulings -> 'rulings') as r;

  with resolved as (
    select * from json_to_recordset(p_rulings -> 'resolved')
      as r(bucket smallint, player_id bigint, event_no bigint, event_id text, producer text, reason text)
  ), ended as (
    update milepost.ruling r set waiting = false
      from resolved as e
     where r.bucket = e.bucket and r.player_id = e.player_id and r.event_no = e.event_no
  )
  update milepost.event_key k set outcome = 'reversed', reason = e.reason
    from resolved as e
   where k.bucket = e.bucket and k.event_id = e.event_id and k.producer = e.producer and k.player_id = e.player_id;

  insert into milepost.credit_correction
    (bucket, player_id, game_no, window_start, event_no, trigger_id, remaining, amount, held, ruling_no, corrected_at)
  select c.bucket, c.player_id, c.game_no, milepost.instant_of(c.window_start), c.event_no, c.trigger_id, c.remaining, c.amount, c.held,
         c.ruling_no, p_now
    from json_to_recordset(p_rulings -> 'corrections')
      as c(bucket smallint, player_id bigint, game_no integer, window_start bigint, event_no bigint, trigger_id text, remaining numeric,
           amount bigint, held boolean, ruling_no bigint);

  insert into milepost.debt_entry
    (bucket, player_id, reward_type, amount, game_no, window_start, step, earning, after_key, event_no, entered_at)
  select d.bucket, d.player_id, d.reward_type, d.amount, d.game_no, milepost.instant_of(d.window_start), d.step, d.earning, d.after_key,
         d.event_no, p_now
    from json_to_recordset(p_rulings -> 'debts')
      as d(bucket smallint, player_id bigint, reward_type text, amount bigint, game_no integer, window_start bigint, step bigint,
           earning smallint, after_key uuid, event_no bigint);

  insert into milepost.draw (bucket, player_id, game_no, window_start, step, earning, key_id, odds, value, drawn_at)
  select d.bucket, d.player_id, d.game_no, milepost.instant_of(d.window_start), d.step, d.earning, d.key_id, d.odds, d.value, p_now
    from json_to_recordset(p_rulings -> 'draws')
      as d(bucket smallint, player_id bigint, game_no integer, window_start bigint, step bigint, earning smallint, key_id text, odds jsonb,
           value bigint);

  perform milepost.cookies_apply(p_rulings -> 'openings', p_now);

  -- Released before cancelled: what one event lets through, a later one of the same batch may take back.
  select milepost.outbox_release(array_agg(r.bucket), array_agg(r.message_key), array_agg(r.destination), p_now), count(*)
    into v_changed, v_wanted
    from json_to_recordset(p_rulings -> 'released') as r(bucket smallint, message_key uuid, destination text);
  if v_changed <> v_wanted then
    raise exception '% of % messages that were to be released are not held any more', v_wanted - v_changed, v_wanted
      using errcode = 'serialization_failure';
  end if;

  select milepost.outbox_cancel(array_agg(c.bucket), array_agg(c.message_key), p_now), count(*)
    into v_changed, v_wanted
    from json_to_recordset(p_rulings -> 'cancelled') as c(bucket smallint, message_key uuid);
  if v_changed <> v_wanted then
    raise exception '% of % messages that were to be cancelled are not unsent any more', v_wanted - v_changed, v_wanted
      using errcode = 'serialization_failure';
  end if;
end
$$;
grant execute on function milepost.rulings_apply to milepost_ingest;
