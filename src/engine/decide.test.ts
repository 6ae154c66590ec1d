import { describe, expect, test } from 'vitest';
import type { IncomingEvent } from '../event/event.ts';
import type { GameConfig } from '../games/config.ts';
import { digestOf } from '../ids.ts';
import { dryRun } from '../testing/dry-run.ts';
import { given, member } from '../testing/given.ts';
import {
  cardApplication,
  changed,
  type GameHistory,
  gameHistory,
  makeDefinitions,
  makeEvent,
  makeGame,
  paymentTrigger,
  seedCohort,
  seedGame,
  upiPayment,
} from '../testing/make.ts';
import { formatInstant } from '../time.ts';
import { gamesFor } from './decide.ts';

const payments = (count: number): IncomingEvent[] => Array.from({ length: count }, () => upiPayment(1_500));

describe('the seed game', () => {
  const seed = seedGame();
  const player = member(seedCohort);

  test('counts a UPI payment from 1,200 rupees on', () => {
    given(seed, player)
      .when(upiPayment(1_199.99), upiPayment(1_200), upiPayment(1_200.01))
      .thenBooks({
        outcomes: ['no_match (condition_failed)', 'applied', 'applied'],
        progress: 2,
        cleared: 2,
        credits: ['upi_plus_one +1', 'upi_plus_one +1'],
        claims: [],
      });
  });

  test('counts only successful payments by UPI', () => {
    given(seed, player)
      .when(
        upiPayment(5_000, { attributes: { payment_status: 'FAILED' } }),
        upiPayment(5_000, { attributes: { transaction_type: 'CARD' } }),
        upiPayment(5_000, { attributes: { transaction_amount: null } }),
        upiPayment(5_000, { attributes: { transaction_amount: '5000' } }),
        upiPayment(5_000, { type: 'payment_failed' }),
      )
      .thenBooks({
        outcomes: [
          'no_match (condition_failed)',
          'no_match (condition_failed)',
          'no_match (condition_failed)',
          'no_match (condition_failed)',
          'no_match (no_game)',
        ],
        progress: 0,
      });
  });

  test('gives three for a credit-card application, which is a milestone at once', () => {
    given(seed, player)
      .when(cardApplication())
      .thenBooks({ outcomes: ['applied'], progress: 3, claims: ['3 earned NC 10'], rewards: ['NC 10'] })
      .when(cardApplication({ attributes: { action_type: 'LOAN_ENQUIRY' } }))
      .thenBooks({ outcomes: ['no_match (condition_failed)'], progress: 3 });
  });

  test('is played to its end, and past max_value', () => {
    given(seed, player)
      .when(...payments(2))
      .thenBooks({ progress: 2, claims: [] })
      .when(...payments(1))
      .thenBooks({ progress: 3, claims: ['3 earned NC 10'] })
      .when(cardApplication())
      .thenBooks({ progress: 6, claims: ['3 earned NC 10', '6 earned NC 30'] })
      .when(cardApplication(), ...payments(3), cardApplication())
      .thenBooks({
        progress: 15,
        claims: ['3 earned NC 10', '6 earned NC 30', '12 earned NC 100'],
        rewards: ['NC 10', 'NC 30', 'NC 100'],
      });
  });

  test('is only for its cohort', () => {
    given(seed)
      .when(upiPayment(1_500))
      .thenBooks({ outcomes: ['not_in_cohort (not_a_member)'], progress: 0 });
  });
});

describe('adding up', () => {
  const game = makeGame({
    milestone_steps: [2, 5],
    triggers: [paymentTrigger({ id: 'any' }), paymentTrigger({ id: 'large', from: 5_000, worth: 4 })],
  });

  test('several triggers on one event stack', () => {
    given(game)
      .when(upiPayment(100))
      .thenBooks({ progress: 1, credits: ['any +1'] })
      .when(upiPayment(5_000))
      .thenBooks({ outcomes: ['applied'], progress: 6, credits: ['any +1', 'any +1', 'large +4'] });
  });

  test('one event may cross several steps; they are claimed in order', () => {
    given(game)
      .when(upiPayment(9_000))
      .thenBooks({ progress: 5, claims: ['2 earned NC 20', '5 earned NC 50'], rewards: ['NC 20', 'NC 50'] });
  });

  test('a step is claimed once', () => {
    given(game)
      .when(...payments(3))
      .when(...payments(1))
      .thenBooks({ progress: 4, claims: ['2 earned NC 20'] });
  });

  test('a player takes part in several games at once, each with its own steps', () => {
    given(
      makeGame({ game_id: 'two', milestone_steps: [2] }),
      makeGame({ game_id: 'three', milestone_steps: [3] }),
      makeGame({ game_id: 'large', milestone_steps: [1], triggers: [paymentTrigger({ from: 5_000 })] }),
    )
      .when(...payments(2), upiPayment(6_000))
      .thenBooks({
        outcomes: ['applied', 'applied', 'applied'],
        progress: { two: 3, three: 3, large: 1 },
        claims: ['two: 2 earned NC 20', 'three: 3 earned NC 30', 'large: 1 earned NC 10'],
      });
  });

  test('players do not share progress', () => {
    const run = dryRun([gameHistory(game)], []);
    run.process([upiPayment(100, { user: 'U1' }), upiPayment(100, { user: 'U2' }), upiPayment(100, { user: 'u1' })]);
    expect(run.books().progress.map(({ user_id, value }) => [user_id, value])).toEqual([
      ['U1', 1],
      ['U2', 1],
      ['u1', 1],
    ]);
  });
});

describe('the kinds of steps', () => {
  const game = makeGame({
    milestone_steps: [
      { step: 1, step_type: 'EMPTY' },
      { step: 2, step_type: 'FORTUNE_COOKIE' },
      { step: 3, step_type: 'REWARD', reward: { reward_type: 'VOUCHER', value: 250 } },
    ],
  });

  test('EMPTY is a claim that pays nothing, a cookie waits to be opened, a reward is paid', () => {
    given(game)
      .when(...payments(3))
      .thenBooks({ claims: ['1 earned', '2 unopened', '3 earned VOUCHER 250'], rewards: ['VOUCHER 250'] });
  });

  test('the message of a reward carries the identity of its claim', () => {
    const run = dryRun([gameHistory(game)], []);
    const { decision } = run.process(payments(3));
    const key = digestOf('reward', 'U1', 'game', '2026-05-01T00:00:00.000Z', '3', '1');
    expect(decision.messages).toEqual([
      {
        bucket: expect.any(Number),
        destination: 'voucher',
        messageKey: key,
        afterKey: null,
        body: {
          user_id: 'U1',
          reward_type: 'VOUCHER',
          amount: 250,
          game_id: 'game',
          window_start: '2026-05-01T00:00:00.000Z',
          step: 3,
          earning: 1,
          version: 1,
          event_received_at: formatInstant(payments(3).at(-1)?.receivedAt as number),
        },
      },
      {
        bucket: expect.any(Number),
        destination: 'projection',
        messageKey: null,
        afterKey: null,
        body: { players: [[expect.any(Number), '1']] },
      },
    ]);
    expect(decision.claims.map(({ messageKey }) => messageKey)).toEqual([null, null, key]);
  });

  test('a batch that changes nobody’s progress refreshes nothing', () => {
    const { decision } = dryRun([gameHistory(game)], []).process([makeEvent()]);
    expect(decision.messages).toEqual([]);
  });
});

describe('the window', () => {
  const game = makeGame();
  const judged = (occurred: string, received?: string) =>
    given(game).when(upiPayment(1, received === undefined ? { occurred } : { occurred, received }));

  test.each([
    ['2026-04-30T23:59:59.999Z', 'outside_window (before_window)'],
    ['2026-05-01T00:00:00.000Z', 'applied'],
    ['2026-05-01T05:29:59.999+05:30', 'outside_window (before_window)'],
    ['2026-05-01T05:30:00.000+05:30', 'applied'],
    ['2026-05-31T23:59:59.000Z', 'applied'],
    ['2026-05-31T23:59:59.999Z', 'applied'],
    ['2026-06-01T00:00:00.000Z', 'outside_window (after_window)'],
  ])('an event of %s: %s', (occurred, outcome) => {
    judged(occurred).thenBooks({ outcomes: [outcome] });
  });

  test('an end that names milliseconds ends there', () => {
    const short = makeGame({ game_window: { end: '2026-05-31T23:59:59.500Z' } });
    given(short)
      .when(
        upiPayment(1, { occurred: '2026-05-31T23:59:59.500Z' }),
        upiPayment(1, { occurred: '2026-05-31T23:59:59.501Z' }),
      )
      .thenBooks({ outcomes: ['applied', 'outside_window (after_window)'] });
  });

  test.each([
    ['2026-06-03T23:59:59.999Z', 'applied'],
    ['2026-06-04T00:00:00.000Z', 'late (window_closed)'],
    ['2026-09-01T00:00:00.000Z', 'late (window_closed)'],
  ])('is open for what was received until 72 hours after it: %s is %s', (received, outcome) => {
    judged('2026-05-31T23:59:59Z', received).thenBooks({ outcomes: [outcome] });
  });

  test.each([
    ['2026-05-10T12:05:00.000Z', 'applied'],
    ['2026-05-10T12:05:00.001Z', 'rejected (occurred_in_future)'],
  ])('an event received at 12:00:00 that occurred at %s: %s', (occurred, outcome) => {
    judged(occurred, '2026-05-10T12:00:00.000Z').thenBooks({ outcomes: [outcome] });
  });
});

describe('config versions', () => {
  const before = makeGame({ milestone_steps: [1] });
  const after = makeGame({
    milestone_steps: [{ step: 1, step_type: 'REWARD', reward: { reward_type: 'NC', value: 99 } }],
    triggers: [paymentTrigger({ worth: 5 })],
  });
  const game = gameHistory(before, ['2026-05-15T00:00:00Z', after]);

  test('the one in force when the event occurred judges it, whenever it comes', () => {
    given(game)
      .when(upiPayment(1, { occurred: '2026-05-15T00:00:00.000Z' }))
      .thenBooks({ credits: ['payment +5 by version 2'], claims: ['1 earned NC 99 by version 2'] })
      .when(upiPayment(1, { occurred: '2026-05-14T23:59:59.999Z', received: '2026-05-20T00:00:00Z' }))
      .thenBooks({ progress: 6, credits: ['payment +5 by version 2', 'payment +1'] });
  });

  test('the claim is pinned to the version of the event that crossed the step', () => {
    given(game)
      .when(upiPayment(1, { occurred: '05-14' }), upiPayment(1, { occurred: '05-16' }))
      .thenBooks({ progress: 6, claims: ['1 earned NC 10'] });
  });

  test('an event type that only another version knows is not the game’s', () => {
    const cards = makeGame({
      triggers: [
        {
          event_type: 'card_used',
          rule: { operator: 'or', conditions: [{ field: 'producer', op: 'exists', value: true }] },
        },
      ],
    });
    given(gameHistory(before, ['2026-05-15T00:00:00Z', cards]))
      .when(
        makeEvent({ type: 'card_used', occurred: '05-14' }),
        makeEvent({ type: 'card_used', occurred: '05-16' }),
        upiPayment(1, { occurred: '05-16' }),
      )
      .thenBooks({ outcomes: ['no_match (no_game)', 'applied', 'no_match (no_game)'] });
  });

  test('a version that was activated before the window began replaces the first one for the whole window', () => {
    given(gameHistory(before, ['2026-04-20T00:00:00Z', after]))
      .when(upiPayment(1, { occurred: '05-10' }))
      .thenBooks({ credits: ['payment +5 by version 2'] });
  });
});

describe('cohorts', () => {
  const game = makeGame({ cohort_id: 'early' });

  test('membership counts as of when the event occurred', () => {
    given(
      game,
      member('early', { from: '2026-05-05T00:00:00Z', to: '2026-05-10T00:00:00Z' }),
      member('early', { from: '2026-05-20T00:00:00Z' }),
      member('other'),
    )
      .when(
        ...[
          '2026-05-04T23:59:59.999Z',
          '2026-05-05T00:00:00.000Z',
          '2026-05-09T23:59:59.999Z',
          '2026-05-10T00:00:00.000Z',
          '2026-05-19T23:59:59.999Z',
          '2026-05-20T00:00:00.000Z',
        ].map((occurred) => upiPayment(1, { occurred, received: '05-21' })),
      )
      .thenBooks({
        outcomes: [
          'not_in_cohort (not_a_member)',
          'applied',
          'applied',
          'not_in_cohort (not_a_member)',
          'not_in_cohort (not_a_member)',
          'applied',
        ],
        progress: 3,
      });
  });

  test('another player’s membership is not mine', () => {
    given(game, member('early', { user: 'U2' }))
      .when(upiPayment(1))
      .thenBooks({ outcomes: ['not_in_cohort (not_a_member)'] });
  });

  test('everyone takes part in a game for everyone', () => {
    given(makeGame({ cohort_id: 'everyone' }))
      .when(upiPayment(1))
      .thenBooks({ outcomes: ['applied'] });
  });
});

describe('events flagged by fraud and risk management', () => {
  const flagged = (flag: string | boolean | number | null = 'VELOCITY') =>
    upiPayment(1, { attributes: { frm_flag: flag } });

  test('hold (the default): progress counts, the reward waits until unflagged progress reaches the step', () => {
    given(makeGame({ milestone_steps: [2, 3] }))
      .when(upiPayment(1), flagged())
      .thenBooks({
        outcomes: ['applied', 'held'],
        progress: 2,
        cleared: 1,
        credits: ['payment +1', 'payment +1 held'],
        claims: ['2 held NC 20'],
        rewards: [],
      })
      .when(upiPayment(1))
      .thenBooks({ progress: 3, cleared: 2, claims: ['2 earned NC 20', '3 held NC 30'], rewards: ['NC 20'] })
      .when(upiPayment(1))
      .thenBooks({
        progress: 4,
        cleared: 3,
        claims: ['2 earned NC 20', '3 earned NC 30'],
        rewards: ['NC 20', 'NC 30'],
      });
  });

  test('a hold begins and ends within one batch as it does over several', () => {
    given(makeGame({ milestone_steps: [1, 2] }))
      .when(flagged(), flagged(), upiPayment(1), upiPayment(1))
      .thenBooks({ claims: ['1 earned NC 10', '2 earned NC 20'], rewards: ['NC 10', 'NC 20'] });
  });

  test('a held cookie is released unopened, a held empty step earned; neither pays', () => {
    given(
      makeGame({
        milestone_steps: [
          { step: 1, step_type: 'FORTUNE_COOKIE' },
          { step: 2, step_type: 'EMPTY' },
        ],
      }),
    )
      .when(flagged(), flagged())
      .thenBooks({ claims: ['1 held', '2 held'] })
      .when(upiPayment(1), upiPayment(1))
      .thenBooks({ claims: ['1 unopened', '2 earned'], rewards: [] });
  });

  test('a hold in one game releases nothing in another', () => {
    given(
      makeGame({ game_id: 'careful', milestone_steps: [1] }),
      makeGame({ game_id: 'trusting', milestone_steps: [1], frm: 'ignore' }),
      makeGame({ game_id: 'strict', milestone_steps: [1], frm: 'reject' }),
    )
      .when(flagged())
      .thenBooks({
        outcomes: ['applied'],
        progress: { careful: 1, trusting: 1 },
        cleared: { careful: 0, trusting: 1 },
        claims: ['careful: 1 held NC 10', 'trusting: 1 earned NC 10'],
      });
  });

  test('ignore: counts like any other', () => {
    given(makeGame({ milestone_steps: [1], frm: 'ignore' }))
      .when(flagged())
      .thenBooks({ outcomes: ['applied'], cleared: 1, rewards: ['NC 10'] });
  });

  test('reject: counts nothing', () => {
    given(makeGame({ milestone_steps: [1], frm: 'reject' }))
      .when(flagged())
      .thenBooks({ outcomes: ['rejected (frm_flagged)'], progress: 0, claims: [] });
  });

  test.each([
    [null, 'applied'],
    [false, 'applied'],
    ['', 'applied'],
    [true, 'held'],
    ['X', 'held'],
    ['false', 'held'],
    [0, 'held'],
  ])('a flag of %j: %s', (flag, outcome) => {
    given(makeGame())
      .when(flagged(flag))
      .thenBooks({ outcomes: [outcome] });
  });
});

describe('the outcome of an event', () => {
  const joinable = { event_type: 'opted_in' };
  const nothing: Partial<GameConfig['triggers'][number]> = {
    progression_config: { mode: 'weighted', field: 'attributes.currency', weights: { EUR: 1 }, otherwise: 0 },
  };
  const [wrong, right] = [paymentTrigger({ from: 1_000 }), paymentTrigger()];
  const paused = [{ changeNo: 1, status: 'paused' as const, from: 0 }];
  // One game for each verdict on the same event, which occurs on 10 May and is received on 10 June; from the best to the least.
  const verdicts = {
    applied: makeGame({ game_window: { end: '2026-06-30T23:59:59Z' }, frm: 'ignore' }),
    held: makeGame({ game_window: { end: '2026-06-30T23:59:59Z' } }),
    rejected: makeGame({ game_window: { end: '2026-06-30T23:59:59Z' }, frm: 'reject' }),
    late: makeGame(),
    not_in_cohort: makeGame({ game_window: { end: '2026-06-30T23:59:59Z' }, cohort_id: 'nobody' }),
    outside_window: makeGame({ game_window: { end: '2026-06-30T23:59:59Z' } }),
    no_match: makeGame({ game_window: { end: '2026-06-30T23:59:59Z' }, triggers: [paymentTrigger({ from: 1_000 })] }),
  };
  const names = Object.keys(verdicts) as (keyof typeof verdicts)[];
  const event = () => upiPayment(1, { occurred: '05-10', received: '06-10', attributes: { frm_flag: 'X' } });
  const outcomeIn = (...games: (keyof typeof verdicts)[]) => {
    const histories = games.map((name, index) => ({
      ...gameHistory({ ...verdicts[name], game_id: `game_${index}` }),
      ...(name === 'outside_window' ? { statuses: paused } : {}),
    }));
    return dryRun(histories, []).process([event()]).results[0]?.outcome;
  };

  test.each(names)('of one game alone: %s', (name) => {
    expect(outcomeIn(name)).toBe(name);
  });

  test.each(names.flatMap((better, index) => names.slice(index + 1).map((worse) => [better, worse] as const)))(
    '%s goes before %s, whichever game comes first',
    (better, worse) => {
      expect([outcomeIn(better, worse), outcomeIn(worse, better)]).toEqual([better, better]);
    },
  );

  // Each may be said of the same event; from the one that is told first.
  const told: [reason: string, game: Parameters<typeof makeGame>[0], status?: 'paused' | 'ended'][] = [
    ['not_in_cohort (not_joined)', { join: joinable }],
    ['not_in_cohort (not_a_member)', { cohort_id: 'nobody' }],
    ['outside_window (paused)', {}, 'paused'],
    ['outside_window (ended)', {}, 'ended'],
    ['outside_window (after_window)', { game_window: { end: '2026-05-09T23:59:59Z' } }],
    ['outside_window (before_window)', { game_window: { start: '2026-05-11T00:00:00Z' } }],
    ['no_match (worth_nothing)', { triggers: [{ ...right, ...nothing }] }],
    ['no_match (condition_failed)', { triggers: [wrong] }],
  ];
  const pairs = told.slice(1).map((worse, index) => [told[index] as (typeof told)[number], worse] as const);
  test.each(pairs.map((games) => ({ better: games[0][0], worse: games[1][0], games })))(
    'of an event that counted nowhere is that of the game which came nearest: $better, not $worse',
    ({ better, games }) => {
      const histories = games.map(([game_id, game, status]) => ({
        ...gameHistory(makeGame({ ...game, game_id: game_id.replaceAll(/\W/g, '_') })),
        ...(status === undefined ? {} : { statuses: [{ changeNo: 1, status, from: 0 }] }),
      }));
      for (const order of [histories, histories.toReversed()]) {
        given(...order)
          .when(upiPayment(1, { occurred: '05-10' }))
          .thenBooks({ outcomes: [better] });
      }
    },
  );

  test('an event that no game knows is no_match', () => {
    given(...names.map((name) => ({ ...verdicts[name], game_id: name })))
      .when(makeEvent({ type: 'unheard_of' }))
      .thenBooks({ outcomes: ['no_match (no_game)'] });
  });

  // Everything that may keep an event from counting is wrong with the first game; each game after it has one thing less wrong with it.
  const resumed = [...paused, { changeNo: 2, status: 'active' as const, from: 0 }];
  const [late, later] = ['2026-05-31T23:59:59Z', '2026-06-30T23:59:59Z'];
  const from = '2026-05-11T00:00:00Z';
  type Settings = NonNullable<Parameters<typeof makeGame>[0]>;
  type TriggerSettings = NonNullable<Settings['triggers']>[number];
  const ready = (end: string, trigger: TriggerSettings): Settings => ({ game_window: { end }, triggers: [trigger] });
  const settings = (end: string, trigger: TriggerSettings): Settings => {
    return { ...ready(end, trigger), cohort_id: 'nobody', join: joinable, frm: 'reject' };
  };
  test.each<[string, Settings, GameHistory['statuses']]>([
    ['outside_window (before_window)', { ...settings(late, wrong), game_window: { start: from, end: late } }, paused],
    ['outside_window (paused)', settings(late, wrong), paused],
    ['late (window_closed)', settings(late, wrong), resumed],
    ['no_match (condition_failed)', settings(later, wrong), resumed],
    ['not_in_cohort (not_a_member)', settings(later, { ...right, ...nothing }), resumed],
    ['not_in_cohort (not_joined)', { ...settings(later, { ...right, ...nothing }), cohort_id: 'everyone' }, resumed],
    ['rejected (frm_flagged)', { ...ready(later, { ...right, ...nothing }), frm: 'reject' }, resumed],
    ['no_match (worth_nothing)', { ...ready(later, { ...right, ...nothing }), frm: 'hold' }, resumed],
    ['held', { ...ready(later, right), frm: 'hold' }, resumed],
    ['applied', { ...ready(later, right), frm: 'ignore' }, resumed],
  ])('of one game is named by the first thing wrong: %s', (outcome, game, statuses) => {
    const history = { ...gameHistory(makeGame(game)), ...(statuses === undefined ? {} : { statuses }) };
    given(history)
      .when(event())
      .thenBooks({ outcomes: [outcome] });
  });

  test('an event after the game is outside of it, even while it is paused, and late only when it was in it', () => {
    const history = { ...gameHistory(makeGame()), statuses: paused };
    given(history)
      .when(upiPayment(1, { occurred: '06-01', received: '06-10' }))
      .thenBooks({ outcomes: ['outside_window (after_window)'] });
  });
});

describe('pauses and the end', () => {
  const changes = [
    { changeNo: 1, status: 'paused' as const, from: Date.parse('2026-05-10T00:00:00Z') },
    { changeNo: 2, status: 'active' as const, from: Date.parse('2026-05-12T00:00:00Z') },
    { changeNo: 3, status: 'ended' as const, from: Date.parse('2026-05-20T00:00:00Z') },
  ];

  test.each([
    ['2026-05-09T23:59:59.999Z', 'applied'],
    ['2026-05-10T00:00:00.000Z', 'outside_window (paused)'],
    ['2026-05-11T23:59:59.999Z', 'outside_window (paused)'],
    ['2026-05-12T00:00:00.000Z', 'applied'],
    ['2026-05-19T23:59:59.999Z', 'applied'],
    ['2026-05-20T00:00:00.000Z', 'outside_window (ended)'],
  ])('count by when the event occurred: %s is %s, whenever it comes', (occurred, outcome) => {
    given({ ...gameHistory(makeGame()), statuses: changes })
      .when(upiPayment(1, { occurred, received: '2026-05-25T00:00:00Z' }))
      .thenBooks({ outcomes: [outcome] });
  });

  test('a later change goes before an earlier one, also about the same time', () => {
    const taken = { changeNo: 4, status: 'active' as const, from: Date.parse('2026-05-10T00:00:00Z') };
    given({ ...gameHistory(makeGame()), statuses: [...changes, taken] })
      .when(upiPayment(1, { occurred: '05-11' }), upiPayment(1, { occurred: '05-25' }))
      .thenBooks({ outcomes: ['applied', 'applied'] });
  });
});

describe('joining', () => {
  const optIn = (occurred: string) => makeEvent({ type: 'opted_in', occurred });
  const paid = (occurred: string) => upiPayment(1, { occurred });
  const join = { event_type: 'opted_in' };

  test('counts from the join on, once', () => {
    given(makeGame({ join }))
      .when(paid('05-04'), optIn('05-05'), paid('05-04'), paid('05-05'), optIn('05-06'))
      .thenBooks({
        outcomes: [
          'not_in_cohort (not_joined)',
          'applied (joined)',
          'not_in_cohort (not_joined)',
          'applied',
          'no_match (already_joined)',
        ],
        progress: 1,
      });
  });

  test('an earlier join that comes later lets in what happened in between, if that comes after it', () => {
    given(makeGame({ join }))
      .when(optIn('05-10'), paid('05-06'), optIn('05-05'), paid('05-07'))
      .thenBooks({
        outcomes: ['applied (joined)', 'not_in_cohort (not_joined)', 'applied (joined)', 'applied'],
        progress: 1,
      });
  });

  test('is for members, while the game runs, by events for which its rule holds', () => {
    const rule = { operator: 'and' as const, conditions: [{ field: 'producer', op: 'eq' as const, value: 'tests' }] };
    const game = makeGame({ cohort_id: 'early', join: { event_type: 'opted_in', rule } });
    given(game, member('early', { from: '2026-05-05T00:00:00Z' }))
      .when(
        makeEvent({ type: 'opted_in', occurred: '05-06', producer: 'others' }),
        optIn('05-04'),
        optIn('04-30'),
        makeEvent({ type: 'opted_in', occurred: '05-06', received: '06-10' }),
        optIn('05-06'),
      )
      .thenBooks({
        outcomes: [
          'no_match (condition_failed)',
          'not_in_cohort (not_a_member)',
          'outside_window (before_window)',
          'late (window_closed)',
          'applied (joined)',
        ],
      });
  });

  test('the event that joins counts for nothing else; the next of its kind does', () => {
    given(makeGame({ join: { event_type: 'payment_success' } }))
      .when(paid('05-05'), paid('05-06'), paid('05-07'))
      .thenBooks({ outcomes: ['applied (joined)', 'applied', 'applied'], progress: 2 });
  });

  test('begins a window of its own where the game says so; another may begin when it is over', () => {
    const game = makeGame({ join, game_window: { from_join: 'P7D' }, milestone_steps: [1] });
    const run = dryRun([gameHistory(game)], []);
    const { results } = run.process([
      ...[paid('05-04'), optIn('05-05'), paid('05-06'), optIn('05-07'), paid('05-11'), paid('05-13')],
      ...[optIn('05-12'), paid('05-13'), paid('05-18'), paid('05-19')],
    ]);
    expect(results.map(({ outcome, reason }) => reason ?? outcome)).toEqual([
      ...['not_joined', 'joined', 'applied', 'already_joined', 'applied', 'after_window'],
      ...['joined', 'applied', 'applied', 'after_window'],
    ]);
    const starts = ['2026-05-05T12:00:00Z', '2026-05-12T12:00:00Z'].map((start) => Date.parse(start));
    expect(run.books().progress.map(({ window_start, value }) => [window_start, value])).toEqual(
      starts.map((start) => [start, 2]),
    );
    expect(run.books().claims.map(({ window_start, step }) => [window_start, step])).toEqual(
      starts.map((start) => [start, 1]),
    );
  });

  test('where a window begins with the join, not having joined is told of what the game would have counted, and of nothing else', () => {
    const game = makeGame({ join, game_window: { from_join: 'P7D' }, triggers: [paymentTrigger({ from: 1_000 })] });
    const big = upiPayment(1_000, { occurred: '05-06' });
    given(game)
      .when(paid('05-06'), big)
      .thenBooks({ outcomes: ['no_match (condition_failed)', 'not_in_cohort (not_joined)'] });
    given({ ...game, cohort_id: 'early' })
      .when(big)
      .thenBooks({ outcomes: ['not_in_cohort (not_a_member)'] });
  });

  test('that the own window was over is told before what another game does not count', () => {
    const week = makeGame({ game_id: 'week', join, game_window: { from_join: 'P7D' } });
    const other = makeGame({ triggers: [paymentTrigger({ from: 1_000 })] });
    for (const games of [
      [week, other],
      [other, week],
    ]) {
      given(...games)
        .when(optIn('05-05'), paid('05-13'))
        .thenBooks({ outcomes: ['applied (joined)', 'outside_window (after_window)'] });
    }
  });
});

describe('windows that repeat', () => {
  test('have progress and claims of their own, and grace of their own', () => {
    const game = makeGame({ game_window: { recurrence: 'weekly' }, milestone_steps: [2] });
    const run = dryRun([gameHistory(game)], []);
    const { results } = run.process([
      upiPayment(1, { occurred: '2026-05-01T00:00:00Z' }),
      upiPayment(1, { occurred: '2026-05-07T23:59:59.999Z', received: '2026-05-10T23:59:59.999Z' }),
      upiPayment(1, { occurred: '2026-05-07T23:59:59.999Z', received: '2026-05-11T00:00:00.000Z' }),
      upiPayment(1, { occurred: '2026-05-08T00:00:00Z' }),
      upiPayment(1, { occurred: '2026-05-09T00:00:00Z' }),
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'late', 'applied', 'applied']);
    const { claims } = run.books();
    expect(claims.map(({ window_start, step }) => [formatInstant(window_start), step])).toEqual([
      ['2026-05-01T00:00:00.000Z', 2],
      ['2026-05-08T00:00:00.000Z', 2],
    ]);
  });
});

describe('what counts and adds nothing', () => {
  const merchant = (id: string, occurred = '05-10') => upiPayment(1, { occurred, attributes: { merchant_id: id } });

  test('says that a cap is full; the day is the game’s own', () => {
    const game = makeGame({ triggers: [{ ...paymentTrigger({ worth: 2 }), cap: { per_day: 3, per_window: 5 } }] });
    given(game)
      .when(
        ...['2026-05-10T00:00:00Z', '2026-05-10T18:29:59.999Z', '2026-05-10T06:00:00Z'].map((occurred) =>
          upiPayment(1, { occurred }),
        ),
      )
      .thenBooks({ outcomes: ['applied', 'applied', 'applied (capped)'], progress: 3 })
      .when(...['2026-05-10T18:30:00Z', '2026-05-12T00:00:00Z'].map((occurred) => upiPayment(1, { occurred })))
      .thenBooks({
        outcomes: ['applied', 'applied (capped)'],
        progress: 5,
        credits: Array.from({ length: 5 }, () => 'payment +2'),
      });
  });

  test('says that a value was seen before', () => {
    const unique = { mode: 'unique' as const, field: 'attributes.merchant_id', value: 1 };
    given(makeGame({ triggers: [{ ...paymentTrigger(), progression_config: unique }] }))
      .when(merchant('A'), merchant('B'), merchant('A', '05-12'))
      .thenBooks({ outcomes: ['applied', 'applied', 'applied (repeated_value)'], progress: 2 });
  });

  // The events of one transaction are worth 1, 5 and 3, in this order; a fourth without a transaction is worth 1.
  test.each<['first' | 'max' | 'sum', progress: number, outcomes: string[], claims: string[]]>([
    [
      'first',
      2,
      ['applied', 'applied (transaction_counted)', 'applied (transaction_counted)', 'applied'],
      ['2 earned NC 20'],
    ],
    [
      'max',
      6,
      ['applied', 'applied', 'applied (transaction_counted)', 'applied'],
      ['2 earned NC 20', '6 earned NC 60'],
    ],
    ['sum', 10, ['applied', 'applied', 'applied', 'applied'], ['2 earned NC 20', '6 earned NC 60']],
  ])('says that its transaction has been counted: %s', (transaction_policy, progress, outcomes, claims) => {
    const byAmount = {
      mode: 'increment_by_attribute' as const,
      field: 'attributes.transaction_amount',
      scale: 1,
      rounding: 'down' as const,
    };
    const game = makeGame({
      evaluation_scope: 'LOGICAL_TRANSACTION',
      transaction_policy,
      milestone_steps: [2, 6],
      triggers: [{ ...paymentTrigger(), progression_config: byAmount }],
    });
    const correlation = { canonical_transaction_id: 'T1' };
    given(game)
      .when(...[1, 5, 3].map((amount) => upiPayment(amount, { correlation })), upiPayment(1))
      .thenBooks({ outcomes, progress, claims });
  });

  test('a cap is not shared with what counted towards another target, or the order of events would decide which goes short', () => {
    const counting = (first: string[], second: string[]) =>
      makeGame({
        game_archetype: 'CHECKLIST',
        progress_state_model: { type: 'checklist', unit: 'target', display_unit: 'targets', max_value: 2 },
        checklist: {
          targets: [
            { target_id: 'first', triggers: first, count: 2 },
            { target_id: 'second', triggers: second, count: 2 },
          ],
        },
        milestone_steps: [1],
        triggers: [
          { ...paymentTrigger({ id: 'capped', worth: 2 }), cap: { per_window: 2 } },
          { ...paymentTrigger({ id: 'other' }), event_type: 'other' },
        ],
      });
    const game = gameHistory(counting(['capped'], ['other']), [
      '2026-05-15T00:00:00Z',
      counting(['other'], ['capped', 'other']),
    ]);
    const [before, after] = [upiPayment(1, { occurred: '05-14' }), upiPayment(1, { occurred: '05-16' })];
    given(game).when(before, after).thenBooks({ progress: 2 });
    given(game).when(after, before).thenBooks({ progress: 2 });
  });

  test('a step that was claimed stays claimed when the event that reached it gives way to a larger one', () => {
    const targets = [
      { target_id: 'small', triggers: ['small'], count: 1 },
      { target_id: 'large', triggers: ['large'], count: 10 },
    ];
    const game = makeGame({
      game_archetype: 'CHECKLIST',
      progress_state_model: { type: 'checklist', unit: 'target', display_unit: 'targets', max_value: 2 },
      checklist: { targets },
      evaluation_scope: 'LOGICAL_TRANSACTION',
      transaction_policy: 'max',
      milestone_steps: [1],
      triggers: [
        { ...paymentTrigger({ id: 'small' }), event_type: 'small' },
        { ...paymentTrigger({ id: 'large', worth: 5 }), event_type: 'large' },
      ],
    });
    const correlation = { canonical_transaction_id: 'T1' };
    const attributes = { transaction_amount: 1 };
    given(game)
      .when(makeEvent({ type: 'small', correlation, attributes }))
      .thenBooks({ progress: 1, claims: ['1 earned NC 10'] })
      .when(makeEvent({ type: 'large', correlation, attributes }))
      .thenBooks({ progress: 0, claims: ['1 earned NC 10'], rewards: ['NC 10'] });
  });
});

describe('repeats', () => {
  const game = makeGame({ milestone_steps: [2] });
  const original = upiPayment(1, { id: 'evt_1', occurred: '05-10' });
  const outside = upiPayment(1, { id: 'evt_2', occurred: '06-10' });

  test('the same event again, in the same batch or later, changes nothing and has its original outcome', () => {
    given(game)
      .when(original, outside, original)
      .thenBooks({ outcomes: ['applied', 'outside_window (after_window)', 'applied again'], progress: 1 })
      .when(outside, original)
      .thenBooks({
        outcomes: ['outside_window (after_window) again', 'applied again'],
        progress: 1,
        credits: ['payment +1'],
      });
  });

  test('a repeat may be restamped, and delivered otherwise', () => {
    given(game)
      .when(original)
      .when(
        changed(original, { occurred_at: original.event.occurred_at + 3_600_000 }),
        changed(outside, { event_id: 'evt_1' }),
        {
          ...original,
          receivedAt: Date.parse('2026-09-01T00:00:00Z'),
          origin: { transport: 'file', file: 'f', line: 1 },
        },
      )
      .thenBooks({ outcomes: ['applied again', 'applied again', 'applied again'], progress: 1 });
  });

  test('the same id with another content is a conflict, recorded, and changes nothing', () => {
    const other = changed(original, { attributes: { ...original.event.attributes, transaction_amount: 2 } });
    const run = dryRun([gameHistory(game)], []);
    const first = run.process([original, other]);
    const second = run.process([changed(original, { event_type: 'payment_reversed' }), original]);
    expect(first.results[1]).toEqual({
      event_id: 'evt_1',
      outcome: 'rejected',
      reason: 'conflicting_content',
      replayed: false,
    });
    expect(second.results[0]).toEqual({
      event_id: 'evt_1',
      outcome: 'rejected',
      reason: 'conflicting_content',
      replayed: false,
    });
    expect(second.results[1]).toMatchObject({ outcome: 'applied', replayed: true });
    expect([...first.decision.conflicts, ...second.decision.conflicts].map(({ eventNo }) => eventNo)).toEqual([
      4_096, 4_096,
    ]);
    expect(run.books().credits).toHaveLength(1);
  });

  test('an id belongs to its producer and its player', () => {
    given(game)
      .when(original, changed(original, { producer: 'another' }), changed(original, { user_id: 'U2' }))
      .thenBooks({ outcomes: ['applied', 'applied', 'applied'], progress: 2 });
  });
});

test('progress that would pass what a number holds exactly fails its event', () => {
  const game = makeGame({ triggers: [paymentTrigger({ worth: 1_000_000_000 })], milestone_steps: [1] });
  const run = dryRun([gameHistory(game)], []);
  const player = run.process([upiPayment(1)]).decision.credits[0]?.player;
  const progress = player?.progress[0];
  if (progress === undefined) throw new Error('no progress');
  progress.all = { ...progress.all, value: Number.MAX_SAFE_INTEGER - 10 };
  progress.cleared = progress.all;
  expect(() => run.process([upiPayment(1)])).toThrow(/progress would pass 9007199254740991/);
});

test('of games that do not run when any event of a batch occurs, nothing is read', () => {
  const during = (game_id: string, start: string, end: string): GameConfig =>
    makeGame({ game_id, game_window: { start: `${start}T00:00:00Z`, end: `${end}T23:59:59Z` } });
  const paused = { changeNo: 1, status: 'paused' as const, from: Date.parse('2026-05-05T00:00:00Z') };
  const definitions = makeDefinitions([
    gameHistory(during('april', '2026-04-01', '2026-04-30')),
    gameHistory(during('may', '2026-05-01', '2026-05-31')),
    gameHistory(during('june', '2026-06-01', '2026-06-30')),
    { ...gameHistory(during('paused', '2026-05-01', '2026-05-31')), statuses: [paused] },
  ]);
  const gamesAt = (...times: string[]): string[] =>
    [
      ...gamesFor(
        times.map((occurred) => upiPayment(1, { occurred }).event),
        definitions,
      ).keys(),
    ].map(({ gameId }) => gameId);
  expect(gamesAt('2026-05-10T12:00:00Z', '2026-05-31T23:59:59.999Z')).toEqual(['may']);
  expect(gamesAt('2026-05-10T12:00:00Z', '2026-04-30T23:59:59Z')).toEqual(['may', 'april']);
  expect(gamesAt('2026-05-04T23:59:59Z')).toEqual(['may', 'paused']);
  expect(gamesFor([cardApplication({ occurred: '2026-05-10T12:00:00Z' }).event], definitions).size).toBe(0);
});

test('of a game that recurs, nothing is read of windows that were over before any event of a batch', () => {
  const window = { start: '2026-05-01T00:00:00+05:30', end: '2026-12-31T23:59:59+05:30' };
  const sinceOf = (game_window: object, ...times: string[]): string[] => {
    const game = makeGame({ game_window: { ...window, ...game_window } });
    const events = times.map((occurred) => upiPayment(1, { occurred }).event);
    return [...gamesFor(events, makeDefinitions([gameHistory(game)])).values()].map((since) => formatInstant(since));
  };
  expect(sinceOf({}, '2026-06-10T12:00:00+05:30')).toEqual(['2026-04-30T18:30:00.000Z']);
  expect(sinceOf({ recurrence: 'daily' }, '2026-06-10T12:00:00+05:30')).toEqual(['2026-06-09T18:30:00.000Z']);
  expect(sinceOf({ recurrence: 'daily' }, '2026-06-10T12:00:00+05:30', '2026-06-08T00:00:00+05:30')).toEqual([
    '2026-06-07T18:30:00.000Z',
  ]);
  expect(sinceOf({ from_join: 'PT48H' }, '2026-06-10T12:00:00Z')).toEqual(['2026-06-08T12:00:00.000Z']);
});

test('an event that counts in full in one game is not remembered as capped because of another', () => {
  const capped = makeGame({ game_id: 'capped', triggers: [{ ...paymentTrigger(), cap: { per_window: 1 } }] });
  const full = makeGame({ game_id: 'full' });
  given(capped, full)
    .when(upiPayment(1), upiPayment(1))
    .thenBooks({ outcomes: ['applied', 'applied'], progress: { capped: 1, full: 2 } });
});
