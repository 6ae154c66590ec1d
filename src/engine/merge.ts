// Merges two players that are one person, and takes them apart again, on a person's order: an event through the front door. What it would change is found by
// a rehearsal of the same event. Owns what is said of an order that is refused.
import type { Db } from '../db/connect.ts';
import { UserError } from '../errors.ts';
import type { IncomingEvent, Origin } from '../event/event.ts';
import type { OpenClaim } from '../games/games.ts';
import { limits } from '../limits.ts';
import { createPlayerNormaliser, type MergeRequest, mergeMessage, PLAYER_SOURCE } from '../players/feed.ts';
import { type PersonOf, readPerson } from '../players/read.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { BatchResult, Owned } from './batch.ts';
import type { Engine } from './process.ts';

export type MergeOrder = {
  userId: string;
  by: string;
  reason: string;
  at: Instant;
  origin: Origin;
} & ({ kind: 'merged'; into: string } | { kind: 'unmerged' });

/** What came of an order. */
export interface Ordered {
  kind: MergeOrder['kind'];
  userId: string;
  /** Who counts, or has counted, for both. */
  into: string;
  /** It was so before, and nothing was done. */
  already: boolean;
  /** When the player was merged, where it had been before the order. */
  mergedAt: Instant | null;
  /** Of a rehearsal: what would become of claims. */
  wouldChange: ClaimEntry[] | undefined;
}

/** What becomes of a claim; a new one has no `from`. */
export interface ClaimEntry {
  game_id: string;
  window_start: string;
  step: number;
  /** The player that it stands under, or would. */
  user_id: string;
  from: string | null;
  to: string;
  reward: string | null;
}

/** Nothing has come for a player. */
export class UnknownPlayer extends UserError {}

const normaliser = createPlayerNormaliser();

/**
 * Merges a player into another one, or takes it out again; with `dryRun` only says what that would change. Asked twice, it changes nothing the second time;
 * what was refused is judged anew whenever it is asked.
 * @throws UnknownPlayer for a player of whom nothing has come; UserError where it cannot be done, in words.
 */
export async function orderMerge(
  { db, engine, dryRun, signal }: { db: Db; engine: Pick<Engine, 'process'>; dryRun: boolean; signal?: AbortSignal },
  order: MergeOrder,
): Promise<Ordered> {
  const { kind, userId, by: statedBy, reason, at, origin } = order;
  const found = await find(db, order);
  if (found.done) return alreadySo(order, found);
  const { player, into } = found;
  const event = eventOf({ kind, userId, into, merges: player.merges, at, reason, statedBy }, origin);
  const batch = { events: [event], parked: [] };
  const { results, rehearsed } = await engine.process(dryRun ? { ...batch, rehearsal: true } : batch, signal);
  const [result] = results as [(typeof results)[number]];
  if (result.outcome === 'applied' && !result.replayed) {
    const wouldChange = rehearsed && entriesOf(rehearsed);
    return { kind, userId, into, already: false, mergedAt: player.mergedAt, wouldChange };
  }
  if (result.outcome === 'rejected' || result.outcome === 'failed') throw refused(order, result.reason);
  // Somebody has asked for the same at this moment, and it may have been undone since.
  const now = await find(db, order);
  if (!now.done) throw refused(order, 'changed_meanwhile');
  return alreadySo(order, now);
}

/** Who is meant, and how it is before an order. */
interface Found {
  player: PersonOf;
  into: string;
  /** It is as ordered. */
  done: boolean;
}

function alreadySo({ kind, userId }: MergeOrder, { player: { mergedAt }, into }: Found): Ordered {
  return { kind, userId, into, already: true, mergedAt, wouldChange: undefined };
}

async function find(db: Db, order: MergeOrder): Promise<Found> {
  const { kind, userId } = order;
  if (kind === 'merged' && order.into === userId) throw new UserError(`${JSON.stringify(userId)} is the same player`);
  const player = await readKnown(db, userId);
  if (kind === 'unmerged') return { player, into: player.owner, done: player.owner === userId };
  const into = await readKnown(db, order.into);
  if (into.owner === userId) throw refused(order, 'same_player');
  return { player, into: into.owner, done: player.owner === into.owner };
}

async function readKnown(db: Db, userId: string): Promise<PersonOf> {
  const found = await readPerson(db, userId);
  if (found !== undefined) return found;
  const who = JSON.stringify(userId);
  throw new UnknownPlayer(`there is no player ${who}: nothing has come for it yet. Ids are compared byte for byte`);
}

function eventOf(request: MergeRequest, origin: Origin): IncomingEvent {
  const normalised = normaliser.normalise(PLAYER_SOURCE, mergeMessage(request, origin));
  if (normalised.kind === 'parked') throw new UserError(normalised.parked.detail);
  return normalised.event;
}

const refusals: Readonly<Record<string, string>> = {
  merged_elsewhere: 'it has been merged into another player; take it out there first',
  player_erased: 'one of them has been erased, or had been before and has come back',
  too_many_players: `a person is at most ${limits.playerAccounts} players`,
  unmerge_too_late: `a merge can be undone for ${limits.unmergeMs / 86_400_000} days`,
  debts_settled: 'what one of them owed has been made up for by a reward of the other since',
  occurred_in_future: 'the clock of this machine is ahead of the database’s',
  identity_gone: 'the clock of this machine is far behind the database’s',
  changed_meanwhile: 'somebody else has changed it at this moment: look at it again',
};

function refused(order: MergeOrder, reason: string | null): UserError {
  const { userId, kind } = order;
  const why =
    kind === 'merged' && reason === 'same_player'
      ? `they are one person already, the other way round: ${order.into} counts as ${userId}`
      : (refusals[reason ?? ''] ?? 'it could not be judged; the log of this process says why');
  return new UserError(`${userId} was not ${kind}: ${why}`);
}

function entriesOf({ made, changed }: NonNullable<BatchResult['rehearsed']>): ClaimEntry[] {
  const entryOf = ({ claim, userId }: Owned<{ claim: OpenClaim }>, from: string | null): ClaimEntry => ({
    game_id: claim.gameId,
    window_start: formatInstant(claim.windowStart),
    step: claim.step,
    user_id: userId,
    from,
    to: claim.status,
    reward: claim.reward === null ? null : `${claim.reward.rewardType} ${claim.reward.amount}`,
  });
  return [...changed.map((change) => entryOf(change, change.from)), ...made.map((claim) => entryOf(claim, null))];
}
