// Why an event did, or did not, count: what is on record of it, and the engine's decision taken again on the player and the games as they were when it was
// judged. Where that comes to something else than what is stored, the explanation says so before anything else. Reads only.
import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { COHORT_CHANGED, readChange } from '../cohorts/change.ts';
import { noVerdicts } from '../cohorts/resolver.ts';
import type { Db } from '../db/connect.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import { decide } from '../engine/decide.ts';
import type { Decision, OpenedEvent } from '../engine/effect.ts';
import { messageOf } from '../errors.ts';
import type { CanonicalEvent, Correlation, Json } from '../event/event.ts';
import { isReversal, isVerdict, reversalsOf } from '../games/ruling.ts';
import { outcomeInWords } from '../inbox/outcome.ts';
import { incomingOf, type StoredEvent } from '../inbox/stored.ts';
import { findReward, type RewardStory } from '../outbox/find.ts';
import type { Draw } from '../rewards/draw.ts';
import { formatInstant, type Instant } from '../time.ts';
import { definitionsAt, type Known, type Ledger, playerAt, readKnown, readLedger, readOriginals } from './past.ts';
import { type GameTrace, traceGames } from './trace.ts';

export interface Explanation {
  event_id: string;
  producer: string;
  user_id: string;
  outcome: string;
  reason: string | null;
  /** The whole answer in words that can be sent on. */
  answer: string;
  arrived: Arrival;
  /** Null: older than retention, what it said is no longer stored. */
  event: {
    event_type: string;
    occurred_at: string;
    correlation: Correlation;
    attributes: { [name: string]: Json };
  } | null;
  /** The decision taken again; null where what it said is no longer stored. */
  recomputed: { outcome: string; reason: string | null; agrees: boolean; differences: string[] } | null;
  /** The error, if it failed once. */
  error: string | null;
  /** What each game made of it that looked at it, or ran when it occurred. */
  games: GameTrace[];
  changed: Changed;
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

/** What is in the books because of it. */
export interface Changed {
  credits: {
    game_id: string;
    window_start: string;
    trigger_id: string;
    amount: number;
    held: boolean;
    version: number;
  }[];
  joined: { game_id: string; joined_at: string }[];
  claims: (ClaimEntry & {
    /** Where the reward stands; null for steps that pay nothing by themselves, and while nothing has been sent off. */
    reward: RewardEntry | null;
  })[];
  /** Claims of earlier events whose status it changed. */
  transitions: { game_id: string; step: number; from: string; to: string; changed_at: string }[];
}

/** A reward on its way, with every call of its service and everybody who had it tried again. */
export interface RewardEntry {
  service: string;
  state: string;
  attempts: number;
  written_at: string;
  settled_at: string | null;
  next_attempt_at: string | null;
  last_error: string | null;
  calls: { attempt: number; started_at: string; ended_at: string; result: string; error: string | null }[];
  retries: { retried_at: string; retried_by: string; reason: string; from_state: string }[];
}

interface ClaimEntry {
  game_id: string;
  window_start: string;
  step: number;
  earning: number;
  step_type: string;
  status: string;
  version: number;
  reward_type: string | null;
  amount: number | null;
  key: string | null;
  claimed_at: string;
}

/** What is read once for several explanations. */
export interface Records {
  db: Db;
  known: Known;
  /** By `bucket player_id`. */
  ledgers: Map<string, Promise<Ledger>>;
}

export async function openRecords(db: Db): Promise<Records> {
  return { db, known: await readKnown(db, await loadDefinitions(db)), ledgers: new Map() };
}

/** Explains one stored event. */
export async function explainEvent(records: Records, stored: StoredEvent): Promise<Explanation> {
  const { db } = records;
  const [{ judgedNo, arrived, error }, changed, ledger] = await Promise.all([
    readArrival(db, stored),
    readChanged(db, stored),
    ledgerOf(records, stored),
  ]);
  const { event_id, producer, user_id, outcome, reason } = stored;
  const about = { event_id, producer, user_id, outcome, reason };
  const incoming = incomingOf(stored);
  if (incoming === undefined) {
    const answer =
      `${event_id} was received on ${arrived.received_at.slice(0, 10)} and is ${inWords(stored)}. What it said is older than retention and no ` +
      `longer stored, so that it cannot be judged again. ${ledgerInWords(changed)}`;
    return { ...about, answer, arrived, event: null, recomputed: null, error, games: [], changed };
  }

  const { event, receivedAt } = incoming;
  const definitions = definitionsAt(records.known, judgedNo);
  const player = playerAt(ledger, judgedNo, definitions);
  const eventNo = Number(stored.event_no);
  const rulings = reversalsOf(event, player);
  const judged = { event, eventNo, receivedAt: receivedAt as Instant, rulings };
  const opened: OpenedEvent = {
    incoming,
    player: structuredClone(player),
    receivedAt: judged.receivedAt,
    eventNo,
    known: undefined,
    originals: await readOriginals(db, stored, event, judgedNo),
  };
  const draw = recordedDraw(changed);
  const recomputed = recompute(stored, changed, () => decide([opened], definitions, noVerdicts, false, draw).decision);
  const seen =
    reason !== 'occurred_in_future' && event.event_type !== COHORT_CHANGED && !isVerdict(event) && !isReversal(event);
  const games = seen ? traceGames(definitions, judged, player, ledger.credits, draw) : [];
  return {
    ...about,
    answer: answerOf(stored, judged, games, recomputed, changed, error),
    arrived,
    event: {
      event_type: event.event_type,
      occurred_at: formatInstant(event.occurred_at),
      correlation: event.correlation,
      attributes: event.attributes,
    },
    recomputed,
    error,
    games,
    changed,
  };
}

/** An explanation with what it says of one game alone, if one is named; the whole event's outcome stays. */
export function ofGame(explanation: Explanation, gameId: string | undefined): Explanation {
  if (gameId === undefined) return explanation;
  const games = explanation.games.filter(({ game_id }) => game_id === gameId);
  const [game] = games;
  if (game === undefined || explanation.recomputed?.agrees !== true) return { ...explanation, games };
  const answer = [game.answer, ...rewardsInWords(explanation.changed, gameId)].join(' ');
  return { ...explanation, answer, games };
}

function ledgerOf(records: Records, { bucket, player_id, user_id }: StoredEvent): Promise<Ledger> {
  const key = `${bucket} ${player_id}`;
  let ledger = records.ledgers.get(key);
  if (ledger === undefined) {
    ledger = readLedger(records.db, { bucket, player_id, user_id });
    records.ledgers.set(key, ledger);
  }
  return ledger;
}

/** What was drawn then: whoever explains has no key. `milepost verify` repeats draws. */
function recordedDraw({ claims }: Changed): Draw {
  return ({ gameId, windowStart, step }, odds) => {
    const claim = claims.find(
      ({ game_id, window_start, step: claimed }) =>
        game_id === gameId && window_start === formatInstant(windowStart) && claimed === step,
    );
    return { keyId: 'recorded', odds, value: claim?.amount ?? Math.max(...odds.map(({ value }) => value)) };
  };
}

/** Compares a decision taken again with what is stored: outcome, reason, credits, claims. */
function recompute(
  stored: StoredEvent,
  changed: Changed,
  decideAgain: () => Decision,
): NonNullable<Explanation['recomputed']> {
  let decision: Decision;
  try {
    decision = decideAgain();
  } catch (error) {
    const agrees = stored.outcome === 'failed';
    const differences = agrees ? [] : [`judged again it fails: ${messageOf(error)}`];
    return { outcome: 'failed', reason: 'data_error', agrees, differences };
  }
  const [again] = decision.judged;
  const { outcome, reason } = again ?? stored;
  const differences: string[] = [];
  const compare = (what: string, then: unknown, now: unknown): void => {
    if (!isDeepStrictEqual(then, now)) {
      differences.push(`${what}: stored ${JSON.stringify(then)}, now ${JSON.stringify(now)}`);
    }
  };
  compare('outcome', [stored.outcome, stored.reason], [outcome, reason]);
  compare(
    'credits',
    changed.credits
      .map(({ window_start, trigger_id, amount, held, version }) =>
        [window_start, trigger_id, amount, held, version].join(' '),
      )
      .sort(),
    decision.credits
      .map(({ credit: { windowStart, triggerId, amount, held, version } }) =>
        [formatInstant(windowStart), triggerId, amount, held, version].join(' '),
      )
      .sort(),
  );
  compare(
    'claims',
    changed.claims
      .map(({ window_start, step, version, amount }) => [window_start, step, version, amount].join(' '))
      .sort(),
    decision.claims
      .map(({ claim: { windowStart, step, version, reward } }) =>
        [formatInstant(windowStart), step, version, reward?.amount ?? null].join(' '),
      )
      .sort(),
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

async function readChanged(db: Db, { bucket, player_id, event_no }: StoredEvent): Promise<Changed> {
  const { rows } = await sql<{
    credits: Changed['credits'];
    joined: Changed['joined'];
    claims: ClaimEntry[];
    transitions: Changed['transitions'];
  }>`
    select
      (select coalesce(json_agg(json_build_object('game_id', g.game_id, 'window_start', c.window_start, 'trigger_id', c.trigger_id,
                                                  'amount', c.amount, 'held', c.held, 'version', c.version)
                                order by g.game_id, c.trigger_id), '[]')
         from milepost.credit c join milepost.game g using (game_no)
        where c.bucket = ${bucket} and c.player_id = ${player_id} and c.event_no = ${event_no}) as credits,
      (select coalesce(json_agg(json_build_object('game_id', g.game_id, 'joined_at', j.joined_at)), '[]')
         from milepost.game_join j join milepost.game g using (game_no)
        where j.bucket = ${bucket} and j.player_id = ${player_id} and j.event_no = ${event_no}) as joined,
      (select coalesce(json_agg(json_build_object('game_id', g.game_id, 'window_start', c.window_start, 'step', c.step, 'earning', c.earning,
                                                  'step_type', c.step_type, 'status', c.status, 'version', c.version,
                                                  'reward_type', c.reward_type, 'amount', c.amount, 'key', c.message_key,
                                                  'claimed_at', c.claimed_at) order by g.game_id, c.step), '[]')
         from milepost.claim c join milepost.game g using (game_no)
        where c.bucket = ${bucket} and c.player_id = ${player_id} and c.event_no = ${event_no}) as claims,
      (select coalesce(json_agg(json_build_object('game_id', g.game_id, 'step', t.step, 'from', t.from_status, 'to', t.to_status,
                                                  'changed_at', t.changed_at) order by t.transition_no), '[]')
         from milepost.claim_transition t join milepost.game g using (game_no)
        where t.bucket = ${bucket} and t.player_id = ${player_id} and t.event_no = ${event_no}) as transitions`.execute(
    db.query,
  );
  const { credits, joined, claims, transitions } = rows[0] as (typeof rows)[number];
  // Instants inside a JSON column are text, as PostgreSQL writes it.
  const iso = (text: string): string => formatInstant(Date.parse(text));
  return {
    credits: credits.map((credit) => ({ ...credit, window_start: iso(credit.window_start) })),
    joined: joined.map((join) => ({ ...join, joined_at: iso(join.joined_at) })),
    claims: await Promise.all(
      claims.map(async (claim) => ({
        ...claim,
        window_start: iso(claim.window_start),
        claimed_at: iso(claim.claimed_at),
        reward: claim.key === null ? null : rewardEntry(await findReward(db, claim.key)),
      })),
    ),
    transitions: transitions.map((transition) => ({ ...transition, changed_at: iso(transition.changed_at) })),
  };
}

function rewardEntry(story: RewardStory | undefined): RewardEntry | null {
  if (story === undefined) return null;
  const { service, state, attempts, created_at, settled_at, next_attempt_at, last_error, calls, retries } = story;
  return {
    service,
    state,
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

/** An outcome with its reason: `late (window_closed)`. */
export function inWords({ outcome, reason }: { outcome: string; reason: string | null }): string {
  return reason === null ? outcome : `${outcome} (${reason})`;
}

function answerOf(
  stored: StoredEvent,
  judged: { event: CanonicalEvent; receivedAt: Instant },
  games: readonly GameTrace[],
  recomputed: NonNullable<Explanation['recomputed']>,
  changed: Changed,
  error: string | null,
): string {
  if (!recomputed.agrees) {
    return (
      `CAUTION: judged again by what was known then, ${stored.event_id} would be ${inWords(recomputed)}; it is stored as ${inWords(stored)}. ` +
      `Do not send this on; show it to the engineers. ${ledgerInWords(changed)}`
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
  if (judged.event.event_type === COHORT_CHANGED) return changeInWords(judged.event);
  const relevant = games.filter(({ reason }) => reason !== 'event_type');
  if (relevant.length === 0) {
    const none = `${outcomeInWords(stored.outcome, stored.reason)} No game looked at ${judged.event.event_type} events then.`;
    return stored.reason === 'no_game' ? none : outcomeInWords(stored.outcome, stored.reason);
  }
  return [...relevant.map(({ answer }) => answer), ...rewardsInWords(changed)].join(' ');
}

function rewardsInWords({ claims }: Changed, gameId?: string): string[] {
  return claims.flatMap(({ game_id, step, reward, reward_type, amount }) =>
    reward === null || (gameId !== undefined && game_id !== gameId)
      ? []
      : `The ${amount} ${reward_type} of step ${step} in ${game_id}: ${rewardInWords(reward)}`,
  );
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

function ledgerInWords({ credits, claims, joined }: Changed): string {
  const entries = [
    ...credits.map(({ game_id, trigger_id, amount }) => `+${amount} in ${game_id} by ${trigger_id}`),
    ...joined.map(({ game_id }) => `joined ${game_id}`),
    ...claims.map(({ game_id, step, status }) => `step ${step} of ${game_id}, ${status}`),
  ];
  return entries.length === 0 ? 'The books hold nothing that it changed.' : `The books hold: ${entries.join('; ')}.`;
}

/** Where a reward stands, for whoever waits for it. */
export function rewardInWords({ state, attempts, settled_at, last_error }: RewardEntry): string {
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
    default:
      return `${state}.`;
  }
}
