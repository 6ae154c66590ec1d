// The rounds of the budgets' drain in the database: takes what waits, and writes what was decided. The typed wrappers of budget_open and budget_apply.
import { arrayOf, arrayOfText, callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import type { Destination } from '../event/message.ts';
import type { Instant } from '../time.ts';
import type { Allotment, Period, Waiting } from './allot.ts';

/** What one round has to decide about. */
export interface Round {
  /** Of the definitions: limits must not be of an older one. */
  epoch: number;
  /** By the database's clock. */
  openedAt: Instant;
  rewards: (Waiting & { service: Destination })[];
  /** How many cancelled rewards have given their part back. */
  released: number;
  /** Another round finds something at once. */
  more: boolean;
}

type MessageRow = [
  bucket: number,
  messageNo: string,
  gameNo: number,
  gameId: string,
  userId: string,
  amount: number,
  service: Destination,
  budgets: [budgetId: string, start: Instant][],
];
type PeriodRow = [gameNo: number, budgetId: string, start: Instant, amount: number, claims: number];

/** Takes up to `limit` rewards that wait for their budgets, and locks them and the periods that they fall in. */
export async function openRound(tx: Tx, limit: number): Promise<Round> {
  const [opened] = await callFunction<{
    epoch: string;
    opened_at: Instant;
    messages: string;
    periods: string;
    released: number;
    more: boolean;
  }>(tx, 'budget_open', [{ name: 'p_limit', type: 'integer', value: limit }]);
  if (opened === undefined) throw new Error('budget_open gave nothing');
  const periods = new Map(
    (JSON.parse(opened.periods) as PeriodRow[]).map(([gameNo, budgetId, start, amount, claims]): [string, Period] => [
      keyOf(gameNo, budgetId, start),
      { gameNo, budgetId, amount, claims },
    ]),
  );
  const rows = JSON.parse(opened.messages) as MessageRow[];
  const rewards = rows.flatMap(([bucket, messageNo, gameNo, gameId, userId, amount, service, budgets]) => {
    const found = budgets.flatMap(([budgetId, start]) => periods.get(keyOf(gameNo, budgetId, start)) ?? []);
    // One that came while the periods were locked: its own are not.
    if (found.length < budgets.length) return [];
    return [{ bucket, messageNo, gameNo, gameId, userId, amount, service, periods: found }];
  });
  const { released } = opened;
  return {
    epoch: Number(opened.epoch),
    openedAt: opened.opened_at,
    rewards,
    released,
    more: opened.more || rewards.length < rows.length,
  };
}

/** Writes what was decided in the round that this transaction opened. Returns whether a refresh of projections was written. */
export async function applyAllotments(tx: Tx, allotments: readonly Allotment[]): Promise<boolean> {
  const [applied] = await callFunction<{ refreshed: boolean }>(tx, 'budget_apply', [
    { name: 'p_bucket', type: 'smallint[]', value: arrayOf(allotments.map(({ reward }) => reward.bucket)) },
    { name: 'p_message_no', type: 'bigint[]', value: arrayOf(allotments.map(({ reward }) => reward.messageNo)) },
    { name: 'p_result', type: 'text[]', value: arrayOf(allotments.map(({ result }) => result)) },
    { name: 'p_amount', type: 'bigint[]', value: arrayOf(allotments.map(({ amount }) => amount)) },
    { name: 'p_refused_by', type: 'text[]', value: arrayOfText(allotments.map(({ refusedBy }) => refusedBy)) },
  ]);
  return applied?.refreshed === true;
}

function keyOf(gameNo: number, budgetId: string, start: Instant): string {
  return `${gameNo} ${start} ${budgetId}`;
}
