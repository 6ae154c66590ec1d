// The claims that an event made or changed, with what became of their rewards: dispatch, debts, what took them back. Reads only. Owns how that is
// said to whoever waits for a reward.
import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { formatDate } from '../definitions/moment.ts';
import { hasEnded } from '../games/claim.ts';
import type { ClaimStatus } from '../games/games.ts';
import { findReward, type RewardStory } from '../outbox/find.ts';
import { type PlayerName, rowsOf } from '../players/kin.ts';
import { takeBackKey } from '../rewards/decide.ts';
import { formatInstant } from '../time.ts';
import { zoneOf } from '../time-zone.ts';
import { type ClaimName, type Debt, eventIdOf, isOfClaim, nameOf, rulerOf } from './debts.ts';
import { eventInWords } from './event-name.ts';

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
  /** Of its game: days are told by it. */
  time_zone: string;
  /** The event that reached the step; null where it is not on record any more. */
  event_id: string | null;
  /** It was cancelled by a merge, since another account of the person has the step as well. */
  repeated: boolean;
  /** The step has been reached anew since this claim was taken back. */
  reached_again: boolean;
  /** Each change of its status, and the event that made it; its producer, if that ruled. */
  history: {
    from: ClaimStatus;
    to: ClaimStatus;
    changed_at: string;
    event_id: string | null;
    producer: string | null;
  }[];
  /** When a fortune cookie was opened, by which event, and what came out (null: nothing was left); null for what was not opened. */
  opening: { opened_at: string; event_id: string | null; prize_id: string | null } | null;
  /** Where the reward stands; null for steps that pay nothing by themselves, and while nothing has been sent off. */
  reward: RewardEntry | null;
  /** Where what takes it back stands; null where nothing does. */
  take_back: RewardEntry | null;
  /** How much of it was kept back for what the player owed, by debt. */
  kept_back: (ClaimName & { event_id: string | null; producer: string | null; amount: number })[];
  /** What the player owes since it was taken back. */
  debts: Debt[];
}

/** A claim as `claimColumns` reads it. */
export type ClaimRow = Omit<ClaimEntry, 'account' | 'time_zone' | 'reward' | 'take_back' | 'kept_back' | 'debts'> & {
  under: string | null;
};

/**
 * A claim `c` with its game `g` as JSON, for `claimEntry`, as told of the first of some kin: the events that it came of may stand under any of them.
 */
export function claimColumns(kin: readonly [PlayerName, ...PlayerName[]]): RawBuilder<unknown> {
  const [told] = kin;
  const players = rowsOf(kin);
  const same = (
    other: string,
  ) => sql`${sql.ref(`${other}.game_no`)} = c.game_no and ${sql.ref(`${other}.window_start`)} = c.window_start
    and ${sql.ref(`${other}.step`)} = c.step`;
  const own = (
    other: string,
  ) => sql`${sql.ref(`${other}.bucket`)} = c.bucket and ${sql.ref(`${other}.player_id`)} = c.player_id
    and ${same(other)} and ${sql.ref(`${other}.earning`)} = c.earning`;
  return sql`json_build_object(
    'game_id', g.game_id, 'window_start', c.window_start, 'step', c.step, 'earning', c.earning, 'step_type', c.step_type, 'status', c.status,
    'version', c.version, 'reward_type', c.reward_type, 'amount', c.amount, 'key', c.message_key, 'claimed_at', c.claimed_at,
    'under', case when c.player_id <> ${told.player_id}::bigint then (
      select p.user_id from milepost.player p where p.bucket = c.bucket and p.player_id = c.player_id) end,
    'event_id', ${eventIdOf(sql`c.event_no`, players)},
    'reached_again', exists (select from ${players} join milepost.claim n using (bucket, player_id) where ${same('n')} and n.earning > c.earning),
    'repeated', c.status = 'cancelled'
      and exists (select from milepost.claim_transition t join milepost.player_merge m on m.event_no = t.event_no and m.kind = 'merged'
                   where ${own('t')} and t.to_status = 'cancelled')
      and exists (select from ${players} join milepost.claim n using (bucket, player_id)
                   where ${same('n')} and n.player_id <> c.player_id and n.status not in ('cancelled', 'clawed_back', 'offset')),
    'opening', (select json_build_object('opened_at', o.opened_at, 'prize_id', o.prize_id, 'event_id', ${eventIdOf(sql`o.event_no`, players)})
                  from milepost.cookie_opening o where ${own('o')}),
    'history', (select coalesce(json_agg(json_build_object('from', t.from_status, 'to', t.to_status, 'changed_at', t.changed_at,
                                                           'event_id', ${eventIdOf(sql`t.event_no`, players)},
                                                           'producer', ${rulerOf(sql`t.event_no`, players)}) order by t.transition_no), '[]')
                  from milepost.claim_transition t where ${own('t')}))`;
}

/** Completes a claim. */
export async function claimEntry(
  db: Db,
  claim: ClaimRow,
  debts: readonly Debt[],
  { games }: Definitions,
): Promise<ClaimEntry> {
  const { under, ...row } = claim;
  // Instants inside a JSON column are text, as PostgreSQL writes it.
  const iso = (text: string): string => formatInstant(Date.parse(text));
  const { game_id, step, earning } = row;
  const account = under === null ? {} : { account: under };
  const name = { game_id, window_start: iso(row.window_start), step, earning, ...account };
  const ofType = debts.filter(({ reward_type }) => reward_type === row.reward_type);
  const story = async (key: string | null) => rewardEntry(key === null ? undefined : await findReward(db, key));
  return {
    ...row,
    ...name,
    time_zone: games.find(({ gameId }) => gameId === row.game_id)?.versions.at(-1)?.config.time_zone ?? 'UTC',
    claimed_at: iso(row.claimed_at),
    history: row.history.map((change) => ({ ...change, changed_at: iso(change.changed_at) })),
    reward: await story(row.key),
    take_back: row.status === 'clawed_back' && row.key !== null ? await story(takeBackKey(row.key)) : null,
    opening: row.opening === null ? null : { ...row.opening, opened_at: iso(row.opening.opened_at) },
    kept_back: ofType.flatMap(({ made_up_by, event_id, producer, ...debt }) =>
      made_up_by
        .filter((part) => isOfClaim(part, name))
        .map(({ amount }) => ({ ...nameOf(debt), event_id, producer, amount })),
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
  offset: 'taken back; later rewards make up for it',
};

/** Where nothing is paid. */
const UNPAID: Readonly<Partial<Record<ClaimStatus, string>>> = {
  earned: 'reached',
  cancelled: 'taken back',
  kept: 'kept though the step was lost',
  voided: 'taken back, by a verdict',
};

/** A claim's status in words. `pays`: it has a reward. */
export function statusInWords(status: ClaimStatus, pays: boolean): string {
  return (pays ? undefined : UNPAID[status]) ?? STATUSES[status];
}

/** What has become of a step that an event reached or changed, for whoever waits for its reward; nothing where there is nothing to say beyond its status. */
export function claimInWords(claim: ClaimEntry): string[] {
  return [...cookieInWords(claim), ...standingInWords(claim)];
}

/** Whether a cookie was opened, and what came out. */
function cookieInWords({ step, game_id, status, opening, amount, reward_type, time_zone }: ClaimEntry): string[] {
  const cookie = `The fortune cookie of step ${step} in ${game_id}`;
  if (opening === null) return status === 'unopened' ? [`${cookie} has not been opened yet.`] : [];
  const { opened_at, prize_id } = opening;
  const pays = amount === null ? 'pays nothing' : `pays ${amount} ${reward_type}`;
  const what = prize_id === null ? 'nothing came out, as no prize was left' : `${prize_id} came out, which ${pays}`;
  return [`${cookie} was opened${onDay(opened_at, time_zone)}: ${what}.`];
}

/** Where a step and its reward stand. */
export function standingInWords(claim: ClaimEntry): string[] {
  const { step, game_id, status, history, amount, reward_type, reached_again, repeated } = claim;
  const lost = hasEnded(status) || status === 'kept';
  const last = history.at(-1);
  const by = last?.event_id ?? null;
  const ruler = by === null ? '' : eventInWords(by, last?.producer);
  const end = reached_again
    ? `was lost${by === null ? '' : ` by ${ruler}`}, and has been reached again since`
    : `is not reached any more${by === null ? '' : ` since ${ruler}`}`;
  const said = repeated
    ? [
        `Step ${step} of ${game_id} was reached by both accounts, which are one person${by === null ? '' : ` since ${ruler}`}.`,
      ]
    : lost
      ? [`Step ${step} of ${game_id} ${end}.`]
      : [];
  if (amount === null) return said;
  const what = `${amount} ${reward_type} of step ${step} in ${game_id}`;
  const words = rewardInWords(claim, what);
  return words === undefined ? said : [...said, words];
}

/** The states of a payment that has been made, or may have been. */
const keepable: ReadonlySet<string> = new Set(['done', 'pending', 'ambiguous']);

function rewardInWords(claim: ClaimEntry, what: string): string | undefined {
  const { status, reward, take_back } = claim;
  switch (status) {
    case 'earned':
    case 'awaiting_budget':
    case 'opened':
    case 'kept': {
      const paid = paidInWords(claim, what);
      if (status !== 'kept' || paid === undefined) return paid;
      return reward !== null && keepable.has(reward.state) ? `${paid} The player keeps it.` : paid;
    }
    case 'held':
      return `The ${what}: held until fraud and risk management release it.`;
    case 'voided':
      return `The ${what}: not paid, by a verdict.`;
    case 'cancelled':
      return `The ${what}: ${reward?.state === 'done' ? 'cancelled.' : 'cancelled; nothing of it was paid.'}${owedInWords(claim)}`;
    case 'clawed_back':
      return `${paidInWords(claim, what)} ${take_back === null ? 'It is taken back.' : takeBackInWords(take_back, claim.time_zone)}${owedInWords(claim)}`;
    case 'offset':
      return `${paidInWords(claim, what)}${owedInWords(claim)}`;
    default:
      return undefined;
  }
}

function paidInWords(
  { reward, kept_back, amount, reward_type, time_zone }: ClaimEntry,
  what: string,
): string | undefined {
  const kept = kept_back.reduce((sum, part) => sum + part.amount, 0);
  const why = kept_back
    .map(({ step, game_id, event_id, producer, amount: part }) => {
      const since = event_id === null ? '' : ` by ${eventInWords(event_id, producer)}`;
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
  return `${head}${less}${stateInWords(reward, time_zone)}`;
}

/** ` on 1 June 2026`, as the clocks of a zone show it; nothing where it is not known when. */
function onDay(at: string | null, timeZone: string): string {
  return at === null ? '' : ` on ${formatDate(Date.parse(at), zoneOf(timeZone))}`;
}

/** Where a payment stands. */
export function stateInWords({ state, attempts, settled_at, last_error }: RewardEntry, timeZone: string): string {
  const on = onDay(settled_at, timeZone);
  switch (state) {
    case 'done':
      return `paid${on}.`;
    case 'failed':
      return `refused${on}${last_error === null ? '' : ` (${last_error})`}; support looks after it.`;
    case 'ambiguous':
      return 'it is not known whether it was paid; support looks after it.';
    case 'pending':
      return attempts === 0
        ? 'on its way.'
        : `on its way, tried ${attempts === 1 ? 'once' : `${attempts} times`} so far.`;
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
export function takeBackInWords({ state, settled_at, amount, last_error }: RewardEntry, timeZone: string): string {
  const on = onDay(settled_at, timeZone);
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
  const owed = debts.filter(({ state }) => state === 'owed' || state === 'settled');
  const amount = owed.reduce((sum, debt) => sum + debt.amount, 0);
  const left = owed.reduce((sum, debt) => sum + debt.left, 0);
  const [are, made] =
    left === 0
      ? ['were', '; later rewards have made up for it, and nothing of it is left']
      : ['are', left === amount ? '' : `; ${left} of it are left`];
  const what = status === 'cancelled' ? `that had been kept back of it ${are} owed again` : `${are} owed for it`;
  const said = amount === 0 ? [] : [` ${amount} ${reward_type} ${what}${made}.`];
  if (debts.some(({ state }) => state === 'waiting')) said.push(' Once it is known to have been paid, it is owed.');
  if (debts.some(({ state }) => state === 'void')) said.push(' As nothing was paid, nothing is owed.');
  return said.join('');
}
