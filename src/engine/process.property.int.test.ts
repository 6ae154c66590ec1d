// The engine on a real database against the independent model. Each case has a database of its own.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { expectBooks, readArrival, readBooks } from '../testing/books.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { altered, arrivalOf, deliveries, histories } from '../testing/histories.ts';
import { expectedBooks } from '../testing/model.ts';
import { type Difference, verify } from './verify.ts';

// What fails is made smaller for as long as there is time, and then reported.
const LIMIT_MS = 100_000;

const delivered = histories({ maxEvents: 80 }).chain((history) =>
  fc.record({
    history: fc.constant(history),
    batches: deliveries(history.events),
    again: deliveries(history.events),
  }),
);

test('any permutation, repetition and batching gives the model’s books', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(delivered, async ({ history, batches, again }) => {
      await using database = await testDatabase();
      await using engine = testEngine(database.url);
      await install(database.pool, history);
      for (const batch of batches) {
        const first = await engine.take(batch);
        const second = await engine.take(batch);
        expect(second.results).toEqual(first.results.map((result) => ({ ...result, replayed: true })));
        expect(second.claims).toBe(0);
      }
      const expected = expectedBooks(history, arrivalOf(batches));
      const books = await readBooks(database.pool);
      expectBooks(books, expected);

      for (const batch of again) {
        await engine.take(batch);
        const { results } = await engine.take(batch.map(altered));
        expect(new Set(results.map(({ reason }) => reason))).toEqual(new Set(['conflicting_content']));
      }
      expect(await readBooks(database.pool)).toEqual(books);
      expect(await differences(database.url)).toEqual([]);
      const { rowCount } = await database.pool.query('select from milepost.event_conflict');
      expect(rowCount).toBe(history.events.length);
    }),
    { numRuns: 45, interruptAfterTimeLimit: LIMIT_MS },
  );
});

test('two engines on the same players in opposite order give the model’s books', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(delivered, async ({ history, batches }) => {
      await using database = await testDatabase();
      await using one = testEngine(database.url);
      await using other = testEngine(database.url);
      await install(database.pool, history);
      const backwards = batches.map((batch) => batch.toReversed()).toReversed();
      await Promise.all([
        (async () => {
          for (const batch of batches) await one.take(batch);
        })(),
        (async () => {
          for (const batch of backwards) await other.take(batch);
        })(),
      ]);
      const arrival = await readArrival(database.pool, history.events);
      expectBooks(await readBooks(database.pool), expectedBooks(history, arrival));
      expect(await differences(database.url)).toEqual([]);
    }),
    { numRuns: 20, interruptAfterTimeLimit: LIMIT_MS },
  );
});

/** What verify finds, apart from the same event id under several players, which the histories have on purpose. */
async function differences(url: string): Promise<Difference[]> {
  const support = connect(url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return (await verify(support)).filter(({ check }) => check !== 'event_of_one_player');
  } finally {
    await support.close();
  }
}
