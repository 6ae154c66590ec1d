// Reading a voucher's code, for its player. It was sealed by the adapter and stored in the transaction that settled its payment.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { bucketOf } from '../ids.ts';
import type { Sealer } from '../seal.ts';
import type { Instant } from '../time.ts';
import { type ClaimIdentity, rewardKey, takeBackKey } from './decide.ts';

/** What a player is told of a voucher's code. */
export type VoucherCode =
  | { kind: 'code'; code: string }
  /** The voucher was cancelled. */
  | { kind: 'taken_back' }
  /** No voucher was issued for this claim, or not yet, or its code was not kept. */
  | { kind: 'none' };

/** What a code is sealed for: put into another player's row, it does not open. */
export function ownerOf(userId: string, gameId: string): readonly string[] {
  return [userId, gameId];
}

/** The last four characters, and of a short code none: enough to tell codes apart, too little to spend one. */
export function maskCode(code: string): string {
  return `****${code.length >= 12 ? code.slice(-4) : ''}`;
}

/**
 * The newest claim of a player, or of another one of the same person, on a step, in one window or in any: of those made in a window again, after the first was taken back, the last. Undefined
 * when there is none.
 */
export async function findClaim(
  db: Db,
  wanted: { userId: string; gameId: string; step: number; windowStart?: Instant | undefined },
): Promise<ClaimIdentity | undefined> {
  const { userId, gameId, step, windowStart } = wanted;
  const { rows } = await sql<{ window_start: Instant; earning: number; user_id: string }>`
    select milepost.ms_of(c.window_start) as window_start, c.earning, p.user_id
      from milepost.accounts_of(p_bucket => ${bucketOf(userId)}::smallint, p_user_id => ${userId}) as p
      join milepost.game g on g.game_id = ${gameId}
      join milepost.claim c on c.bucket = p.bucket and c.player_id = p.player_id and c.game_no = g.game_no
     where c.step = ${step}
       ${windowStart === undefined ? sql`` : sql`and c.window_start = to_timestamp(${windowStart}::double precision / 1000)`}
     order by c.window_start desc, c.status in ('cancelled', 'clawed_back', 'offset'), c.earning desc
     limit 1`.execute(db.query);
  const [found] = rows;
  return (
    found && { userId: found.user_id, gameId, step, windowStart: Number(found.window_start), earning: found.earning }
  );
}

/** The code of the voucher that a claim earned. The claim names its player: whoever asks must be known to be that one, or of the same person. */
export async function readVoucherCode(db: Db, sealer: Sealer, claim: ClaimIdentity): Promise<VoucherCode> {
  const key = rewardKey(claim);
  const { rows } = await sql<{ key_id: string; sealed: string; taken_back: boolean }>`
    select v.key_id, encode(v.sealed, 'base64') as sealed,
           exists (select from milepost.outbox b where b.message_key = ${takeBackKey(key)} and b.state = 'done') as taken_back
      from milepost.voucher_code v
     where v.bucket = ${bucketOf(claim.userId)} and v.claim_key = ${key}`.execute(db.query);
  const [found] = rows;
  if (found === undefined) return { kind: 'none' };
  if (found.taken_back) return { kind: 'taken_back' };
  const sealed = { keyId: found.key_id, bytes: found.sealed };
  return { kind: 'code', code: sealer.open(sealed, ownerOf(claim.userId, claim.gameId)) };
}
