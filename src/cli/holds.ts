// milepost holds list | release | void: what waits for a person, and that person's verdict.
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import type { Db } from '../db/connect.ts';
import { isRuled, type RuledHold, ruleOnHolds } from '../engine/rule-on-holds.ts';
import { UserError } from '../errors.ts';
import { findHolds, type HeldClaim, type HeldEvent, type Hold, type HoldFilter } from '../games/hold.ts';
import type { VerdictRequest } from '../games/verdict.ts';
import { limits } from '../limits.ts';
import { withDatabase } from './database.ts';
import { withEngine } from './engine.ts';
import { readCount, readInstant } from './input.ts';
import { exitCodes, print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';
import { createProgress } from './progress.ts';

interface FilterOptions {
  game?: string;
  player?: string;
  producer?: string;
  kind?: Hold['kind'];
  since?: string;
  until?: string;
}

function readFilter({ game, player, producer, kind, since, until }: FilterOptions): HoldFilter {
  return {
    gameId: game,
    userIds: player === undefined ? undefined : [player],
    producer,
    kind,
    since: readInstant('--since', since),
    until: readInstant('--until', until),
  };
}

export async function listHolds(options: FilterOptions & { limit: string; json?: boolean }): Promise<void> {
  const limit = readCount('--limit', options.limit, 1) ?? 1;
  if (limit > limits.listedHolds) {
    throw new UserError(`--limit ${limit}: a list holds at most ${limits.listedHolds}; narrow it down`);
  }
  const filter = readFilter(options);
  // One more, to know whether there are more.
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => findHolds(db, filter, limit + 1));
  const holds = found.slice(0, limit);
  const more = found.length > limit;
  print(options, { holds, more }, () => {
    if (holds.length === 0) return 'Nothing is held.';
    return more ? `${tableOf(holds)}\n… and more: --limit, or narrow it down` : tableOf(holds);
  });
}

function tableOf(holds: readonly Hold[]): string {
  return table(
    ['KIND', 'HELD', 'USER', 'SINCE', 'WHAT WAITS', 'WHY'],
    holds.map((hold) =>
      hold.kind === 'event'
        ? ['event', hold.event_id, hold.user_id, hold.since, whatWaits(hold), flagOf(hold)]
        : ['claim', hold.key, hold.user_id, hold.since, claimed(hold), `over ${hold.budget_id ?? 'its budget'}`],
    ),
  );
}

function whatWaits({ games }: HeldEvent): string {
  return games
    .map(({ game_id, amount, claims }) => {
      const steps = claims.map(
        ({ step, reward_type, amount: of }) => `step ${step}${reward_type === null ? '' : `, ${of} ${reward_type}`}`,
      );
      return [`${game_id}: +${amount}`, ...steps].join('; ');
    })
    .join(' | ');
}

function flagOf({ producer, flag }: HeldEvent): string {
  return `flagged${flag === null ? '' : ` ${JSON.stringify(flag)}`}, by ${producer}`;
}

function claimed({ game_id, step, reward_type, amount }: HeldClaim): string {
  return `${game_id}: step ${step}, ${amount} ${reward_type}`;
}

type VerdictOptions = FilterOptions & { reason: string; yes?: boolean; json?: boolean };

export const releaseHolds = (ids: string[], options: VerdictOptions) => rule('released', ids, options);
export const voidHolds = (ids: string[], options: VerdictOptions) => rule('voided', ids, options);

/** Of what is named by ids, or of all that a filter names; of the latter only with --yes. */
async function rule(verdict: VerdictRequest['verdict'], ids: string[], options: VerdictOptions): Promise<void> {
  const request = { verdict, by: whoAsks(), at: Date.now(), reason: readReason(options.reason) };
  const filter = readFilter(options);
  if (ids.length > limits.ruledHolds) {
    throw new UserError(`${ids.length} ids: one command takes ${limits.ruledHolds.toLocaleString('en')}`);
  }
  if (ids.length === 0 && Object.values(filter).every((value) => value === undefined)) {
    throw new UserError(
      'name what is held by the ids that milepost holds list shows, or by a filter: --kind, --game, …',
    );
  }
  const progress = createProgress();
  const { found, more, ruled } = await withEngine(readConfig(), async (db, engine) => {
    const { holds, more } = await find(db, ids, filter);
    if (ids.length === 0 && options.yes !== true) return { found: holds, more, ruled: undefined };
    const details = { verdict, holds: holds.length, ...(ids.length > 0 ? { ids } : { filter }) };
    await recordCommand(db.pool, 'milepost_ingest', { action: 'giveVerdicts', reason: request.reason, details });
    const ruled = await ruleOnHolds(
      engine,
      holds,
      { ...request, origin: { transport: 'file', file: 'command line', line: 1 } },
      {
        progress: (done) =>
          progress.at(() => `${counted(done, 'hold')} of ${holds.length.toLocaleString('en')} ${verdict}`),
      },
    );
    return { found: holds, more, ruled };
  });
  progress.clear();
  const unknown = ids.filter((id) => !found.some((hold) => idOf(hold) === id));
  const left = ruled?.filter((each) => !isRuled(each)) ?? [];
  if (unknown.length > 0 || left.length > 0) process.exitCode = exitCodes.notRight;
  const document = {
    verdict,
    found: found.length,
    ruled: ruled === undefined ? 0 : ruled.length - left.length,
    left: [
      ...unknown.map((id) => ({ id, reason: 'not_held' })),
      ...left.map(({ hold, result }) => ({ id: idOf(hold), user_id: hold.user_id, reason: result.reason })),
    ],
    more,
  };
  print(options, document, () => {
    const next = more ? `; there are more, and one command takes ${limits.ruledHolds.toLocaleString('en')}` : '';
    if (ruled === undefined) {
      if (found.length === 0) return 'Nothing of that kind is held.';
      return `${counted(found.length, 'hold')} would be ${verdict} (${sumsOf(found)})${next}. Nothing was changed: add --yes to do it.`;
    }
    return [
      ...(ruled.length > left.length ? [`${counted(ruled.length - left.length, 'hold')} ${verdict}${next}.`] : []),
      ...unknown.map((id) => `${id}: nothing of that id is held: left alone`),
      ...left.map(leftAlone),
    ].join('\n');
  });
}

/** At most as many as one command takes. Ids must each name one thing. */
async function find(db: Db, ids: readonly string[], filter: HoldFilter): Promise<{ holds: Hold[]; more: boolean }> {
  const named = ids.length === 0 ? filter : { ...filter, ids };
  const found = await findHolds(db, named, limits.ruledHolds + 1);
  if (ids.length > 0) {
    for (const [id, holds] of Map.groupBy(found, idOf)) {
      if (holds.length === 1) continue;
      const whose = holds.map((hold) => `${hold.user_id}${hold.kind === 'event' ? `, by ${hold.producer}` : ''}`);
      throw new UserError(
        `${id} names ${holds.length} things that are held (of ${whose.slice(0, 5).join('; of ')}): say which with --player or --producer`,
      );
    }
  }
  return { holds: found.slice(0, limits.ruledHolds), more: found.length > limits.ruledHolds };
}

function idOf(hold: Hold): string {
  return hold.kind === 'event' ? hold.event_id : hold.key;
}

/** What a verdict is about: `2 events; 3 claims over 60 NC, 100 VOUCHER`. */
function sumsOf(holds: readonly Hold[]): string {
  const claims = holds.filter((hold) => hold.kind === 'claim');
  const sums = [...Map.groupBy(claims, ({ reward_type }) => reward_type)].map(([type, of]) => {
    return `${of.reduce((sum, { amount }) => sum + amount, 0).toLocaleString('en')} ${type}`;
  });
  const events = holds.length - claims.length;
  return [
    ...(events > 0 ? [counted(events, 'event')] : []),
    ...(claims.length > 0 ? [`${counted(claims.length, 'claim')} over ${sums.join(', ')}`] : []),
  ].join('; ');
}

function leftAlone({ hold, result }: RuledHold): string {
  const why =
    result.reason === 'not_held' ? 'is not held any more' : `was not ruled on (${result.outcome}: ${result.reason})`;
  return `${idOf(hold)} of ${hold.user_id} ${why}: left alone`;
}
