// Who gets a part of which budget: rewards in the order of their claims, what is taken of each period, and the limits in force go in; out comes what
// becomes of each reward. Pure. Nothing is ever given beyond a limit, whatever the sizes of the rewards and in however many rounds they come.

/** What a budget allows in each of its periods. */
export interface Limit {
  amount?: number | undefined;
  claims?: number | undefined;
  whenExhausted: 'hold' | 'downgrade' | 'skip';
  /** What is paid instead, where it downgrades. */
  downgradeTo?: number | undefined;
}

/** The limit of a budget that is in force; undefined for a budget that is no longer configured, which limits nothing. */
export type LimitOf = (gameNo: number, budgetId: string) => Limit | undefined;

/** A reward that waits for its budgets. */
export interface Waiting {
  bucket: number;
  /** bigint as text. */
  messageNo: string;
  gameNo: number;
  gameId: string;
  userId: string;
  amount: number;
  /** The periods that it falls in; the first that has not enough left says what becomes of it. */
  periods: readonly Period[];
}

/** A period of a budget, with what is taken of it. One object for each, so that a round's rewards see what those before them took. */
export interface Period {
  gameNo: number;
  budgetId: string;
  amount: number;
  claims: number;
}

export type Allotment = { reward: Waiting } & (
  | { result: 'reserved'; amount: number; refusedBy: null }
  /** `amount` is paid instead of the reward's own. */
  | { result: 'downgraded'; amount: number; refusedBy: null }
  | { result: 'held' | 'skipped'; amount: number; refusedBy: string }
);

/** Decides for each reward, in the given order; the periods are changed by what is taken of them. */
export function allot(rewards: readonly Waiting[], limitOf: LimitOf): Allotment[] {
  return rewards.map((reward) => {
    const full = lacking(reward, reward.amount, limitOf);
    if (full === undefined) return take(reward, reward.amount);
    const { period, limit } = full;
    if (limit.whenExhausted === 'hold') return refuse(reward, 'held', period);
    const { downgradeTo } = limit;
    // Of a reward from which a debt was kept back there may be no more left than that.
    if (limit.whenExhausted === 'skip' || downgradeTo === undefined || downgradeTo >= reward.amount) {
      return refuse(reward, 'skipped', period);
    }
    const lowered = lacking(reward, downgradeTo, limitOf);
    return lowered === undefined ? take(reward, downgradeTo) : refuse(reward, 'skipped', lowered.period);
  });
}

/** The first of a reward's periods that has not so much left. */
function lacking({ periods }: Waiting, amount: number, limitOf: LimitOf): { period: Period; limit: Limit } | undefined {
  for (const period of periods) {
    const limit = limitOf(period.gameNo, period.budgetId);
    if (limit === undefined) continue;
    const fits =
      period.amount + amount <= (limit.amount ?? Number.POSITIVE_INFINITY) &&
      period.claims + 1 <= (limit.claims ?? Number.POSITIVE_INFINITY);
    if (!fits) return { period, limit };
  }
  return undefined;
}

function take(reward: Waiting, amount: number): Allotment {
  for (const period of reward.periods) {
    period.amount += amount;
    period.claims += 1;
  }
  return { reward, result: amount === reward.amount ? 'reserved' : 'downgraded', amount, refusedBy: null };
}

function refuse(reward: Waiting, result: 'held' | 'skipped', { budgetId }: Period): Allotment {
  return { reward, result, amount: reward.amount, refusedBy: budgetId };
}
