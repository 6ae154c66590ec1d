// milepost players: what is stored of a person as one document, and an end to it.
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { type Erasure, type ErasurePlan, erase, planErasure } from '../engine/erase.ts';
import { UserError } from '../errors.ts';
import { exportPlayer } from '../explain/export.ts';
import { forgetPlayers } from '../games/project.ts';
import { withDatabase } from './database.ts';
import { exitCodes, print, table } from './output.ts';
import { readReason, whoAsks } from './person.ts';
import { createProgress } from './progress.ts';
import { openRedis } from './verify.ts';

export async function exportPlayerData(userId: string): Promise<void> {
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => exportPlayer(db, userId));
  if (found === undefined) throw new UserError(`there is no player ${JSON.stringify(userId)}`);
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  if (found.left_out.length > 0) {
    process.stderr.write(`left out, since support may not read it: ${found.left_out.join(', ')}\n`);
  }
}

interface EraseOptions {
  reason: string;
  yes?: boolean;
  json?: boolean;
}

export async function erasePlayer(userId: string, options: EraseOptions): Promise<void> {
  const config = readConfig();
  const reason = readReason(options.reason);
  if (options.yes !== true) {
    const plan = await withDatabase(config, 'milepost_erase', (db) => planErasure(db, userId));
    if (plan !== undefined && Object.keys(plan.open).length > 0) process.exitCode = exitCodes.notRight;
    print(options, { erased: false, plan: plan ?? null }, () => describe(plan));
    return;
  }
  const progress = createProgress();
  const redis = config.REDIS_URL === undefined ? undefined : await openRedis(config.REDIS_URL);
  try {
    const done = await withDatabase(config, 'milepost_erase', (db) =>
      erase(db, userId, {
        ...{ by: whoAsks(), reason },
        progress: (doing) => progress.at(() => `erasing ${doing}`),
        forget: redis === undefined ? undefined : (userIds) => forgetPlayers(redis, userIds),
      }),
    );
    progress.clear();
    print(options, { erased: done !== undefined, ...done }, () => (done === undefined ? NOBODY : result(done)));
  } finally {
    progress.clear();
    redis?.disconnect();
  }
}

const NOBODY = 'There is no such player: nothing has come of them, or they are erased already.';

function result({ resumed, pseudonyms, unopened_cookies }: Erasure): string {
  const lost = unopened_cookies === 0 ? '' : ` ${counted(unopened_cookies, 'unopened cookie')} went with it.`;
  return `${resumed ? 'An erasure that was broken off is done.' : 'Erased.'}${lost} The ledgers stay, as those of ${pseudonyms.join(' and ')}.`;
}

function describe(plan: ErasurePlan | undefined): string {
  if (plan === undefined) return NOBODY;
  const { accounts, counts, failed } = plan;
  const open = Object.entries(plan.open);
  return [
    ...(accounts.length > 1
      ? [`${accounts.join(', ')} are one person, and go together: ${accounts.length} players.`, '']
      : []),
    table(
      ['WHAT', 'COUNT', 'BECOMES'],
      [
        ['payloads of events', counts.payloads, 'deleted'],
        ['messages that could not be read and name the player', counts.parked_messages, 'deleted'],
        ['voucher codes', counts.voucher_codes, 'deleted'],
        ['cookies that were earned and not opened yet', counts.unopened_cookies, 'lost to the player'],
        ['events (outcome and time)', counts.events, 'kept under a pseudonym'],
        ['credits', counts.credits, 'kept under a pseudonym'],
        ['claims', counts.claims, 'kept under a pseudonym'],
        ['rewards (amount, key and end)', counts.rewards, 'kept under a pseudonym'],
      ],
    ),
    '',
    ...(failed > 0 ? [`${counted(failed, 'reward')} that a service refused would be given up.`] : []),
    ...(counts.unopened_cookies > 0
      ? [`${counted(counts.unopened_cookies, 'cookie')} could not be opened any more: the player may want to, first.`]
      : []),
    open.length === 0
      ? 'Nothing was changed: do it with --yes. It cannot be undone.'
      : `It cannot be done yet: ${open.map(([what, entries]) => `${what}: ${entries}`).join(', ')}. Wait until they are paid, or decide on them.`,
  ].join('\n');
}
