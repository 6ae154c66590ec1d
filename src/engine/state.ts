// Opens a batch in the database: locks its players' buckets and reads everything the decision needs. The typed wrapper of open_batch.

import { addStatement, intervalsOf } from '../cohorts/cohorts.ts';
import { arrayOf, arrayOfText, callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import type { CanonicalEvent, IncomingEvent } from '../event/event.ts';
import type { RewardType } from '../event/message.ts';
import { cookieOf, isOpening, readOpening, type Stock, stockKey, stockWindowOf } from '../games/cookie.ts';
import { type Timeline, versionInForce } from '../games/decide.ts';
import { foldsAnew } from '../games/fold.ts';
import type { Game } from '../games/game.ts';
import type { Account, Claim, ClaimStatus, Credit, OpenClaim, Ruling, Sending } from '../games/games.ts';
import { isReversal, isVerdict, readVerdict } from '../games/ruling.ts';
import { type StandingState, standingsOf } from '../games/standing.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { playerNamedBy } from '../players/merge.ts';
import type { Instant } from '../time.ts';
import type { Outcome } from './batch.ts';
import { changedNothing, isOneOf } from './decide.ts';
import type { MergedAccount, OpenedEvent, PlayerState } from './effect.ts';
import { accountOf, sum } from './people.ts';

export interface OpenedBatch {
  batchNo: number;
  /** The database's epoch of the definitions. */
  epoch: number;
  /** The database's clock. */
  now: Instant;
  events: OpenedEvent[];
  /** Events that belong to a player who was one person with theirs and is not any more, with that player: nothing may be decided about them here. */
  apart: ReadonlyMap<IncomingEvent, string>;
}

/** The distinct players of some events, sorted: the order in which they are locked and made. */
interface Roster {
  buckets: number[];
  userIds: string[];
  /** For each event, its player's place (from 1); and the place of the player that it names besides, if it is a merge. */
  places: number[];
  named: (number | undefined)[];
}

/** A player that rows may stand under: who counts for it, and, where that is another one, the account that it is. */
interface Seat {
  player: PlayerState;
  account: MergedAccount | undefined;
}

/** Reads what openBatch reads, without locking anything and without making players: for a decision that is thrown away. */
export function lookBatch(...given: Parameters<typeof openBatch>): Promise<OpenedBatch> {
  return readBatch('look_batch', ...given);
}

/** Locks and reads. `wanted` are the games whose progress the decision may touch, from windows of an instant on; `all` are all games by number. */
export function openBatch(
  tx: Tx,
  events: readonly IncomingEvent[],
  wanted: ReadonlyMap<Timeline, Instant>,
  all: readonly Timeline[],
): Promise<OpenedBatch> {
  return readBatch('open_batch', tx, events, wanted, all);
}

async function readBatch(
  name: 'open_batch' | 'look_batch',
  ...[tx, events, wanted, all]: Parameters<typeof openBatch>
): Promise<OpenedBatch> {
  const roster = rosterOf(events);
  const gameIds = new Map(all.map(({ gameNo, gameId }) => [gameNo, gameId]));
  const rulings = wantedOf(events, roster, (id) => all.find(({ gameId }) => gameId === id));
  const games = [...wanted.keys()];
  const cohorts = [...new Set(games.flatMap(({ versions }) => versions.map(({ config }) => config.cohort_id)))];
  const [row] = await callFunction<{
    batch_no: string;
    epoch: string;
    opened_at: Instant;
    player_ids: string;
    repeats: string;
    games: string;
    rulings: string;
    memberships: string;
  }>(tx, name, [
    { name: 'p_bucket', type: 'smallint[]', value: arrayOf(roster.buckets) },
    { name: 'p_user_id', type: 'text[]', value: arrayOfText(roster.userIds) },
    { name: 'p_event_player', type: 'integer[]', value: arrayOf(roster.places) },
    { name: 'p_event_id', type: 'text[]', value: arrayOfText(events.map(({ event }) => event.event_id)) },
    { name: 'p_producer', type: 'text[]', value: arrayOfText(events.map(({ event }) => event.producer)) },
    { name: 'p_game_no', type: 'integer[]', value: arrayOf(games.map(({ gameNo }) => gameNo)) },
    { name: 'p_game_since', type: 'bigint[]', value: arrayOf([...wanted.values()]) },
    {
      name: 'p_join_game_no',
      type: 'integer[]',
      value: arrayOf(gamesWith(games, ({ config }) => config.join !== undefined)),
    },
    { name: 'p_fold_game_no', type: 'integer[]', value: arrayOf(gamesWith(games, foldsAnew)) },
    { name: 'p_cohort_id', type: 'text[]', value: arrayOfText(cohorts) },
    { name: 'p_rulings', type: 'json', value: rulings.length === 0 ? null : JSON.stringify(rulings) },
  ]);
  if (row === undefined) throw new Error(`${name} returned no row`);

  const { seats, again, apart } = readSeats(roster, row);
  const { progress, held, joins, credits } = JSON.parse(row.games) as GamesState;
  addProgress(seats, progress);
  if (held !== null) addClaims(seats, held, gameIds);
  if (joins !== null) addJoins(seats, joins);
  if (credits !== null) addCredits(seats, credits);
  const originals = new Map<number, number[]>();
  const ruled = JSON.parse(row.rulings) as RulingsState;
  addRuled(seats, ruled, gameIds, originals);
  const stock = stockOf(ruled.stock);
  addStatements(seats, JSON.parse(row.memberships), cohorts);
  const known = readRepeats(JSON.parse(row.repeats), roster, again, seats);
  const firstEventNo = Number(row.batch_no) * limits.eventNumbersPerBatch;
  return {
    batchNo: Number(row.batch_no),
    epoch: Number(row.epoch),
    now: row.opened_at,
    events: events.map((incoming, index) => ({
      incoming,
      player: seatOf(seats, roster.places[index] as number).player,
      ...namedBy(roster.named[index], seats),
      receivedAt: Math.min(incoming.receivedAt ?? row.opened_at, row.opened_at),
      eventNo: firstEventNo + index,
      known: known.get(index + 1),
      originals: originals.get(index + 1) ?? [],
      stock,
    })),
    apart: new Map(apart[0].map((place, row) => [events[place - 1] as IncomingEvent, apart[1][row] as string])),
  };
}

/** The numbers of the games of which any version is such. */
function gamesWith(games: readonly Timeline[], such: (game: Game) => boolean): number[] {
  return games.filter(({ versions }) => versions.some(such)).map(({ gameNo }) => gameNo);
}

function rosterOf(events: readonly IncomingEvent[]): Roster {
  const buckets = new Map<string, number>();
  const named = events.map(({ event }) => playerNamedBy(event));
  for (const { event } of events) if (!buckets.has(event.user_id)) buckets.set(event.user_id, bucketOf(event.user_id));
  for (const userId of named) if (userId !== undefined) buckets.set(userId, bucketOf(userId));
  const sorted = [...buckets].sort(([userA, a], [userB, b]) => a - b || (userA < userB ? -1 : 1));
  const placeOf = new Map(sorted.map(([userId], index) => [userId, index + 1]));
  return {
    buckets: sorted.map(([, bucket]) => bucket),
    userIds: sorted.map(([userId]) => userId),
    places: events.map(({ event }) => placeOf.get(event.user_id) as number),
    named: named.map((userId) => (userId === undefined ? undefined : placeOf.get(userId))),
  };
}

/** What db/functions/engine/people_open.sql says, where players of the batch are one person with others. */
interface People {
  players: [
    buckets: number[],
    playerIds: number[],
    userIds: string[],
    owners: number[],
    intos: (number | null)[],
    mergedAts: (Instant | null)[],
  ];
  again: Again;
  /** What db/functions/engine/people_apart.sql says; undefined where nothing is locked. */
  apart?: Apart | null;
}

/** Events that belong to another player now: the place of each, and the player's name. */
type Apart = readonly [events: readonly number[], userIds: readonly string[]];

/** The events that are asked for again, under other players of their person: the place of each, and that of the player. */
type Again = readonly [events: readonly number[], players: readonly number[]];

/** The players that rows may stand under, by place; and the events that were asked for again, under other players of their person. */
function readSeats(roster: Roster, row: { player_ids: string }): { seats: Seat[]; again: Again; apart: Apart } {
  const people: number[] | People = JSON.parse(row.player_ids);
  if (Array.isArray(people)) {
    const seats = people.map((playerId, index) => {
      const account = { bucket: roster.buckets[index] as number, playerId, userId: roster.userIds[index] as string };
      return { player: stateOfNobody(account), account: undefined };
    });
    return { seats, again: [[], []], apart: [[], []] };
  }
  const [buckets, playerIds, userIds, owners, intos, mergedAts] = people.players;
  const accounts = playerIds.map((playerId, index): Account => {
    // Only those who were given may not exist yet.
    return { bucket: buckets[index] as number, playerId, userId: userIds[index] ?? (roster.userIds[index] as string) };
  });
  const states = new Map(owners.map((place) => [place, stateOfNobody(accounts[place - 1] as Account)]));
  const seats = accounts.map((each, index): Seat => {
    const player = states.get(owners[index] as number) as PlayerState;
    const [into, mergedAt] = [intos[index] ?? null, mergedAts[index] ?? null];
    if (into === null || mergedAt === null) return { player, account: undefined };
    const account = { ...each, into, mergedAt, debts: {} };
    player.accounts.push(account);
    return { player, account };
  });
  return { seats, again: people.again, apart: people.apart ?? [[], []] };
}

function stateOfNobody(account: Account): PlayerState {
  return {
    ...account,
    progress: [],
    claims: [],
    statements: [],
    memberships: [],
    joins: [],
    credits: [],
    rulings: [],
    debts: {},
    accounts: [],
  };
}

function seatOf(seats: readonly Seat[], place: number): Seat {
  return seats[place - 1] as Seat;
}

function namedBy(place: number | undefined, seats: readonly Seat[]): { named?: PlayerState } {
  return place === undefined ? {} : { named: seatOf(seats, place).player };
}

/** Names the account that a row stands under, where that is not the player's own. */
function under({ account }: Seat): { account?: Account } {
  return account === undefined ? {} : { account: accountOf(account) };
}

// The database answers in columns; a column is null when there is no row.
type Columns<Row extends unknown[]> = { [Index in keyof Row]: Row[Index][] | null };

interface GamesState {
  progress: ProgressColumns;
  held: ClaimColumns | null;
  joins: JoinColumns | null;
  credits: CreditColumns | null;
}

type ProgressColumns = Columns<
  [
    place: number,
    gameNo: number,
    windowStart: number,
    value: number,
    cleared: number,
    claimed: number[],
    state: StandingState | null,
    takenBack: { ended: Record<number, number>; kept: number[] } | null,
  ]
>;

function addProgress(seats: readonly Seat[], columns: ProgressColumns): void {
  const [places, gameNos, windowStarts, values, cleareds, claimeds, states, takenBacks] = columns;
  places?.forEach((place, row) => {
    const { player, account } = seatOf(seats, place);
    // What a merged player had reached alone says nothing any more.
    if (account !== undefined) return;
    player.progress.push({
      gameNo: gameNos?.[row] as number,
      windowStart: windowStarts?.[row] as number,
      ...standingsOf(values?.[row] as number, cleareds?.[row] as number, states?.[row] ?? null),
      claimed: claimeds?.[row] as number[],
      ended: takenBacks?.[row]?.ended ?? {},
      kept: takenBacks?.[row]?.kept ?? [],
      changed: false,
    });
  });
}

type ClaimColumns = Columns<
  [
    place: number,
    gameNo: number,
    windowStart: number,
    step: number,
    earning: number,
    stepType: Claim['stepType'],
    status: ClaimStatus,
    version: number,
    rewardType: RewardType | null,
    amount: number | null,
    netted: number,
    sending: Sending,
    overBudget: boolean,
  ]
>;

function addClaims(seats: readonly Seat[], columns: ClaimColumns, gameIds: ReadonlyMap<number, string>): void {
  const [places, gameNos, windowStarts, steps, earnings, stepTypes, statuses, versions, types, amounts, ...sent] =
    columns;
  const [netteds, sendings, overBudgets] = sent;
  places?.forEach((place, row) => {
    const seat = seatOf(seats, place);
    const gameNo = gameNos?.[row] as number;
    const rewardType = types?.[row] ?? null;
    const amount = amounts?.[row] ?? null;
    const claim: OpenClaim = {
      gameNo,
      gameId: gameIds.get(gameNo) as string,
      windowStart: windowStarts?.[row] as number,
      step: steps?.[row] as number,
      earning: earnings?.[row] as number,
      stepType: stepTypes?.[row] as Claim['stepType'],
      status: statuses?.[row] as ClaimStatus,
      version: versions?.[row] as number,
      reward: rewardType === null || amount === null ? null : { rewardType, amount, pool: null },
      budgets: [],
      netted: netteds?.[row] as number,
      sending: sendings?.[row] as Sending,
      overBudget: overBudgets?.[row] as boolean,
      ...under(seat),
    };
    seat.player.claims.push(claim);
  });
}

type JoinColumns = Columns<[place: number, gameNo: number, joinedAt: number]>;

function addJoins(seats: readonly Seat[], columns: JoinColumns): void {
  const [places, gameNos, joinedAts] = columns;
  places?.forEach((place, row) => {
    seatOf(seats, place).player.joins.push({ gameNo: gameNos?.[row] as number, at: joinedAts?.[row] as number });
  });
}

type CreditColumns = Columns<
  [
    place: number,
    gameNo: number,
    windowStart: number,
    eventNo: number,
    triggerId: string,
    amount: number,
    distinctValue: string | null,
    held: boolean,
    version: number,
    occurredAt: number,
    paymentId: string | null,
    transactionId: string | null,
    transactionAmount: number | null,
    correction: Credit['correction'],
  ]
>;

function addCredits(seats: readonly Seat[], columns: CreditColumns): void {
  const [places, gameNos, windowStarts, eventNos, triggerIds, amounts, distinctValues, helds, versions, ...rest] =
    columns;
  const [times, payments, transactions, transactionAmounts, corrections] = rest;
  places?.forEach((place, row) => {
    const seat = seatOf(seats, place);
    seat.player.credits.push({
      gameNo: gameNos?.[row] as number,
      windowStart: windowStarts?.[row] as number,
      eventNo: eventNos?.[row] as number,
      triggerId: triggerIds?.[row] as string,
      amount: amounts?.[row] as number,
      distinctValue: distinctValues?.[row] ?? null,
      held: helds?.[row] as boolean,
      version: versions?.[row] as number,
      occurredAt: times?.[row] as number,
      paymentId: payments?.[row] ?? null,
      transactionId: transactions?.[row] ?? null,
      transactionAmount: transactionAmounts?.[row] ?? null,
      correction: corrections?.[row] ?? null,
      ...under(seat),
    });
  });
}

/** What a ruling of the batch is about, for db/functions/games/rulings_state.sql: the place of its event and of its player, and what it names. */
interface WantedRuling {
  event: number;
  player: number;
  original_event_id: string | null;
  original_producer: string | null;
  payment_id: string | null;
  /** Of a verdict on a claim, and of the opening of a cookie. */
  game_no: number | null;
  window_start: number | null;
  /** Of an opening from which prizes with a stock may come. */
  step?: number;
  stock_window?: number;
  stocks?: { prize_id: string; stock: number }[];
  /** Of a merge: the place of the player that is named. */
  absorbed: number | null;
}

function wantedOf(
  events: readonly IncomingEvent[],
  { places, named }: Roster,
  gameOf: (gameId: string) => Timeline | undefined,
): WantedRuling[] {
  return events.flatMap(({ event }, index): WantedRuling[] => {
    const player = places[index] as number;
    if (isOpening(event)) {
      const wanted = wantedOpening(event, gameOf);
      return wanted === undefined ? [] : [{ event: index + 1, player, ...nothingNamed, ...wanted }];
    }
    const verdict = isVerdict(event);
    const absorbed = named[index] ?? null;
    if (!verdict && absorbed === null && !isReversal(event)) return [];
    const { original_event_id, payment_id } = event.correlation;
    const { original_producer } = event.attributes;
    const reading = verdict ? readVerdict(event, 0) : undefined;
    const claim = reading !== undefined && 'claim' in reading ? reading.claim : undefined;
    return [
      {
        event: index + 1,
        player,
        original_event_id,
        original_producer: typeof original_producer === 'string' ? original_producer : null,
        payment_id: verdict || original_event_id !== null ? null : payment_id,
        game_no: claim === undefined ? null : (gameOf(claim.gameId)?.gameNo ?? null),
        window_start: claim?.windowStart ?? null,
        absorbed,
      },
    ];
  });
}

const nothingNamed = { original_event_id: null, original_producer: null, payment_id: null, absorbed: null };

/** The claim that an opening names, and the stock that may be drawn from under the version in force. */
function wantedOpening(event: CanonicalEvent, gameOf: (gameId: string) => Timeline | undefined) {
  const opening = readOpening(event);
  const timeline = 'problem' in opening ? undefined : gameOf(opening.gameId);
  if ('problem' in opening || timeline === undefined) return undefined;
  const { step, windowStart } = opening;
  const game = versionInForce(timeline, event.occurred_at);
  const stocks = (cookieOf(game, step)?.prizes ?? []).flatMap(({ prize_id, stock }) =>
    stock === undefined ? [] : [{ prize_id, stock }],
  );
  return {
    game_no: timeline.gameNo,
    window_start: windowStart,
    ...(stocks.length === 0 ? {} : { step, stock_window: stockWindowOf(game, windowStart), stocks }),
  };
}

type RulingColumns = Columns<
  [
    place: number,
    eventNo: number,
    eventId: string,
    producer: string,
    kind: Ruling['kind'],
    originalEventId: string | null,
    originalProducer: string | null,
    paymentId: string | null,
    amount: number | null,
    waiting: boolean,
  ]
>;

/** What db/functions/games/rulings_state.sql answers. All but the known rulings and the debts is null where the batch rules about nothing. */
interface RulingsState {
  rulings: RulingColumns;
  debts: Columns<[place: number, rewardType: 'NC' | 'VOUCHER', owed: number]>;
  originals: Columns<[event: number, eventNo: number]> | null;
  progress: ProgressColumns | null;
  claims: ClaimColumns | null;
  credits: CreditColumns | null;
  erased: Columns<[place: number, erasedAt: number]> | null;
  /** Null, too, where nothing is opened from which a prize with a stock may come. */
  stock?: StockColumns | null;
}

type StockColumns = Columns<[gameNo: number, windowStart: number, step: number, prizeId: string, given: number]>;

function stockOf(columns: StockColumns | null | undefined): Stock {
  const [gameNos, windowStarts, steps, prizeIds, givens] = columns ?? [null, null, null, null, null];
  return new Map(
    gameNos?.map((gameNo, row) => [
      stockKey(gameNo, windowStarts?.[row] as number, steps?.[row] as number, prizeIds?.[row] as string),
      givens?.[row] as number,
    ]),
  );
}

/** Adds what is known of rulings and debts; of the windows on which the batch rules all there is, in the place of what was known of them. */
function addRuled(
  seats: readonly Seat[],
  state: RulingsState,
  gameIds: ReadonlyMap<number, string>,
  originals: Map<number, number[]>,
): void {
  addRulings(seats, state.rulings);
  const [debtors, types, owed] = state.debts;
  debtors?.forEach((place, row) => {
    const { player, account } = seatOf(seats, place);
    const debt = { [types?.[row] as RewardType]: owed?.[row] as number };
    player.debts = sum(player.debts, debt, 1);
    if (account !== undefined) account.debts = sum(account.debts, debt, 1);
  });
  const [returned, erasedAts] = state.erased ?? [null, null];
  returned?.forEach((place, row) => {
    const { player, account } = seatOf(seats, place);
    if (account === undefined) player.erasedAt = erasedAts?.[row] as number;
  });
  const [eventPlaces, eventNos] = state.originals ?? [null, null];
  eventPlaces?.forEach((place, row) => {
    originals.set(place, [...(originals.get(place) ?? []), eventNos?.[row] as number]);
  });
  if (state.progress === null) return;
  const [places, gameNos, windowStarts] = state.progress;
  const windows = new Set(
    places?.map((place, row) => `${seatOf(seats, place).player.userId} ${gameNos?.[row]}:${windowStarts?.[row]}`),
  );
  for (const player of new Set(seats.map(({ player }) => player))) {
    const isElsewhere = (row: { gameNo: number; windowStart: number }): boolean =>
      !windows.has(`${player.userId} ${row.gameNo}:${row.windowStart}`);
    player.progress = player.progress.filter(isElsewhere);
    player.claims = player.claims.filter(isElsewhere);
    player.credits = player.credits.filter(isElsewhere);
  }
  addProgress(seats, state.progress);
  if (state.claims !== null) addClaims(seats, state.claims, gameIds);
  if (state.credits !== null) addCredits(seats, state.credits);
}

function addRulings(seats: readonly Seat[], columns: RulingColumns): void {
  const [places, eventNos, eventIds, producers, kinds, ids, originalProducers, payments, amounts, waitings] = columns;
  places?.forEach((place, row) => {
    const seat = seatOf(seats, place);
    seat.player.rulings.push({
      eventNo: eventNos?.[row] as number,
      eventId: eventIds?.[row] as string,
      producer: producers?.[row] as string,
      kind: kinds?.[row] as Ruling['kind'],
      originalEventId: ids?.[row] ?? null,
      originalProducer: originalProducers?.[row] ?? null,
      paymentId: payments?.[row] ?? null,
      amount: amounts?.[row] ?? null,
      waiting: waitings?.[row] as boolean,
      ...under(seat),
    });
  });
}

type StatementColumns = Columns<[place: number, cohort: number, from: number, member: boolean]>;

function addStatements(seats: readonly Seat[], columns: StatementColumns, cohorts: readonly string[]): void {
  const [places, cohortPlaces, froms, members] = columns;
  places?.forEach((place, row) => {
    addStatement(seatOf(seats, place).player.statements, {
      cohortId: cohorts[(cohortPlaces?.[row] as number) - 1] as string,
      from: froms?.[row] as number,
      member: members?.[row] as boolean,
    });
  });
  for (const { player } of seats) if (player.statements.length > 0) player.memberships = intervalsOf(player.statements);
}

type RepeatColumns = Columns<
  [place: number, eventNo: number, contentHash: string, outcome: Outcome, reason: string | null]
>;

type Known = NonNullable<OpenedEvent['known']>;

/** What is known of events, by place. Of one that is known under several players of a person, what changed something, or else what came last. */
function readRepeats(columns: RepeatColumns, roster: Roster, again: Again, seats: readonly Seat[]): Map<number, Known> {
  const [places, eventNos, hashes, outcomes, reasons] = columns;
  const known = new Map<number, Known>();
  const playerPlaces = [...roster.places, ...again[1]];
  places?.forEach((at, row) => {
    const place = at <= roster.places.length ? at : (again[0][at - roster.places.length - 1] as number);
    const found: Known = {
      eventNo: eventNos?.[row] as number,
      contentHash: hashes?.[row] as string,
      outcome: outcomes?.[row] as Outcome,
      reason: reasons?.[row] ?? null,
    };
    if (seatOf(seats, playerPlaces[at - 1] as number).account !== undefined) found.elsewhere = true;
    const other = known.get(place);
    if (other === undefined || comesBefore(found, other)) known.set(place, found);
  });
  return known;
}

function comesBefore(one: Known, other: Known): boolean {
  const [changed, otherChanged] = [one, other].map(({ outcome }) => !isOneOf(changedNothing, outcome));
  return changed === otherChanged ? one.eventNo > other.eventNo : (changed as boolean);
}
