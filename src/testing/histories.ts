// Random histories for property tests: games with versions, cohorts with intervals, and events, all drawn from few values that lie on and
// beside every boundary, so that the cases that matter come up often. And random deliveries of a history's events.
import fc from 'fast-check';
import type { IncomingEvent, Json } from '../event/event.ts';
import type { GameConfig } from '../games/config.ts';
import { at, changed, type GameHistory, gameHistory, makeEvent, makeGame } from './make.ts';
import type { History } from './model.ts';

/** A history whose parts are also what the engine takes. */
export interface EngineHistory extends History {
  games: readonly GameHistory[];
  events: readonly IncomingEvent[];
}

const start = '2026-05-01T00:00:00Z';
const end = '2026-05-31T23:59:59Z';
const secondVersion = at('2026-05-12T00:00:00Z');
const thirdVersion = at('2026-05-20T00:00:00Z');
const instants = [
  at(start) - 1,
  at(start),
  secondVersion - 1,
  secondVersion,
  at('05-15'),
  thirdVersion,
  at(end) + 999,
  at(end) + 1_000,
];
const users = ['U1', 'U2', 'ünïcode ☕', 'U4'];
const cohorts = ['everyone', 'early', 'late'];

const attributes: fc.Arbitrary<Record<string, Json>> = fc.record(
  {
    transaction_amount: fc.constantFrom<Json>(1_199.99, 1_200, 1_200.01, 25_000, null, '1200'),
    transaction_type: fc.constantFrom<Json>('UPI', 'CARD'),
    frm_flag: fc.constantFrom<Json>(null, '', false, 'VELOCITY', true),
  },
  { requiredKeys: [] },
);

const comparison = fc.oneof(
  fc.record({
    field: fc.constant('attributes.transaction_amount'),
    op: fc.constantFrom('gt', 'gte', 'lt', 'lte', 'eq', 'ne'),
    value: fc.constantFrom(1_200, 1_199.99),
  }),
  fc.record({
    field: fc.constantFrom('attributes.transaction_type', 'producer'),
    op: fc.constantFrom('eq', 'ne', 'starts_with'),
    value: fc.constantFrom('UPI', 'switch', 'U'),
  }),
  fc.record({
    field: fc.constantFrom('attributes.transaction_type', 'attributes.absent'),
    op: fc.constantFrom('in', 'not_in'),
    value: fc.constantFrom<Json[]>(['UPI', 'CARD'], ['CARD', null]),
  }),
  fc.record({
    field: fc.constantFrom('attributes.transaction_amount', 'attributes.absent'),
    op: fc.constant('exists'),
    value: fc.boolean(),
  }),
  fc.record({
    field: fc.constant('attributes.transaction_amount'),
    op: fc.constant('between'),
    value: fc.constantFrom([1_200, 1_200], [1_200, 30_000]),
  }),
);

const { rule } = fc.letrec((tie) => ({
  rule: fc.oneof(
    fc.record({
      operator: fc.constantFrom('and', 'or'),
      conditions: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ operator: fc.constant('not'), conditions: fc.tuple(tie('node')) }),
  ),
  node: fc.oneof({ maxDepth: 4, depthSize: 'small', withCrossShrink: true }, comparison, tie('rule')),
}));

/** Half of the triggers take everything, or hardly an event would count. */
const anything = { operator: 'or', conditions: [{ field: 'producer', op: 'exists', value: true }] };

const triggers = fc
  .array(
    fc.record({
      event_type: fc.constantFrom('payment_success', 'fs_action_complete'),
      rule: fc.oneof(fc.constant(anything), rule) as fc.Arbitrary<never>,
      progression_config: fc.record({
        mode: fc.constant('increment_by_constant' as const),
        value: fc.integer({ min: 1, max: 4 }),
      }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((list) => list.map((trigger, index) => ({ ...trigger, trigger_id: `trigger_${index}` })));

const steps = fc
  .uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 })
  .chain((numbers) =>
    fc.tuple(
      ...numbers
        .sort((a, b) => a - b)
        .map((step) =>
          fc.record({ step: fc.constant(step), step_type: fc.constantFrom('REWARD', 'EMPTY', 'FORTUNE_COOKIE') }),
        ),
    ),
  );

/** What a later version may change in a window that has begun. */
const terms = fc.record({
  triggers,
  frm: fc.constantFrom<GameConfig['frm'][]>('hold', 'hold', 'ignore', 'reject'),
  rewards: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 4, maxLength: 4 }),
});

const game = fc
  .record({
    cohort_id: fc.constantFrom(...cohorts),
    steps,
    versions: fc.array(terms, { minLength: 1, maxLength: 3 }),
    shifted: fc.boolean(),
  })
  .map(({ cohort_id, steps: milestones, versions, shifted }) => (game_id: string): GameHistory => {
    const [first, ...later] = versions.map(({ rewards, ...rest }) =>
      makeGame({
        game_id,
        cohort_id,
        // Another window now and then, so that an event is inside one game's and outside another's.
        game_window: shifted ? { start: '2026-05-12T00:00:00Z', end: '2026-05-19T23:59:59.999Z' } : { start, end },
        milestone_steps: milestones.map((step, index) =>
          step.step_type === 'REWARD'
            ? { ...step, reward: { reward_type: index % 2 === 0 ? 'NC' : 'VOUCHER', value: rewards[index] } }
            : step,
        ),
        ...rest,
      }),
    );
    const from = [secondVersion, thirdVersion];
    return gameHistory(
      first as GameConfig,
      ...later.map((config, index): [number, GameConfig] => [from[index] as number, config]),
    );
  });

const membership = fc
  .record({
    userId: fc.constantFrom(...users),
    cohortId: fc.constantFrom('early', 'late'),
    bounds: fc.uniqueArray(fc.constantFrom(...instants, Number.POSITIVE_INFINITY), { minLength: 2, maxLength: 2 }),
  })
  .map(({ userId, cohortId, bounds }) => ({
    userId,
    cohortId,
    from: Math.min(...bounds),
    to: Math.max(...bounds),
  }));

const event = fc.record({
  user: fc.constantFrom(...users),
  producer: fc.constantFrom('switch', 'journeys'),
  id: fc.integer({ min: 1, max: 30 }).map((number) => `evt_${number}`),
  type: fc.constantFrom('payment_success', 'payment_success', 'fs_action_complete', 'unheard_of'),
  occurred: fc.constantFrom(...instants),
  // On time mostly; else at the bounds of clock skew and of the grace.
  delay: fc.constantFrom(0, 0, 0, 1_000, -300_000, -300_001, 40 * 86_400_000),
  received: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    at(end) + 999 + 72 * 3_600_000,
    at(end) + 1_000 + 72 * 3_600_000,
  ),
  attributes,
});

/** Up to three games, some memberships and a set of events of a few players. */
export function histories(bounds: { maxEvents: number }): fc.Arbitrary<EngineHistory> {
  return fc
    .record({
      games: fc.array(game, { minLength: 1, maxLength: 3 }),
      memberships: fc.uniqueArray(membership, {
        maxLength: 6,
        selector: ({ userId, cohortId, from }) => `${userId} ${cohortId} ${from}`,
      }),
      events: fc.uniqueArray(event, {
        maxLength: bounds.maxEvents,
        size: 'max',
        selector: ({ user, producer, id }) => `${user} ${producer} ${id}`,
      }),
    })
    .map(({ games, memberships, events }) => ({
      games: games.map((build, index) => build(`game_${index}`)),
      memberships,
      events: events.map(({ delay, received, ...options }) =>
        makeEvent({ ...options, received: received ?? options.occurred + delay }),
      ),
    }));
}

/** Deliveries of a history's events: every one at least once, in any order, some again and again, cut into batches of 1 to 50. */
export function deliveries(events: readonly IncomingEvent[]): fc.Arbitrary<IncomingEvent[][]> {
  if (events.length === 0) return fc.constant([]);
  const repeated = fc.array(fc.constantFrom(...events), { maxLength: events.length });
  return repeated
    .chain((again) => fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length }))
    .chain((order) =>
      fc
        .array(fc.integer({ min: 1, max: 50 }), { minLength: order.length, maxLength: order.length, size: 'max' })
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

/** The same identity with other content. */
export function altered(event: IncomingEvent): IncomingEvent {
  return changed(event, { attributes: { ...event.event.attributes, altered: true } });
}
