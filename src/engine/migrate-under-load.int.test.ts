// The next version is brought out while consumers of this one go on: its migration changes a hot table, and the functions that they call.
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { testDatabase } from '../testing/database.ts';
import { dbFolder } from '../testing/db-folder.ts';
import { install, silent } from '../testing/engine.ts';
import { gameHistory, makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { createEngine } from './process.ts';
import { verify } from './verify.ts';

test('a migration under load: no batch fails, none has to be repeated, and the books agree', {
  timeout: 180_000,
}, async () => {
  await using database = await testDatabase();
  await using next = await dbFolder();
  await next.write(
    'migrations/9999_next.sql',
    `alter table milepost.event_key add column probe text;
     alter table milepost.progress add column probe bigint not null default 0;
     alter table milepost.claim add constraint claim_probe_check check (step >= 0) not valid;
     alter table milepost.claim validate constraint claim_probe_check;`,
  );
  // Other parameters: both batch functions, and one that they call.
  await next.change('functions/engine/open_batch.sql', (text) =>
    text.replace('p_rulings json\n)', 'p_rulings json, p_probe text\n)'),
  );
  await next.change('functions/inbox/inbox_repeats.sql', (text) =>
    text.replace('p_producer text[]\n)', 'p_producer text[], p_probe text\n)'),
  );
  await next.change('functions/engine/open_batch.sql', (text) =>
    text.replace('v_people.producer),', 'v_people.producer, p_probe),'),
  );
  // The same parameters, another body.
  for (const file of ['engine/apply_batch.sql', 'games/games_apply.sql', 'inbox/inbox_record.sql']) {
    await next.change(`functions/${file}`, (text) => `-- changed\n${text.replace('begin\n', 'begin\n  perform 1;\n')}`);
  }

  const game = makeGame({ milestone_steps: [5, 50], triggers: [paymentTrigger()] });
  await install(database.pool, { games: [gameHistory(game)] });
  const disturbed: unknown[] = [];
  const log: typeof silent = Object.assign(Object.create(silent), {
    warn: (...what: unknown[]) => disturbed.push(what),
  });
  const db = connect(database.url, { role: 'milepost_ingest', size: 4, log });
  const engine = createEngine(db, log);
  let migrated = false;
  let after = 0;
  /** One consumer, with players of its own. */
  async function consume(lane: number): Promise<number> {
    let batches = 0;
    for (let more = 5; more > 0; batches++) {
      const events = Array.from({ length: 40 }, (_, index) => {
        return upiPayment(100, { id: `${lane}_${batches}_${index}`, user: `U${lane}_${index % 20}` });
      });
      const { results } = await engine.process({ events, parked: [] });
      expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['applied']));
      if (migrated) {
        more--;
        after++;
      }
    }
    return batches;
  }
  const consuming = Promise.all([consume(0), consume(1)]);
  const report = await migrate(database.url, { folder: next.path });
  migrated = true;
  const batches = await consuming;
  await engine.idle();
  await db.close();

  expect(report.migrations).toEqual(['9999_next']);
  expect(report.functions).toContain('engine/open_batch.sql');
  expect(after).toBe(10);
  expect(disturbed).toEqual([]);
  const { rows } = await database.pool.query('select sum(value)::int as total from milepost.progress');
  expect(rows[0].total).toBe(40 * batches.reduce((sum, count) => sum + count, 0));
  const reading = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
  expect(await verify(reading)).toEqual([]);
  await reading.close();
});
