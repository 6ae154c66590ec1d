// The drain of the destination `budget`: gives rewards their part of the budgets that cover them and sends them on, round by round, until none waits.
// Any number of processes may do so at once: a period is one drain's at a time. It must never end by itself: what fails is tried again, by a
// timer of its own, by the next wake-up or by the sweep.
import { Counter } from 'prom-client';
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { messageOf } from '../errors.ts';
import type { Destination } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { registry } from '../metrics.ts';
import type { Drain } from '../outbox/drain.ts';
import { backoffMs } from '../retry.ts';
import type { Instant } from '../time.ts';
import { type Allotment, allot, type LimitOf } from './allot.ts';
import { applyAllotments, openRound, type Round } from './store.ts';

const decided = new Counter({
  name: 'milepost_budget_decisions_total',
  help: 'Rewards under a budget by game and what became of them there: reserved, downgraded, held, skipped.',
  labelNames: ['game', 'result'],
  registers: [registry],
});
const released = new Counter({
  name: 'milepost_budget_releases_total',
  help: 'Cancelled rewards that gave back what they had reserved.',
  registers: [registry],
});

const DATABASE_RETRY = { baseMs: 100, maxMs: 5_000 };

/** Starts the drain; it looks for rewards when it is woken. */
export function createBudgetDrain(options: {
  db: Db;
  log: Log;
  /** The limits in force at an instant, by definitions of this epoch or a later one. */
  limitsAt: (epoch: number, at: Instant) => Promise<LimitOf>;
  /** Called after a commit, with where messages are due since, and the players whose projections are to be read anew. */
  onMoved: (destinations: ReadonlySet<Destination>, userIds: readonly string[]) => void;
  /** Rewards in one round; for tests. */
  rows?: number;
}): Drain {
  const { db, limitsAt, onMoved, rows = limits.budgetRows } = options;
  const log = options.log.child({ destination: 'budget' });
  let due = false;
  let stopping = false;
  let failures = 0;
  let working: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function work(): Promise<void> {
    while (due && !stopping) {
      due = false;
      try {
        if (await round()) due = true;
        failures = 0;
      } catch (error) {
        failures += 1;
        log.warn({ error: messageOf(error), failures }, 'budgets could not be given out; trying again');
        clearTimeout(timer);
        timer = setTimeout(wake, backoffMs(failures, Math.random(), DATABASE_RETRY));
        break;
      }
    }
    working = undefined;
  }

  /** One round; whether there may be more to do at once. */
  async function round(): Promise<boolean> {
    const { opened, allotments, refreshed } = await transaction(db, async (tx) => {
      const opened = await openRound(tx, rows);
      if (opened.rewards.length === 0) return { opened, allotments: [], refreshed: false };
      const allotments = allot(opened.rewards, await limitsAt(opened.epoch, opened.openedAt));
      return { opened, allotments, refreshed: await applyAllotments(tx, allotments) };
    });
    tell(opened, allotments);
    const moved = destinationsOf(opened, allotments);
    if (refreshed) moved.add('projection');
    const changed = allotments.filter(({ result }) => result !== 'reserved').map(({ reward }) => reward.userId);
    if (moved.size > 0) onMoved(moved, changed);
    return opened.more;
  }

  function tell(opened: Round, allotments: readonly Allotment[]): void {
    for (const { reward, result } of allotments) decided.inc({ game: reward.gameId, result });
    released.inc(opened.released);
    const refused = allotments.filter(({ result }) => result === 'held' || result === 'skipped').length;
    if (refused > 0) log.info({ refused, rewards: allotments.length }, 'not enough is left of a budget');
  }

  function wake(): void {
    due = true;
    if (!stopping) working ??= work();
  }

  return {
    destination: 'budget',
    wake,
    async idle() {
      await working;
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await working;
    },
  };
}

/** The services of the rewards that were sent on. */
function destinationsOf({ rewards }: Round, allotments: readonly Allotment[]): Set<Destination> {
  return new Set(
    rewards
      .filter((_, index) => ['reserved', 'downgraded'].includes(allotments[index]?.result ?? ''))
      .map(({ service }) => service),
  );
}
