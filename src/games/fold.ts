// The fold: a set of credits in, a standing out. Caps, distinct values and logical transactions are taken off here, before the archetype sees
// what is left. Pure, and a function of the set: the order of credits, their batching and repetition never matter.
import { archetypes } from './archetypes/archetype.ts';
import type { Own } from './archetypes/strategy.ts';
import type { Trigger } from './config.ts';
import type { Game } from './game.ts';
import type { Allowance, Credit, Standing } from './games.ts';

/** Progress without any credit. */
export function emptyStanding(game: Game): Standing {
  return { ...archetypes[game.config.game_archetype].initial(), counted: null };
}

/** Finds the version that judged a credit. */
export type VersionOf = (version: number) => Game;

/** Whether a version's progress depends on which events share a transaction, so that one more credit may take the place of another. */
export function foldsAnew(game: Game): boolean {
  return game.config.evaluation_scope === 'LOGICAL_TRANSACTION' && game.config.transaction_policy !== 'sum';
}

/** Folds a set of live credits of one player, game and window. `game` is any version of the game. */
export function fold(credits: readonly Credit[], game: Game, versionOf: VersionOf): Standing {
  let own: Own = archetypes[game.config.game_archetype].initial();
  // Nobody else has seen what is counted here, so it is changed in place: copied for each credit, thousands of distinct values would take seconds.
  const counted: Record<string, Allowance> = {};
  for (const credit of counting(credits, versionOf)) {
    const game = versionOf(credit.version);
    const key = allowanceOf(credit, game);
    if (key !== undefined) counted[key] ??= { total: 0 };
    own = reduce(own, key === undefined ? undefined : counted[key], credit, game).own;
  }
  return { ...own, counted: Object.keys(counted).length === 0 ? null : counted };
}

/** Folds a set of live credits of one window: all of them, and those that no hold touches, which is the same object while nothing is held. */
export function foldBoth(
  credits: readonly Credit[],
  game: Game,
  versionOf: VersionOf,
): { all: Standing; cleared: Standing } {
  const all = fold(credits, game, versionOf);
  const free = credits.filter(({ held }) => !held);
  if (free.length === credits.length) return { all, cleared: all };
  const cleared = fold(free, game, versionOf);
  // Of two events of a transaction the held one may count for less: what is cleared is never shown as more than what is there.
  return { all, cleared: cleared.value > all.value ? { ...cleared, value: all.value } : cleared };
}

/**
 * The fold with one more credit, and by how much that raised what its trigger has counted (0: a cap is full, or the value was seen before).
 * `game` is the version that judged the credit. Not for games that fold anew.
 */
export function foldOn(standing: Standing, credit: Credit, game: Game): { standing: Standing; added: number } {
  const key = allowanceOf(credit, game);
  const allowance = key === undefined ? undefined : copyOf(standing.counted?.[key]);
  const { own, added } = reduce(standing, allowance, credit, game);
  const counted =
    key === undefined || allowance === undefined ? standing.counted : { ...standing.counted, [key]: allowance };
  return { standing: { ...own, counted }, added };
}

/** Takes caps and repeated values off a credit, which changes its allowance, and lets the archetype count the rest. */
function reduce(own: Own, allowance: Allowance | undefined, credit: Credit, game: Game): { own: Own; added: number } {
  const { triggerId, windowStart } = credit;
  const { day } = game.zone.localOf(credit.occurredAt);
  const added = allowance === undefined ? credit.amount : count(allowance, credit, triggerOf(credit, game), day);
  const next = archetypes[game.config.game_archetype].reduce(own, { triggerId, amount: added, day, windowStart }, game);
  if (!Number.isSafeInteger(next.value)) throw new RangeError(`progress would pass ${Number.MAX_SAFE_INTEGER}`);
  return { own: next, added };
}

function triggerOf({ triggerId }: Credit, game: Game): Trigger {
  return game.triggersById.get(triggerId) as Trigger;
}

/**
 * The credits that count where events of one logical transaction count once: by the policy of the oldest version that judged one of its events, so
 * that arrival decides nothing but what `first` is. Triggers of one event belong together; an event without a transaction is its own.
 */
export function counting(credits: readonly Credit[], versionOf: VersionOf): readonly Credit[] {
  const transactions = Map.groupBy(credits, ({ transactionId, eventNo }) => transactionId ?? eventNo);
  return [...transactions.values()].flatMap((group) => {
    const game = versionOf(group.reduce((oldest, { version }) => Math.min(oldest, version), Number.POSITIVE_INFINITY));
    if (!foldsAnew(game)) return group;
    if (game.config.transaction_policy === 'first') {
      const first = group.reduce((a, b) => (b.eventNo < a.eventNo ? b : a));
      return group.filter(({ eventNo }) => eventNo === first.eventNo);
    }
    const events = [...Map.groupBy(group, ({ eventNo }) => eventNo).values()];
    return events.reduce((a, b) => (comesBefore(b, a) ? b : a));
  });
}

/**
 * Whether the credits of one event count rather than those of another: which is worth more, or else occurred earlier. Of one instant, by what they
 * count, so that the choice never depends on which arrived first.
 */
function comesBefore(one: readonly Credit[], other: readonly Credit[]): boolean {
  const [worthOne, worthOther] = [worthOf(one), worthOf(other)];
  if (worthOne !== worthOther) return worthOne > worthOther;
  const [timeOne, timeOther] = [one[0]?.occurredAt as number, other[0]?.occurredAt as number];
  return timeOne === timeOther ? textOf(one) < textOf(other) : timeOne < timeOther;
}

function worthOf(credits: readonly Credit[]): number {
  return credits.reduce((worth, { amount }) => worth + amount, 0);
}

function textOf(credits: readonly Credit[]): string {
  return credits
    .map(({ triggerId, amount, distinctValue }) => JSON.stringify([triggerId, amount, distinctValue]))
    .sort()
    .join();
}

/**
 * The name of the allowance that a credit draws on; undefined where its trigger has no cap and counts every event. Credits share one while their
 * trigger has the same caps and counts towards the same targets or cells: else which of these a full cap leaves short would depend on the order. A
 * version that changes that begins a new one; a version that changes anything else does not.
 */
function allowanceOf(credit: Credit, game: Game): string | undefined {
  const { cap } = triggerOf(credit, game);
  if (cap === undefined && credit.distinctValue === null) return undefined;
  const { config } = game;
  const towards = archetypes[config.game_archetype].countsTowards?.(config, credit.triggerId) ?? [];
  const mode = credit.distinctValue === null ? '' : 'unique';
  return [credit.triggerId, mode, cap?.per_day ?? '', cap?.per_window ?? '', ...towards].join('|');
}

function copyOf(allowance: Allowance | undefined): Allowance {
  const copy: Allowance = { total: 0, ...allowance };
  if (allowance?.days !== undefined) copy.days = { ...allowance.days };
  if (allowance?.values !== undefined) copy.values = { ...allowance.values };
  return copy;
}

/** Counts a credit in its allowance, in place. Returns by how much that raised what the trigger has counted. */
function count(allowance: Allowance, credit: Credit, trigger: Trigger, day: number): number {
  const { per_day, per_window } = trigger.cap ?? {};
  let raised = credit.amount;
  if (credit.distinctValue !== null) {
    allowance.values ??= {};
    const known = allowance.values[credit.distinctValue] ?? 0;
    raised = Math.max(0, credit.amount - known);
    allowance.values[credit.distinctValue] = Math.max(known, credit.amount);
  } else if (per_day !== undefined) {
    allowance.days ??= {};
    const before = allowance.days[day] ?? 0;
    raised = Math.min(before + credit.amount, per_day) - Math.min(before, per_day);
    allowance.days[day] = before + credit.amount;
  }
  const total = allowance.total + raised;
  const limit = per_window ?? Number.POSITIVE_INFINITY;
  const added = Math.min(total, limit) - Math.min(allowance.total, limit);
  allowance.total = total;
  return added;
}
