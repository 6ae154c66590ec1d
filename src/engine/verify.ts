// Verifies the books: what one transaction wrote must agree with itself, in every table. Reads only, in one snapshot, and computes everything
// anew, in SQL or by folding again (refold.ts), instead of believing a total. It finds what no constraint can hold across tables; it never mends.
import type pg from 'pg';
import { counted } from '../counted.ts';
import type { Db } from '../db/connect.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import type { RedisClient } from '../redis.ts';
import type { DrawKey } from '../rewards/draw.ts';
import { budgetChecks } from './budget-checks.ts';
import { cookieChecks } from './cookie-checks.ts';
import { outboxChecks } from './outbox-checks.ts';
import { type RefoldCheck, type RefoldDifference, refold, refoldChecks } from './refold.ts';
import { compareDraws, type DrawCheck, drawChecks } from './verify-draws.ts';
import { compareProjection, type ProjectionCheck, projectionChecks } from './verify-projection.ts';

/** One disagreement. */
export interface Difference {
  check: Check;
  /** The player, or where there is no such row, its numbers. */
  user_id: string;
  /** Which row or event of that player. */
  subject: string;
  expected: string;
  found: string;
}

const WINDOW = `'game ' || game_no || ', window ' || to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

const NOBODY = `'no player: bucket ' || d.bucket || ', player_id ' || d.player_id`;

/** Each check is a query of (bucket, player_id, subject, expected, found), one row per difference. */
const checks = {
  /** A player's bucket is a function of the user_id. */
  player_bucket: `
    select bucket, player_id, 'bucket' as subject, milepost.bucket_of(user_id)::text as expected, bucket::text as found
      from milepost.player where bucket <> milepost.bucket_of(user_id)`,

  /** Every row belongs to a player. Hot tables carry no foreign keys. */
  player_exists: `
    select bucket, player_id, string_agg(source, ', ' order by source) as subject, 'a player' as expected, 'none' as found
      from (select distinct bucket, player_id, 'event_key' as source from milepost.event_key
            union select distinct bucket, player_id, 'inbox' from milepost.inbox
            union select distinct bucket, player_id, 'credit' from milepost.credit
            union select distinct bucket, player_id, 'progress' from milepost.progress
            union select distinct bucket, player_id, 'claim' from milepost.claim
            union select distinct bucket, player_id, 'draw' from milepost.draw
            union select distinct bucket, player_id, 'cookie_opening' from milepost.cookie_opening
            union select distinct bucket, player_id, 'game_join' from milepost.game_join
            union select distinct bucket, player_id, 'cohort_membership' from milepost.cohort_membership) as rows
      left join milepost.player p using (bucket, player_id)
     where p.user_id is null
     group by bucket, player_id`,

  /** The same event under several players: each counted it, which no constraint of a distributed table can exclude. */
  event_of_one_player: `
    select min(bucket) as bucket, min(player_id) as player_id, 'event ' || producer || '/' || event_id as subject,
           '1 player' as expected, count(*) || ' players: ' || string_agg(coalesce(p.user_id, '?'), ', ' order by p.user_id) as found
      from milepost.event_key left join milepost.player p using (bucket, player_id)
     group by producer, event_id
    having count(*) > 1`,

  /** A payload in the inbox has its identity. */
  inbox_has_event_key: `
    select bucket, player_id, 'event number ' || event_no as subject, 'an event_key' as expected, 'an inbox row alone' as found
      from milepost.inbox left join milepost.event_key k using (bucket, player_id, event_no)
     where k.event_id is null`,

  /** An event is applied (or held, when all it gave is held) exactly if it joined a game or there are credits of it. A change of a cohort gives none. */
  outcome_matches_credits: `
    select bucket, player_id, coalesce('event ' || k.producer || '/' || k.event_id, 'event number ' || event_no) as subject,
           coalesce(c.outcome, 'no outcome of a counted event') as expected, coalesce(k.outcome::text, 'no such event counted') as found
      from (select bucket, player_id, event_no, case when bool_and(held) then 'held' else 'applied' end as outcome,
                   coalesce(min(at) < (select event_keys_from from milepost.definitions), false) as pruned
              from (select bucket, player_id, event_no, held, occurred_at as at from milepost.credit
                    union all select bucket, player_id, event_no, false, joined_at from milepost.game_join) as given
             group by bucket, player_id, event_no) as c
      full join (select * from milepost.event_key where outcome in ('applied', 'held') or reason = 'reversed_before') as k
     using (bucket, player_id, event_no)
     where c.outcome is distinct from k.outcome::text and not (k.outcome is null and c.pruned) and not (c.outcome is not null and coalesce(k.reason = 'reversed_before', false))
       and not (c.outcome is null and k.outcome = 'applied' and coalesce(k.reason, '') in ('cohort_changed', 'released', 'voided', 'opened', 'player_merged', 'player_unmerged'))`,

  /** What an event joined is recorded, also where it gave credits in another game. */
  joined_matches_joins: `
    select bucket, player_id, 'event ' || k.producer || '/' || k.event_id as subject, 'a join' as expected, 'none' as found
      from milepost.event_key k left join (select distinct bucket, player_id, event_no, true as joined from milepost.game_join) as j
     using (bucket, player_id, event_no)
     where k.outcome = 'applied' and k.reason = 'joined' and j.joined is null`,

  /** What a change of a cohort stated is recorded, unless another one about the same instant says "not a member". */
  cohort_matches_events: `
    select bucket, player_id, 'cohort ' || s.cohort_id || ' from ' || to_char(s.valid_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as subject,
           case when s.member then 'a statement' else 'not a member' end as expected,
           case when m.member then 'a member' else 'no statement' end as found
      from (select i.bucket, i.player_id, i.payload -> 'attributes' ->> 'cohort_id' as cohort_id, i.occurred_at as valid_from,
                   (i.payload -> 'attributes' ->> 'member')::boolean as member
              from milepost.inbox i join milepost.event_key k using (bucket, player_id, event_no)
             where i.event_type = 'cohort_changed' and k.outcome = 'applied' and k.reason = 'cohort_changed') as s
      left join milepost.cohort_membership m using (bucket, player_id, cohort_id, valid_from)
     where m.member is null or (m.member and not s.member)`,

  /** The steps that progress remembers as claimed are those with a claim, of any player of the person, that has not been taken back. */
  claimed_matches_claims: `
    select bucket, player_id, ${WINDOW} as subject,
           'claimed ' || coalesce(c.steps, '{}')::text as expected, coalesce('claimed ' || p.claimed::text, 'no progress') as found
      from (select * from milepost.progress where (bucket, player_id) not in (select bucket, player_id from milepost.player_owner)) as p
      full join (select coalesce(o.owner_bucket, c.bucket) as bucket, coalesce(o.owner_id, c.player_id) as player_id, game_no, window_start,
                        array_agg(distinct step order by step) as steps
                   from milepost.claim c left join milepost.player_owner o using (bucket, player_id)
                  where status not in ('cancelled', 'clawed_back', 'offset')
                  group by 1, 2, 3, 4) as c
     using (bucket, player_id, game_no, window_start)
     where coalesce(c.steps, '{}') is distinct from (select coalesce(array_agg(step order by step), '{}') from unnest(p.claimed) as step)`,

  /** A claim stands where its last transition left it. */
  claim_status_matches_transitions: `
    select bucket, player_id, ${WINDOW} || ', step ' || step as subject,
           t.to_status::text as expected, coalesce(c.status::text, 'no claim') as found
      from (select distinct on (bucket, player_id, game_no, window_start, step, earning) *
              from milepost.claim_transition
             order by bucket, player_id, game_no, window_start, step, earning, transition_no desc) as t
      left join milepost.claim c using (bucket, player_id, game_no, window_start, step, earning)
     where c.status is distinct from t.to_status`,

  /**
   * Each claim that may be paid, or may have been, has its message in the outbox, for the same player and for its amount less what was kept back for
   * debts (a budget may have lowered it), and nothing else is paid.
   */
  payable_claims_match_outbox: `
    select bucket, coalesce(c.player_id, o.player_id, 0) as player_id, coalesce(c.subject, 'message ' || message_key) as subject,
           coalesce(c.pays, 'no message') as expected, coalesce(o.pays, 'no message') as found
      from (select bucket, player_id, message_key, subject, user_id || ' ' || reward_type || ' ' || amount - netted as pays
              from (select c.bucket, c.player_id, c.message_key, ${WINDOW} || ', step ' || step as subject, p.user_id, c.reward_type, c.amount,
                           coalesce((select -sum(d.amount) from milepost.debt_entry d
                                      where (d.bucket, d.player_id, d.game_no, d.window_start, d.step, d.earning)
                                          = (c.bucket, c.player_id, c.game_no, c.window_start, c.step, c.earning)
                                        and d.after_key is null and d.amount < 0), 0) as netted
                      from milepost.claim c left join milepost.player p using (bucket, player_id)
                     where c.status in ('earned', 'awaiting_budget', 'opened', 'kept', 'clawed_back', 'offset') and c.message_key is not null) as c
             where amount > netted) as c
      full join (select m.bucket, m.message_key, p.player_id,
                        m.body ->> 'user_id' || ' ' || (m.body ->> 'reward_type') || ' ' ||
                        coalesce(m.body ->> 'downgraded_from', m.body ->> 'amount') as pays
                   from milepost.outbox m left join milepost.player p on p.bucket = m.bucket and p.user_id = m.body ->> 'user_id'
                   left join milepost.claim k on k.bucket = m.bucket and k.player_id = p.player_id and k.message_key = m.message_key
                  where m.destination <> 'projection' and m.body ->> 'operation' is null
                    and not (m.state in ('cancelled', 'skipped') and coalesce(k.status in ('cancelled', 'voided'), false))) as o
     using (bucket, message_key)
     where c.pays is distinct from o.pays`,

  /** What was paid and is taken back by the service has a message that says so, and nothing else has. */
  clawed_back_claims_match_outbox: `
    select bucket, coalesce(c.player_id, 0) as player_id, coalesce(c.subject, 'message ' || o.message_key) as subject,
           case when c.subject is null then 'no message' else 'a message that takes it back' end as expected,
           case when o.message_key is null then 'no message' else 'a message' end as found
      from (select bucket, player_id, message_key as after_key, ${WINDOW} || ', step ' || step as subject
              from milepost.claim where status = 'clawed_back') as c
      full join (select bucket, after_key, message_key from milepost.outbox where body ->> 'operation' = 'take_back') as o
     using (bucket, after_key)
     where c.subject is null or o.message_key is null`,

  /** What was paid and is owed since has an entry in the debts, and nothing else has. */
  offset_claims_match_debts: `
    select bucket, player_id, coalesce(c.subject, d.subject) as subject,
           case when c.subject is null then 'no debt' else 'a debt' end as expected, case when d.subject is null then 'no debt' else 'a debt' end as found
      from (select bucket, player_id, message_key as after_key, ${WINDOW} || ', step ' || step as subject
              from milepost.claim where status = 'offset') as c
      full join (select bucket, player_id, after_key, ${WINDOW} || ', step ' || step as subject
                   from milepost.debt_entry where after_key is not null) as d
     using (bucket, player_id, after_key)
     where c.subject is null or d.subject is null`,

  /** The amount of a claim was drawn exactly where the version that judged it says so, from its odds, and is what was drawn. */
  draws_match_claims: `
    with configured as (
      select v.game_no, v.version, (s.value ->> 'step')::bigint as step, s.value -> 'reward' -> 'distribution' as odds
        from milepost.game_version v cross join jsonb_array_elements(v.config -> 'milestone_steps') as s
       where s.value -> 'reward' ? 'distribution'
    )
    select bucket, player_id, ${WINDOW} || ', step ' || step || ', earning ' || earning as subject,
           case when c.odds is null then 'no draw' else c.amount || ' from ' || c.odds end as expected,
           case when d.odds is null then 'no draw' else d.value || ' from ' || d.odds end as found
      from (select c.bucket, c.player_id, c.game_no, c.window_start, c.step, c.earning, c.amount, s.odds
              from milepost.claim c join configured s using (game_no, version, step)) as c
      full join milepost.draw d using (bucket, player_id, game_no, window_start, step, earning)
     where c.odds is distinct from d.odds or c.amount is distinct from d.value
        or not d.odds @> jsonb_build_array(jsonb_build_object('value', d.value))`,

  /**
   * A credit whose event, or payment, was reversed has a correction, as has one that was held when its event was ruled on; and a correction has its ruling: its
   * player's, or one of who was the same person then.
   */
  corrections_match_rulings: `
    select bucket, player_id, 'game ' || game_no || ', event number ' || event_no || ', ' || trigger_id as subject,
           case when r.named then 'a correction' else 'no correction' end as expected,
           case when k.corrected then 'a correction' else 'no correction' end as found
      from (select distinct c.bucket, c.player_id, c.game_no, c.event_no, c.trigger_id, true as named
              from milepost.ruling r
              join milepost.credit c on c.bucket = r.bucket and c.player_id = r.player_id
              left join milepost.event_key e on e.bucket = c.bucket and e.player_id = c.player_id and e.event_no = c.event_no
             where (r.kind = 'reversed' or c.held)
               and case when r.original_event_id is null then c.payment_id = r.payment_id
                        -- An identity may be gone; the credit has the event's id as well.
                        else coalesce(e.event_id, c.event_id) = r.original_event_id
                             and coalesce(e.producer = coalesce(r.original_producer, e.producer), true) end
            union
            select k.bucket, k.player_id, k.game_no, k.event_no, k.trigger_id, true
              from milepost.credit_correction k join milepost.ruling r on r.event_no = k.ruling_no
             where (r.bucket, r.player_id) <> (k.bucket, k.player_id)) as r
      full join (select distinct bucket, player_id, game_no, event_no, trigger_id, true as corrected from milepost.credit_correction) as k
     using (bucket, player_id, game_no, event_no, trigger_id)
     where r.named is null or k.corrected is null`,

  /** Who counts for a player now is what the merges say: of each player the last one, followed to its end. */
  owners_match_merges: `
    with recursive last as (
      select distinct on (bucket, player_id) * from milepost.player_merge order by bucket, player_id, event_no desc
    ), ends as (
      select bucket, player_id, into_bucket, into_player_id from last where kind = 'merged'
      union
      select e.bucket, e.player_id, l.into_bucket, l.into_player_id
        from ends e join last l on l.bucket = e.into_bucket and l.player_id = e.into_player_id and l.kind = 'merged'
    ), expected as (
      select bucket, player_id, into_player_id as owner_id from ends e
       where not exists (select from last l where l.bucket = e.into_bucket and l.player_id = e.into_player_id and l.kind = 'merged')
    )
    select bucket, player_id, 'who counts for it' as subject, coalesce(e.owner_id::text, 'nobody else') as expected,
           coalesce(o.owner_id::text, 'nobody else') as found
      from expected e full join milepost.player_owner o using (bucket, player_id)
     where e.owner_id is distinct from o.owner_id`,
} as const;

const allChecks = { ...checks, ...cookieChecks, ...budgetChecks, ...outboxChecks };

export type Check = keyof typeof allChecks | DrawCheck | RefoldCheck | ProjectionCheck;

/** The names of all checks. docs/runbook.md says what each compares. */
export const checkNames: readonly Check[] = [
  ...(Object.keys(allChecks) as (keyof typeof allChecks)[]),
  ...refoldChecks,
  ...drawChecks,
  ...projectionChecks,
];

export interface VerifyOptions {
  /** At most so many differences of each check. */
  rowsPerCheck?: number;
  /** The projection is compared as well. */
  redis?: RedisClient | undefined;
  /** The keys that amounts were drawn with: with them, draws are repeated. */
  drawKeys?: readonly DrawKey[] | undefined;
  /** Hears what is being compared, again and again. */
  progress?: (doing: string) => void;
}

// Reading every table may take longer than an answer is usually waited for.
const unhurried = { query_timeout: 24 * 3_600_000 };

/**
 * Compares the books with themselves, and with the projection, and returns what disagrees; an empty list is the proof. Takes as long as reading every
 * table takes, and disturbs nobody meanwhile.
 */
export async function verify(db: Db, options: VerifyOptions = {}): Promise<Difference[]> {
  const { rowsPerCheck = 20, redis, drawKeys = [], progress = () => {} } = options;
  const differences = await verifyBooks(db, rowsPerCheck, drawKeys, progress);
  if (redis === undefined) return differences;
  const projected = new Map(projectionChecks.map((check): [ProjectionCheck, Difference[]] => [check, []]));
  await compareProjection(
    db,
    redis,
    (difference) => {
      const list = projected.get(difference.check) as Difference[];
      if (list.length < rowsPerCheck) list.push(difference);
    },
    (players) => progress(`the projection of ${counted(players, 'player')} compared`),
  );
  return [...differences, ...[...projected.values()].flat()];
}

async function verifyBooks(
  db: Db,
  rowsPerCheck: number,
  drawKeys: readonly DrawKey[],
  progress: (doing: string) => void,
): Promise<Difference[]> {
  for (;;) {
    const definitions = await loadDefinitions(db);
    const differences = await inSnapshot(db, async (client) => {
      const { rows } = await client.query<{ epoch: string }>('select epoch from milepost.definitions');
      // Somebody has changed a game since: the snapshot may know versions that we do not.
      if (Number(rows[0]?.epoch ?? 0) !== definitions.epoch) return undefined;
      return [
        ...(await queryAll(client, rowsPerCheck, progress)),
        ...(drawKeys.length === 0 ? [] : await compareDraws(client, drawKeys, rowsPerCheck)),
        ...(await refoldAll(client, definitions, rowsPerCheck, progress)),
      ];
    });
    if (differences !== undefined) return differences;
  }
}

/** Does some reading in one snapshot: batches that commit meanwhile are seen by all of it or by none. */
async function inSnapshot<T>(db: Db, read: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query('set local statement_timeout = 0');
    const result = await read(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

async function queryAll(
  client: pg.PoolClient,
  rowsPerCheck: number,
  progress: (doing: string) => void,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  const names = Object.keys(allChecks) as (keyof typeof allChecks)[];
  for (const [place, check] of names.entries()) {
    progress(`check ${place + 1} of ${names.length}: ${check}`);
    const { rows } = await client.query<Omit<Difference, 'check'>>({
      ...unhurried,
      text: `select coalesce(p.user_id, ${NOBODY}) as user_id, d.subject, d.expected, d.found
           from (${allChecks[check]}) as d left join milepost.player p using (bucket, player_id)
          order by d.bucket, d.player_id, d.subject
          limit $1`,
      values: [rowsPerCheck],
    });
    differences.push(...rows.map((row) => ({ check, ...row })));
  }
  return differences;
}

async function refoldAll(
  client: pg.PoolClient,
  definitions: Definitions,
  rowsPerCheck: number,
  progress: (doing: string) => void,
): Promise<Difference[]> {
  const found = new Map(refoldChecks.map((check): [RefoldCheck, RefoldDifference[]] => [check, []]));
  await refold(
    client,
    definitions,
    (difference) => {
      const list = found.get(difference.check) as RefoldDifference[];
      if (list.length < rowsPerCheck) list.push(difference);
    },
    { progress: (windows) => progress(`${counted(windows, "player's window")} folded again`) },
  );
  const list = [...found.values()].flat();
  const { rows } = await client.query<{ user_id: string }>(
    `select coalesce(p.user_id, ${NOBODY}) as user_id
       from unnest($1::smallint[], $2::bigint[]) with ordinality as d(bucket, player_id, place)
       left join milepost.player p using (bucket, player_id)
      order by place`,
    [list.map(({ bucket }) => bucket), list.map(({ player_id }) => player_id)],
  );
  return list.map(({ check, subject, expected, found }, index) => {
    return { check, user_id: rows[index]?.user_id as string, subject, expected, found };
  });
}
