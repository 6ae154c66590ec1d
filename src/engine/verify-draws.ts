// Draws again what was drawn, amounts and prizes of cookies, with the same keys, and tells what comes out otherwise. Reads only, in the snapshot of
// `verify`, a page at a time.
import type pg from 'pg';
import type { PrizeChance } from '../games/games.ts';
import { limits } from '../limits.ts';
import { type AmountChance, type Draw, type DrawIdentity, type DrawKey, drawWith } from '../rewards/draw.ts';
import { formatInstant } from '../time.ts';

export const drawChecks = ['draws_repeat'] as const;
export type DrawCheck = (typeof drawChecks)[number];

export interface DrawDifference {
  check: DrawCheck;
  user_id: string;
  subject: string;
  expected: string;
  found: string;
}

interface Row {
  bucket: number;
  player_id: string;
  game_no: number;
  /** In ms. */
  window_start: string;
  step: string;
  earning: number;
  user_id: string;
  game_id: string;
  key_id: string;
  odds: (AmountChance | PrizeChance)[];
  drawn: string;
  place: string;
}

/** Where draws are on record, and what of them is the odds and what came out. */
const records = {
  upto: { table: 'milepost.draw', odds: 'odds', drawn: 'value::text' },
  cookie: { table: 'milepost.cookie_opening', odds: 'prizes', drawn: 'prize_id' },
} as const satisfies Record<DrawIdentity['purpose'], object>;

/** At most `most` differences. A draw without a player or a game is another check's. */
export async function compareDraws(
  client: pg.ClientBase,
  keys: readonly DrawKey[],
  most: number,
): Promise<DrawDifference[]> {
  const draws = new Map(keys.map((key) => [key.id, drawWith(key)]));
  const differences: DrawDifference[] = [];
  for (const purpose of ['upto', 'cookie'] as const) {
    const { table, odds, drawn } = records[purpose];
    let after: unknown[] = [-1, 0, 0, '-infinity', 0, 0];
    while (differences.length < most) {
      const { rows } = await client.query<Row>({
        text: `select d.bucket, d.player_id, d.game_no, (extract(epoch from d.window_start) * 1000)::bigint as window_start, d.step,
                      d.earning, d.window_start::text as place, p.user_id, g.game_id, d.key_id, d.${odds} as odds, d.${drawn} as drawn
                 from ${table} d join milepost.player p using (bucket, player_id) join milepost.game g using (game_no)
                where (d.bucket, d.player_id, d.game_no, d.window_start, d.step, d.earning) > ($1, $2, $3, $4, $5, $6) and d.key_id is not null
                  -- Of a player who was erased nobody knows any more whose draw it was.
                  and not exists (select from milepost.erasure e where e.bucket = d.bucket and e.player_id = d.player_id)
                order by d.bucket, d.player_id, d.game_no, d.window_start, d.step, d.earning
                limit $7`,
        values: [...after, limits.verifiedDraws],
      });
      const last = rows.at(-1);
      if (last === undefined) break;
      after = [last.bucket, last.player_id, last.game_no, last.place, last.step, last.earning];
      differences.push(...rows.flatMap((row) => difference(purpose, row, draws.get(row.key_id)) ?? []));
    }
  }
  return differences.slice(0, most);
}

function difference(purpose: DrawIdentity['purpose'], row: Row, draw: Draw | undefined): DrawDifference | undefined {
  const windowStart = Number(row.window_start);
  const identity = { purpose, userId: row.user_id, gameId: row.game_id, windowStart, step: Number(row.step) };
  const subject = `game ${row.game_no}, window ${formatInstant(windowStart)}, step ${row.step}, earning ${row.earning}`;
  const about = { check: 'draws_repeat' as const, user_id: row.user_id, subject };
  if (draw === undefined) return { ...about, expected: `the key ${row.key_id} in DRAW_KEYS`, found: 'no such key' };
  const there = row.odds.filter((chance) => !('left' in chance) || chance.left !== 0);
  // With nothing to draw from, nothing comes out; another check tells of it.
  if (there.length === 0) return undefined;
  const { chosen } = draw(identity, there);
  const drawn = 'prize_id' in chosen ? chosen.prize_id : String(chosen.value);
  return drawn === row.drawn ? undefined : { ...about, expected: drawn, found: row.drawn };
}
