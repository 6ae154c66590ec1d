// milepost players merge and unmerge: two players that are one person, on a person's order. What would change is shown first.
import { readConfig } from '../config.ts';
import { type MergeOrder, type Ordered, orderMerge } from '../engine/merge.ts';
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
  const { into } = options;
  await give('mergePlayers', { ...orderOf(userId, options), kind: 'merged', into }, options, { into });
}

export async function unmergePlayer(userId: string, options: MergeOptions): Promise<void> {
  await give('unmergePlayer', { ...orderOf(userId, options), kind: 'unmerged' }, options);
}

function orderOf(userId: string, { reason }: MergeOptions) {
  const origin = { transport: 'http' } as const;
  return { userId, by: whoAsks(), reason: readReason(reason), at: Date.now(), origin };
}

async function give(action: string, order: MergeOrder, options: MergeOptions, details = {}): Promise<void> {
  const dryRun = options.yes !== true;
  const { userId: subject, reason } = order;
  const done = await withEngine(readConfig(), async (db, engine) => {
    if (!dryRun) await recordCommand(db.pool, 'milepost_ingest', { action, subject, reason, details });
    return orderMerge({ db, engine, dryRun }, order);
  });
  const { kind, userId, into, already, wouldChange } = done;
  const document = {
    ...{ user_id: userId, into, [kind]: !dryRun && !already, already },
    ...(wouldChange === undefined ? {} : { would_change: wouldChange }),
  };
  print(options, document, () => describe(done));
}

function describe({ kind, userId, into, already, mergedAt, wouldChange }: Ordered): string {
  if (already) {
    if (kind === 'unmerged') return `${userId} is not merged into anybody. Nothing was changed.`;
    const since = mergedAt === null ? '' : ` since ${formatInstant(mergedAt)}`;
    return `${userId} is one person with ${into}${since}. Nothing was changed.`;
  }
  if (wouldChange !== undefined) return plan(kind, userId, into, wouldChange);
  return kind === 'merged'
    ? `${userId} and ${into} are one person now: whatever comes for either counts for ${into}.`
    : `${userId} is a player of its own again. What has come since the merge stays with ${into}.`;
}

function plan(
  kind: Ordered['kind'],
  userId: string,
  into: string,
  claims: NonNullable<Ordered['wouldChange']>,
): string {
  const rows = claims.map(({ game_id, window_start, step, user_id, from, to, reward }) => {
    return [game_id, window_start, step, user_id, from ?? '', to, reward ?? ''];
  });
  const begin = kind === 'merged' ? `${userId} would count as ${into}.` : `${userId} would be taken out of ${into}.`;
  const what =
    rows.length === 0
      ? 'No claim would change.'
      : `These claims would change:\n${table(['GAME', 'WINDOW', 'STEP', 'OF', 'FROM', 'TO', 'REWARD'], rows)}`;
  return `${begin} ${what}\nNothing was changed. To do it, give the command again with --yes.`;
}
