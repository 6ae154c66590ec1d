// What verify looks for in the budgets: what is taken of a period is what is reserved in it, and every reservation has its reward. Queries of
// (bucket, player_id, subject, expected, found), as verify.ts runs them. Whether a limit was kept is not asked: limits are raised and lowered later.

const PERIOD = `'game ' || game_no || ', budget ' || budget_id || ' from ' || to_char(period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

export const budgetChecks = {
  /** Of no player: a period is everybody's. */
  budgets_match_reservations: `
    select 0 as bucket, 0 as player_id, ${PERIOD} as subject,
           coalesce(r.claims, 0) || ' for ' || coalesce(r.amount, 0) as expected,
           coalesce(p.taken_claims || ' for ' || p.taken_amount, 'no such period') as found
      from milepost.budget_period p
      full join (select game_no, budget_id, period_start, count(*) as claims, sum(amount) as amount
                   from milepost.budget_reservation where state = 'reserved' group by game_no, budget_id, period_start) as r
     using (game_no, budget_id, period_start)
     where (coalesce(r.claims, 0), coalesce(r.amount, 0)) is distinct from (p.taken_claims::bigint, p.taken_amount::numeric)`,

  /** A reward that has its budgets has a part of each of them reserved, and of no other; one that has not has none. */
  reservations_match_outbox: `
    select bucket, coalesce(p.player_id, 0) as player_id, 'message ' || message_key || ', budget ' || budget_id as subject,
           coalesce(o.amount || ' reserved', 'nothing reserved') as expected, coalesce(r.amount || ' reserved', 'nothing reserved') as found
      from (select m.bucket, m.message_key, g.game_no, b.budget_id collate "C" as budget_id, b.period_start, (m.body ->> 'amount')::bigint as amount
              from milepost.outbox m
              join milepost.game g on g.game_id = m.body ->> 'game_id'
             cross join lateral jsonb_to_recordset(m.body -> 'budgets') as b(budget_id text, period_start timestamptz)
             where m.reserved) as o
      full join (select bucket, message_key, game_no, budget_id, period_start, amount
                   from milepost.budget_reservation where state = 'reserved') as r
     using (bucket, message_key, game_no, budget_id, period_start)
      left join lateral (select m.body ->> 'user_id' as user_id from milepost.outbox m where m.message_key = o.message_key or m.message_key = r.message_key limit 1) as m on true
      left join milepost.player p using (bucket, user_id)
     where o.amount is distinct from r.amount`,

  /** What was sent to a service by way of its budgets has a part of them, unless a person let it through. */
  budgeted_rewards_are_reserved: `
    select m.bucket, coalesce(p.player_id, 0) as player_id, 'message ' || m.message_key as subject,
           'its budgets reserved' as expected, m.state || ' without' as found
      from milepost.outbox m
      left join milepost.player p on p.bucket = m.bucket and p.user_id = m.body ->> 'user_id'
     where m.body ? 'budgets' and m.destination <> 'budget' and not m.reserved and m.state in ('pending', 'leased', 'done', 'failed', 'ambiguous')
       and not exists (select from milepost.budget_reservation r join milepost.game g using (game_no)
                        where g.game_id = m.body ->> 'game_id' and r.message_key = m.message_key and r.state = 'refused')
       and not m.body ? 'operation'`,
} as const;

export type BudgetCheck = keyof typeof budgetChecks;
