// milepost players merge and unmerge: two players that are one person, on a person's order. What would change is shown first; the change itself is an
// event through the same door as everything else.
import { readConfig } from '../config.ts';
import type { Db } from '../db/connect.ts';
import type { BatchResult } from '../engine/batch.ts';
import { UserError } from '../errors.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { OpenClaim } from '../games/games.ts';
import { limits } from '../limits.ts';
import { createPlayerNormaliser, type MergeRequest, mergeMessage, PLAYER_SOURCE } from '../players/feed.ts';
import { type PersonOf, readPerson } from '../players/read.ts';
import { formatInstant } from '../time.ts';
import { withEngine } from './engine.ts';
import { print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';

interface MergeOptions {
  reason: string;
  yes?: boolean;
  json?: boolean;
}

export async function mergePlayers(userId: string, options: MergeOptions & { into: string }): Promise<void> {
  if (userId === options.into) throw new UserError(`--into ${JSON.stringify(userId)} is the same player`);
  await ask(
    'merged',
    options,
    async (db) => {
      const [player, into] = [await find(db, userId), await find(db, options.into)];
      return { player, into: into.owner, done: player.owner === into.owner };
    },
    userId,
  );
}

export async function unmergePlayer(userId: string, options: MergeOptions): Promise<void> {
  await ask(
    'unmerged',
    options,
    async (db) => {
      const player = await find(db, userId);
      return { player, into: player.owner, done: player.owner === userId };
    },
    userId,
  );
}

/** Who is meant, and whether it is so already. */
interface Meant {
  player: PersonOf;
  into: string;
  done: boolean;
}

async function ask(
  kind: MergeRequest['kind'],
  options: MergeOptions,
  find: (db: Db) => Promise<Meant>,
  userId: string,
): Promise<void> {
  const reason = readReason(options.reason);
  const { meant, result } = await withEngine(readConfig(), async (db, engine) => {
    const meant = await find(db);
    if (meant.done) return { meant, result: undefined };
    const { into, player } = meant;
    const event = eventOf({ kind, userId, into, merges: player.merges, at: Date.now(), reason, statedBy: whoAsks() });
    const batch = { events: [event], parked: [] };
    if (options.yes === true) {
      const action = kind === 'merged' ? 'mergePlayers' : 'unmergePlayer';
      await recordCommand(db.pool, 'milepost_ingest', { action, subject: userId, reason, details: { into } });
    }
    return { meant, result: await engine.process(options.yes === true ? batch : { ...batch, rehearsal: true }) };
  });
  const { into } = meant;
  const [answer] = result?.results ?? [];
  const refused = answer !== undefined && answer.outcome !== 'applied';
  if (refused) throw new UserError(`${userId} was not ${kind}: ${refusals[answer.reason ?? ''] ?? answer.reason}`);
  const document = {
    ...{ user_id: userId, into, [kind]: options.yes === true && !meant.done, already: meant.done },
    ...(result?.rehearsed === undefined ? {} : { would_change: claimRows(result.rehearsed) }),
  };
  print(options, document, () => {
    if (meant.done) return already(kind, meant);
    if (result?.rehearsed !== undefined) return plan(kind, meant, result.rehearsed);
    return kind === 'merged'
      ? `${userId} and ${into} are one person now: whatever comes for either counts for ${into}.`
      : `${userId} is a player of its own again. What has come since the merge stays with ${into}.`;
  });
}

async function find(db: Db, userId: string): Promise<PersonOf> {
  const found = await readPerson(db, userId);
  if (found === undefined) {
    throw new UserError(
      `there is no player ${JSON.stringify(userId)}: nothing has come for it yet. Ids are compared byte for byte`,
    );
  }
  return found;
}

function eventOf(request: MergeRequest): IncomingEvent {
  const normalised = createPlayerNormaliser().normalise(PLAYER_SOURCE, mergeMessage(request, { transport: 'http' }));
  if (normalised.kind === 'parked') throw new UserError(normalised.parked.detail);
  return normalised.event;
}

const refusals: Readonly<Record<string, string>> = {
  same_player: 'they are the same person already, the other way round',
  merged_elsewhere: 'it has been merged into another player; take it out there first (milepost players unmerge)',
  player_erased: 'one of them has been erased, or had been before and has come back',
  too_many_players: `a person is at most ${limits.playerAccounts} players`,
  not_merged: 'it is not merged into that player any more',
  unmerge_too_late: `a merge can be undone for ${limits.unmergeMs / 86_400_000} days`,
  debts_settled: 'what one of them owed has been made up for by a reward of the other since',
  occurred_in_future: 'the clock of this machine is ahead of the database’s',
};

function already(kind: MergeRequest['kind'], { player, into }: Meant): string {
  if (kind === 'unmerged') return `${player.userId} is not merged into anybody. Nothing was changed.`;
  const since = player.mergedAt === null ? '' : ` since ${formatInstant(player.mergedAt)}`;
  return `${player.userId} is one person with ${into}${since}. Nothing was changed.`;
}

function plan(
  kind: MergeRequest['kind'],
  { player, into }: Meant,
  claims: NonNullable<BatchResult['rehearsed']>,
): string {
  const rows = claimRows(claims).map(({ game_id, window_start, step, user_id, from, to, reward }) => {
    return [game_id, window_start, step, user_id ?? '', from ?? '', to, reward ?? ''];
  });
  const begin =
    kind === 'merged' ? `${player.userId} would count as ${into}.` : `${player.userId} would be taken out of ${into}.`;
  const what =
    rows.length === 0
      ? 'No claim would change.'
      : `These claims would change:\n${table(['GAME', 'WINDOW', 'STEP', 'OF', 'FROM', 'TO', 'REWARD'], rows)}`;
  return `${begin} ${what}\nNothing was changed. To do it, give the command again with --yes.`;
}

/** What becomes of claims, new ones without `from`. `user_id` is named where a claim stands under a merged player. */
function claimRows({ made, changed }: NonNullable<BatchResult['rehearsed']>) {
  const rowOf = (claim: OpenClaim, from: string | null) => ({
    game_id: claim.gameId,
    window_start: formatInstant(claim.windowStart),
    step: claim.step,
    user_id: claim.account?.userId ?? null,
    from,
    to: claim.status,
    reward: claim.reward === null ? null : `${claim.reward.rewardType} ${claim.reward.amount}`,
  });
  return [...changed.map(({ claim, from }) => rowOf(claim, from)), ...made.map((claim) => rowOf(claim, null))];
}
