// A player's history in one game, in all its windows: joins, credits, claims and rewards, newest first, page by page, from PostgreSQL. Owns the
// cursor and what of an entry a player may see.
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { bucketOf } from '../ids.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Timeline } from './decide.ts';
import type { ClaimFact, Payment } from './facts.ts';
import type { Claim, ClaimStatus } from './games.ts';
import { type RewardView, rewardView, type StepState, stepState } from './view.ts';

/**
 * Joins and credits stand at their event's time, claims at the time the step was claimed, rewards at the time the payment ended. `window_start` says
 * in which of the game's windows.
 */
export type HistoryEntry =
  | { kind: 'join'; at: string }
  | {
      kind: 'credit';
      at: string;
      window_start: string;
      trigger_id: string;
      /** What the event was worth, before caps and repeated values; what it added after them is not known. */
      amount: number;
      /** Counted, but the rewards it earns wait for a release. */
      held: boolean;
      payment_id: string | null;
      transaction_id: string | null;
    }
  | {
      kind: 'claim';
      at: string;
      window_start: string;
      step: number;
      step_type: Claim['stepType'];
      state: StepState;
      reward: RewardView | null;
    }
  | { kind: 'reward'; at: string; window_start: string; step: number; state: StepState; reward: RewardView };

export interface HistoryPage {
  game_id: string;
  entries: HistoryEntry[];
  /** Asks for the page after this one; null on the last. */
  next_cursor: string | null;
}

/** The last entry of a page. */
export interface Cursor {
  atUs: number;
  place: string;
}

export function formatCursor({ atUs, place }: Cursor): string {
  return Buffer.from(`${atUs} ${place}`).toString('base64url');
}

/** Undefined for a text that `formatCursor` did not write. */
export function parseCursor(text: string): Cursor | undefined {
  const decoded = Buffer.from(text, 'base64url').toString('utf8');
  const [, atUs, place] = /^(\d{1,16}) ([0-3]:[\x20-\x7e]{1,256})$/.exec(decoded) ?? [];
  return atUs === undefined || place === undefined ? undefined : { atUs: Number(atUs), place };
}

type Row = { at_us: string; place: string } & (
  | { kind: 'join' }
  | {
      kind: 'credit';
      window_start: Instant;
      amount: string;
      trigger_id: string;
      held: boolean;
      payment_id: string | null;
      transaction_id: string | null;
    }
  | {
      kind: 'claim' | 'reward';
      window_start: Instant;
      version: number;
      amount: string | null;
      step: string;
      earning: number;
      step_type: Claim['stepType'];
      status: ClaimStatus;
      reward_type: ClaimFact['rewardType'];
      claimed_at: Instant;
      payment: Payment;
    }
);

/** Reads a page of at most `limit` entries, after `cursor` if given. */
export async function readHistory(
  db: Db,
  timeline: Timeline,
  userId: string,
  page: { limit: number; cursor: Cursor | undefined },
): Promise<HistoryPage> {
  const { rows } = await reading(() =>
    db.pool.query<Row>({
      name: 'player_history',
      text: 'select * from milepost.player_history($1::smallint, $2, $3, $4::bigint, $5, $6)',
      values: [
        bucketOf(userId),
        userId,
        timeline.gameNo,
        page.cursor?.atUs ?? null,
        page.cursor?.place ?? null,
        page.limit + 1,
      ],
    }),
  );
  const shown = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? shown.at(-1) : undefined;
  return {
    game_id: timeline.gameId,
    entries: shown.map((row) => entryOf(row, timeline)),
    next_cursor: last === undefined ? null : formatCursor({ atUs: Number(last.at_us), place: last.place }),
  };
}

function entryOf(row: Row, timeline: Timeline): HistoryEntry {
  const at = formatInstant(Math.floor(Number(row.at_us) / 1_000));
  if (row.kind === 'join') return { kind: 'join', at };
  const window_start = formatInstant(row.window_start);
  if (row.kind === 'credit') {
    const { trigger_id, held, payment_id, transaction_id } = row;
    return {
      kind: 'credit',
      at,
      window_start,
      trigger_id,
      amount: Number(row.amount),
      held,
      payment_id,
      transaction_id,
    };
  }
  const claim: ClaimFact = {
    step: Number(row.step),
    earning: row.earning,
    stepType: row.step_type,
    status: row.status,
    rewardType: row.reward_type,
    amount: row.amount === null ? null : Number(row.amount),
    claimedAt: row.claimed_at,
    version: row.version,
    payment: row.payment,
  };
  const reward = rewardOf(claim, timeline);
  if (row.kind === 'reward') {
    return {
      kind: 'reward',
      at,
      window_start,
      step: claim.step,
      state: stepState(claim),
      reward: reward ?? { visibility: 'hidden' },
    };
  }
  return {
    kind: 'claim',
    at,
    window_start,
    step: claim.step,
    step_type: claim.stepType,
    state: stepState(claim),
    reward,
  };
}

/** As promised by the version that judged the claim. */
function rewardOf(claim: ClaimFact, timeline: Timeline): RewardView | null {
  if (claim.stepType !== 'REWARD') return null;
  const version = timeline.versions.find((candidate) => candidate.version === claim.version);
  const step = version?.config.milestone_steps.find((candidate) => candidate.step === claim.step);
  return step?.step_type === 'REWARD' ? rewardView(step.reward, claim) : { visibility: 'hidden' };
}
