-- One page of a player's history in a game, newest first: entries as JSON (their keys, and which each kind has: src/games/history.ts; instants in ms).
-- Joins and credits stand at the event's time, claims when the step was claimed, rewards when the payment ended, rulings on credits, what takes
-- rewards back, debts and openings of cookies when they were made. p_before_us and p_before_place are the last entry of the page before; null for the first page. `place` puts
-- entries of one instant in order, and with it no two are alike, also among all players of a person. The settings and the ranges: see player_facts.
--
-- With p_not_counted also events of the game's types that it did not count, as far as their payloads are kept: among the player's p_events newest ones of
-- p_event_type that were received from p_received_from to p_received_to and occurred from p_from to p_to, and among as many that failed. The caller says
-- why each was not counted. Rulings are not among them, nor what was corrected since.
create or replace function milepost.player_history(
  p_bucket smallint, p_user_id text, p_game_no integer, p_before_us bigint, p_before_place text, p_limit integer, p_not_counted boolean,
  p_event_type text[], p_from timestamptz, p_to timestamptz, p_received_from timestamptz, p_received_to timestamptz, p_events integer
) returns table (at_us bigint, place text, entry json)
language plpgsql stable
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_player_id constant bigint := (
    select p.player_id from milepost.player p
     where p.bucket = p_bucket and p.user_id between p_user_id and p_user_id
     order by p.user_id
     limit 1
  );
begin
  return query
  with claims as (
    select c.*, o.settled_at, o.state, o.amount as sent,
           json_build_object(
             'window_start', milepost.ms_of(c.window_start), 'step', c.step, 'step_type', c.step_type, 'status', c.status,
             'reward_type', c.reward_type, 'amount', coalesce(o.lowered, c.amount), 'version', c.version,
             'payment', case when o.state in ('pending', 'leased') then 'pending' else o.state::text end,
             'netted', d.netted, 'downgraded_from', case when o.lowered is not null then c.amount end,
             'earned', c.status <> 'held' and t.from_status is distinct from 'held'
           ) as claim,
           to_char(c.step, 'FM0000000000000000000') || ':' || to_char(c.earning, 'FM00000') || ':' || c.window_start as identity
      from milepost.claim c
      left join lateral (
        select o.state, o.settled_at, (o.body ->> 'amount')::bigint as amount,
               case when o.body ? 'downgraded_from' then (o.body ->> 'amount')::bigint end as lowered
          from milepost.outbox o
         where o.bucket = c.bucket and o.message_key between c.message_key and c.message_key
         order by o.message_key
         limit 1
      ) as o on true
      left join lateral (
        -- One that was cancelled while it was held was never earned.
        select t.from_status from milepost.claim_transition t
         where t.bucket = c.bucket and t.player_id = c.player_id and t.game_no = c.game_no and t.window_start = c.window_start
           and t.step = c.step and t.earning = c.earning and t.to_status = 'cancelled'
         limit 1
      ) as t on true
     cross join lateral (
        select coalesce(-sum(d.amount), 0) as netted from milepost.debt_entry d
         where d.bucket = c.bucket and d.player_id = c.player_id and d.reward_type = c.reward_type and d.game_no = c.game_no
           and d.window_start = c.window_start and d.step = c.step and d.earning = c.earning and d.after_key is null
      ) as d
     where c.bucket = p_bucket and c.player_id = v_player_id and c.game_no = p_game_no
  ), entries as (
    select j.joined_at as at, '0:' || to_char(j.event_no, 'FM0000000000000000000') as place, json_build_object('kind', 'join') as entry
      from milepost.game_join j
     where j.bucket = p_bucket and j.player_id = v_player_id and j.game_no = p_game_no
    union all
    select c.occurred_at, '1:' || to_char(c.event_no, 'FM0000000000000000000') || ':' || c.trigger_id,
           json_build_object('kind', 'credit', 'window_start', milepost.ms_of(c.window_start), 'trigger_id', c.trigger_id, 'amount', c.amount,
             'counts', coalesce(k.amount, c.amount), 'held', coalesce(k.held and k.amount > 0, c.held),
             'event_id', c.event_id, 'payment_id', c.payment_id, 'transaction_id', c.transaction_id)
      from milepost.credit c
      left join lateral (
        select k.amount, k.held from milepost.credit_correction k
         where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
           and k.event_no = c.event_no and k.trigger_id = c.trigger_id
         order by k.correction_no desc
         limit 1
      ) as k on true
     where c.bucket = p_bucket and c.player_id = v_player_id and c.game_no = p_game_no
    union all
    select c.claimed_at, '2:' || c.identity, json_build_object('kind', 'claim', 'claim', c.claim) from claims c
    union all
    select c.settled_at, '3:' || c.identity, json_build_object('kind', 'reward', 'claim', c.claim, 'amount', c.sent)
      from claims c
     where c.state in ('done', 'failed', 'skipped')
    union all
    -- What a credit counts since, by how much less that is than before, and what is left of its event's amount.
    select k.corrected_at, '5:' || to_char(k.correction_no, 'FM0000000000000000000'),
           json_build_object('kind', 'ruling', 'what', r.kind, 'window_start', milepost.ms_of(k.window_start), 'trigger_id', k.trigger_id,
             'amount', k.amount, 'taken', coalesce(k.before, c.amount) - k.amount, 'remaining', k.remaining,
             'event_id', c.event_id, 'payment_id', c.payment_id)
      from (
        select k.*, lag(k.amount) over (partition by k.window_start, k.event_no, k.trigger_id order by k.correction_no) as before
          from milepost.credit_correction k
         where k.bucket = p_bucket and k.player_id = v_player_id and k.game_no = p_game_no
      ) as k
     cross join lateral (
        select c.amount, c.event_id, c.payment_id from milepost.credit c
         where c.bucket = k.bucket and c.player_id = k.player_id and c.game_no = k.game_no and c.window_start = k.window_start
           and c.event_no = k.event_no and c.trigger_id = k.trigger_id
         limit 1
      ) as c
     cross join lateral (
        -- It may stand under another player who is, or was, the same person.
        select coalesce(
                 (select r.kind from milepost.ruling r where r.bucket = k.bucket and r.player_id = k.player_id and r.event_no = k.ruling_no limit 1),
                 (select r.kind from milepost.person_of(k.bucket, k.player_id) as m
                    join milepost.ruling r on r.bucket = m.bucket and r.player_id = m.player_id and r.event_no = k.ruling_no limit 1),
                 case when k.amount < coalesce(k.before, c.amount) then 'reversed' else 'released' end::milepost.ruling_kind) as kind
      ) as r
    union all
    -- One that was cancelled found nothing paid.
    select b.created_at, '6:' || c.identity, json_build_object('kind', 'take_back', 'claim', c.claim, 'amount', b.amount, 'state', b.state)
      from claims c
     cross join lateral (
        select b.state, b.created_at, (b.body ->> 'amount')::bigint as amount
          from milepost.outbox b, (select milepost.take_back_key(c.message_key) as key offset 0) as own
         where b.bucket = c.bucket and b.message_key between own.key and own.key
         order by b.message_key
         limit 1
      ) as b
     where c.status = 'clawed_back' and b.state <> 'cancelled'
    union all
    select k.opened_at, '8:' || c.identity,
           json_build_object('kind', 'opening', 'claim', c.claim, 'opened_by', k.version, 'prize_id', k.prize_id)
      from claims c
     cross join lateral (
        select k.opened_at, k.version, k.prize_id from milepost.cookie_opening k
         where c.step_type = 'FORTUNE_COOKIE' and k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no
           and k.window_start = c.window_start and k.step = c.step and k.earning = c.earning
         limit 1
      ) as k
    union all
    -- Those that count: an entry that waits for a payment's end counts once it is done, for what it paid.
    select d.entered_at, '7:' || to_char(d.entry_no, 'FM0000000000000000000'),
           json_build_object('kind', 'debt', 'what', case when d.amount > 0 then 'owed' else 'netted' end,
             'window_start', milepost.ms_of(d.window_start), 'step', d.step, 'reward_type', d.reward_type,
             'amount', least(abs(d.amount), o.amount))
      from milepost.debt_entry d
      left join lateral (
        select o.state, (o.body ->> 'amount')::bigint as amount from milepost.outbox o
         where o.bucket = d.bucket and o.message_key between d.after_key and d.after_key
         order by o.message_key
         limit 1
      ) as o on true
     where d.bucket = p_bucket and d.player_id = v_player_id and d.game_no = p_game_no and (d.after_key is null or o.state = 'done')
    union all
    select i.occurred_at, '4:' || to_char(i.event_no, 'FM0000000000000000000'),
           json_build_object('kind', 'not_counted', 'received_at', milepost.ms_of(i.received_at), 'outcome', k.outcome, 'reason', k.reason,
             'event', json_build_object('event_id', i.event_id, 'event_type', i.event_type, 'event_version', i.event_version,
               'occurred_at', milepost.ms_of(i.occurred_at), 'producer', k.producer, 'user_id', p_user_id,
               'correlation', i.payload -> 'correlation', 'attributes', i.payload -> 'attributes'))
      from (
        select i.*
          from milepost.inbox i
         where p_not_counted
           and i.bucket = p_bucket and i.player_id = v_player_id and i.received_at >= p_received_from and i.received_at < p_received_to
           and i.event_type = any (p_event_type)
         order by i.received_at desc, i.event_no desc
         limit p_events
      ) as i
     cross join lateral (
        select e.producer, e.outcome, e.reason from milepost.event_key e
         where e.bucket = p_bucket and e.event_id = i.event_id and e.player_id = v_player_id and e.event_no = i.event_no
         limit 1
      ) as k
     where i.occurred_at >= p_from and i.occurred_at < p_to
       and i.event_no not in (
         select c.event_no from milepost.credit c
          where c.bucket = p_bucket and c.player_id = v_player_id and c.game_no = p_game_no)
       and i.event_no not in (
         select j.event_no from milepost.game_join j
          where j.bucket = p_bucket and j.player_id = v_player_id and j.game_no = p_game_no)
       and i.event_no not in (select r.event_no from milepost.ruling r where r.bucket = p_bucket and r.player_id = v_player_id)
       -- What was corrected is told as it was corrected (src/engine/correct.ts).
       and (i.event_id, k.producer) not in (
         select r.original_event_id, r.original_producer from milepost.ruling r
          where r.bucket = p_bucket and r.player_id = v_player_id and r.producer like 'reversal-%/%'
            and r.original_event_id is not null and r.original_producer is not null)
    union all
    select milepost.instant_of(e.occurred_at), '4:' || to_char(f.event_no, 'FM0000000000000000000'),
           json_build_object('kind', 'not_counted', 'received_at', milepost.ms_of(k.received_at), 'outcome', k.outcome, 'reason', k.reason,
             'event', f.event)
      from (
        select f.event_no, milepost.failed_event(f.event) -> 'event' as event
          from milepost.event_failure f
         where p_not_counted and f.bucket = p_bucket and f.player_id = v_player_id
         order by f.event_no desc
         limit p_events
      ) as f
     cross join lateral json_to_record(f.event) as e(event_id text, event_type text, producer text, occurred_at bigint)
     cross join lateral (
        -- One that was judged since is among the others.
        select k.outcome, k.reason, k.received_at from milepost.event_key k
         where k.bucket = p_bucket and k.event_id = e.event_id and k.producer = e.producer and k.player_id = v_player_id
           and k.event_no = f.event_no and k.outcome = 'failed'
         limit 1
      ) as k
     where e.event_type = any (p_event_type) and k.received_at >= p_received_from and k.received_at < p_received_to
       and e.occurred_at >= milepost.ms_of(p_from) and e.occurred_at < milepost.ms_of(p_to)
  ), placed as (
    select (extract(epoch from e.at) * 1000000)::bigint as at_us, (e.place || ' ' || v_player_id) collate "C" as place, e.entry from entries e
  )
  select p.at_us, p.place, p.entry
    from placed p
   where p_before_us is null or (p.at_us, p.place) < (p_before_us, p_before_place collate "C")
   order by p.at_us desc, p.place desc
   limit p_limit;
end
$$;
grant execute on function milepost.player_history to milepost_api;
