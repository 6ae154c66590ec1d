// Whatever happens to a player, each event judged again by what was known when it was judged comes to what is stored: outcome, credits, claims. Cohorts
// change between the events, and what has changed nothing is judged anew in the middle and at the end.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { changedNothing } from '../engine/decide.ts';
import { reprocess } from '../engine/reprocess.ts';
import type { IncomingEvent } from '../event/event.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import { pagesOfEvents } from '../inbox/stored.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent, type TestEngine, testEngine } from '../testing/engine.ts';
import { deliveries, type EngineHistory, histories } from '../testing/histories.ts';
import { makeEvent } from '../testing/make.ts';
import { formatInstant } from '../time.ts';
import { explainEvent, openRecords } from './explain.ts';

// What fails is made smaller for as long as there is time, and then reported.
const LIMIT_MS = 100_000;

/** A history whose memberships come as events, like everything else. */
const delivered = histories({ maxEvents: 60 }).chain((history) => {
  const events = [...history.events, ...changesOf(history)];
  return fc.record({ history: fc.constant(history), batches: deliveries(events), anewAfter: fc.nat({ max: 4 }) });
});

function changesOf({ memberships }: EngineHistory): IncomingEvent[] {
  return memberships.map(({ userId, cohortId, from, to }, index) =>
    makeEvent({
      id: `change_${index}`,
      user: userId,
      type: 'cohort_changed',
      occurred: from,
      received: from,
      attributes: { cohort_id: cohortId, member: true, until: Number.isFinite(to) ? formatInstant(to) : null },
    }),
  );
}

async function judgeAnew(engine: TestEngine): Promise<void> {
  const wanted = { events: { outcomes: changedNothing } };
  const normaliser = createNormaliser([canonicalSource]);
  await reprocess({ wanted, by: 'test', reason: 'test' }, { db: engine.db, engine, normaliser });
}

test('judged again, every event comes to what is stored', { timeout: 150_000 }, async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(delivered, async ({ history, batches, anewAfter }) => {
      await using database = await testDatabase();
      await using engine = testEngine(database.url);
      await install(database.pool, { games: history.games });
      for (const [index, batch] of batches.entries()) {
        await engine.take(batch);
        if (index === anewAfter) await judgeAnew(engine);
      }
      await judgeAnew(engine);
      const support = connect(database.url, { role: 'milepost_support', size: 4, log: silent });
      try {
        const records = await openRecords(support);
        for await (const page of pagesOfEvents(support, {}, undefined)) {
          for (const stored of page) {
            const explanation = await explainEvent(records, stored);
            const { recomputed, outcome, reason, games, arrived } = explanation;
            expect(recomputed, stored.event_id).toEqual({ outcome, reason, agrees: true, differences: [] });
            // What the games say one by one comes to the same.
            if (games.length > 0 && reason !== 'cohort_changed' && reason !== 'no_game') {
              expect(games.map((game) => `${game.outcome} ${game.reason}`)).toContain(`${outcome} ${reason}`);
            }
            seen.add(`${outcome} ${reason}`);
            if (arrived.judged_again.length > 0) seen.add('judged again');
          }
        }
      } finally {
        await support.close();
      }
    }),
    { numRuns: 25, interruptAfterTimeLimit: LIMIT_MS },
  );
  for (const what of ['applied null', 'late window_closed', 'held null', 'judged again']) {
    expect(seen).toContain(what);
  }
});
