// Draws again what was drawn, with the same keys, and tells what comes out otherwise. Reads only, in the snapshot of `verify`, a page at a time.
import type pg from 'pg';
import { limits } from '../limits.ts';
import { type Chance, type DrawKey, drawWith } from '../rewards/draw.ts';
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
  odds: Chance[];
  value: string;
  place: string;
}

/** At most `most` differences. A draw without a player or a game is another check's. */
export async function compareDraws(
  client: pg.ClientBase,
  keys: readonly DrawKey[],
  most: number,
): Promise<DrawDifference[]> {
  const draws = new Map(keys.map((key) => [key.id, drawWith(key)]));
  const differences: DrawDifference[] = [];
  let after: unknown[] = [-1, 0, 0, '-infinity', 0, 0];
  while (differences.length < most) {
    const { rows } = await client.query<Row>({
      text: `select d.bucket, d.player_id, d.game_no, (extract(epoch from d.window_start) * 1000)::bigint as window_start, d.step, d.earning,
                    d.window_start::text as place, p.user_id, g.game_id, d.key_id, d.odds, d.value
               from milepost.draw d join milepost.player p using (bucket, player_id) join milepost.game g using (game_no)
              where (d.bucket, d.player_id, d.game_no, d.window_start, d.step, d.earning) > ($1, $2, $3, $4, $5, $6)
              -- Of a player who was erased nobody knows any more whose draw it was.
                and not exists (select from milepost.erasure e where e.bucket = d.bucket and e.player_id = d.player_id)
              order by d.bucket, d.player_id, d.game_no, d.window_start, d.step, d.earning
              limit $7`,
      values: [...after, limits.verifiedDraws],
    });
    const last = rows.at(-1);
    if (last === undefined) break;
    after = [last.bucket, last.player_id, last.game_no, last.place, last.step, last.earning];
    differences.push(...rows.flatMap((row) => difference(row, draws.get(row.key_id)) ?? []));
  }
  return differences.slice(0, most);
}

function difference(row: Row, draw: ReturnType<typeof drawWith> | undefined): DrawDifference | undefined {
  const windowStart = Number(row.window_start);
  const identity = { userId: row.user_id, gameId: row.game_id, windowStart, step: Number(row.step) };
  const subject = `game ${row.game_no}, window ${formatInstant(windowStart)}, step ${row.step}, earning ${row.earning}`;
  const about = { check: 'draws_repeat' as const, user_id: row.user_id, subject };
  if (draw === undefined) return { ...about, expected: `the key ${row.key_id} in DRAW_KEYS`, found: 'no such key' };
  const { value } = draw(identity, row.odds);
  return value === Number(row.value) ? undefined : { ...about, expected: String(value), found: row.value };
}
