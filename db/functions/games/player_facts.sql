-- The facts about players that the read API renders from, as fields of the projection: one row per player and field, all of one snapshot.
--
--   as_of                      version: the snapshot's time in ms; fact: null
--   memberships                version: sum of revisions; fact: rows [cohort_id, valid_from in ms, valid_to in ms or null]
--   joins                      version: their number, as none is ever taken back; fact: rows [game_no, joined_at in ms]
--   <game_no>:<window_start>   version: see below; fact: [value, cleared, claims, detail, recent], with claims as rows
--                              [step, earning, step_type, status, reward_type, amount, claimed_at in ms, config version, payment, netted,
--                              downgraded_from, of a cookie that was opened [config version, prize_id] or else null], detail what the archetype keeps beyond the value, and recent the last p_recent credits that
--                              count, newest first, as rows [event_id, payment_id]. What caps and distinct values have counted stays here.
--
-- Of each game the two newest windows with progress: the one that is open or was last, and one more, because an event may be ahead of the clock. Of all
-- games, or of those in p_game_no; of these, with p_until, the two newest windows that began by then.
--
-- A claim's amount is less than it was (downgraded_from) where a budget had not enough left; netted is how much of it is kept back for debts.
--
-- Players that are one person have the facts of the person, each under its own user id: the progress of the one that counts for all, and what stands
-- under any.
--
-- A field's version rises with whatever changes its fact: progress counts its own changes, an outbox row its endings (revision), and a claim
-- its transitions; who is one person with whom weighs more than all of these (player.merges). A payment that has not ended is `pending`, leased or not, since leasing raises nothing. Equal versions are equal facts.
--
-- Planning costs ten times as much as reading one player, and a custom plan gains nothing: hence the generic one.
-- The settings leave the planner one plan, an index probe per row: one cached while the tables were nearly empty would else scan them whole.
-- On empty statistics all indexes that begin with bucket look alike. Where a table has two, the look-up is a range in the order of the
-- wanted one: the other would have to sort.
create or replace function milepost.player_facts(
  p_bucket smallint[], p_player_id bigint[], p_game_no integer[], p_until timestamptz, p_recent integer
)
returns table (user_id text, field text, version bigint, fact text)
language plpgsql stable
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
  select p.user_id, f.field, f.version, f.fact::text
    from unnest(p_bucket, p_player_id) as wanted(bucket, player_id)
   cross join lateral (
      select * from milepost.player p
       where p.bucket = wanted.bucket and p.player_id between wanted.player_id and wanted.player_id
       order by p.player_id
       limit 1
    ) as named
    left join lateral (
      select array_agg(m.bucket) as buckets, array_agg(m.player_id) as player_ids
        from milepost.person_of(named.bucket, named.player_id) as m where named.merges > 0
    ) as person on true
   cross join lateral (
      select named.user_id, named.merges * 1000000000000 as changes,
             coalesce(person.buckets[1], named.bucket) as bucket, coalesce(person.player_ids[1], named.player_id) as player_id,
             coalesce(person.buckets, array[named.bucket]) as buckets, coalesce(person.player_ids, array[named.player_id]) as player_ids
    ) as p
   cross join lateral (
      -- Few players have any: a probe for each of their credits and claims would cost a fifth more.
      select bool_or(exists (select from milepost.credit_correction k where k.bucket = own.bucket and k.player_id = own.player_id)) as corrected,
             bool_or(exists (select from milepost.debt_entry d where d.bucket = own.bucket and d.player_id = own.player_id)) as owing
        from unnest(p.buckets, p.player_ids) as own(bucket, player_id)
      offset 0
    ) as has
   cross join lateral (
      select 'as_of', milepost.ms_of(statement_timestamp()), null::json
      union all
      select 'memberships', (p.changes + coalesce(sum(s.revision), 0))::bigint, coalesce(json_agg(json_build_array(
               s.cohort_id, milepost.ms_of(s.valid_from), milepost.ms_of(s.valid_to))) filter (where s.member), '[]')
        from (
          select m.cohort_id, m.valid_from, bool_and(m.member) as member, sum(m.revision) as revision,
                 lead(m.valid_from) over (partition by m.cohort_id order by m.valid_from) as valid_to
            from unnest(p.buckets, p.player_ids) as own(bucket, player_id)
           cross join lateral (
              select * from milepost.cohort_membership m where m.bucket = own.bucket and m.player_id = own.player_id offset 0
            ) as m
           group by m.cohort_id, m.valid_from
        ) as s
      union all
      select 'joins', p.changes + count(*), coalesce(json_agg(json_build_array(j.game_no, milepost.ms_of(j.joined_at))), '[]')
        from unnest(p.buckets, p.player_ids) as own(bucket, player_id)
       cross join lateral (
          select * from milepost.game_join j where j.bucket = own.bucket and j.player_id = own.player_id offset 0
        ) as j
      union all
      select g.game_no || ':' || milepost.ms_of(g.window_start),
             p.changes + g.version + claims.endings + transitions.number,
             json_build_array(g.value, g.cleared, claims.rows, g.state -> 'all' -> 1, credits.rows)
        from (
          select w.*
            from unnest(p_game_no) as named(game_no)
           cross join lateral (
              select w.* from milepost.progress w
               where w.bucket = p.bucket and w.player_id = p.player_id and w.game_no = named.game_no
                 and w.window_start <= coalesce(p_until, 'infinity')
               order by w.window_start desc
               limit 2
            ) as w
          union all
          select (every.w).*
            from (
              -- In the order of the primary key, so that nothing is sorted.
              select w, lead(w.window_start, 2) over (partition by w.game_no order by w.window_start) as second_newer
                from milepost.progress w
               where p_game_no is null and w.bucket = p.bucket and w.player_id = p.player_id
            ) as every
           where every.second_newer is null
        ) as g
       cross join lateral (
          select coalesce(sum(o.revision), 0) as endings,
                 coalesce(json_agg(json_build_array(
                   c.step, c.earning, c.step_type, c.status, c.reward_type, coalesce(o.lowered, c.amount), milepost.ms_of(c.claimed_at),
                   c.version, case when o.state in ('pending', 'leased') then 'pending' else o.state::text end,
                   case when not has.owing then 0 else (
                     select coalesce(-sum(d.amount), 0) from milepost.debt_entry d
                      where d.bucket = c.bucket and d.player_id = c.player_id and d.reward_type = c.reward_type and d.game_no = c.game_no
                        and d.window_start = c.window_start and d.step = c.step and d.earning = c.earning and d.after_key is null
                   ) end,
                   case when o.lowered is not null then c.amount end,
                   k.opening
                 ) order by c.step, c.earning), '[]') as rows
            from unnest(p.buckets, p.player_ids) as own(bucket, player_id)
           cross join lateral (
              select * from milepost.claim c
               where c.bucket = own.bucket and c.player_id = own.player_id and c.game_no = g.game_no and c.window_start = g.window_start
              offset 0
            ) as c
            left join lateral (
              select o.state, o.revision, case when o.body ? 'downgraded_from' then (o.body ->> 'amount')::bigint end as lowered
                from milepost.outbox o
               where o.bucket = c.bucket and o.message_key between c.message_key and c.message_key
               order by o.message_key
               limit 1
            ) as o on true
            left join lateral (
              select json_build_array(k.version, k.prize_id) as opening
                from milepost.cookie_opening k
               where c.step_type = 'FORTUNE_COOKIE' and k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no
                 and k.window_start = c.window_start and k.step = c.step and k.earning = c.earning
               limit 1
            ) as k on true
        ) as claims
       cross join lateral (
          select count(*) as number
            from unnest(p.buckets, p.player_ids) as own(bucket, player_id)
           cross join lateral (
              select from milepost.claim_transition t
               where t.bucket = own.bucket and t.player_id = own.player_id and t.game_no = g.game_no and t.window_start = g.window_start
              offset 0
            ) as t
        ) as transitions
       cross join lateral (
          select coalesce(json_agg(json_build_array(c.event_id, c.payment_id)), '[]') as rows
            from (
              select newest.*
                from unnest(p.buckets, p.player_ids) as own(bucket, player_id)
               cross join lateral (
                  select c.event_id, c.payment_id, c.event_no
                    from milepost.credit c
                   where c.bucket = own.bucket and c.player_id = own.player_id and c.game_no = g.game_no and c.window_start = g.window_start
                     and (not has.corrected or 0 is distinct from (
                       select k.amount from milepost.credit_correction k
                        where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
                          and k.event_no = c.event_no and k.trigger_id = c.trigger_id
                        order by k.correction_no desc
                        limit 1
                     ))
                   order by c.event_no desc
                   limit p_recent
                ) as newest
               order by newest.event_no desc
               limit p_recent
            ) as c
        ) as credits
    ) as f(field, version, fact);
end
$$;
grant execute on function milepost.player_facts to milepost_worker, milepost_api, milepost_support;
