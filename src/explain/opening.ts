// What is on record of a cookie's opening, and the opening taken again: from the odds and the stock as they were, to the prize that came out. Whoever
// explains has no key; `milepost verify` repeats draws. Reads only.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { type Stock, stockKey } from '../games/cookie.ts';
import type { PrizeChance } from '../games/games.ts';
import { type Kin, rowsOf } from '../players/kin.ts';
import type { Instant } from '../time.ts';

/** A cookie that was opened, and what came out. */
export interface RecordedOpening {
  game_id: string;
  step: number;
  prizes: PrizeChance[];
  /** Null: nothing was left. */
  prize_id: string | null;
  reward_type: string | null;
  amount: number | null;
  /** What prizes with a stock had given before, by what names it. */
  stock: Stock;
}

/** The cookie that an event opened, of any of a player's kin; undefined where it opened none. */
export async function readRecordedOpening(
  db: Db,
  { members }: Kin,
  { event_no }: { event_no: string },
): Promise<RecordedOpening | undefined> {
  const { rows } = await sql<
    Omit<RecordedOpening, 'stock' | 'step' | 'amount'> & {
      game_no: number;
      step: string;
      amount: string | null;
      stock_window: Instant;
      configured: { prize_id: string; stock?: number }[] | null;
    }
  >`
    select o.game_no, g.game_id, o.step, o.prizes, o.prize_id, c.reward_type, c.amount,
           case when v.config -> 'game_window' ? 'from_join' then (v.config -> 'game_window' ->> 'start')::timestamptz else o.window_start end
             as stock_window,
           (select s.value -> 'cookie' -> 'prizes' from jsonb_array_elements(v.config -> 'milestone_steps') as s
             where (s.value ->> 'step')::bigint = o.step) as configured
      from ${rowsOf(members)}
      join milepost.cookie_opening o on o.bucket = own.bucket and o.player_id = own.player_id
      join milepost.game g on g.game_no = o.game_no
      join milepost.game_version v on v.game_no = o.game_no and v.version = o.version
      join milepost.claim c on c.bucket = o.bucket and c.player_id = o.player_id and c.game_no = o.game_no
                           and c.window_start = o.window_start and c.step = o.step and c.earning = o.earning
     where o.event_no = ${event_no}`.execute(db.query);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { game_no, game_id, prizes, prize_id, reward_type, stock_window, configured } = row;
  const [step, amount] = [Number(row.step), row.amount === null ? null : Number(row.amount)];
  const stock: Stock = new Map();
  for (const { prize_id: prize, left } of prizes) {
    const most = configured?.find((each) => each.prize_id === prize)?.stock;
    if (left !== null && most !== undefined) stock.set(stockKey(game_no, stock_window, step, prize), most - left);
  }
  return { game_id, step, prizes, prize_id, reward_type, amount, stock };
}

/** What came out of a cookie. From what is nothing that players are told. */
export function openingInWords({
  game_id,
  step,
  prize_id,
  reward_type,
  amount,
}: Pick<RecordedOpening, 'game_id' | 'step' | 'prize_id' | 'reward_type' | 'amount'>): string {
  const what = prize_id === null ? 'nothing, as no prize was left' : prize_id;
  const pays = prize_id === null ? '' : `, which pays ${amount === null ? 'nothing' : `${amount} ${reward_type}`}`;
  return `With it the player opened the fortune cookie of step ${step} in ${game_id}. There came out ${what}${pays}.`;
}
