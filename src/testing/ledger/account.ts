// The independent ledger: what a player must have been paid, from what happened to the player, one thing after the other. Written from the documented
// rules and deliberately naive; it shares no code with the engine or the workers, and knows neither keys, attempts nor outages. What arrival pins it is
// told: which rewards had been sent, and which paid, when a batch began, and when budgets were given out.
import type { Happening, LedgerGame } from './world.ts';

/** A step that was reached, and what must have come of it. */
export interface Earning {
  game: LedgerGame;
  step: number;
  earning: number;
  status: 'held' | 'earned' | 'awaiting_budget' | 'voided' | 'cancelled' | 'kept' | 'clawed_back' | 'offset';
  pays: { type: 'NC' | 'VOUCHER'; amount: number } | null;
  /** What goes to the service: the amount less what the player owed, or what the budget had left for it. 0 where nothing does. */
  sends: number;
  /** What the player owed and this made up for. */
  netted: number;
  /** What its budget has for it: it waits to be told, has its part, gave it back, or there was not enough left; null where it has no budget. */
  part: 'waits' | 'has' | 'gave_back' | 'held' | 'skipped' | null;
}

/** What is known of a reward when a batch begins; what is not known was not there. */
export type Sent = 'unsent' | 'sent' | 'paid' | 'unpaid';

export interface Account {
  /** A batch begins. `sentOf` tells of each reward, by its game, step and earning, what had become of it. */
  begin(sentOf: (name: string) => Sent | undefined): void;
  /** Something that happened to the player, in the order in which the engine took it. */
  take(happening: Happening): void;
  /** The steps reached, in order. */
  earnings(): Earning[];
}

/** What an event is worth in a game. */
interface Contribution {
  worth: number;
  held: boolean;
}

type Payment = Extract<Happening, { kind: 'pays' }>;

export function nameOf({ game, step, earning }: Pick<Earning, 'game' | 'step' | 'earning'>): string {
  return `${game.id} ${step}#${earning}`;
}

/** What a game may pay to all players together. */
export interface Purse {
  /** A reward waits for its part. */
  wait(earning: Earning): void;
  /** What was cancelled gives its part back; then whoever earned first gets one first. */
  giveOut(): void;
}

/** A budget of which nothing is taken. */
export function openPurse(budget: NonNullable<LedgerGame['budget']>): Purse {
  const { claims, amount: limit, whenExhausted, downgradeTo } = budget;
  const all: Earning[] = [];
  const giveTo = (earning: Earning, amount: number): void => {
    const parts = all.filter(({ part }) => part === 'has').map(({ sends }) => sends);
    const taken = parts.reduce((a, b) => a + b, 0);
    const fits = (paid: number) =>
      parts.length + 1 <= (claims ?? parts.length + 1) && taken + paid <= (limit ?? taken + paid);
    earning.sends = [amount, downgradeTo ?? amount].find(fits) ?? 0;
    if (earning.sends > 0) earning.part = 'has';
    else earning.part = whenExhausted === 'hold' ? 'held' : 'skipped';
  };
  return {
    wait(earning) {
      earning.part = 'waits';
      all.push(earning);
    },
    giveOut() {
      for (const earning of all)
        if (earning.part === 'has' && earning.status === 'cancelled') earning.part = 'gave_back';
      for (const earning of all) {
        const { part, status, pays } = earning;
        if (part === 'waits' && status === 'awaiting_budget' && pays !== null) giveTo(earning, pays.amount);
      }
    },
  };
}

/** The account of one player in all games, before anything has happened; `purses` by game, of those that have a budget. */
export function openAccount(games: readonly LedgerGame[], purses: ReadonlyMap<string, Purse>): Account {
  const payments = new Map<string, Payment>();
  /** What was taken back of events and of payments, in paise; also of those that have not come yet. */
  const taken = new Map<string, number>();
  const released = new Set<string>();
  const contributions = new Map(games.map((game) => [game.id, new Map<string, Contribution>()]));
  const earnings: Earning[] = [];
  /** What is owed, by reward type, and what will be once a reward is paid. */
  const owed = { NC: 0, VOUCHER: 0 };
  let owedLater: Earning[] = [];
  let sentOf: (name: string) => Sent | undefined = () => undefined;

  function contributionOf(game: LedgerGame, { event, payment, paise, flag, day }: Payment): Contribution {
    const flagged = flag !== null && flag !== false && flag !== '';
    const rest = Math.max(0, paise - (taken.get(event) ?? 0) - (taken.get(payment) ?? 0));
    const worth = game.counts === 'payments' ? (rest >= 10_000 ? 1 : 0) : Math.floor(rest / 10_000);
    const counts = !day.startsWith('06') && !(flagged && game.frm === 'reject');
    return { worth: counts ? worth : 0, held: flagged && game.frm === 'hold' && !released.has(event) };
  }

  function own(game: LedgerGame): Earning[] {
    return earnings.filter((earning) => earning.game === game);
  }

  function send(earning: Earning): void {
    earning.status = 'earned';
    if (earning.pays === null) return;
    const { type, amount } = earning.pays;
    const purse = purses.get(earning.game.id);
    if (purse !== undefined) {
      // It makes up for nothing: the budget may not have it.
      earning.status = 'awaiting_budget';
      purse.wait(earning);
      return;
    }
    earning.netted = Math.min(owed[type], amount);
    owed[type] -= earning.netted;
    earning.sends = amount - earning.netted;
  }

  /** New steps first, then those that waited for a release; a kept one that is reached again is earned again. */
  function settle(game: LedgerGame): void {
    const { value, cleared } = totals(contributions.get(game.id));
    for (const { at, pays } of game.steps) {
      const before = own(game).filter(({ step }) => step === at);
      const stands = before.some(({ status }) =>
        ['held', 'earned', 'awaiting_budget', 'kept', 'voided'].includes(status),
      );
      if (at > value || stands) continue;
      const earning: Earning = {
        game,
        step: at,
        earning: before.length + 1,
        status: 'held',
        pays,
        sends: 0,
        netted: 0,
        part: null,
      };
      earnings.push(earning);
      if (at <= cleared) send(earning);
    }
    for (const earning of own(game).toSorted((a, b) => a.step - b.step)) {
      if (earning.step > cleared) continue;
      if (earning.status === 'held') send(earning);
      else if (earning.status === 'kept') earning.status = 'earned';
    }
  }

  function end(earning: Earning): void {
    const { pays, sends, netted, game } = earning;
    const sent = sends === 0 ? 'unsent' : (sentOf(nameOf(earning)) ?? 'unsent');
    earning.status =
      sent === 'unsent' || sent === 'unpaid'
        ? 'cancelled'
        : ({ keep: 'kept', claw_back: 'clawed_back', offset: 'offset' } as const)[game.onReversal ?? 'keep'];
    if (pays === null || earning.status === 'kept') return;
    // What it had made up for is owed again.
    owed[pays.type] += netted;
    if (earning.status === 'offset') owedLater.push(earning);
  }

  /** Looks at events again after something was said about them, at all of them at once; of one that was corrected in every game, whether it counted or not. */
  function judgeAgain(concerned: readonly Payment[], corrected = false): void {
    for (const game of games) {
      const counted = contributions.get(game.id) as Map<string, Contribution>;
      const before = totals(counted);
      for (const payment of concerned) {
        if (corrected || counted.has(payment.event)) counted.set(payment.event, contributionOf(game, payment));
      }
      const after = totals(counted);
      for (const earning of own(game)) {
        const { status, step } = earning;
        const lost =
          (status === 'held' && step <= before.value && step > after.value) ||
          ((status === 'earned' || status === 'awaiting_budget') && step <= before.cleared && step > after.cleared);
        if (lost) end(earning);
      }
    }
    // What is owed again now, what is earned in any game makes up for.
    for (const game of games) settle(game);
  }

  return {
    begin(told) {
      sentOf = told;
      for (const earning of owedLater) {
        if (sentOf(nameOf(earning)) === 'paid') owed[earning.pays?.type ?? 'NC'] += earning.sends;
      }
      owedLater = owedLater.filter((earning) => sentOf(nameOf(earning)) !== 'paid');
    },
    take(happening) {
      switch (happening.kind) {
        case 'again':
        case 'altered':
          // What is known already changes nothing, with whatever time or content it comes again.
          return;
        case 'pays': {
          payments.set(happening.event, happening);
          for (const game of games) {
            const contribution = contributionOf(game, happening);
            if (contribution.worth > 0) contributions.get(game.id)?.set(happening.event, contribution);
            settle(game);
          }
          return;
        }
        case 'reversed': {
          const { of, paise } = happening;
          taken.set(of, (taken.get(of) ?? 0) + (paise ?? Number.POSITIVE_INFINITY));
          return judgeAgain([...payments.values()].filter(({ event, payment }) => event === of || payment === of));
        }
        case 'corrected': {
          const payment = { ...(payments.get(happening.event) as Payment), paise: happening.paise };
          payments.set(happening.event, payment);
          return judgeAgain([payment], true);
        }
        case 'released':
          released.add(happening.of);
          return judgeAgain([...payments.values()].filter(({ event }) => event === happening.of));
        case 'voided':
          // What has been released is not held any more, and is not voided.
          if (released.has(happening.of)) return;
          return voidHeld(happening.of);
        case 'let_through':
        case 'given_up': {
          const { game, step } = happening;
          const held = earnings.find(
            (each) =>
              each.game.id === game && each.step === step && each.part === 'held' && each.status === 'awaiting_budget',
          );
          if (held === undefined) return;
          held.status = happening.kind === 'let_through' ? 'earned' : 'voided';
          // Beyond the limit, and none of the budget's.
          if (happening.kind === 'let_through') held.sends = held.pays?.amount ?? 0;
          return;
        }
        default:
          happening satisfies never;
      }
    },
    earnings: () => earnings,
  };

  function voidHeld(event: string): void {
    for (const game of games) {
      const counted = contributions.get(game.id) as Map<string, Contribution>;
      const contribution = counted.get(event);
      if (contribution === undefined || !contribution.held || contribution.worth === 0) continue;
      const before = totals(counted);
      counted.delete(event);
      const after = totals(counted);
      for (const earning of own(game)) {
        if (earning.status === 'held' && earning.step <= before.value && earning.step > after.value) end(earning);
      }
      settle(game);
    }
  }
}

function totals(contributions: ReadonlyMap<string, Contribution> | undefined): { value: number; cleared: number } {
  const all = [...(contributions?.values() ?? [])];
  return { value: sum(all), cleared: sum(all.filter(({ held }) => !held)) };
}

function sum(contributions: readonly Contribution[]): number {
  return contributions.reduce((total, { worth }) => total + worth, 0);
}
