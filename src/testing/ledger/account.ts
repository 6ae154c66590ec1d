// The independent ledger: what a player must have been paid, from what happened to the player, one thing after the other. Written from the documented
// rules and deliberately naive; it shares no code with the engine or the workers, and knows neither batches, keys, attempts nor outages.
import type { Happening, LedgerGame } from './world.ts';

/** A step that was reached, and what must have come of it. */
export interface Earning {
  step: number;
  earning: number;
  status: 'held' | 'earned';
  pays: { type: 'NC' | 'VOUCHER'; amount: number } | null;
}

/** What a player's live events are worth in one game. */
interface Contribution {
  worth: number;
  held: boolean;
}

export interface Account {
  /** Something that happened to the player, in the order in which the engine took it. */
  take(happening: Happening): void;
  /** The steps reached, in order. */
  earnings(): Earning[];
}

/** The account of one player in one game, before anything has happened. */
export function openAccount(game: LedgerGame): Account {
  const contributions = new Map<string, Contribution>();
  const earnings: Earning[] = [];

  function look(): void {
    const live = [...contributions.values()];
    const value = sum(live);
    const cleared = sum(live.filter(({ held }) => !held));
    for (const { at, pays } of game.steps) {
      if (at <= value && !earnings.some(({ step }) => step === at)) {
        earnings.push({ step: at, earning: 1, status: 'held', pays });
      }
    }
    for (const earning of earnings) if (earning.step <= cleared) earning.status = 'earned';
  }

  return {
    take(happening) {
      // What is known already changes nothing, with whatever time or content it comes again.
      if (happening.kind !== 'pays') return;
      const { event, paise, flag, day } = happening;
      const flagged = flag !== null && flag !== false && flag !== '';
      if (day.startsWith('06') || (flagged && game.frm === 'reject')) return;
      const worth = game.counts === 'payments' ? (paise >= 10_000 ? 1 : 0) : Math.floor(paise / 10_000);
      if (worth > 0) contributions.set(event, { worth, held: flagged && game.frm === 'hold' });
      look();
    },
    earnings: () => earnings.toSorted((a, b) => a.step - b.step || a.earning - b.earning),
  };
}

function sum(contributions: readonly Contribution[]): number {
  return contributions.reduce((total, { worth }) => total + worth, 0);
}
