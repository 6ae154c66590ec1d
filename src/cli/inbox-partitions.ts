// milepost inbox partitions, archive, drop
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { UserError } from '../errors.ts';
import { archiveDay, dropBefore, type InboxPartition, readPartitions } from '../inbox/retention.ts';
import { parseInstant, utcDay } from '../time.ts';
import { createCommandLog } from './command-log.ts';
import { withDatabase } from './database.ts';
import { exitCodes, print, table } from './output.ts';
import { recordCommand } from './person.ts';

export async function listPartitions(options: { json?: boolean }): Promise<void> {
  const partitions = await withDatabase(readConfig(), 'milepost_retention', readPartitions);
  print(options, partitions, () =>
    partitions.length === 0 ? 'The inbox has no partitions yet.' : tableOf(partitions),
  );
}

export async function archivePartitions(day: string, options: { to?: string; json?: boolean }): Promise<void> {
  const config = readConfig();
  const folder = options.to ?? config.INBOX_ARCHIVE_FOLDER;
  if (folder === undefined) throw new UserError('where to? Name a folder with --to, or set INBOX_ARCHIVE_FOLDER');
  const archives = await withDatabase(config, 'milepost_retention', (db) => archiveDay(db, dayOf(day), folder));
  if (archives.length === 0) process.exitCode = exitCodes.notRight;
  print(options, archives, () =>
    archives.length === 0
      ? `The inbox has no partition of ${day}: milepost inbox partitions lists those there are.`
      : archives.map(({ file, events }) => `${file}: ${counted(events, 'event')}`).join('\n'),
  );
}

export async function dropPartitions(options: {
  before: string;
  archiveTo?: string;
  archive: boolean;
  yes?: boolean;
  json?: boolean;
}): Promise<void> {
  const config = readConfig();
  const day = dayOf(options.before);
  if (day > utcDay(Date.now()))
    throw new UserError(`--before ${day} lies ahead: days that are not over are never dropped`);
  const folder = options.archive ? (options.archiveTo ?? config.INBOX_ARCHIVE_FOLDER) : undefined;
  if (options.archive && folder === undefined) {
    throw new UserError(
      'nothing is dropped without a word about its archive: name a folder with --archive-to, set INBOX_ARCHIVE_FOLDER, or say --no-archive',
    );
  }
  const archived = folder === undefined ? 'without an archive' : `after archiving to ${folder}`;
  await withDatabase(config, 'milepost_retention', async (db) => {
    if (options.yes !== true) {
      const partitions = (await readPartitions(db)).filter((partition) => partition.day < day);
      const attached = partitions.filter(({ state }) => state === 'attached');
      print(options, attached, () =>
        attached.length === 0
          ? `The inbox has no day before ${day}.`
          : `${tableOf(attached)}\n\n${counted(attached.length, 'day')} would be dropped, ${archived}; do it with --yes.`,
      );
      return;
    }
    const log = createCommandLog(config);
    await recordCommand(db.pool, 'milepost_retention', {
      ...{ action: 'dropInbox', subject: day },
      details: { archive_folder: folder ?? null },
    });
    const retired = await dropBefore(db, { day, archiveFolder: folder }, { log });
    if (retired === undefined) {
      process.exitCode = exitCodes.notRight;
      throw new UserError(
        'another process is retiring days of the inbox at this moment: look again with milepost inbox partitions',
      );
    }
    print(options, retired, () =>
      retired.length === 0
        ? `Nothing was dropped: the inbox has no day before ${day}, or a long transaction still reads it.`
        : `${retired.map(({ partition, archive }) => `dropped ${partition}${archive === undefined ? '' : `, archived in ${archive.file}`}`).join('\n')}`,
    );
  });
}

function tableOf(partitions: readonly InboxPartition[]): string {
  return table(
    ['PARTITION', 'DAY', 'STATE', 'ROWS', 'MB', 'DROP', 'WHY'],
    partitions.map(({ partition, day, state, estimated_rows, bytes, may_be_dropped, reason }) => [
      partition,
      day,
      state,
      estimated_rows ?? '?',
      Math.round(bytes / 1e6),
      may_be_dropped ? 'yes' : 'no',
      reason,
    ]),
  );
}

/** A UTC day as it is written: `2026-06-10`. */
function dayOf(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && parseInstant(`${text}T00:00:00Z`) !== undefined) return text;
  throw new UserError(`${JSON.stringify(text)} is no day: write it as 2026-06-10 (UTC)`);
}
