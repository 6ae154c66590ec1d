-- Opens a round of the drain of destination `budget`: gives back what cancelled rewards had reserved (budget_release), takes up to p_limit rewards that
-- wait for their budgets, in the order of their claims, and locks the periods that they fall in. Everything stays locked until the caller's
-- transaction ends, which decides (src/budgets/allot.ts) and calls budget_apply.
--
-- epoch: of the definitions, read after the rewards, so that no reward is of a version that came later
-- messages: rows [bucket, message_no, game_no, game_id, user_id, amount, service, [[budget_id, period_start in ms], …]]
-- periods: rows [game_no, budget_id, period_start in ms, taken amount, taken claims]; a reward with a budget that is not among them waits for the next round
-- released: how many rewards gave their part back; more: whether another round finds something at once
--
-- One round at a time over all workers: else a round could take a reward of which it cannot decide yet (a period of it that the round has not locked), while another
-- decides a later one. So no later claim gets what an earlier one could have had. The statements stay separate and in this order: periods are locked in one order and before
-- any reward is taken, as a person's verdict may touch either. The settings: see outbox_lease.
create or replace function milepost.budget_open(p_limit integer)
returns table (epoch bigint, opened_at timestamptz, messages text, periods text, released integer, more boolean)
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_cancelled_bucket smallint[];
  v_cancelled_no bigint[];
  v_cancelled_body jsonb[];
  v_game_no integer[];
  v_budget_id text[];
  v_period_start timestamptz[];
  v_messages json;
  v_count integer;
  v_periods json;
begin
  perform pg_advisory_xact_lock(77004, 0);

  select array_agg(c.bucket), array_agg(c.message_no), array_agg(c.body) into v_cancelled_bucket, v_cancelled_no, v_cancelled_body
    from (select o.bucket, o.message_no, o.body from milepost.outbox o
           where o.state = 'cancelled' and o.reserved order by o.message_no limit p_limit for update skip locked) as c;

  with due as materialized (
    select o.body from milepost.outbox o
     where o.destination = 'budget' and o.state = 'pending' order by o.message_no limit p_limit
  )
  select array_agg(p.game_no), array_agg(p.budget_id), array_agg(p.period_start) into v_game_no, v_budget_id, v_period_start
    from (
      select distinct g.game_no, b.budget_id collate "C" as budget_id, b.period_start
        from (select body from due union all select unnest(v_cancelled_body)) as m
       cross join lateral jsonb_to_recordset(m.body -> 'budgets') as b(budget_id text, period_start timestamptz)
       cross join lateral (select g.game_no from milepost.game g where g.game_id = m.body ->> 'game_id' limit 1) as g
       order by 1, 2, 3
    ) as p;

  insert into milepost.budget_period (game_no, budget_id, period_start)
  select p.game_no, p.budget_id, p.period_start
    from unnest(v_game_no, v_budget_id, v_period_start) with ordinality as p(game_no, budget_id, period_start, place)
   order by p.place
      on conflict do nothing;
  perform from unnest(v_game_no, v_budget_id, v_period_start) with ordinality as w(game_no, budget_id, period_start, place)
    join milepost.budget_period p on p.game_no = w.game_no and p.budget_id = w.budget_id and p.period_start = w.period_start
   order by w.place
     for update of p;

  if v_cancelled_no is not null then
    perform milepost.budget_release(v_cancelled_bucket, v_cancelled_no, clock_timestamp());
  end if;

  with due as materialized (
    select o.bucket, o.message_no, o.body from milepost.outbox o
     where o.destination = 'budget' and o.state = 'pending' order by o.message_no limit p_limit for update skip locked
  )
  select count(*), coalesce(json_agg(json_build_array(
           m.bucket, m.message_no::text, g.game_no, m.body -> 'game_id', m.body -> 'user_id', m.body -> 'amount', m.body -> 'service',
           (select coalesce(json_agg(json_build_array(b.budget_id, milepost.ms_of(b.period_start)) order by b.place), '[]')
              from rows from (jsonb_to_recordset(m.body -> 'budgets') as (budget_id text, period_start timestamptz))
                with ordinality as b(budget_id, period_start, place))
         ) order by m.message_no), '[]')
    into v_count, v_messages
    from due as m
    join lateral (select g.game_no from milepost.game g where g.game_id = m.body ->> 'game_id' limit 1) as g on true;

  select coalesce(json_agg(json_build_array(p.game_no, p.budget_id, milepost.ms_of(p.period_start), p.taken_amount, p.taken_claims)), '[]')
    into v_periods
    from unnest(v_game_no, v_budget_id, v_period_start) as w(game_no, budget_id, period_start)
    join milepost.budget_period p on p.game_no = w.game_no and p.budget_id = w.budget_id and p.period_start = w.period_start;

  return query
    select d.epoch, clock_timestamp(), v_messages::text, v_periods::text, coalesce(cardinality(v_cancelled_no), 0),
           v_count = p_limit or coalesce(cardinality(v_cancelled_no), 0) = p_limit
      from milepost.definitions d;
end
$$;
grant execute on function milepost.budget_open to milepost_worker;
