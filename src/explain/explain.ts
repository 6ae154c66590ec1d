// Why an event did, or did not, count: what is on record of it, and the engine's decision taken again on the player and the games as they were when it was
// judged. Where that comes to something else than what is stored, the explanation says so before anything else. Reads only.
import { isDeepStrictEqual } from 'node:util';
import { COHORT_CHANGED, readChange } from '../cohorts/change.ts';
import { noVerdicts } from '../cohorts/resolver.ts';
import type { Db } from '../db/connect.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import { CORRECTION_SOURCE } from '../engine/correct.ts';
import { changedNothing, decide, isOneOf } from '../engine/decide.ts';
import type { Decision, JudgedEvent, OpenedEvent } from '../engine/effect.ts';
import { messageOf } from '../errors.ts';
import type { CanonicalEvent, Correlation, Json } from '../event/event.ts';
import { isSameClaim } from '../games/claim.ts';
import { isOpening } from '../games/cookie.ts';
import type { OpenClaim, PrizeChance } from '../games/games.ts';
import { isReversal, isVerdict, reversalsOf } from '../games/ruling.ts';
import { outcomeInWords } from '../inbox/outcome.ts';
import { incomingOf, type StoredEvent } from '../inbox/stored.ts';
import { limits } from '../limits.ts';
import { type PlayerName, personAt, readKin } from '../players/kin.ts';
import { isMerge } from '../players/merge.ts';
import type { AmountChance, Chance, Draw, DrawIdentity, Drawn } from '../rewards/draw.ts';
import { formatInstant, type Instant } from '../time.ts';
import { booksInWords, type Changed, readChanged, ruledInWords, type Transition } from './changed.ts';
import { type Debt, readDebts } from './debts.ts';
import { anyErased, erasedInWords, readErasure } from './erased.ts';
import { type Correction, correctionFor } from './event-name.ts';
import { openingInWords, type RecordedOpening, readRecordedOpening } from './opening.ts';
import {
  correctionsAt,
  definitionsAt,
  type Known,
  type Ledger,
  ledgerAt,
  playerAt,
  type Replacement,
  readKnown,
  readLedger,
  readOriginals,
  readReplacement,
  readResolution,
} from './past.ts';
import { mergeInWords } from './people.ts';
import { claimInWords, standingInWords } from './reward.ts';
import { originalInWords, type RulingTrace, traceRuling } from './ruling.ts';
import { type GameTrace, traceGames } from './trace.ts';

export interface Explanation {
  event_id: string;
  producer: string;
  /** The account that it came under; since a merge that is the one that counts. */
  user_id: string;
  /** The other accounts of the person as it was judged; left out where there was none. */
  person?: string[];
  outcome: string;
  reason: string | null;
  /** The whole answer in words that can be sent on. */
  answer: string;
  arrived: Arrival;
  /** When the player, or one whom it was about, was erased: what it said went with that. Null: as far as is known, neither was. */
  erased_at: string | null;
  /** Null: it is older than retention, or somebody was erased; what it said is no longer stored. */
  event: {
    event_type: string;
    occurred_at: string;
    correlation: Correlation;
    attributes: { [name: string]: Json };
  } | null;
  /** The decision taken again; null where what it said is no longer stored, and of merges. */
  recomputed: { outcome: string; reason: string | null; agrees: boolean; differences: string[] } | null;
  /** The error, if it failed once. */
  error: string | null;
  /** What each game made of it that looked at it, or ran when it occurred; of a reversal or a verdict see `ruling`. */
  games: GameTrace[];
  /** What it says about other events, if it is a reversal or a verdict. */
  ruling: RulingTrace | null;
  changed: Changed;
  correction: Correction;
  /** What came out of the cookie that it opened, and from what; null where it opened none. */
  opening: Omit<RecordedOpening, 'stock'> | null;
}

export interface Arrival {
  received_at: string;
  source: string | null;
  /** Where its first delivery came from. Repeats that say the same are not kept one by one: they changed nothing. */
  origin: string | null;
  /** Deliveries under its identity that said something else; they changed nothing. */
  conflicts: { received_at: string; origin: string; payload: Json }[];
  /** Judgements after the first. */
  judged_again: {
    judged_at: string;
    from: string;
    to: string;
    by: string | null;
    reason: string | null;
    run: number | null;
  }[];
}

/** What is read once for several explanations. */
export interface Records {
  db: Db;
  known: Known;
  /** By player_id. */
  ledgers: Map<string, Promise<{ ledger: Ledger; debts: Debt[] }>>;
}

export async function openRecords(db: Db): Promise<Records> {
  return { db, known: await readKnown(db, await loadDefinitions(db)), ledgers: new Map() };
}

/** Explains one stored event. */
export async function explainEvent(records: Records, stored: StoredEvent): Promise<Explanation> {
  const { db, known } = records;
  const [{ judgedNo, arrived, error }, { ledger, debts }] = await Promise.all([
    readArrival(db, stored),
    booksOf(records, stored),
  ]);
  const changed = await readChanged(db, stored, ledger, debts, known.definitions);
  const then = ledgerAt(ledger, stored, judgedNo);
  const { event_id, producer, user_id, outcome, reason } = stored;
  const correction = correctionFor(stored, ledger.rulings);
  const others = then.kin.members.flatMap((member) => (member.user_id === user_id ? [] : [member.user_id]));
  const person = others.length === 0 ? {} : { person: others };
  const whose = { event_id, producer, user_id, ...person, outcome, reason, correction };
  const incoming = incomingOf(stored);
  const erased = await readErasure(db, stored, ledger);
  const unjudged = {
    ...whose,
    arrived,
    erased_at: null,
    event: null,
    recomputed: null,
    error,
    games: [],
    ruling: null,
    changed,
    opening: null,
  };
  if (incoming === undefined || erased !== undefined) {
    const ruling = ledger.rulings.find(({ eventNo }) => eventNo === Number(stored.event_no));
    const about = ruling === undefined || erased !== undefined ? '' : ` It is about ${originalInWords(ruling)}.`;
    const gone =
      erased === undefined
        ? 'What it said is older than retention and no longer stored'
        : `${erasedInWords(erased)} What it said is gone`;
    const answer =
      `${event_id} was received on ${arrived.received_at.slice(0, 10)}.${about} ${outcomeInWords(outcome, reason)} ${gone}, so that it cannot be ` +
      `judged again. ${booksInWords(changed)}`;
    const erased_at = erased === undefined || erased.at === null ? null : formatInstant(erased.at);
    return { ...unjudged, answer, erased_at };
  }

  const { event, receivedAt } = incoming;
  if (isMerge(event)) {
    const answer = [mergeInWords(event, stored), ...[...changed.claims, ...changed.transitions].flatMap(claimInWords)];
    return { ...unjudged, answer: answer.join(' '), event: contentOf(event) };
  }
  const replacement = stored.source === CORRECTION_SOURCE ? await readReplacement(db, stored) : undefined;
  const why = await whyNotJudgedAgain(db, stored, then, replacement);
  if (why !== undefined) return { ...unjudged, answer: `${why} ${booksInWords(changed)}`, event: contentOf(event) };
  // Of others it was known then that they were new.
  const eventKeysFrom = reason === 'identity_gone' ? known.definitions.eventKeysFrom : undefined;
  const definitions = { ...definitionsAt(known, judgedNo), eventKeysFrom };
  const player = playerAt(then, judgedNo, definitions);
  const eventNo = Number(stored.event_no);
  const rulings = reversalsOf(event, player);
  const judged = { event, eventNo, receivedAt: receivedAt as Instant, rulings };
  const opening = isOpening(event) ? await readRecordedOpening(db, ledger.kin, stored) : undefined;
  const opened: OpenedEvent = {
    incoming,
    player: structuredClone(player),
    receivedAt: judged.receivedAt,
    eventNo,
    known: undefined,
    originals: await readOriginals(db, then.kin.members, event, judgedNo),
    stock: opening?.stock ?? new Map(),
  };
  const draw = recordedDraw(changed, opening);
  const decided = tryTo(() => decide([opened], definitions, noVerdicts, 'new', draw).decision);
  const together =
    replacement === undefined || replacement === null
      ? decided
      : tryTo(() => decideTogether({ ...opened, player: structuredClone(player) }, replacement, definitions, draw));
  const waited = 'error' in decided ? undefined : decided.rulings.find(({ ruling }) => ruling.waiting)?.ruling;
  const resolution = waited === undefined ? undefined : await readResolution(db, ledger.kin, stored, waited, judgedNo);
  const isRuling = isVerdict(event) || isReversal(event);
  const seen =
    reason !== 'occurred_in_future' &&
    reason !== 'identity_gone' &&
    event.event_type !== COHORT_CHANGED &&
    !isRuling &&
    !isOpening(event);
  const games = seen ? traceGames(definitions, judged, player, ledger.credits, draw) : [];
  const recomputed = compare(stored, judgedNo, changed, ledger, definitions, together, resolution, games);
  const { eventKeysFrom: forgottenBefore } = known.definitions;
  const ruled = {
    ...{ event, eventNo, judgedNo, outcome, reason, correction, forgottenBefore },
    ...{ before: player, after: opened.player, spared: sparedBy(decided, together) },
  };
  const resolvedBy = resolution?.eventId ?? null;
  const ruling = isRuling ? traceRuling({ ...ruled, resolvedBy }, changed, then, known.definitions) : null;
  if (waited !== undefined && outcome === 'reversed' && resolution === undefined && forgottenBefore !== undefined) {
    const answer =
      `It takes back ${originalInWords(waited)}. ${outcomeInWords(outcome, reason)} The identity of that event has been forgotten since (those from ` +
      `${formatInstant(forgottenBefore)} on are kept), so that this cannot be judged again. ${booksInWords(changed)}`;
    return { ...unjudged, answer, event: contentOf(event) };
  }
  return {
    ...whose,
    answer: answerOf(stored, judged, games, ruling, recomputed, changed, error, opening, correction),
    arrived,
    erased_at: null,
    event: contentOf(event),
    recomputed,
    error,
    games,
    ruling,
    changed,
    opening: opening === undefined ? null : told(opening),
  };
}

/** What is said instead of judging an event again, with the outcome that is stored; undefined where it can be judged. */
async function whyNotJudgedAgain(
  db: Db,
  stored: StoredEvent,
  { kin: { members } }: Ledger,
  replacement: Replacement | null | undefined,
): Promise<string | undefined> {
  const outcome = outcomeInWords(stored.outcome, stored.reason);
  if (members.length > 1 && (await anyErased(db, members))) {
    return `${outcome} A player who was one person with this one then has been erased since, so that it is not judged again here.`;
  }
  if (replacement !== null) return undefined;
  return `${outcome} What the event was corrected to is older than retention and no longer stored, so that it is not judged again here.`;
}

/** What came of the reversal of a correction, which was judged as one with what takes the place of what it takes back. */
function decideTogether(
  reversal: OpenedEvent,
  replacement: Replacement,
  definitions: Definitions,
  draw: Draw,
): Decision {
  const pair = [reversal, { ...reversal, ...replacement, originals: [] }];
  const { decision } = decide(pair, definitions, noVerdicts, 'correction', draw);
  const isOwn = ({ judged }: { judged: JudgedEvent }): boolean => judged.eventNo === reversal.eventNo;
  return {
    ...decision,
    credits: decision.credits.filter(isOwn),
    claims: decision.claims.filter(isOwn),
    changes: decision.changes.filter(isOwn),
    corrections: decision.corrections.filter(({ rulingNo }) => rulingNo === reversal.eventNo),
  };
}

/** The claims that a reversal alone would have ended, and did not. */
function sparedBy(alone: Decision | { error: unknown }, together: Decision | { error: unknown }): OpenClaim[] {
  if ('error' in alone || 'error' in together) return [];
  return alone.changes
    .map(({ change }) => change.claim)
    .filter((claim) => !together.changes.some(({ change }) => isSameClaim(change.claim, claim)));
}

/** Without the stock as it was counted: the prizes say what was left of each. */
function told({ stock: _, ...opening }: RecordedOpening): Explanation['opening'] {
  return opening;
}

function contentOf({
  event_type,
  occurred_at,
  correlation,
  attributes,
}: CanonicalEvent): NonNullable<Explanation['event']> {
  return { event_type, occurred_at: formatInstant(occurred_at), correlation, attributes };
}

/** An explanation with what it says of one game alone, if one is named; the whole event's outcome stays. */
export function ofGame(explanation: Explanation, gameId: string | undefined): Explanation {
  if (gameId === undefined) return explanation;
  const isIt = ({ game_id }: { game_id: string }): boolean => game_id === gameId;
  const games = explanation.games.filter(isIt);
  const ruling =
    explanation.ruling === null ? null : { ...explanation.ruling, games: explanation.ruling.games.filter(isIt) };
  const own = { ...explanation, games, ruling };
  if ((games.length === 0 && ruling === null) || explanation.recomputed?.agrees !== true) return own;
  return { ...own, answer: sentencesOf(games, ruling, explanation.changed, explanation.correction, gameId) };
}

function booksOf({ db, ledgers }: Records, { bucket, player_id, user_id }: StoredEvent) {
  let books = ledgers.get(player_id);
  if (books === undefined) {
    books = readBooks(db, { bucket, player_id, user_id });
    ledgers.set(player_id, books);
  }
  return books;
}

async function readBooks(db: Db, player: PlayerName): Promise<{ ledger: Ledger; debts: Debt[] }> {
  const kin = await readKin(db, player);
  const [ledger, debts] = await Promise.all([
    readLedger(db, kin),
    readDebts(db, personAt(kin, player.player_id), player),
  ]);
  return { ledger, debts };
}

/** What was drawn then: whoever explains has no key. `milepost verify` repeats draws. */
function recordedDraw({ claims }: Changed, opening: RecordedOpening | undefined): Draw {
  return <C extends Chance>({ purpose, gameId, windowStart, step }: DrawIdentity, odds: readonly C[]): Drawn<C> => {
    const claim = claims.find(
      ({ game_id, window_start, step: claimed }) =>
        game_id === gameId && window_start === formatInstant(windowStart) && claimed === step,
    );
    const isRecorded = (chance: Chance): boolean =>
      purpose === 'cookie'
        ? (chance as PrizeChance).prize_id === opening?.prize_id
        : (chance as AmountChance).value === claim?.amount;
    return { keyId: 'recorded', odds, chosen: odds.find(isRecorded) ?? (odds[0] as C) };
  };
}

function tryTo(decideAgain: () => Decision): Decision | { error: unknown } {
  try {
    return decideAgain();
  } catch (error) {
    return { error };
  }
}

/**
 * Compares a decision taken again with what is stored: outcome, reason, credits, claims, what it ruled about other credits, and the claims whose status
 * it changed. A reversal that waited has the outcome that it was given when what it names came.
 */
function compare(
  stored: StoredEvent,
  judgedNo: number,
  changed: Changed,
  ledger: Ledger,
  { games }: Definitions,
  decision: Decision | { error: unknown },
  resolution: { counted: boolean } | undefined,
  traces: readonly GameTrace[],
): NonNullable<Explanation['recomputed']> {
  if ('error' in decision) {
    const agrees = stored.outcome === 'failed';
    const differences = agrees ? [] : [`judged again it fails: ${messageOf(decision.error)}`];
    return { outcome: 'failed', reason: 'data_error', agrees, differences };
  }
  const anew =
    resolution === undefined
      ? (decision.judged[0] ?? stored)
      : { outcome: 'reversed' as const, reason: resolution.counted ? null : 'nothing_counted' };
  // Of an event that counted nowhere it was once told otherwise which game speaks for it: any of them has the say.
  const isToldBy = (trace: GameTrace): boolean => trace.outcome === stored.outcome && trace.reason === stored.reason;
  const { outcome, reason } = isOneOf(changedNothing, anew.outcome) && traces.some(isToldBy) ? stored : anew;
  const gameIds = new Map(games.map(({ gameNo, gameId }) => [gameNo, gameId]));
  const differences: string[] = [];
  const look = (what: string, then: readonly unknown[], now: readonly unknown[]): void => {
    if (!isDeepStrictEqual(then, now)) {
      differences.push(`${what}: stored ${JSON.stringify(then)}, now ${JSON.stringify(now)}`);
    }
  };
  const lines = (rows: readonly unknown[][]): string[] => rows.map((row) => row.join(' ')).sort();
  look('outcome', [stored.outcome, stored.reason], [outcome, reason]);
  look(
    'credits',
    lines(changed.credits.map((of) => [of.game_id, of.window_start, of.trigger_id, of.amount, of.held, of.version])),
    lines(
      decision.credits.map(({ credit: { gameNo, windowStart, triggerId, amount, held, version } }) => {
        return [gameIds.get(gameNo), formatInstant(windowStart), triggerId, amount, held, version];
      }),
    ),
  );
  look(
    'claims',
    lines(
      changed.claims.map((of) => {
        // What came out of a cookie came with its opening.
        const amount = of.step_type === 'FORTUNE_COOKIE' ? null : of.amount;
        return [of.game_id, of.window_start, of.step, of.earning, of.version, amount];
      }),
    ),
    lines(
      decision.claims.map(({ claim: { gameId, windowStart, step, earning, version, reward } }) => {
        return [gameId, formatInstant(windowStart), step, earning, version, reward?.amount ?? null];
      }),
    ),
  );
  look(
    'corrections',
    lines(
      correctionsAt(ledger, Number(stored.event_no), judgedNo).map(([credit, { remaining, amount, held }]) => {
        return [credit.eventNo, credit.gameNo, credit.triggerId, remaining, amount, held];
      }),
    ),
    lines(
      decision.corrections.map(({ credit: { eventNo, gameNo, triggerId, correction } }) => {
        return [eventNo, gameNo, triggerId, correction?.remaining, correction?.amount, correction?.held];
      }),
    ),
  );
  look(
    'changes of claims',
    lines(changed.transitions.map((of) => [of.game_id, of.window_start, of.step, of.earning, of.from, of.to])),
    lines(
      decision.changes.map(({ change: { from, claim } }) => {
        return [claim.gameId, formatInstant(claim.windowStart), claim.step, claim.earning, from, claim.status];
      }),
    ),
  );
  return { outcome, reason, agrees: differences.length === 0, differences };
}

/** Judged by the number of its last judgement, whatever that was. */
async function readArrival(
  db: Db,
  stored: StoredEvent,
): Promise<{ judgedNo: number; arrived: Arrival; error: string | null }> {
  const { bucket, player_id, event_no } = stored;
  const [again, conflicts, failure] = await Promise.all([
    db.query
      .selectFrom('event_rejudged as e')
      .leftJoin('reprocess_run as r', 'r.run_no', 'e.run_no')
      .select(['e.judged_no', 'e.judged_at', 'e.from_outcome', 'e.from_reason', 'e.to_outcome', 'e.to_reason'])
      .select(['e.run_no', 'r.asked_by', 'r.reason'])
      .where('e.bucket', '=', bucket)
      .where('e.player_id', '=', player_id)
      .where('e.event_no', '=', event_no)
      .orderBy('e.judged_no')
      .execute(),
    db.query
      .selectFrom('event_conflict')
      .select(['received_at', 'origin', 'payload'])
      .where('bucket', '=', bucket)
      .where('player_id', '=', player_id)
      .where('event_no', '=', event_no)
      .orderBy('conflict_no')
      .execute(),
    db.query
      .selectFrom('event_failure')
      .select('error')
      .where('bucket', '=', bucket)
      .where('player_id', '=', player_id)
      .where('event_no', '=', event_no)
      .executeTakeFirst(),
  ]);
  return {
    judgedNo: Number(again.at(-1)?.judged_no ?? event_no),
    arrived: {
      received_at: formatInstant(stored.received_at),
      source: stored.source,
      origin: stored.origin,
      conflicts: conflicts.map(({ received_at, origin, payload }) => ({
        received_at: formatInstant(received_at),
        origin,
        payload: payload as Json,
      })),
      judged_again: again.map((row) => ({
        judged_at: formatInstant(row.judged_at),
        from: inWords({ outcome: row.from_outcome, reason: row.from_reason }),
        to: inWords({ outcome: row.to_outcome, reason: row.to_reason }),
        by: row.asked_by,
        reason: row.reason,
        run: row.run_no === null ? null : Number(row.run_no),
      })),
    },
    error: failure?.error ?? null,
  };
}

/** An outcome with its reason: `late (window_closed)`. */
export function inWords({ outcome, reason }: { outcome: string; reason: string | null }): string {
  return reason === null ? outcome : `${outcome} (${reason})`;
}

function answerOf(
  stored: StoredEvent,
  judged: { event: CanonicalEvent; receivedAt: Instant },
  games: readonly GameTrace[],
  ruling: RulingTrace | null,
  recomputed: NonNullable<Explanation['recomputed']>,
  changed: Changed,
  error: string | null,
  opening: RecordedOpening | undefined,
  correction: Correction,
): string {
  if (!recomputed.agrees) {
    return (
      `CAUTION: judged again by what was known then, ${stored.event_id} would be ${inWords(recomputed)}; it is stored as ${inWords(stored)}. ` +
      `Do not send this on; show it to the engineers. ${booksInWords(changed)}`
    );
  }
  if (stored.outcome === 'failed')
    return `It could not be judged, because of its data: ${error ?? 'no error is on record'}.`;
  if (stored.reason === 'occurred_in_future') {
    return (
      `It was not accepted: it says that it happened at ${formatInstant(judged.event.occurred_at)}, which is more than 5 minutes after it was ` +
      `received, at ${formatInstant(judged.receivedAt)}. The producer's clock is wrong.`
    );
  }
  if (stored.reason === 'identity_gone') {
    return (
      `It was not accepted: it says that it happened at ${formatInstant(judged.event.occurred_at)}. Identities of events of that time are kept no ` +
      'longer, so that nobody can tell whether it has counted already.'
    );
  }
  if (judged.event.event_type === COHORT_CHANGED) return changeInWords(judged.event);
  if (opening !== undefined)
    return [openingInWords(opening), ...changed.transitions.flatMap(standingInWords)].join(' ');
  const relevant = games.filter(({ reason }) => reason !== 'event_type');
  if (relevant.length === 0 && ruling === null) {
    const none = `${outcomeInWords(stored.outcome, stored.reason)} No game looked at ${judged.event.event_type} events then.`;
    const said = stored.reason === 'no_game' ? none : outcomeInWords(stored.outcome, stored.reason);
    return withCorrection([said], correction);
  }
  return sentencesOf(relevant, ruling, changed, correction);
}

/** Sentences about an event, and before and after them what it corrects, and what it was corrected to. */
function withCorrection(
  sentences: readonly string[],
  { corrects, corrected_as }: Correction,
  isReversal = false,
): string {
  const corrected = corrected_as && `${corrected_as.event_id} from ${corrected_as.producer}`;
  return [
    ...(corrects === null || isReversal
      ? []
      : [`It corrects the event ${corrects.event_id} from ${corrects.producer}.`]),
    ...sentences,
    ...(corrected === null
      ? []
      : [
          isReversal
            ? `The event ${corrected} takes its place.`
            : `It was corrected since: the event ${corrected} takes its place.`,
        ]),
  ].join(' ');
}

/** What games made of an event and what has become of that since; of a ruling, what it did. */
function sentencesOf(
  games: readonly GameTrace[],
  ruling: RulingTrace | null,
  changed: Changed,
  correction: Correction,
  gameId?: string,
): string {
  if (ruling !== null) {
    const sentences = [ruling.answer, ...ruling.games.map(({ answer }) => answer)];
    return withCorrection(sentences, correction, true);
  }
  const isHere = ({ game_id }: { game_id: string }): boolean => gameId === undefined || game_id === gameId;
  const claims = [...changed.claims.filter(({ status }) => status !== 'held'), ...changed.undone];
  const counted = games.filter(({ outcome }) => !changedNothing.some((each) => each === outcome));
  const sentences = [
    ...counted.map(({ answer }) => answer),
    ...ruledInWords(changed, gameId),
    ...claims.filter(isHere).flatMap(claimInWords),
    ...changed.transitions.filter(isHere).flatMap(transitionInWords),
    ...othersInWords(games.slice(counted.length)),
  ];
  return withCorrection(sentences, correction);
}

/** Games in which an event did not count: those that came nearest; of the rest, which are listed one by one below, how many they are. */
function othersInWords(games: readonly GameTrace[]): string[] {
  const told = games.slice(0, limits.explainedGames);
  const more = games.length - told.length;
  return [
    ...told.map(({ answer }) => answer),
    ...(more === 0 ? [] : [`Nor did it count in ${more === 1 ? 'one more game' : `${more} more games`}.`]),
  ];
}

/** What an event that counted made of a step that had been reached before. */
function transitionInWords(claim: Transition): string[] {
  const step = `step ${claim.step} of ${claim.game_id}`;
  switch (claim.from) {
    case 'held':
      return [`With it ${step} is held no longer.`, ...claimInWords(claim)];
    case 'kept':
      return [`With it ${step} is reached again, whose reward the player had kept.`];
    default:
      return claimInWords(claim);
  }
}

/** What a change of a cohort says. */
function changeInWords(event: CanonicalEvent): string {
  const change = readChange(event);
  if ('problem' in change) return `It was not accepted as a change of a cohort: ${change.problem}.`;
  const said = change.statements.map(({ cohortId, member, from }) => {
    return `from ${formatInstant(from)} on the player is ${member ? '' : 'not '}in ${cohortId}`;
  });
  return `It says that ${said.join(', and ')}.`;
}
