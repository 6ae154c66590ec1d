// Whatever happens to a player, each event judged again by what was known when it was judged comes to what is stored: outcome, credits, claims, what it
// ruled about others. Cohorts change between the events, some are reversed or ruled upon, before or after they come, players are merged and taken apart
// again, and what has changed nothing is judged anew in the middle and at the end.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { changedNothing } from '../engine/decide.ts';
import { reprocess } from '../engine/reprocess.ts';
import type { IncomingEvent } from '../event/event.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import { pagesOfEvents } from '../inbox/stored.ts';
import { isMerge } from '../players/merge.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent, type TestEngine, testEngine } from '../testing/engine.ts';
import { deliveries, type EngineHistory, histories } from '../testing/histories.ts';
import { changed, makeEvent, paymentReversal, reversalOf } from '../testing/make.ts';
import { mergeOf, unmergeOf } from '../testing/merge.ts';
import { formatInstant } from '../time.ts';
import { explainEvent, openRecords } from './explain.ts';

// What fails is made smaller for as long as there is time, and then reported.
const LIMIT_MS = 500_000;

/** A history whose memberships come as events, like everything else, and some of whose events are reversed or ruled upon. */
const delivered = histories({ maxEvents: 50 }).chain((history) => {
  const payments = history.events.map((event, index) => {
    const { correlation, attributes } = event.event;
    const broken = /\0/.test(String(attributes.merchant_id)) || !String(attributes.merchant_id).isWellFormed();
    return changed(event, {
      correlation: { ...correlation, payment_id: `pay_${index % 20}` },
      // Normalising refuses what PostgreSQL cannot look into.
      attributes: broken ? { ...attributes, merchant_id: 'M4' } : attributes,
    });
  });
  // Some are ruled upon again and again.
  const named = [...payments, ...payments.slice(0, 4), ...payments.slice(0, 4), makeEvent()];
  return fc
    .array(fc.tuple(fc.constantFrom(...named), fc.constantFrom(...rulings)), { minLength: 10, maxLength: 25 })
    .chain((ruled) => {
      const events = [
        ...payments,
        ...changesOf(history),
        ...ruled.map(([of, ruling], index) => ruling(of, `r_${index}`)),
        ...mergesOf(history),
      ];
      return fc.record({ history: fc.constant(history), batches: deliveries(events), anewAfter: fc.nat({ max: 4 }) });
    });
});

type MakeRuling = (of: IncomingEvent, id: string) => IncomingEvent;

const byEvent =
  (amount: number | null, named: boolean): MakeRuling =>
  ({ event: { event_id, user_id: user, producer: of } }, id) =>
    reversalOf(event_id, amount, { id, user, attributes: named ? { original_producer: of } : {} });
const byPayment =
  (amount: number | null): MakeRuling =>
  ({ event: { user_id: user, correlation } }, id) =>
    paymentReversal(correlation.payment_id ?? 'pay_x', amount, { id, user });
const verdict =
  (type: 'hold_released' | 'hold_voided'): MakeRuling =>
  ({ event: { event_id, user_id: user } }, id) =>
    makeEvent({ id, user, type, correlation: { original_event_id: event_id } });
const rulings: MakeRuling[] = [
  byEvent(null, true),
  byEvent(null, false),
  byEvent(1, false),
  byEvent(2_000, true),
  byPayment(null),
  byPayment(1),
  verdict('hold_released'),
  verdict('hold_voided'),
];

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

/** Two of the players are merged, taken apart, and merged the other way round, in whatever order that is delivered. */
function mergesOf({ events }: EngineHistory): IncomingEvent[] {
  const [one, other] = [...new Set(events.map(({ event }) => event.user_id))];
  if (one === undefined || other === undefined) return [];
  return [mergeOf(one, other), unmergeOf(one, other), mergeOf(other, one)];
}

async function judgeAnew(engine: TestEngine): Promise<void> {
  const wanted = { events: { outcomes: changedNothing } };
  const normaliser = createNormaliser([canonicalSource]);
  await reprocess({ wanted, by: 'test', reason: 'test' }, { db: engine.db, engine, normaliser });
}

test('judged again, every event comes to what is stored', { timeout: 600_000 }, async () => {
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
          const explained = await Promise.all(page.map((stored) => explainEvent(records, stored)));
          for (const { event_id, event, recomputed, outcome, reason, games, arrived, person } of explained) {
            if (event !== null && isMerge(event)) continue;
            expect(recomputed, event_id).toEqual({ outcome, reason, agrees: true, differences: [] });
            // What the games say one by one comes to the same.
            if (games.length > 0 && reason !== 'cohort_changed' && reason !== 'no_game') {
              expect(games.map((game) => `${game.outcome} ${game.reason}`)).toContain(`${outcome} ${reason}`);
            }
            seen.add(`${outcome} ${reason}`);
            if (arrived.judged_again.length > 0) seen.add('judged again');
            if (person !== undefined) seen.add('of a person with several accounts');
          }
        }
      } finally {
        await support.close();
      }
    }),
    // By this seed what is looked for below happens.
    { numRuns: 15, seed: 1, interruptAfterTimeLimit: LIMIT_MS },
  );
  const expected = [
    'applied null',
    'late window_closed',
    'held null',
    'judged again',
    'of a person with several accounts',
    'reversed null',
    'reversed nothing_counted',
    'reversed reversed_before',
    'waiting original_unknown',
  ];
  for (const what of expected) {
    expect(seen).toContain(what);
  }
});
