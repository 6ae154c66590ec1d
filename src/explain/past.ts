// A player and the games as they were when an event was judged, put together from the ledgers: credits, claims with their transitions, joins, rulings
// and statements about cohorts say by the number of their event when each came to be. Reads only. Owns the order of judgements: an event that was
// judged again takes the place of its last judgement, and what it did is as old as that.
import { sql } from 'kysely';
import { COHORT_CHANGED, readChange } from '../cohorts/change.ts';
import { addStatement, intervalsOf, type Statement } from '../cohorts/cohorts.ts';
import type { Db } from '../db/connect.ts';
import { createDefinitions, type Definitions } from '../definitions/definitions.ts';
import type { OpenedEvent, PlayerState } from '../engine/effect.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { hasEnded, isClosed } from '../games/claim.ts';
import type { Timeline } from '../games/decide.ts';
import { foldBoth } from '../games/fold.ts';
import type { Game } from '../games/game.ts';
import type { Account, Claim, ClaimStatus, Correction, Credit, OpenClaim, Progress, Ruling } from '../games/games.ts';
import { isReversal, isVerdict, liveCredits, namesEvent } from '../games/ruling.ts';
import { counts } from '../inbox/outcome.ts';
import { incomingOf, listEvents, pagesOfEvents, type StoredEvent } from '../inbox/stored.ts';
import { limits } from '../limits.ts';
import { type Kin, type PlayerName, personAt, rowsOf } from '../players/kin.ts';
import type { Instant } from '../time.ts';

/** By player_id, the player that a row stands under. */
interface OfPlayer {
  under: string;
}

/** A credit with the event that gave it. */
export interface LedgerCredit extends Credit, OfPlayer {
  eventId: string | null;
  judgedNo: number;
  /** What rulings have made of it, each with its ruling, in their order. */
  corrections: LedgerCorrection[];
}

export interface LedgerCorrection extends Correction {
  rulingNo: number;
  /** Of the ruling. Before that of the credit where the ruling came first. */
  judgedNo: number;
  correctedAt: Instant;
}

interface LedgerClaim extends Claim, OfPlayer {
  judgedNo: number;
  transitions: { judgedNo: number; from: ClaimStatus; to: ClaimStatus }[];
}

export interface LedgerRuling extends Ruling, OfPlayer {
  judgedNo: number;
}

/** A statement as it stands, and everything known of how it came about. */
interface LedgerStatement extends Statement, OfPlayer {
  revision: number;
}

/** All that is on record of a player, and of everybody who ever was one person with it, whenever it was. */
export interface Ledger {
  kin: Kin;
  credits: LedgerCredit[];
  claims: LedgerClaim[];
  joins: (OfPlayer & { gameNo: number; at: Instant; judgedNo: number })[];
  statements: LedgerStatement[];
  rulings: LedgerRuling[];
  erased: (OfPlayer & { at: Instant })[];
  /** What cohort changes that are still stored have stated. */
  changes: (Statement & OfPlayer & { judgedNo: number })[];
  /** The first judgement of any stored event of a player that occurred at an instant. */
  firstAt: ReadonlyMap<string, ReadonlyMap<Instant, number>>;
}

/** Reads the ledgers of a player and its kin in one statement, so that they belong together. */
export async function readLedger(db: Db, kin: Kin): Promise<Ledger> {
  const players = rowsOf(kin.members);
  /** Their rows of a table. */
  const of = (table: string) => sql`${players} cross join lateral (
    select * from ${sql.table(`milepost.${table}`)} t where t.bucket = own.bucket and t.player_id = own.player_id offset 0)`;
  // Numbers of events stay below 2^53.
  const judged = sql`judged as materialized (
    select e.event_no, max(e.judged_no) as judged_no from ${of('event_rejudged')} as e group by e.event_no)`;
  const judgedNo = (column: string) =>
    sql`coalesce((select again.judged_no from judged again where again.event_no = ${sql.ref(column)}), ${sql.ref(column)})`;
  const ms = (column: string) => sql`(extract(epoch from ${sql.ref(column)}) * 1000)::bigint`;
  const under = (table: string) => sql`${sql.ref(`${table}.player_id`)}::text`;
  const { rows } = await sql<LedgerRow>`
    with ${judged}
    select
      (select coalesce(json_agg(json_build_array(
                c.game_no, ${ms('c.window_start')}, c.event_no, c.trigger_id, c.amount, c.distinct_value, c.held, c.version,
                ${ms('c.occurred_at')}, c.transaction_id, c.event_id, ${judgedNo('c.event_no')}, c.payment_id, c.transaction_amount,
                ${under('c')},
                (select coalesce(json_agg(json_build_object(
                                  'rulingNo', k.ruling_no, 'judgedNo', ${judgedNo('k.ruling_no')}, 'remaining', k.remaining,
                                  'amount', k.amount, 'held', k.held, 'correctedAt', ${ms('k.corrected_at')}) order by k.correction_no), '[]')
                   from milepost.credit_correction k
                  where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no
                    and k.window_start = c.window_start and k.event_no = c.event_no and k.trigger_id = c.trigger_id))), '[]')
         from ${of('credit')} as c) as credits,
      (select coalesce(json_agg(json_build_object(
                'gameNo', c.game_no, 'windowStart', ${ms('c.window_start')}, 'step', c.step, 'earning', c.earning,
                'stepType', c.step_type, 'status', c.status, 'version', c.version, 'rewardType', c.reward_type, 'amount', c.amount,
                'judgedNo', ${judgedNo('c.event_no')}, 'under', ${under('c')},
                'transitions', (select coalesce(json_agg(json_build_object(
                                         'judgedNo', ${judgedNo('t.event_no')}, 'from', t.from_status, 'to', t.to_status)
                                         order by t.transition_no), '[]')
                                  from milepost.claim_transition t
                                 where t.bucket = c.bucket and t.player_id = c.player_id and t.game_no = c.game_no
                                   and t.window_start = c.window_start and t.step = c.step and t.earning = c.earning))), '[]')
         from ${of('claim')} as c) as claims,
      (select coalesce(json_agg(json_build_object(
                'gameNo', j.game_no, 'at', ${ms('j.joined_at')}, 'judgedNo', ${judgedNo('j.event_no')}, 'under', ${under('j')})), '[]')
         from ${of('game_join')} as j) as joins,
      (select coalesce(json_agg(json_build_object(
                'cohortId', m.cohort_id, 'from', ${ms('m.valid_from')}, 'member', m.member, 'revision', m.revision, 'under', ${under('m')})), '[]')
         from ${of('cohort_membership')} as m) as statements,
      (select coalesce(json_agg(json_build_object(
                'kind', r.kind, 'eventNo', r.event_no, 'judgedNo', ${judgedNo('r.event_no')}, 'eventId', r.event_id, 'producer', r.producer,
                'originalEventId', r.original_event_id, 'originalProducer', r.original_producer, 'paymentId', r.payment_id,
                'amount', r.amount, 'waiting', r.waiting, 'under', ${under('r')}) order by r.event_no), '[]')
         from ${of('ruling')} as r) as rulings,
      (select coalesce(json_agg(json_build_object('at', ${ms('e.erased_at')}, 'under', ${under('e')})), '[]')
         from ${of('erased_user')} as e) as erased,
      (select coalesce(json_agg(json_build_array(
                ${judgedNo('i.event_no')}, ${ms('i.occurred_at')},
                case when i.event_type = 'cohort_changed' then i.payload -> 'attributes' end, ${under('i')})), '[]')
         from ${of('inbox')} as i) as events`.execute(db.query);
  const row = rows[0] as LedgerRow;
  const firstAt = new Map(kin.members.map(({ player_id }) => [player_id, new Map<Instant, number>()]));
  const changes: Ledger['changes'] = [];
  for (const [judgedAt, occurredAt, attributes, playerId] of row.events) {
    const first = firstAt.get(playerId);
    first?.set(occurredAt, Math.min(judgedAt, first.get(occurredAt) ?? judgedAt));
    if (attributes === null) continue;
    const change = readChange({ occurred_at: occurredAt, attributes });
    if ('problem' in change) continue;
    changes.push(...change.statements.map((statement) => ({ ...statement, judgedNo: judgedAt, under: playerId })));
  }
  return {
    kin,
    credits: row.credits.map(creditOf),
    claims: row.claims.map(claimOf),
    joins: row.joins,
    statements: row.statements,
    rulings: row.rulings,
    erased: row.erased,
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
    under: string,
    corrections: LedgerCredit['corrections'],
  ][];
  claims: (Omit<LedgerClaim, 'reward' | 'budgets' | 'gameId'> & {
    rewardType: NonNullable<Claim['reward']>['rewardType'] | null;
    amount: number | null;
  })[];
  joins: Ledger['joins'];
  statements: LedgerStatement[];
  rulings: LedgerRuling[];
  erased: Ledger['erased'];
  events: [judgedNo: number, occurredAt: number, attributes: CanonicalEvent['attributes'] | null, under: string][];
}

function creditOf(row: LedgerRow['credits'][number]): LedgerCredit {
  const [gameNo, windowStart, eventNo, triggerId, amount, distinctValue, held, version, occurredAt, ...rest] = row;
  const [transactionId, eventId, judgedNo, paymentId, transactionAmount, under, corrections] = rest;
  const what = { gameNo, windowStart, eventNo, triggerId, amount, distinctValue, held, version, occurredAt };
  const ids = { paymentId, transactionId, eventId, judgedNo, under };
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

/** What stands under those who were one person with a player before what has this number: what that was judged on. */
export function ledgerAt(ledger: Ledger, { player_id }: Pick<PlayerName, 'player_id'>, judgedNo: number): Ledger {
  const members = personAt(ledger.kin, player_id, judgedNo) as [PlayerName, ...PlayerName[]];
  const isTheirs = ({ under }: OfPlayer): boolean => members.some((member) => member.player_id === under);
  return {
    kin: { ...ledger.kin, members },
    credits: ledger.credits.filter(isTheirs),
    claims: ledger.claims.filter(isTheirs),
    joins: ledger.joins.filter(isTheirs),
    statements: ledger.statements.filter(isTheirs),
    rulings: ledger.rulings.filter(isTheirs),
    erased: ledger.erased.filter(isTheirs),
    changes: ledger.changes.filter(isTheirs),
    firstAt: ledger.firstAt,
  };
}

/**
 * The person as what has this number found it: nothing that was judged at that number or later is there. `ledger` is that of the person then, and whoever
 * counted for it comes first.
 */
export function playerAt(ledger: Ledger, judgedNo: number, definitions: Definitions): PlayerState {
  const [counting, ...others] = ledger.kin.members;
  const accounts = new Map(others.map((other) => [other.player_id, accountOf(other)]));
  const account = ({ under }: OfPlayer): { account?: Account } => {
    const other = accounts.get(under);
    return other === undefined ? {} : { account: other };
  };
  const credits: Credit[] = ledger.credits
    .filter((credit) => credit.judgedNo < judgedNo)
    .map((credit) => ({ ...credit, ...account(credit), correction: correctionAt(credit, judgedNo) }));
  const claims = ledger.claims.filter((claim) => claim.judgedNo < judgedNo);
  const timelines = new Map(definitions.games.map((timeline) => [timeline.gameNo, timeline]));
  const statements: Statement[] = [];
  for (const member of ledger.kin.members) {
    for (const statement of statementsAt(ledger, member, judgedNo)) addStatement(statements, statement);
  }
  const windows = [...Map.groupBy(credits, ({ gameNo, windowStart }) => `${gameNo} ${windowStart}`).values()];
  return {
    ...accountOf(counting),
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
      const { judgedNo: _, transitions, ...rest } = claim;
      const gameId = timelines.get(claim.gameNo)?.gameId ?? '';
      const status = statusAt(claim, judgedNo);
      // What came out of a cookie came with its opening.
      const reward = claim.stepType === 'FORTUNE_COOKIE' && isClosed(status) ? null : rest.reward;
      // Whether its reward had been sent, or waited over its budget, is on record only in what was done about it then.
      const done = transitions.find((transition) => transition.judgedNo === judgedNo);
      const sending = done !== undefined && AFTER_PAYMENT.has(done.to) ? 'sent' : 'none';
      const overBudget =
        done?.from === 'awaiting_budget' && (done.to === 'earned' || done.to === 'opened' || done.to === 'voided');
      return { ...rest, ...account(claim), gameId, status, reward, netted: 0, sending, overBudget };
    }),
    statements,
    memberships: intervalsOf(statements),
    joins: ledger.joins.filter((join) => join.judgedNo < judgedNo).map(({ gameNo, at }) => ({ gameNo, at })),
    credits,
    rulings: ledger.rulings
      .filter((ruling) => ruling.judgedNo < judgedNo)
      .map((ruling) => ({ ...ruling, ...account(ruling) })),
    erasedAt: ledger.erased.find(({ under }) => under === counting.player_id)?.at,
    debts: {},
    accounts: [],
  };
}

function accountOf({ bucket, player_id, user_id: userId }: PlayerName): Account {
  return { bucket, playerId: Number(player_id), userId };
}

/** What a credit counted before what has this number; null when nothing had been ruled on it. */
function correctionAt({ corrections }: LedgerCredit, judgedNo: number): Correction | null {
  const last = corrections.findLast((correction) => correction.judgedNo < judgedNo);
  return last === undefined ? null : { remaining: last.remaining, amount: last.amount, held: last.held };
}

/** What the judgement of an event at a number made of credits: a ruling, of those that were there; another event, of its own by rulings before it. */
export function correctionsAt(
  { credits }: Ledger,
  eventNo: number,
  judgedNo: number,
): [credit: LedgerCredit, correction: LedgerCorrection][] {
  return credits.flatMap((credit) =>
    credit.corrections
      .filter((correction) =>
        credit.eventNo === eventNo
          ? correction.judgedNo < judgedNo
          : correction.rulingNo === eventNo && credit.judgedNo < judgedNo,
      )
      .map((correction): [LedgerCredit, LedgerCorrection] => [credit, correction]),
  );
}

/** What becomes of a claim whose reward may have been paid. */
const AFTER_PAYMENT: ReadonlySet<ClaimStatus> = new Set(['kept', 'clawed_back', 'offset']);

/** Which steps had a claim, and what had been taken back, before what has this number. */
function claimedAt(claims: readonly LedgerClaim[], judgedNo: number): Pick<Progress, 'claimed' | 'ended' | 'kept'> {
  const ended: Record<number, number> = {};
  const claimed: number[] = [];
  const kept: number[] = [];
  for (const claim of claims.toSorted((a, b) => a.earning - b.earning)) {
    const status = statusAt(claim, judgedNo);
    if (hasEnded(status)) ended[claim.step] = claim.earning;
    // Of a person two may have been paid for it.
    else if (!claimed.includes(claim.step)) claimed.push(claim.step);
    if (status === 'kept') kept.push(claim.step);
  }
  return { claimed, ended, kept };
}

/** The numbers of the events of a person that a ruling names, of those that were stored, and had not failed, before what has this number. */
export async function readOriginals(
  db: Db,
  person: readonly PlayerName[],
  { correlation, attributes }: CanonicalEvent,
  judgedNo: number,
): Promise<number[]> {
  if (correlation.original_event_id === null) return [];
  const producer = typeof attributes.original_producer === 'string' ? attributes.original_producer : null;
  const { rows } = await sql<{ event_no: string }>`
    select k.event_no
      from ${rowsOf(person)}
      join milepost.event_key k on k.bucket = own.bucket and k.player_id = own.player_id
     where k.event_id = ${correlation.original_event_id}
       and (${producer}::text is null or k.producer = ${producer}) and k.event_no < ${judgedNo}
       and 'failed' <> coalesce(
             (select r.to_outcome from milepost.event_rejudged r
               where r.bucket = k.bucket and r.player_id = k.player_id and r.event_no = k.event_no and r.judged_no < ${judgedNo}
               order by r.judged_no desc limit 1),
             (select r.from_outcome from milepost.event_rejudged r
               where r.bucket = k.bucket and r.player_id = k.player_id and r.event_no = k.event_no
               order by r.judged_no limit 1),
             k.outcome)
    union
    select c.event_no from ${rowsOf(person)} join milepost.credit c using (bucket, player_id)
     where c.event_id = ${correlation.original_event_id} and c.event_no < ${judgedNo}
       and not exists (select from milepost.event_key k
                        where k.bucket = c.bucket and k.event_id = c.event_id and k.player_id = c.player_id and k.event_no = c.event_no)`.execute(
    db.query,
  );
  return rows.map(({ event_no }) => Number(event_no));
}

/** What took the place of what a correction took back. */
export type Replacement = Pick<OpenedEvent, 'incoming' | 'receivedAt' | 'eventNo'>;

/** The event that was judged as one with the reversal of a correction, the next of its batch; null where what it said is no longer stored. */
export async function readReplacement(
  db: Db,
  { user_id: userId, event_id, event_no }: StoredEvent,
): Promise<Replacement | null> {
  const eventNo = Number(event_no) + 1;
  const editions = await listEvents(db, { userId, eventIds: [event_id] }, limits.listedEvents);
  const stored = editions.find((each) => Number(each.event_no) === eventNo);
  const incoming = stored === undefined ? undefined : incomingOf(stored);
  if (stored === undefined || incoming === undefined) return null;
  return { incoming, receivedAt: stored.received_at, eventNo };
}

/**
 * What ended the wait of a reversal of a player that was judged at this number before what it names had come: an event of whoever was one person with the
 * player when it came. Undefined while it waits.
 */
export async function readResolution(
  db: Db,
  kin: Kin,
  player: PlayerName,
  ruling: Ruling,
  judgedNo: number,
): Promise<{ eventId: string; counted: boolean } | undefined> {
  const { originalEventId, paymentId } = ruling;
  const filter = originalEventId === null ? { paymentId: paymentId ?? '' } : { eventIds: [originalEventId] };
  const named: StoredEvent[] = [];
  for (const { user_id: userId } of kin.members) {
    for await (const page of pagesOfEvents(db, { userId, ...filter }, undefined)) {
      named.push(...page.filter((stored) => isNamed(stored, ruling)));
    }
  }
  if (named.length === 0) return undefined;
  const again = await db.query
    .selectFrom('event_rejudged')
    .select(['event_no', 'judged_no', 'from_outcome', 'from_reason', 'to_outcome', 'to_reason'])
    .where(
      'bucket',
      'in',
      named.map(({ bucket }) => bucket),
    )
    .where(
      'player_id',
      'in',
      named.map(({ player_id }) => player_id),
    )
    .where(
      'event_no',
      'in',
      named.map(({ event_no }) => event_no),
    )
    .orderBy('judged_no')
    .execute();
  const judgements = named.flatMap(({ event_no, event_id: eventId, player_id: under, outcome, reason }) => {
    const later = again.filter((row) => row.event_no === event_no);
    const first = later[0] ?? { from_outcome: outcome, from_reason: reason };
    return [
      { eventId, under, at: Number(event_no), outcome: first.from_outcome, reason: first.from_reason },
      ...later.map((row) => {
        return { eventId, under, at: Number(row.judged_no), outcome: row.to_outcome, reason: row.to_reason };
      }),
    ];
  });
  const ending = judgements
    .filter(({ at, outcome, reason }) => at > judgedNo && outcome !== 'failed' && reason !== 'occurred_in_future')
    .filter(({ at, under }) => personAt(kin, under, at).some(({ player_id }) => player_id === player.player_id))
    .reduce<(typeof judgements)[number] | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
  if (ending === undefined) return undefined;
  const { eventId, outcome, reason } = ending;
  // What had been taken back before it came has credits, too.
  return { eventId, counted: outcome === 'reversed' || (counts(ending) && reason !== 'joined') };
}

/** Whether an event is one that games look at and that a ruling names. Of one that is no longer stored its identity must do. */
function isNamed(stored: StoredEvent, ruling: Ruling): boolean {
  const event = incomingOf(stored)?.event;
  if (event === undefined) return (ruling.originalProducer ?? stored.producer) === stored.producer;
  if (event.event_type === COHORT_CHANGED || isReversal(event) || isVerdict(event)) return false;
  return namesEvent(ruling, event);
}

/** A claim's status before what has this number. */
function statusAt({ status, transitions }: LedgerClaim, judgedNo: number): ClaimStatus {
  const next = transitions.find((transition) => transition.judgedNo >= judgedNo);
  return next?.from ?? status;
}

/**
 * What had been stated by then under one of the person. Statements come from events (cohort changes), or from a verdict on an event, whose instant they bear. Where no event is
 * stored that might have made one, it counts as having been there always.
 */
function statementsAt(
  { statements, changes, firstAt }: Ledger,
  { player_id }: PlayerName,
  judgedNo: number,
): Statement[] {
  const then: Statement[] = [];
  const isOwn = ({ under }: OfPlayer): boolean => under === player_id;
  for (const { cohortId, from, member, revision } of statements.filter(isOwn)) {
    const own = changes.filter((change) => isOwn(change) && change.cohortId === cohortId && change.from === from);
    if (own.length === 0) {
      // A verdict is taken for the very event that it is about.
      if ((firstAt.get(player_id)?.get(from) ?? judgedNo) <= judgedNo) then.push({ cohortId, from, member });
      continue;
    }
    // A statement changes once at most, from "a member" to "not a member": what no event accounts for was there before.
    if (revision > 1 && own.every((change) => !change.member)) then.push({ cohortId, from, member: true });
    for (const change of own) if (change.judgedNo < judgedNo) addStatement(then, change);
  }
  return then;
}
