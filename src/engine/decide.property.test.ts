// The decision against the independent model: whatever the order, the repetition and the batching of a set of events, the books agree.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectBooks } from '../testing/books.ts';
import { dryRun } from '../testing/dry-run.ts';
import { altered, deliveries, histories } from '../testing/histories.ts';
import { expectedBooks } from '../testing/model.ts';

const delivered = histories({ maxEvents: 60 }).chain((history) =>
  fc.record({ history: fc.constant(history), batches: deliveries(history.events) }),
);

test('any permutation, repetition and batching gives the model’s outcomes, credits, progress, claims and rewards', () => {
  fc.assert(
    fc.property(delivered, ({ history, batches }) => {
      const run = dryRun(history.games, history.memberships);
      for (const batch of batches) run.process(batch);
      expectBooks(run.books(), expectedBooks(history));
    }),
    { numRuns: 500 },
  );
});

test('a repeat answers with the original outcome and reason', () => {
  fc.assert(
    fc.property(delivered, ({ history, batches }) => {
      const run = dryRun(history.games, history.memberships);
      const original = new Map<string, unknown>();
      for (const batch of batches) {
        run.process(batch).results.forEach(({ outcome, reason, replayed }, index) => {
          const { producer, event_id, user_id } = batch[index]?.event ?? {};
          const identity = JSON.stringify([producer, event_id, user_id]);
          expect(replayed).toBe(original.has(identity));
          if (!replayed) original.set(identity, [outcome, reason]);
          expect([outcome, reason]).toEqual(original.get(identity));
        });
      }
      expect(original.size).toBe(history.events.length);
    }),
    { numRuns: 200 },
  );
});

test('the same identity with other content is a conflict and changes nothing', () => {
  fc.assert(
    fc.property(delivered, ({ history, batches }) => {
      const run = dryRun(history.games, history.memberships);
      for (const batch of batches) {
        run.process(batch);
        const { results, decision } = run.process(batch.map(altered));
        for (const result of results) {
          expect(result).toMatchObject({ outcome: 'rejected', reason: 'conflicting_content', replayed: false });
        }
        expect(decision.conflicts).toHaveLength(batch.length);
      }
      expectBooks(run.books(), expectedBooks(history));
    }),
    { numRuns: 100 },
  );
});

test('the histories are worth checking: every outcome, kind of step, hold and release occurs in them', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(delivered, ({ history, batches }) => {
      const run = dryRun(history.games, history.memberships);
      for (const batch of batches) {
        const { decision } = run.process(batch);
        if (decision.releases.length > 0) seen.add('released');
        if (decision.claims.length > 1) seen.add('several steps');
      }
      const books = run.books();
      for (const { outcome } of books.outcomes) seen.add(outcome);
      for (const { step_type, status, version } of books.claims)
        seen.add(`${step_type} ${status}`).add(`by version ${version}`);
    }),
    { numRuns: 300, seed: 42 },
  );
  expect([...seen]).toEqual(
    expect.arrayContaining([
      ...[
        'applied',
        'held',
        'rejected',
        'late',
        'not_in_cohort',
        'outside_window',
        'no_match',
        'released',
        'several steps',
      ],
      ...['REWARD', 'EMPTY'].flatMap((type) => [`${type} earned`, `${type} held`]),
      ...['FORTUNE_COOKIE unopened', 'FORTUNE_COOKIE held', 'by version 1', 'by version 2', 'by version 3'],
    ]),
  );
});
