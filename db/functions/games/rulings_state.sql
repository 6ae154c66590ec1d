-- What has been ruled about the batch's players and what they owe; and, where events of the batch rule themselves, everything about the windows
-- that this may change. As JSON {"rulings": …, "debts": …, "originals": …, "progress": …, "claims": …, "credits": …, "stock": …}, each a list of columns:
-- rulings: player's place, event_no, event_id, producer, kind, original_event_id, original_producer, payment_id, amount, waiting;
-- debts: player's place, reward_type, what is owed (entries that wait for a message count once it is done);
-- originals: place of the ruling event, event_no of an event that it names; null, as all that follows, where nothing rules. An event whose identity is
-- gone is known by what it counted;
-- progress: as in games_state; credits: as in credits_of;
-- claims: player's place, game_no, window_start in ms, step, earning, step_type, status, version, reward_type, amount, how much of the reward was kept
-- back for debts, what is known of its message (none; unsent, and locked here, so that nobody can lease it meanwhile; unpaid; or sent), and whether
-- it is held over its budget, and locked here;
-- stock: see cookie_stock_open.
-- Without p_lock nothing is locked, and what is read is only how things stand: for a decision that is thrown away.
-- "erased" besides: see erased_state.
--
-- p_rulings: JSON rows {event, player (places), original_event_id, original_producer, payment_id, game_no, window_start in ms, absorbed}, null where nothing
-- rules. Of a merge of players, and where one is taken back, `absorbed` is the place of the player that was named: all windows of that person are read.
-- The opening of a cookie is such a row, too, with {step, stock_window in ms, stocks: [{prize_id, stock}]} where prizes have a stock.
-- p_owner: where there are players of one person among the given ones, the place of who counts for each. A ruling looks at all players of its person.
-- p_game_no, p_game_since: the windows that other events of the batch may fall into; they are read, too, as a ruling may name one of these events.
create or replace function milepost.rulings_state(
  p_bucket smallint[], p_player_id bigint[], p_game_no integer[], p_game_since bigint[], p_rulings json,
  p_owner integer[], p_lock boolean default true
) returns text
language plpgsql volatile as $$
declare
  v_rulings json;
  v_debts json;
  v_originals json;
  v_progress json;
  v_claims json;
  v_place integer[];
  v_bucket smallint[];
  v_player_id bigint[];
  v_game_no integer[];
  v_window_start bigint[];
  v_locked uuid[];
  v_credits json;
  v_erased constant json := milepost.erased_state(p_bucket, p_player_id);
  v_owner integer[];
  v_keys_go boolean;
begin
  select json_build_array(array_agg(w.place), array_agg(r.event_no), array_agg(r.event_id), array_agg(r.producer), array_agg(r.kind),
                          array_agg(r.original_event_id), array_agg(r.original_producer), array_agg(r.payment_id), array_agg(r.amount),
                          array_agg(r.waiting))
    into v_rulings
    from unnest(p_bucket, p_player_id) with ordinality as w(bucket, player_id, place)
   cross join lateral (
      select * from milepost.ruling r where r.bucket = w.bucket and r.player_id = w.player_id order by r.event_no offset 0
    ) as r;

  select json_build_array(array_agg(w.place), array_agg(d.reward_type), array_agg(d.owed))
    into v_debts
    from unnest(p_bucket, p_player_id) with ordinality as w(bucket, player_id, place)
   cross join lateral (
      -- Not more than was paid: a budget may have lowered it.
      select d.reward_type, sum(least(d.amount, coalesce(o.amount, d.amount))) as owed
        from milepost.debt_entry d
        left join lateral (
          select o.state, (o.body ->> 'amount')::bigint as amount from milepost.outbox o
           where o.bucket = d.bucket and o.message_key between d.after_key and d.after_key
           order by o.message_key
           limit 1
        ) as o on true
       where d.bucket = w.bucket and d.player_id = w.player_id and (d.after_key is null or o.state = 'done')
       group by d.reward_type
      -- Of a person one player may owe what another's reward made up for: below 0 here.
      having sum(least(d.amount, coalesce(o.amount, d.amount))) <> 0
      offset 0
    ) as d;

  if p_rulings is null then
    return json_build_object('rulings', v_rulings, 'debts', v_debts, 'originals', null, 'progress', null, 'claims', null, 'credits', null,
                             'erased', v_erased)::text;
  end if;

  v_owner := coalesce(p_owner, array(select generate_subscripts(p_bucket, 1)));
  v_keys_go := exists (select from milepost.definitions where event_keys_from is not null);
  select json_build_array(array_agg(r.event), array_agg(k.event_no))
    into v_originals
    from json_to_recordset(p_rulings) as r(event integer, player integer, original_event_id text, original_producer text)
    join unnest(v_owner) with ordinality as w(owner, place) on w.owner = v_owner[r.player]
   cross join lateral (
      select e.event_no from milepost.event_key e
       where e.bucket = p_bucket[w.place] and e.event_id = r.original_event_id and e.player_id = p_player_id[w.place]
         and e.producer = coalesce(r.original_producer, e.producer) and e.outcome <> 'failed'
      union
      select c.event_no from milepost.credit c
       where v_keys_go and c.bucket = p_bucket[w.place] and c.player_id = p_player_id[w.place] and c.event_id = r.original_event_id
         and not exists (select from milepost.event_key e
                          where e.bucket = c.bucket and e.event_id = c.event_id and e.player_id = c.player_id and e.event_no = c.event_no)
      offset 0
    ) as k;

  -- The windows: those that a ruling reaches into by a credit or by name, and those that other events of the batch may fall into.
  with ruled as (
    select r.*
      from json_to_recordset(p_rulings)
        as r(event integer, player integer, original_event_id text, payment_id text, game_no integer, window_start bigint, absorbed integer)
  ), whose as (
    select r.event, w.place, false as absorbed from ruled r join unnest(v_owner) with ordinality as w(owner, place) on w.owner = v_owner[r.player]
     where v_owner[r.absorbed] is distinct from w.owner or w.place = w.owner
    union all
    select r.event, w.place, true from ruled r join unnest(v_owner) with ordinality as w(owner, place) on w.owner = v_owner[r.absorbed]
     where w.place <> v_owner[r.player]
  ), named as materialized (
    -- Once, and each list read through once: looking up one after the other would make a batch of rulings quadratic.
    select n.event::integer as event, n.event_no::bigint as event_no
      from rows from (
        json_array_elements_text(case json_typeof(v_originals -> 0) when 'array' then v_originals -> 0 else '[]' end),
        json_array_elements_text(case json_typeof(v_originals -> 1) when 'array' then v_originals -> 1 else '[]' end)
      ) as n(event, event_no)
  ), windows as (
    select r.event, c.game_no, c.window_start
      from ruled r
      join whose w on w.event = r.event
     cross join lateral (
        select c.game_no, c.window_start from milepost.credit c
         where c.bucket = p_bucket[w.place] and c.player_id = p_player_id[w.place]
           and (c.payment_id = r.payment_id or c.event_no in (select n.event_no from named n where n.event = r.event) or w.absorbed)
        offset 0
      ) as c
    union
    select r.event, r.game_no, milepost.instant_of(r.window_start) from ruled r where r.game_no is not null
    union
    select w.event, p.game_no, p.window_start
      from whose w
     cross join unnest(p_game_no, p_game_since) as g(game_no, since)
     cross join lateral (
        select p.game_no, p.window_start from milepost.progress p
         where p.bucket = p_bucket[w.place] and p.player_id = p_player_id[w.place] and p.game_no = g.game_no
           and p.window_start >= milepost.instant_of(g.since)
        offset 0
      ) as p
  ), wanted as (
    select distinct w.place, n.game_no, n.window_start from windows n join whose w on w.event = n.event
  )
  select array_agg(w.place), array_agg(p_bucket[w.place]), array_agg(p_player_id[w.place]), array_agg(w.game_no), array_agg(milepost.ms_of(w.window_start))
    into v_place, v_bucket, v_player_id, v_game_no, v_window_start
    from wanted w;

  select case when p_lock then milepost.outbox_lock(array_agg(c.bucket), array_agg(c.message_key)) else array_agg(c.message_key) end
    into v_locked
    from unnest(v_bucket, v_player_id, v_game_no, v_window_start) as w(bucket, player_id, game_no, window_start)
   cross join lateral (
      select c.bucket, c.message_key from milepost.claim c
       where c.bucket = w.bucket and c.player_id = w.player_id and c.game_no = w.game_no
         and c.window_start = milepost.instant_of(w.window_start) and c.message_key is not null
      offset 0
    ) as c;

  select json_build_array(array_agg(w.place), array_agg(p.game_no), array_agg(milepost.ms_of(p.window_start)), array_agg(p.value),
                          array_agg(p.cleared), array_agg(to_json(p.claimed)), array_agg(p.state), array_agg(p.taken_back))
    into v_progress
    from unnest(v_place, v_bucket, v_player_id, v_game_no, v_window_start) as w(place, bucket, player_id, game_no, window_start)
   cross join lateral (
      select * from milepost.progress p
       where p.bucket = w.bucket and p.player_id = w.player_id and p.game_no = w.game_no and p.window_start = milepost.instant_of(w.window_start)
       limit 1
    ) as p;

  select json_build_array(array_agg(w.place), array_agg(c.game_no), array_agg(milepost.ms_of(c.window_start)), array_agg(c.step),
                          array_agg(c.earning), array_agg(c.step_type), array_agg(c.status), array_agg(c.version), array_agg(c.reward_type),
                          array_agg(c.amount), array_agg(d.netted),
                          array_agg(case
                            when o.state is null then 'none'
                            when o.message_key <> all (coalesce(v_locked, '{}')) then 'sent'
                            when o.state in ('failed', 'skipped', 'cancelled') then 'unpaid'
                            when o.state = 'held' or o.state = 'pending' and o.attempts = 0 then 'unsent'
                            else 'sent'
                          end),
                          array_agg(coalesce(o.state = 'held' and o.message_key = any (v_locked), false)))
    into v_claims
    from unnest(v_place, v_bucket, v_player_id, v_game_no, v_window_start) as w(place, bucket, player_id, game_no, window_start)
   cross join lateral (
      select c.* from milepost.claim c
       where c.bucket = w.bucket and c.player_id = w.player_id and c.game_no = w.game_no and c.window_start = milepost.instant_of(w.window_start)
      offset 0
    ) as c
    left join lateral (
      select o.message_key, o.state, o.attempts from milepost.outbox o
       where o.bucket = c.bucket and o.message_key between c.message_key and c.message_key
       order by o.message_key
       limit 1
    ) as o on true
   cross join lateral (
      select coalesce(-sum(d.amount), 0) as netted from milepost.debt_entry d
       where d.bucket = c.bucket and d.player_id = c.player_id and d.reward_type = c.reward_type and d.game_no = c.game_no
         and d.window_start = c.window_start and d.step = c.step and d.earning = c.earning and d.after_key is null
    ) as d;

  v_credits := milepost.credits_of(v_place, v_bucket, v_player_id, v_game_no, null, v_window_start);
  return json_build_object('rulings', v_rulings, 'debts', v_debts, 'originals', v_originals, 'progress', v_progress, 'claims', v_claims,
                           'credits', v_credits, 'stock', milepost.cookie_stock_open(p_rulings, p_lock), 'erased', v_erased)::text;
end
$$;
grant execute on function milepost.rulings_state to milepost_ingest;
