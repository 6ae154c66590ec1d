// The decision against the independent model: whatever the order, the repetition and the batching of a set of events, the books agree. What arrival
// may decide is in the model, and there only.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { forbiddenChanges } from '../games/changes.ts';
import type { GameConfig } from '../games/config.ts';
import { parseGame } from '../games/parse.ts';
import { expectBooks } from '../testing/books.ts';
import { dryRun } from '../testing/dry-run.ts';
import { altered, arrivalOf, deliveries, type EngineHistory, histories } from '../testing/histories.ts';
import { fields, type GameHistory } from '../testing/make.ts';
import { expectedBooks } from '../testing/model.ts';

// What fails is made smaller for as long as there is time, and then reported.
const LIMIT_MS = 90_000;
vi.setConfig({ testTimeout: 120_000 });

const delivered = histories({ maxEvents: 60 }).chain((history) =>
  fc.record({ history: fc.constant(history), batches: deliveries(history.events) }),
);

test('any permutation, repetition and batching gives the model’s outcomes, credits, progress, claims and rewards', () => {
  fc.assert(
    fc.property(delivered, ({ history, batches }) => {
      const run = dryRun(history.games, history.memberships);
      for (const batch of batches) run.process(batch);
      expectBooks(run.books(), expectedBooks(history, arrivalOf(batches)));
    }),
    { numRuns: 3_000, interruptAfterTimeLimit: LIMIT_MS },
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
    { numRuns: 200, interruptAfterTimeLimit: LIMIT_MS },
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
      expectBooks(run.books(), expectedBooks(history, arrivalOf(batches)));
    }),
    { numRuns: 100, interruptAfterTimeLimit: LIMIT_MS },
  );
});

test('the games of the histories are valid, and each version may follow the one before', () => {
  fc.assert(
    fc.property(histories({ maxEvents: 0 }), ({ games }) => {
      for (const { versions } of games) {
        versions.forEach(({ config }, index) => {
          expect(parseGame(JSON.stringify(config), 'a game', fields)).toEqual(config);
          const before = versions[index - 1]?.config;
          if (before !== undefined) expect(forbiddenChanges(before, config)).toEqual([]);
        });
      }
    }),
    { numRuns: 300 },
  );
});

test('the histories are worth checking: everything that may happen happens in them', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(delivered, ({ history, batches }) => {
      const run = dryRun(history.games, history.memberships);
      for (const batch of batches) {
        const { decision } = run.process(batch);
        if (decision.changes.some(({ change }) => change.from === 'held')) seen.add('released');
        if (decision.claims.length > 1) seen.add('several steps');
      }
      const books = run.books();
      for (const { outcome, reason } of books.outcomes) seen.add(`${outcome} (${reason})`);
      for (const { game_id, step, step_type, status, version } of books.claims) {
        const config = judgeOf(history, game_id, version);
        const needs = config.milestone_steps.find((one) => one.step === step)?.requires ?? { value: step };
        seen.add(`${step_type} ${status}`).add(`by version ${version}`);
        seen.add(`${config.game_archetype} by ${Object.keys(needs)[0]}`);
        seen.add(config.evaluation_scope === 'LOGICAL_TRANSACTION' ? config.transaction_policy : 'each event');
      }
      for (const { game_id, trigger_id, version } of books.credits) {
        const config = judgeOf(history, game_id, version);
        const mode = config.triggers.find((one) => one.trigger_id === trigger_id)?.progression_config.mode;
        seen
          .add(`${mode}`)
          .add(config.time_zone)
          .add(`windows ${config.game_window.recurrence ?? config.game_window.from_join}`);
      }
    }),
    { numRuns: 600, seed: 42 },
  );
  expect([...seen]).toEqual(
    expect.arrayContaining([
      ...['applied (null)', 'applied (joined)', 'applied (capped)', 'applied (repeated_value)', 'held (null)'],
      ...[
        'applied (transaction_counted)',
        'rejected (frm_flagged)',
        'rejected (occurred_in_future)',
        'late (window_closed)',
      ],
      ...['not_in_cohort (not_a_member)', 'not_in_cohort (not_joined)', 'outside_window (before_window)'],
      ...['outside_window (after_window)', 'outside_window (paused)', 'outside_window (ended)'],
      ...['no_match (condition_failed)', 'no_match (worth_nothing)', 'no_match (already_joined)', 'no_match (no_game)'],
      ...['released', 'several steps', 'by version 1', 'by version 2', 'by version 3'],
      ...['REWARD', 'EMPTY'].flatMap((type) => [`${type} earned`, `${type} held`]),
      ...['FORTUNE_COOKIE unopened', 'FORTUNE_COOKIE held'],
      ...['increment_by_constant', 'increment_by_attribute', 'weighted', 'unique'],
      ...['NUMERIC_COUNTER by value', 'CHECKLIST by value', 'CHECKLIST by targets', 'STREAK by value'],
      ...['CALENDAR_GRID by value', 'CALENDAR_GRID by cell', 'CALENDAR_GRID by row'],
      ...['each event', 'first', 'max', 'sum', 'Asia/Kolkata', 'Europe/Berlin', 'America/New_York', 'UTC'],
      ...['undefined', 'daily', 'weekly', 'monthly', 'quarterly', 'P3D', 'P2W', 'P1D', 'PT36H'].map(
        (one) => `windows ${one}`,
      ),
    ]),
  );
});

/** The version that judged something. */
function judgeOf({ games }: EngineHistory, gameId: string, version: number): GameConfig {
  const game = games.find(({ versions }) => versions[0]?.config.game_id === gameId) as GameHistory;
  return (game.versions[version - 1] as GameHistory['versions'][number]).config;
}
