// Opens a batch in the database: locks its players' buckets and reads everything the decision needs. The typed wrapper of open_batch.

import { arrayOf, arrayOfText, callFunction } from '../db/sql-function.ts';
import type { Tx } from '../db/transaction.ts';
import type { IncomingEvent, Json } from '../event/event.ts';
import type { Timeline } from '../games/decide.ts';
import type { Claim, HeldClaim, Player } from '../games/games.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import type { Instant } from '../time.ts';
import type { Outcome } from './batch.ts';
import type { OpenedEvent } from './effect.ts';

export interface OpenedBatch {
  /** The database's epoch of the definitions. */
  epoch: number;
  /** The database's clock. */
  now: Instant;
  events: OpenedEvent[];
}

/** The distinct players of some events, sorted: the order in which they are locked and made. */
interface Roster {
  buckets: number[];
  userIds: string[];
  /** For each event, its player's place (from 1). */
  places: number[];
}

/** Locks and reads. `games` are the timelines whose progress the decision may touch. */
export async function openBatch(
  tx: Tx,
  events: readonly IncomingEvent[],
  games: readonly Timeline[],
): Promise<OpenedBatch> {
  const roster = rosterOf(events);
  const cohorts = [...new Set(games.flatMap(({ versions }) => versions.map(({ config }) => config.cohort_id)))];
  const [row] = await callFunction<{
    batch_no: string;
    epoch: string;
    opened_at: Instant;
    player_ids: string;
    repeats: string;
    games: string;
    memberships: string;
  }>(tx, 'open_batch', [
    { name: 'p_bucket', type: 'smallint[]', value: arrayOf(roster.buckets) },
    { name: 'p_user_id', type: 'text[]', value: arrayOfText(roster.userIds) },
    { name: 'p_event_player', type: 'integer[]', value: arrayOf(roster.places) },
    { name: 'p_event_id', type: 'text[]', value: arrayOfText(events.map(({ event }) => event.event_id)) },
    { name: 'p_producer', type: 'text[]', value: arrayOfText(events.map(({ event }) => event.producer)) },
    { name: 'p_game_no', type: 'integer[]', value: arrayOf(games.map(({ gameNo }) => gameNo)) },
    { name: 'p_cohort_id', type: 'text[]', value: arrayOfText(cohorts) },
  ]);
  if (row === undefined) throw new Error('open_batch returned no row');

  const players = readPlayers(roster, row);
  const { progress, held } = JSON.parse(row.games) as { progress: ProgressColumns; held: HeldClaimColumns | null };
  addProgress(players, progress);
  if (held !== null) addHeldClaims(players, held, new Map(games.map(({ gameNo, gameId }) => [gameNo, gameId])));
  addMemberships(players, JSON.parse(row.memberships), cohorts);
  const known = readRepeats(JSON.parse(row.repeats));
  const firstEventNo = Number(row.batch_no) * limits.eventNumbersPerBatch;
  return {
    epoch: Number(row.epoch),
    now: row.opened_at,
    events: events.map((incoming, index) => ({
      incoming,
      player: players[(roster.places[index] as number) - 1] as Player,
      receivedAt: Math.min(incoming.receivedAt ?? row.opened_at, row.opened_at),
      eventNo: firstEventNo + index,
      known: known.get(index + 1),
    })),
  };
}

function rosterOf(events: readonly IncomingEvent[]): Roster {
  const buckets = new Map<string, number>();
  for (const { event } of events) if (!buckets.has(event.user_id)) buckets.set(event.user_id, bucketOf(event.user_id));
  const sorted = [...buckets].sort(([userA, a], [userB, b]) => a - b || (userA < userB ? -1 : 1));
  const placeOf = new Map(sorted.map(([userId], index) => [userId, index + 1]));
  return {
    buckets: sorted.map(([, bucket]) => bucket),
    userIds: sorted.map(([userId]) => userId),
    places: events.map(({ event }) => placeOf.get(event.user_id) as number),
  };
}

function readPlayers(roster: Roster, row: { player_ids: string }): Player[] {
  const playerIds: number[] = JSON.parse(row.player_ids);
  return playerIds.map((playerId, index) => ({
    bucket: roster.buckets[index] as number,
    playerId,
    userId: roster.userIds[index] as string,
    progress: [],
    heldClaims: [],
    memberships: [],
  }));
}

// The database answers in columns; a column is null when there is no row.
type Columns<Row extends unknown[]> = { [Index in keyof Row]: Row[Index][] | null };

type ProgressColumns = Columns<
  [place: number, gameNo: number, windowStart: number, value: number, cleared: number, reached: number, state: Json]
>;

function addProgress(players: Player[], columns: ProgressColumns): void {
  const [places, gameNos, windowStarts, values, cleareds, reacheds, states] = columns;
  places?.forEach((place, row) => {
    (players[place - 1] as Player).progress.push({
      gameNo: gameNos?.[row] as number,
      windowStart: windowStarts?.[row] as number,
      value: values?.[row] as number,
      cleared: cleareds?.[row] as number,
      reached: reacheds?.[row] as number,
      state: states?.[row] ?? null,
      changed: false,
    });
  });
}

type HeldClaimColumns = Columns<
  [
    place: number,
    gameNo: number,
    windowStart: number,
    step: number,
    earning: number,
    stepType: Claim['stepType'],
    version: number,
    rewardType: 'NC' | 'VOUCHER' | null,
    amount: number | null,
  ]
>;

function addHeldClaims(players: Player[], columns: HeldClaimColumns, gameIds: ReadonlyMap<number, string>): void {
  const [places, gameNos, windowStarts, steps, earnings, stepTypes, versions, rewardTypes, amounts] = columns;
  places?.forEach((place, row) => {
    const gameNo = gameNos?.[row] as number;
    const rewardType = rewardTypes?.[row] ?? null;
    const amount = amounts?.[row] ?? null;
    const claim: HeldClaim = {
      gameNo,
      gameId: gameIds.get(gameNo) as string,
      windowStart: windowStarts?.[row] as number,
      step: steps?.[row] as number,
      earning: earnings?.[row] as number,
      stepType: stepTypes?.[row] as Claim['stepType'],
      status: 'held',
      version: versions?.[row] as number,
      reward: rewardType === null || amount === null ? null : { rewardType, amount },
    };
    (players[place - 1] as Player).heldClaims.push(claim);
  });
}

type MembershipColumns = Columns<[place: number, cohort: number, from: number, to: number | null]>;

function addMemberships(players: Player[], columns: MembershipColumns, cohorts: readonly string[]): void {
  const [places, cohortPlaces, froms, tos] = columns;
  places?.forEach((place, row) => {
    (players[place - 1] as Player).memberships.push({
      cohortId: cohorts[(cohortPlaces?.[row] as number) - 1] as string,
      from: froms?.[row] as number,
      to: tos?.[row] ?? Number.POSITIVE_INFINITY,
    });
  });
}

type RepeatColumns = Columns<
  [place: number, eventNo: number, contentHash: string, outcome: Outcome, reason: string | null]
>;

function readRepeats(columns: RepeatColumns): Map<number, OpenedEvent['known']> {
  const [places, eventNos, hashes, outcomes, reasons] = columns;
  return new Map(
    places?.map((place, row) => [
      place,
      {
        eventNo: eventNos?.[row] as number,
        contentHash: hashes?.[row] as string,
        outcome: outcomes?.[row] as Outcome,
        reason: reasons?.[row] ?? null,
      },
    ]),
  );
}
