// Two accounts of one person on PostgreSQL: what either has done counts together, nothing is paid twice, and it can be taken back.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { GameConfig } from '../games/config.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, type TestEngine, testEngine } from '../testing/engine.ts';
import { everyArchetype } from '../testing/every-archetype.ts';
import { deliveries, histories } from '../testing/histories.ts';
import {
  at,
  gameHistory,
  makeEvent,
  makeGame,
  paymentReversal,
  paymentTrigger,
  reversalOf,
  upiPayment,
} from '../testing/make.ts';
import { mergeOf, unmergeOf } from '../testing/merge.ts';
import { type MergeOrder, orderMerge } from './merge.ts';
import { rebuild } from './rebuild.ts';
import { verify } from './verify.ts';

interface Scene extends AsyncDisposable {
  database: TestDatabase;
  engine: TestEngine;
}

async function scene(...games: GameConfig[]): Promise<Scene> {
  const database = await testDatabase();
  await install(database.pool, { games: games.map((game) => gameHistory(game)) });
  const engine = testEngine(database.url);
  return {
    database,
    engine,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Progress by player, of those whose it is. */
async function progressOf({ database }: Pick<Scene, 'database'>): Promise<Record<string, string>> {
  const { rows } = await database.pool.query<{ user_id: string; progress: string }>(
    `select user_id, string_agg(game_no || ': ' || value || '/' || cleared, ', ' order by game_no, window_start) as progress
       from milepost.progress join milepost.player using (bucket, player_id)
      where (bucket, player_id) not in (select bucket, player_id from milepost.player_owner) and value > 0 group by 1`,
  );
  return Object.fromEntries(rows.map(({ user_id, progress }) => [user_id, progress]));
}

/** Claims as `user step earning status`, in order. */
async function claimsOf({ database }: Pick<Scene, 'database'>): Promise<string[]> {
  const { rows } = await database.pool.query<{ line: string }>(
    `select user_id || ' ' || step || case when earning > 1 then ' again' else '' end || ' ' || status as line
       from milepost.claim join milepost.player using (bucket, player_id) order by step, user_id collate "C", earning`,
  );
  return rows.map(({ line }) => line);
}

/** What is to be paid or has been, as `user NC amount`. */
async function paymentsOf({ database }: Pick<Scene, 'database'>): Promise<string[]> {
  const { rows } = await database.pool.query<{ line: string }>(
    `select body ->> 'user_id' || ' ' || (body ->> 'reward_type') || ' ' || (body ->> 'amount') as line
       from milepost.outbox where message_key is not null and state <> 'cancelled' order by (body ->> 'step')::int, 1`,
  );
  return rows.map(({ line }) => line);
}

async function differences({ database }: Pick<Scene, 'database'>) {
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return (await verify(support)).filter(({ check }) => check !== 'event_of_one_player');
  } finally {
    await support.close();
  }
}

const payments = (user: string, ...days: string[]): IncomingEvent[] =>
  days.map((day) =>
    upiPayment(2_000, { user, id: `${user} ${day}`, occurred: day, correlation: { payment_id: `${user} ${day}` } }),
  );

async function outcomesOf(engine: TestEngine, ...events: IncomingEvent[]): Promise<string[]> {
  const { results } = await engine.take(events);
  return results.map(({ outcome, reason, replayed }) => `${outcome} ${reason}${replayed ? ' again' : ''}`);
}

describe('two players with some progress each', () => {
  const game = makeGame({ milestone_steps: [2, 3, 5, 7] });
  async function two(): Promise<Scene> {
    const made = await scene(game);
    await made.engine.take([...payments('old', '05-02', '05-03', '05-04'), ...payments('new', '05-02', '05-05')]);
    return made;
  }

  test('are one after a merge: steps are claimed once, also those that they reach together', async () => {
    await using made = await two();
    const { engine } = made;
    expect(await outcomesOf(engine, mergeOf('old', 'new'))).toEqual(['applied player_merged']);
    expect(await progressOf(made)).toEqual({ new: '1: 5/5' });
    expect(await claimsOf(made)).toEqual(['new 2 earned', 'old 2 cancelled', 'old 3 earned', 'new 5 earned']);
    expect(await paymentsOf(made)).toEqual(['new NC 20', 'old NC 30', 'new NC 50']);
    expect(await differences(made)).toEqual([]);
  });

  test('both keep what both have been paid for', async () => {
    await using made = await two();
    await made.database.pool.query(
      "update milepost.outbox set state = 'done', attempts = 1, settled_at = now() where message_key is not null",
    );
    await made.engine.take([mergeOf('old', 'new')]);
    expect(await claimsOf(made)).toEqual(['new 2 earned', 'old 2 earned', 'old 3 earned', 'new 5 earned']);
    expect(await differences(made)).toEqual([]);
  });

  test('take events of either, and each event once', async () => {
    await using made = await two();
    const { engine } = made;
    await engine.take([mergeOf('old', 'new')]);
    const [first] = payments('old', '05-02') as [IncomingEvent];
    const underTheOther = { ...first, event: { ...first.event, user_id: 'new' } };
    expect(await outcomesOf(engine, ...payments('old', '05-20'), first, underTheOther)).toEqual([
      'applied null',
      'applied null again',
      'applied null again',
    ]);
    expect(await outcomesOf(engine, ...payments('new', '05-21'), ...payments('old', '05-20'))).toEqual([
      'applied null',
      'applied null again',
    ]);
    expect(await progressOf(made)).toEqual({ new: '1: 7/7' });
    expect(await claimsOf(made)).toContain('new 7 earned');
    expect(await differences(made)).toEqual([]);
  });

  test('take back what either did, by the event and by the payment', async () => {
    await using made = await two();
    const { engine } = made;
    await engine.take([mergeOf('old', 'new')]);
    expect(await outcomesOf(engine, reversalOf('old 05-02', null, { user: 'new' }))).toEqual(['reversed null']);
    expect(await progressOf(made)).toEqual({ new: '1: 4/4' });
    expect(await claimsOf(made)).toEqual(['new 2 earned', 'old 2 cancelled', 'old 3 earned', 'new 5 cancelled']);
    expect(await outcomesOf(engine, paymentReversal('old 05-03', null, { user: 'old' }))).toEqual(['reversed null']);
    expect(await outcomesOf(engine, paymentReversal('new 05-05', null, { user: 'old' }))).toEqual(['reversed null']);
    expect(await progressOf(made)).toEqual({ new: '1: 2/2' });
    expect(await claimsOf(made)).toEqual(['new 2 earned', 'old 2 cancelled', 'old 3 cancelled', 'new 5 cancelled']);
    await engine.take(payments('new', '05-22'));
    expect(await claimsOf(made)).toContain('new 3 again earned');
    expect(await differences(made)).toEqual([]);
  });

  test('are two again after it is undone', async () => {
    await using made = await two();
    const { engine } = made;
    const before = [await progressOf(made), await paymentsOf(made)];
    await engine.take([mergeOf('old', 'new')]);
    expect(await outcomesOf(engine, unmergeOf('old', 'new'))).toEqual(['applied player_unmerged']);
    expect([await progressOf(made), await paymentsOf(made)]).toEqual(before);
    expect(await differences(made)).toEqual([]);
    await engine.take([...payments('old', '05-20', '05-21'), ...payments('new', '05-20')]);
    expect(await progressOf(made)).toEqual({ old: '1: 5/5', new: '1: 3/3' });
    expect(await differences(made)).toEqual([]);
    await engine.take([mergeOf('new', 'old')]);
    expect(await progressOf(made)).toEqual({ old: '1: 8/8' });
    expect(await differences(made)).toEqual([]);
  });

  test('what they were paid for together is settled by the game’s policy when it is undone', async () => {
    const clawing = makeGame({ milestone_steps: [2, 3, 5], on_reversal: 'claw_back' });
    await using made = await scene(clawing);
    const { engine, database } = made;
    await engine.take([...payments('old', '05-02', '05-03', '05-04'), ...payments('new', '05-02', '05-05')]);
    await engine.take([mergeOf('old', 'new')]);
    await database.pool.query(
      "update milepost.outbox set state = 'done', attempts = 1, settled_at = now() where message_key is not null and state = 'pending'",
    );
    await engine.take([...payments('old', '05-20'), unmergeOf('old', 'new')]);
    expect(await progressOf(made)).toEqual({ old: '1: 3/3', new: '1: 3/3' });
    expect(await claimsOf(made)).toEqual([
      'new 2 earned',
      'old 2 cancelled',
      'old 2 again earned',
      'new 3 earned',
      'old 3 earned',
      'new 5 clawed_back',
    ]);
    expect(await differences(made)).toEqual([]);
  });

  test('say no to what cannot be, and change nothing by a repeat', async () => {
    await using made = await two();
    const { engine } = made;
    const merge = mergeOf('old', 'new');
    await engine.take([merge]);
    const books = [await progressOf(made), await claimsOf(made)];
    expect(await outcomesOf(engine, merge)).toEqual(['applied player_merged again']);
    expect(await outcomesOf(engine, mergeOf('old', 'new'))).toEqual(['no_match already_merged']);
    expect(await outcomesOf(engine, mergeOf('new', 'old'))).toEqual(['rejected same_player']);
    expect(await outcomesOf(engine, mergeOf('new', 'new'))).toEqual(['rejected same_player']);
    expect(await outcomesOf(engine, mergeOf('old', 'third'))).toEqual(['rejected merged_elsewhere']);
    expect(await outcomesOf(engine, unmergeOf('third', 'new'))).toEqual(['no_match not_merged']);
    expect(await outcomesOf(engine, unmergeOf('old', 'new', { occurred: '06-10' }))).toEqual([
      'rejected unmerge_too_late',
    ]);
    expect(await outcomesOf(engine, makeEvent({ type: 'player_merged', user: 'new' }))).toEqual([
      'rejected merge_invalid',
    ]);
    expect([await progressOf(made), await claimsOf(made)]).toEqual(books);
    expect(await differences(made)).toEqual([]);
  });

  test('are followed to the end of a chain, and go along when its middle leaves', async () => {
    await using made = await two();
    const { engine } = made;
    await engine.take([...payments('third', '05-08'), mergeOf('old', 'new'), mergeOf('new', 'third')]);
    expect(await progressOf(made)).toEqual({ third: '1: 6/6' });
    await engine.take(payments('old', '05-20'));
    expect(await progressOf(made)).toEqual({ third: '1: 7/7' });
    expect(await outcomesOf(engine, mergeOf('third', 'old'))).toEqual(['rejected same_player']);
    expect(await differences(made)).toEqual([]);
    await engine.take([unmergeOf('new', 'third')]);
    expect(await progressOf(made)).toEqual({ third: '1: 2/2', new: '1: 5/5' });
    await engine.take(payments('old', '05-21'));
    expect(await progressOf(made)).toEqual({ third: '1: 2/2', new: '1: 6/6' });
    expect(await differences(made)).toEqual([]);
  });

  test('keep what came while they were one where it counted, after the merge is undone: repeats and refunds under either name find it there', async () => {
    await using made = await two();
    const { engine } = made;
    await engine.take([mergeOf('old', 'new')]);
    const again = upiPayment(2_000, {
      ...{ user: 'old', id: 'old 05-02', producer: 'other', occurred: '05-02' },
      correlation: { payment_id: 'old 05-02' },
    });
    await engine.take([
      ...payments('old', '05-20', '05-21'),
      reversalOf('old 05-02', null, { user: 'old', id: 'refund 0', attributes: { original_producer: 'tests' } }),
      again,
    ]);
    await engine.take([unmergeOf('old', 'new')]);
    const apart = { old: '1: 2/2', new: '1: 5/5' };
    expect(await progressOf(made)).toEqual(apart);

    expect(await outcomesOf(engine, ...payments('old', '05-20', '05-02', '05-03'), again)).toEqual([
      'applied null again',
      'applied null again',
      'applied null again',
      'applied null again',
    ]);
    expect(await progressOf(made)).toEqual(apart);
    const refunds = [
      paymentReversal('old 05-20', null, { user: 'old', id: 'refund 1' }),
      paymentReversal('old 05-02', null, { user: 'old', id: 'refund 2' }),
      reversalOf('old 05-21', null, { user: 'old', id: 'refund 3' }),
      paymentReversal('old 05-03', null, { user: 'old', id: 'refund 4' }),
    ];
    expect(await outcomesOf(engine, ...refunds)).toEqual(refunds.map(() => 'reversed null'));
    expect(await progressOf(made)).toEqual({ old: '1: 1/1', new: '1: 2/2' });
    expect(await outcomesOf(engine, ...refunds)).toEqual(refunds.map(() => 'reversed null again'));
    // Of either, what is its own is still its own.
    await engine.take([...payments('old', '05-25'), ...payments('new', '05-26')]);
    expect(await progressOf(made)).toEqual({ old: '1: 2/2', new: '1: 3/3' });
    const support = connect(made.database.url, { role: 'milepost_support', size: 1, log: silent });
    expect(await verify(support)).toEqual([]);
    await support.close();

    // A ruling stays with its own player where that one knows what it names, too.
    const known = reversalOf('old 05-02', null, { user: 'old', id: 'refund 5' });
    expect(await outcomesOf(engine, known)).toEqual(['reversed already_reversed']);
    const { rows } = await made.database.pool.query(
      "select user_id from milepost.event_key join milepost.player using (bucket, player_id) where event_id = 'refund 5'",
    );
    expect(rows).toEqual([{ user_id: 'old' }]);
    // What the other has done before they were one, and since they are two again, is nothing of its.
    const [before, since] = [payments('new', '05-02'), payments('new', '05-26')];
    const asOld = [...before, ...since].map((each) => ({ ...each, event: { ...each.event, user_id: 'old' } }));
    const refund = paymentReversal('new 05-26', null, { user: 'old', id: 'refund 6' });
    expect(await outcomesOf(engine, ...asOld, refund)).toEqual(['applied null', 'applied null', 'reversed null']);
    expect(await progressOf(made)).toEqual({ old: '1: 3/3', new: '1: 3/3' });
  });

  test('have progress that can be rebuilt', async () => {
    await using made = await two();
    const { engine, database } = made;
    await engine.take([mergeOf('old', 'new')]);
    const before = await progressOf(made);
    await database.pool.query("update milepost.progress set value = 77, cleared = 7, claimed = '{}'");
    await using ingest = {
      ...connect(database.url, { role: 'milepost_ingest', size: 2, log: silent }),
      [Symbol.asyncDispose]: () => ingest.close(),
    };
    const report = await rebuild(ingest, { dryRun: false, by: 'asha', reason: 'ticket', shown: 10 });
    expect(report.checksums.stored).toBe(report.checksums.expected);
    expect(await progressOf(made)).toEqual(before);
    expect(await differences(made)).toEqual([]);
  });
});

describe('an order', () => {
  const merge = (userId: string, into: string) => ({ kind: 'merged', userId, into }) as const;
  const unmerge = (userId: string) => ({ kind: 'unmerged', userId }) as const;
  /** What is answered, as one line. */
  const ask = (
    { engine }: Scene,
    what: ReturnType<typeof merge> | ReturnType<typeof unmerge>,
    reason: string,
    dryRun = false,
  ): Promise<string> => {
    const order: MergeOrder = { ...what, by: 'asha', reason, at: Date.now(), origin: { transport: 'http' } };
    return orderMerge({ db: engine.db, engine, dryRun }, order).then(
      ({ already }) => (already ? 'already' : 'done'),
      ({ message }) => message,
    );
  };

  test('that was refused says why each time, and is done once nothing hinders it', async () => {
    await using made = await scene(makeGame({ milestone_steps: [1, 2], on_reversal: 'offset' }));
    const { engine, database } = made;
    await engine.take([...payments('old', '05-02'), ...payments('new', '05-02'), ...payments('third', '05-02')]);
    await database.pool.query(
      "update milepost.outbox set state = 'done', attempts = 1, settled_at = now() where message_key is not null",
    );
    await engine.take([reversalOf('old 05-02', null, { user: 'old' })]);
    expect(await ask(made, merge('old', 'new'), 'ticket 1')).toBe('done');
    await engine.take(payments('new', '05-03'));

    const owed = 'old was not unmerged: what one of them owed has been made up for by a reward of the other since';
    const elsewhere = 'old was not merged: it has been merged into another player; take it out there first';
    for (const reason of ['ticket 2', 'ticket 3', 'ticket 2']) {
      expect(await ask(made, unmerge('old'), reason)).toBe(owed);
      expect(await ask(made, unmerge('old'), reason, true)).toBe(owed);
      expect(await ask(made, merge('old', 'third'), reason)).toBe(elsewhere);
    }
    await engine.take([reversalOf('new 05-03', null, { user: 'new' })]);
    expect(await ask(made, unmerge('old'), 'ticket 2', true)).toBe('done');
    expect(await ask(made, unmerge('old'), 'ticket 2')).toBe('done');
    expect(await ask(made, unmerge('old'), 'ticket 2')).toBe('already');
    expect(await ask(made, merge('old', 'third'), 'ticket 2')).toBe('done');
    expect(await ask(made, merge('old', 'third'), 'ticket 3')).toBe('already');
    expect(await ask(made, merge('third', 'old'), 'ticket 3')).toBe(
      'third was not merged: they are one person already, the other way round: old counts as third',
    );
    expect(await differences(made)).toEqual([]);
  });

  test('that many give at once is done once, for whatever reasons', async () => {
    await using made = await scene(makeGame());
    await made.engine.take([...payments('old', '05-02'), ...payments('new', '05-02')]);
    const orders = [merge('old', 'new'), unmerge('old')];
    for (const order of orders) {
      // Each has seen that nothing is done yet before one is judged.
      let waiting = 0;
      const gate = Promise.withResolvers<void>();
      const engine: TestEngine = {
        ...made.engine,
        async process(...given) {
          if (++waiting === 6) gate.resolve();
          await gate.promise;
          return made.engine.process(...given);
        },
      };
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, index) => ask({ ...made, engine }, order, `ticket ${index}`)),
      );
      expect(answers.sort()).toEqual([...Array(5).fill('already'), 'done']);
    }
    expect(await differences(made)).toEqual([]);
  });
});

test('caps, distinct values and transactions are one for both', async () => {
  const capped = makeGame({ game_id: 'capped', triggers: [{ cap: { per_day: 2 } }] });
  const unique = makeGame({
    game_id: 'unique',
    triggers: [{ progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 1 } }],
  } as Parameters<typeof makeGame>[0]);
  const once = makeGame({
    game_id: 'once',
    evaluation_scope: 'LOGICAL_TRANSACTION',
    transaction_policy: 'max',
    triggers: [paymentTrigger({ id: 'small', worth: 1 }), paymentTrigger({ id: 'big', from: 5_000, worth: 2 })],
  });
  await using made = await scene(capped, unique, once);
  const pay = (user: string, hour: number, amount: number, merchant: string, transaction: string) =>
    upiPayment(amount, {
      user,
      id: `${user} ${hour}`,
      occurred: at(`2026-05-10T0${hour}:00:00Z`),
      attributes: { merchant_id: merchant },
      correlation: { canonical_transaction_id: transaction },
    });
  const events = (one: string, other: string) => [
    pay(one, 1, 2_000, 'M1', 'T1'),
    pay(other, 2, 9_000, 'M1', 'T1'),
    pay(one, 3, 2_000, 'M2', 'T2'),
    pay(other, 4, 2_000, 'M3', 'T3'),
  ];
  await made.engine.take([...events('old', 'new'), ...events('alone', 'alone')]);
  await made.engine.take([mergeOf('old', 'new')]);
  const progress = await progressOf(made);
  expect(progress.new).toBe('1: 2/2, 2: 3/3, 3: 5/5');
  expect(progress.new).toBe(progress.alone);
  expect(await differences(made)).toEqual([]);
});

test('what is held is released by what the other has, and a release of either counts', async () => {
  await using made = await scene(makeGame({ milestone_steps: [2, 4] }));
  const { engine } = made;
  const flagged = upiPayment(2_000, {
    user: 'old',
    id: 'flagged',
    occurred: '05-03',
    attributes: { frm_flag: 'VELOCITY' },
  });
  await engine.take([...payments('old', '05-02'), flagged, ...payments('new', '05-04')]);
  expect(await claimsOf(made)).toEqual(['old 2 held']);
  await engine.take([mergeOf('old', 'new')]);
  expect(await progressOf(made)).toEqual({ new: '1: 3/2' });
  expect(await claimsOf(made)).toEqual(['old 2 earned']);
  await engine.take(payments('new', '05-05'));
  expect(await claimsOf(made)).toEqual(['old 2 earned', 'new 4 held']);
  const release = makeEvent({ type: 'hold_released', user: 'new', correlation: { original_event_id: 'flagged' } });
  expect(await outcomesOf(engine, release)).toEqual(['applied released']);
  expect(await claimsOf(made)).toEqual(['old 2 earned', 'new 4 earned']);
  expect(await differences(made)).toEqual([]);
});

test('a merge while events for both come in loses nothing and counts nothing twice', async () => {
  await using made = await scene(...everyArchetype);
  await using other = testEngine(made.database.url);
  await using third = testEngine(made.database.url);
  const events = (user: string, from: number) =>
    Array.from({ length: 60 }, (_, index) =>
      upiPayment(2_000, { user, id: `${user} ${from + index}`, occurred: at('05-02') + index * 3_600_000 }),
    );
  const stream = async (engine: TestEngine, all: IncomingEvent[]) => {
    for (let start = 0; start < all.length; start += 5) await engine.take(all.slice(start, start + 5));
  };
  const rest = ['x', 'y', 'z'].flatMap((user) => events(user, 0));
  await Promise.all([
    stream(made.engine, [...events('old', 0), ...rest]),
    stream(other, [...rest.toReversed(), ...events('new', 0).toReversed()]),
    (async () => {
      for (const user of ['x', 'y', 'z']) await third.take([mergeOf(user, 'old')]);
      await third.take([mergeOf('old', 'new')]);
      await third.take([unmergeOf('old', 'new')]);
      await third.take([mergeOf('old', 'new')]);
    })(),
  ]);
  expect(await differences(made)).toEqual([]);
  const { rows } = await made.database.pool.query(
    'select count(distinct event_no)::int as events from milepost.credit',
  );
  expect(rows[0].events).toBeGreaterThanOrEqual(300);
}, 60_000);

const split = histories({ maxEvents: 30 }).chain((drawn) => {
  // What is pinned by when it came, by cohort or by joining, is not a matter of merging.
  const games = drawn.games
    .map(({ versions, ...rest }) => ({
      ...rest,
      versions: versions.map(({ config, ...version }) => ({
        ...version,
        config: { ...config, cohort_id: 'everyone' },
      })),
    }))
    .filter(({ versions }) => versions.every(({ config }) => config.join === undefined));
  const history = { ...drawn, games, memberships: [] };
  return fc.record({
    history: fc.constant(history),
    batches: deliveries(history.events),
    sides: fc.infiniteStream(fc.constantFrom('one', 'other')),
    after: fc.nat({ max: 100 }),
  });
});

test('a history over two players, merged, is that of one with all of it; undone, it is theirs again', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(split, async ({ history, batches, sides, after }) => {
      await using database = await testDatabase();
      await using engine = testEngine(database.url);
      await install(database.pool, history);
      const side = new Map<string, string>();
      const as = (event: IncomingEvent, user: string) => ({ ...event, event: { ...event.event, user_id: user } });
      const sideOf = (event: IncomingEvent): string => {
        const key = JSON.stringify([event.event.user_id, event.event.producer, event.event.event_id]);
        const known = side.get(key) ?? (sides.next().value as string);
        side.set(key, known);
        return known;
      };
      const users = [...new Set(history.events.map(({ event }) => event.user_id))];
      const cut = Math.floor((batches.length * after) / 100);
      const made = { database };
      for (const [place, batch] of batches.entries()) {
        if (place === cut) for (const user of users) await engine.take([mergeOf(`other ${user}`, `one ${user}`)]);
        await engine.take(batch.map((event) => as(event, `whole ${event.event.user_id}`)));
        await engine.take(batch.map((event) => as(event, `${sideOf(event)} ${event.event.user_id}`)));
      }
      if (cut >= batches.length) for (const user of users) await engine.take([mergeOf(`other ${user}`, `one ${user}`)]);
      const progress = await progressOf(made);
      for (const user of users) expect(progress[`one ${user}`]).toEqual(progress[`whole ${user}`]);
      const steps = async (like: string) => {
        const { rows } = await database.pool.query(
          `select distinct split_part(user_id, ' ', 2) as who, game_no, window_start, step from milepost.claim join milepost.player using (bucket, player_id)
            where split_part(user_id, ' ', 1) = any ($1) and status not in ('cancelled') order by 1, 2, 3, 4`,
          [like.split(' ')],
        );
        return rows;
      };
      const foldsAnew = history.games.some(({ versions }) =>
        versions.some(({ config }) => config.evaluation_scope === 'LOGICAL_TRANSACTION'),
      );
      if (!foldsAnew) expect(await steps('one other')).toEqual(await steps('whole'));
      // Nobody was paid in between, so each step of a window is to be paid once.
      const { rows: twice } = await database.pool.query(
        `select from milepost.outbox where message_key is not null and state <> 'cancelled' and body ->> 'user_id' not like 'whole %'
          group by substr(body ->> 'user_id', strpos(body ->> 'user_id', ' ')), body ->> 'game_id', body ->> 'window_start', body ->> 'step' having count(*) > 1`,
      );
      expect(twice).toEqual([]);
      expect(await differences(made)).toEqual([]);
      for (const user of users) await engine.take([unmergeOf(`other ${user}`, `one ${user}`)]);
      expect(await differences(made)).toEqual([]);
    }),
    { numRuns: 10, interruptAfterTimeLimit: 100_000 },
  );
});
