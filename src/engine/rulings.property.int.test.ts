// Reversals against the independent model: what is reversed might as well never have happened, whatever came first and however it was batched.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import type { IncomingEvent } from '../event/event.ts';
import { readBooks } from '../testing/books.ts';
import { testDatabase } from '../testing/database.ts';
import { dryRun } from '../testing/dry-run.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { arrivalOf, deliveries, histories } from '../testing/histories.ts';
import { reversalOf } from '../testing/make.ts';
import { type ClaimLine, expectedBooks, type ProgressLine } from '../testing/model.ts';
import { verify } from './verify.ts';

const LIMIT_MS = 100_000;

/** Histories, some of whose events are reversed, in any order of events and reversals. An event that joins is not: a joining is not taken back. */
const reversed = histories({ maxEvents: 40 }).chain((history) => {
  const joining = new Set(
    history.games.flatMap(({ versions }) => versions.map(({ config }) => config.join?.event_type)),
  );
  const able = history.events.filter(({ event }) => !joining.has(event.event_type));
  return fc.subarray(able).chain((originals) => {
    const reversals = originals.map(({ event }, index) =>
      reversalOf(event.event_id, null, {
        id: `reversal_${index}`,
        user: event.user_id,
        occurred: event.occurred_at,
        attributes: { original_producer: event.producer },
      }),
    );
    return fc.record({
      history: fc.constant(history),
      originals: fc.constant(new Set(originals)),
      batches: deliveries([...history.events, ...reversals]),
    });
  });
});

/** Progress of the windows in which something counts, in one order. */
function progressOf({ progress }: { progress: readonly ProgressLine[] }): string[] {
  return progress
    .filter(({ value }) => value > 0)
    .map((line) => JSON.stringify(line, Object.keys(line).sort()))
    .sort();
}

function expected(
  history: Parameters<typeof expectedBooks>[0],
  originals: ReadonlySet<IncomingEvent>,
  batches: IncomingEvent[][],
) {
  const stays = (event: IncomingEvent): boolean => history.events.includes(event) && !originals.has(event);
  const events = history.events.filter((event) => !originals.has(event as IncomingEvent));
  return expectedBooks({ ...history, events }, arrivalOf(batches).filter(stays));
}

/** The steps that stand: claimed, and not taken back. */
function standing({ claims }: { claims: readonly ClaimLine[] }): Set<string> {
  return new Set(
    claims
      .filter(({ status }) => status !== 'cancelled')
      .map(({ user_id, game_id, window_start, step }) => JSON.stringify([user_id, game_id, window_start, step])),
  );
}

test('what is reversed counts as if it had never happened', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(reversed, ({ history, originals, batches }) => {
      const run = dryRun(history.games, history.memberships);
      for (const batch of batches) run.process(batch);
      const books = run.books();
      const model = expected(history, originals, batches);
      expect(progressOf(books)).toEqual(progressOf(model));
      // Where one event of a transaction takes the place of another, a step that was claimed on the way stays claimed.
      for (const claim of standing(model)) expect(standing(books)).toContain(claim);
    }),
    { numRuns: 600, interruptAfterTimeLimit: LIMIT_MS },
  );
});

test('also on PostgreSQL, and the books agree with themselves', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(reversed, async ({ history, originals, batches }) => {
      await using database = await testDatabase();
      await using engine = testEngine(database.url);
      await install(database.pool, history);
      for (const batch of batches) await engine.take(batch);
      const books = await readBooks(database.pool);
      const model = expected(history, originals, batches);
      expect(progressOf(books)).toEqual(progressOf(model));
      for (const claim of standing(model)) expect(standing(books)).toContain(claim);
      const support = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
      try {
        const found = (await verify(support)).filter(({ check }) => check !== 'event_of_one_player');
        expect(found).toEqual([]);
      } finally {
        await support.close();
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: LIMIT_MS },
  );
});
