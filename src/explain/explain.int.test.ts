// What support is told, on a real database: the sentence that can be sent on, what each game asked and found, and what is no longer known.
import { beforeEach, describe, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { activateGame } from '../definitions/activate.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { GameConfig } from '../games/config.ts';
import { drawWith } from '../rewards/draw.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, type TestEngine, testDrawKey, testEngine } from '../testing/engine.ts';
import {
  cardApplication,
  changed,
  cookieOpening,
  gameHistory,
  makeEvent,
  makeGame,
  paymentTrigger,
  upiPayment,
} from '../testing/make.ts';
import { type Explanation, explainEvent, openRecords } from './explain.ts';
import { findExplained, findMentions, type Question } from './find.ts';
import { summarizePlayer } from './player.ts';
import { describeExplanation } from './words.ts';

let database: TestDatabase;
let engine: TestEngine;
let support: Db;
beforeEach(async () => {
  database = await testDatabase();
  engine = testEngine(database.url);
  support = connect(database.url, { role: 'milepost_support', size: 4, log: silent });
  return async () => {
    await support.close();
    await engine[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  };
});

const range = { since: Date.parse('2026-04-01T00:00:00Z'), until: Date.parse('2026-07-01T00:00:00Z') };

async function explainAll(question: Question): Promise<Explanation[]> {
  const records = await openRecords(support);
  const found = await findExplained(support, question, range);
  return Promise.all(found.map((stored) => explainEvent(records, stored)));
}

async function explain(question: Question | string): Promise<Explanation> {
  const all = await explainAll(typeof question === 'string' ? { eventId: question } : question);
  expect(all).toHaveLength(1);
  return all[0] as Explanation;
}

/** Plays events against games, and gives the answer about the last one. */
async function told(games: readonly GameConfig[], ...batches: IncomingEvent[][]): Promise<string> {
  await install(database.pool, { games: games.map((game) => gameHistory(game)) });
  for (const batch of batches) await engine.take(batch);
  const last = batches.at(-1)?.at(-1) as IncomingEvent;
  const { answer, recomputed } = await explain(last.event.event_id);
  expect(recomputed?.differences).toEqual([]);
  return answer;
}

const india = { time_zone: 'Asia/Kolkata' };

describe('the answer', () => {
  test('to an opened cookie says what came out and from what, and the event that earned it is judged as before', async () => {
    const prizes = [
      { prize_id: 'gold', weight: 3, stock: 1, reward: { reward_type: 'NC', value: 50 } },
      { prize_id: 'silver', weight: 1, stock: 0 },
    ];
    const game = makeGame({ milestone_steps: [{ step: 1, step_type: 'FORTUNE_COOKIE', cookie: { prizes } }] });
    const opened = [cookieOpening(1), cookieOpening(1, { id: 'again' })];
    expect(
      await told([game], [upiPayment(5, { id: 'a' })], [cookieOpening(1, { id: 'none', earning: 2 }), ...opened]),
    ).toBe('The fortune cookie had been opened before.');
    expect((await explain(opened[0]?.event.event_id as string)).answer).toBe(
      'With it the player opened the fortune cookie of step 1 in game. There came out gold, which pays 50 NC. ' +
        'The 50 NC of step 1 in game: on its way.',
    );
    // What else might have come out is for support alone.
    expect(describeExplanation(await explain(opened[0]?.event.event_id as string))).toContain(
      '\n  drawn     gold, from gold (weight 3, 1 left), silver (weight 1, 0 left)\n',
    );
    expect((await explain('none')).answer).toBe('There was no such fortune cookie.');
    const reached = 'With it the player reached step 1, a fortune cookie. The fortune cookie of step 1 in game';
    const earned = async (id: string) =>
      (await explain(id)).answer.replaceAll(/on \d+ [A-Z]\w+ \d{4}(?=[.: ])/g, 'on DAY');
    expect(await earned('a')).toContain(
      `${reached} was opened on DAY: gold came out, which pays 50 NC. The 50 NC of step 1 in game: on its way.`,
    );
    expect(describeExplanation(await explain('a'))).toMatch(
      /: unopened → opened\n {2}prize {5}gold\n {2}reward {4}50 by /,
    );
    for (const event of ['a', 'none']) expect((await explain(event)).recomputed).toMatchObject({ agrees: true });

    const late = upiPayment(5, { id: 'b', user: 'U2' });
    await engine.take([late]);
    expect(await earned('b')).toMatch(`${reached} has not been opened yet.`);
    await engine.take([cookieOpening(1, { user: 'U2' })]);
    expect(await earned('b')).toMatch(`${reached} was opened on DAY: nothing came out, as no prize was left.`);
    const { answer, recomputed } = await explain(cookieOpening(1, { user: 'U2' }).event.event_id);
    expect(recomputed).toMatchObject({ agrees: true });
    expect(answer).toBe(
      'With it the player opened the fortune cookie of step 1 in game. There came out nothing, as no prize was left.',
    );
  });

  test('to what was drawn says what came out, without the key', async () => {
    const distribution = Array.from({ length: 20 }, (_, index) => ({ value: index + 1, weight: 1 }));
    const reward = {
      reward_type: 'NC' as const,
      value: 20,
      visibility: 'visible' as const,
      display_type: 'upto' as const,
    };
    const game = makeGame({ milestone_steps: [{ step: 1, step_type: 'REWARD', reward: { ...reward, distribution } }] });
    const identity = {
      purpose: 'upto' as const,
      userId: 'U1',
      gameId: 'game',
      windowStart: Date.UTC(2026, 4, 1),
      step: 1,
    };
    const { value } = drawWith(testDrawKey)(identity, distribution).chosen;
    expect(await told([game], [upiPayment(5)])).toContain(`the player reached step 1 (${value} NC), earned.`);
  });

  test('to what counted says how far it brought the player and what was reached', async () => {
    const steps = makeGame({ milestone_steps: [1, 2, 30] });
    expect(await told([steps], [upiPayment(5, { id: 'a' }), upiPayment(5, { id: 'b' })])).toBe(
      'It counted in game: payment +1. Progress went from 1 to 2 of 1000 payments. With it the player reached step 2 (20 NC), earned. ' +
        'The 20 NC of step 2 in game: on its way.',
    );
  });

  test('to what is not what a game counts names what was wanted and what was found', async () => {
    const game = makeGame({ triggers: [paymentTrigger({ from: 1_200 })] });
    expect(await told([game], [upiPayment(900, { id: 'a' })])).toBe(
      'It did not count in game: it is not what the game counts. payment: it asks that transaction_amount is at least 1200, and transaction_amount is 900.',
    );
  });

  test('to what came late names all three instants in the game’s own time', async () => {
    const late = upiPayment(1, { id: 'a', occurred: '05-20', received: '06-10' });
    expect(await told([makeGame(india)], [late])).toBe(
      'It was too late for game: it was received on 10 June 2026 17:30 (Asia/Kolkata); what happened in the time that ended on ' +
        '1 June 2026 05:30 (Asia/Kolkata) is accepted until 4 June 2026 05:30 (Asia/Kolkata).',
    );
  });

  test('to who was no member names the group, and since when the player is in it as far as was known', async () => {
    const member = { cohort_id: 'early', member: true, until: null };
    const joined = makeEvent({ id: 'm', type: 'cohort_changed', occurred: '05-11', attributes: member });
    const game = makeGame({ cohort_id: 'early' });
    expect(await told([game], [joined], [upiPayment(1, { id: 'a', occurred: '05-10' })])).toBe(
      'It did not count in game: the player was not in the group early on 10 May 2026 17:30 (Asia/Kolkata) (from 11 May 2026 17:30 (Asia/Kolkata) on).',
    );
  });

  test('keeps to what was known then: who became a member later, into the past, was none', async () => {
    const member = { cohort_id: 'early', member: true, until: null };
    await install(database.pool, { games: [gameHistory(makeGame({ cohort_id: 'early' }))] });
    await engine.take([upiPayment(1, { id: 'a', occurred: '05-10' })]);
    await engine.take([makeEvent({ id: 'm', type: 'cohort_changed', occurred: '05-01', attributes: member })]);
    expect(await explain('a')).toMatchObject({
      outcome: 'not_in_cohort',
      recomputed: { agrees: true },
      answer: expect.stringContaining('(as far as was known, never)'),
      games: [{ cohort: { cohort_id: 'early', member: false, memberships: [] } }],
    });
  });

  test('to what a full cap left out names the cap', async () => {
    const trigger = { ...paymentTrigger(), cap: { per_day: 1, per_window: 5 } };
    expect(await told([makeGame({ triggers: [trigger] })], [upiPayment(1), upiPayment(1, { id: 'a' })])).toBe(
      'It counted in game: payment +1. It added nothing: payment adds at most 1 a day and 5 in all, and that was reached before. ' +
        'Progress stayed at 1 of 1000 payments.',
    );
  });

  test('to one event of a transaction names the other that counts', async () => {
    const game = makeGame({
      evaluation_scope: 'LOGICAL_TRANSACTION',
      transaction_policy: 'max',
      triggers: [
        paymentTrigger(),
        { ...paymentTrigger({ worth: 3 }), trigger_id: 'card', event_type: 'fs_action_complete' },
      ],
    } as never);
    const one = { correlation: { canonical_transaction_id: 'txn_1' } };
    const card = cardApplication({ ...one, id: 'card_1', attributes: { transaction_amount: 1 } });
    expect(await told([game], [card, upiPayment(1, { ...one, id: 'upi_1' })])).toContain(
      'It added nothing: the event card_1 of the same transaction counts. Progress stayed at 3',
    );
  });

  test('to what is flagged says that what it earns waits', async () => {
    const flagged = upiPayment(1, { id: 'a', attributes: { frm_flag: 'VELOCITY' } });
    expect(await told([makeGame({ milestone_steps: [1] })], [flagged])).toBe(
      'It counted in game: payment +1. Progress went from 0 to 1 of 1000 payments. It is flagged by fraud and risk management ("VELOCITY"): ' +
        'what it earns waits for a release. With it the player reached step 1 (10 NC), held until it is released.',
    );
  });

  test('is given for each game that looked at it, those first in which it counted', async () => {
    const games = [
      makeGame({ game_id: 'cards', triggers: [{ event_type: 'fs_action_complete' }] }),
      makeGame({ game_id: 'over', game_window: { end: '2026-05-02T00:00:00Z' } }),
      makeGame({ game_id: 'dear', triggers: [paymentTrigger({ from: 10 })] }),
      makeGame({ game_id: 'two' }),
      makeGame({ game_id: 'early', cohort_id: 'early' }),
      makeGame({ game_id: 'one', milestone_steps: [{ step: 1, step_type: 'EMPTY' }] }),
      makeGame({ game_id: 'unbegun', game_window: { start: '2026-05-20T00:00:00Z' } }),
    ];
    await told(games, [upiPayment(1, { id: 'a' })]);
    const { answer, games: traces } = await explain('a');
    expect(traces.map(({ game_id, reason }) => `${game_id} ${reason}`)).toEqual([
      ...[
        'one null',
        'two null',
        'early not_a_member',
        'dear condition_failed',
        'over after_window',
        'unbegun before_window',
        'cards event_type',
      ],
    ]);
    expect(answer.match(/count(ed)? in \w+/g)).toEqual([
      ...['counted in one', 'counted in two', 'count in early', 'count in dear', 'count in over', 'count in one'],
    ]);
    expect(answer).toContain('With it the player reached step 1. It counted in two');
    expect(answer).toMatch(/ Nor did it count in one more game\.$/);
  });

  test('stays where an event that counted nowhere was told by another game when it was stored', async () => {
    const games = [
      makeGame({ game_id: 'over', game_window: { end: '2026-05-02T00:00:00Z' } }),
      makeGame({ triggers: [paymentTrigger({ from: 10 })] }),
    ];
    await told(games, [upiPayment(1, { id: 'a' })]);
    await database.pool.query("update milepost.event_key set outcome = 'outside_window', reason = 'after_window'");
    expect(await explain('a')).toMatchObject({ outcome: 'outside_window', recomputed: { agrees: true } });
    await database.pool.query("update milepost.event_key set reason = 'paused'");
    expect(await explain('a')).toMatchObject({ recomputed: { agrees: false, outcome: 'outside_window' } });
    await database.pool.query("update milepost.event_key set outcome = 'no_match', reason = 'condition_failed'");
    expect(await explain('a')).toMatchObject({ outcome: 'no_match', recomputed: { agrees: true } });
  });

  test('to a producer’s clock gone wrong says so', async () => {
    const future = upiPayment(1, { id: 'a', occurred: '05-10', received: '05-09' });
    expect(await told([makeGame()], [future])).toMatch(
      /^It was not accepted: .* more than 5 minutes after it was received/,
    );
  });
});

test('an explanation says where an event came from, what else came under its id, and every game that ran', async () => {
  await install(database.pool, {
    games: [gameHistory(makeGame()), gameHistory(makeGame({ game_id: 'other', triggers: [{ event_type: 'opened' }] }))],
  });
  const origin = { transport: 'kafka', topic: 'payments', partition: 3, offset: '77' } as const;
  const event = upiPayment(1, { id: 'a', origin, correlation: { payment_id: 'pay_1' } });
  await engine.take([event, event, changed(event, { attributes: { transaction_amount: 2 } })]);
  const found = await explain({ paymentId: 'pay_1' });
  expect(found).toMatchObject({
    event_id: 'a',
    arrived: {
      origin: 'kafka:payments/3@77',
      source: 'tests',
      conflicts: [{ payload: expect.anything() }],
      judged_again: [],
    },
    event: { event_type: 'payment_success', correlation: { payment_id: 'pay_1' } },
    games: [
      {
        game_id: 'game',
        version: 1,
        outcome: 'applied',
        triggers: [{ trigger_id: 'payment', matches: true, worth: 1 }],
      },
      { game_id: 'other', outcome: 'no_match', reason: 'event_type' },
    ],
    changed: { credits: [{ game_id: 'game', trigger_id: 'payment', amount: 1, version: 1 }], claims: [] },
  });
  expect(await explainAll({ paymentId: 'pay_1', userId: 'U2' })).toEqual([]);
  expect(await explainAll({ paymentId: 'pay_2' })).toEqual([]);
});

test('a version that was activated into the past since is not taken for the one that judged', async () => {
  const config = makeGame();
  await install(database.pool, { games: [gameHistory(config)] });
  await engine.take([upiPayment(5, { id: 'a' })]);
  const dearer = makeGame({ triggers: [paymentTrigger({ from: 10 })] });
  const owner = connect(database.url, { role: 'milepost_owner', size: 1, log: silent });
  await transaction(owner, (tx) =>
    activateGame(tx, {
      config: dearer,
      text: JSON.stringify(dearer),
      file: 'game.json',
      from: Date.parse('2026-05-01T00:00:00Z'),
      by: 'test',
      reason: 'test',
      intoThePast: true,
    }),
  );
  await owner.close();
  await engine.take([upiPayment(5, { id: 'b' })]);
  expect(await explain('a')).toMatchObject({
    outcome: 'applied',
    recomputed: { agrees: true },
    games: [{ version: 1 }],
  });
  expect(await explain('b')).toMatchObject({
    outcome: 'no_match',
    recomputed: { agrees: true },
    games: [{ version: 2, reason: 'condition_failed' }],
  });
});

test('what is stored and cannot be judged to the same end is said loudly', async () => {
  await install(database.pool, { games: [gameHistory(makeGame())] });
  await engine.take([upiPayment(5, { id: 'a' })]);
  await database.pool.query("update milepost.event_key set outcome = 'no_match', reason = 'condition_failed'");
  const { answer, recomputed } = await explain('a');
  expect(answer).toMatch(
    /^CAUTION: judged again by what was known then, a would be applied; it is stored as no_match \(condition_failed\)\. .* The books hold: \+1 in game by payment\.$/,
  );
  expect(recomputed).toMatchObject({
    agrees: false,
    outcome: 'applied',
    differences: [expect.stringMatching(/^outcome: /)],
  });
});

test('of an event older than retention the books still tell', async () => {
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
  await engine.take([upiPayment(5, { id: 'a', correlation: { payment_id: 'pay_1' } })]);
  await database.pool.query('truncate milepost.inbox');
  expect(await explain({ paymentId: 'pay_1', userId: 'U1' })).toMatchObject({
    event_id: 'a',
    event: null,
    recomputed: null,
    games: [],
    answer:
      'a was received on 2026-05-10. It counted. What it said is older than retention and no longer stored, so that it cannot be judged ' +
      'again. The books hold: +1 in game by payment; step 1 of game, earned.',
    changed: { claims: [{ step: 1, amount: 10, reward: { service: 'neucoin', state: 'pending', calls: [] } }] },
  });
});

test('a player is summed up: groups, progress in words, claims and payments', async () => {
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1, 9] }))] });
  await engine.take([upiPayment(5, { id: 'a' }), upiPayment(5, { id: 'b', attributes: { frm_flag: 'X' } })]);
  expect(await summarizePlayer(support, 'U1')).toMatchObject({
    cohorts: [],
    games: [{ game_id: 'game', value: 2, cleared: 1, max: 1_000, in_words: ['2 of 1000 payments'] }],
    claims: [{ step: 1, status: 'earned', amount: 10, payment: 'pending' }],
  });
  expect(await summarizePlayer(support, 'nobody')).toBeUndefined();
});

test('a message that could not be read is found by what it mentions', async () => {
  const parked = {
    source: 'canonical',
    origin: { transport: 'http' },
    bytes: Buffer.from('{"payment_id": "pay_9"'),
    receivedAt: undefined,
    reason: 'invalid_json',
    detail: 'not JSON',
  } as const;
  await engine.process({ events: [], parked: [parked] });
  expect(await findMentions(support, 'pay_9')).toMatchObject([{ reason: 'invalid_json', event_id: null }]);
  expect(await findMentions(support, 'pay_8')).toEqual([]);
});
