// What must be true of fortune cookies, as queries for `verify` (see its checks). Whether draws come out again is asked in verify-draws.ts.
const COOKIE = `'cookie of game ' || game_no || ', window ' || to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ', step ' || step`;

export const cookieChecks = {
  /** An event opened exactly one cookie if that is what became of it: one of its player, or of one who had been merged into it. */
  opened_matches_openings: `
    select coalesce(k.bucket, o.bucket) as bucket, coalesce(k.player_id, o.player_id) as player_id,
           coalesce('event ' || k.producer || '/' || k.event_id, 'event number ' || event_no) as subject,
           case when k.event_id is null then 'no opening' else 'an opening' end as expected,
           coalesce(o.openings, 0) || ' openings' || case when k.player_id <> o.player_id then ', of another player' else '' end as found
      from (select event_no, min(bucket) as bucket, min(player_id) as player_id, count(*) as openings,
                   coalesce(min(opened_at) < (select event_keys_from from milepost.definitions), false) as pruned,
                   bool_and((bucket, player_id) not in (select bucket, player_id from milepost.player_merge)) as alone
              from milepost.cookie_opening group by event_no) as o
      full join (select * from milepost.event_key where outcome = 'applied' and reason = 'opened') as k using (event_no)
     where (k.event_id is null and not o.pruned) or (k.event_id is not null and o.openings is distinct from 1)
        or (o.alone and (k.bucket, k.player_id) <> (o.bucket, o.player_id))`,

  /** A cookie that was opened has its opening, and its claim pays what came out by the version that it was drawn from; a closed one has none. */
  openings_match_claims: `
    with prizes as (
      select v.game_no, v.version, (s.value ->> 'step')::bigint as step, p.value ->> 'prize_id' as prize_id, p.value -> 'reward' as reward
        from milepost.game_version v cross join jsonb_array_elements(v.config -> 'milestone_steps') as s
       cross join jsonb_array_elements(s.value -> 'cookie' -> 'prizes') as p
       where s.value ? 'cookie'
    )
    select bucket, player_id, ${COOKIE} || ', earning ' || earning as subject,
           case when o.opened is null then 'closed' else coalesce(o.pays, 'opened, for nothing') end as expected,
           case when c.opened is null then 'closed' else coalesce(c.pays, 'opened, for nothing') end as found
      from (select o.bucket, o.player_id, o.game_no, o.window_start, o.step, o.earning, true as opened,
                   (p.reward ->> 'reward_type') || ' ' || (p.reward ->> 'value') as pays
              from milepost.cookie_opening o left join prizes p using (game_no, version, step, prize_id)) as o
      full join (select c.bucket, c.player_id, c.game_no, c.window_start, c.step, c.earning, true as opened, c.reward_type || ' ' || c.amount as pays
                   from milepost.claim c
                  where c.step_type = 'FORTUNE_COOKIE'
                    and (c.status not in ('held', 'unopened', 'cancelled', 'voided') or c.reward_type is not null
                         or exists (select from milepost.claim_transition t
                                     where (t.bucket, t.player_id, t.game_no, t.window_start, t.step, t.earning)
                                         = (c.bucket, c.player_id, c.game_no, c.window_start, c.step, c.earning) and t.to_status = 'opened'))) as c
     using (bucket, player_id, game_no, window_start, step, earning)
     where o.opened is distinct from c.opened or o.pays is distinct from c.pays`,

  /** What came out was there to come out, by the odds of the version that it was drawn from. */
  openings_match_odds: `
    with odds as (
      select v.game_no, v.version, (s.value ->> 'step')::bigint as step,
             (select jsonb_agg(jsonb_build_object('prize_id', p.value -> 'prize_id', 'weight', p.value -> 'weight') order by p.place)
                from jsonb_array_elements(s.value -> 'cookie' -> 'prizes') with ordinality as p(value, place)) as odds
        from milepost.game_version v cross join jsonb_array_elements(v.config -> 'milestone_steps') as s
       where s.value ? 'cookie'
    )
    select bucket, player_id, ${COOKIE} || ', earning ' || earning as subject,
           coalesce(d.odds::text, 'no cookie') || ', and what came out was left' as expected,
           coalesce(prize_id, 'nothing') || ' from ' || prizes as found
      from (select o.*, (select jsonb_agg(p.value - 'left' order by p.place)
                           from jsonb_array_elements(o.prizes) with ordinality as p(value, place)) as drawn_from
              from milepost.cookie_opening o) as o
      left join odds d using (game_no, version, step)
     where d.odds is distinct from o.drawn_from
        or not exists (select from jsonb_array_elements(o.prizes) as p(value)
                        where p.value ->> 'prize_id' is not distinct from o.prize_id and p.value ->> 'left' is distinct from '0')
           and (o.prize_id is not null or exists (select from jsonb_array_elements(o.prizes) as p(value) where p.value ->> 'left' is distinct from '0'))`,

  /** A stock has given as often as its prize came out. */
  stock_matches_openings: `
    select 0::smallint as bucket, 0::bigint as player_id, ${COOKIE} || ', prize ' || prize_id as subject,
           coalesce(o.openings, 0) || ' given' as expected, coalesce(s.given || ' given', 'no stock') as found
      from milepost.cookie_stock s
      full join (select game_no, stock_window as window_start, step, prize_id, count(*) as openings
                   from milepost.cookie_opening where stock_window is not null
                  group by game_no, stock_window, step, prize_id) as o
     using (game_no, window_start, step, prize_id)
     where coalesce(o.openings, 0) is distinct from s.given`,
} as const;
