// milepost rewards list | show | retry | resolve: what leaves, what did not end well, and trying or ending that.
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import type { Db } from '../db/connect.ts';
import { UserError } from '../errors.ts';
import type { Json } from '../event/event.ts';
import { limits } from '../limits.ts';
import { concludeRewards } from '../outbox/conclude.ts';
import {
  type FoundReward,
  findReward,
  findRewards,
  findStates,
  type RewardDestination,
  type RewardFilter,
  type RewardState,
  type RewardStory,
} from '../outbox/find.ts';
import { type RetryRequest, retryRewards } from '../outbox/retry.ts';
import { takeBackKey } from '../rewards/decide.ts';
import { receiptTold } from '../rewards/receipt-told.ts';
import { formatInstant, type Instant } from '../time.ts';
import { withDatabase } from './database.ts';
import { readCount, readInstant } from './input.ts';
import { exitCodes, print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';

interface FilterOptions {
  service?: RewardDestination;
  since?: string;
  error?: string;
}

interface ListOptions extends FilterOptions {
  state?: RewardState;
  olderThan?: string;
  attempts?: string;
  limit: string;
  json?: boolean;
}

export async function listRewards(options: ListOptions): Promise<void> {
  const limit = readCount('--limit', options.limit, 1) ?? 1;
  if (limit > limits.listedRewards) {
    throw new UserError(`--limit ${limit}: a list holds at most ${limits.listedRewards}; narrow it down`);
  }
  const filter: RewardFilter = {
    ...readFilter(options),
    state: options.state,
    before: readAge('--older-than', options.olderThan),
    attempts: readCount('--attempts', options.attempts, 1),
  };
  // One more, to know whether there are more.
  const { listed, more } = await withDatabase(readConfig(), 'milepost_support', async (db) => {
    const found = await findRewards(db, filter, limit + 1);
    return { listed: await withFollowers(db, found.slice(0, limit)), more: found.length > limit };
  });
  print(options, { rewards: listed.map(documentOf), more }, () => {
    if (listed.length === 0) return options.state === undefined ? 'No reward has ended badly.' : 'There is none.';
    const rows = listed.map((reward) => [
      reward.key,
      reward.service,
      kinds[reward.kind],
      reward.state,
      reward.reward.user_id,
      reward.reward.amount,
      reward.attempts,
      formatInstant(reward.settled_at ?? reward.created_at),
      reward.last_error ?? '',
    ]);
    const lines = table(['KEY', 'SERVICE', 'KIND', 'STATE', 'USER', 'AMOUNT', 'ATTEMPTS', 'SINCE', 'LAST ERROR'], rows);
    return more ? `${lines}\n… and more: --limit, or narrow it down` : lines;
  });
}

const kinds = { pay: 'pays', take_back: 'takes back' } as const;

/** What takes a payment back, and what has become of that. */
interface Follower {
  key: string;
  state: RewardState;
}

/** Rewards, each with what takes it back. The key of that is derived from its own, so that it can be looked for. */
async function withFollowers<Reward extends FoundReward>(
  db: Db,
  rewards: readonly Reward[],
): Promise<(Reward & { followed_by: Follower | null })[]> {
  const keyOf = new Map(rewards.flatMap(({ key, kind }) => (kind === 'pay' ? [[key, takeBackKey(key)]] : [])));
  const states = await findStates(db, [...keyOf.values()]);
  return rewards.map((reward) => {
    const key = keyOf.get(reward.key);
    const state = key === undefined ? undefined : states.get(key);
    return { ...reward, followed_by: key === undefined || state === undefined ? null : { key, state } };
  });
}

function readFilter(options: FilterOptions): RewardFilter {
  if (options.error?.trim() === '') throw new UserError('--error is empty: write a part of the error');
  return { service: options.service, since: readInstant('--since', options.since), error: options.error };
}

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The instant that lies so long ago: `30m`, `2h`, `7d`. */
function readAge(option: string, text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = units[unit];
  if (ms === undefined) throw new UserError(`${option} ${JSON.stringify(text)}: write a time such as 30m, 2h or 7d`);
  return Date.now() - Number(count) * ms;
}

function documentOf<Reward extends FoundReward>(found: Reward) {
  const { created_at, settled_at, next_attempt_at, ...reward } = found;
  return {
    ...reward,
    amounts: amountsOf(found),
    created_at: formatInstant(created_at),
    settled_at: settled_at === null ? null : formatInstant(settled_at),
    next_attempt_at: next_attempt_at === null ? null : formatInstant(next_attempt_at),
  };
}

export async function showReward(key: string, options: { json?: boolean }): Promise<void> {
  checkKey(key);
  const found = await withDatabase(readConfig(), 'milepost_support', async (db) => {
    const story = await findReward(db, key);
    return story === undefined ? undefined : (await withFollowers(db, [story]))[0];
  });
  if (found === undefined) process.exitCode = exitCodes.notRight;
  const document =
    found === undefined
      ? null
      : {
          ...documentOf(found),
          calls: found.calls.map((call) => ({
            ...call,
            started_at: formatInstant(call.started_at),
            ended_at: formatInstant(call.ended_at),
          })),
          retries: found.retries.map((retry) => ({ ...retry, retried_at: formatInstant(retry.retried_at) })),
          conclusions: found.conclusions.map((conclusion) => ({
            ...conclusion,
            concluded_at: formatInstant(conclusion.concluded_at),
          })),
          debts: found.debts.map((debt) => ({ ...debt, entered_at: formatInstant(debt.entered_at) })),
        };
  print(options, document, () => (found === undefined ? `There is no reward under the key ${key}.` : describe(found)));
}

function describe(found: RewardStory & { followed_by: Follower | null }): string {
  const { reward, claim, follows, followed_by } = found;
  const amounts = amountsOf(found);
  const lines = [
    found.kind === 'pay'
      ? `${reward.amount} ${reward.reward_type} for ${reward.user_id}, by ${found.service}`
      : `takes back ${reward.amount} ${reward.reward_type} from ${reward.user_id}, by ${found.service}`,
    `  state     ${found.state}${found.last_error === null ? '' : ` (${found.last_error})`}`,
    `  claim     step ${reward.step} of ${reward.game_id}, window ${reward.window_start}, earning ${reward.earning}${claim === null ? '' : `: ${claim.status}`}`,
    `  key       ${found.key}`,
  ];
  if (amounts !== null) lines.push(`  amounts   ${amountsInWords(amounts)}`);
  if (follows !== null) lines.push(`  of        ${follows}, the payment`);
  if (followed_by !== null) lines.push(`  taken back by ${followed_by.key} (${followed_by.state})`);
  for (const { budget_id, period_start } of reward.budgets ?? []) {
    lines.push(`  budget    ${budget_id}, from ${period_start}`);
  }
  if (found.service_key !== null) lines.push(`  sent as   ${found.service_key}`);
  lines.push(`  written   ${formatInstant(found.created_at)}`);
  if (found.settled_at !== null) lines.push(`  ended     ${formatInstant(found.settled_at)}`);
  if (found.next_attempt_at !== null) lines.push(`  next      ${formatInstant(found.next_attempt_at)}`);
  if (found.answer !== null) lines.push(`  answer    ${JSON.stringify(found.answer)}`);
  const events = [
    ...found.calls.map(({ attempt, started_at, ended_at, result, error }) => ({
      at: started_at,
      text: `attempt ${attempt}: ${result}${error === null ? '' : `, ${error}`} (${ended_at - started_at} ms)`,
    })),
    ...found.conclusions.map(({ concluded_at, concluded_by, reason, paid }) => ({
      at: concluded_at,
      text: `ambiguous, concluded ${paid ? 'paid' : 'not paid'} by ${concluded_by}: ${reason}`,
    })),
    ...found.debts.map(({ entered_at, amount, waiting }) => ({
      at: entered_at,
      text: amount < 0 ? `${-amount} made up for what was owed` : `${amount} owed${waiting ? ', once it is paid' : ''}`,
    })),
    ...found.retries.map(({ retried_at, retried_by, reason, from_state }) => ({
      at: retried_at,
      text: `${from_state}, tried again by ${retried_by}: ${reason}`,
    })),
  ].sort((a, b) => a.at - b.at);
  return [...lines, ...events.map(({ at, text }) => `  ${formatInstant(at)}  ${text}`)].join('\n');
}

/** Of a payment: what was earned, kept back for what the player owed, lowered as a budget had not enough left, and paid (0 until it is done). */
interface Amounts {
  /** Null, as what was kept back, where no claim is known. */
  claimed: number | null;
  netted: number | null;
  lowered: number;
  paid: number;
}

function amountsOf({ kind, state, claim, reward }: FoundReward): Amounts | null {
  if (kind === 'take_back') return null;
  const { amount, downgraded_from: before = amount } = reward;
  return {
    claimed: claim?.amount ?? null,
    netted: claim === null ? null : claim.amount - before,
    lowered: before - amount,
    paid: state === 'done' ? amount : 0,
  };
}

function amountsInWords({ claimed, netted, lowered, paid }: Amounts): string {
  return [
    ...(claimed === null ? [] : [`${claimed} claimed`]),
    ...(netted === null || netted === 0 ? [] : [`${netted} kept back for what was owed`]),
    ...(lowered === 0 ? [] : [`${lowered} less, as a budget had not enough left`]),
    `${paid} paid`,
  ].join(', ');
}

interface RetryOptions extends FilterOptions {
  reason: string;
  yes?: boolean;
  json?: boolean;
}

/** Of keys, or of what a filter names; of the latter only with --yes. */
export async function retryFailed(keys: string[], options: RetryOptions): Promise<void> {
  const request: RetryRequest = { state: 'failed', by: whoAsks(), reason: readReason(options.reason) };
  const filter = readFilter(options);
  const filtered = Object.values(filter).some((value) => value !== undefined);
  if (filtered && keys.length > 0)
    throw new UserError('name keys, or a filter (--service, --since, --error), not both');
  if (!filtered && keys.length === 0) {
    throw new UserError('name the keys to be tried again, or a filter: --service, --since, --error');
  }
  if (!filtered) return retryKeys(keys, request, options);

  const result = await withDatabase(readConfig(), 'milepost_support', async (db) => {
    const found = await findRewards(db, { ...filter, state: 'failed' }, limits.retriedRewards + 1);
    const chosen = found.slice(0, limits.retriedRewards).map(({ key }) => key);
    const more = found.length > chosen.length;
    if (options.yes !== true) return { found: chosen.length, retried: 0, more };
    await record(db, 'retryRewards', request.reason, { rewards: chosen.length, filter });
    return { found: chosen.length, retried: (await retryRewards(db, chosen, request)).size, more };
  });
  print(options, result, () => {
    const more = result.more
      ? `; there are more, and one command takes ${limits.retriedRewards.toLocaleString('en')}`
      : '';
    return options.yes === true
      ? `${counted(result.retried, 'reward')} will be tried again${more}.`
      : `${counted(result.found, 'reward')} would be tried again${more}. Nothing was changed: add --yes to do it.`;
  });
}

interface ResolveOptions {
  reason: string;
  as?: 'paid' | 'unpaid';
  transaction?: string;
  json?: boolean;
}

export async function resolveAmbiguous(keys: string[], options: ResolveOptions): Promise<void> {
  if (options.as !== undefined) return conclude(keys, options.as, options);
  await retryKeys(keys, { state: 'ambiguous', by: whoAsks(), reason: readReason(options.reason) }, options);
}

async function retryKeys(keys: readonly string[], request: RetryRequest, options: { json?: boolean }): Promise<void> {
  for (const key of keys) checkKey(key);
  const { retried, left } = await withDatabase(readConfig(), 'milepost_support', async (db) => {
    await record(db, request.state === 'failed' ? 'retryRewards' : 'resolveRewards', request.reason, { keys });
    const done = await retryRewards(db, keys, request);
    return {
      retried: done,
      left: await stateOf(
        db,
        keys.filter((key) => !done.has(key)),
      ),
    };
  });
  if (left.length > 0) process.exitCode = exitCodes.notRight;
  print(options, { retried: [...retried], left }, () =>
    [
      ...[...retried].map((key) =>
        request.state === 'failed' ? `${key} will be tried again` : `${key}: the service will be asked for it`,
      ),
      ...left.map((reward) => leftAlone(reward, request.state)),
    ].join('\n'),
  );
}

async function conclude(keys: readonly string[], as: 'paid' | 'unpaid', options: ResolveOptions): Promise<void> {
  for (const key of keys) checkKey(key);
  const { transaction } = options;
  if (as === 'paid' && (keys.length > 1 || transaction === undefined)) {
    throw new UserError('--as paid takes one key, and with --transaction the id under which the service has paid it');
  }
  const conclusion = { paid: as === 'paid', by: whoAsks(), reason: readReason(options.reason) };
  const { concluded, left } = await withDatabase(readConfig(), 'milepost_support', async (db) => {
    const rewards = await Promise.all(
      keys.map(async (key) => ({ key, receipt: await receiptOf(db, key, transaction) })),
    );
    await record(db, 'concludeRewards', conclusion.reason, { keys, paid: conclusion.paid });
    const done = await concludeRewards(db, rewards, conclusion);
    const others = keys.filter((key) => !done.has(key));
    return { concluded: [...done], left: await stateOf(db, others) };
  });
  if (left.length > 0) process.exitCode = exitCodes.notRight;
  print(options, { concluded, left }, () =>
    [
      ...concluded.map((key) =>
        as === 'paid' ? `${key} is done: paid` : `${key} is failed: not paid (milepost rewards retry pays it)`,
      ),
      ...left.map((reward) => leftAlone(reward, 'ambiguous')),
    ].join('\n'),
  );
}

function record(db: Db, action: string, reason: string, details: Record<string, unknown>): Promise<void> {
  return recordCommand(db.pool, 'milepost_support', { action, reason, details });
}

async function receiptOf(db: Db, key: string, transactionId: string | undefined): Promise<Json> {
  const found = transactionId === undefined ? undefined : await findReward(db, key);
  if (found === undefined || transactionId === undefined) return {};
  const { amount } = found.reward;
  return receiptTold(found.service, { transactionId, amount, takesBack: 'operation' in found.reward });
}

function leftAlone({ key, state }: { key: string; state: RewardState | null }, wanted: string): string {
  return state === null ? `${key}: there is no such reward` : `${key} is ${state}, not ${wanted}: left alone`;
}

async function stateOf(db: Db, keys: readonly string[]): Promise<{ key: string; state: RewardState | null }[]> {
  return Promise.all(keys.map(async (key) => ({ key, state: (await findReward(db, key))?.state ?? null })));
}

function checkKey(key: string): void {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)) return;
  throw new UserError(`${JSON.stringify(key)} is no key of a reward: milepost rewards list shows them`);
}
