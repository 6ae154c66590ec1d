// milepost inbox correct: an event with other attributes, in the place of what it said.
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { type Correction, correctEvent } from '../engine/correct.ts';
import { UserError } from '../errors.ts';
import type { Json } from '../event/event.ts';
import { parseExact } from '../event/exact-json.ts';
import { formatInstant } from '../time.ts';
import { withEngine } from './engine.ts';
import { print } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';

interface CorrectOptions {
  player: string;
  producer?: string;
  set?: string[];
  again?: boolean;
  reason?: string;
  dryRun?: boolean;
  takeBack?: boolean;
  json?: boolean;
}

export async function correctInbox(eventId: string, options: CorrectOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  // What changes nothing needs no reason.
  if (options.reason === undefined && !dryRun) {
    throw new UserError('--reason is missing: say why, for the record (or --dry-run, to see what would change)');
  }
  const { set = [], again = false } = options;
  if (set.length === 0 && !again) {
    throw new UserError('say what it should have said (--set), or that it is to be judged anew as it is (--again)');
  }
  const order = {
    eventId,
    userId: options.player,
    producer: options.producer,
    set: Object.fromEntries(set.map(readSetting)),
    again,
    by: whoAsks(),
    takeBack: options.takeBack,
    reason: options.reason === undefined ? '' : readReason(options.reason),
  };
  const { done, gameIds } = await withEngine(readConfig(), async (db, engine) => {
    if (!dryRun) {
      await recordCommand(db.pool, 'milepost_ingest', {
        ...{ action: 'correctEvent', subject: eventId, reason: order.reason },
        details: { user_id: order.userId },
      });
    }
    const done = await correctEvent({ db, engine, dryRun }, order);
    const { games } = await engine.definitions();
    return { done, gameIds: new Map(games.map(({ gameNo, gameId }) => [gameNo, gameId])) };
  });
  const moved = done.moved.map(({ gameNo, windowStart, before, after }) => ({
    game_id: gameIds.get(gameNo) as string,
    window_start: formatInstant(windowStart),
    before,
    after,
  }));
  print(options, { event_id: eventId, user_id: options.player, dry_run: dryRun, ...done, moved }, () =>
    describe(eventId, done, moved, dryRun),
  );
}

/** `attributes.transaction_amount=900`; the value is JSON, or else a text. */
function readSetting(given: string): [string, Json] {
  const [, name, value] = /^attributes\.([^=]+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined) {
    throw new UserError(`--set ${given}: write attributes.<name>=<value>, such as attributes.transaction_amount=900`);
  }
  if (name === 'correction_of') throw new UserError(`--set ${given}: which event is corrected is not yours to say`);
  try {
    return [name, parseExact(value)];
  } catch {
    return [name, value];
  }
}

type MovedInWords = { game_id: string; window_start: string; before: number; after: number };

function describe(eventId: string, done: Correction, moved: readonly MovedInWords[], dryRun: boolean): string {
  const { from, to, claims } = done;
  const isAsItWas = Object.keys(to.attributes).length === 0;
  if (!done.changed) return `${eventId} says so already, and comes to the same: nothing was done.`;
  const words = ({ outcome, reason }: Correction['from']) => (reason === null ? outcome : `${outcome} (${reason})`);
  return [
    `${eventId} from ${done.producer}`,
    ...Object.keys(to.attributes).map((name) => {
      return `  ${name}: ${JSON.stringify(from.attributes[name])} → ${JSON.stringify(to.attributes[name])}`;
    }),
    `  outcome: ${words(from)} → ${words(to)}`,
    ...moved.map(({ game_id, window_start, before, after }) => {
      return `  ${game_id}, window from ${window_start}: progress ${before} → ${after}`;
    }),
    ...done.ended.map((claim) => `  ${claim.game_id}, step ${claim.step}: ${takenBack(claim)}`),
    '',
    dryRun
      ? `${done.ended.length > 0 ? 'Rewards would be taken back, for which it needs --take-back. ' : ''}${counted(claims, 'step')} would be claimed. Nothing was changed: leave out --dry-run to do it.`
      : `${isAsItWas ? 'Judged anew' : 'Corrected'}; ${counted(claims, 'step')} claimed. What it said before is kept.`,
  ].join('\n');
}

const endings = {
  cancelled: 'cancelled: it is not paid',
  clawed_back: 'taken back',
  offset: 'owed by the player, and kept back from what comes',
} as const;

function takenBack({ status, reward_type, amount }: Correction['ended'][number]): string {
  const what = reward_type === null ? 'its cookie' : `${amount} ${reward_type}`;
  return `${what} ${endings[status as keyof typeof endings]}`;
}
