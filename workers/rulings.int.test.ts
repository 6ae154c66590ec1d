// What becomes of rewards when the events that earned them are reversed or ruled upon, with a real database, workers and services.
import { describe, expect, test } from 'vitest';
import { allot } from '../src/budgets/allot.ts';
import { applyAllotments, openRound } from '../src/budgets/store.ts';
import { connect } from '../src/db/connect.ts';
import { transaction } from '../src/db/transaction.ts';
import { verify } from '../src/engine/verify.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import type { GameConfig } from '../src/games/config.ts';
import type { RewardServices } from '../src/local/reward-services.ts';
import { followEnded } from '../src/outbox/follow.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { allEnded, testServices, testWorker } from '../src/testing/dispatch.ts';
import { install, silent, testEngine } from '../src/testing/engine.ts';
import { gameHistory, makeEvent, makeGame, paymentTrigger, reversalOf, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

type Policy = 'keep' | 'claw_back' | 'offset';

const pay = (id: string, options: Parameters<typeof upiPayment>[1] = {}) => upiPayment(100, { id, ...options });

/** A game that pays 20 at two payments and 30 at three, an engine, and services. */
async function scene(on_reversal: Policy, others: GameConfig[] = []) {
  const database = await testDatabase();
  const game = makeGame({ milestone_steps: [2, 3], on_reversal });
  await install(database.pool, { games: [game, ...others].map((each) => gameHistory(each)) });
  const engine = testEngine(database.url);
  const services = await testServices();
  return {
    database,
    services,
    take: async (...events: IncomingEvent[]) => {
      const { results } = await engine.take(events);
      return results.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome} (${reason})`));
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await services.stop();
      expect(await differences(database)).toEqual([]);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function differences(database: TestDatabase) {
  const db = connect(database.url, { role: 'milepost_support', size: 2, log: silent });
  try {
    return await verify(db);
  } finally {
    await db.close();
  }
}

/** Runs a worker until nothing is left to do. */
async function drain(database: TestDatabase, services: RewardServices): Promise<void> {
  await using worker = await testWorker(database.url, services);
  await waitFor('the end of all rewards', () => allEnded(database.pool));
  await worker.idle();
}

async function claims({ pool }: TestDatabase): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select step || '.' || earning || ' ' || status || coalesce(' ' || (
              select string_agg(o.state::text, ' ') from milepost.outbox o where o.message_key = c.message_key), '') as line
       from milepost.claim c order by step, earning`,
  );
  return rows.map(({ line }) => line);
}

function paid(services: RewardServices): string[] {
  return services.books().map(({ operation, amount }) => `${operation} ${amount}`);
}

describe('what was never sent', () => {
  test('is cancelled, whatever the policy, and nobody sends it', async () => {
    await using it = await scene('claw_back');
    expect(await it.take(pay('a'), pay('b'), pay('c'))).toEqual(['applied', 'applied', 'applied']);
    expect(await it.take(reversalOf('c'))).toEqual(['reversed']);
    expect(await claims(it.database)).toEqual(['2.1 earned pending', '3.1 cancelled cancelled']);
    await drain(it.database, it.services);
    expect(paid(it.services)).toEqual(['pay 20']);
  });

  test('in one batch with what earned it', async () => {
    await using it = await scene('offset');
    await it.take(pay('a'), pay('b'), reversalOf('b'), pay('c'));
    expect(await claims(it.database)).toEqual(['2.1 cancelled cancelled', '2.2 earned pending']);
    await drain(it.database, it.services);
    expect(paid(it.services)).toEqual(['pay 20']);
  });

  test('nor what the service refused, and that cannot be tried again', async () => {
    await using it = await scene('claw_back');
    await using refusing = await testServices({ refusals: { U1: 'USER_BLOCKED' } });
    await it.take(pay('a'), pay('b'));
    await drain(it.database, refusing);
    await it.take(reversalOf('b'));
    expect(await claims(it.database)).toEqual(['2.1 cancelled cancelled']);
    expect(paid(refusing)).toEqual([]);
  });
});

describe('what was paid', () => {
  test('is kept: the step may be reached again, and pays nothing more', async () => {
    await using it = await scene('keep');
    await it.take(pay('a'), pay('b'));
    await drain(it.database, it.services);
    await it.take(reversalOf('b'));
    expect(await claims(it.database)).toEqual(['2.1 kept done']);
    await it.take(pay('c'));
    expect(await claims(it.database)).toEqual(['2.1 earned done']);
    await drain(it.database, it.services);
    expect(paid(it.services)).toEqual(['pay 20']);
  });

  test('is clawed back once, and paid again when it is earned again', async () => {
    await using it = await scene('claw_back');
    await it.take(pay('a'), pay('b'), pay('c'));
    await drain(it.database, it.services);
    // The window and its grace have been over for half a year.
    const later = { occurred: '11-01' };
    await it.take(reversalOf('b', null, later), reversalOf('c', null, later), reversalOf('c', null, later));
    await drain(it.database, it.services);
    expect(await claims(it.database)).toEqual(['2.1 clawed_back done', '3.1 clawed_back done']);
    expect(paid(it.services).sort()).toEqual(['pay 20', 'pay 30', 'take_back 20', 'take_back 30']);
    await it.take(pay('d'));
    await drain(it.database, it.services);
    expect(await claims(it.database)).toEqual(['2.1 clawed_back done', '2.2 earned done', '3.1 clawed_back done']);
    expect(paid(it.services).at(-1)).toBe('pay 20');
  });

  test('is owed: later rewards are lowered, in whole or in part, until it is made up for', async () => {
    await using it = await scene('offset');
    await it.take(pay('a'), pay('b'), pay('c'));
    await drain(it.database, it.services);
    // 50 were paid and are owed; the step at two is earned again (20, all of it kept back), then the one at three (30, too).
    await it.take(reversalOf('a'), reversalOf('b'));
    await it.take(pay('d'), pay('e'));
    await it.take(pay('x', { occurred: '05-20' }));
    await drain(it.database, it.services);
    expect(await claims(it.database)).toEqual(['2.1 offset done', '2.2 earned', '3.1 offset done', '3.2 earned']);
    expect(paid(it.services).sort()).toEqual(['pay 20', 'pay 30']);
    // What made up for the debt is taken back itself: it is owed again.
    await it.take(reversalOf('d'), reversalOf('e'), reversalOf('x'));
    const { rows } = await it.database.pool.query('select sum(amount)::int as owed from milepost.debt_entry');
    expect(rows).toEqual([{ owed: 50 }]);
  });
});

test.each(['skip', 'hold'] as const)(
  'a debt is not made up for by a reward that its budget will %s',
  async (when_exhausted) => {
    const exhausted = makeGame({
      game_id: 'exhausted',
      milestone_steps: [1],
      triggers: [{ ...paymentTrigger(), event_type: 'recharged' }],
      budgets: [{ budget_id: 'nothing', period: 'game', limit: { amount: 0 }, when_exhausted }],
    });
    await using it = await scene('offset', [exhausted]);
    const owed = async () =>
      (await it.database.pool.query('select sum(amount)::int as owed from milepost.debt_entry')).rows;
    await it.take(pay('a'), pay('b'));
    await drain(it.database, it.services);
    await it.take(reversalOf('a'));
    await it.take(pay('c', { type: 'recharged' }));
    await drain(it.database, it.services);
    expect(await owed()).toEqual([{ owed: 20 }]);
    // A reward without a budget makes up for it.
    await it.take(pay('d'));
    await drain(it.database, it.services);
    expect(await owed()).toEqual([{ owed: 0 }]);
    expect(paid(it.services)).toEqual(['pay 20']);
  },
);

describe('what a budget has not enough left for', () => {
  const exhausted = makeGame({
    game_id: 'exhausted',
    milestone_steps: [1],
    triggers: [{ ...paymentTrigger(), event_type: 'recharged' }],
    on_reversal: 'claw_back',
    budgets: [{ budget_id: 'nothing', period: 'game', limit: { amount: 0 }, when_exhausted: 'hold' }],
  });
  const recharge = (id: string) => pay(id, { type: 'recharged' });
  const verdict = (kind: 'released' | 'voided') =>
    makeEvent({
      type: `hold_${kind}`,
      attributes: { game_id: 'exhausted', window_start: exhausted.game_window.start, step: 1 },
    });

  test('a verdict and a reversal in one batch, whichever comes first', async () => {
    await using it = await scene('keep', [exhausted]);
    await it.take(recharge('a'));
    await drain(it.database, it.services);
    expect(await it.take(verdict('released'), reversalOf('a'))).toEqual(['applied (released)', 'reversed']);
    expect(await claims(it.database)).toEqual(['1.1 cancelled cancelled']);
    await it.take(recharge('b'));
    await drain(it.database, it.services);
    expect(await it.take(reversalOf('b'), verdict('released'))).toEqual(['reversed', 'rejected (not_held)']);
    expect(await claims(it.database)).toEqual(['1.1 cancelled cancelled', '1.2 cancelled cancelled']);
    await drain(it.database, it.services);
    expect(paid(it.services)).toEqual([]);
  });

  test('a reversal while the budget is given out waits for what becomes of it, so that none is held for nobody', async () => {
    await using it = await scene('keep', [exhausted]);
    await it.take(recharge('a'));
    const db = connect(it.database.url, { role: 'milepost_worker', size: 1, log: silent });
    let reversed: Promise<string[]> | undefined;
    await transaction(db, async (tx) => {
      const { rewards } = await openRound(tx, 10);
      reversed = it.take(reversalOf('a'));
      await waitFor('the reversal to wait', async () => {
        const { rows } = await it.database.pool.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rows.length > 0;
      });
      await applyAllotments(
        tx,
        allot(rewards, () => ({ amount: 0, whenExhausted: 'hold' })),
      );
    });
    await db.close();
    expect(await reversed).toEqual(['reversed']);
    expect(await claims(it.database)).toEqual(['1.1 cancelled cancelled']);
  });
});

describe('what may have been paid', () => {
  test('a call without an answer: it is taken back once it is known that it was paid', async () => {
    await using it = await scene('claw_back');
    it.services.setFaults([{ service: 'neucoin', on: 'pay', when: 'after', how: 'status', status: 500, one_in: 1 }]);
    await it.take(pay('a'), pay('b'));
    {
      await using _worker = await testWorker(it.database.url, it.services);
      await waitFor('the first call', async () => {
        const { rows } = await it.database.pool.query(
          "select from milepost.outbox where attempts > 0 and state = 'pending'",
        );
        return rows.length > 0;
      });
    }
    expect(await it.take(reversalOf('b'))).toEqual(['reversed']);
    expect(await claims(it.database)).toEqual(['2.1 clawed_back pending']);
    it.services.setFaults([]);
    await it.database.pool.query('delete from milepost.circuit');
    await it.database.pool.query(
      "update milepost.outbox set next_attempt_at = clock_timestamp() where state = 'pending'",
    );
    await drain(it.database, it.services);
    expect(paid(it.services)).toEqual(['pay 20', 'take_back 20']);
  });

  test('refused in the end: there is nothing to take back, and nobody may have it tried again', async () => {
    await using it = await scene('claw_back');
    await it.take(pay('a'), pay('b'));
    await it.database.pool.query('update milepost.outbox set attempts = 1 where message_key is not null');
    await it.take(reversalOf('b'));
    await using refusing = await testServices({ refusals: { U1: 'USER_BLOCKED' } });
    await drain(it.database, refusing);
    expect(await claims(it.database)).toEqual(['2.1 clawed_back cancelled']);
    const { rows } = await it.database.pool.query(
      "select state from milepost.outbox where body ->> 'operation' = 'take_back'",
    );
    expect(rows).toEqual([{ state: 'cancelled' }]);
  });

  test('a message that somebody holds counts as sent, and the batch does not wait for it', async () => {
    await using it = await scene('claw_back');
    await it.take(pay('a'), pay('b'));
    const holder = await it.database.pool.connect();
    await holder.query('begin');
    await holder.query('select from milepost.outbox where message_key is not null for update');
    expect(await it.take(reversalOf('b'))).toEqual(['reversed']);
    await holder.query('rollback');
    holder.release();
    expect(await claims(it.database)).toEqual(['2.1 clawed_back pending']);
    await drain(it.database, it.services);
    expect(paid(it.services)).toEqual(['pay 20', 'take_back 20']);
  });

  test('a settlement that the reversal did not see is noticed by the sweep', async () => {
    await using it = await scene('claw_back');
    await it.take(pay('a'), pay('b'));
    const holder = await it.database.pool.connect();
    await holder.query('begin');
    await holder.query(
      "update milepost.outbox set state = 'done', settled_at = clock_timestamp(), attempts = 1 where message_key is not null",
    );
    await it.take(reversalOf('b'));
    await holder.query('commit');
    holder.release();
    const takeBack =
      "select state, body -> 'paid' as paid from milepost.outbox where body ->> 'operation' = 'take_back'";
    expect((await it.database.pool.query(takeBack)).rows).toEqual([{ state: 'waiting', paid: null }]);
    const db = connect(it.database.url, { role: 'milepost_worker', size: 1, log: silent });
    await followEnded(db);
    await db.close();
    expect((await it.database.pool.query(takeBack)).rows).toEqual([
      { state: 'pending', paid: { key: expect.any(String), answer: null } },
    ]);
  });
});

describe('reversals and originals in any order and batching', () => {
  test('a reversal waits, listed, and its original is netted', async () => {
    await using it = await scene('keep');
    expect(await it.take(reversalOf('b', null, { id: 'r' }))).toEqual(['waiting (original_unknown)']);
    const waiting = 'select event_id, waiting from milepost.ruling';
    expect((await it.database.pool.query(waiting)).rows).toEqual([{ event_id: 'r', waiting: true }]);
    expect(await it.take(pay('a'))).toEqual(['applied']);
    expect(await it.take(pay('b'))).toEqual(['reversed (reversed_before)']);
    expect((await it.database.pool.query(waiting)).rows).toEqual([{ event_id: 'r', waiting: false }]);
    // A repeat of the reversal answers what has become of it.
    expect(await it.take(reversalOf('b', null, { id: 'r' }))).toEqual(['reversed']);
    expect(await claims(it.database)).toEqual([]);
  });

  test('a verdict releases what waits for it, from another batch', async () => {
    await using it = await scene('keep');
    await it.take(pay('a'), pay('b', { attributes: { frm_flag: 'X' } }));
    expect(await claims(it.database)).toEqual(['2.1 held']);
    expect(await it.take(makeEvent({ type: 'hold_released', correlation: { original_event_id: 'b' } }))).toEqual([
      'applied (released)',
    ]);
    await drain(it.database, it.services);
    expect(await claims(it.database)).toEqual(['2.1 earned done']);
    expect(paid(it.services)).toEqual(['pay 20']);
  });
});
