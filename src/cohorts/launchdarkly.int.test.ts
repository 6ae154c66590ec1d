// Cohorts that LaunchDarkly decides, with the real SDK on its own source of test data, and the real engine: verdicts are recorded, and where there is none
// a batch waits. What a player earned never depends on LaunchDarkly being there.
import { TestData } from '@launchdarkly/node-server-sdk/integrations';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { gameHistory, makeEvent, makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';
import { createLaunchDarklyResolver } from './launchdarkly.ts';
import type { CohortResolver } from './resolver.ts';

const flags = new Map([
  ['vip', 'vip-players'],
  ['beta', 'beta-players'],
]);

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  const early = makeGame({ game_id: 'vips', cohort_id: 'vip', milestone_steps: [5] });
  const june = { start: '2026-06-01T00:00:00Z', end: '2026-06-30T23:59:59Z' };
  await install(database.pool, {
    games: [
      gameHistory(early),
      gameHistory(makeGame({ game_id: 'betas', cohort_id: 'beta', game_window: june })),
      gameHistory(makeGame({ game_id: 'visits', triggers: [{ ...paymentTrigger(), event_type: 'visit' }] })),
    ],
  });
});
afterAll(() => database[Symbol.asyncDispose]());

let made = 0;
let user: string;
beforeEach(() => {
  user = `U${++made}`;
});

const vips = (data: TestData, ...members: string[]) =>
  data.update(
    members.reduce(
      (flag, member) => flag.variationForUser(member, true),
      data.flag('vip-players').clearAllTargets().fallthroughVariation(false),
    ),
  );

type Processor = NonNullable<Parameters<typeof createLaunchDarklyResolver>[0]['updateProcessor']>;

/** Flags as from LaunchDarkly; with `after`, they come once it resolves. */
function processorOf(data: TestData, after: Promise<void> = Promise.resolve()): Processor {
  return (context, store, ready, failed) => {
    // The types of the SDK do not agree with each other here.
    const source = data.getFactory()(
      context,
      store as Parameters<ReturnType<TestData['getFactory']>>[1],
      ready,
      failed,
    );
    return {
      start: () => void after.then(() => source.start()),
      stop: () => source.stop(),
      close: () => source.close(),
    };
  };
}

/** A resolver on this data that counts how often it is asked. */
function resolverOf(updateProcessor: Processor): CohortResolver & { asked: () => number } {
  const resolver = createLaunchDarklyResolver({ sdkKey: 'test', flags, log: silent, updateProcessor });
  onTestFinished(() => resolver.close());
  let asked = 0;
  return {
    ...resolver,
    asked: () => asked,
    verdict(cohortId, userId) {
      asked++;
      return resolver.verdict(cohortId, userId);
    },
  };
}

const ready = (resolver: CohortResolver, userId: string) =>
  waitFor('the first verdict', async () => (await resolver.verdict('vip', userId)) !== undefined);

async function statements(): Promise<string[]> {
  const { rows } = await database.pool.query(
    `select cohort_id || ' ' || member || to_char(valid_from at time zone 'UTC', ' MM-DD') as line
       from milepost.cohort_membership join milepost.player using (bucket, player_id) where user_id = $1 order by valid_from`,
    [user],
  );
  return rows.map(({ line }) => line);
}

async function take(resolver: CohortResolver | undefined, ...days: string[]): Promise<string[]> {
  await using engine = testEngine(database.url, resolver);
  const { results } = await engine.take(days.map((occurred) => upiPayment(1, { user, occurred })));
  return results.map(({ outcome }) => outcome);
}

test('a verdict counts and is recorded from the event on; only a change is recorded again', async () => {
  const data = new TestData();
  await vips(data, user);
  const resolver = resolverOf(processorOf(data));
  await ready(resolver, user);
  expect(await take(resolver, '05-10', '05-11')).toEqual(['applied', 'applied']);
  expect(await statements()).toEqual(['vip true 05-10']);

  await vips(data);
  expect(await take(resolver, '05-12', '05-13')).toEqual(['not_in_cohort', 'not_in_cohort']);
  expect(await statements()).toEqual(['vip true 05-10', 'vip false 05-12']);

  await vips(data, user);
  expect(await take(resolver, '05-14')).toEqual(['applied']);
  // A late event: what was recorded of that time stands.
  expect(await take(resolver, '05-13', '05-11')).toEqual(['not_in_cohort', 'applied']);
  expect(await statements()).toEqual(['vip true 05-10', 'vip false 05-12', 'vip true 05-14']);
});

test('a player who is no member is recorded as such', async () => {
  const data = new TestData();
  await vips(data, 'somebody else');
  const resolver = resolverOf(processorOf(data));
  await ready(resolver, user);
  expect(await take(resolver, '05-10')).toEqual(['not_in_cohort']);
  expect(await statements()).toEqual(['vip false 05-10']);
});

test('until LaunchDarkly has said something about a player, the batch waits, and then counts', async () => {
  const data = new TestData();
  await vips(data, user);
  const { promise: connected, resolve: connect } = Promise.withResolvers<void>();
  const resolver = resolverOf(processorOf(data, connected));
  const taken = take(resolver, '05-10');
  await waitFor('several attempts', () => resolver.asked() >= 3);
  expect(await statements()).toEqual([]);
  const { rows } = await database.pool.query('select from milepost.player where user_id = $1', [user]);
  expect(rows).toEqual([]);
  connect();
  expect(await taken).toEqual(['applied']);
});

test('a waiting batch can be called off', async () => {
  const resolver = resolverOf(processorOf(new TestData(), new Promise(() => {})));
  await using engine = testEngine(database.url, resolver);
  const aborted = new AbortController();
  const taken = engine.process({ events: [upiPayment(1, { user })], parked: [] }, aborted.signal);
  const gone = expect(taken).rejects.toThrow();
  await waitFor('an attempt', () => resolver.asked() >= 1);
  aborted.abort();
  await gone;
});

test('while LaunchDarkly is away the last recorded verdict stands, for players who have one', async () => {
  const data = new TestData();
  await vips(data, user);
  const before = resolverOf(processorOf(data));
  await ready(before, user);
  expect(await take(before, '05-10')).toEqual(['applied']);
  await before.close();

  const away = resolverOf(processorOf(data, new Promise(() => {})));
  expect(await take(away, '05-12')).toEqual(['applied']);
  expect(await statements()).toEqual(['vip true 05-10']);
  // Of the time before it was first asked nothing is recorded: that waits.
  await using engine = testEngine(database.url, away);
  const aborted = new AbortController();
  const early = engine.process({ events: [upiPayment(1, { user, occurred: '05-09' })], parked: [] }, aborted.signal);
  const gone = expect(early).rejects.toThrow();
  const asked = away.asked();
  await waitFor('an attempt', () => away.asked() > asked);
  aborted.abort();
  await gone;
});

describe('asks only what matters', () => {
  test('not for games that are over or have not begun, nor for other cohorts, nor for events of no game', async () => {
    const resolver = resolverOf(processorOf(new TestData(), new Promise(() => {})));
    await using engine = testEngine(database.url, resolver);
    const { results } = await engine.take([
      upiPayment(1, { user, occurred: '07-10' }),
      upiPayment(1, { user, occurred: '04-10' }),
      makeEvent({ user, type: 'visit', attributes: { transaction_amount: 1 } }),
      makeEvent({ user, type: 'login' }),
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['outside_window', 'outside_window', 'applied', 'no_match']);
    expect(resolver.asked()).toBe(0);
  });

  test('once for a player and a cohort, however many events', async () => {
    const data = new TestData();
    await vips(data, user);
    const resolver = resolverOf(processorOf(data));
    await ready(resolver, user);
    const before = resolver.asked();
    await take(resolver, ...Array.from({ length: 20 }, (_, index) => `05-${String(index + 1).padStart(2, '0')}`));
    expect(resolver.asked()).toBe(before + 1);
  });
});

describe('there is no verdict', () => {
  async function verdictOf(data: TestData, cohort = 'vip'): Promise<boolean | undefined> {
    // Ready once another flag can be told.
    await data.update(data.flag('beta-players').variationForAll(true));
    const resolver = resolverOf(processorOf(data));
    await waitFor('the flags', () => resolver.verdict('beta', 'anybody'));
    return resolver.verdict(cohort, user);
  }

  test('of a flag that is not there, or of a cohort that nobody named', async () => {
    expect(await verdictOf(new TestData())).toBeUndefined();
    expect(await verdictOf(new TestData(), 'early')).toBeUndefined();
  });

  test('of a flag that does not say true or false', async () => {
    const data = new TestData();
    await data.update(data.flag('vip-players').variations('gold', 'silver').fallthroughVariation(0));
    expect(await verdictOf(data)).toBeUndefined();
  });

  test('of a flag that is off and says nothing about what then holds; of one that does, there is', async () => {
    const silentFlag = { key: 'vip-players', version: 1, on: false, variations: [true, false] };
    const data = new TestData();
    await data.usePreconfiguredFlag(silentFlag);
    expect(await verdictOf(data)).toBeUndefined();
    const other = new TestData();
    await other.usePreconfiguredFlag({ ...silentFlag, offVariation: 1 });
    expect(await verdictOf(other)).toBe(false);
  });

  test('of a flag over a big segment that cannot be looked up', async () => {
    const data = new TestData();
    await data.usePreconfiguredSegment({ key: 'big', version: 1, unbounded: true, generation: 1, included: [] });
    await data.usePreconfiguredFlag({
      key: 'vip-players',
      version: 1,
      on: true,
      variations: [true, false],
      fallthrough: { variation: 1 },
      rules: [{ id: 'r', variation: 0, clauses: [{ attribute: '', op: 'segmentMatch', values: ['big'] }] }],
    });
    expect(await verdictOf(data)).toBeUndefined();
  });

  test('after the end', async () => {
    const resolver = resolverOf(processorOf(new TestData(), new Promise(() => {})));
    await resolver.close();
    await resolver.close();
    expect(await resolver.verdict('vip', user)).toBeUndefined();
  });
});
