// milepost rebuild: progress from the ledgers, while everything runs.
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { type RebuildChange, rebuild } from '../engine/rebuild.ts';
import { forgetPlayers } from '../games/project.ts';
import { limits } from '../limits.ts';
import { formatInstant } from '../time.ts';
import { withDatabase } from './database.ts';
import { exitCodes, print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';
import { createProgress } from './progress.ts';
import { openRedis } from './verify.ts';

const CHANGES_SHOWN = 20;

export async function runRebuild(options: { reason: string; dryRun?: boolean; json?: boolean }): Promise<void> {
  const config = readConfig();
  const reason = readReason(options.reason);
  const dryRun = options.dryRun === true;
  const progress = createProgress();
  const redis = config.REDIS_URL === undefined || dryRun ? undefined : await openRedis(config.REDIS_URL);
  try {
    const report = await withDatabase(config, 'milepost_ingest', async (db) => {
      if (!dryRun) await recordCommand(db.pool, 'milepost_ingest', { action: 'rebuildProgress', reason });
      const done = await rebuild(db, {
        ...{ dryRun, by: whoAsks(), reason, shown: CHANGES_SHOWN },
        progress: ({ bucket, players, changed }) =>
          progress.at(
            () => `bucket ${bucket + 1} of ${limits.buckets}, ${counted(players, 'player')}, ${changed} changed`,
          ),
        forget: redis === undefined ? undefined : (userIds) => forgetPlayers(redis, userIds),
      });
      // A crash before this costs a minute: the sweep looks.
      if (!dryRun && done.changed > 0) await db.pool.query("select milepost.outbox_wake(array['projection'])");
      return done;
    });
    progress.clear();
    const { expected, stored } = report.checksums;
    if (expected !== stored) process.exitCode = exitCodes.notRight;
    const changes = report.changes.map((change) => ({ ...change, window_start: formatInstant(change.window_start) }));
    print(options, { ...report, changes, dry_run: dryRun, equal: expected === stored }, () =>
      [
        ...(report.resumed ? ['An earlier rebuild was gone on with.'] : []),
        ...(changes.length > 0 ? [tableOf(report.changes), ''] : []),
        `${counted(report.players, 'player')}, ${counted(report.windows, 'window')} of games: ${counted(report.changed, 'row')} of progress ${
          dryRun ? 'would be put right' : 'put right'
        }`,
        `checksum of the ledgers   ${expected}`,
        `checksum of progress      ${stored}`,
        ...(expected === stored || dryRun ? [] : ['They are not equal: milepost verify names what is left.']),
      ].join('\n'),
    );
  } finally {
    progress.clear();
    redis?.disconnect();
  }
}

function tableOf(changes: readonly RebuildChange[]): string {
  return table(
    ['PLAYER', 'GAME', 'WINDOW', 'BEFORE', 'AFTER'],
    changes.map(({ user_id, game_no, window_start, before, after }) => {
      return [
        user_id,
        String(game_no),
        formatInstant(window_start),
        before === null ? 'none' : wordsOf(before),
        wordsOf(after),
      ];
    }),
  );
}

function wordsOf(progress: unknown): string {
  const { value, cleared, claimed } = progress as { value: number; cleared: number; claimed: number[] };
  return `value ${value}, cleared ${cleared}, claimed ${claimed.join(' ') || 'nothing'}`;
}
