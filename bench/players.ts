// A million players as the engine would have left them, made set-based: members of the game's cohort, two open games, up to seven credits in each, the
// steps these reach, and their rewards paid. Owns the shape of that data; nothing here is measured.
import pg from 'pg';
import { bucketOf } from '../src/ids.ts';
import { formatInstant } from '../src/time.ts';
import { activate, seedText } from './server.ts';
import { userId, windowStart } from './workload.ts';

const ROWS_AT_ONCE = 50_000;
const SECOND_GAME = 'upi_fs_milestone_second';

/** Fills a migrated database in which the seed game is in force. */
export async function makePlayers(url: string, players: number): Promise<void> {
  // A second game like the first, for the same players.
  const second = await activate(url, (await seedText()).replace('"upi_fs_milestone_may_2026"', `"${SECOND_GAME}"`));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("set synchronous_commit = off; set work_mem = '256MB'; set time zone 'UTC'");
    for (let from = 0; from < players; from += ROWS_AT_ONCE) {
      const users = Array.from({ length: Math.min(ROWS_AT_ONCE, players - from) }, (_, index) => userId(from + index));
      await client.query(
        'insert into milepost.player (bucket, user_id) select * from unnest($1::smallint[], $2::text[])',
        [users.map(bucketOf), users],
      );
    }
    await client.query(
      `insert into milepost.cohort_membership (bucket, player_id, cohort_id, valid_from, member)
       select bucket, player_id, $1, $2, true from milepost.player order by bucket, player_id`,
      [second.cohort_id, formatInstant(windowStart)],
    );
    await client.query(
      `create temporary table given as
       select p.bucket, p.player_id, g.game_no, (p.player_id % 8)::integer as credits from milepost.player p cross join milepost.game g
        where p.player_id % 8 > 0 order by p.bucket, p.player_id, g.game_no`,
    );
    const start = `'${formatInstant(windowStart)}'::timestamptz`;
    await client.query(
      `insert into milepost.credit
         (bucket, player_id, game_no, window_start, event_no, trigger_id, amount, held, version, occurred_at, payment_id, event_id)
       select bucket, player_id, game_no, ${start}, player_id * 8 + number, 'upi_plus_one', 1, false, 1,
              ${start} + number * interval '1 day', 'pay_' || player_id || '_' || number, 'evt_' || player_id || '_' || number
         from given cross join generate_series(1, credits) as number`,
    );
    await client.query(
      `insert into milepost.progress (bucket, player_id, game_no, window_start, value, cleared, claimed, version, updated_at)
       select bucket, player_id, game_no, ${start}, credits, credits,
              case when credits >= 6 then '{3,6}' when credits >= 3 then '{3}' else '{}' end::bigint[], credits, now()
         from given`,
    );
    await client.query(
      `insert into milepost.claim
         (bucket, player_id, game_no, window_start, step, earning, step_type, status, version, event_no, reward_type, amount, message_key,
          claimed_at)
       select bucket, player_id, game_no, ${start}, step, 1, 'REWARD', 'earned', 1, player_id * 8 + step, 'NC', step * 10,
              md5(player_id || ':' || game_no || ':' || step)::uuid, ${start} + step * interval '1 day'
         from given cross join (values (3), (6)) as steps(step)
        where credits >= step`,
    );
    await client.query(
      `insert into milepost.outbox
         (bucket, destination, message_key, body, state, next_attempt_at, attempts, revision, created_at, settled_at)
       select bucket, 'neucoin', message_key, '{}', 'done', claimed_at, 1, 1, claimed_at, claimed_at from milepost.claim`,
    );
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}
