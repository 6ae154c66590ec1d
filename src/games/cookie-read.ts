// What is on record of a player's cookie. Reads only.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { bucketOf } from '../ids.ts';
import type { Instant } from '../time.ts';
import type { ClaimFact, Payment } from './facts.ts';
import type { Opening } from './games.ts';

/** A cookie that a person has earned. */
export interface Cookie extends Opening {
  /** The account that it stands under. */
  userId: string;
  claim: Pick<
    ClaimFact,
    'step' | 'status' | 'payment' | 'netted' | 'downgradedFrom' | 'opening' | 'rewardType' | 'amount'
  >;
}

/**
 * The newest cookie on a step of a player, or of another one of the same person, in one window or in any: of those earned in a window again, after the
 * first was taken back, the last.
 * Undefined when there is none.
 */
export async function findCookie(
  db: Db,
  wanted: { userId: string; gameId: string; step: number; windowStart?: Instant | undefined },
): Promise<Cookie | undefined> {
  const { userId, gameId, step, windowStart } = wanted;
  const { rows } = await reading(() =>
    sql<{
      user_id: string;
      window_start: string;
      earning: number;
      status: ClaimFact['status'];
      reward_type: ClaimFact['rewardType'];
      amount: string | null;
      payment: Payment;
      netted: string;
      downgraded_from: string | null;
      version: number | null;
      prize_id: string | null;
    }>`
      select p.user_id, milepost.ms_of(c.window_start) as window_start, c.earning, c.status, c.reward_type,
             case when o.body ? 'downgraded_from' then (o.body ->> 'amount')::bigint else c.amount end as amount,
             (o.body ->> 'downgraded_from')::bigint as downgraded_from,
             case when o.state in ('pending', 'leased') then 'pending' else o.state::text end as payment,
             (select coalesce(-sum(d.amount), 0) from milepost.debt_entry d
               where d.bucket = c.bucket and d.player_id = c.player_id and d.reward_type = c.reward_type and d.game_no = c.game_no
                 and d.window_start = c.window_start and d.step = c.step and d.earning = c.earning and d.after_key is null) as netted,
             k.version, k.prize_id
        from milepost.accounts_of(p_bucket => ${bucketOf(userId)}::smallint, p_user_id => ${userId}) as p
        join milepost.game g on g.game_id = ${gameId}
        join milepost.claim c on c.bucket = p.bucket and c.player_id = p.player_id and c.game_no = g.game_no and c.step = ${step}
        left join milepost.cookie_opening k
          on k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
             and k.step = c.step and k.earning = c.earning
        left join milepost.outbox o on o.bucket = c.bucket and o.message_key = c.message_key
       where c.step_type = 'FORTUNE_COOKIE'
         ${windowStart === undefined ? sql`` : sql`and c.window_start = to_timestamp(${windowStart}::double precision / 1000)`}
       order by c.window_start desc, c.status in ('voided', 'cancelled', 'clawed_back', 'offset'), c.earning desc, c.player_id
       limit 1`.execute(db.query),
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { earning, status, payment, version, prize_id: prizeId, reward_type: rewardType } = row;
  const amount = row.amount === null ? null : Number(row.amount);
  const downgradedFrom = row.downgraded_from === null ? null : Number(row.downgraded_from);
  const opening = version === null ? null : { version, prizeId };
  return {
    ...{ userId: row.user_id, gameId, step, earning, windowStart: Number(row.window_start) },
    claim: { step, status, payment, netted: Number(row.netted), downgradedFrom, opening, rewardType, amount },
  };
}
