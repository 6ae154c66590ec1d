-- One page of a player's history in a game: joins and credits (at the event's time), claims (when the step was claimed) and rewards (when the
-- payment ended), and rulings on credits (when they were made), newest first. p_before_us and p_before_place are the last row of the page before; null for the first page. `place` puts rows
-- of one instant in order, and with it no two rows are alike. The settings and the ranges: see player_facts.
--
-- And events of the game's types that it did not count, as far as their payloads are kept: among the player's p_events newest ones of p_event_type that
-- were received from p_received_from to p_received_to and occurred from p_from to p_to. The caller says why each was not counted.
create or replace function milepost.player_history(
  p_bucket smallint, p_user_id text, p_game_no integer, p_before_us bigint, p_before_place text, p_limit integer,
  p_event_type text[], p_from timestamptz, p_to timestamptz, p_received_from timestamptz, p_received_to timestamptz, p_events integer
) returns table (
  at_us bigint, place text, kind text, window_start timestamptz, version integer, amount bigint,
  trigger_id text, held boolean, payment_id text, transaction_id text,
  step bigint, earning smallint, step_type text, status milepost.claim_status, reward_type text, claimed_at timestamptz, payment text,
  event_id text, event_type text, event_version text, occurred_at timestamptz, received_at timestamptz, payload json, producer text, outcome text,
  reason text
)
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
    select c.*, o.settled_at, coalesce(o.lowered, c.amount) as paid,
           case when o.state in ('pending', 'leased') then 'pending' else o.state::text end as payment,
           to_char(c.step, 'FM0000000000000000000') || ':' || to_char(c.earning, 'FM00000') || ':' || c.window_start as identity
      from milepost.claim c
      left join lateral (
        select o.state, o.settled_at, case when o.body ? 'downgraded_from' then (o.body ->> 'amount')::bigint end as lowered
          from milepost.outbox o
         where o.bucket = c.bucket and o.message_key between c.message_key and c.message_key
         order by o.message_key
         limit 1
      ) as o on true
     where c.bucket = p_bucket and c.player_id = v_player_id and c.game_no = p_game_no
  ), entries as (
    select (extract(epoch from j.joined_at) * 1000000)::bigint as at_us, '0:' || to_char(j.event_no, 'FM0000000000000000000') as place,
           'join' as kind, null::timestamptz as window_start, null::integer as version, null::bigint as amount, null as trigger_id,
           null::boolean as held, null as payment_id, null as transaction_id, null::bigint as step, null::smallint as earning,
           null as step_type, null::milepost.claim_status as status, null as reward_type, null::timestamptz as claimed_at, null as payment,
           null as event_id, null as event_type, null as event_version, null::timestamptz as occurred_at, null::timestamptz as received_at,
           null::json as payload, null as producer, null as outcome, null as reason
      from milepost.game_join j
     where j.bucket = p_bucket and j.player_id = v_player_id and j.game_no = p_game_no
    union all
    select (extract(epoch from c.occurred_at) * 1000000)::bigint,
           '1:' || to_char(c.event_no, 'FM0000000000000000000') || ':' || c.trigger_id,
           'credit', c.window_start, c.version, c.amount, c.trigger_id, c.held, c.payment_id, c.transaction_id,
           null, null, null, null, null, null, null,
           c.event_id, null, null, null, null, null, null, null, null
      from milepost.credit c
     where c.bucket = p_bucket and c.player_id = v_player_id and c.game_no = p_game_no
    union all
    select (extract(epoch from c.claimed_at) * 1000000)::bigint, '2:' || c.identity, 'claim', c.window_start, c.version, c.paid,
           null, null, null, null, c.step, c.earning, c.step_type, c.status, c.reward_type, c.claimed_at, c.payment,
           null, null, null, null, null, null, null, null, null
      from claims c
    union all
    select (extract(epoch from c.settled_at) * 1000000)::bigint, '3:' || c.identity, 'reward', c.window_start, c.version, c.paid,
           null, null, null, null, c.step, c.earning, c.step_type, c.status, c.reward_type, c.claimed_at, c.payment,
           null, null, null, null, null, null, null, null, null
      from claims c
     where c.payment in ('done', 'failed', 'skipped')
    union all
    -- What a credit counts since, and why (reason).
    select (extract(epoch from k.corrected_at) * 1000000)::bigint, '5:' || to_char(k.correction_no, 'FM0000000000000000000'),
           'ruling', k.window_start, null, k.amount, k.trigger_id, k.held, c.payment_id, c.transaction_id,
           null, null, null, null, null, null, null,
           c.event_id, null, null, null, null, null, null, null, r.kind::text
      from milepost.credit_correction k
     cross join lateral (
        select c.event_id, c.payment_id, c.transaction_id from milepost.credit c
         where c.bucket = k.bucket and c.player_id = k.player_id and c.game_no = k.game_no and c.window_start = k.window_start
           and c.event_no = k.event_no and c.trigger_id = k.trigger_id
         limit 1
      ) as c
     cross join lateral (
        select r.kind from milepost.ruling r where r.bucket = k.bucket and r.player_id = k.player_id and r.event_no = k.ruling_no limit 1
      ) as r
     where k.bucket = p_bucket and k.player_id = v_player_id and k.game_no = p_game_no
    union all
    select (extract(epoch from i.occurred_at) * 1000000)::bigint, '4:' || to_char(i.event_no, 'FM0000000000000000000'),
           'not_counted', null, null, null, null, null, null, null, null, null, null, null, null, null, null,
           i.event_id, i.event_type, i.event_version, i.occurred_at, i.received_at, i.payload, k.producer, k.outcome::text, k.reason
      from (
        select i.*
          from milepost.inbox i
         where i.bucket = p_bucket and i.player_id = v_player_id and i.received_at >= p_received_from and i.received_at < p_received_to
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
  )
  select e.*
    from entries e
   where p_before_us is null or (e.at_us, e.place collate "C") < (p_before_us, p_before_place collate "C")
   order by e.at_us desc, e.place collate "C" desc
   limit p_limit;
end
$$;
grant execute on function milepost.player_history to milepost_api;
