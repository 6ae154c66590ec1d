// What support is told of reversals, verdicts, budgets and debts, with a real database, workers and services: by the event that was ruled upon as by the
// one that ruled. Each explanation comes to what is stored; where the books were tampered with, it does not.
import { describe, expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { correctEvent } from '../engine/correct.ts';
import { changedNothing } from '../engine/decide.ts';
import { reprocess } from '../engine/reprocess.ts';
import { verify } from '../engine/verify.ts';
import type { IncomingEvent } from '../event/event.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import type { GameConfig } from '../games/config.ts';
import { testDatabase } from '../testing/database.ts';
import { allEnded, testServices, testWorker } from '../testing/dispatch.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { gameHistory, makeEvent, makeGame, paymentReversal, reversalOf, upiPayment } from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';
import { type Explanation, explainEvent, ofGame, openRecords } from './explain.ts';
import { findExplained } from './find.ts';
import { type PlayerSummary, summarizePlayer } from './player.ts';
import { describeExplanation, describePlayer } from './words.ts';

const pay = (id: string, options: Parameters<typeof upiPayment>[1] = {}) =>
  upiPayment(100, { id, correlation: { payment_id: `pay_${id}` }, ...options });
const flagged = (id: string) => pay(id, { attributes: { frm_flag: 'VELOCITY' } });
const take = (original: string, amount: number | null = null, id = 'r') => reversalOf(original, amount, { id });
const verdict = (type: 'hold_released' | 'hold_voided', original: string, id = 'v') =>
  makeEvent({ id, type, correlation: { original_event_id: original } });
/** Counts the rupees of a payment. */
const perRupee = {
  progression_config: {
    mode: 'increment_by_attribute' as const,
    field: 'attributes.transaction_amount',
    scale: 1,
    rounding: 'down' as const,
  },
};
/** Pays 20 at two payments and 30 at three. */
const game = (on_reversal: GameConfig['on_reversal'], options: object = {}) =>
  makeGame({ milestone_steps: [2, 3], on_reversal, ...options });

async function scene(...games: GameConfig[]) {
  const database = await testDatabase();
  await install(database.pool, { games: games.map((each) => gameHistory(each)) });
  const engine = testEngine(database.url);
  const services = await testServices();
  const support = connect(database.url, { role: 'milepost_support', size: 3, log: silent });
  const explain = async (id: string): Promise<Explanation> => {
    const [stored] = await findExplained(support, { eventId: id }, { since: 0, until: Date.now() });
    if (stored === undefined) throw new Error(`nothing is known of ${id}`);
    return explainEvent(await openRecords(support), stored);
  };
  return {
    database,
    support,
    explain,
    take: async (...events: IncomingEvent[]): Promise<void> => {
      await engine.take(events);
    },
    /** Everything leaves and ends. */
    drain: async (): Promise<void> => {
      await using worker = await testWorker(database.url, services);
      await waitFor('the end of all rewards', async () => {
        worker.wake();
        return allEnded(database.pool);
      });
      await worker.idle();
    },
    /** Every reward has left, or waits for a person. */
    decided: async (): Promise<void> => {
      await using worker = await testWorker(database.url, services);
      await waitFor('a decision on all rewards', async () => {
        worker.wake();
        const { rows } = await database.pool.query(
          "select from milepost.outbox where state in ('pending', 'leased') and destination <> 'projection'",
        );
        return rows.length === 0;
      });
      await worker.idle();
    },
    /** What has changed nothing is judged anew. */
    again: async (): Promise<void> => {
      const wanted = { events: { outcomes: changedNothing } };
      const normaliser = createNormaliser([canonicalSource]);
      await reprocess({ wanted, by: 'asha', reason: 'test' }, { db: engine.db, engine, normaliser });
    },
    /** Corrects the amount of an event. */
    correct: (eventId: string, amount: number) =>
      correctEvent(
        { db: engine.db, engine, dryRun: false },
        { eventId, userId: 'U1', set: { transaction_amount: amount }, by: 'asha', reason: 'test', takeBack: true },
      ),
    /** All that is known under one id, by its producer. */
    toldAll: async (eventId: string): Promise<{ [producer: string]: string }> => {
      const records = await openRecords(support);
      const told: { [producer: string]: string } = {};
      for (const stored of await findExplained(support, { eventId }, { since: 0, until: Date.now() })) {
        const { answer, recomputed, producer } = await explainEvent(records, stored);
        expect(recomputed, producer).toMatchObject({ agrees: true });
        told[producer] = answer;
      }
      return told;
    },
    /** A second version of the first game, in force from the beginning. */
    activate: async (config: GameConfig): Promise<void> => {
      await database.pool.query(
        `insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
         select game_no, 2, $2, $3::text::jsonb, $3, now(), 'test', 'test' from milepost.game where game_id = $1`,
        [config.game_id, config.game_window.start, JSON.stringify(config)],
      );
      await database.pool.query('update milepost.definitions set epoch = epoch + 1');
    },
    /** The answer about an event, which agrees with the books. */
    told: async (id: string): Promise<string> => {
      const { answer, recomputed } = await explain(id);
      expect(recomputed, id).toMatchObject({ agrees: true, differences: [] });
      return answer.replaceAll(/on \d+ [A-Z]\w+ \d{4}(?=[.,: ])/g, 'on DAY');
    },
    /** Whether the books agree with themselves. */
    verified: async () => expect(await verify(support)).toEqual([]),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await services.stop();
      await support.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

const counted = (from: number, to: number): string =>
  `It counted in game: payment +1. Progress went from ${from} to ${to} of 1000 payments.`;
const reached = 'With it the player reached step 2 (20 NC), earned.';
const lost = 'Step 2 of game is not reached any more since the event r.';

describe('a reversal of an event', () => {
  test('before anything of its reward was sent', async () => {
    await using it = await scene(game('claw_back'));
    await it.take(pay('a'), pay('b'));
    await it.take(take('b'));
    const end = `${lost} The 20 NC of step 2 in game: cancelled; nothing of it was paid.`;
    expect(await it.told('a')).toBe(counted(0, 1));
    expect(await it.told('b')).toBe(
      `${counted(1, 2)} ${reached} All of it was taken back since, by the event r: in game payment counts 0 instead of 1. ${end}`,
    );
    expect(await it.told('r')).toBe(
      `It takes back the event b. Since then in game payment counts 0 instead of 1. Progress went from 2 to 1 of 1000 payments. ${end}`,
    );
    expect(await it.explain('r')).toMatchObject({
      games: [],
      ruling: {
        kind: 'reversed',
        original_event_id: 'b',
        amount: null,
        games: [{ progress: { before: 2, after: 1 } }],
      },
      changed: {
        ruled: [
          {
            by: [{ event_id: 'r', producer: 'tests' }],
            event_id: 'b',
            payment_id: 'pay_b',
            before: { amount: 1 },
            amount: 0,
            came_first: false,
          },
        ],
        transitions: [{ step: 2, from: 'earned', to: 'cancelled', event_id: 'b', reward: { state: 'cancelled' } }],
      },
    });
    expect(describeExplanation(await it.explain('b'))).toMatch(/ {2}reversed {2}\S+, by r: payment in game 1 → 0\n/);
    expect(describeExplanation(await it.explain('b'))).toMatch(/ {12}\S+, by r: earned → cancelled\n/);
    await it.verified();
  });

  test.each([
    {
      policy: 'keep',
      soon: 'paid on DAY. The player keeps it.',
      later: 'paid on DAY. The player keeps it.',
      again: undefined,
    },
    {
      policy: 'claw_back',
      soon: 'paid on DAY. It is being taken back from the player.',
      later: 'paid on DAY. 20 were taken back from the player on DAY.',
      again: 'The 20 NC of step 2 in game: on its way.',
    },
    {
      policy: 'offset',
      soon: 'paid on DAY. 20 NC are owed for it.',
      later: 'paid on DAY. 20 NC are owed for it.',
      again:
        'The 20 NC of step 2 in game: all of it was kept back for what the player owed (20 for step 2 of game, which was taken back by the event r).',
    },
  ] as const)('whose reward was paid, by the policy $policy', async ({ policy, soon, later, again }) => {
    await using it = await scene(game(policy));
    await it.take(pay('a'), pay('b'));
    await it.drain();
    await it.take(take('a'));
    const end = `${lost} The 20 NC of step 2 in game: `;
    expect(await it.told('a')).toBe(
      `${counted(0, 1)} All of it was taken back since, by the event r: in game payment counts 0 instead of 1. ${end}${soon}`,
    );
    expect(await it.told('b')).toBe(`${counted(1, 2)} ${reached} ${end}${soon}`);
    expect(await it.told('r')).toContain(`${end}${soon}`);
    await it.drain();
    expect(await it.told('b')).toBe(`${counted(1, 2)} ${reached} ${end}${later}`);
    await it.take(pay('c'));
    const kept = 'With it step 2 of game is reached again, whose reward the player had kept.';
    expect(await it.told('c')).toBe(`${counted(1, 2)} ${again === undefined ? kept : `${reached} ${again}`}`);
    const lostOnce = 'Step 2 of game was lost by the event r, and has been reached again since.';
    if (again !== undefined) expect(await it.told('b')).toContain(lostOnce);
    await it.verified();
  });

  test('whose reward was lowered by what the player owed: by which debt, and what is left', async () => {
    await using it = await scene(game('offset'));
    await it.take(pay('a'), pay('b'), pay('c'));
    await it.drain();
    await it.take(take('a', null, 'r1'), take('b', null, 'r2'));
    await it.take(pay('d'));
    // The oldest debt is made up for first.
    expect(await it.told('r1')).toContain('30 NC are owed for it; 10 of it are left.');
    expect(await it.told('r2')).toMatch(/ 20 NC are owed for it\.$/);
    expect(describePlayer((await summarizePlayer(it.support, 'U1')) as PlayerSummary)).toMatch(
      / debt {6}\S+ {2}30 NC for step 3 of game, taken back by r1: 10 left, made up for 20 by step 2 of game on \S+ \(d\)\n.*\n {2}owes {6}30 NC$/,
    );
    await it.take(pay('e'));
    expect(await it.told('r1')).toMatch(
      / 30 NC were owed for it; later rewards have made up for it, and nothing of it is left\.$/,
    );
    expect(await it.told('e')).toContain(
      'The 30 NC of step 3 in game: all of it was kept back for what the player owed (10 for step 3 of game, which was taken back by the event ' +
        'r1, and 20 for step 2 of game, which was taken back by the event r2).',
    );
    const summary = await summarizePlayer(it.support, 'U1');
    expect(summary).toMatchObject({
      claims: [{ step: 3, kept_back: 30, paid: null }, { step: 2, kept_back: 20, paid: null }, {}, {}],
      debts: [
        {
          step: 3,
          event_id: 'r1',
          amount: 30,
          state: 'settled',
          left: 0,
          made_up_by: [
            { step: 2, earning: 2, amount: 20, event_id: 'd' },
            { step: 3, earning: 2, amount: 10, event_id: 'e' },
          ],
        },
        {
          ...{ step: 2, event_id: 'r2', amount: 20, state: 'settled', left: 0 },
          made_up_by: [{ step: 3, earning: 2, amount: 20, event_id: 'e' }],
        },
      ],
    });
    // They arose when the rewards were taken back, not when these had been paid.
    const { rows } = await it.database.pool.query<{ at: number }>(
      "select (extract(epoch from max(settled_at)) * 1000)::float8 as at from milepost.outbox where destination = 'neucoin'",
    );
    for (const { since } of summary?.debts ?? []) expect(Date.parse(since ?? '')).toBeGreaterThan(rows[0]?.at ?? 0);
    expect(describePlayer(summary as PlayerSummary)).toMatch(
      / debt {6}\S+ {2}20 NC for step 2 of game, taken back by r2: settled, made up for 20 by step 3 of game on \S+ \(e\)$/,
    );
    await it.verified();
  });

  test('of a part, of more than is left, and of what is gone', async () => {
    await using it = await scene(makeGame({ milestone_steps: [150], triggers: [perRupee] }));
    await it.take(pay('a'), pay('b'));
    await it.take(take('b', 60, 'r1'), take('b', 60, 'r2'), take('b', 1, 'r3'));
    expect(await it.told('b')).toBe(
      'It counted in game: payment +100. Progress went from 100 to 200 of 1000 payments. With it the player reached step 150 (1500 NC), earned. ' +
        'A part of it was taken back since, by the event r1, and 40 of its amount are left: in game payment counts 40 instead of 100. ' +
        'All of it was taken back since, by the event r2: in game payment counts 0 instead of 40. ' +
        'Step 150 of game is not reached any more since the event r1. The 1500 NC of step 150 in game: cancelled; nothing of it was paid.',
    );
    expect(await it.told('r1')).toMatch(
      /^It takes back 60 of the event b\. Since then in game payment counts 40 instead/,
    );
    expect(await it.told('r2')).toBe(
      'It takes back 60 of the event b. That is more than the 40 that were left of the event b: no more than these are taken back. ' +
        'Since then in game payment counts 0 instead of 40. Progress went from 140 to 100 of 1000 payments.',
    );
    expect(await it.told('r3')).toBe(
      'It takes back 1 of the event b, of which nothing was left: it had been taken back before, by the event r1 and the event r2.',
    );
    await it.verified();
  });

  test('by its payment, in all games or as far as one is concerned', async () => {
    await using it = await scene(game('keep'), makeGame({ game_id: 'other', milestone_steps: [2] }));
    await it.take(pay('a'), pay('b'));
    await it.take(paymentReversal('pay_b', null, { id: 'r' }), paymentReversal('pay_x', null, { id: 'r2' }));
    const inOther =
      'Since then in other payment counts 0 instead of 1. Progress went from 2 to 1 of 1000 payments. Step 2 of other is not reached any more ' +
      'since the event r. The 20 NC of step 2 in other: cancelled; nothing of it was paid.';
    expect(await it.told('r')).toMatch(
      /^It takes back the payment pay_b\. Since then in game payment counts 0 .* other /,
    );
    expect(ofGame(await it.explain('r'), 'other').answer).toBe(`It takes back the payment pay_b. ${inOther}`);
    expect(ofGame(await it.explain('b'), 'other').answer).not.toContain('game:');
    expect(await it.told('r2')).toMatch(/^It takes back the payment pay_x, which has not come yet\. It waits: /);
    await it.verified();
  });

  test('that came before it', async () => {
    await using it = await scene(makeGame({ milestone_steps: [150], triggers: [perRupee] }));
    await it.take(take('a'), take('b', 30, 'r2'), take('b', 30, 'r3'), take('x', null, 'r4'));
    expect(await it.told('r')).toMatch(/^It takes back the event a, which has not come yet\. It waits: /);
    await it.take(pay('a'));
    await it.take(pay('b'), makeEvent({ id: 'x' }));
    expect(await it.told('a')).toBe('It did not count in game: it had been taken back before it came, by the event r.');
    expect(await it.told('b')).toBe(
      'It counted in game: payment +100. Progress went from 0 to 40 of 1000 payments. A part of it had been taken back before it came, by the ' +
        'event r2 and the event r3, and 40 of its amount are left: in game payment counts 40 instead of 100.',
    );
    expect(await it.told('r')).toBe(
      'It takes back the event a. It came first, and waited until the event a came. When a counted, it was without what had been taken back: ' +
        'in game payment counts 0 instead of 100.',
    );
    expect(await it.told('r2')).toBe(
      'It takes back 30 of the event b. It came first, and waited until the event b came.',
    );
    expect(await it.told('r4')).toMatch(/ It came first, and waited until the event x came\. That counted nothing\.$/);
    await it.verified();
  });
});

test('a verdict on what is flagged', async () => {
  await using it = await scene(game('keep'));
  await it.take(pay('a'), flagged('b'), flagged('c'));
  await it.take(verdict('hold_released', 'b'), verdict('hold_voided', 'c', 'v2'));
  await it.take(verdict('hold_voided', 'c', 'v3'), verdict('hold_voided', 'x', 'v4'));
  await it.take(makeEvent({ id: 'v5', type: 'hold_released', attributes: { game_id: 'game', window_start: 'may' } }));
  expect(await it.told('b')).toMatch(
    / With it the player reached step 2 \(20 NC\), held until it is released\. It was released since, by the event v\. The 20 NC of step 2 in game: on its way\.$/,
  );
  expect(await it.told('c')).toMatch(
    / It was voided since, by the event v2: in game payment counts 0 instead of 1\. Step 3 /,
  );
  expect(await it.told('v')).toBe(
    'It releases the event b, which fraud and risk management had flagged. Progress stayed at 3 of 1000 payments. The 20 NC of step 2 in game: on its way.',
  );
  expect(await it.told('v2')).toBe(
    'It voids the event c, which fraud and risk management had flagged. Since then in game payment counts 0 instead of 1. Progress went from 3 to 2 ' +
      'of 1000 payments. Step 3 of game is not reached any more since the event v2. The 30 NC of step 3 in game: cancelled; nothing of it was paid.',
  );
  expect(await it.told('v3')).toBe('It changed nothing: of the event c nothing is held, so that it cannot be voided.');
  expect(await it.told('v4')).toBe('It was not accepted: the event x is not known of this player.');
  expect(await it.told('v5')).toBe(
    'It was not accepted as a verdict: attributes.window_start: expected a time; found "may".',
  );
  await it.verified();
});

test('a step that one event released and another took back is told once', async () => {
  await using it = await scene(game('claw_back'));
  await it.take(flagged('a'), pay('b'));
  await it.take(verdict('hold_released', 'a'));
  await it.take(take('a'));
  const end = `${lost} The 20 NC of step 2 in game: cancelled; nothing of it was paid.`;
  expect(await it.told('a')).toBe(
    `${counted(0, 1)} It is flagged by fraud and risk management ("VELOCITY"): what it earns waits for a release. It was released since, by the event v. ` +
      `All of it was taken back since, by the event r: in game payment counts 0 instead of 1. ${end}`,
  );
  expect((await it.explain('a')).changed.undone).toHaveLength(1);
});

test('a correction names what it corrects, and is named there', async () => {
  await using it = await scene(makeGame({ milestone_steps: [150], triggers: [perRupee], on_reversal: 'keep' }));
  await it.take(pay('a'), pay('b'));
  await it.correct('b', 40);
  await it.correct('b', 45);
  const nothing =
    'Step 150 of game is not reached any more since the correction of the event b. The 1500 NC of step 150 in game: cancelled; nothing of it was paid.';
  const told = await it.toldAll('b');
  expect(told).toEqual({
    tests:
      'It counted in game: payment +100. Progress went from 100 to 200 of 1000 payments. With it the player reached step 150 (1500 NC), earned. ' +
      `All of it was taken back since, by the correction of the event b: in game payment counts 0 instead of 100. ${nothing} ` +
      'It was corrected since: the event b from correction-1/tests takes its place.',
    'reversal-1/tests':
      `It takes back the event b from tests. Since then in game payment counts 0 instead of 100. Progress went from 200 to 100 of 1000 payments. ${nothing} ` +
      'The event b from correction-1/tests takes its place.',
    'correction-1/tests':
      'It corrects the event b from tests. It counted in game: payment +40. Progress went from 100 to 140 of 1000 payments. All of it was taken back since, by ' +
      'the correction of the event b: in game payment counts 0 instead of 40. It was corrected since: the event b from correction-2/tests takes its place.',
    'reversal-2/tests':
      'It takes back the event b from correction-1/tests. Since then in game payment counts 0 instead of 40. Progress went from 140 to 100 of 1000 payments. ' +
      'The event b from correction-2/tests takes its place.',
    'correction-2/tests':
      'It corrects the event b from correction-1/tests. It counted in game: payment +45. Progress went from 100 to 145 of 1000 payments.',
  });
});

test('a budget lowers, skips and holds rewards, until a verdict', async () => {
  const under = (game_id: string, step: number, amount: number, when_exhausted: string) =>
    makeGame({
      game_id,
      milestone_steps: [step],
      budgets: [
        {
          budget_id: 'coins',
          period: 'window',
          limit: { amount },
          when_exhausted,
          ...(when_exhausted === 'downgrade' ? { downgrade_to: 5 } : {}),
        },
      ],
    } as never);
  await using it = await scene(
    under('lowers', 1, 5, 'downgrade'),
    under('skips', 1, 5, 'skip'),
    under('holds', 2, 5, 'hold'),
  );
  await it.take(
    pay('a', { user: 'U1' }),
    pay('b', { user: 'U1' }),
    pay('a2', { user: 'U2' }),
    pay('b2', { user: 'U2' }),
  );
  expect(await it.told('a')).toMatch(
    /reached step 1 \(10 NC\), earned, as far as its budget allows\. .* on its way\.$/,
  );
  await it.decided();
  expect(await it.told('a')).toContain(
    'The 10 NC of step 1 in lowers: its budget had not enough left, so that it is 5 NC; paid on DAY. ' +
      'The 10 NC of step 1 in skips: not paid on DAY: its budget had not enough left for it.',
  );
  expect(await summarizePlayer(it.support, 'U1', 'lowers')).toMatchObject({ claims: [{ amount: 10, paid: 5 }] });
  const held = 'The 20 NC of step 2 in holds: its budget has not enough left for it; it waits for a decision.';
  expect(await it.told('b')).toContain(held);

  const on = (id: string, type: string, user: string) =>
    makeEvent({ id, user, type, attributes: { game_id: 'holds', window_start: '2026-05-01T00:00:00Z', step: 2 } });
  await it.take(on('v', 'hold_released', 'U1'), on('v2', 'hold_voided', 'U2'));
  await it.take(on('v3', 'hold_voided', 'U2'));
  const reward = 'the reward of step 2 in holds, of the window that began on DAY';
  expect(await it.told('v')).toBe(
    `It releases ${reward}, which its budget had not enough left for. Progress stayed at 2 of 1000 payments. The 20 NC of step 2 in holds: on its way.`,
  );
  expect(await it.told('v2')).toMatch(/^It voids .* The 20 NC of step 2 in holds: not paid, by a verdict\.$/);
  expect(await it.told('v3')).toBe(
    `It changed nothing: ${reward} does not wait over its budget, so that it cannot be voided.`,
  );
  await it.drain();
  expect(await it.told('b')).toContain('The 20 NC of step 2 in holds: paid on DAY.');
  expect(await it.told('b2')).toContain('The 20 NC of step 2 in holds: not paid, by a verdict.');
  await it.verified();
});

test('what was judged again since is as old as its last judgement', async () => {
  const grace = (days: number) =>
    makeGame({ milestone_steps: [150], triggers: [perRupee], game_window: { grace: `P${days}D` } });
  await using it = await scene(grace(1));
  const late = (id: string, payment?: string) =>
    pay(id, {
      occurred: '05-20',
      received: '06-10',
      ...(payment === undefined ? {} : { correlation: { payment_id: payment } }),
    });
  await it.take(late('a'), late('b'), late('c'));
  await it.take(take('a', null, 'r1'), take('b', 30, 'r2'), paymentReversal('pay_c', 30, { id: 'r3' }));
  const nothing = (about: string) => `It takes back ${about}, of which nothing had counted`;
  expect(await it.told('r1')).toBe(`${nothing('the event a')}.`);
  // Judged again to the same end, nobody has been answered.
  await it.again();
  expect(await it.told('r3')).toMatch(/^It takes back 30 of the payment pay_c, which has not come yet\./);

  await it.activate(grace(40));
  await it.again();
  expect(await it.told('a')).toBe('It did not count in game: it had been taken back before it came, by the event r1.');
  expect(await it.told('b')).toMatch(/^It counted in game: payment \+100\. .* payment counts 70 instead of 100\.$/);
  expect(await it.told('c')).toMatch(/^It counted in game: payment \+100\. .* payment counts 70 instead of 100\.$/);
  expect(await it.told('r1')).toBe(
    `${nothing('the event a')} then. When a counted, it was without what had been taken back: in game payment counts 0 instead of 100.`,
  );
  expect(await it.told('r2')).toMatch(
    /of which nothing had counted then\. When b counted, .* counts 70 instead of 100\.$/,
  );
  expect(await it.told('r3')).toMatch(
    /^It takes back 30 of the payment pay_c\. It came first, and waited until the event c came\./,
  );
  // Another one of what has been counted since.
  await it.take(take('b', null, 'r4'));
  expect(await it.told('r4')).toMatch(/in game payment counts 0 instead of 70\. Progress went from 140 to 70 /);
  expect(await it.told('b')).toMatch(/before it came, by the event r2, .* was taken back since, by the event r4: /);
  await it.verified();
});

test.each([
  ['update milepost.credit_correction set amount = 1, remaining = 1', 'corrections'],
  ["update milepost.claim_transition set to_status = 'kept'", 'changes of claims'],
  ["update milepost.event_key set reason = 'already_reversed' where event_id = 'r'", 'outcome'],
])('where %s was done to the books, the answer is none to send on', async (tampering, difference) => {
  await using it = await scene(game('claw_back'));
  await it.take(pay('a'), pay('b'));
  await it.take(take('b'));
  await it.database.pool.query(tampering);
  const { answer, recomputed } = await it.explain('r');
  expect(recomputed).toMatchObject({ agrees: false, differences: [expect.stringContaining(`${difference}: stored`)] });
  expect(answer).toMatch(/^CAUTION: /);
});
