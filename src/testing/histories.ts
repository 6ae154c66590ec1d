// Random histories for property tests: games, cohorts with intervals, and events, all drawn from few values that lie on and beside every boundary,
// so that the cases that matter come up often. And random deliveries of a history's events. Whoever imports this draws the same in every run, so that what
// fails then is what was changed; others are drawn by HISTORIES_SEED=17.
import fc from 'fast-check';
import type { IncomingEvent, Json } from '../event/event.ts';
import { autumn, DAY, type Era, india, spring } from './era.ts';
import { at, changed, type GameHistory, makeEvent } from './make.ts';
import type { History } from './model.ts';
import { gameIn } from './random-games.ts';

/** A history whose parts are also what the engine takes. */
export interface EngineHistory extends History {
  games: readonly GameHistory[];
  events: readonly IncomingEvent[];
}

fc.configureGlobal({ seed: Number(process.env.HISTORIES_SEED ?? 42) });

const users = ['U1', 'U2', 'ünïcode ☕', 'U4'];

const attributes: fc.Arbitrary<Record<string, Json>> = fc.record(
  {
    transaction_amount: fc.constantFrom<Json>(1_199.99, 1_200, 1_200.01, 0.07, 0.29, -3, 25_000, null, '1200'),
    transaction_type: fc.constantFrom<Json>('UPI', 'UPI', 'CARD', 'constructor'),
    // Texts that a database does not store as they are, and one as long as an attribute may be.
    merchant_id: fc.constantFrom<Json>(
      ...repeat(4, 'M1'),
      ...repeat(2, 'M2'),
      'M3',
      '1200',
      '',
      null,
      '\u0000',
      '\ud800',
      '\ud801',
      'm'.repeat(300),
    ),
    frm_flag: fc.constantFrom<Json>(null, null, '', false, 'VELOCITY', true),
  },
  { requiredKeys: [] },
);

/** A value that is drawn so many times more often than another. */
function repeat<Value>(times: number, value: Value): Value[] {
  return Array.from({ length: times }, () => value);
}

function membershipIn({ boundaries }: Era) {
  return fc
    .record({
      userId: fc.constantFrom(...users),
      cohortId: fc.constantFrom('early', 'late'),
      bounds: fc.uniqueArray(fc.constantFrom(...boundaries, Number.POSITIVE_INFINITY), { minLength: 2, maxLength: 2 }),
    })
    .map(({ userId, cohortId, bounds }) => ({
      userId,
      cohortId,
      from: Math.min(...bounds),
      to: Math.max(...bounds),
    }));
}

function eventIn(era: Era) {
  const end = at(era.end) + 1_000;
  const bounds = [...era.boundaries, ...era.versions, at(era.start), end, at(era.prolonged) + 1_000];
  return fc.record({
    // Most are of one player: what one event finds is what others have left.
    user: fc.constantFrom(...repeat(5, 'U1'), ...users),
    producer: fc.constantFrom('switch', 'journeys'),
    id: fc.integer({ min: 1, max: 30 }).map((number) => `evt_${number}`),
    type: fc.constantFrom(
      ...repeat(8, 'payment_success'),
      ...repeat(2, 'fs_action_complete'),
      'opted_in',
      'unheard_of',
    ),
    occurred: fc.oneof(
      fc.constantFrom(...bounds),
      fc.constantFrom(...bounds.map((instant) => instant - 1)),
      fc.constantFrom(...era.between),
    ),
    // On time mostly; else at the bounds of clock skew and of the grace.
    delay: fc.constantFrom(...repeat(14, 0), 1_000, -300_000, -300_001, DAY, 3 * DAY, 40 * DAY),
    received: fc.constantFrom(...repeat(14, undefined), end - 1 + 3 * DAY, end + 3 * DAY),
    transaction: fc.constantFrom(null, null, 'T1', 'T2', 'T3'),
    attributes,
  });
}

/** Up to three games of an era, some memberships and a set of events of a few players. */
export function histories(bounds: { maxEvents: number }): fc.Arbitrary<EngineHistory> {
  const eras = fc.oneof(
    { weight: 3, arbitrary: fc.constant(india) },
    { weight: 1, arbitrary: fc.constantFrom(spring, autumn) },
  );
  return eras.chain((era) =>
    fc
      .record({
        games: fc.array(gameIn(era), { minLength: 1, maxLength: 3 }),
        memberships: fc.uniqueArray(membershipIn(era), {
          maxLength: 6,
          selector: ({ userId, cohortId, from }) => `${userId} ${cohortId} ${from}`,
        }),
        events: fc.uniqueArray(eventIn(era), {
          maxLength: bounds.maxEvents,
          size: 'max',
          selector: ({ user, producer, id }) => `${user} ${producer} ${id}`,
        }),
      })
      .map(({ games, memberships, events }) => ({
        games: games.map((build, index) => build(`game_${index}`)),
        memberships,
        events: atDifferentTimes(events).map(({ delay, received, transaction, ...options }) =>
          makeEvent({
            ...options,
            received: received ?? options.occurred + delay,
            correlation: { canonical_transaction_id: transaction },
          }),
        ),
      })),
  );
}

/** Which of a transaction's events of one instant counts is settled, but the model does not know how: there is at most one. */
function atDifferentTimes<Drawn extends { user: string; occurred: number; transaction: string | null }>(
  events: Drawn[],
): Drawn[] {
  const seen = new Set<string>();
  return events.map((event) => {
    const key = `${event.user} ${event.transaction} ${event.occurred}`;
    if (!seen.has(key)) {
      seen.add(key);
      return event;
    }
    return { ...event, transaction: null };
  });
}

/** Deliveries of a history's events: every one at least once, in any order, some again and again, cut into batches of 1 to 20. */
export function deliveries(events: readonly IncomingEvent[]): fc.Arbitrary<IncomingEvent[][]> {
  if (events.length === 0) return fc.constant([]);
  const repeated = fc.array(fc.constantFrom(...events), { maxLength: events.length });
  return repeated
    .chain((again) => fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length }))
    .chain((order) =>
      fc
        .array(fc.integer({ min: 1, max: 20 }), { minLength: order.length, maxLength: order.length, size: 'max' })
        .map((sizes) => {
          const batches: IncomingEvent[][] = [];
          for (let from = 0, cut = 0; from < order.length; cut++) {
            const size = sizes[cut] as number;
            batches.push(order.slice(from, from + size));
            from += size;
          }
          return batches;
        }),
    );
}

/** The events of some batches in the order in which they first came. */
export function arrivalOf(batches: readonly IncomingEvent[][]): IncomingEvent[] {
  return [...new Set(batches.flat())];
}

/** The same identity with other content. */
export function altered(event: IncomingEvent): IncomingEvent {
  return changed(event, { attributes: { ...event.event.attributes, altered: true } });
}
