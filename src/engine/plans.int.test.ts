// The plans of the hot path on statistics of nothing: the first minutes after an installation, when no ANALYZE has run yet and a plan that was
// cached for empty tables would read whole tables for every batch. Scans are counted, not timed.
import type pg from 'pg';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { cardApplication, gameHistory, makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';

/** What the hot path reads, or changes in place. */
const hot = ['player', 'event_key', 'progress', 'claim', 'credit', 'game_join', 'cohort_membership'];

async function scans(pool: pg.Pool): Promise<Record<string, { seq: number; index: number; rows: number }>> {
  const { rows } = await pool.query(
    `select relname, seq_scan::int as seq, coalesce(idx_scan, 0)::int as index, n_tup_ins::int as rows
       from pg_stat_user_tables where schemaname = 'milepost' and relname = any ($1)`,
    [hot],
  );
  return Object.fromEntries(
    rows.map(({ relname, seq, index, rows: inserted }) => [relname, { seq, index, rows: inserted }]),
  );
}

test('5,000 events on an empty database, without ANALYZE, scan no hot table', async () => {
  await using database = await testDatabase();
  // A backend reports its counts at its end at the latest, so each part has connections of its own.
  const owner = connect(database.url, { role: 'login', size: 1, log: silent });
  const users = Array.from({ length: 1_500 }, (_, index) => `U${index}`);
  for (const table of hot) await owner.pool.query(`alter table milepost.${table} set (autovacuum_enabled = false)`);
  await install(owner.pool, {
    games: [
      gameHistory(makeGame({ game_id: 'everyone', milestone_steps: [1, 3] })),
      gameHistory(
        makeGame({
          game_id: 'early',
          cohort_id: 'early',
          milestone_steps: [2],
          triggers: [paymentTrigger({ worth: 2 })],
        }),
      ),
      // Whose progress is folded anew from its credits, and one that is joined.
      gameHistory(makeGame({ game_id: 'once', milestone_steps: [2], evaluation_scope: 'LOGICAL_TRANSACTION' })),
      gameHistory(makeGame({ game_id: 'joined', milestone_steps: [1], join: { event_type: 'fs_action_complete' } })),
    ],
    memberships: users
      .slice(0, 300)
      .map((userId) => ({ userId, cohortId: 'early', from: 0, to: Number.POSITIVE_INFINITY })),
  });
  await owner.close();
  const before = await waitFor('the counts of the preparation', async () => {
    const counts = await scans(database.pool);
    return counts.cohort_membership?.rows === 300 && counts;
  });

  const events = Array.from({ length: 5_000 }, (_, index) => {
    const user = users[(index * 7) % users.length] as string;
    if (index % 10 === 0) return cardApplication({ user });
    return upiPayment(1, { user, attributes: index % 25 === 0 ? { frm_flag: 'X' } : {} });
  });
  {
    await using engine = testEngine(database.url);
    // Small batches first, as on a quiet morning, then large ones: a plan is cached by the first.
    for (let from = 0, size = 1; from < events.length; from += size, size = Math.min(500, size * 2)) {
      const batch = events.slice(from, from + size);
      await engine.take(batch);
      if (from % 3 === 0) await engine.take(batch);
    }
  }
  const after = await waitFor('the counts of 5,000 events', async () => {
    const counts = await scans(database.pool);
    return counts.event_key?.rows === events.length && counts;
  });

  expect(Object.keys(after).sort()).toEqual(hot.toSorted());
  const extra = Object.entries(after).map(([table, { seq }]) => [table, seq - (before[table]?.seq ?? 0)]);
  expect(Object.fromEntries(extra)).toEqual(Object.fromEntries(hot.map((table) => [table, 0])));
  // The test would show nothing if the work had not been done.
  for (const table of ['player', 'event_key', 'progress', 'credit', 'game_join', 'cohort_membership']) {
    expect(after[table]?.index, table).toBeGreaterThan(1_000);
  }
  expect(after.claim?.rows).toBeGreaterThan(1_000);
});
