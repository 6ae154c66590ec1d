// Random worlds for the ledger test: some games, many players each with a sequence of things that happen to them, and what befalls the workers and the
// services meanwhile. Everything is drawn from one seed; a player's sequence is drawn from the seed and the player's number alone, so that it
// stays the same when it is played without the others.

import type { Fault } from '../../local/reward-services.ts';
import { createSampleRandom, type SampleRandom } from '../../local/sample-random.ts';

/** What a world is drawn from; as LEDGER_SEED, `17`, or with one of its players alone `17/42` (a budget then has more left). */
export interface Seed {
  world: number;
  /** Undefined for all of them. */
  player?: number | undefined;
}

/** A game as the ledger sees it: what a payment is worth, and which steps pay what. */
export interface LedgerGame {
  id: string;
  /** Payments of 100 rupees and more, or the whole hundreds of rupees of every payment. */
  counts: 'payments' | 'hundreds';
  frm: 'hold' | 'ignore' | 'reject';
  /** What becomes of what was paid; only where payments are taken back. */
  onReversal?: 'keep' | 'claw_back' | 'offset';
  steps: { at: number; pays: { type: 'NC' | 'VOUCHER'; amount: number } | null }[];
  /** What it may pay to all players together. */
  budget?: {
    claims?: number;
    amount?: number;
    whenExhausted: 'hold' | 'skip' | 'downgrade';
    downgradeTo?: number;
  };
}

/** What happens to a player. */
export type Happening =
  /** A payment, on a day of May or, as no game counts it, of June; several events may be of the same `payment`. */
  | { kind: 'pays'; event: string; payment: string; paise: number; flag: string | boolean | null; day: string }
  /** An earlier event again, with another time. */
  | { kind: 'again'; event: string }
  /** The id of an earlier event with other content. */
  | { kind: 'altered'; event: string }
  /** A payment is taken back, all of it (null) or a part; it may not have come yet. By the name of its event, or of all the payment's events. */
  | { kind: 'reversed'; event: string; of: string; by: 'event' | 'payment'; paise: number | null }
  /** A payment that has come should have been of another amount; nothing of it was flagged. */
  | { kind: 'corrected'; event: string; paise: number }
  /** A verdict on a flagged payment that has come. */
  | { kind: 'released' | 'voided'; event: string; of: string }
  /** A verdict on a step's reward, which may be over its budget. */
  | { kind: 'let_through' | 'given_up'; event: string; game: string; step: number };

export interface Sequence {
  userId: string;
  /** Whether the services refuse the player until somebody mends that, at the end. */
  refused: boolean;
  /** What happens in each turn, in order. */
  turns: Happening[][];
}

/** What the workers do at the end of a turn, and what befalls them. */
export type Work =
  /** No worker runs. */
  | { kind: 'rest' }
  /** A worker runs and delivers what is due; in the next turn it still does, at the same time as events come in. */
  | { kind: 'drain' }
  /** The same while the services misbehave. */
  | { kind: 'outage'; faults: Fault[] }
  /** The worker is stopped and another one started. */
  | { kind: 'restart' }
  /** A worker dies with up to so many messages leased, of which some have been delivered. */
  | { kind: 'death'; messages: number }
  /** A worker seems dead, and is not: its messages are given to another one while it still delivers them. */
  | { kind: 'zombie' }
  /** A day passes: what was sent before it is past the services' memory of keys. */
  | { kind: 'day'; faults: Fault[] };

export interface Turn {
  /** How many batches the turn's events come in. */
  batches: number;
  work: Work;
}

export interface World {
  seed: number;
  /**
   * Whether payments are taken back and ruled on. What becomes of a reward then depends on whether it has been sent, so that no worker runs while
   * events come in.
   */
  takesBack: boolean;
  games: LedgerGame[];
  sequences: Sequence[];
  turns: Turn[];
}

/** The seeds of a test's run: those of a number of worlds, the same in every run, or the one that LEDGER_SEED names. */
export function seedsOf(worlds: number): Seed[] {
  const given = /^(\d+)(?:\/(\d+))?$/.exec(process.env.LEDGER_SEED ?? '');
  if (given !== null)
    return [{ world: Number(given[1]), player: given[2] === undefined ? undefined : Number(given[2]) }];
  return Array.from({ length: worlds }, (_, world) => ({ world }));
}

/** Draws a world; with `takesBack`, in every other one payments are taken back. */
export function drawWorld(seed: Seed, bounds: { players: number; turns: number; takesBack: boolean }): World {
  const random = createSampleRandom(seed.world);
  const takesBack = bounds.takesBack && seed.world % 2 === 0;
  const refuses = !takesBack || random.chance(0.5);
  const games = drawGames(random, takesBack, refuses);
  const turns = Array.from({ length: bounds.turns }, () => ({ batches: random.whole(1, 3), work: drawWork(random) }));
  const players = Array.from({ length: bounds.players }, (_, player) => player);
  return {
    seed: seed.world,
    takesBack,
    games,
    turns,
    sequences: players
      .filter((player) => seed.player === undefined || seed.player === player)
      .map((player) =>
        drawSequence(createSampleRandom(seed.world * 1_009 + player + 1), player, bounds.turns, {
          takesBack,
          refuses,
          holding: games.filter(({ budget }) => budget?.whenExhausted === 'hold'),
        }),
      ),
  };
}

function drawGames(random: SampleRandom, takesBack: boolean, refuses: boolean): LedgerGame[] {
  const steps = (farthest: number): LedgerGame['steps'] => {
    const places = new Set(Array.from({ length: random.whole(1, 5) }, () => random.whole(1, farthest)));
    return [...places]
      .sort((a, b) => a - b)
      .map((at) => ({
        at,
        pays: random.chance(0.15)
          ? null
          : { type: random.pick(['NC', 'NC', 'VOUCHER'] as const), amount: random.whole(1, 500) },
      }));
  };
  // Each in one game at least, and now in one, now in another.
  const policies = random.pick([
    ['offset', 'claw_back', 'keep', 'offset'],
    ['claw_back', 'offset', 'offset', 'keep'],
    ['keep', 'offset', 'claw_back', 'claw_back'],
  ] as const);
  const policy = (place: 0 | 1 | 2 | 3) => (takesBack ? { onReversal: policies[place] } : {});
  const counts = () => random.pick(['payments', 'hundreds'] as const);
  return [
    { id: 'payments', counts: 'payments', frm: 'hold', ...policy(0), steps: steps(8) },
    // A verdict that releases rewards of two games at once may net either of them first.
    {
      id: 'hundreds',
      counts: 'hundreds',
      frm: takesBack ? 'ignore' : 'hold',
      ...policy(1),
      steps: steps(200),
    },
    { id: 'ignoring', counts: counts(), frm: 'ignore', ...policy(2), steps: steps(12) },
    { id: 'rejecting', counts: counts(), frm: 'reject', ...policy(3), steps: steps(12) },
    ...(takesBack
      ? (['hold', 'skip', 'downgrade'] as const)
      : [random.pick(['hold', 'skip', 'downgrade'] as const)]
    ).map((whenExhausted) =>
      drawBudgeted(random, whenExhausted, takesBack ? random.pick(unspoilt(refuses)) : undefined),
    ),
  ];
}

/**
 * What is taken back while it is on its way, and then refused, is cancelled when the service says so, and gives its part of the budget back at a
 * time that is not known: no game with a budget claws back where players are refused.
 */
function unspoilt(refuses: boolean): readonly NonNullable<LedgerGame['onReversal']>[] {
  return refuses ? ['keep', 'offset'] : ['keep', 'offset', 'claw_back', 'claw_back'];
}

/** A game that may not pay all of its players. */
function drawBudgeted(
  random: SampleRandom,
  whenExhausted: NonNullable<LedgerGame['budget']>['whenExhausted'],
  onReversal: LedgerGame['onReversal'],
): LedgerGame {
  const steps = [1, 3, 6].map((at) => ({ at, pays: { type: 'NC' as const, amount: random.whole(20, 100) } }));
  const limit =
    whenExhausted !== 'downgrade' && random.chance(0.5)
      ? { claims: random.whole(1, 100) }
      : { amount: random.whole(1, 6_000) };
  const downgradeTo = whenExhausted === 'downgrade' ? { downgradeTo: random.whole(1, 19) } : {};
  return {
    id: whenExhausted,
    counts: 'payments',
    frm: 'hold',
    ...(onReversal === undefined ? {} : { onReversal }),
    steps,
    budget: { ...limit, whenExhausted, ...downgradeTo },
  };
}

const services = ['neucoin', 'voucher'] as const;

function drawFaults(random: SampleRandom): Fault[] {
  return services.flatMap((service): Fault[] => {
    if (random.chance(0.25)) return [];
    const at = { service, when: random.pick(['before', 'after'] as const), one_in: random.pick([1, 2, 3, 7]) };
    return [
      random.pick<Fault>([
        { ...at, how: 'status', status: random.pick([400, 404, 408, 429, 500, 503]) },
        { ...at, how: 'status', status: 401 },
        { ...at, how: 'reset' },
        { ...at, how: 'reset' },
        { ...at, how: 'garbage' },
        { ...at, how: 'redirect' },
        // Each costs the time after which a call is given up.
        { ...at, how: 'hang', one_in: 17 },
      ]),
    ];
  });
}

function drawWork(random: SampleRandom): Work {
  const kind = random.pick([
    'rest',
    'rest',
    'drain',
    'drain',
    'outage',
    'outage',
    'outage',
    'restart',
    'death',
    'zombie',
    'day',
  ] as const);
  switch (kind) {
    case 'outage':
      return { kind, faults: drawFaults(random) };
    case 'death':
      return { kind, messages: random.whole(1, 60) };
    case 'day':
      // Without faults, what the service says when it is asked for a key counts; with them it cannot say, now or ever.
      return {
        kind,
        faults: random.chance(0.5)
          ? []
          : services.map((service) => ({ service, on: 'lookup', how: 'status', status: random.pick([404, 501, 503]) })),
      };
    default:
      return { kind };
  }
}

const rupees = [50, 99.99, 100, 100, 100.01, 250.5, 1_999.99, 5_000, 12_345.67];

function drawSequence(
  random: SampleRandom,
  player: number,
  turns: number,
  { takesBack, refuses, holding }: { takesBack: boolean; refuses: boolean; holding: readonly LedgerGame[] },
): Sequence {
  const userId = `P${player}`;
  const events: string[] = [];
  const payments: Extract<Happening, { kind: 'pays' }>[] = [];
  let next = 0;
  const newEvent = (): string => {
    const event = `${userId}-${++next}`;
    events.push(event);
    return event;
  };
  const pay = (event: string): Happening => {
    const payment = {
      kind: 'pays' as const,
      event,
      payment: `${userId} pays ${random.whole(1, 12)}`,
      paise: Math.round(random.pick(rupees) * 100),
      flag: random.pick([null, null, null, null, '', false, 'VELOCITY', true]),
      day: random.pick(['05-02', '05-10', '05-20', '05-31', ...(random.chance(0.2) ? ['06-02'] : [])]),
    };
    payments.push(payment);
    return payment;
  };
  const rule = (): Happening => {
    const { event: of, payment, paise, flag } = random.pick(payments);
    if (random.chance(0.06) && (flag === null || flag === '' || flag === false)) {
      return { kind: 'corrected', event: of, paise: Math.round(random.pick(rupees) * 100) };
    }
    if (random.chance(0.3)) return { kind: random.pick(['released', 'released', 'voided']), event: newEvent(), of };
    if (random.chance(0.3)) {
      const { id, steps } = random.pick(holding);
      const kind = random.pick(['let_through', 'let_through', 'given_up'] as const);
      return { kind, event: newEvent(), game: id, step: random.pick(steps).at };
    }
    const part = random.pick([null, null, null, 1, 9_900, Math.floor(paise / 2), paise]);
    return random.chance(0.2)
      ? { kind: 'reversed', event: newEvent(), of: payment, by: 'payment', paise: part }
      : { kind: 'reversed', event: newEvent(), of, by: 'event', paise: part };
  };
  const happen = (): Happening[] => {
    if (events.length > 0 && random.chance(0.2)) {
      return [{ kind: random.pick(['again', 'again', 'altered']), event: random.pick(events) }];
    }
    if (takesBack && payments.length > 0 && random.chance(0.4)) return [rule()];
    if (takesBack && random.chance(0.05)) {
      // The reversal overtakes its original.
      const of = newEvent();
      return [{ kind: 'reversed', event: newEvent(), of, by: 'event', paise: random.pick([null, 5_000]) }, pay(of)];
    }
    return [pay(newEvent())];
  };
  return {
    userId,
    refused: refuses && random.chance(0.1),
    turns: Array.from({ length: turns }, () => Array.from({ length: random.pick([0, 1, 1, 2, 3]) }, happen).flat()),
  };
}
