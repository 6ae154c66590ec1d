// Writes a decision in one round trip. The typed wrapper of apply_batch: columns out of rows, in the order the function names them.
import { type Argument, arrayOf, arrayOfJson, arrayOfText, callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import { formatOrigin } from '../event/origin.ts';
import type { Account, Progress, Ruling } from '../games/games.ts';
import { stateOf } from '../games/standing.ts';
import type { Position } from '../inbox/store.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Decision, JudgedEvent, Mention, Merge } from './effect.ts';

/** Writes everything the decision holds and moves the source's position, inside the transaction that opened the batch at `now`. */
export async function applyDecision(
  tx: Tx,
  decision: Decision,
  position: Position | undefined,
  now: Instant,
): Promise<void> {
  await callFunction(tx, 'apply_batch', [
    ...eventColumns(decision),
    ...creditColumns(decision),
    ...progressColumns(decision),
    ...claimColumns(decision),
    ...changeColumns(decision),
    ...joinColumns(decision),
    ...statementColumns(decision),
    ...messageColumns(decision),
    { name: 'p_rulings', type: 'json', value: rulingsOf(decision) },
    { name: 'p_topic', type: 'text', value: position?.topic ?? null },
    { name: 'p_partition', type: 'integer', value: position?.partition ?? null },
    { name: 'p_from_offset', type: 'bigint', value: position?.fromOffset ?? null },
    { name: 'p_next_offset', type: 'bigint', value: position?.nextOffset ?? null },
    { name: 'p_now', type: 'timestamptz', value: formatInstant(now) },
  ]);
}

/** Numbers, booleans and words that need no quoting. */
function plain<Row>(name: string, type: string, rows: readonly Row[], value: (row: Row) => number | string): Argument {
  return { name, type: `${type}[]`, value: arrayOf(rows.map(value)) };
}

/** The same for what is mostly absent: a column without any value is sent as null. */
function sparse<Row>(
  name: string,
  type: string,
  rows: readonly Row[],
  value: (row: Row) => number | string | true | null,
): Argument {
  const values = rows.map(value);
  const empty = values.every((each) => each === null);
  return { name, type: `${type}[]`, value: empty ? null : arrayOf(values.map((each) => each ?? 'null')) };
}

/** Texts; a column without any is sent as null. */
function text<Row>(name: string, type: string, rows: readonly Row[], value: (row: Row) => string | null): Argument {
  const values = rows.map(value);
  const empty = values.every((each) => each === null);
  return { name, type: `${type}[]`, value: empty ? null : arrayOfText(values) };
}

/** JSON documents, as text; a column without any is sent as null. */
function json<Row>(
  name: string,
  type: 'json' | 'jsonb',
  rows: readonly Row[],
  value: (row: Row) => string | null,
): Argument {
  const documents = rows.map(value);
  const empty = documents.every((each) => each === null);
  return { name, type: `${type}[]`, value: empty ? null : arrayOfJson(documents), joined: true };
}

function eventColumns({ judged: rows }: Decision): Argument[] {
  return [
    plain('p_event_bucket', 'smallint', rows, (row) => row.opened.player.bucket),
    plain('p_event_player_id', 'bigint', rows, (row) => row.opened.player.playerId),
    plain('p_event_no', 'bigint', rows, (row) => row.eventNo),
    text('p_event_id', 'text', rows, (row) => row.opened.incoming.event.event_id),
    text('p_event_producer', 'text', rows, (row) => row.opened.incoming.event.producer),
    plain('p_event_content_hash', 'uuid', rows, (row) => row.opened.incoming.contentHash),
    plain('p_event_outcome', 'milepost.event_outcome', rows, (row) => row.outcome),
    sparse('p_event_reason', 'text', rows, (row) => row.reason),
    plain('p_event_received_at', 'bigint', rows, (row) => row.opened.receivedAt),
    plain('p_event_occurred_at', 'bigint', rows, (row) => row.opened.incoming.event.occurred_at),
    text('p_event_type', 'text', rows, (row) => row.opened.incoming.event.event_type),
    text('p_event_version', 'text', rows, (row) => row.opened.incoming.event.event_version),
    text('p_event_source', 'text', rows, (row) => row.opened.incoming.source),
    text('p_event_origin', 'text', rows, (row) => formatOrigin(row.opened.incoming.origin)),
    json('p_event_payload', 'json', rows, (row) => row.opened.incoming.payload),
    sparse('p_event_redone', 'boolean', rows, (row) => row.redone || null),
  ];
}

function creditColumns({ credits: rows }: Decision): Argument[] {
  return [
    plain('p_credit_event', 'integer', rows, (row) => row.judged.place),
    plain('p_credit_game_no', 'integer', rows, (row) => row.credit.gameNo),
    plain('p_credit_window_start', 'bigint', rows, (row) => row.credit.windowStart),
    text('p_credit_trigger_id', 'text', rows, (row) => row.credit.triggerId),
    plain('p_credit_amount', 'bigint', rows, (row) => row.credit.amount),
    text('p_credit_distinct_value', 'text', rows, (row) => row.credit.distinctValue),
    sparse('p_credit_held', 'boolean', rows, (row) => row.credit.held || null),
    plain('p_credit_version', 'integer', rows, (row) => row.credit.version),
    text('p_credit_payment_id', 'text', rows, (row) => row.judged.opened.incoming.event.correlation.payment_id),
    text('p_credit_transaction_id', 'text', rows, (row) => row.credit.transactionId),
    text('p_credit_event_id', 'text', rows, (row) => row.judged.opened.incoming.event.event_id),
    sparse('p_credit_transaction_amount', 'numeric', rows, (row) => row.credit.transactionAmount),
  ];
}

function progressColumns({ touched }: Decision): Argument[] {
  const rows = touched.flatMap((player) =>
    player.progress.filter(({ changed }) => changed).map((progress) => ({ player, progress })),
  );
  return [
    plain('p_progress_bucket', 'smallint', rows, (row) => row.player.bucket),
    plain('p_progress_player_id', 'bigint', rows, (row) => row.player.playerId),
    plain('p_progress_game_no', 'integer', rows, (row) => row.progress.gameNo),
    plain('p_progress_window_start', 'bigint', rows, (row) => row.progress.windowStart),
    plain('p_progress_value', 'bigint', rows, (row) => row.progress.all.value),
    plain('p_progress_cleared', 'bigint', rows, (row) => row.progress.cleared.value),
    text('p_progress_claimed', 'text', rows, (row) => `{${row.progress.claimed}}`),
    json('p_progress_state', 'jsonb', rows, ({ progress }) => {
      const state = stateOf(progress);
      return state === null ? null : JSON.stringify(state);
    }),
    json('p_progress_taken_back', 'jsonb', rows, (row) => takenBackOf(row.progress)),
  ];
}

function takenBackOf({ ended, kept }: Progress): string | null {
  return kept.length === 0 && Object.keys(ended).length === 0 ? null : JSON.stringify({ ended, kept });
}

function claimColumns({ claims: rows }: Decision): Argument[] {
  return [
    plain('p_claim_event', 'integer', rows, (row) => row.judged.place),
    sparse('p_claim_bucket', 'smallint', rows, (row) => otherThan(row.judged, row.player)?.bucket ?? null),
    sparse('p_claim_player_id', 'bigint', rows, (row) => otherThan(row.judged, row.player)?.playerId ?? null),
    plain('p_claim_game_no', 'integer', rows, (row) => row.claim.gameNo),
    plain('p_claim_window_start', 'bigint', rows, (row) => row.claim.windowStart),
    plain('p_claim_step', 'bigint', rows, (row) => row.claim.step),
    plain('p_claim_earning', 'smallint', rows, (row) => row.claim.earning),
    plain('p_claim_step_type', 'text', rows, (row) => row.claim.stepType),
    plain('p_claim_status', 'milepost.claim_status', rows, (row) => row.claim.status),
    plain('p_claim_version', 'integer', rows, (row) => row.claim.version),
    sparse('p_claim_reward_type', 'text', rows, (row) => row.claim.reward?.rewardType ?? null),
    sparse('p_claim_amount', 'bigint', rows, (row) => row.claim.reward?.amount ?? null),
    sparse('p_claim_message_key', 'uuid', rows, (row) => row.messageKey),
  ];
}

function holderOf({ player, change }: Decision['changes'][number]): Account {
  return change.claim.account ?? player;
}

/** Whose a claim is, where that is not the player of its event but another one of the person. */
function otherThan({ opened }: JudgedEvent, account: Account): Account | undefined {
  return account.playerId === opened.player.playerId ? undefined : account;
}

function changeColumns({ changes: rows }: Decision): Argument[] {
  return [
    plain('p_change_event', 'integer', rows, (row) => row.judged.place),
    sparse('p_change_bucket', 'smallint', rows, (row) => otherThan(row.judged, holderOf(row))?.bucket ?? null),
    sparse('p_change_player_id', 'bigint', rows, (row) => otherThan(row.judged, holderOf(row))?.playerId ?? null),
    plain('p_change_game_no', 'integer', rows, (row) => row.change.claim.gameNo),
    plain('p_change_window_start', 'bigint', rows, (row) => row.change.claim.windowStart),
    plain('p_change_step', 'bigint', rows, (row) => row.change.claim.step),
    plain('p_change_earning', 'smallint', rows, (row) => row.change.claim.earning),
    plain('p_change_from', 'milepost.claim_status', rows, (row) => row.change.from),
    plain('p_change_to', 'milepost.claim_status', rows, (row) => row.change.claim.status),
  ];
}

/** What few batches have, as one document; its form is told by db/functions/games/rulings_apply.sql. Null where there is nothing of it. */
function rulingsOf(decision: Decision): string | null {
  const { rulings, resolved, corrections, debts, draws, openings, cancelled, released, merge, refusedMerge } = decision;
  const all = [rulings, resolved, corrections, debts, draws, openings, cancelled, released];
  if (merge === null && refusedMerge === null && all.every((list) => list.length === 0)) return null;
  return JSON.stringify({
    rulings: rulings.map(({ player, ruling }) => ({ ...ownerOf(player), ...rulingColumns(ruling) })),
    resolved: resolved.map(({ player, ruling, reason }) => ({
      ...ownerOf(ruling.account ?? player),
      ...rulingColumns(ruling),
      reason,
    })),
    corrections: corrections.map(({ player, credit, rulingNo }) => ({
      ...ownerOf(credit.account ?? player),
      game_no: credit.gameNo,
      window_start: credit.windowStart,
      event_no: credit.eventNo,
      trigger_id: credit.triggerId,
      ...credit.correction,
      ruling_no: rulingNo,
    })),
    debts: debts.map(({ player, judged, entry }) => ({
      ...ownerOf(player),
      reward_type: entry.rewardType,
      amount: entry.amount,
      game_no: entry.gameNo,
      window_start: entry.windowStart,
      step: entry.step,
      earning: entry.earning,
      after_key: entry.afterKey,
      event_no: judged.eventNo,
    })),
    draws: draws.map(({ player, claim, drawn }) => ({
      ...ownerOf(player),
      game_no: claim.gameNo,
      window_start: claim.windowStart,
      step: claim.step,
      earning: claim.earning,
      key_id: drawn.keyId,
      odds: drawn.odds,
      value: drawn.chosen.value,
    })),
    openings: openings.map(({ player, judged, opened, messageKey }) => {
      const { claim } = opened.change;
      const { reward } = claim;
      return {
        ...ownerOf(claim.account ?? player),
        game_no: claim.gameNo,
        window_start: claim.windowStart,
        step: claim.step,
        earning: claim.earning,
        event_no: judged.eventNo,
        version: opened.version,
        prizes: opened.prizes,
        key_id: opened.drawn?.keyId ?? null,
        prize_id: opened.drawn?.prizeId ?? null,
        stock_window: opened.drawn?.stock?.windowStart ?? null,
        stock: opened.drawn?.stock?.most ?? null,
        ...(reward === null ? {} : { reward_type: reward.rewardType, amount: reward.amount, message_key: messageKey }),
      };
    }),
    cancelled: cancelled.map(({ bucket, messageKey }) => ({ bucket, message_key: messageKey })),
    released: released.map(({ bucket, messageKey, destination }) => ({ bucket, message_key: messageKey, destination })),
    ...(merge === null ? {} : { merge: mergeOf(merge) }),
    ...(refusedMerge === null ? {} : { merge: mentionOf(refusedMerge) }),
  });
}

/** The form of a merge is told by db/functions/players/players_apply.sql. */
function mergeOf({ kind, reason, statedBy, owned, members, ...mention }: Merge) {
  return {
    ...mentionOf(mention),
    kind,
    reason,
    stated_by: statedBy,
    owned: owned.map(({ account, owner, into, mergedAt }) => ({
      ...ownerOf(account),
      owner_bucket: owner.bucket,
      owner_id: owner.playerId,
      ...parent(into),
      merged_at: formatInstant(mergedAt),
    })),
    members: members.map(ownerOf),
  };
}

function mentionOf({ judged, account, into }: Mention) {
  return { ...ownerOf(account), ...parent(into), event_no: judged.eventNo };
}

function parent({ bucket, playerId }: Account): { into_bucket: number; into_player_id: number } {
  return { into_bucket: bucket, into_player_id: playerId };
}

function ownerOf({ bucket, playerId }: Account): { bucket: number; player_id: number } {
  return { bucket, player_id: playerId };
}

function rulingColumns(ruling: Ruling) {
  return {
    event_no: ruling.eventNo,
    event_id: ruling.eventId,
    producer: ruling.producer,
    kind: ruling.kind,
    original_event_id: ruling.originalEventId,
    original_producer: ruling.originalProducer,
    payment_id: ruling.paymentId,
    amount: ruling.amount,
    waiting: ruling.waiting,
  };
}

function joinColumns({ joins: rows }: Decision): Argument[] {
  return [
    plain('p_join_event', 'integer', rows, (row) => row.judged.place),
    plain('p_join_game_no', 'integer', rows, (row) => row.join.gameNo),
  ];
}

function statementColumns({ statements: rows }: Decision): Argument[] {
  return [
    plain('p_statement_bucket', 'smallint', rows, (row) => row.player.bucket),
    plain('p_statement_player_id', 'bigint', rows, (row) => row.player.playerId),
    text('p_statement_cohort_id', 'text', rows, (row) => row.statement.cohortId),
    plain('p_statement_valid_from', 'bigint', rows, (row) => row.statement.from),
    plain('p_statement_member', 'boolean', rows, (row) => String(row.statement.member)),
  ];
}

function messageColumns({ messages: rows }: Decision): Argument[] {
  return [
    plain('p_message_bucket', 'smallint', rows, (row) => row.bucket),
    plain('p_message_destination', 'text', rows, (row) => row.destination),
    sparse('p_message_key', 'uuid', rows, (row) => row.messageKey),
    sparse('p_message_after_key', 'uuid', rows, (row) => row.afterKey),
    json('p_message_body', 'jsonb', rows, (row) => JSON.stringify(row.body)),
  ];
}
