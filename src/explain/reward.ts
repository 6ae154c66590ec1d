// The claims that an event made or changed, with what became of their rewards: dispatch, debts, what took them back. Reads only. Owns how that is
// said to whoever waits for a reward.
import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { hasEnded } from '../games/claim.ts';
import type { ClaimStatus } from '../games/games.ts';
import { findReward, type RewardStory } from '../outbox/find.ts';
import { takeBackKey } from '../rewards/decide.ts';
import { formatInstant } from '../time.ts';
import { type ClaimName, type Debt, isOfClaim } from './debts.ts';

/** A reward on its way, or what takes it back, with every call of its service and everybody who had it tried again. */
export interface RewardEntry {
  service: string;
  state: string;
  /** What is paid: a budget may have lowered it, or debts. */
  amount: number;
  /** What it was before a budget had not enough left for it. */
  lowered_from: number | null;
  attempts: number;
  written_at: string;
  settled_at: string | null;
  next_attempt_at: string | null;
  last_error: string | null;
  calls: { attempt: number; started_at: string; ended_at: string; result: string; error: string | null }[];
  retries: { retried_at: string; retried_by: string; reason: string; from_state: string }[];
}

/** A step reached, and what has become of it since. */
export interface ClaimEntry extends ClaimName {
  step_type: string;
  status: ClaimStatus;
  version: number;
  reward_type: string | null;
  amount: number | null;
  key: string | null;
  claimed_at: string;
  /** The event that reached the step; null where it is not on record any more. */
  event_id: string | null;
  /** Each change of its status, and the event that made it. */
  history: { from: ClaimStatus; to: ClaimStatus; changed_at: string; event_id: string | null }[];
  /** Where the reward stands; null for steps that pay nothing by themselves, and while nothing has been sent off. */
  reward: RewardEntry | null;
  /** Where what takes it back stands; null where nothing does. */
  take_back: RewardEntry | null;
  /** How much of it was kept back for what the player owed, by debt. */
  kept_back: (ClaimName & { event_id: string | null; amount: number })[];
  /** What the player owes since it was taken back. */
  debts: Debt[];
}

/** A claim as `claimColumns` reads it. */
export type ClaimRow = Omit<ClaimEntry, 'reward' | 'take_back' | 'kept_back' | 'debts'>;

/** A claim `c` with its game `g` as JSON, for `claimEntry`. */
export const claimColumns: RawBuilder<unknown> = sql`json_build_object(
  'game_id', g.game_id, 'window_start', c.window_start, 'step', c.step, 'earning', c.earning, 'step_type', c.step_type, 'status', c.status,
  'version', c.version, 'reward_type', c.reward_type, 'amount', c.amount, 'key', c.message_key, 'claimed_at', c.claimed_at,
  'event_id', ${eventIdOf(sql`c.event_no`)},
  'history', (select coalesce(json_agg(json_build_object('from', t.from_status, 'to', t.to_status, 'changed_at', t.changed_at,
                                                         'event_id', ${eventIdOf(sql`t.event_no`)}) order by t.transition_no), '[]')
                from milepost.claim_transition t
               where t.bucket = c.bucket and t.player_id = c.player_id and t.game_no = c.game_no and t.window_start = c.window_start
                 and t.step = c.step and t.earning = c.earning))`;

/** The id of the event of a number: one that counted, that ruled, or whose payload is still stored. */
function eventIdOf(eventNo: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce(
    (select r.event_id from milepost.ruling r where r.bucket = c.bucket and r.player_id = c.player_id and r.event_no = ${eventNo}),
    (select e.event_id from milepost.credit e where e.bucket = c.bucket and e.player_id = c.player_id and e.event_no = ${eventNo} limit 1),
    (select i.event_id from milepost.inbox i where i.bucket = c.bucket and i.player_id = c.player_id and i.event_no = ${eventNo} limit 1))`;
}

/** Completes a claim. */
export async function claimEntry(db: Db, row: ClaimRow, debts: readonly Debt[]): Promise<ClaimEntry> {
  // Instants inside a JSON column are text, as PostgreSQL writes it.
  const iso = (text: string): string => formatInstant(Date.parse(text));
  const name = { game_id: row.game_id, window_start: iso(row.window_start), step: row.step, earning: row.earning };
  const ofType = debts.filter(({ reward_type }) => reward_type === row.reward_type);
  const story = async (key: string | null) => rewardEntry(key === null ? undefined : await findReward(db, key));
  return {
    ...row,
    ...name,
    claimed_at: iso(row.claimed_at),
    history: row.history.map((change) => ({ ...change, changed_at: iso(change.changed_at) })),
    reward: await story(row.key),
    take_back: row.status === 'clawed_back' && row.key !== null ? await story(takeBackKey(row.key)) : null,
    kept_back: ofType.flatMap(({ made_up_by, game_id, window_start, step, earning, event_id }) =>
      made_up_by
        .filter((part) => isOfClaim(part, name))
        .map(({ amount }) => ({ game_id, window_start, step, earning, event_id, amount })),
    ),
    debts: ofType.filter((debt) => isOfClaim(debt, name)),
  };
}

function rewardEntry(story: RewardStory | undefined): RewardEntry | null {
  if (story === undefined) return null;
  const { service, state, reward, attempts, created_at, settled_at, next_attempt_at, last_error, calls, retries } =
    story;
  return {
    service,
    state,
    amount: reward.amount,
    lowered_from: reward.downgraded_from ?? null,
    attempts,
    written_at: formatInstant(created_at),
    settled_at: settled_at === null ? null : formatInstant(settled_at),
    next_attempt_at: next_attempt_at === null ? null : formatInstant(next_attempt_at),
    last_error,
    calls: calls.map(({ attempt, started_at, ended_at, result, error }) => {
      return { attempt, started_at: formatInstant(started_at), ended_at: formatInstant(ended_at), result, error };
    }),
    retries: retries.map(({ retried_at, retried_by, reason, from_state }) => {
      return { retried_at: formatInstant(retried_at), retried_by, reason, from_state };
    }),
  };
}

const STATUSES: Readonly<Record<ClaimStatus, string>> = {
  earned: 'earned',
  awaiting_budget: 'earned, as far as its budget allows',
  held: 'held until it is released',
  unopened: 'a fortune cookie to be opened',
  opened: 'a fortune cookie that was opened',
  voided: 'not to be paid, by a verdict',
  cancelled: 'taken back before it was paid',
  kept: 'paid, and kept though the step was lost',
  clawed_back: 'taken back from the player',
  offset: 'owed by the player',
};

/** A claim's status in words. */
export function statusInWords(status: ClaimStatus): string {
  return STATUSES[status];
}

/** Where a step stands that an event reached or changed, for whoever waits for its reward; nothing where there is nothing to say beyond its status. */
export function claimInWords(claim: ClaimEntry): string[] {
  const { step, game_id, status, history, amount, reward_type } = claim;
  const lost = hasEnded(status) || status === 'kept';
  const by = history.at(-1)?.event_id ?? null;
  const since = by === null ? '' : ` since the event ${by}`;
  const said = lost ? [`Step ${step} of ${game_id} is not reached any more${since}.`] : [];
  if (amount === null) return said;
  const what = `${amount} ${reward_type} of step ${step} in ${game_id}`;
  const words = rewardInWords(claim, what);
  return words === undefined ? said : [...said, words];
}

function rewardInWords(claim: ClaimEntry, what: string): string | undefined {
  const { status, reward, take_back } = claim;
  switch (status) {
    case 'earned':
    case 'awaiting_budget':
    case 'opened':
    case 'kept': {
      const paid = paidInWords(claim, what);
      return status === 'kept' && paid !== undefined ? `${paid} The player keeps what was paid.` : paid;
    }
    case 'held':
      return `The ${what}: held until fraud and risk management release it.`;
    case 'voided':
      return `The ${what}: not paid, by a verdict.`;
    case 'cancelled':
      return `The ${what}: ${reward?.state === 'done' ? 'cancelled.' : 'cancelled; nothing of it was paid.'}${owedInWords(claim)}`;
    case 'clawed_back':
      return `${paidInWords(claim, what)} ${take_back === null ? 'It is taken back.' : takeBackInWords(take_back)}${owedInWords(claim)}`;
    case 'offset':
      return `${paidInWords(claim, what)}${owedInWords(claim)}`;
    default:
      return undefined;
  }
}

function paidInWords({ reward, kept_back, amount, reward_type }: ClaimEntry, what: string): string | undefined {
  const kept = kept_back.reduce((sum, part) => sum + part.amount, 0);
  const why = kept_back
    .map(({ step, game_id, event_id, amount: part }) => {
      const since = event_id === null ? '' : ` by the event ${event_id}`;
      return `${part} for step ${step} of ${game_id}, which was taken back${since}`;
    })
    .join(', and ');
  if (reward === null)
    return kept === 0 ? undefined : `The ${what}: all of it was kept back for what the player owed (${why}).`;
  const { lowered_from: lowered } = reward;
  const head =
    kept === 0
      ? `The ${what}: `
      : `Of the ${what} ${kept} were kept back for what the player owed (${why}). The other ${(amount ?? 0) - kept} ${reward_type}: `;
  const less =
    lowered === null ? '' : `its budget had not enough left, so that it is ${reward.amount} ${reward_type}; `;
  return `${head}${less}${stateInWords(reward)}`;
}

/** Where a payment stands. */
export function stateInWords({ state, attempts, settled_at, last_error }: RewardEntry): string {
  const on = settled_at === null ? '' : ` on ${settled_at.slice(0, 10)}`;
  switch (state) {
    case 'done':
      return `paid${on}.`;
    case 'failed':
      return `refused${on}${last_error === null ? '' : ` (${last_error})`}; support looks after it.`;
    case 'ambiguous':
      return 'it is not known whether it was paid; support looks after it.';
    case 'pending':
      return attempts === 0 ? 'on its way.' : `on its way, tried ${attempts} times so far.`;
    case 'held':
      return 'its budget has not enough left for it; it waits for a decision.';
    case 'skipped':
      return `not paid${on}: its budget had not enough left for it.`;
    case 'cancelled':
      return `cancelled${on}; nothing of it was paid.`;
    default:
      throw new Error(`a payment in the state ${state}`);
  }
}

/** Where what takes a payment back stands. */
export function takeBackInWords({ state, settled_at, amount, last_error }: RewardEntry): string {
  const on = settled_at === null ? '' : ` on ${settled_at.slice(0, 10)}`;
  switch (state) {
    case 'done':
      return `${amount} were taken back from the player${on}.`;
    case 'failed':
      return `Taking it back was refused${on}${last_error === null ? '' : ` (${last_error})`}; support looks after it.`;
    case 'ambiguous':
      return 'It is not known whether it was taken back; support looks after it.';
    case 'cancelled':
      return 'As nothing was paid, nothing is taken back.';
    case 'waiting':
      return 'It is taken back once it is known to have been paid.';
    default:
      return 'It is being taken back from the player.';
  }
}

function owedInWords({ status, debts, reward_type }: ClaimEntry): string {
  const owed = debts.filter(({ state }) => state === 'owed');
  const amount = owed.reduce((sum, debt) => sum + debt.amount, 0);
  const left = owed.reduce((sum, debt) => sum + debt.left, 0);
  const made =
    left === amount ? '' : left === 0 ? ', and later rewards have made up for it' : `; ${left} of it are left`;
  const said =
    amount === 0
      ? []
      : [
          ` ${amount} ${reward_type} ${status === 'cancelled' ? 'that had been kept back of it are owed again' : 'are owed for it'}${made}.`,
        ];
  if (debts.some(({ state }) => state === 'waiting')) said.push(' Once it is known to have been paid, it is owed.');
  if (debts.some(({ state }) => state === 'void')) said.push(' As nothing was paid, nothing is owed.');
  return said.join('');
}
