// A player and the games as they were when an event was judged, put together from the ledgers: credits, claims with their transitions, joins and
// statements about cohorts say by the number of their event when each came to be. Reads only. Owns the order of judgements: an event that was judged
// again takes the place of its last judgement.
import { sql } from 'kysely';
import { readChange } from '../cohorts/change.ts';
import { addStatement, intervalsOf, type Statement } from '../cohorts/cohorts.ts';
import type { Db } from '../db/connect.ts';
import { createDefinitions, type Definitions } from '../definitions/definitions.ts';
import type { PlayerState } from '../engine/effect.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { hasEnded } from '../games/claim.ts';
import type { Timeline } from '../games/decide.ts';
import { foldBoth } from '../games/fold.ts';
import type { Game } from '../games/game.ts';
import type { Claim, ClaimStatus, Correction, Credit, OpenClaim, Progress, Ruling } from '../games/games.ts';
import { liveCredits } from '../games/ruling.ts';
import { limits } from '../limits.ts';
import type { Instant } from '../time.ts';

/** Who is asked about. */
export interface PlayerName {
  bucket: number;
  player_id: string;
  user_id: string;
}

/** A credit with the event that gave it. */
export interface LedgerCredit extends Credit {
  eventId: string | null;
  judgedNo: number;
  /** What rulings have made of it, each by the number of its ruling, in their order. */
  corrections: (Correction & { rulingNo: number })[];
}

interface LedgerClaim extends Claim {
  judgedNo: number;
  transitions: { judgedNo: number; from: ClaimStatus; to: ClaimStatus }[];
}

/** A statement as it stands, and everything known of how it came about. */
interface LedgerStatement extends Statement {
  revision: number;
}

/** All that is on record of a player, whenever it was. */
export interface Ledger {
  player: PlayerName;
  credits: LedgerCredit[];
  claims: LedgerClaim[];
  joins: { gameNo: number; at: Instant; judgedNo: number }[];
  statements: LedgerStatement[];
  rulings: Ruling[];
  /** What cohort changes that are still stored have stated. */
  changes: (Statement & { judgedNo: number })[];
  /** The first judgement of any stored event that occurred at an instant. */
  firstAt: ReadonlyMap<Instant, number>;
}

/** Reads a player's ledgers in one statement, so that they belong together. */
export async function readLedger(db: Db, player: PlayerName): Promise<Ledger> {
  const { bucket, player_id } = player;
  // Numbers of events stay below 2^53.
  const judged = sql`judged as materialized (
    select event_no, max(judged_no) as judged_no from milepost.event_rejudged
     where bucket = ${bucket} and player_id = ${player_id} group by event_no)`;
  const judgedNo = (column: string) =>
    sql`coalesce((select again.judged_no from judged again where again.event_no = ${sql.ref(column)}), ${sql.ref(column)})`;
  const ms = (column: string) => sql`(extract(epoch from ${sql.ref(column)}) * 1000)::bigint`;
  const mine = (table: string) =>
    sql`${sql.ref(`${table}.bucket`)} = ${bucket} and ${sql.ref(`${table}.player_id`)} = ${player_id}`;
  const { rows } = await sql<LedgerRow>`
    with ${judged}
    select
      (select coalesce(json_agg(json_build_array(
                c.game_no, ${ms('c.window_start')}, c.event_no, c.trigger_id, c.amount, c.distinct_value, c.held, c.version,
                ${ms('c.occurred_at')}, c.transaction_id, c.event_id, ${judgedNo('c.event_no')}, c.payment_id, c.transaction_amount,
                (select coalesce(json_agg(json_build_object(
                                  'rulingNo', k.ruling_no, 'remaining', k.remaining, 'amount', k.amount, 'held', k.held)
                                  order by k.correction_no), '[]')
                   from milepost.credit_correction k
                  where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no
                    and k.window_start = c.window_start and k.event_no = c.event_no and k.trigger_id = c.trigger_id))), '[]')
         from milepost.credit c where ${mine('c')}) as credits,
      (select coalesce(json_agg(json_build_object(
                'gameNo', c.game_no, 'windowStart', ${ms('c.window_start')}, 'step', c.step, 'earning', c.earning,
                'stepType', c.step_type, 'status', c.status, 'version', c.version, 'rewardType', c.reward_type, 'amount', c.amount,
                'judgedNo', ${judgedNo('c.event_no')},
                'transitions', (select coalesce(json_agg(json_build_object(
                                         'judgedNo', ${judgedNo('t.event_no')}, 'from', t.from_status, 'to', t.to_status)
                                         order by t.transition_no), '[]')
                                  from milepost.claim_transition t
                                 where t.bucket = c.bucket and t.player_id = c.player_id and t.game_no = c.game_no
                                   and t.window_start = c.window_start and t.step = c.step and t.earning = c.earning))), '[]')
         from milepost.claim c where ${mine('c')}) as claims,
      (select coalesce(json_agg(json_build_object(
                'gameNo', j.game_no, 'at', ${ms('j.joined_at')}, 'judgedNo', ${judgedNo('j.event_no')})), '[]')
         from milepost.game_join j where ${mine('j')}) as joins,
      (select coalesce(json_agg(json_build_object(
                'cohortId', m.cohort_id, 'from', ${ms('m.valid_from')}, 'member', m.member, 'revision', m.revision)), '[]')
         from milepost.cohort_membership m where ${mine('m')}) as statements,
      (select coalesce(json_agg(json_build_object(
                'kind', r.kind, 'eventNo', r.event_no, 'eventId', r.event_id, 'producer', r.producer,
                'originalEventId', r.original_event_id, 'originalProducer', r.original_producer, 'paymentId', r.payment_id,
                'amount', r.amount, 'waiting', r.waiting) order by r.event_no), '[]')
         from milepost.ruling r where ${mine('r')}) as rulings,
      (select coalesce(json_agg(json_build_array(
                ${judgedNo('i.event_no')}, ${ms('i.occurred_at')},
                case when i.event_type = 'cohort_changed' then i.payload -> 'attributes' end)), '[]')
         from milepost.inbox i where ${mine('i')}) as events`.execute(db.query);
  const row = rows[0] as LedgerRow;
  const firstAt = new Map<Instant, number>();
  const changes: Ledger['changes'] = [];
  for (const [judgedAt, occurredAt, attributes] of row.events) {
    firstAt.set(occurredAt, Math.min(judgedAt, firstAt.get(occurredAt) ?? judgedAt));
    if (attributes === null) continue;
    const change = readChange({ occurred_at: occurredAt, attributes });
    if ('problem' in change) continue;
    changes.push(...change.statements.map((statement) => ({ ...statement, judgedNo: judgedAt })));
  }
  return {
    player,
    credits: row.credits.map(creditOf),
    claims: row.claims.map(claimOf),
    joins: row.joins,
    statements: row.statements,
    rulings: row.rulings,
    changes: changes.sort((a, b) => a.judgedNo - b.judgedNo),
    firstAt,
  };
}

interface LedgerRow {
  credits: [
    gameNo: number,
    windowStart: number,
    eventNo: number,
    triggerId: string,
    amount: number,
    distinctValue: string | null,
    held: boolean,
    version: number,
    occurredAt: number,
    transactionId: string | null,
    eventId: string | null,
    judgedNo: number,
    paymentId: string | null,
    transactionAmount: number | null,
    corrections: LedgerCredit['corrections'],
  ][];
  claims: (Omit<LedgerClaim, 'reward' | 'budgets' | 'gameId'> & {
    rewardType: NonNullable<Claim['reward']>['rewardType'] | null;
    amount: number | null;
  })[];
  joins: Ledger['joins'];
  statements: LedgerStatement[];
  rulings: Ruling[];
  events: [judgedNo: number, occurredAt: number, attributes: CanonicalEvent['attributes'] | null][];
}

function creditOf(row: LedgerRow['credits'][number]): LedgerCredit {
  const [gameNo, windowStart, eventNo, triggerId, amount, distinctValue, held, version, occurredAt, ...rest] = row;
  const [transactionId, eventId, judgedNo, paymentId, transactionAmount, corrections] = rest;
  const what = { gameNo, windowStart, eventNo, triggerId, amount, distinctValue, held, version, occurredAt };
  const ids = { paymentId, transactionId, eventId, judgedNo };
  return { ...what, ...ids, transactionAmount, correction: null, corrections };
}

function claimOf({ rewardType, amount, ...claim }: LedgerRow['claims'][number]): LedgerClaim {
  const reward = rewardType === null || amount === null ? null : { rewardType, amount, pool: null };
  return { ...claim, gameId: '', reward, budgets: [] };
}

/** When versions and changes of status were written, as the number of the last batch that did not know them. */
export interface Known {
  definitions: Definitions;
  /** By game and version, and by game and change of status. */
  afterBatch: ReadonlyMap<string, number>;
}

/** What is needed to tell which definitions a batch knew. */
export async function readKnown(db: Db, definitions: Definitions): Promise<Known> {
  const { rows } = await sql<{ key: string; after_batch: string }>`
    select 'version ' || game_no || ' ' || version as key, after_batch from milepost.game_version where after_batch is not null
    union all
    select 'status ' || game_no || ' ' || change_no, after_batch from milepost.game_status_change where after_batch is not null`.execute(
    db.query,
  );
  return { definitions, afterBatch: new Map(rows.map(({ key, after_batch }) => [key, Number(after_batch)])) };
}

/** The definitions by which what has this number was judged: without what has been activated since, into the past or not. */
export function definitionsAt({ definitions, afterBatch }: Known, judgedNo: number): Definitions {
  const batch = Math.floor(judgedNo / limits.eventNumbersPerBatch);
  const isKnown = (key: string): boolean => batch > (afterBatch.get(key) ?? Number.NEGATIVE_INFINITY);
  const games = definitions.games.flatMap((timeline): Timeline[] => {
    const { gameNo } = timeline;
    const versions = timeline.versions.filter(({ version }) => isKnown(`version ${gameNo} ${version}`));
    const statuses = timeline.statuses.filter(({ changeNo }) => isKnown(`status ${gameNo} ${changeNo}`));
    return versions.length === 0 ? [] : [{ ...timeline, versions, statuses }];
  });
  return createDefinitions(definitions.epoch, games);
}

/** The player as what has this number found them: nothing that was judged at that number or later is there. */
export function playerAt(ledger: Ledger, judgedNo: number, definitions: Definitions): PlayerState {
  const { bucket, player_id, user_id: userId } = ledger.player;
  const credits: Credit[] = ledger.credits
    .filter((credit) => credit.judgedNo < judgedNo)
    .map((credit) => ({ ...credit, correction: correctionAt(credit, judgedNo) }));
  const claims = ledger.claims.filter((claim) => claim.judgedNo < judgedNo);
  const timelines = new Map(definitions.games.map((timeline) => [timeline.gameNo, timeline]));
  const statements = statementsAt(ledger, judgedNo);
  const windows = [...Map.groupBy(credits, ({ gameNo, windowStart }) => `${gameNo} ${windowStart}`).values()];
  return {
    bucket,
    playerId: Number(player_id),
    userId,
    progress: windows.flatMap((own) => {
      const { gameNo, windowStart } = own[0] as Credit;
      const versions = timelines.get(gameNo)?.versions;
      const first = versions?.[0];
      if (versions === undefined || first === undefined) return [];
      const versionOf = (version: number): Game => versions.find((each) => each.version === version) ?? first;
      const claimsOfWindow = claims.filter((claim) => claim.gameNo === gameNo && claim.windowStart === windowStart);
      return [
        {
          gameNo,
          windowStart,
          ...foldBoth(liveCredits(own), first, versionOf),
          ...claimedAt(claimsOfWindow, judgedNo),
          changed: false,
        },
      ];
    }),
    claims: claims.map((claim): OpenClaim => {
      const { judgedNo: _, transitions: __, ...rest } = claim;
      const gameId = timelines.get(claim.gameNo)?.gameId ?? '';
      const status = statusAt(claim, judgedNo);
      // Whether a message was on its way then is not known any more, and decides nothing that is explained.
      return { ...rest, gameId, status, netted: 0, sending: 'none', overBudget: false };
    }),
    statements,
    memberships: intervalsOf(statements),
    joins: ledger.joins.filter((join) => join.judgedNo < judgedNo).map(({ gameNo, at }) => ({ gameNo, at })),
    credits,
    rulings: ledger.rulings.filter(({ eventNo }) => eventNo < judgedNo),
    debts: {},
  };
}

/** What a credit counted before what has this number; null when nothing had been ruled on it. */
function correctionAt({ corrections }: LedgerCredit, judgedNo: number): Correction | null {
  const last = corrections.findLast(({ rulingNo }) => rulingNo < judgedNo);
  return last === undefined ? null : { remaining: last.remaining, amount: last.amount, held: last.held };
}

/** Which steps had a claim, and what had been taken back, before what has this number. */
function claimedAt(claims: readonly LedgerClaim[], judgedNo: number): Pick<Progress, 'claimed' | 'ended' | 'kept'> {
  const ended: Record<number, number> = {};
  const claimed: number[] = [];
  const kept: number[] = [];
  for (const claim of claims.toSorted((a, b) => a.earning - b.earning)) {
    const status = statusAt(claim, judgedNo);
    if (hasEnded(status)) ended[claim.step] = claim.earning;
    else claimed.push(claim.step);
    if (status === 'kept') kept.push(claim.step);
  }
  return { claimed, ended, kept };
}

/** The numbers of the events that a ruling names, of those that were there before what has this number. */
export async function readOriginals(
  db: Db,
  { bucket, player_id }: PlayerName,
  { correlation, attributes }: CanonicalEvent,
  judgedNo: number,
): Promise<number[]> {
  if (correlation.original_event_id === null) return [];
  const producer = typeof attributes.original_producer === 'string' ? attributes.original_producer : null;
  const { rows } = await sql<{ event_no: string }>`
    select event_no from milepost.event_key
     where bucket = ${bucket} and event_id = ${correlation.original_event_id} and player_id = ${player_id}
       and (${producer}::text is null or producer = ${producer}) and outcome <> 'failed' and event_no < ${judgedNo}`.execute(
    db.query,
  );
  return rows.map(({ event_no }) => Number(event_no));
}

/** A claim's status before what has this number. */
function statusAt({ status, transitions }: LedgerClaim, judgedNo: number): ClaimStatus {
  const next = transitions.find((transition) => transition.judgedNo >= judgedNo);
  return next?.from ?? status;
}

/**
 * What had been stated by then. Statements come from events (cohort changes), or from a verdict on an event, whose instant they bear. Where no event is
 * stored that might have made one, it counts as having been there always.
 */
function statementsAt({ statements, changes, firstAt }: Ledger, judgedNo: number): Statement[] {
  const then: Statement[] = [];
  for (const { cohortId, from, member, revision } of statements) {
    const own = changes.filter((change) => change.cohortId === cohortId && change.from === from);
    if (own.length === 0) {
      // A verdict is taken for the very event that it is about.
      if ((firstAt.get(from) ?? judgedNo) <= judgedNo) then.push({ cohortId, from, member });
      continue;
    }
    // A statement changes once at most, from "a member" to "not a member": what no event accounts for was there before.
    if (revision > 1 && own.every((change) => !change.member)) then.push({ cohortId, from, member: true });
    for (const change of own) if (change.judgedNo < judgedNo) addStatement(then, change);
  }
  return then;
}
