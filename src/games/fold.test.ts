import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCredits, type CreditOptions, credits, preparedGame, shuffled, trigger } from '../testing/credits.ts';
import { counting, emptyStanding, fold, foldOn, foldsAnew } from './fold.ts';
import type { Game } from './game.ts';
import type { Credit, Standing } from './games.ts';

const folded = (game: Game, list: readonly Credit[]): Standing => fold(list, game, () => game);
const foldedOn = (game: Game, list: readonly Credit[]): Standing =>
  list.reduce((standing, credit) => foldOn(standing, credit, game).standing, emptyStanding(game));
/** What each credit adds when they arrive in this order. */
const added = (game: Game, list: readonly Credit[]): number[] => {
  let standing = emptyStanding(game);
  return list.map((credit) => {
    const step = foldOn(standing, credit, game);
    standing = step.standing;
    return step.added;
  });
};

const perDay = preparedGame({ triggers: [trigger('payment', { cap: { per_day: 5 } })] });
const perWindow = preparedGame({ triggers: [trigger('payment', { cap: { per_window: 5 } })] });
const both = preparedGame({ triggers: [trigger('payment', { cap: { per_day: 3, per_window: 5 } })] });
const unique = preparedGame({
  triggers: [
    trigger('merchant', {
      progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 2 },
      cap: { per_window: 5 },
    }),
  ],
});
const two = preparedGame({ triggers: [trigger('a', { cap: { per_day: 2 } }), trigger('b')] });

describe('caps and repeated values', () => {
  test.each<[given: string, Game, when: CreditOptions[], then: { added: number[]; value: number }]>([
    ['no cap', preparedGame(), [{ amount: 4 }, { amount: 4 }], { added: [4, 4], value: 8 }],
    ['a cap per day, filled', perDay, [{ amount: 4 }, { amount: 4 }, { amount: 4 }], { added: [4, 1, 0], value: 5 }],
    [
      'a cap per day, on the last millisecond of a day in India and on the next',
      perDay,
      [
        { amount: 5, at: '2026-05-10T18:29:59.999Z' },
        { amount: 5, at: '2026-05-10T18:30:00.000Z' },
        { amount: 5, at: '2026-05-11T18:29:59.999Z' },
      ],
      { added: [5, 5, 0], value: 10 },
    ],
    [
      'a cap per day, two days of UTC that are one in India',
      perDay,
      [
        { amount: 4, at: '2026-05-10T23:59:59Z' },
        { amount: 4, at: '2026-05-11T00:00:00Z' },
      ],
      { added: [4, 1], value: 5 },
    ],
    [
      'a cap per window, over days',
      perWindow,
      [
        { amount: 4, at: '05-10' },
        { amount: 4, at: '05-11' },
        { amount: 4, at: '05-12' },
      ],
      { added: [4, 1, 0], value: 5 },
    ],
    [
      'both caps: what a day leaves over does not fill the window',
      both,
      [
        { amount: 9, at: '05-10' },
        { amount: 1, at: '05-11' },
        { amount: 9, at: '05-12' },
      ],
      { added: [3, 1, 1], value: 5 },
    ],
    [
      'a late credit of a full day',
      both,
      [
        { amount: 3, at: '05-10' },
        { amount: 1, at: '05-12' },
        { amount: 1, at: '05-10' },
      ],
      { added: [3, 1, 0], value: 4 },
    ],
    [
      'a repeated value, whenever it comes',
      unique,
      [
        { amount: 2, distinct: '"a', at: '05-10' },
        { amount: 2, distinct: '"b', at: '05-11' },
        { amount: 2, distinct: '"a', at: '05-20' },
      ],
      { added: [2, 2, 0], value: 4 },
    ],
    [
      'distinct values under a cap per window',
      unique,
      [
        { amount: 2, distinct: '"a' },
        { amount: 2, distinct: '"b' },
        { amount: 2, distinct: '"c' },
        { amount: 2, distinct: '"d' },
      ],
      { added: [2, 2, 1, 0], value: 5 },
    ],
    [
      'one trigger at its cap and another without',
      two,
      [
        { trigger: 'a', amount: 9 },
        { trigger: 'b', amount: 9 },
        { trigger: 'a', amount: 9 },
      ],
      { added: [2, 9, 0], value: 11 },
    ],
  ])('%s', (_given, game, when, then) => {
    const list = credits(game, ...when);
    expect(added(game, list)).toEqual(then.added);
    expect(folded(game, list).value).toBe(then.value);
  });

  test('go on over a version that leaves them as they are, and begin anew with one that changes them', () => {
    const renamed = preparedGame({ triggers: [trigger('payment', { title: 'Pay', cap: { per_day: 5 } })] }, 2);
    const raised = preparedGame({ triggers: [trigger('payment', { cap: { per_day: 7 } })] }, 3);
    const versionOf = (version: number): Game => [perDay, renamed, raised][version - 1] as Game;
    const list = credits(perDay, { amount: 4 }, { amount: 4, version: 2 }, { amount: 6, version: 3 });
    expect(fold(list.slice(0, 2), perDay, versionOf).value).toBe(5);
    expect(fold(list, perDay, versionOf).value).toBe(5 + 6);
  });

  test('progress past what can be counted exactly is an error', () => {
    const list = credits(perDay, { amount: 5 });
    const standing = { value: Number.MAX_SAFE_INTEGER - 4, counted: null, detail: null };
    expect(() => foldOn(standing, list[0] as Credit, perDay)).toThrow(RangeError);
  });
});

function transactional(transaction_policy: 'first' | 'max' | 'sum'): Game {
  return preparedGame({
    evaluation_scope: 'LOGICAL_TRANSACTION',
    transaction_policy,
    triggers: [trigger('payment'), trigger('emi')],
  });
}

describe('events of one logical transaction', () => {
  const smallThenLarge: CreditOptions[] = [
    { tx: 'T1', amount: 100 },
    { tx: 'T1', amount: 250 },
  ];
  const largeThenSmall: CreditOptions[] = smallThenLarge.toReversed();
  const twoTriggers: CreditOptions[] = [
    { event: 1, tx: 'T1', trigger: 'payment', amount: 4 },
    { event: 2, tx: 'T1', trigger: 'payment', amount: 3 },
    { event: 2, tx: 'T1', trigger: 'emi', amount: 3 },
  ];
  test.each<[string, 'first' | 'max' | 'sum', CreditOptions[], value: number]>([
    ['the first counts, larger ones after it do not', 'first', smallThenLarge, 100],
    ['the first counts, smaller ones after it do not', 'first', largeThenSmall, 250],
    ['the largest counts, when it comes last', 'max', smallThenLarge, 250],
    ['the largest counts, when it comes first', 'max', largeThenSmall, 250],
    ['all count', 'sum', smallThenLarge, 350],
    ['triggers of one event add up before events are compared', 'max', twoTriggers, 6],
    ['triggers of one event belong together', 'first', twoTriggers, 4],
    ['events without a transaction each count', 'max', [{ amount: 2 }, { amount: 3 }], 5],
    [
      'an event without a transaction is not in one named like its number',
      'max',
      [
        { event: 7, amount: 2 },
        { event: 8, tx: '7', amount: 3 },
      ],
      5,
    ],
    [
      'transactions do not mix',
      'max',
      [
        { tx: 'T1', amount: 1 },
        { tx: 'T2', amount: 5 },
        { tx: 'T1', amount: 2 },
      ],
      7,
    ],
  ])('%s', (_name, policy, when, value) => {
    const game = transactional(policy);
    expect(folded(game, credits(game, ...when)).value).toBe(value);
  });

  test('a second one that is larger adds the difference', () => {
    const game = transactional('max');
    const list = credits(game, ...smallThenLarge);
    const before = folded(game, list.slice(0, 1)).value;
    expect(folded(game, list).value - before).toBe(150);
  });

  test('of two worth the same the one that occurred first counts, with its day, whichever arrived first', () => {
    const game = transactional('max');
    const list = credits(game, { event: 1, tx: 'T1', at: '05-11' }, { event: 2, tx: 'T1', at: '05-10' });
    expect(counting(list, () => game).map(({ eventNo }) => eventNo)).toEqual([2]);
  });

  test('of two worth the same at the same instant the choice is by what they count', () => {
    const game = transactional('max');
    const list = (a: number, b: number) =>
      credits(game, { event: a, tx: 'T1', trigger: 'payment' }, { event: b, tx: 'T1', trigger: 'emi' });
    const chosen = [list(1, 2), list(2, 1)].map((each) => counting(each, () => game).map(({ triggerId }) => triggerId));
    expect(chosen).toEqual([['emi'], ['emi']]);
  });

  test('the policy is that of the oldest version which judged one of them, whichever arrives first', () => {
    const [max, sum] = [transactional('max'), { ...transactional('sum'), version: 2 }];
    const versionOf = (version: number): Game => (version === 1 ? max : sum);
    const [older, newer] = [
      { tx: 'T1', amount: 1 },
      { tx: 'T1', amount: 5, at: '05-12', version: 2 },
    ];
    expect(fold(credits(max, older, newer), max, versionOf).value).toBe(5);
    expect(fold(credits(max, newer, older), max, versionOf).value).toBe(5);
  });

  test.each([
    ['first', true],
    ['max', true],
    ['sum', false],
  ] as const)('by the policy %s, folding anew: %s', (policy, anew) => {
    expect(foldsAnew(transactional(policy))).toBe(anew);
    expect(foldsAnew(preparedGame({ transaction_policy: policy }))).toBe(false);
  });
});

describe('held credits', () => {
  /** The two standings of a player: over all credits, and over those that no hold touches. */
  const standings = (game: Game, list: readonly Credit[]): [all: number, cleared: number] => [
    folded(game, list).value,
    folded(
      game,
      list.filter(({ held }) => !held),
    ).value,
  ];

  test.each<[string, Game, CreditOptions[], [all: number, cleared: number]]>([
    ['count, and are not cleared', preparedGame(), [{ amount: 3 }, { amount: 2, held: true }], [5, 3]],
    ['fill a cap that others are cleared under', perDay, [{ amount: 4, held: true }, { amount: 4 }], [5, 4]],
    [
      'see a value first that another is cleared for',
      unique,
      [
        { distinct: '"a', amount: 2, held: true },
        { distinct: '"a', amount: 2 },
      ],
      [2, 2],
    ],
    [
      'are the largest of a transaction of which another is cleared',
      transactional('max'),
      [
        { tx: 'T1', amount: 5, held: true },
        { tx: 'T1', amount: 2 },
      ],
      [5, 2],
    ],
  ])('%s', (_name, game, when, then) => {
    expect(standings(game, credits(game, ...when))).toEqual(then);
  });
});

const mixed = {
  triggers: [
    trigger('plain'),
    trigger('daily', { cap: { per_day: 3 } }),
    trigger('both', { cap: { per_day: 3, per_window: 7 } }),
    trigger('merchant', {
      progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 2 },
      cap: { per_window: 5 },
    }),
  ],
} satisfies Parameters<typeof preparedGame>[0];
const counter = preparedGame(mixed);
const games: [string, Game][] = [
  ['each event by itself', counter],
  [
    'the first of a transaction',
    preparedGame({ ...mixed, evaluation_scope: 'LOGICAL_TRANSACTION', transaction_policy: 'first' }),
  ],
  [
    'the largest of a transaction',
    preparedGame({ ...mixed, evaluation_scope: 'LOGICAL_TRANSACTION', transaction_policy: 'max' }),
  ],
  [
    'the sum of a transaction',
    preparedGame({ ...mixed, evaluation_scope: 'LOGICAL_TRANSACTION', transaction_policy: 'sum' }),
  ],
];

/** The value as the rules of counting say it, trigger by trigger and day by day, with nothing of how the fold goes about it. */
function naiveValue({ config }: Game, list: readonly Credit[]): number {
  const dayOf = (instant: number): string =>
    new Date(instant).toLocaleDateString('sv-SE', { timeZone: config.time_zone });
  const total = (some: readonly Credit[]): number => some.reduce((sum, { amount }) => sum + amount, 0);
  let left = list;
  if (config.evaluation_scope === 'LOGICAL_TRANSACTION' && config.transaction_policy !== 'sum') {
    for (const transaction of new Set(list.map(({ transactionId }) => transactionId))) {
      if (transaction === null) continue;
      const own = list.filter(({ transactionId }) => transactionId === transaction);
      const events = [...new Set(own.map(({ eventNo }) => eventNo))].sort((a, b) => a - b);
      const of = (event: number): Credit[] => own.filter(({ eventNo }) => eventNo === event);
      const worth = (event: number): number => total(of(event));
      const text = (event: number): string =>
        of(event)
          .map(({ triggerId, amount, distinctValue }) => JSON.stringify([triggerId, amount, distinctValue]))
          .sort()
          .join();
      const ranked = events.toSorted(
        (a, b) =>
          worth(b) - worth(a) ||
          (of(a)[0]?.occurredAt as number) - (of(b)[0]?.occurredAt as number) ||
          (text(a) < text(b) ? -1 : 1),
      );
      const [kept] = config.transaction_policy === 'first' ? events : ranked;
      left = left.filter((credit) => credit.transactionId !== transaction || credit.eventNo === kept);
    }
  }
  let value = 0;
  for (const { trigger_id, progression_config, cap } of config.triggers) {
    const own = left.filter(({ triggerId }) => triggerId === trigger_id);
    let sum = 0;
    if (progression_config.mode === 'unique') {
      sum = new Set(own.map(({ distinctValue }) => distinctValue)).size * progression_config.value;
    } else {
      for (const day of new Set(own.map(({ occurredAt }) => dayOf(occurredAt)))) {
        const ofDay = total(own.filter(({ occurredAt }) => dayOf(occurredAt) === day));
        sum += cap?.per_day === undefined ? ofDay : Math.min(ofDay, cap.per_day);
      }
    }
    value += cap?.per_window === undefined ? sum : Math.min(sum, cap.per_window);
  }
  return value;
}

describe.each(games)('any credits, counting %s', (_name, game) => {
  test('are worth what the rules of counting say', () => {
    fc.assert(
      fc.property(anyCredits(game), (list) => {
        expect(folded(game, list).value).toBe(naiveValue(game, list));
      }),
    );
  });

  test('fold alike in any order', () => {
    fc.assert(
      fc.property(shuffled(anyCredits(game)), ([list, other]) => {
        expect(folded(game, other)).toEqual(folded(game, list));
      }),
    );
  });
});

describe.each(games.filter(([, game]) => !foldsAnew(game)))('any credits, counting %s', (_name, game) => {
  test('fold alike one by one, stored and read in between', () => {
    fc.assert(
      fc.property(shuffled(anyCredits(game)), ([list, other]) => {
        const stored = other.reduce<Standing>(
          (standing, credit) => JSON.parse(JSON.stringify(foldOn(standing, credit, game).standing)),
          emptyStanding(game),
        );
        expect(stored).toEqual(folded(game, list));
      }),
    );
  });

  test('add what they say they add, and never less than nothing', () => {
    fc.assert(
      fc.property(anyCredits(game), (list) => {
        const steps = added(game, list);
        expect(Math.min(0, ...steps)).toBe(0);
        expect(steps.reduce((sum, each) => sum + each, 0)).toBe(foldedOn(game, list).value);
      }),
    );
  });
});

test('any credits of two versions, in force one after the other, fold alike in any order', () => {
  const triggers = mixed.triggers.map((each) =>
    each.trigger_id === 'daily' ? { ...each, cap: { per_day: 4 } } : each,
  );
  const later = preparedGame({ triggers }, 2);
  const change = counter.zone.instantOf(counter.zone.localOf(counter.start).day + 15, 0);
  const anyJudged = anyCredits(counter).map((list) =>
    list.map((credit) => ({ ...credit, version: credit.occurredAt < change ? 1 : 2 })),
  );
  const versionOf = (version: number): Game => (version === 1 ? counter : later);
  fc.assert(
    fc.property(shuffled(anyJudged), ([list, other]) => {
      expect(fold(other, later, versionOf)).toEqual(fold(list, counter, versionOf));
    }),
  );
});
